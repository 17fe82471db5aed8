import type { FleetState } from '../model/fleet-state.ts';
import type { Tick } from '../model/tick.ts';
import { EMPTY_MEMORY, reconcileCluster } from '../reconcile.ts';
import { mapLimited } from '../concurrency.ts';
import { countLeaving } from '../count-leaving.ts';
import type { AppPlan, Leaving } from '../model/apply.ts';
import { PortError } from '../model/errors.ts';
import type { RenderedFleet } from '../model/render.ts';
import { formatId } from '../object/id.ts';
import { assessCluster, isInSync } from '../report/assess-cluster.ts';
import { renderRevision } from '../sandbox/render-revision.ts';
import { connect, humanManagers, openHub } from './connections.ts';
import { hasErrors, printDiagnostics } from './diagnostics.ts';
import { openSource } from './open-repository.ts';
import { realClock } from './real-clock.ts';
import { programs } from './programs.ts';
import { renderLimits } from './render-limits.ts';
import { selectTargets } from './select-targets.ts';
import { statusDocument } from './status-document.ts';
import { printTable } from './table.ts';
import type { Verb, VerbCall } from './verb.ts';

export const statusVerb: Verb = {
  name: 'status',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'look at every cluster and say how far it is, without changing anything',
  description:
    'A look of its own: it reads the commit at HEAD of DIR (default: here) or of --repo and every cluster, asks no\ncontroller, and writes nothing.',
  options: [
    'repo',
    'branch',
    'path',
    'cluster',
    'kubeconfig',
    'hubContext',
    'namespace',
    'output',
    'noHeaders',
    'humans',
    'timeout',
    'gitUser',
    'gitTokenFile',
    'gitCaFile',
    'cache',
    'renderMemory',
    'renderTimeout',
    'help',
  ],
  formats: ['table', 'json'],
  exits: { 0: 'all clusters are in sync', 1: 'not all are', 2: 'it could not be found out' },
  examples: [
    ['muster status', 'clusters and apps as a table'],
    ['muster status -o json | jq .clusters.eu', 'everything about one cluster'],
  ],
  run: async (call) => {
    const { operands, settings, format, io, signal } = call;
    const source = await openSource('status', operands[0], settings);
    try {
      const head = await source.repository.poll(signal);
      const result = await renderRevision(
        { ...head, path: source.path },
        renderLimits(settings),
        programs(settings),
        signal,
      );
      io.err(printDiagnostics(result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics));
      if (result.state === 'unusable') return 1;
      const fleet = { ...result.fleet, clusters: selectTargets(result.fleet, settings) };
      const ticks = await lookAndCount(fleet, call);
      const state: FleetState = {
        head: head.revision,
        live: fleet,
        ticks: new Map(ticks.map((tick) => [tick.target.cluster.name, tick])),
        healed: new Map(),
      };
      if (format === 'json') io.out(statusDocument(state));
      else
        io.out(
          printTable(
            settings.flag('noHeaders') ? undefined : ['CLUSTER', 'APP', 'STATE', 'OBJECTS', 'DETAILS'],
            ticks.flatMap(rowsOf),
          ),
        );
      return ticks.every(isInSync) && !hasErrors(fleet.diagnostics) ? 0 : 1;
    } finally {
      await source.close();
    }
  },
};

/** Clusters that are looked at at once. */
const PARALLEL = 20;

/** Whether an app may leave a cluster depends on how many others it leaves: that is known when all were read. */
async function lookAndCount(fleet: RenderedFleet, call: VerbCall): Promise<readonly Tick[]> {
  const ticks = await lookAtAll(fleet, call, new Map());
  const seen = ticks.map((tick) => {
    const inventories = tick.state === 'done' ? new Set(tick.observation.inventories.keys()) : undefined;
    return { target: tick.target, inventories };
  });
  const left = ticks.filter((tick) => leavingApps(tick).length > 0).map(({ target }) => target);
  if (left.length === 0) return ticks;
  const again = await lookAtAll({ ...fleet, clusters: left }, call, countLeaving(fleet, seen));
  const byName = new Map([...ticks, ...again].map((tick) => [tick.target.cluster.name, tick]));
  return [...byName.values()];
}

async function lookAtAll(
  fleet: RenderedFleet,
  { settings, io, signal }: VerbCall,
  leaving: ReadonlyMap<string, Leaving>,
): Promise<readonly Tick[]> {
  const isHuman = humanManagers(settings);
  const hub = await openHub(settings, io.env, () => {});
  const timeoutMs = settings.duration('timeout');
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const ticks = await mapLimited(fleet.clusters, PARALLEL, async (target): Promise<Tick> => {
    try {
      const connection = connect(target.cluster, settings, hub, () => {}, undefined);
      const input = {
        rendered: fleet,
        target,
        memory: EMPTY_MEMORY,
        leaving,
        deadlineMs: Number.POSITIVE_INFINITY,
        readOnly: true,
      };
      const ports = { ...connection, clock: realClock, mayWrite: () => false, isHuman, onProgress: () => {} };
      const { tick } = await reconcileCluster(input, ports, timeout);
      await connection.close();
      return tick;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return { state: 'failed', target, revision: fleet.revision, failure: error };
    }
  });
  await hub?.close();
  return ticks;
}

/** One line for each app of a cluster; a cluster that cannot be read is one line. */
function rowsOf(tick: Tick): readonly (readonly string[])[] {
  const cluster = tick.target.cluster.name;
  if (tick.state === 'failed') return [[cluster, '-', 'error', '-', assessCluster(tick).text]];
  const wanted = tick.target.apps.map(({ name, manifests }) => {
    const { state, text } = assessCluster(onlyApp(tick, name));
    return [cluster, name, state, String(manifests.length), state === 'success' ? driftNote(tick, name) : text];
  });
  // What an app left behind is there, and may wait for somebody who reads this.
  const left = leavingApps(tick).map((plan) => {
    const { state, text } = assessCluster(onlyApp(tick, plan.app));
    const objects = String(plan.inventory?.entries.length ?? 0);
    return [cluster, plan.app, state, objects, state === 'success' ? leavingNote(plan) : text];
  });
  return [...wanted, ...left];
}

function leavingNote({ kept }: AppPlan): string {
  const [first] = kept;
  return first === undefined
    ? 'not wanted here any more'
    : `${kept.length} stay: ${formatId(first.id)} (${first.reason})`;
}

/** Apps that have an inventory there, and are not to have one any more: it is these that wait for people. */
function leavingApps(tick: Tick): readonly AppPlan[] {
  if (tick.state === 'failed') return [];
  const placed = new Set(tick.target.apps.map(({ name }) => name));
  return tick.plan.apps.filter(({ app }) => !placed.has(app));
}

/** The same tick as if the cluster had this app alone. */
function onlyApp(tick: Extract<Tick, { readonly state: 'done' }>, app: string): Tick {
  const own = <Item extends { readonly app: string }>(items: readonly Item[]): readonly Item[] =>
    items.filter((each) => each.app === app);
  return {
    ...tick,
    target: { ...tick.target, apps: tick.target.apps.filter((each) => each.name === app) },
    plan: { apps: own(tick.plan.apps) },
    result: { apps: own(tick.result.apps) },
    health: { objects: own(tick.health.objects) },
  };
}

function driftNote(tick: Extract<Tick, { readonly state: 'done' }>, app: string): string {
  const drifted = tick.drift.objects.filter((each) => each.app === app && each.cause === 'drift').length;
  return drifted === 0 ? 'in sync' : `in sync, ${drifted} drifted`;
}
