import type { Diagnostic } from '../model/diagnostic.ts';
import type { ObjectResult, Outcome } from '../model/apply.ts';
import type { Tick } from '../model/tick.ts';
import { formatId, idKey } from '../object/id.ts';
import { assessCluster } from '../report/assess-cluster.ts';
import { toOutput } from './diagnostics.ts';
import { printDocument } from './print-document.ts';
import { printTable } from './table.ts';

/** What was written to each cluster over all looks of a sync. */
export interface SyncHistory {
  readonly add: (cluster: string, result: ObjectResult) => void;
  /** The last thing that was done to each object of a cluster. */
  readonly of: (cluster: string) => readonly ObjectResult[];
}

export function createSyncHistory(): SyncHistory {
  const clusters = new Map<string, Map<string, ObjectResult>>();
  return {
    add: (cluster, result) => {
      const own = clusters.get(cluster) ?? new Map<string, ObjectResult>();
      const key = `${result.app} ${idKey(result.id)}`;
      const before = own.get(key);
      // An object that was created and then found to be as it should is still one that was created.
      const keep = before !== undefined && result.outcome === 'unchanged' ? before : result;
      clusters.set(cluster, own.set(key, keep));
    },
    of: (cluster) => [...(clusters.get(cluster)?.values() ?? [])],
  };
}

/** One object that was not brought to where it should be, and why. */
interface NotDone {
  readonly app: string;
  readonly object: string;
  readonly outcome: Outcome | 'refused' | 'held' | 'drifted' | 'kept' | 'suspended' | 'unsafe';
  readonly reason: string;
}

const COUNTED = ['created', 'configured', 'unchanged', 'deleted'] as const;

/** A table of changes, and below it everything that was not done, with its reason. */
export function printReport(ticks: readonly Tick[], history: SyncHistory): string {
  const rows = ticks.map((tick) => {
    const cluster = tick.target.cluster.name;
    const { state, text } = assessCluster(tick);
    const counts = countChanges(tick, history);
    return [cluster, state, ...COUNTED.map((each) => String(counts[each])), String(notDone(tick).length), text];
  });
  const open = ticks.flatMap((tick) =>
    notDone(tick).map(({ object, outcome, reason }) => [tick.target.cluster.name, object, outcome, reason]),
  );
  const headers = ['CLUSTER', 'STATE', 'CREATED', 'CONFIGURED', 'UNCHANGED', 'DELETED', 'SKIPPED', 'DETAILS'];
  const table = printTable(headers, rows);
  return open.length === 0 ? table : `${table}\n${printTable(['CLUSTER', 'OBJECT', 'SKIPPED', 'WHY'], open)}`;
}

export function printJsonReport(
  revision: string,
  ticks: readonly Tick[],
  history: SyncHistory,
  diagnostics: readonly Diagnostic[],
): string {
  const clusters = ticks.map((tick) => {
    const cluster = tick.target.cluster.name;
    const objects = history.of(cluster).map(({ app, id, outcome, reason }) => ({
      app,
      object: formatId(id),
      outcome,
      ...(reason === '' ? {} : { reason }),
    }));
    const counts = countChanges(tick, history);
    const { digest } = tick.target;
    return [cluster, { ...assessCluster(tick), digest, counts, objects, skipped: notDone(tick) }] as const;
  });
  return printDocument('Sync', {
    revision,
    clusters: Object.fromEntries(clusters),
    diagnostics: diagnostics.map(toOutput),
  });
}

/** Over all looks: what was there already counts as unchanged. */
function countChanges(tick: Tick, history: SyncHistory): Readonly<Record<(typeof COUNTED)[number], number>> {
  const written = history.of(tick.target.cluster.name);
  const count = (outcome: Outcome): number => written.filter((each) => each.outcome === outcome).length;
  const changed = new Set(written.filter((each) => each.outcome !== 'unchanged').map(({ id }) => idKey(id)));
  const same = tick.state === 'failed' ? [] : tick.plan.apps.flatMap((app) => app.skipped);
  const unchanged = same.filter(({ id, outcome }) => outcome === 'unchanged' && !changed.has(idKey(id))).length;
  return {
    created: count('created'),
    configured: count('configured'),
    unchanged: Math.max(unchanged, count('unchanged')),
    deleted: count('deleted'),
  };
}

/** As of the last look. An app that is held back as a whole is one entry, not one for each of its objects. */
function notDone(tick: Tick): readonly NotDone[] {
  if (tick.state === 'failed') return [];
  const failed = tick.result.apps.flatMap(({ app, objects }) =>
    objects
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'waiting')
      .map(({ id, outcome, reason }) => ({ app, object: formatId(id), outcome, reason })),
  );
  return [...tick.plan.apps.flatMap(planned), ...failed];
}

function planned({
  app,
  blocked,
  skipped,
  kept,
}: Extract<Tick, { state: 'done' }>['plan']['apps'][number]): readonly NotDone[] {
  const objects = skipped
    .filter(({ outcome }) => outcome !== 'unchanged')
    .map(({ id, outcome, reason }) => ({ app, object: formatId(id), outcome, reason }));
  const stay = kept.map(({ id, reason }) => ({ app, object: formatId(id), outcome: 'kept' as const, reason }));
  // The reason of an app that is refused is that of its first object, which is listed.
  const whole =
    blocked === undefined || blocked.kind === 'refused'
      ? []
      : [{ app, object: `app ${app}`, outcome: blocked.kind, reason: blocked.reason }];
  return [...whole, ...objects, ...stay];
}
