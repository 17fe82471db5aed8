import type { Leaving } from './model/apply.ts';
import type { RenderedCluster, RenderedFleet } from './model/render.ts';

/** What is known of one cluster. */
export interface SeenCluster {
  readonly target: RenderedCluster;
  /** Apps that the cluster had an inventory of when it was last read or written; absent: never read. */
  readonly inventories: ReadonlySet<string> | undefined;
}

/**
 * Which clusters each app of the repository leaves: those where it has an inventory and is not placed any more. Clusters
 * of the repository that were never read, or that the work was not narrowed to, are not known.
 *
 * `before` is what came of the last count: while an app still leaves clusters, those that it has left already stay in the
 * count, so that a list that was over the limit does not come under it one approved cluster after the other. A process
 * that begins anew does not know of clusters that were left to the end before it began.
 */
export function countLeaving(
  { apps, clusterNames }: RenderedFleet,
  seen: readonly SeenCluster[],
  before: ReadonlyMap<string, Leaving> = new Map(),
): ReadonlyMap<string, Leaving> {
  const known = new Map(seen.map((each) => [each.target.cluster.name, each]));
  // Counted before each tick, so that each cluster's apps are looked through once.
  const placed = new Map(
    seen.map(({ target }) => [target.cluster.name, new Set(target.apps.map(({ name }) => name))] as const),
  );
  const names = new Set([...clusterNames, ...known.keys()]);
  return new Map(
    apps.map((app) => {
      const isPlaced = (name: string): boolean => placed.get(name)?.has(app) === true;
      const off = [...names].filter((name) => !isPlaced(name));
      const unread = off.filter((name) => known.get(name)?.inventories === undefined);
      const now = off.filter((name) => known.get(name)?.inventories?.has(app) === true);
      const left = (before.get(app)?.clusters ?? []).filter((name) => !isPlaced(name));
      const clusters = now.length + unread.length === 0 ? [] : [...new Set([...left, ...now])].sort();
      return [app, { clusters, unread: unread.filter((name) => !clusters.includes(name)) }] as const;
    }),
  );
}
