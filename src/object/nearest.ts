import { compareText } from './id.ts';

/** Longer names are compared by upper and lower case only: what people mistype is shorter. */
const LONGEST = 256;

/**
 * The candidate that somebody who wrote `wrong` most likely meant, or `undefined` where none is near.
 *
 * Counts insertions, deletions, substitutions and swaps of neighbours (Damerau–Levenshtein, optimal string alignment),
 * upper and lower case being equal. Near is one in three characters; names of one or two characters differ in case only,
 * because `eu` for `us` is another cluster, not a slip. Among equally near candidates the first by code unit wins, so that
 * a message is the same on every machine.
 */
export function nearestName(wrong: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    if (candidate === wrong) continue;
    const limit = Math.min(allowance(wrong, candidate), bestDistance);
    const distance = editDistance(wrong.toLowerCase(), candidate.toLowerCase(), limit);
    if (distance > bestDistance || distance === Infinity) continue;
    if (distance === bestDistance && best !== undefined && compareText(best, candidate) <= 0) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** As {@link nearestName}, which is asked only while there is time for it. */
export type NearestName = (wrong: string, candidates: () => readonly string[]) => string | undefined;

/**
 * Suggestions that together cost at most so many comparisons: where very much is wrong in something very large, one for each
 * of it would take minutes. After that there are none.
 */
export function createNearest(comparisons: number): NearestName {
  let left = comparisons;
  return (wrong, candidates) => {
    if (left <= 0) return undefined;
    const names = candidates().slice(0, left);
    left -= names.length;
    return nearestName(wrong, names);
  };
}

function allowance(a: string, b: string): number {
  const longer = Math.max(a.length, b.length);
  return longer > LONGEST ? 0 : Math.min(4, Math.floor(longer / 3));
}

/** The number of edits, or `Infinity` as soon as it must be more than `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > limit || limit === 0) return Infinity;
  // Paths begin and end alike: what they share costs nothing.
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  for (; endA > start && endB > start && a[endA - 1] === b[endB - 1]; endA -= 1) endB -= 1;
  return distanceOf(a.slice(start, endA), b.slice(start, endB), limit);
}

function distanceOf(a: string, b: string, limit: number): number {
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = nextRow(a, b, row, previous, before);
    if (Math.min(...current) > limit) return Infinity;
    [before, previous] = [previous, current];
  }
  const distance = previous[b.length] ?? Infinity;
  return distance <= limit ? distance : Infinity;
}

/** `previous` and `before` are the rows of one and two characters of `a` less. */
function nextRow(
  a: string,
  b: string,
  row: number,
  previous: readonly number[],
  before: readonly number[],
): readonly number[] {
  const current = [row];
  for (let column = 1; column <= b.length; column++) {
    const same = a[row - 1] === b[column - 1];
    const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
    current.push(
      Math.min(
        cell(previous, column) + 1,
        cell(current, column - 1) + 1,
        cell(previous, column - 1) + (same ? 0 : 1),
        swapped ? cell(before, column - 2) + 1 : Infinity,
      ),
    );
  }
  return current;
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
