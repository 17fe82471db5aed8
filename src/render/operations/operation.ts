import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { Problem } from '../problem.ts';

/**
 * An operation that is written for what an object is, not for where a field stands: it becomes operations of RFC 6902 for
 * the object as it is at that moment. One file in this folder, one line in its table.
 */
export interface ObjectOperation {
  /** The value of `op`. */
  readonly name: string;
  /** What it can have besides `op`. Anything else is an error: it would be ignored, and somebody relies on it. */
  readonly fields: readonly string[];
  expand(object: JsonObject, operation: JsonObject): Expanded;
}

/** What an operation comes to. With an error among the problems nothing is applied. */
export interface Expanded {
  readonly ops: readonly JsonValue[];
  /** Pointers are into the operation. */
  readonly problems: readonly Problem[];
}

export type Action = 'add' | 'remove' | 'replace';

/** Nothing to do, because the operation or the object is not as it must be. */
export function failed(pointer: string, message: string, help?: string): Expanded {
  const problem: Problem = { code: 'PATCH_FAILED', severity: 'error', message, pointer };
  return { ops: [], problems: [help === undefined ? problem : { ...problem, help }] };
}

/** Nothing to do, which people may not expect. */
export function idle(pointer: string, message: string, help?: string): Expanded {
  const problem: Problem = { code: 'PATCH_FAILED', severity: 'warning', message, pointer };
  return { ops: [], problems: [help === undefined ? problem : { ...problem, help }] };
}
