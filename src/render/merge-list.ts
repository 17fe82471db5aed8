import type { JsonObject, JsonValue } from '../model/json.ts';
import { canonical, isObject, textAt } from '../object/json.ts';
import { below, listDirectiveOf, nearestIn, PATCH, refuse, suggestion, warn } from './merge-directives.ts';
import type { Place } from './merge-directives.ts';

/** Merges the maps of one item; `undefined` where the item goes away. */
export type MergeItem = (base: JsonObject | undefined, patch: JsonObject, place: Place) => JsonObject | undefined;

/**
 * A list of the base with a list of the patch merged into it; `undefined` where the list goes away. No `keys`: the lists are
 * sets of plain values.
 *
 * The order is kustomize's: items that the patch names come first, in the patch's order, then the other items of the base.
 * Where items are matched by several keys (ports), only new items come first, and those of the base stay in place.
 */
export function mergeList(
  mergeItem: MergeItem,
  base: readonly JsonValue[] | undefined,
  patch: readonly JsonValue[],
  keys: ListKeys,
  place: Place,
): readonly JsonValue[] | undefined {
  const { directive, items } = listDirectiveOf(patch, place);
  if (directive === 'delete') {
    for (const [index] of items) {
      refuse(below(place, index), `is lost: beside it, "${PATCH}: delete" removes the whole list`, REPLACE_HELP);
    }
    return undefined;
  }
  const start = directive === 'replace' ? [] : (base ?? []);
  const merged =
    keys.keys.length === 0 ? mergeSet(start, items, place) : mergeKeyed(mergeItem, start, items, keys, place);
  return base !== undefined && sameItems(merged, base) ? base : merged;
}

/**
 * The patch's list, as it is: nobody knows how to match the items of such a list. `known` says that the schema knows the kind,
 * so that a directive in an item can only be a mistake.
 */
export function replaceList(patch: readonly JsonValue[], known: boolean, place: Place): readonly JsonValue[] {
  for (const [index, item] of patch.entries()) {
    if (!isObject(item) || !Object.hasOwn(item, PATCH)) continue;
    // A whole object with a directive is a patch that a custom resource carries to somebody else.
    if (textAt(item, 'apiVersion') !== undefined && textAt(item, 'kind') !== undefined) continue;
    const what = 'does nothing here: nothing tells the items of this list apart, so the patch replaces it whole';
    (known ? refuse : warn)(below(below(place, index), PATCH), what, 'List the items that are to be there.');
  }
  return patch;
}

/** How the items of a list are told apart. */
export interface ListKeys {
  readonly keys: readonly string[];
  readonly defaults: JsonObject;
}

/**
 * The values of an item's keys as one text, defaults filled in; `undefined` where one is missing. Values are compared as they
 * are written, so that the port `80` and the port `"80"` are the same: kustomize does so.
 */
export function keyOfItem(item: JsonValue, { keys, defaults }: ListKeys): string | undefined {
  if (!isObject(item)) return undefined;
  const values = keys.map((key) => keyValue(item, key) ?? keyValue(defaults, key));
  return values.includes(undefined) ? undefined : JSON.stringify(values);
}

const REPLACE_HELP = `Write "${PATCH}: replace" to have the other items instead of the base's.`;

function mergeSet(
  base: readonly JsonValue[],
  items: readonly (readonly [number, JsonValue])[],
  place: Place,
): readonly JsonValue[] {
  const merged = new Map<string, JsonValue>();
  for (const [index, item] of items) {
    if (item === null) refuse(below(place, index), 'is null, which no list of plain values can hold');
    merged.set(canonical(item), item);
  }
  return [...merged.values(), ...base.filter((item) => !merged.has(canonical(item)))];
}

