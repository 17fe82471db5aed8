import type { JsonObject, JsonValue } from '../model/json.ts';
import { canonical, hashText, isList, isObject, listAt, parseJson, quote, sameJson, textAt } from './json.ts';

/**
 * What API servers record about who set which field (Kubernetes documentation, "Server-Side Apply", field management).
 * A field set is a tree in `fieldsV1`: `f:NAME` a field, `k:{…}` a list item by its key fields, `v:…` an item of a set,
 * `i:N` an item by position, `.` the node itself; an empty map is a leaf.
 */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** `''`, `status`, `scale`. */
  readonly subresource: string;
  /** In which `fields` are written. */
  readonly apiVersion: string;
  /** RFC 3339; `''` where the server gives none. */
  readonly time: string;
  readonly fields: JsonObject;
}

/** Who set which fields of a live object; empty where the server tells nothing. */
export function managedEntries(body: JsonObject): readonly ManagedEntry[] {
  return listAt(body, 'metadata', 'managedFields')
    .filter(isObject)
    .map((entry) => ({
      manager: textAt(entry, 'manager') ?? '',
      operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
      subresource: textAt(entry, 'subresource') ?? '',
      apiVersion: textAt(entry, 'apiVersion') ?? '',
      time: textAt(entry, 'time') ?? '',
      fields: isObject(entry['fieldsV1']) ? entry['fieldsV1'] : {},
    }));
}

/** The field set that `manager` applied; empty where it applied nothing. */
export function appliedFields(body: JsonObject, manager: string): JsonObject {
  const entry = managedEntries(body).find((each) => isOwn(each, manager));
  return entry?.fields ?? {};
}

/** True for the entry of our own applies, which a server keeps once per manager and API version. */
export function isOwn(entry: ManagedEntry, manager: string): boolean {
  return entry.manager === manager && entry.operation === 'Apply' && entry.subresource === '';
}

/**
 * Hash of the fields that `manager` applied: which they are and what stands in them now. It changes when somebody
 * changes, removes or takes over one of them, and stays when anything else about the object changes. `''` when it
 * applied nothing.
 */
export function ownedHash(body: JsonObject, manager: string): string {
  const fields = appliedFields(body, manager);
  if (Object.keys(fields).length === 0) return '';
  return hashText(printOwned(body, fields));
}

/** A place in an object: the steps from its root, as `fieldsV1` writes them. */
export type FieldPath = readonly string[];

/** A leaf of a field set and the value that stands there; `undefined`: nothing does. */
export interface Leaf {
  readonly path: FieldPath;
  readonly value: JsonValue | undefined;
}

/** All leaves of a field set with the values that `body` has there. */
export function leaves(body: JsonValue | undefined, fields: JsonObject, path: FieldPath = []): readonly Leaf[] {
  const steps = Object.keys(fields).filter((step) => step !== '.');
  if (Object.keys(fields).length === 0) return [{ path, value: body }];
  return steps.flatMap((step) => leaves(stepInto(body, step), subtree(fields, step), [...path, step]));
}

/** The value one step below, or `undefined`. A key field that the item leaves out matches: servers fill in defaults. */
export function stepInto(value: JsonValue | undefined, step: string): JsonValue | undefined {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return isObject(value) && Object.hasOwn(value, rest) ? value[rest] : undefined;
  return isList(value) ? value[indexOfStep(value, step)] : undefined;
}

/** A copy of `value` without what stands at `path`; lists lose the item. Containers stay, even when empty. */
export function without(value: JsonValue, path: FieldPath): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const inner = stepInto(value, step);
  if (inner === undefined) return value;
  const replaced = rest.length === 0 ? undefined : without(inner, rest);
  if (isObject(value)) {
    const entries = Object.entries(value).flatMap(([key, item]) =>
      key !== step.slice(2) ? [[key, item] as const] : replaced === undefined ? [] : [[key, replaced] as const],
    );
    return Object.fromEntries(entries);
  }
  if (!isList(value)) return value;
  const at = indexOfStep(value, step);
  return value.flatMap((item, index) => (index !== at ? [item] : replaced === undefined ? [] : [replaced]));
}

