/**
 * The GitHub Action: renders the merge commit of a pull request and its first parent for every cluster, and shows the
 * difference before anybody merges. Nothing of the repository is read in this process: a child without token, environment
 * and network of its own does that (`src/sandbox/`), and only plain values come back.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getInput, setFailed, setOutput, error as annotateError, warning as annotateWarning } from '@actions/core';
import { type ComparedSide, compareFleets } from '../src/diff/compare-fleets.ts';
import { printMarkdown } from '../src/diff/print-markdown.ts';
import { countErrors, verdict } from '../src/diff/verdict.ts';
import type { Diagnostic } from '../src/model/diagnostic.ts';
import { PortError } from '../src/model/errors.ts';
import type { FleetDiff } from '../src/model/fleet-diff.ts';
import { numberAt, parseJson, textAt } from '../src/object/json.ts';
import type { JsonValue } from '../src/model/json.ts';
import { createCommentKeeper } from '../src/report/github-comments.ts';
import { parseRepositoryUrl } from '../src/report/repository-url.ts';
import { createRenderer, RENDER_LIMITS, type Renderer } from '../src/sandbox/render-revision.ts';
import { findRepository, type LocalRepository, resolveRevision } from '../src/source/git/local.ts';

/** GitHub takes 65,536 characters in a comment and 1 MiB in a job summary. */
const COMMENT_LENGTH = 60_000;
const SUMMARY_LENGTH = 1_000_000;

/** GitHub shows so many annotations of one kind and step. */
const ANNOTATIONS = 10;

/** Runners of GitHub have kustomize and Helm; a workflow that needs other versions installs them in a step before. */
const PROGRAMS = {
  path: process.env['PATH'] ?? '',
  cacheFolder: join(process.env['RUNNER_TEMP'] ?? tmpdir(), 'muster-rendered'),
};

const DEADLINE = AbortSignal.timeout(10 * 60_000);

try {
  await run();
} catch (error) {
  setFailed(error instanceof PortError ? `${error.operation} ${error.subject}: ${error.safeMessage}` : String(error));
}

async function run(): Promise<void> {
  const inputs = readInputs();
  const event = await readEvent();
  const repository = await openRepository(inputs.path);
  const { base, head } = await findRevisions(repository, event);
  const path = repository.prefix;
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  const side = (revision: string): Promise<ComparedSide> => renderSide(renderer, repository, revision, path);
  const [before, after] = [await side(base), await side(head)];
  const diff = compareFleets(before, after);
  const report = await writeReport(diff);
  annotate(diff.diagnostics, path);
  setOutputs(diff, report);
  await comment(diff, path, event, inputs);
  const problems = diff.diagnostics.filter((each) => inputs.failOn.includes(each.severity));
  if (problems.length > 0 || !diff.head.usable) setFailed(`Muster: ${verdict(diff)}`);
}

interface Inputs {
  /** Absolute. */
  readonly path: string;
  readonly comment: boolean;
  readonly failOn: readonly Diagnostic['severity'][];
  readonly token: string;
}

function readInputs(): Inputs {
  const failOn = { error: ['error'], warning: ['error', 'warning'], never: [] } as const;
  const wanted = getInput('fail-on') || 'error';
  if (!Object.hasOwn(failOn, wanted)) throw new Error(`Input fail-on is "${wanted}". Write error, warning or never.`);
  return {
    path: join(process.env['GITHUB_WORKSPACE'] ?? process.cwd(), getInput('path') || '.'),
    comment: getInput('comment') !== 'false',
    // oxlint-disable-next-line no-unsafe-type-assertion -- checked above
    failOn: failOn[wanted as keyof typeof failOn],
    token: getInput('token'),
  };
}

interface PullRequest {
  readonly number: number | undefined;
  readonly baseRevision: string | undefined;
}

/** What GitHub tells about the pull request; nothing for other events. */
async function readEvent(): Promise<PullRequest> {
  const file = process.env['GITHUB_EVENT_PATH'];
  const event: JsonValue = file === undefined ? {} : parseJson(await readFile(file, 'utf8'));
  return {
    number: numberAt(event, 'pull_request', 'number'),
    baseRevision: textAt(event, 'pull_request', 'base', 'sha'),
  };
}

