import jsonPatch from 'fast-json-patch';
import { invariant } from '../model/errors.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, printJson, sameJson } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';
import { identityChanges } from './identity.ts';
import { parseOperations, problemOf } from './json-patch-parse.ts';
import type { JsonPatchProblem, Operation } from './json-patch-parse.ts';
import { createMeasure } from './measure.ts';
import type { Measure } from './measure.ts';
import { nearestPath } from './nearest-path.ts';

/** What came of a patch: all or nothing. */
export type JsonPatchResult =
  | { readonly state: 'patched'; readonly object: JsonObject; readonly warnings: readonly JsonPatchProblem[] }
  | { readonly state: 'failed'; readonly problems: readonly JsonPatchProblem[] };

export interface JsonPatchOptions {
  /** The object is a Secret: no problem may hold a value. */
  readonly secret: boolean;
}

/**
 * Applies a JSON patch (RFC 6902), strictly: whatever the RFC calls an error is one, and nothing is applied by halves.
 *
 * Refused beyond the RFC: to replace or remove the whole object, to change which object it is (IDENTITY_CHANGED), the keys
 * `__proto__`, `constructor` and `prototype` in paths, growth by `copy` beyond 1 MiB or twice the object's size, and
 * more than 1,000 operations (both TOO_LARGE). An empty list is a warning.
 *
 * Neither argument is changed. The result shares with the object what no operation touched, and with the patch its values.
 */
export function applyJsonPatch(object: JsonObject, ops: JsonValue, options: JsonPatchOptions): JsonPatchResult {
  const parsed = parseOperations(ops);
  if ('problems' in parsed) return { state: 'failed', problems: parsed.problems };
  const { operations } = parsed;
  const context = { ...options, original: object, measure: createMeasure() };
  let current = object;
  for (const [index, operation] of operations.entries()) {
    const next = applyOperation(context, current, operation);
    if ('refusal' in next) return { state: 'failed', problems: [problemOf({ op: index, ...next.refusal })] };
    current = next.object;
  }
  const problems = identityProblems(object, current, operations);
  if (problems.length > 0) return { state: 'failed', problems };
  return { state: 'patched', object: current, warnings: operations.length === 0 ? [EMPTY] : [] };
}

/** 1 MiB: what an API server takes is little more. */
const MAX_SIZE = 1024 * 1024;

/** As deep as a file may nest (design 2): nothing that comes later is asked to go deeper. */
const MAX_DEPTH = 100;

const EMPTY: JsonPatchProblem = {
  ...problemOf({ op: -1, path: '', message: 'the list of operations is empty, so it changes nothing' }),
  severity: 'warning',
  pointer: '',
};

interface Context extends JsonPatchOptions {
  readonly original: JsonObject;
  readonly measure: (value: JsonValue) => Measure;
}

/** Why an operation does not fit; the caller adds which one it is. */
interface Refusal {
  readonly code?: 'TOO_LARGE';
  /** The field of the operation that is wrong. */
  readonly field: 'path' | 'from' | 'value';
  readonly path: string;
  readonly message: string;
  readonly help?: string | undefined;
  readonly nearest?: string | undefined;
}

type Step = { readonly object: JsonObject } | { readonly refusal: Refusal };

function applyOperation(context: Context, object: JsonObject, operation: Operation): Step {
  const { op, path } = operation;
  switch (op) {
    case 'add':
      return add(context, object, op, path, operation.value);
    case 'remove':
      return existing(object, op, 'path', path, () => ({ object: write(object, path, { op }) }));
    case 'replace':
      return existing(object, op, 'path', path, () => {
        const { value } = operation;
        return tooDeep(context, op, path, value) ?? { object: write(object, path, { op, value }) };
      });
    case 'test':
      return existing(object, op, 'path', path, (found) =>
        sameJson(found, operation.value) ? { object } : testFailed(context, path, found, operation.value),
      );
    case 'copy':
      return existing(object, op, 'from', operation.from, (found) => copy(context, object, path, found));
    case 'move':
  }
  // RFC 6902, section 4.4: the same as to remove it there and add it here.
  return existing(object, op, 'from', operation.from, (found) =>
    add(context, write(object, operation.from, { op: 'remove' }), op, path, found),
  );
}

