import type { JsonObject, JsonValue } from '../model/json.ts';
import { mapAt, sameJson } from '../object/json.ts';

/** Fields of a Secret that hold secrets; an annotation may hold a copy of the manifest. */
const SECRET_FIELDS = ['data', 'stringData'] as const;

/**
 * Both sides of a Secret without its values: which keys there are and which changed may be seen, what they are may not.
 * Objects of other kinds come back as they are.
 */
export function maskSecret(
  kind: string,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): readonly [JsonObject | undefined, JsonObject | undefined] {
  if (kind !== 'Secret') return [before, after];
  return [mask(before, after, '*** (before)'), mask(after, before, '*** (after)')];
}

function mask(own: JsonObject | undefined, other: JsonObject | undefined, changed: string): JsonObject | undefined {
  if (own === undefined) return undefined;
  const fields = SECRET_FIELDS.filter((field) => own[field] !== undefined).map(
    (field) => [field, maskValues(mapAt(own, field), mapAt(other, field), changed)] as const,
  );
  const metadata = mapAt(own, 'metadata');
  const annotations =
    metadata['annotations'] === undefined
      ? {}
      : { annotations: maskValues(mapAt(metadata, 'annotations'), mapAt(other, 'metadata', 'annotations'), changed) };
  return { ...own, metadata: { ...metadata, ...annotations }, ...Object.fromEntries(fields) };
}

function maskValues(own: JsonObject, other: JsonObject, changed: string): JsonObject {
  const entries = Object.entries(own).map(([key, value]): readonly [string, JsonValue] => [
    key,
    sameJson(value, other[key]) ? '***' : changed,
  ]);
  return Object.fromEntries(entries);
}
