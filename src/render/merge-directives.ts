import type { JsonObject, JsonValue } from '../model/json.ts';
import { canonical, isList, isObject } from '../object/json.ts';
import { createNearest, nearestName, type NearestName } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';
import type { Problem } from './problem.ts';

/** Where a merge is: the path into the patch, and where to leave what is wrong there. */
export interface Place {
  readonly path: readonly string[];
  readonly findings: Findings;
}

/** What one merge finds. */
export interface Findings {
  readonly problems: Problem[];
  /** For suggestions: a long patch for a large base would make millions of comparisons. */
  readonly nearest: NearestName;
}

/** Nothing found yet. */
export function noFindings(problems: Problem[]): Findings {
  return { problems, nearest: createNearest(20_000) };
}

/** What `$patch` says about the map or list it stands in. */
export type Directive = 'merge' | 'replace' | 'delete';

/**
 * Keys of a patch that are instructions, not fields.
 * https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export const PATCH = '$patch';
export const RETAIN_KEYS = '$retainKeys';
/** Followed by the name of the list. */
export const ELEMENT_ORDER = '$setElementOrder/';
/** Followed by the name of the list. */
export const DELETE_FROM = '$deleteFromPrimitiveList/';

/** The place of a field or item below. */
export function below(place: Place, segment: string | number): Place {
  return { path: [...place.path, String(segment)], findings: place.findings };
}

/** Reports an error at a place. `what` follows the quoted pointer: `"/spec/ports/0" has no …`. */
export function refuse(place: Place, what: string, help?: string): void {
  report(place, 'error', what, help);
}

/** Reports something that is surely not meant, but harmless. */
export function warn(place: Place, what: string, help?: string): void {
  report(place, 'warning', what, help);
}

/** The candidate that was probably meant, as long as a merge has not made too many comparisons. */
export function nearestIn({ findings }: Place, wrong: string, candidates: () => readonly string[]): string | undefined {
  return findings.nearest(wrong, candidates);
}

/** True for keys that are instructions. Reports those that nearly are: kustomize would write them into the object. */
export function isDirective(key: string, place: Place): boolean {
  if (!key.startsWith('$')) return false;
  if (key === PATCH || key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER) || key.startsWith(DELETE_FROM)) return true;
  const slash = key.indexOf('/');
  const near =
    slash < 0
      ? nearestName(key, [PATCH, RETAIN_KEYS])
      : nearestName(key.slice(0, slash + 1), [ELEMENT_ORDER, DELETE_FROM]);
  if (near === undefined) return false; // `$ref`, `$schema`: other formats live in custom resources.
  refuse(below(place, key), 'is not a directive', `Did you mean "${near}${slash < 0 ? '' : key.slice(slash + 1)}"?`);
  return true;
}

/** What `$patch` of a map says. */
export function directiveOf(patch: JsonObject, place: Place): Directive {
  if (!Object.hasOwn(patch, PATCH)) return 'merge';
  return readDirective(patch[PATCH], below(place, PATCH));
}

/**
 * Splits the items of a list from the item that is nothing but `$patch` and speaks about the whole list. Items keep their
 * index in the patch.
 */
export function listDirectiveOf(
  patch: readonly JsonValue[],
  place: Place,
): { readonly directive: Directive; readonly items: readonly (readonly [number, JsonValue])[] } {
  const items: (readonly [number, JsonValue])[] = [];
  let directive: Directive | undefined;
  for (const [index, item] of patch.entries()) {
    if (!isObject(item) || !Object.hasOwn(item, PATCH) || Object.keys(item).length > 1) {
      items.push([index, item]);
      continue;
    }
    const read = directiveOf(item, below(place, index));
    if (directive !== undefined && directive !== read) {
      refuse(below(place, index), `says "${read}" about a list of which an item before says "${directive}"`);
    }
    directive = read;
  }
  return { directive: directive ?? 'merge', items };
}

