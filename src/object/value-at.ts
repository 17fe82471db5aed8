import type { JsonValue } from '../model/json.ts';
import { isList, isObject } from './json.ts';

/** What stands at the segments of a pointer, through maps and lists; `undefined` where it leads nowhere. */
export function valueAt(root: JsonValue, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((value, segment) => {
    if (isObject(value)) return Object.hasOwn(value, segment) ? value[segment] : undefined;
    return isList(value) && /^(?:0|[1-9]\d*)$/.test(segment) ? value[Number(segment)] : undefined;
  }, root);
}