function mergeKeyed(
  mergeItem: MergeItem,
  base: readonly JsonValue[],
  items: readonly (readonly [number, JsonValue])[],
  keys: ListKeys,
  place: Place,
): readonly JsonValue[] {
  const indices = Map.groupBy(base.keys(), (index) => keyOfItem(base[index] ?? null, keys));
  const twinOf = indexTwins(base, keys);
  const touched = new Map<number, JsonValue | undefined>();
  const inPatchOrder: JsonValue[] = [];
  const added: JsonValue[] = [];
  const seen = new Set<string>();
  for (const [index, item] of items) {
    const at = below(place, index);
    const key = readKey(item, keys, at);
    if (key === undefined || !isObject(item)) continue;
    if (seen.has(key)) refuse(at, `is a second item with ${formatKeys(item, keys)}`, 'Make them one item.');
    seen.add(key);
    const found = indices.get(key) ?? [];
    if (item[PATCH] === 'delete') {
      if (found.length === 0) warnNothingDeleted(item, base, keys, at);
      for (const each of found) touched.set(each, undefined);
      continue;
    }
    if (found.length > 1) {
      refuse(at, `matches ${found.length} items of the base, all with ${formatKeys(item, keys)}`);
      continue;
    }
    const [position] = found;
    if (position === undefined) refuseHalfKey(item, twinOf, keys, at);
    const before = position === undefined ? undefined : base[position];
    const merged = mergeItem(isObject(before) ? before : undefined, item, at);
    if (merged === undefined) continue;
    inPatchOrder.push(merged);
    if (position === undefined) added.push(merged);
    else touched.set(position, merged);
  }
  if (patchedFirst(base, items, keys)) return [...inPatchOrder, ...base.filter((_, index) => !touched.has(index))];
  return [...added, ...base.flatMap((item, index) => (touched.has(index) ? (touched.get(index) ?? []) : item))];
}

/** The item's key, after complaints about what keeps it from having one. */
function readKey(item: JsonValue, keys: ListKeys, place: Place): string | undefined {
  const key = keyOfItem(item, keys);
  if (key !== undefined) return key;
  const missing = isObject(item)
    ? keys.keys.filter((each) => (keyValue(item, each) ?? keyValue(keys.defaults, each)) === undefined)
    : keys.keys;
  const names = missing.map((each) => `"${each}"`).join(' and ');
  refuse(place, `has no ${names}, by which the items of this list are matched`, `Add ${names}.`);
  return undefined;
}

/**
 * `{port: 53}` means TCP. Where the base has the port with UDP only, that could be a second port or the same one: kustomize
 * drops such an item in silence, and kubectl changes the UDP port.
 */
function refuseHalfKey(item: JsonObject, twinOf: TwinOf, keys: ListKeys, place: Place): void {
  const left = keys.keys.filter((key) => keyValue(item, key) === undefined);
  const twin = twinOf(item, left);
  if (twin === undefined) return;
  const names = left.map((key) => `"${key}"`).join(' and ');
  refuse(place, `leaves out ${names}, and the base has it as ${formatKeys(twin, keys)}`, `Say ${names} too.`);
}

/** The item of the base that has the same keys as an item, but for those that are left out. */
type TwinOf = (item: JsonObject, left: readonly string[]) => JsonObject | undefined;

/** Makes one index of the base for each set of keys left out, so that long lists stay cheap. */
function indexTwins(base: readonly JsonValue[], { keys, defaults }: ListKeys): TwinOf {
  const indices = new Map<string, ReadonlyMap<string | undefined, JsonObject>>();
  return (item, left) => {
    if (left.length === 0 || left.length === keys.length) return undefined;
    const rest = { keys: keys.filter((key) => !left.includes(key)), defaults };
    const index =
      indices.get(left.join()) ?? new Map(base.filter(isObject).map((each) => [keyOfItem(each, rest), each]));
    indices.set(left.join(), index);
    return index.get(keyOfItem(item, rest));
  };
}

function warnNothingDeleted(item: JsonObject, base: readonly JsonValue[], keys: ListKeys, place: Place): void {
  const [first = ''] = keys.keys;
  const names = (): readonly string[] => base.flatMap((each) => (isObject(each) ? (keyValue(each, first) ?? []) : []));
  const near = nearestIn(place, keyValue(item, first) ?? '', names);
  warn(place, `removes nothing: the base has no item with ${formatKeys(item, keys)}`, suggestion(near));
}

/** kustomize keeps the order of the base as soon as two keys are in use, that is, written down in some item. */
function patchedFirst(
  base: readonly JsonValue[],
  items: readonly (readonly [number, JsonValue])[],
  { keys }: ListKeys,
): boolean {
  const all = [...base, ...items.map(([, item]) => item)];
  return keys.filter((key) => all.some((item) => isObject(item) && keyValue(item, key) !== undefined)).length <= 1;
}

/** `undefined` for what cannot tell items apart: nothing, null, an empty text, a map, a list. */
function keyValue(item: JsonObject, key: string): string | undefined {
  const value = Object.hasOwn(item, key) ? item[key] : undefined;
  return value === undefined || value === null || value === '' || typeof value === 'object' ? undefined : String(value);
}

/** For people: `name "web"`, `port "53" and protocol "UDP"`. */
function formatKeys(item: JsonObject, { keys, defaults }: ListKeys): string {
  return keys.map((key) => `${key} "${keyValue(item, key) ?? keyValue(defaults, key) ?? ''}"`).join(' and ');
}

function sameItems(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