/** The map without the fields that `$retainKeys` does not list; the same map if there is no such directive. */
export function retainKeys(base: JsonObject, patch: JsonObject, place: Place): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return base;
  const list = patch[RETAIN_KEYS];
  if (!isList(list) || !list.every((key) => typeof key === 'string')) {
    refuse(below(place, RETAIN_KEYS), 'is not a list of field names');
    return base;
  }
  const keys = new Set(list);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith('$') || keys.has(key)) continue;
    refuse(below(place, key), `is set, but "${RETAIN_KEYS}" beside it does not list it`, `Add "${key}" to the list.`);
  }
  return Object.fromEntries(Object.entries(base).filter(([key]) => keys.has(key)));
}

/** The list without the scalars that `$deleteFromPrimitiveList` names. */
export function deleteFromList(
  list: JsonValue | undefined,
  values: JsonValue | undefined,
  place: Place,
): JsonValue | undefined {
  if (!isList(values) || values.some((value) => isObject(value) || isList(value))) {
    refuse(place, 'is not a list of plain values');
    return list;
  }
  if (list !== undefined && list !== null && !isList(list)) {
    refuse(place, 'speaks of a list, but the base has none there');
    return list;
  }
  const before = list ?? [];
  const gone = new Set(values.map(canonical));
  const there = new Set(before.map(canonical));
  for (const [index, value] of values.entries()) {
    if (there.has(canonical(value))) continue;
    const texts = (): readonly string[] => before.filter((item) => typeof item === 'string');
    const near = typeof value === 'string' ? nearestIn(place, value, texts) : undefined;
    warn(below(place, index), 'removes nothing: the list has no such item', suggestion(near));
  }
  const kept = before.filter((item) => !gone.has(canonical(item)));
  return kept.length === before.length ? list : kept;
}

/**
 * A merged list in the order that `$setElementOrder` gives. Items that it does not name stay where they were: before the
 * named items that they stood before. As the API server does it.
 *
 * `keyOf` tells items apart: two items, or an item and an entry of `order`, are the same if it gives the same text.
 */
export function inElementOrder(
  merged: readonly JsonValue[],
  base: readonly JsonValue[],
  order: readonly JsonValue[],
  keyOf: (item: JsonValue) => string | undefined,
): readonly JsonValue[] {
  const ranks = new Map(order.map((item, index) => [keyOf(item), index]));
  const positions = new Map(base.map((item, index) => [keyOf(item), index]));
  const rank = (item: JsonValue): number => ranks.get(keyOf(item)) ?? -1;
  const named = merged.filter((item) => rank(item) >= 0).toSorted((a, b) => rank(a) - rank(b));
  const others = merged.filter((item) => rank(item) < 0).toSorted((a, b) => position(a) - position(b));
  const result: JsonValue[] = [];
  let next = 0;
  for (const item of named) {
    for (; next < others.length && position(others[next] ?? null) < position(item); next++) {
      result.push(others[next] ?? null);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];

  /** Before all others for an item that is new. */
  function position(item: JsonValue): number {
    return positions.get(keyOf(item)) ?? -1;
  }
}

/** `Did you mean …?`, or nothing to say. */
export function suggestion(near: string | undefined): string | undefined {
  return near === undefined ? undefined : `Did you mean "${near}"?`;
}

function readDirective(value: JsonValue | undefined, place: Place): Directive {
  if (value === 'merge' || value === 'replace' || value === 'delete') return value;
  const near = typeof value === 'string' ? nearestName(value, ['merge', 'replace', 'delete']) : undefined;
  const help = near === undefined ? 'Write "delete", "replace" or "merge".' : suggestion(near);
  refuse(place, 'does not say what to do', help);
  return 'merge';
}

function report(place: Place, severity: Problem['severity'], what: string, help: string | undefined): void {
  const pointer = formatPointer(place.path);
  place.findings.problems.push({
    code: 'PATCH_FAILED',
    severity,
    message: `"${pointer}" ${what}`,
    ...(help !== undefined && { help }),
    pointer,
  });
}
