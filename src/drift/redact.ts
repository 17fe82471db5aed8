import type { FieldDifference } from '../model/drift.ts';
import type { FieldPath } from '../object/managed-fields.ts';

/** Fields of a Secret that hold no secret. Everything else may, annotations with a copy of the manifest included. */
const OPEN = ['f:type', 'f:immutable'];

/**
 * Replaces the values of a Secret's field by `*** (before)` and `*** (after)`: that it changed may be known, what it
 * is may not.
 */
export function redactField(kind: string, path: FieldPath, difference: FieldDifference): FieldDifference {
  const open = OPEN.includes(path[0] ?? '') || (path[0] === 'f:metadata' && path[1] === 'f:labels');
  if (kind !== 'Secret' || open) return difference;
  return {
    ...difference,
    ...(difference.desired === undefined ? {} : { desired: '*** (after)' }),
    ...(difference.live === undefined ? {} : { live: '*** (before)' }),
  };
}
