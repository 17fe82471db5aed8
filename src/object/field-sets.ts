import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, omit } from './json.ts';
import { type FieldPath, keyFields, stepInto, subtree, without } from './managed-fields.ts';

/** Arithmetic with the field sets of `managedFields`: trees of steps in which an empty map is a leaf. */

/**
 * The part of a field set that stands in `body`. That a map is there is no part of it, that an item of a list is, is. A leaf
 * over a map that `all` names piece by piece only says that the map is there: it was empty once.
 */
export function standingFields(body: JsonValue | undefined, fields: JsonObject, all: JsonObject): JsonObject {
  return narrow(fields, (step, below) => {
    const inner = stepInto(body, step);
    const around = subtree(all, step);
    if (inner === undefined || (isLeaf(below) && Object.keys(around).some((each) => each !== '.'))) return undefined;
    return standingFields(inner, below, around);
  });
}

/**
 * The part of `fields` that is in `others` too. A leaf on one side over a map that the other side names piece by piece is
 * nothing in common: API servers write so that a map is there in which its owner has nothing (any more).
 */
export function commonFields(fields: JsonObject, others: JsonObject): JsonObject {
  return narrow(fields, (step, below) => {
    if (!Object.hasOwn(others, step)) return undefined;
    const other = subtree(others, step);
    if (isLeaf(other) !== isLeaf(below)) return undefined;
    return isLeaf(below) ? below : commonFields(below, other);
  });
}

/**
 * What is left of `fields` without `others`. Of a leaf that `others` names only parts of, nothing goes; of a map in which nothing
 * is left, that it is there goes too.
 */
export function subtractFields(fields: JsonObject, others: JsonObject): JsonObject {
  const entries = Object.keys(fields).flatMap((step): readonly (readonly [string, JsonObject])[] => {
    const below = subtree(fields, step);
    if (!Object.hasOwn(others, step)) return [[step, below]];
    const other = subtree(others, step);
    if (isLeaf(other)) return [];
    if (isLeaf(below)) return [[step, below]];
    const rest = subtractFields(below, other);
    const isEmpty = Object.keys(rest).every((each) => each === '.' && step.startsWith('f:'));
    return isEmpty ? [] : [[step, rest]];
  });
  return Object.fromEntries(entries);
}

/** What is left of `fields` without everything at, below or wholly around a place. */
export function subtractPath(fields: JsonObject, path: FieldPath): JsonObject {
  const [step, ...rest] = path;
  if (step === undefined) return {};
  if (!Object.hasOwn(fields, step)) return fields;
  const below = subtree(fields, step);
  const left = isLeaf(below) ? {} : subtractPath(below, rest);
  return isLeaf(left) ? omit(fields, [step]) : { ...fields, [step]: left };
}

/** The part of a value that a field set names; items of a list keep what tells them apart. */
export function selectFields(value: JsonValue, fields: JsonObject): JsonValue {
  if (isLeaf(fields)) return value;
  const steps = Object.keys(fields).filter((step) => step !== '.');
  const inner = steps.flatMap((step) => {
    const found = stepInto(value, step);
    return found === undefined ? [] : [{ step, found, selected: selectFields(found, subtree(fields, step)) }];
  });
  if (isObject(value)) return Object.fromEntries(inner.map(({ step, selected }) => [step.slice(2), selected]));
  if (!isList(value)) return value;
  // In the order of the list: to be in another order is a difference.
  const positions = inner
    .map(({ step, found, selected }) => ({ at: value.indexOf(found), item: withKeys(selected, step) }))
    .sort((a, b) => a.at - b.at);
  return positions.map(({ item }) => item);
}

/** Whether a field set names a place, something below it, or a whole around it. That a map is there names nothing in it. */
export function holds(fields: JsonObject, path: FieldPath): boolean {
  let node = fields;
  for (const step of path) {
    if (isLeaf(node)) return node !== fields;
    if (!Object.hasOwn(node, step)) return false;
    node = subtree(node, step);
  }
  return true;
}

/** Whether a field set has a leaf at a place or around it: then everything there is held as one. */
export function isWhole(fields: JsonObject, path: FieldPath): boolean {
  return holds(fields, path) && isLeaf(path.reduce(subtree, fields));
}

/** A copy of `body` without what a field set names, but for places of which `isHeld` is true. */
export function dropFields(body: JsonObject, fields: JsonObject, isHeld: (path: FieldPath) => boolean): JsonObject {
  const dropped = wholes(fields, []).filter((path) => !isHeld(path));
  return dropped.reduce<JsonObject>((rest, path) => {
    const next = without(rest, path);
    return isObject(next) ? next : rest;
  }, body);
}

/** Places that the set names whole, an item of a list before what is in it. */
function wholes(fields: JsonObject, path: FieldPath): readonly FieldPath[] {
  const step = path.at(-1);
  // An item that stays keeps what tells it apart.
  const keys = step?.startsWith('k:') === true ? keyFields(step.slice(2)).map(([key]) => `f:${key}`) : [];
  const inner = Object.keys(fields).filter((each) => each !== '.' && !keys.includes(each));
  const below = inner.flatMap((each) => wholes(subtree(fields, each), [...path, each]));
  const isWhole = isLeaf(fields) || (Object.hasOwn(fields, '.') && step?.startsWith('f:') === false);
  return step !== undefined && isWhole ? [path, ...below] : below;
}

/** `below` says what stays of a node; `undefined` or nothing: the node goes, unless it is an item that is named itself. */
function narrow(fields: JsonObject, below: (step: string, fields: JsonObject) => JsonObject | undefined): JsonObject {
  const entries = Object.keys(fields).flatMap((step): readonly (readonly [string, JsonObject])[] => {
    if (step === '.') return [];
    const node = subtree(fields, step);
    const rest = below(step, node);
    if (rest === undefined) return [];
    if (isLeaf(node)) return [[step, node]];
    const item = Object.hasOwn(node, '.') && !step.startsWith('f:') ? { '.': {} } : {};
    const kept = { ...item, ...rest };
    return isLeaf(kept) ? [] : [[step, kept]];
  });
  return Object.fromEntries(entries);
}

function withKeys(item: JsonValue, step: string): JsonValue {
  if (!step.startsWith('k:') || !isObject(item)) return item;
  return { ...Object.fromEntries(keyFields(step.slice(2))), ...item };
}

/** At the root, where no leaf can be: an empty set. */
function isLeaf(fields: JsonObject): boolean {
  return Object.keys(fields).length === 0;
}
