import type { JsonObject, JsonValue } from '../model/json.ts';
import { IDENTITY_FIELDS } from '../object/identity-fields.ts';
import { at, canonical, isList, isObject, listAt, mapAt, omit, textAt } from '../object/json.ts';
import { mergeFieldOf, mergeTypeOf, targetTypeOf } from '../object/merge-keys.ts';
import type { MergeField, MergeSchema, MergeType } from '../object/merge-keys.ts';
import { formatPointer } from '../object/pointer.ts';
import { identityChange } from './identity.ts';
import {
  below,
  DELETE_FROM,
  deleteFromList,
  directiveOf,
  ELEMENT_ORDER,
  inElementOrder,
  isDirective,
  nearestIn,
  noFindings,
  PATCH,
  refuse,
  retainKeys,
  suggestion,
  warn,
} from './merge-directives.ts';
import type { Place } from './merge-directives.ts';
import { keyOfItem, mergeList, replaceList } from './merge-list.ts';
import type { ListKeys, MergeItem } from './merge-list.ts';
import type { Problem } from './problem.ts';

/** What came of a merge. Pointers of problems are into the patch. */
export type MergeResult =
  | { readonly state: 'merged'; readonly object: JsonObject; readonly warnings: readonly Problem[] }
  /** The patch says `$patch: delete` about the whole object. */
  | { readonly state: 'deleted'; readonly warnings: readonly Problem[] }
  | { readonly state: 'failed'; readonly problems: readonly Problem[] };

/**
 * Merges a partial object into an object: the result is what kustomize makes of the same patch in a `kustomization.yaml`.
 *
 * Maps merge; `null` removes a field; lists whose items the schema can match merge item by item, other lists are replaced;
 * `$patch: delete|replace|merge` in a map or list item says otherwise. Beyond kustomize, the other directives of
 * Kubernetes hold too: `$retainKeys`, `$setElementOrder/LIST`, `$deleteFromPrimitiveList/LIST`. Where kustomize drops
 * or spoils something in silence, we do what the patch says or report a problem; `test/render/merge-cases.ts` lists all
 * differences.
 *
 * apiVersion, kind, name and namespace stay as they are: IDENTITY_CHANGED where the patch says something else. Only a
 * namespace in the patch of an object that has none is ignored: whoever chose the patch for this object has compared it with
 * the namespace that the object will get. Anything else wrong is PATCH_FAILED.
 *
 * Neither argument is changed. The result shares with the base what the patch leaves alone, and is the base itself where
 * the patch changes nothing.
 */
export function strategicMerge(base: JsonObject, patch: JsonObject, schema: MergeSchema): MergeResult {
  const problems = identityProblems(base, patch);
  const merged = mergeMap({ schema, type: undefined, known: false }, base, patch, {
    path: [],
    findings: noFindings(problems),
  });
  if (problems.some(({ severity }) => severity === 'error')) return { state: 'failed', problems };
  if (merged === undefined) return { state: 'deleted', warnings: problems };
  return { state: 'merged', object: withIdentity(merged, base), warnings: problems };
}

/** What is known about the map that is merged. */
interface Knowledge {
  readonly schema: MergeSchema;
  readonly type: MergeType | undefined;
  /** The schema knows the kind of the object around it, also where it says nothing about this map. */
  readonly known: boolean;
}

/** `base` is absent where the patch adds the map. `undefined`: the map goes away. */
function mergeMap(
  knowledge: Knowledge,
  base: JsonObject | undefined,
  patch: JsonObject,
  place: Place,
): JsonObject | undefined {
  const directive = directiveOf(patch, place);
  if (directive === 'delete') return undefined;
  const { schema } = knowledge;
  // By name also further down: custom resources carry whole objects (kustomize looks for them in the same way).
  const type = knowledge.type ?? typeByName(schema, base) ?? typeByName(schema, patch);
  const known = knowledge.known || type !== undefined;
  const start = directive === 'replace' ? {} : retainKeys(base ?? {}, patch, place);
  const result = new Map(Object.entries(start));
  deleteFromLists(result, patch, place);
  for (const [key, value] of Object.entries(patch)) {
    const here = below(place, key);
    if (isDirective(key, place)) continue;
    const before = result.get(key);
    const after = value === null ? undefined : mergeValue(schema, known, before, value, mergeFieldOf(type, key), here);
    if (after !== undefined) result.set(key, after);
    else if (!result.delete(key)) warnNothingRemoved(key, start, here);
  }
  setElementOrders(result, start, patch, type, place);
  return base !== undefined && sameFields(result, base) ? base : Object.fromEntries(result);
}

