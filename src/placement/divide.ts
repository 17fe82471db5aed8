import { compareText } from '../object/id.ts';

/** One cluster's claim to a part of the replicas. All numbers are integers from 0; `max` may be `Infinity`. */
export interface Share {
  readonly cluster: string;
  readonly weight: number;
  readonly min: number;
  readonly max: number;
}

/** Replicas by cluster; every share is in it. */
export type Division =
  | { readonly state: 'divided'; readonly replicas: ReadonlyMap<string, number> }
  | { readonly state: 'impossible'; readonly reason: string };

/** More than any workload has; keeps products below 2^53, so that comparisons are exact. */
export const MAX_REPLICAS = 100_000;
export const MAX_WEIGHT = 1_000_000;

/**
 * Shares out `total` by Webster's method (Sainte-Laguë): seats start at each `min`, and the next one goes to the largest
 * weight / (2·seats + 1) among those below their `max`. One more replica never takes one from anybody, which division
 * with remainders does not promise.
 *
 * Ties go to fewer seats, then by name: ascending or descending by a hash of `key`, so that the single replicas of many
 * objects do not all land on the first cluster.
 */
export function divide(total: number, shares: readonly Share[], key: string): Division {
  const impossible = obstacle(total, shares);
  if (impossible !== undefined) return { state: 'impossible', reason: impossible };
  const direction = fnv1a(key) % 2 === 0 ? 1 : -1;
  const ordered = shares.toSorted((a, b) => direction * compareText(a.cluster, b.cluster));
  const seats = ordered.map((share) => share.min);
  const queue = queueOf(ordered);
  let left = total - sum(seats);
  for (; left > 0; left -= 1) {
    const [next] = queue;
    if (next === undefined) return { state: 'impossible', reason: unplaceable(total, left, ordered) };
    next.seats += 1;
    seats[next.index] = next.seats;
    requeueFirst(queue);
  }
  return { state: 'divided', replicas: new Map(ordered.map((share, index) => [share.cluster, seats[index] ?? 0])) };
}

/** FNV-1a, 32 bit, over UTF-8: the documented hash behind ties. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** A cluster that can still get a replica. */
interface Claim {
  readonly index: number;
  readonly weight: number;
  readonly max: number;
  seats: number;
}

/** A heap: whoever gets the next replica is the first, and claim `n` comes before claims `2n + 1` and `2n + 2`. */
function queueOf(shares: readonly Share[]): Claim[] {
  return shares
    .map(({ weight, min, max }, index) => ({ index, weight, max, seats: min }))
    .filter(({ weight, max, seats }) => weight > 0 && seats < max)
    .sort((a, b) => (isBefore(a, b) ? -1 : 1));
}

/** Puts the first, who has got a replica, to its new place, or takes it out if it has its maximum. */
function requeueFirst(queue: Claim[]): void {
  const [first] = queue;
  const moved = first !== undefined && first.seats >= first.max ? queue.pop() : first;
  if (moved === undefined || queue.length === 0) return;
  let place = 0;
  for (;;) {
    const [left, right] = [queue[2 * place + 1], queue[2 * place + 2]];
    const rightFirst = right !== undefined && left !== undefined && isBefore(right, left);
    const next = rightFirst ? right : left;
    if (next === undefined || isBefore(moved, next)) break;
    queue[place] = next;
    place = 2 * place + (rightFirst ? 2 : 1);
  }
  queue[place] = moved;
}

/**
 * Whether a's quotient is larger, or equal with fewer seats, or all is equal and it comes first. Cross-multiplied: no
 * fractions, no rounding.
 */
function isBefore(a: Claim, b: Claim): boolean {
  const left = a.weight * (2 * b.seats + 1);
  const right = b.weight * (2 * a.seats + 1);
  if (left !== right) return left > right;
  return a.seats === b.seats ? a.index < b.index : a.seats < b.seats;
}

function obstacle(total: number, shares: readonly Share[]): string | undefined {
  const least = sum(shares.map((share) => share.min));
  const most = sum(shares.map((share) => share.max));
  if (total < least) return `${total} replicas are fewer than the minima add up to (${least})`;
  if (total > most) return `${total} replicas are more than the maxima add up to (${most})`;
  if (total > least && shares.every((share) => share.weight === 0)) {
    return `${total - least} of ${total} replicas have no place: all weights are 0`;
  }
  return undefined;
}

function unplaceable(total: number, left: number, shares: readonly Share[]): string {
  const open = shares.filter((share) => share.weight > 0).map((share) => share.cluster);
  return `${left} of ${total} replicas have no place: ${open.join(', ')} have their maxima, and the others weigh 0`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