function add(
  context: Context,
  object: JsonObject,
  op: Operation['op'],
  path: readonly string[],
  value: JsonValue,
): Step {
  const place = locate(object, path);
  if (place.state === 'absent') return { refusal: absent(object, op, 'path', path, place) };
  return tooDeep(context, op, path, value) ?? { object: write(object, path, { op: 'add', value }) };
}

function copy(context: Context, object: JsonObject, path: readonly string[], value: JsonValue): Step {
  const { measure, original } = context;
  const maxSize = Math.max(MAX_SIZE, 2 * measure(original).size);
  if (measure(object).size + measure(value).size <= maxSize) return add(context, object, 'copy', path, value);
  const message = `copy to "${formatPointer(path)}": the object would grow beyond ${maxSize} characters`;
  return { refusal: { code: 'TOO_LARGE', field: 'path', path: formatPointer(path), message } };
}

function tooDeep(context: Context, op: Operation['op'], path: readonly string[], value: JsonValue): Step | undefined {
  if (path.length + context.measure(value).depth <= MAX_DEPTH) return undefined;
  const message = `${op} "${formatPointer(path)}": maps and lists would lie more than ${MAX_DEPTH} deep in one another`;
  return { refusal: { code: 'TOO_LARGE', field: 'path', path: formatPointer(path), message } };
}

/** Goes on with the value at a path, or says that there is none. */
function existing(
  object: JsonObject,
  op: Operation['op'],
  field: 'path' | 'from',
  path: readonly string[],
  then: (found: JsonValue) => Step,
): Step {
  const place = locate(object, path);
  return place.state === 'found' ? then(place.value) : { refusal: absent(object, op, field, path, place) };
}

type Place = { readonly state: 'found'; readonly value: JsonValue } | Nowhere;

interface Nowhere {
  /** `free`: nothing is there, but something can be added. */
  readonly state: 'free' | 'absent';
  /** The first segment that leads nowhere. */
  readonly at: number;
  readonly reason: string;
  /** A map has no such key, in contrast to what lists and plain values cannot have. */
  readonly inMap?: true;
}

/** Walks along own keys and proper indices only: the library also takes `toString` for a key, and `01` for an index. */
function locate(object: JsonObject, path: readonly string[]): Place {
  let value: JsonValue = object;
  for (const [at, segment] of path.entries()) {
    const isLast = at === path.length - 1;
    const here = `"${formatPointer(path.slice(0, at))}"`;
    const nowhere = (free: boolean, reason: string): Nowhere => ({ state: free ? 'free' : 'absent', at, reason });
    if (isObject(value)) {
      const inner: JsonValue | undefined = Object.hasOwn(value, segment) ? value[segment] : undefined;
      if (inner === undefined) {
        return { ...nowhere(isLast, `${at === 0 ? 'the object' : here} has no "${segment}"`), inMap: true };
      }
      value = inner;
    } else if (isList(value)) {
      if (segment === '-')
        return nowhere(isLast, `"-" is the place after the last item of ${here}: nothing is there yet`);
      if (!/^(?:0|[1-9]\d*)$/.test(segment)) return nowhere(false, `${here} is a list, and "${segment}" is no index`);
      const inner: JsonValue | undefined = value[Number(segment)];
      if (inner === undefined) return nowhere(isLast && Number(segment) === value.length, countOf(here, value.length));
      value = inner;
    } else {
      return nowhere(false, `${here} is a plain value with nothing inside`);
    }
  }
  return { state: 'found', value };
}

function countOf(list: string, length: number): string {
  if (length === 0) return `${list} is an empty list`;
  return `${list} has ${length === 1 ? 'one item, number 0' : `${length} items, numbers 0 to ${length - 1}`}`;
}

function absent(
  object: JsonObject,
  op: Operation['op'],
  field: 'path' | 'from',
  path: readonly string[],
  place: Nowhere,
): Refusal {
  const nearest = nearestPath(object, path);
  const parent = missingParent(op, field, path, place);
  const message = `${op} "${formatPointer(path)}": ${parent ?? place.reason}`;
  const help = nearest === undefined ? helpFor(op, field, path, place) : `Did you mean "${nearest}"?`;
  return { field, path: formatPointer(path), message, help, nearest };
}

