import type { JsonValue } from '../model/json.ts';
import { isList, isObject, textAt } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';

/** Places that are looked at: an object of ordinary size whole, a large definition in part. */
const MAX_CANDIDATES = 5_000;

/** Two segments left out (`/spec/containers` for `/spec/template/spec/containers`), and a slip. */
const MAX_COST = 2.5;

/** The cost of a segment too many. With one left out it is over the limit: no index can stand for another. */
const EXTRA = 2;

interface Segment {
  readonly text: string;
  /** The name of a list's item: people write it in the place of the index. */
  readonly alias?: string | undefined;
}

/**
 * The JSON pointer of the place in `value` that somebody who wrote the path most likely meant, or `undefined`. It finds
 * misspelt segments, segments left out or too many, names in the place of indices, and keys whose `/` was not escaped.
 */
export function nearestPath(value: JsonValue, path: readonly string[]): string | undefined {
  let best: { readonly pointer: string; readonly cost: number } | undefined;
  for (const candidate of candidates(value)) {
    const cost = costOf(path, candidate);
    if (cost > Math.min(MAX_COST, path.length) || (best !== undefined && cost >= best.cost)) continue;
    best = { pointer: formatPointer(candidate.map(({ text }) => text)), cost };
  }
  return best?.pointer;
}

/** `Infinity` unless both end alike: a path of which only the way is right names another thing. */
function costOf(path: readonly string[], candidate: readonly Segment[]): number {
  if (Math.abs(candidate.length - path.length) > MAX_COST) return Infinity;
  const end = candidate.at(-1)?.text ?? '';
  if (end.includes('/') && path.join('/').endsWith(end)) {
    return alignmentCost(path.slice(0, -end.split('/').length), candidate.slice(0, -1));
  }
  // An index alone says nothing: what counts is the name of the list.
  let tail = 1;
  while (isIndex(path.at(-tail)) && path.at(-tail) === candidate.at(-tail)?.text) tail++;
  const [wrong, right] = [path.at(-tail), candidate.at(-tail)];
  const alike = wrong !== undefined && right !== undefined && segmentCost(wrong, right) < 1;
  return alike ? alignmentCost(path, candidate) : Infinity;
}

/** Every place in a value, nearest to the root first. */
function* candidates(value: JsonValue): Generator<readonly Segment[]> {
  const queue: { readonly path: readonly Segment[]; readonly value: JsonValue }[] = [{ path: [], value }];
  for (let index = 0; index < queue.length && index < MAX_CANDIDATES; index++) {
    const { path, value: here = null } = queue[index] ?? { path: [] };
    if (path.length > 0) yield path;
    if (isList(here)) {
      for (const [position, item] of here.entries()) {
        queue.push({ path: [...path, { text: String(position), alias: textAt(item, 'name') }], value: item });
      }
    } else if (isObject(here)) {
      for (const [text, item] of Object.entries(here)) queue.push({ path: [...path, { text }], value: item });
    }
  }
}

/** Edit distance over segments: one left out costs 1, one too many more, because somebody wrote it. */
function alignmentCost(path: readonly string[], candidate: readonly Segment[]): number {
  let previous: readonly number[] = Array.from({ length: candidate.length + 1 }, (_, column) => column);
  for (const [row, segment] of path.entries()) {
    const current = [(row + 1) * EXTRA];
    for (const [column, other] of candidate.entries()) {
      const same = (previous[column] ?? Infinity) + segmentCost(segment, other);
      current.push(Math.min(same, (previous[column + 1] ?? Infinity) + EXTRA, (current[column] ?? Infinity) + 1));
    }
    previous = current;
  }
  return previous[candidate.length] ?? Infinity;
}

function segmentCost(wrong: string, { text, alias }: Segment): number {
  if (wrong === text) return 0;
  if (wrong === alias) return 0.25;
  if (isIndex(wrong) && isIndex(text)) return Infinity; // Another index is another item, not a slip.
  return nearestName(wrong, [text]) === undefined ? 2 : 0.5;
}

function isIndex(segment: string | undefined): boolean {
  return segment !== undefined && /^\d+$/.test(segment);
}
