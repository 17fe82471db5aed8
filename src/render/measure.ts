import type { JsonValue } from '../model/json.ts';
import { isList, isObject } from '../object/json.ts';

/** How large a value is when it is written down. */
export interface Measure {
  /** Characters of its JSON text, or a few more. */
  readonly size: number;
  /** Containers inside one another; 0 for a plain value. */
  readonly depth: number;
}

/**
 * Returns a function that measures values and remembers each map and list that it has seen: values never change, so
 * measuring one again after a small change costs what the change costs.
 */
export function createMeasure(): (value: JsonValue) => Measure {
  const known = new WeakMap<object, Measure>();
  return measure;

  function measure(value: JsonValue): Measure {
    if (!isList(value) && !isObject(value)) return { size: plainSize(value), depth: 0 };
    const seen = known.get(value);
    if (seen !== undefined) return seen;
    let [size, depth] = [2, 0];
    for (const [key, item] of Object.entries(value)) {
      const inner = measure(item);
      size += inner.size + (isList(value) ? 1 : key.length + 4);
      depth = Math.max(depth, inner.depth);
    }
    const result = { size, depth: depth + 1 };
    known.set(value, result);
    return result;
  }
}

function plainSize(value: null | boolean | number | bigint | string): number {
  return typeof value === 'string' ? value.length + 2 : String(value).length;
}
