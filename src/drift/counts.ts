import type { JsonValue } from '../model/json.ts';
import { at } from '../object/json.ts';

/** The integer at a path, or `undefined` where there is none. A `bigint` is rounded: it is only compared. */
export function integerAt(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  if (typeof found === 'bigint') return Number(found);
  return Number.isInteger(found) ? Number(found) : undefined;
}

/** The count at a path: an integer that is not negative. Anything else counts as `otherwise`. */
export function countAt(value: JsonValue | undefined, otherwise: number, ...path: readonly string[]): number {
  const found = integerAt(value, ...path);
  return found === undefined || found < 0 ? otherwise : found;
}

/** `1 replica`, `3 replicas`. */
export function printCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
