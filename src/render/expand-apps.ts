import type { Diagnostic } from '../model/diagnostic.ts';
import type { ExpansionAnswer, ExpansionAnswers, PendingBase } from '../model/expansion.ts';
import type { App, BaseManifest, Fleet, FleetConfig } from '../model/fleet.ts';
import type { Memo } from '../memo.ts';
import { hashJson, hashText } from '../object/json.ts';
import { createReadOutput, type ReadOutput } from '../read-output.ts';
import { dropHooks } from './chart-hooks.ts';
import type { AppRequest, AppRequests } from './list-requests.ts';
import { readExpansion } from './read-expansion.ts';

/**
 * Fills in what programs rendered, before placement; everything after it is as if the manifests had been committed. An app
 * that could not be rendered is held: on the clusters concerned, or everywhere if its replicas are divided, since the
 * others would take over the share of those that fail. `requests` are what {@link requestsOfApps} says of the same fleet.
 */
export function expandApps(
  config: FleetConfig,
  requests: ReadonlyMap<string, AppRequests>,
  answers: ExpansionAnswers,
  memo: Memo,
): FleetConfig {
  if (config.apps.every((app) => app.pending === undefined)) return config;
  const expanded = config.apps.map((app) => expandOnce(app, requests.get(app.name), answers, memo));
  const found = expanded.flatMap((each) => each.diagnostics);
  const unpinned = warnOfVersions(config, answers);
  return {
    ...config,
    apps: expanded.map(({ app }) => app),
    diagnostics: [...config.diagnostics, ...unpinned, ...found],
  };
}

interface ExpandedApp {
  readonly app: App;
  readonly diagnostics: readonly Diagnostic[];
}

/** While an app, what it asks for and what came of it are the same, so is the app with its manifests. */
function expandOnce(app: App, requests: AppRequests | undefined, answers: ExpansionAnswers, memo: Memo): ExpandedApp {
  const { pending } = app;
  if (pending === undefined || app.broken || requests === undefined) return { app, diagnostics: [] };
  const own = requests.requests.map((of) => ({ of, answer: answers.get(of.request.key) ?? NOT_RUN }));
  const inputs = [app, requests, ...own.map(({ answer }) => contentOf(answer))];
  return memo.scope(`expansion of ${app.name}`, inputs, (inner) =>
    expandApp(app, pending, requests.diagnostics, own, inner),
  );
}

/** Answers come anew with every revision, most of them with what they said before. */
function contentOf(answer: ExpansionAnswer): string {
  return answer.state === 'rendered' ? hashText(answer.text) : JSON.stringify(answer);
}

interface Answered {
  readonly of: AppRequest;
  readonly answer: ExpansionAnswer;
}

function expandApp(
  app: App,
  pending: PendingBase,
  wrong: readonly Diagnostic[],
  answered: readonly Answered[],
  memo: Memo,
): ExpandedApp {
  const read = createReadOutput(memo);
  const parts = answered.map((each) => readPart(each, pending, read));
  const diagnostics = [
    ...wrong,
    ...parts.flatMap((part) => part.diagnostics.flatMap((each) => onClusters(each, part.of, app))),
  ];
  const base = mergeParts(parts, memo);
  const errors = diagnostics.filter((each) => each.severity === 'error');
  const everywhere = errors.some((each) => each.cluster === undefined) || (errors.length > 0 && divides(app));
  if (errors.length === 0 && base.length === 0 && parts.length > 0) diagnostics.push(emptyApp(app, pending));
  return {
    app: { ...app, base, broken: everywhere },
    diagnostics: everywhere ? diagnostics.map(withoutCluster) : diagnostics,
  };
}

interface Part {
  readonly of: AppRequest;
  readonly manifests: readonly BaseManifest[];
  /** Without app and cluster. */
  readonly diagnostics: readonly Diagnostic[];
}