/** `undefined`: the value goes away. */
function mergeValue(
  schema: MergeSchema,
  known: boolean,
  before: JsonValue | undefined,
  value: JsonValue,
  field: MergeField | undefined,
  place: Place,
): JsonValue | undefined {
  const base = before ?? undefined; // A null in the base is a field without a value.
  if (base !== undefined && shapeOf(base) !== shapeOf(value)) {
    refuse(place, `is a ${shapeOf(value)}, but the base has a ${shapeOf(base)} there`);
    return base;
  }
  const knowledge = { schema, type: targetTypeOf(schema, field), known };
  if (isObject(value)) return mergeMap(knowledge, isObject(base) ? base : undefined, value, place);
  if (!isList(value)) return value;
  const keys = keysOf(field);
  if (keys === undefined) return replaceList(value, known, place);
  const mergeItem: MergeItem = (item, changes, at) => mergeMap(knowledge, item, changes, at);
  return mergeList(mergeItem, isList(base) ? base : undefined, value, keys, place);
}

/** `undefined` for a list that is replaced whole. */
function keysOf(field: MergeField | undefined): ListKeys | undefined {
  return field?.keys === undefined ? undefined : { keys: field.keys, defaults: field.defaults ?? {} };
}

function shapeOf(value: JsonValue): 'map' | 'list' | 'plain value' {
  return isObject(value) ? 'map' : isList(value) ? 'list' : 'plain value';
}

function typeByName(schema: MergeSchema, object: JsonObject | undefined): MergeType | undefined {
  const [apiVersion, kind] = [textAt(object, 'apiVersion'), textAt(object, 'kind')];
  return apiVersion === undefined || kind === undefined ? undefined : mergeTypeOf(schema, apiVersion, kind);
}

/** Before the fields of the patch, so that a patch can take one item out of a list and put another in. */
function deleteFromLists(result: Map<string, JsonValue>, patch: JsonObject, place: Place): void {
  for (const [directive, values] of Object.entries(patch)) {
    if (!directive.startsWith(DELETE_FROM)) continue;
    const name = directive.slice(DELETE_FROM.length);
    const list = deleteFromList(result.get(name), values, below(place, directive));
    if (list !== undefined) result.set(name, list);
  }
}

/** After the fields of the patch. `start` is the base, whose order holds for items that are not named. */
function setElementOrders(
  result: Map<string, JsonValue>,
  start: JsonObject,
  patch: JsonObject,
  type: MergeType | undefined,
  place: Place,
): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ELEMENT_ORDER)) continue;
    const name = directive.slice(ELEMENT_ORDER.length);
    const here = below(place, directive);
    const keys = keysOf(mergeFieldOf(type, name));
    if (!isList(order)) {
      refuse(here, 'is not a list of items');
    } else if (keys === undefined) {
      refuse(here, 'does nothing here: nothing tells the items of this list apart', 'List them in the order wanted.');
    } else {
      const keyOf = (item: JsonValue): string | undefined =>
        keys.keys.length === 0 ? canonical(item) : keyOfItem(item, keys);
      refuseUnordered(listAt(patch, name), new Set(order.map(keyOf)), keyOf, below(place, name), directive);
      const merged = result.get(name);
      if (isList(merged)) result.set(name, inElementOrder(merged, listAt(start, name), order, keyOf));
    }
  }
}

function refuseUnordered(
  items: readonly JsonValue[],
  wanted: ReadonlySet<string | undefined>,
  keyOf: (item: JsonValue) => string | undefined,
  place: Place,
  directive: string,
): void {
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    if (key === undefined || wanted.has(key) || textAt(item, PATCH) === 'delete') continue;
    refuse(below(place, index), `has no place in the order that "${directive}" gives`, 'Add it there.');
  }
}

/** Only where a near name exists: to remove what one of several objects does not have is no mistake. */
function warnNothingRemoved(key: string, base: JsonObject, place: Place): void {
  const near = nearestIn(place, key, () => Object.keys(base));
  if (near !== undefined) warn(place, 'removes nothing: the base has no such field', suggestion(near));
}

function sameFields(result: ReadonlyMap<string, JsonValue>, base: JsonObject): boolean {
  const keys = Object.keys(base);
  return keys.length === result.size && keys.every((key) => result.has(key) && result.get(key) === base[key]);
}

function identityProblems(base: JsonObject, patch: JsonObject): Problem[] {
  return IDENTITY_FIELDS.flatMap((path): Problem[] => {
    const [is, says] = [at(base, ...path), at(patch, ...path)];
    const ignored = is === undefined && path.at(-1) === 'namespace';
    if (says === undefined || says === is || ignored) return [];
    const { message, help } = identityChange(path, is, says);
    return [{ code: 'IDENTITY_CHANGED', severity: 'error', message, help, pointer: formatPointer(path) }];
  });
}

/** What a directive may have taken away with the rest (`metadata: {$patch: replace}`) is put back, as kustomize does. */
function withIdentity(merged: JsonObject, base: JsonObject): JsonObject {
  if (IDENTITY_FIELDS.every((path) => at(merged, ...path) === at(base, ...path))) return merged;
  const metadata = mapAt(merged, 'metadata');
  return {
    ...pick(base, ['apiVersion', 'kind']),
    metadata: { ...pick(mapAt(base, 'metadata'), ['name', 'namespace']), ...omit(metadata, ['name', 'namespace']) },
    ...omit(merged, ['apiVersion', 'kind', 'metadata']),
  };
}

function pick(map: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => keys.includes(key)));
}
