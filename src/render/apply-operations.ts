import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, textAt } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';
import { quoteName } from '../object/hidden.ts';
import { applyJsonPatch, type JsonPatchOptions } from './json-patch.ts';
import type { ObjectOperation } from './operations/operation.ts';
import { OBJECT_OPERATIONS } from './operations/table.ts';
import { nearestName } from '../object/nearest.ts';
import type { Problem } from './problem.ts';

/** What came of a list of operations: all or nothing. */
export type OperationsResult =
  | { readonly state: 'patched'; readonly object: JsonObject; readonly warnings: readonly Problem[] }
  | { readonly state: 'failed'; readonly problems: readonly Problem[] };

/**
 * Applies operations of RFC 6902 and those of {@link OBJECT_OPERATIONS}, one after the other. Problems point into the list.
 */
export function applyOperations(object: JsonObject, ops: JsonValue, options: JsonPatchOptions): OperationsResult {
  if (!isList(ops) || !ops.some(isObjectOperation)) return applyJsonPatch(object, ops, options);
  const warnings: Problem[] = [];
  let current = object;
  for (const [index, op] of ops.entries()) {
    const result = applyOne(current, op, index, options);
    if (result.state === 'failed') return result;
    warnings.push(...result.warnings);
    current = result.object;
  }
  return { state: 'patched', object: current, warnings };
}

function isObjectOperation(op: JsonValue): boolean {
  return OBJECT_OPERATIONS.some(({ name }) => name === textAt(op, 'op'));
}

function applyOne(object: JsonObject, op: JsonValue, index: number, options: JsonPatchOptions): OperationsResult {
  const own = OBJECT_OPERATIONS.find(({ name }) => name === textAt(op, 'op'));
  if (own === undefined || !isObject(op)) return at(index, applyJsonPatch(object, [op], options));
  const unknown = unknownFields(own, op);
  const { ops, problems } = unknown.length > 0 ? { ops: [], problems: unknown } : own.expand(object, op);
  const placed = problems.map((each) => ({ ...each, pointer: formatPointer([String(index)]) + each.pointer }));
  if (problems.some(({ severity }) => severity === 'error')) return { state: 'failed', problems: placed };
  if (ops.length === 0) return { state: 'patched', object, warnings: placed };
  const result = applyJsonPatch(object, ops, options);
  // What they say points into operations that nobody wrote.
  if (result.state === 'failed')
    return { ...result, problems: result.problems.map((each) => ({ ...each, pointer: `/${index}` })) };
  return { ...result, warnings: placed };
}

function unknownFields({ name, fields }: ObjectOperation, op: JsonObject): readonly Problem[] {
  const unknown = Object.keys(op).filter((key) => key !== 'op' && !fields.includes(key));
  return unknown.map((key) => {
    const near = nearestName(key, fields);
    return {
      code: 'UNKNOWN_FIELD',
      severity: 'error',
      message: `the operation ${name} has no field ${quoteName(key)}`,
      help: near === undefined ? `It has: ${fields.join(', ')}.` : `Did you mean "${near}"?`,
      pointer: formatPointer([key]),
      part: 'key',
    };
  });
}

/** A list of one knows only the number 0. */
function at(index: number, result: OperationsResult): OperationsResult {
  if (result.state === 'patched') return result;
  const problems = result.problems.map((each) => ({ ...each, pointer: each.pointer.replace(/^\/0/, `/${index}`) }));
  return { ...result, problems };
}