function readPart({ of, answer }: Answered, pending: PendingBase, read: ReadOutput): Part {
  if (answer.state === 'refused') return { of, manifests: [], diagnostics: [toDiagnostic(answer, pending)] };
  const output = readExpansion(answer.text, pending, read);
  if (pending.tool === 'kustomize') return { of, ...output };
  const { manifests, diagnostics } = dropHooks(output.manifests);
  return { of, manifests, diagnostics: [...output.diagnostics, ...diagnostics] };
}

/** Whoever renders without the step that runs programs, as a test of stages does. */
const NOT_RUN: ExpansionAnswer = {
  state: 'refused',
  code: 'RENDERER_UNAVAILABLE',
  message: 'the program that renders this folder was not run',
};

function toDiagnostic(answer: Extract<ExpansionAnswer, { state: 'refused' }>, { origin }: PendingBase): Diagnostic {
  const { code, message, help, place } = answer;
  return { code, severity: 'error', message, ...(help === undefined ? {} : { help }), origin: place ?? origin };
}

/** Objects that are the same on several clusters become one, and while they are the same they stay it. */
function mergeParts(parts: readonly Part[], memo: Memo): readonly BaseManifest[] {
  const merged = new Map<string, BaseManifest>();
  for (const { of, manifests } of parts) {
    for (const [index, manifest] of manifests.entries()) {
      if (of.clusters === undefined) {
        merged.set(String(index), manifest);
        continue;
      }
      const key = `${manifest.source.file} ${hashJson(manifest.body)}`;
      const known = merged.get(key);
      const names = new Set(of.clusters.map((cluster) => cluster.name));
      // The same object twice on one cluster stays two, to be reported as such.
      const twice = known?.only?.isDisjointFrom(names) === false;
      const only = twice ? names : names.union(known?.only ?? new Set<string>());
      merged.set(twice ? `${key} ${merged.size}` : key, { ...manifest, only });
    }
  }
  return [...merged].map(([key, manifest]) => {
    const { body, source, only } = manifest;
    return memo.share('manifest', [key, body, JSON.stringify(source), 'on', ...(only ?? ['all'])], () => manifest);
  });
}

function onClusters(diagnostic: Diagnostic, { clusters }: AppRequest, app: App): readonly Diagnostic[] {
  if (clusters === undefined) return [{ ...diagnostic, app: app.name }];
  return clusters.map((cluster) => ({ ...diagnostic, app: app.name, cluster: cluster.name }));
}

function divides({ placements }: App): boolean {
  return placements.some((placement) => placement.replicas?.mode === 'divided');
}

function withoutCluster({ cluster: _cluster, ...diagnostic }: Diagnostic): Diagnostic {
  return diagnostic;
}

function emptyApp(app: App, { origin, tool }: PendingBase): Diagnostic {
  const message = `app "${app.name}" has no manifests: ${tool} prints none`;
  return { code: 'EMPTY_APP', severity: 'warning', message, origin, app: app.name };
}

/** Another version may print something else: then the same commit has other digests elsewhere. */
function warnOfVersions({ fleet, apps }: FleetConfig, answers: ExpansionAnswers): readonly Diagnostic[] {
  const versions = [...answers.values()].flatMap((answer) => (answer.state === 'rendered' ? [answer] : []));
  const used = new Set(apps.flatMap(({ pending }) => pending?.tool ?? []));
  return [...used].flatMap((tool) => warnOfVersion(tool, fleet, versions.find((each) => each.tool === tool)?.version));
}

function warnOfVersion(tool: PendingBase['tool'], fleet: Fleet, version: string | undefined): readonly Diagnostic[] {
  if (version === undefined || fleet.tools?.[tool] !== undefined) return [];
  const { file, line, column } = fleet.origin;
  return [
    {
      code: 'TOOL_VERSION',
      severity: 'warning',
      message: `the fleet does not say which ${tool} renders it, and another version may render otherwise`,
      help: `Set spec.tools: {${tool}: ${version}} for the one used here.`,
      origin: { file, line, column },
    },
  ];
}
