import { hash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../model/json.ts';

/** True for a map, false for null, lists and scalars. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a list. `Array.isArray` alone does not narrow a readonly list. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The value at a path of keys, or `undefined` where the path leaves the value. Own keys only. */
export function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let current = value;
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** The value of an own key: `constructor` is none, though every object in JavaScript has one. */
export function own<Value>(map: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The text at a path, or `undefined` where there is none. */
export function textAt(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The number at a path, or `undefined` where there is none. */
export function numberAt(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The list at a path; empty where there is none. */
export function listAt(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonValue[] {
  const found = at(value, ...path);
  return isList(found) ? found : [];
}

/** The map at a path; empty where there is none. */
export function mapAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

/** A copy without some keys. */
export function omit(map: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

/** JSON text. Integers that a double cannot hold are written digit by digit. */
export function printJson(value: JsonValue, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? RAW.rawJSON(String(item)) : item),
    indent,
  );
}

/** A value from JSON text; integers that a double cannot hold become `bigint`. Throws SyntaxError. */
export function parseJson(text: string): JsonValue {
  if (!/\d{16}/.test(text)) return parse(text);
  return parse(text, (_key, item, context) =>
    typeof item === 'number' && /^-?\d{16,}$/.test(context.source) && !Number.isSafeInteger(item)
      ? BigInt(context.source)
      : item,
  );
}

/** Whether two values mean the same; the order of keys means nothing. */
export function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** Hash by meaning: the order of keys does not matter. 22 characters of base64url (128 bits of SHA-256). */
export function hashJson(value: JsonValue): string {
  return hashText(canonical(value));
}

/** The same hash of a text. */
export function hashText(text: string): string {
  return hash('sha256', text, 'buffer').subarray(0, 16).toString('base64url');
}

/** JSON with sorted keys and without spaces. Every object that is read goes through here: loops, because they are twice as fast. */
export function canonical(value: JsonValue): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'bigint') return String(value);
  let members = '';
  if (isList(value)) {
    for (const item of value) members += `${members === '' ? '' : ','}${canonical(item)}`;
    return `[${members}]`;
  }
  if (!isObject(value)) return JSON.stringify(value);
  for (const key of Object.keys(value).sort()) {
    members += `${members === '' ? '' : ','}${quote(key)}:${canonical(value[key] ?? null)}`;
  }
  return `{${members}}`;
}

/** A text as JSON. Nearly none needs an escape, and to see that costs less than JSON.stringify. */
export function quote(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

// oxlint-disable-next-line no-unsafe-type-assertion -- in Node.js since 22, not yet in TypeScript's library
const RAW = JSON as unknown as { rawJSON(text: string): unknown };
// oxlint-disable-next-line no-unsafe-type-assertion -- the reviver's third parameter, as above
const parse = JSON.parse as (
  text: string,
  reviver?: (key: string, value: JsonValue, context: { readonly source: string }) => JsonValue,
) => JsonValue;
