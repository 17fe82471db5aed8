import type { JsonObject, JsonValue } from '../model/json.ts';
import type { IgnoredFields, Manifest } from '../model/manifest.ts';
import { isWhole, selectFields, subtractFields } from './field-sets.ts';
import { at, isList, isObject, mapAt, textAt } from './json.ts';
import {
  type FieldPath,
  leaves,
  type ManagedEntry,
  replaceAt,
  stepInto,
  subtree,
  touches,
  unionFields,
  without,
} from './managed-fields.ts';
import { parsePointer } from './pointer.ts';

/** A body without what is left to others, and where that is. */
export interface LeftFields {
  readonly body: JsonObject;
  readonly paths: readonly FieldPath[];
}

/**
 * Leaves to a live object what is Git's only at its creation: the fields of the ignore rules, and the replica count of what
 * an autoscaler scales (design 4, "Drift"). What is ours is sent as it is live, because giving up a field that nobody else
 * owns removes or resets it (Kubernetes documentation, "Transferring ownership"); what is another's is not sent.
 *
 * `ours`: what we own, and what is about to become ours. `others`: the entries of everybody else.
 */
export function leaveFields(
  manifest: Manifest,
  live: JsonObject,
  ours: JsonObject,
  others: readonly ManagedEntry[],
): LeftFields {
  const sets = [ours, ...others.map((entry) => entry.fields)];
  const rules = manifest.ignored.map((rule) => {
    const places = rule.fields.flatMap((pointer) => {
      const path = placeOf(pointer, manifest.body, sets);
      return path === undefined ? [] : [path];
    });
    return { rule, places };
  });
  const counts =
    manifest.autoscaled ||
    manifest.ignored.some(({ fields, managers }) => managers === undefined && fields.includes('/spec/replicas'));
  const paths: FieldPath[] = counts ? [COUNT] : [];
  let body = counts ? leaveCount(manifest.body, live, others) : manifest.body;
  const leave = (path: FieldPath, value: JsonValue | undefined): void => {
    if (counts && isCount(path)) return;
    paths.push(path);
    body = put(body, path, value);
  };
  for (const { rule, places } of rules) {
    if (rule.managers === undefined) for (const path of places) leave(path, liveValue(live, path, ours, others));
    else for (const path of heldPlaces(rule, places, live, others)) leave(path, undefined);
  }
  return { body, paths };
}

/** Where Kubernetes keeps what an autoscaler sets. */
const COUNT: FieldPath = ['f:spec', 'f:replicas'];

function isCount(path: FieldPath): boolean {
  return path.join() === COUNT.join();
}

/**
 * The replica count: not sent once somebody else set it; until then the live one, also where Git names none any more: a
 * count that nobody owns falls to 1, and an autoscaler would begin there.
 */
function leaveCount(body: JsonObject, live: JsonObject, others: readonly ManagedEntry[]): JsonObject {
  const current = at(live, 'spec', 'replicas');
  if (current === undefined || at(body, 'spec') === undefined) return body;
  if (others.some((entry) => touches(entry.fields, COUNT))) return put(body, COUNT, undefined);
  return { ...body, spec: { ...mapAt(body, 'spec'), replicas: current } };
}

/**
 * The place that a pointer into Git's object means, in the steps of field sets. In a list that API servers keep as one
 * field it is the list. `undefined`: Git has nothing there, or it is an item that the cluster does not have yet.
 */
function placeOf(pointer: string, body: JsonObject, sets: readonly JsonObject[]): FieldPath | undefined {
  const path: string[] = [];
  let value: JsonValue | undefined = body;
  let nodes = sets;
  for (const token of parsePointer(pointer) ?? []) {
    if (!isList(value)) path.push(`f:${token}`);
    else {
      const item: JsonValue | undefined = /^\d+$/.test(token)
        ? value[Number(token)]
        : value.find((each) => textAt(each, 'name') === token);
      const steps = nodes.flatMap((node) => Object.keys(node)).filter((step) => /^[kv]:/.test(step));
      if (item === undefined || steps.length === 0) return item === undefined ? undefined : path;
      const step = steps.find((each) => stepInto([item], each) !== undefined);
      if (step === undefined) return undefined;
      path.push(step);
    }
    const step = path.at(-1) ?? '';
    value = stepInto(value, step);
    nodes = nodes.map((node) => subtree(node, step));
    if (value === undefined) return undefined;
  }
  return path;
}

/** What is ours of the live value at a place; `undefined`: nothing there, or it is another's. */
function liveValue(
  live: JsonObject,
  path: FieldPath,
  ours: JsonObject,
  others: readonly ManagedEntry[],
): JsonValue | undefined {
  const current = path.reduce<JsonValue | undefined>(stepInto, live);
  if (current === undefined || others.some((entry) => isWhole(entry.fields, path))) return undefined;
  const theirs = others.map((entry) => path.reduce(subtree, entry.fields)).reduce(unionFields, {});
  const own = path.reduce(subtree, ours);
  if (Object.keys(own).length === 0) return Object.keys(theirs).length === 0 ? current : undefined;
  const left = subtractFields(own, theirs);
  return Object.keys(left).length === 0 ? undefined : selectFields(current, left);
}

/** Fields that the managers of a rule hold, and that lie at, below or around one of its places; it may name none. */
function heldPlaces(
  { fields, managers = [] }: IgnoredFields,
  places: readonly FieldPath[],
  live: JsonObject,
  others: readonly ManagedEntry[],
): readonly FieldPath[] {
  const held = others
    .filter((entry) => managers.includes(entry.manager))
    .flatMap((entry) => leaves(live, entry.fields).map((leaf) => leaf.path));
  if (fields.length === 0) return held;
  return held.filter((path) =>
    places.some((place) => path.slice(0, place.length).every((step, index) => step === place[index])),
  );
}

/** What is empty without the field goes with it: to send an empty map is to own that there is one. */
function put(body: JsonObject, path: FieldPath, value: JsonValue | undefined): JsonObject {
  if (path.reduce<JsonValue | undefined>(stepInto, body) === undefined) return body;
  const next = value === undefined ? without(body, path) : replaceAt(body, path, value);
  if (!isObject(next)) return body;
  const around = path.slice(0, -1);
  const rest = around.reduce<JsonValue | undefined>(stepInto, next);
  const isEmptied = value === undefined && around.length > 0 && rest !== undefined && isEmpty(rest);
  return isEmptied ? put(next, around, undefined) : next;
}

function isEmpty(value: JsonValue): boolean {
  return isObject(value) ? Object.keys(value).length === 0 : isList(value) && value.length === 0;
}