/** Something is added to a map or list that is not there itself: that is what to say, not what its own parent lacks. */
function missingParent(
  op: Operation['op'],
  field: 'path' | 'from',
  path: readonly string[],
  { at, inMap }: Nowhere,
): string | undefined {
  if (!makes(op, field) || inMap === undefined || at === path.length - 1) return undefined;
  return `"${path[at] ?? ''}" is absent${at === 0 ? '' : ` in "${formatPointer(path.slice(0, at))}"`}`;
}

function makes(op: Operation['op'], field: 'path' | 'from'): boolean {
  return field === 'path' && (op === 'add' || op === 'copy' || op === 'move');
}

/** Two things that people run into: RFC 6902 makes no parents, and a `/` in a key must be escaped. */
function helpFor(
  op: Operation['op'],
  field: 'path' | 'from',
  path: readonly string[],
  { at, inMap }: Nowhere,
): string | undefined {
  if (!makes(op, field) || inMap === undefined || at === path.length - 1) return undefined;
  const [segment = '', ...rest] = path.slice(at);
  if (segment.includes('.')) {
    const key = formatPointer([...path.slice(0, at), [segment, ...rest].join('/')]);
    return `Where a "/" belongs to a key, write it as "~1": "${key}".`;
  }
  return `Add "${formatPointer(path.slice(0, at + 1))}" first, with {} or [] as its value.`;
}

function testFailed({ secret }: Context, path: readonly string[], found: JsonValue, wanted: JsonValue): Step {
  const pointer = formatPointer(path);
  const message = secret
    ? `test "${pointer}": the value is another one`
    : `test "${pointer}": the value is ${shown(found)}, not ${shown(wanted)}`;
  return { refusal: { field: 'value', path: pointer, message } };
}

function shown(value: JsonValue): string {
  if (isList(value)) return `a list of ${value.length}`;
  if (isObject(value)) return `a map of ${Object.keys(value).length}`;
  const text = printJson(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

/**
 * Lets the library do one plain step on copies of what lies on the path, so that all else is shared, and measuring stays
 * cheap. Its own clones would go through JSON text, which has no big integers. It has nothing left to refuse, so if it
 * does, we are wrong; its message holds the whole object and goes nowhere.
 */
function write(
  object: JsonObject,
  path: readonly string[],
  step: { readonly op: 'add' | 'replace'; readonly value: JsonValue } | { readonly op: 'remove' },
): JsonObject {
  const copied = copyAlong(object, path);
  try {
    jsonPatch.applyPatch(copied, [{ ...step, path: formatPointer(path) }], true, true);
  } catch {
    invariant(false, `fast-json-patch refuses what was checked before: ${step.op} "${formatPointer(path)}"`);
  }
  return copied;
}

function copyAlong(object: JsonObject, path: readonly string[]): JsonObject {
  const copied: Record<string, JsonValue> = { ...object };
  let parent: Record<string, JsonValue> | JsonValue[] = copied;
  for (const segment of path.slice(0, -1)) {
    const inner: JsonValue | undefined = Array.isArray(parent) ? parent[Number(segment)] : parent[segment];
    const copy: Record<string, JsonValue> | JsonValue[] = isList(inner)
      ? [...inner]
      : isObject(inner)
        ? { ...inner }
        : {};
    if (Array.isArray(parent)) parent[Number(segment)] = copy;
    else parent[segment] = copy;
    parent = copy;
  }
  return copied;
}

function identityProblems(
  before: JsonObject,
  after: JsonObject,
  operations: readonly Operation[],
): readonly JsonPatchProblem[] {
  return identityChanges(before, after).map(({ path, message, help }) => {
    const touches = (other: readonly string[]): boolean =>
      other.every((segment, at) => at >= path.length || segment === path[at]);
    const index = operations.findLastIndex(
      (each) => (each.op !== 'test' && touches(each.path)) || (each.op === 'move' && touches(each.from)),
    );
    const field = operations[index]?.op === 'move' && !touches(operations[index].path) ? 'from' : 'path';
    return problemOf({ code: 'IDENTITY_CHANGED', op: index, field, path: formatPointer(path), message, help });
  });
}
