import type { DocumentSource, Patch } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import { isObject, textAt } from '../object/json.ts';
import { formatPointer, parsePointer } from '../object/pointer.ts';
import { IDENTITY } from './identity.ts';

/** A field of a document: where a person finds it. `pointer` is into the document's object. */
export interface Place {
  readonly source: DocumentSource;
  readonly pointer: string;
}

/**
 * Where a field of a merged object is written: in the last of the patches that sets it, else in the base. Losing that would
 * send people to a file that does not have the mistake.
 */
export function findPlace(base: DocumentSource, patches: readonly Patch[], pointer: string): Place {
  // A patch repeats these to say which object it is for; it cannot change them.
  if (IDENTITY.some((path) => formatPointer(path) === pointer)) return { source: base, pointer };
  for (const patch of patches.toReversed()) {
    const within = placeInPatch(patch, parsePointer(pointer) ?? []);
    if (within !== undefined) return { source: patch.source, pointer: patch.contentPointer + within };
  }
  return { source: base, pointer };
}

function placeInPatch(patch: Patch, path: readonly string[]): string | undefined {
  if (patch.kind === 'merge') return sets(patch.merge, path) ? formatPointer(path) : undefined;
  const index = patch.ops.findLastIndex((op) => restOf(op, path) !== undefined);
  if (index < 0) return undefined;
  const rest = restOf(patch.ops[index] ?? null, path) ?? [];
  return formatPointer([String(index), 'value', ...rest]);
}

/** A merge says a field by having it, also inside maps. Lists merge by rules of their own: no field of an item is found. */
function sets(merge: JsonValue, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  const inner = isObject(merge) && Object.hasOwn(merge, key) ? merge[key] : undefined;
  return inner !== undefined && sets(inner, rest);
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