/** A copy of `value` with another value at `path`; where nothing stands there, as it was. */
export function replaceAt(value: JsonValue, path: FieldPath, replacement: JsonValue): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  const inner = stepInto(value, step);
  if (inner === undefined) return value;
  const next = replaceAt(inner, rest, replacement);
  if (isObject(value)) return { ...value, [step.slice(2)]: next };
  return isList(value) ? value.map((item) => (item === inner ? next : item)) : value;
}

/** For people: `/spec/template/spec/containers[name=app]/image`. */
export function formatPath(path: FieldPath): string {
  const text = path.map((step) => {
    const rest = step.slice(2);
    if (step.startsWith('f:')) return `/${rest.includes('/') ? `"${rest}"` : rest}`;
    if (step.startsWith('k:'))
      return `[${keyFields(rest)
        .map(([name, value]) => `${name}=${scalar(value)}`)
        .join(',')}]`;
    return step.startsWith('v:') ? `[${scalar(parseJson(rest))}]` : `[${rest}]`;
  });
  return text.join('') || '/';
}

/** The field sets of both, as one tree. */
export function unionFields(a: JsonObject, b: JsonObject): JsonObject {
  const steps = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...steps].map((step) => [step, unionFields(subtree(a, step), subtree(b, step))]));
}

/** Whether the field set names anything below `path`: then the map or list there is owned piece by piece. */
export function hasBelow(fields: JsonObject, path: FieldPath): boolean {
  return Object.keys(path.reduce(subtree, fields)).some((step) => step !== '.');
}

/** Whether the field set has a leaf at `path`, above it (a whole that contains it) or below it. */
export function touches(fields: JsonObject, path: FieldPath): boolean {
  let node = fields;
  for (const step of path) {
    if (Object.keys(node).every((key) => key === '.')) return node !== fields;
    if (!Object.hasOwn(node, step)) return false;
    node = subtree(node, step);
  }
  return true;
}

/** Steps and values in one text. A value stands in a list, because absent and null are two things. */
function printOwned(value: JsonValue | undefined, fields: JsonObject): string {
  let text = '';
  let isLeaf = true;
  for (const step of Object.keys(fields).sort()) {
    if (step === '.') {
      text += '.';
      continue;
    }
    isLeaf = false;
    text += `${quote(step)}${printOwned(stepInto(value, step), subtree(fields, step))}`;
  }
  if (isLeaf) text += value === undefined ? '[]' : `[${canonical(value)}]`;
  return `{${text}}`;
}

/** The field set below a step; empty where there is none. */
export function subtree(fields: JsonObject, step: string): JsonObject {
  const found = Object.hasOwn(fields, step) ? fields[step] : undefined;
  return isObject(found) ? found : {};
}

/** Position of the item that a step means; -1 or beyond the end: there is none. */
function indexOfStep(items: readonly JsonValue[], step: string): number {
  const rest = step.slice(2);
  if (step.startsWith('k:')) return indexByKey(items, rest);
  if (step.startsWith('v:')) return items.findIndex((item) => sameJson(item, parseJson(rest)));
  return step.startsWith('i:') ? Number(rest) : -1;
}

function indexByKey(items: readonly JsonValue[], keyText: string): number {
  const key = keyFields(keyText);
  const exact = items.findIndex((item) => key.every(([name, value]) => isObject(item) && sameJson(item[name], value)));
  if (exact >= 0) return exact;
  const loose = items.flatMap((item, index) =>
    key.every(([name, value]) => isObject(item) && (item[name] === undefined || sameJson(item[name], value))) &&
    key.some(([name]) => isObject(item) && item[name] !== undefined)
      ? [index]
      : [],
  );
  return loose.length === 1 ? (loose[0] ?? -1) : -1;
}

/** The names and values in a step `k:{…}`, without the `k:`. */
export function keyFields(text: string): readonly (readonly [string, JsonValue])[] {
  const key = parseJson(text);
  return isObject(key) ? Object.entries(key) : [];
}

function scalar(value: JsonValue): string {
  return typeof value === 'string' ? value : canonical(value);
}
