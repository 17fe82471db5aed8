import type { JsonObject, JsonValue } from '../model/json.ts';
import { at, isList, sameJson, textAt } from '../object/json.ts';
import { mergeFieldOf, type MergeSchema, type MergeType, mergeTypeOf, targetTypeOf } from '../object/merge-keys.ts';

/**
 * The way to a field that leads to the same field in every layer of an object. Layers order the items of a list
 * differently, so an item is known by its keys where its list has some, else by its position.
 */
export type FieldPath = readonly FieldStep[];

type FieldStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'item'; readonly index: number; readonly keys?: JsonObject };

/** Reads a pointer into `body`; `undefined`: there is no such field. An item may be named by its `name` too. */
export function fieldPath(body: JsonObject, segments: readonly string[], schema: MergeSchema): FieldPath | undefined {
  const steps: FieldStep[] = [];
  let value: JsonValue = body;
  let type: MergeType | undefined = mergeTypeOf(schema, textAt(body, 'apiVersion') ?? '', textAt(body, 'kind') ?? '');
  let keys: readonly string[] | undefined;
  for (const segment of segments) {
    const step: FieldStep | undefined = isList(value) ? itemStep(value, segment, keys) : { kind: 'key', key: segment };
    const next: JsonValue | undefined = step === undefined ? undefined : childOf(value, segmentOf(step));
    if (step === undefined || next === undefined) return undefined;
    steps.push(step);
    if (step.kind === 'key') {
      const field = mergeFieldOf(type, step.key);
      type = targetTypeOf(schema, field);
      ({ keys } = field ?? {});
    }
    value = next;
  }
  return steps;
}

function itemStep(
  list: readonly JsonValue[],
  segment: string,
  keys: readonly string[] | undefined,
): FieldStep | undefined {
  const named = list.findIndex((item) => textAt(item, 'name') === segment);
  const index = /^\d+$/.test(segment) ? Number(segment) : named;
  const item = list[index];
  if (item === undefined) return undefined;
  const pairs = (keys ?? []).flatMap((key) => {
    const value = at(item, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { kind: 'item', index, ...(pairs.length === 0 ? {} : { keys: Object.fromEntries(pairs) }) };
}

/** The way as it is in this layer, as far as it leads: `whole` tells whether to its end. */
export function followPath(
  value: JsonValue,
  path: FieldPath,
): { readonly segments: readonly string[]; readonly whole: boolean; readonly value: JsonValue } {
  const segments: string[] = [];
  let current = value;
  for (const step of path) {
    const segment = segmentIn(current, step);
    const next = segment === undefined ? undefined : childOf(current, segment);
    if (segment === undefined || next === undefined) return { segments, whole: false, value: current };
    segments.push(segment);
    current = next;
  }
  return { segments, whole: true, value: current };
}

function segmentIn(value: JsonValue, step: FieldStep): string | undefined {
  if (step.kind === 'key') return step.key;
  if (!isList(value)) return undefined;
  const { keys } = step;
  if (keys === undefined) return segmentOf(step);
  const index = value.findIndex((item) => Object.entries(keys).every(([key, own]) => sameJson(at(item, key), own)));
  return index < 0 ? undefined : String(index);
}

function childOf(value: JsonValue, segment: string): JsonValue | undefined {
  return isList(value) ? value[Number(segment)] : at(value, segment);
}

function segmentOf(step: FieldStep): string {
  return step.kind === 'key' ? step.key : String(step.index);
}
