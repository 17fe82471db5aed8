import type { Diagnostic } from '../model/diagnostic.ts';
import type { ObjectResult, Outcome } from '../model/apply.ts';
import type { RenderedCluster } from '../model/render.ts';
import type { Tick } from '../model/tick.ts';
import { formatId, idKey } from '../object/id.ts';
import { printJson } from '../object/json.ts';
import { assessCluster, type ClusterVerdict } from '../report/assess-cluster.ts';
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

/** The last look at a cluster that a sync was for; `undefined`: the time was over before the first one ended. */
export interface Look {
  readonly target: RenderedCluster;
  readonly tick: Tick | undefined;
}

/** A table of changes, and below it everything that was not done, with its reason. */
export function printReport(looks: readonly Look[], history: SyncHistory): string {
  const rows = looks.map((look) => {
    const { name } = look.target.cluster;
    const { state, text } = verdictOf(look);
    const counts = countChanges(look, history);
    return [name, state, ...COUNTED.map((each) => String(counts[each])), String(notDone(look).length), text];
  });
  const open = looks.flatMap((look) => sameReason(notDone(look)).map((each) => [look.target.cluster.name, ...each]));
  const headers = ['CLUSTER', 'STATE', 'CREATED', 'CONFIGURED', 'UNCHANGED', 'DELETED', 'SKIPPED', 'DETAILS'];
  const table = printTable(headers, rows);
  return open.length === 0 ? table : `${table}\n${printTable(['CLUSTER', 'OBJECT', 'SKIPPED', 'WHY'], open)}`;
}

/** Rows of the table: thousands of objects that wait for the same are one. JSON names them all. */
function sameReason(objects: readonly NotDone[]): readonly (readonly string[])[] {
  const groups = Map.groupBy(objects, ({ app, outcome, reason }) => printJson([app, outcome, reason]));
  return [...groups.values()].flatMap(([first, ...more]) =>
    first === undefined
      ? []
      : [[`${first.object}${more.length === 0 ? '' : `, +${more.length}`}`, first.outcome, first.reason]],
  );
}

export function printJsonReport(
  revision: string,
  looks: readonly Look[],
  history: SyncHistory,
  diagnostics: readonly Diagnostic[],
): string {
  const clusters = looks.map((look) => {
    const { cluster, digest } = look.target;
    const objects = history.of(cluster.name).map(({ app, id, outcome, reason }) => ({
      app,
      object: formatId(id),
      outcome,
      ...(reason === '' ? {} : { reason }),
    }));
    const counts = countChanges(look, history);
    return [cluster.name, { ...verdictOf(look), digest, counts, objects, skipped: notDone(look) }] as const;
  });
  return printDocument('Sync', {
    revision,
    clusters: Object.fromEntries(clusters),
    diagnostics: diagnostics.map(toOutput),
  });
}

function verdictOf({ tick }: Look): ClusterVerdict {
  if (tick !== undefined) return assessCluster(tick);
  return { state: 'pending', text: 'the time was over before its first look ended. --timeout gives it more' };
}

/** Over all looks: what was there already counts as unchanged. */
function countChanges(
  { target, tick }: Look,
  history: SyncHistory,
): Readonly<Record<(typeof COUNTED)[number], number>> {
  const written = history.of(target.cluster.name);
  const count = (outcome: Outcome): number => written.filter((each) => each.outcome === outcome).length;
  const changed = new Set(written.filter((each) => each.outcome !== 'unchanged').map(({ id }) => idKey(id)));
  const same = tick?.state === 'done' ? tick.plan.apps.flatMap((app) => app.skipped) : [];
  const unchanged = same.filter(({ id, outcome }) => outcome === 'unchanged' && !changed.has(idKey(id))).length;
  return {
    created: count('created'),
    configured: count('configured'),
    unchanged: Math.max(unchanged, count('unchanged')),
    deleted: count('deleted'),
  };
}

/** As of the last look. An app that is held back as a whole is one entry, not one for each of its objects. */
function notDone({ tick }: Look): readonly NotDone[] {
  if (tick?.state !== 'done') return [];
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
