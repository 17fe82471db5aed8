import { spawn } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortError, type PortCode } from '../model/errors.ts';
import type { ExpansionAnswer, ExpansionAnswers, ExpansionRequest } from '../model/expansion.ts';
import { isObject, parseJson, textAt } from '../object/json.ts';
import { type ExpansionCache, openExpansionCache } from './expansion-cache.ts';
import { encodeRequests } from './expansion-message.ts';
import { findPrograms, type FoundPrograms, PROGRAMS } from './find-programs.ts';
import { musterFolders } from './muster-folders.ts';

/** How programs are run, and where what they printed is kept. */
export interface ExpandSettings {
  /** Folders in which the programs are looked for, as in the variable PATH. */
  readonly path: string;
  readonly cacheFolder: string;
  /** Each run of a program. */
  readonly timeoutMs: number;
  readonly memoryMiB: number;
}

/** All runs of one revision may take this many times as long as one. */
export const TIMES = 10;

/**
 * Gets the answer to each request: from the cache, or by running the program. This process may hold credentials, and so
 * starts no program itself: a child with an empty environment does (`expand-child.ts`), which may write to one scratch
 * folder and read nothing else. What a person can mend is an answer (`refused`); throws PortError for the rest: CRASHED
 * where the child ended without its answers, DISK_FULL where there is no room for the scratch folder.
 */
export async function runExpansions(
  requests: readonly ExpansionRequest[],
  settings: ExpandSettings,
  signal: AbortSignal,
): Promise<ExpansionAnswers> {
  if (requests.length === 0) return new Map();
  const programs = await findPrograms(settings.path);
  const cache = openExpansionCache(settings.cacheFolder);
  const answers = new Map<string, ExpansionAnswer>();
  const missing: ExpansionRequest[] = [];
  for (const request of requests) {
    const { [request.tool]: found } = programs;
    const known = found.length === 0 ? noProgram(request) : await cache.read(cacheKey(request, programs));
    if (known === undefined) missing.push(request);
    else answers.set(request.key, known);
  }
  if (missing.length === 0) return answers;
  const fresh = await runInChild(missing, programs, settings, signal);
  await keep(missing, fresh, programs, cache);
  return new Map([...answers, ...fresh]);
}

/** What was refused is tried again next time: the reason may be this machine. */
async function keep(
  requests: readonly ExpansionRequest[],
  answers: ExpansionAnswers,
  programs: FoundPrograms,
  cache: ExpansionCache,
): Promise<void> {
  for (const request of requests) {
    const answer = answers.get(request.key);
    if (answer?.state === 'rendered') await cache.write(cacheKey(request, programs), answer);
  }
  await cache.prune();
}

/** The files of the programs count as their version: to ask a program would be to start it. */
function cacheKey({ key, tool }: ExpansionRequest, programs: FoundPrograms): string {
  return `${key} ${programs[tool].map((program) => program.identity).join(' ')}`;
}

function noProgram({ tool, version }: ExpansionRequest): ExpansionAnswer {
  const names = PROGRAMS[tool].join(' or ');
  const wanted = `${tool}${version === undefined ? '' : ` ${version}`}`;
  return {
    state: 'refused',
    code: 'RENDERER_UNAVAILABLE',
    message: `this folder is rendered by ${tool}, and there is no ${names} on the PATH`,
    help: `Install ${wanted} on the machine that runs Muster.`,
  };
}

async function runInChild(
  requests: readonly ExpansionRequest[],
  programs: FoundPrograms,
  settings: ExpandSettings,
  signal: AbortSignal,
): Promise<ExpansionAnswers> {
  const scratch = await makeScratch();
  try {
    const { timeoutMs, memoryMiB } = settings;
    const order = { programs, scratch, timeoutMs, memoryMiB, parallel: availableParallelism() };
    const input = [order, ...encodeRequests(requests)].map((each) => `${JSON.stringify(each)}\n`);
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs * TIMES)]);
    return readAnswers(await startChild(input, scratch, deadline), requests);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Only we may look into it: values may be secret. */
async function makeScratch(): Promise<string> {
  try {
    return await realpath(await mkdtemp(join(tmpdir(), 'muster-expand-')));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw failure('DISK_FULL', `there is no room to run programs in: ${tmpdir()} (${code})`);
  }
}

function startChild(input: readonly string[], scratch: string, signal: AbortSignal): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      '--permission',
      ...[...musterFolders(), scratch].map((folder) => `--allow-fs-read=${folder}`),
      `--allow-fs-write=${scratch}`,
      '--allow-child-process',
      '--no-warnings',
      CHILD,
    ],
    // SIGTERM: it ends its programs, and then itself.
    { env: {}, stdio: ['pipe', 'pipe', 'ignore'], signal, killSignal: 'SIGTERM' },
  );
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => void parts.push(part));
  // A child that died before it read its input makes writing fail; its end tells the reason.
  child.stdin.on('error', () => {});
  for (const line of input) child.stdin.write(line);
  child.stdin.end();
  return new Promise((resolve, reject) => {
    let reason: string | undefined;
    child.on('error', (error) => {
      reason = signal.aborted ? 'it was stopped, or took too long' : error.message;
    });
    child.on('close', (code, killedBy) => {
      const ended = code === 0 ? undefined : `it ended with ${killedBy ?? `code ${code}`}`;
      const why = reason ?? ended;
      if (why === undefined) resolve(Buffer.concat(parts).toString('utf8'));
      else reject(failure('CRASHED', `the process that starts kustomize and Helm gave no result: ${why}`));
    });
  });
}

const CHILD = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'expand-child.ts' : 'expand-child.js');

/** One line for each request. */
function readAnswers(output: string, requests: readonly ExpansionRequest[]): ExpansionAnswers {
  const answers = new Map<string, ExpansionAnswer>();
  for (const line of output.split('\n').slice(0, -1)) {
    const value = parseJson(line);
    const answer = isObject(value) ? value['answer'] : undefined;
    // oxlint-disable-next-line no-unsafe-type-assertion -- Muster's own message
    if (isObject(answer)) answers.set(textAt(value, 'key') ?? '', answer as unknown as ExpansionAnswer);
  }
  if (requests.some(({ key }) => !answers.has(key))) {
    throw failure('CRASHED', 'the process that starts kustomize and Helm did not answer all');
  }
  return answers;
}

function failure(code: PortCode, safeMessage: string): PortError {
  return new PortError({
    port: 'renderer',
    operation: 'render',
    subject: 'kustomizations and charts',
    code,
    retry: true,
    safeMessage,
  });
}
