import type { JsonValue } from '../model/json.ts';
import { listAt, textAt } from '../object/json.ts';
import { integerAt } from './counts.ts';

/**
 * One entry of `status.conditions`
 * (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties).
 * Absent texts are `''`.
 */
export interface Condition {
  readonly type: string;
  /** `True`, `False` or `Unknown`, as far as the controller keeps to the convention. */
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** The generation it speaks of. Few kinds have it. */
  readonly observedGeneration: number | undefined;
}

/** The conditions in the list at a path, usually `status`, `conditions`. Entries without a type are left out. */
export function conditionsAt(value: JsonValue | undefined, ...path: readonly string[]): readonly Condition[] {
  return listAt(value, ...path)
    .map(parseCondition)
    .filter((condition) => condition.type !== '');
}

/** The condition of a type in `status.conditions`, or `undefined` where there is none. */
export function findCondition(object: JsonValue | undefined, type: string): Condition | undefined {
  return conditionsAt(object, 'status', 'conditions').find((condition) => condition.type === type);
}

/** Whether `status.conditions` has the type with status `True`. */
export function isTrue(object: JsonValue | undefined, type: string): boolean {
  return findCondition(object, type)?.status === 'True';
}

/** `Reason: message`, as far as the condition has them; else `otherwise`. */
export function describeCondition(condition: Condition | undefined, otherwise: string): string {
  const words = [condition?.reason, condition?.message].filter((word) => word !== undefined && word !== '');
  return words.length === 0 ? otherwise : words.join(': ');
}

function parseCondition(value: JsonValue): Condition {
  return {
    type: textAt(value, 'type') ?? '',
    status: textAt(value, 'status') ?? '',
    reason: textAt(value, 'reason') ?? '',
    message: textAt(value, 'message') ?? '',
    observedGeneration: integerAt(value, 'observedGeneration'),
  };
}
