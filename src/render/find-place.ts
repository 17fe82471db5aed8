import type { DocumentSource, Patch } from '../model/fleet.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { IDENTITY_FIELDS } from '../object/identity-fields.ts';
import { at, textAt } from '../object/json.ts';
import type { MergeSchema } from '../object/merge-keys.ts';
import { formatPointer, parsePointer } from '../object/pointer.ts';
import { fieldPath, type FieldPath, followPath } from './field-path.ts';

/** A field of a document: where a person finds it. `pointer` is into the document's object. */
export interface Place {
  readonly source: DocumentSource;
  readonly pointer: string;
}

/** A merged object, and what it was merged from. */
export interface Layers {
  readonly body: JsonObject;
  /** The object before the first patch. */
  readonly written: JsonObject;
  readonly source: DocumentSource;
  /** Those that touched it, in the order in which they were applied. */
  readonly patches: readonly Patch[];
}

/**
 * Where a field of a merged object is written: in the last of the patches that sets it, else in the base. Losing that would
 * send people to a file that does not have the mistake. A field that is absent is looked for in the patch that removes it,
 * else in the first layer that has the map around it. `pointer` is into `body`; items of lists are found by their keys, since
 * layers order them differently.
 */
export function findPlace(layers: Layers, pointer: string, schema: MergeSchema): Place {
  const { body, written, source, patches } = layers;
  // A patch repeats these to say which object it is for; it cannot change them.
  if (IDENTITY_FIELDS.some((path) => formatPointer(path) === pointer)) return { source, pointer };
  const segments = parsePointer(pointer) ?? [];
  const path = fieldPath(body, segments, schema);
  if (path === undefined) return placeOfAbsent(layers, segments, schema);
  for (const patch of patches.toReversed()) {
    const place = placeInPatch(patch, path, segments);
    if (place !== undefined) return place;
  }
  const { whole, segments: own } = followPath(written, path);
  return { source, pointer: whole ? formatPointer(own) : pointer };
}

function placeOfAbsent(
  { body, written, source, patches }: Layers,
  segments: readonly string[],
  schema: MergeSchema,
): Place {
  const field = segments.at(-1) ?? '';
  const around = fieldPath(body, segments.slice(0, -1), schema);
  const base = { source, pointer: formatPointer(segments) };
  if (around === undefined) return base;
  for (const patch of patches.toReversed()) {
    const place = placeOfRemoval(patch, around, segments);
    if (place !== undefined) return place;
  }
  const own = followPath(written, around);
  if (own.whole) return { source, pointer: formatPointer([...own.segments, field]) };
  for (const patch of patches) {
    const place = placeInPatch(patch, around, segments.slice(0, -1));
    if (place !== undefined) return place;
  }
  return base;
}

/** A merge says a field by having it; an operation, by writing it or something around it. */
function placeInPatch(patch: Patch, path: FieldPath, segments: readonly string[]): Place | undefined {
  if (patch.kind === 'merge') {
    const { whole, segments: own } = followPath(patch.merge, path);
    return whole ? inPatch(patch, own) : undefined;
  }
  const index = patch.ops.findLastIndex((op) => restOf(op, segments) !== undefined);
  if (index < 0) return undefined;
  const rest = restOf(patch.ops[index] ?? null, segments) ?? [];
  return inPatch(patch, [String(index), 'value', ...rest]);
}

function placeOfRemoval(patch: Patch, around: FieldPath, segments: readonly string[]): Place | undefined {
  if (patch.kind === 'merge') {
    const field = segments.at(-1) ?? '';
    const { whole, segments: own, value } = followPath(patch.merge, around);
    return whole && at(value, field) === null ? inPatch(patch, [...own, field]) : undefined;
  }
  const index = patch.ops.findLastIndex(
    (op) => textAt(op, 'op') === 'remove' && textAt(op, 'path') === formatPointer(segments),
  );
  return index < 0 ? undefined : inPatch(patch, [String(index)]);
}

function inPatch(patch: Patch, segments: readonly string[]): Place {
  return { source: patch.source, pointer: patch.contentPointer + formatPointer(segments) };
}

/** What is left of `path` behind the place that an operation writes; `undefined`: it does not write there. */
function restOf(op: JsonValue, path: readonly string[]): readonly string[] | undefined {
  const written = writtenBy(op);
  if (written === undefined || !WRITING.includes(textAt(op, 'op') ?? '')) return undefined;
  return written.every((segment, index) => segment === path[index]) ? path.slice(written.length) : undefined;
}

/** Operations whose `value` is what is written. */
const WRITING: readonly string[] = ['add', 'replace', 'copy', 'move', 'labels', 'annotations'];

function writtenBy(op: JsonValue): readonly string[] | undefined {
  const name = textAt(op, 'op') ?? '';
  return name === 'labels' || name === 'annotations' ? ['metadata', name] : parsePointer(textAt(op, 'path') ?? '');
}
