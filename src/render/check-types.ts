import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, mapAt, textAt } from '../object/json.ts';
import { BUILTIN_MERGE_SCHEMA, mergeFieldOf, mergeTypeOf, type MergeType, targetTypeOf } from '../object/merge-keys.ts';
import { formatPointer } from '../object/pointer.ts';
import { replicaField } from '../object/replicas.ts';
import type { ReportProblem } from './problem.ts';

/**
 * Types that rendering itself relies on: lists that merge item by item are lists, and counts that are divided are counts.
 * Read as something else they would be overlooked here, and refused by every API server later. Everything else about a
 * built-in kind its API server says, and it says it before anything is written.
 */
export function checkTypes(body: JsonObject, report: ReportProblem): void {
  checkCount(body, report);
  const type = mergeTypeOf(BUILTIN_MERGE_SCHEMA, textAt(body, 'apiVersion') ?? '', textAt(body, 'kind') ?? '');
  checkLists(body, type, [], (value, path) => {
    const what = `"${path.join('.')}" is ${describeType(value)}, and must be a list`;
    report('BAD_VALUE', formatPointer(path), what, 'Begin each item with "- ".');
  });
}

function checkCount(body: JsonObject, report: ReportProblem): void {
  const field = replicaField(body);
  const count = field === undefined ? undefined : mapAt(body, 'spec')[field];
  if (field === undefined || count === undefined || count === null) return;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return;
  const help = typeof count === 'string' && /^\d+$/.test(count) ? 'Remove the quotes.' : undefined;
  const what = `"spec.${field}" is ${describeType(count)}, and must be a whole number from 0`;
  report('BAD_VALUE', `/spec/${field}`, what, help);
}

function checkLists(
  value: JsonValue,
  type: MergeType | undefined,
  path: readonly string[],
  wrong: (value: JsonValue, path: readonly string[]) => void,
): void {
  if (type === undefined) return;
  if (isList(value)) {
    for (const [index, item] of value.entries()) checkLists(item, type, [...path, String(index)], wrong);
  } else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value)) {
      const field = mergeFieldOf(type, name);
      const place = [...path, name];
      if (field?.keys !== undefined && inner !== null && !isList(inner)) wrong(inner, place);
      else checkLists(inner, targetTypeOf(BUILTIN_MERGE_SCHEMA, field), place, wrong);
    }
  }
}

/** Texts are not quoted: what stands where it does not belong may be long, or a secret. */
function describeType(value: JsonValue): string {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  return isList(value) ? 'a list' : isObject(value) ? 'a map' : String(value);
}