async function openRepository(path: string): Promise<LocalRepository> {
  const repository = await findRepository(path);
  if (repository === undefined)
    throw new Error(`There is no Git repository in ${path}. Run actions/checkout before this step.`);
  return repository;
}

/**
 * The checked-out commit, and its first parent: for a pull request GitHub checks out the merge, so this is what will change
 * when it is merged now, not what changed since the branch began.
 */
async function findRevisions(
  repository: LocalRepository,
  event: PullRequest,
): Promise<{ readonly base: string; readonly head: string }> {
  const head = await resolveRevision(repository, 'HEAD');
  for (const base of ['HEAD^1', event.baseRevision]) {
    if (base === undefined) continue;
    try {
      return { head, base: await resolveRevision(repository, base) };
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
    }
  }
  throw new Error(`The parent of ${head.slice(0, 12)} is not in the checkout. Give actions/checkout "fetch-depth: 2".`);
}

async function renderSide(
  renderer: Renderer,
  { gitdir }: LocalRepository,
  revision: string,
  path: string,
): Promise<ComparedSide> {
  const result = await renderer.render({ gitdir, revision, path }, DEADLINE);
  if (result.state === 'unusable') return { revision, diagnostics: result.diagnostics };
  return { revision, fleet: result.fleet, diagnostics: result.fleet.diagnostics };
}

/** The whole report: in the job summary, and as a file for an artifact. */
async function writeReport(diff: FleetDiff): Promise<string> {
  const text = printMarkdown(diff, SUMMARY_LENGTH);
  const summary = process.env['GITHUB_STEP_SUMMARY'];
  if (summary !== undefined && summary !== '') await appendFile(summary, text);
  const report = join(process.env['RUNNER_TEMP'] ?? process.cwd(), 'muster-report.md');
  await writeFile(report, text);
  return report;
}

/** On the source line, worst first; the library escapes what could be read as a command. */
function annotate(diagnostics: readonly Diagnostic[], path: string): void {
  for (const severity of ['error', 'warning'] as const) {
    const own = diagnostics.filter((each) => each.severity === severity);
    for (const { code, message, help, origin, cluster } of own.slice(0, ANNOTATIONS)) {
      const where = cluster === undefined ? '' : ` (on ${cluster})`;
      const text = `${message}${where}${help === undefined ? '' : `. ${help}`}`;
      const file = path === '' ? origin.file : `${path}/${origin.file}`;
      const place = { title: code, file, startLine: origin.line, startColumn: origin.column };
      if (severity === 'error') annotateError(text, place);
      else annotateWarning(text, place);
    }
  }
}

function setOutputs(diff: FleetDiff, report: string): void {
  const changed = diff.clusters.filter((cluster) => cluster.changes > 0).map((cluster) => cluster.name);
  setOutput('changed', String(changed.length > 0));
  setOutput('clusters', changed.join(','));
  setOutput('errors', String(countErrors(diff)));
  setOutput('report', report);
}

/** A token that may not write, as in a pull request from a fork, is no error: the summary has the report. */
async function comment(diff: FleetDiff, prefix: string, { number }: PullRequest, inputs: Inputs): Promise<void> {
  const address = parseRepositoryUrl(
    `${process.env['GITHUB_SERVER_URL'] ?? 'https://github.com'}/${process.env['GITHUB_REPOSITORY'] ?? ''}`,
  );
  if (!inputs.comment || number === undefined || inputs.token === '' || address === undefined) return;
  const marker = `<!-- muster-report ${prefix.replace(/[^\w./-]/g, '')} -->`;
  const keeper = createCommentKeeper({
    baseUrl: process.env['GITHUB_API_URL'] ?? 'https://api.github.com',
    owner: address.owner,
    repo: address.repo,
    token: () => Promise.resolve(inputs.token),
  });
  try {
    const outcome = await keeper.keep(number, marker, `${marker}\n${printMarkdown(diff, COMMENT_LENGTH)}`, DEADLINE);
    if (outcome === 'forbidden')
      process.stdout.write('The token may not write comments: the report is in the job summary.\n');
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    annotateWarning(`The comment could not be written: ${error.safeMessage} The report is in the job summary.`);
  }
}
