import type { JsonObject, JsonValue } from '../model/json.ts';

/** What stands where text should: `the number 1.1`, `a list`. Of a Secret, `of`, only the type. */
export function describeValue(value: JsonValue, of: JsonObject): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const type = typeof value === 'bigint' ? 'number' : typeof value;
  return of['kind'] === 'Secret' ? `a ${type}` : `the ${type} ${String(value)}`;
}
