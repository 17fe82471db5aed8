import { createHash } from 'node:crypto';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ChartInput, ExpansionFile, ExpansionRequest, PendingBase } from '../model/expansion.ts';
import type { App, Cluster, FleetConfig } from '../model/fleet.ts';
import type { Memo } from '../memo.ts';
import { chartInput, type ChartValues } from './chart-values.ts';
import type { ExpandContext } from './expand-context.ts';

/** A run of a program, and what it is for. */
export interface AppRequest {
  readonly request: ExpansionRequest;
  /** The clusters that share it; absent: all, also those that a placement selects later. */
  readonly clusters?: readonly Cluster[];
}

/** The runs that an app needs, each once, and what is wrong with their input. */
export interface AppRequests {
  readonly requests: readonly AppRequest[];
  /** With `app`; with `cluster` where it concerns one, which then has no request. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Every run of a program that apps need, each once. */
export function listRequests(apps: Iterable<AppRequests>): readonly ExpansionRequest[] {
  const all = [...apps].flatMap(({ requests }) => requests.map(({ request }) => request));
  return [...new Map(all.map((request) => [request.key, request])).values()];
}

/** What each app needs, by its name. Apps that an error holds anyway need nothing. */
export function requestsOfApps(
  config: FleetConfig,
  context: ExpandContext,
  memo: Memo,
): ReadonlyMap<string, AppRequests> {
  const { apps, clusters, fleet } = config;
  return new Map(
    apps.map((app) => {
      const make = (): AppRequests => requestsOf(app, config, context);
      return [app.name, memo.scope(`requests of ${app.name}`, [app, clusters, fleet], make)];
    }),
  );
}

/** A kustomization is the same for every cluster; a chart is rendered for each, and once for those with equal input. */
function requestsOf(app: App, config: FleetConfig, context: ExpandContext): AppRequests {
  const { pending } = app;
  if (pending === undefined || app.broken) return { requests: [], diagnostics: [] };
  if (pending.tool === 'kustomize') {
    return { requests: [{ request: toRequest(pending, pending.files, config) }], diagnostics: [] };
  }
  const clusters = config.clusters.filter((cluster) =>
    app.placements.some((placement) => context.matches(placement.clusters, cluster)),
  );
  const inputs = clusters.map((cluster) => ({ cluster, input: chartInput(app, pending, cluster, config, context) }));
  const groups = new Map<string, { readonly request: ExpansionRequest; readonly clusters: Cluster[] }>();
  for (const { cluster, input } of inputs) {
    if (input.diagnostics.some((each) => each.severity === 'error')) continue;
    const request = toChartRequest(pending, input, config);
    const group = groups.get(request.key) ?? { request, clusters: [] };
    groups.set(request.key, group);
    group.clusters.push(cluster);
  }
  return { requests: [...groups.values()], diagnostics: inputs.flatMap(({ input }) => input.diagnostics) };
}

function toChartRequest(pending: PendingBase, { chart, files }: ChartValues, config: FleetConfig): ExpansionRequest {
  return toRequest(pending, files, config, chart);
}

function toRequest(
  { tool, root }: PendingBase,
  files: readonly ExpansionFile[],
  { fleet }: FleetConfig,
  chart?: ChartInput,
): ExpansionRequest {
  const version = fleet.tools?.[tool];
  const request = {
    tool,
    root,
    files,
    ...(version === undefined ? {} : { version }),
    ...(chart === undefined ? {} : { chart }),
  };
  return { key: keyOf(request), ...request };
}

function keyOf({ tool, root, version, files, chart }: Omit<ExpansionRequest, 'key'>): string {
  const contents = files.map(({ path, bytes }) => [path, digestOf(bytes)]);
  const parts = [tool, version ?? '', root, chart ?? null, contents];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Each content is hashed once, however many clusters get it. */
function digestOf(bytes: Uint8Array): string {
  const digest = DIGESTS.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  DIGESTS.set(bytes, digest);
  return digest;
}

const DIGESTS = new WeakMap<Uint8Array, string>();
