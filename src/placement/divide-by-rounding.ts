import { compareText } from '../object/id.ts';
import type { Share } from './divide.ts';

/**
 * What is known of the clusters besides the rule, by cluster name. A render knows none of it: files do not say it. It is here
 * because KubeFed's own cases, by which the rounds are checked, have clusters where replicas run or find no room.
 */
export interface ReplicaObservation {
  /** Replicas that run there and are kept; absent where all are shared out anew. */
  readonly running: ReadonlyMap<string, number>;
  /** The most that fit in there. */
  readonly capacity: ReadonlyMap<string, number>;
}

export const NOTHING_OBSERVED: ReplicaObservation = { running: new Map(), capacity: new Map() };

/** Replicas by cluster, and how many are on none. */
export interface Rounded {
  readonly replicas: ReadonlyMap<string, number>;
  readonly unplaced: number;
}

/**
 * Shares out `total` as KubeFed does for a ReplicaSchedulingPreference: every cluster gets its `min`, then in rounds, by
 * falling weight, its part of what is left, rounded up, until its `max` or capacity. Ties are ordered by FNV-1 (32 bit) of
 * the cluster's name followed by `key`, the preference's `namespace/name`. What finds no place stays without one.
 */
export function divideByRounding(
  total: number,
  shares: readonly Share[],
  key: string,
  { running, capacity }: ReplicaObservation = NOTHING_OBSERVED,
): Rounded {
  const room = ({ cluster, max }: Share): number => Math.min(max, capacity.get(cluster) ?? Number.POSITIVE_INFINITY);
  let open = shares
    .map((share) => ({ share, hash: fnv1(share.cluster + key) }))
    .sort((a, b) => b.share.weight - a.share.weight || a.hash - b.hash || compareText(a.share.cluster, b.share.cluster))
    .map(({ share }) => share);
  let left = total;
  const replicas = new Map<string, number>();
  const kept = new Map<string, number>();
  for (const { cluster, min } of open) {
    const count = Math.min(min, left, capacity.get(cluster) ?? Number.POSITIVE_INFINITY);
    replicas.set(cluster, count);
    left -= count;
  }
  for (const share of open) {
    const count = replicas.get(share.cluster) ?? 0;
    const wanted = Math.min(running.get(share.cluster) ?? 0, room(share)) - count;
    const extra = Math.max(0, Math.min(wanted, left));
    kept.set(share.cluster, extra);
    replicas.set(share.cluster, count + extra);
    left -= extra;
  }
  let again = left > 0;
  while (again) {
    const weights = open.reduce((sum, share) => sum + share.weight, 0);
    if (weights === 0) break;
    const round = left;
    let moved = false;
    open = open.filter((share) => {
      const { cluster, weight } = share;
      const count = replicas.get(cluster) ?? 0;
      const due = Math.min(Math.ceil((round * weight) / weights), left);
      // What runs there already is the first of what is due.
      const known = Math.min(due, kept.get(cluster) ?? 0);
      kept.set(cluster, (kept.get(cluster) ?? 0) - known);
      // A max below the min takes back what the min gave.
      const next = Math.min(count + due - known, room(share));
      replicas.set(cluster, next);
      left -= next - count;
      moved ||= known > 0 || next > count;
      return count + due - known <= room(share);
    });
    again = moved && left > 0;
  }
  return { replicas: new Map(shares.map(({ cluster }) => [cluster, replicas.get(cluster) ?? 0])), unplaced: left };
}

/** FNV-1, 32 bit, over UTF-8: multiplied first, in contrast to FNV-1a. */
function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}
