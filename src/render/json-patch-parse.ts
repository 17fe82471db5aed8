import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, own } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { formatPointer, parsePointer } from '../object/pointer.ts';
import { UNSAFE_KEYS } from '../object/unsafe-keys.ts';
import type { Problem } from './problem.ts';

/** One operation of RFC 6902, its pointers taken apart. */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: readonly string[]; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: readonly string[] }
  | { readonly op: 'move' | 'copy'; readonly from: readonly string[]; readonly path: readonly string[] };

/** What is wrong with a list of operations. `pointer` is into that list, `path` into the object. */
export interface JsonPatchProblem extends Problem {
  /** Index of the operation, from 0; -1 for the list as a whole. */
  readonly op: number;
  /** The `path` or `from` that it is about, as it is written; `''` where there is none. */
  readonly path: string;
  /** A place that exists and was probably meant. */
  readonly nearest?: string;
}

/**
 * The operations of a patch, checked as far as that goes without an object: form, pointers, and what no patch may do to any
 * object. Problems of all of them are returned at once.
 */
export function parseOperations(
  ops: JsonValue,
): { readonly operations: readonly Operation[] } | { readonly problems: readonly JsonPatchProblem[] } {
  if (!isList(ops)) {
    const [message, help] = ['a JSON patch is a list of operations', 'Write a list: "- op: replace".'];
    return { problems: [{ ...problemOf({ op: -1, path: '', message, help }), pointer: '' }] };
  }
  if (ops.length > MAX_OPERATIONS) {
    const message = `a JSON patch has at most ${MAX_OPERATIONS} operations, and this one has ${ops.length}`;
    return { problems: [{ ...problemOf({ code: 'TOO_LARGE', op: -1, path: '', message }), pointer: '' }] };
  }
  const problems: JsonPatchProblem[] = [];
  const operations: Operation[] = [];
  for (const [index, each] of ops.entries()) {
    const parsed = parseOperation(each, index, problems);
    if (parsed !== undefined) operations.push(parsed);
  }
  return problems.length > 0 ? { problems } : { operations };
}

/** A problem of one operation, from what is special about it. */
export function problemOf(parts: {
  readonly code?: Problem['code'] | undefined;
  readonly op: number;
  /** The field of the operation at which it is; absent: the operation as a whole. */
  readonly field?: string | undefined;
  readonly path: string;
  readonly message: string;
  readonly help?: string | undefined;
  readonly nearest?: string | undefined;
}): JsonPatchProblem {
  const { code = 'PATCH_FAILED', op, field, path, message, help, nearest } = parts;
  return {
    code,
    severity: 'error',
    message,
    ...(help !== undefined && { help }),
    pointer: formatPointer(field === undefined ? [String(op)] : [String(op), field]),
    op,
    path,
    ...(nearest !== undefined && { nearest }),
  };
}

/** What an operation costs grows with the object. A patch that people can read is far shorter. */
const MAX_OPERATIONS = 1_000;

const NAMES = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const;

function parseOperation(value: JsonValue, index: number, problems: JsonPatchProblem[]): Operation | undefined {
  if (!isObject(value)) {
    problems.push(problemOf({ op: index, path: '', message: 'an operation is a map with "op" and "path"' }));
    return undefined;
  }
  const op = NAMES.find((name) => name === own(value, 'op'));
  if (op === undefined) {
    problems.push(unknownOperation(own(value, 'op'), index));
    return undefined;
  }
  const path = parsePath(value, 'path', op, index, problems);
  const from = op === 'move' || op === 'copy' ? parsePath(value, 'from', op, index, problems) : [];
  if (path === undefined || from === undefined) return undefined;
  if (op === 'remove') return { op, path };
  if (op === 'add' || op === 'replace' || op === 'test') return withValue(op, path, value, index, problems);
  if (op === 'copy' || path.length <= from.length || !from.every((segment, at) => segment === path[at])) {
    return { op, from, path };
  }
  const message = `move "${formatPointer(from)}" to "${formatPointer(path)}": nothing can be moved into itself`;
  problems.push(problemOf({ op: index, field: 'path', path: formatPointer(path), message }));
  return undefined;
}

function withValue(
  op: 'add' | 'replace' | 'test',
  path: readonly string[],
  operation: JsonObject,
  index: number,
  problems: JsonPatchProblem[],
): Operation | undefined {
  const value = own(operation, 'value');
  if (value !== undefined) return { op, path, value };
  const pointer = formatPointer(path);
  const near = nearestName('value', Object.keys(operation));
  const help = near === undefined ? 'Write "value: null" where null is meant.' : `Did you mean "value" by "${near}"?`;
  problems.push(
    problemOf({ op: index, path: pointer, message: `${op} "${pointer}": the operation has no "value"`, help }),
  );
  return undefined;
}

function parsePath(
  operation: JsonObject,
  field: 'path' | 'from',
  op: Operation['op'],
  index: number,
  problems: JsonPatchProblem[],
): readonly string[] | undefined {
  const text = own(operation, field);
  const refuse = (path: string, message: string, help?: string): undefined => {
    const at = text === undefined ? undefined : field;
    problems.push(problemOf({ op: index, field: at, path, message, help }));
  };
  if (typeof text !== 'string') return refuse('', `${op}: "${field}" must be a text like "/spec/replicas"`);
  const path = parsePointer(text);
  if (path === undefined) {
    return text.startsWith('/')
      ? refuse(
          text,
          `${op} "${text}": a "~" must be followed by 0 or 1`,
          'Write "~0" for "~", and "~1" for "/" in a key.',
        )
      : refuse(text, `${op} "${text}": a path begins with "/"`, `Did you mean "${slashed(text)}"?`);
  }
  // The library would refuse some of them, with a stack trace.
  const forbidden = path.find((segment) => UNSAFE_KEYS.has(segment));
  if (forbidden !== undefined) return refuse(text, `${op} "${text}": "${forbidden}" cannot be part of a path`);
  // To copy the whole into itself is odd but harmless, and so is to test it.
  if (path.length > 0 || op === 'test' || (op === 'copy' && field === 'from')) return path;
  return refuse(text, `${op} "": an object cannot be replaced or removed as a whole`, WHOLE_HELP[op]);
}

const WHOLE_HELP: Readonly<Record<Operation['op'], string | undefined>> = {
  add: 'Name the fields that are to change.',
  replace: 'Name the fields that are to change.',
  copy: 'Name the fields that are to change.',
  move: 'Name the fields that are to move.',
  remove: 'Write "$patch: delete" in a merge patch to remove the object.',
  test: undefined,
};

/** `spec.replicas` and `spec/replicas` → `/spec/replicas`. */
function slashed(text: string): string {
  return `/${text.includes('/') ? text : text.replaceAll('.', '/')}`;
}

function unknownOperation(value: JsonValue | undefined, index: number): JsonPatchProblem {
  const near = typeof value === 'string' ? nearestName(value, NAMES) : undefined;
  const help = near === undefined ? `Write one of ${NAMES.join(', ')}.` : `Did you mean "${near}"?`;
  const message = typeof value === 'string' ? `there is no operation "${value}"` : 'the operation has no "op"';
  return problemOf({ op: index, field: value === undefined ? undefined : 'op', path: '', message, help });
}
