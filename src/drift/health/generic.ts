import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { listAt } from '../../object/json.ts';
import { conditionsAt, describeCondition, type Condition } from '../conditions.ts';
import { integerAt } from '../counts.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * For kinds without a rule of their own, custom resources above all, as kstatus (`generic.go`, `status.go`):
 * `Stalled` is Failed, `Reconciling` is InProgress, `Ready` says which; an object that has none of them is Current: it
 * has no opinion, and blocks nothing. `Ready: False` is InProgress, because it does not tell "not yet" from "never".
 *
 * Two deviations. Stalled wins over Reconciling in whatever order they are listed. And a condition may name the
 * generation that it speaks of (API conventions; Gateway API has it there and nowhere else): one that speaks of another
 * generation says nothing of this one.
 */
export function assessGeneric(object: JsonObject): Health {
  const generation = integerAt(object, 'metadata', 'generation');
  const isFresh = ({ observedGeneration: observed }: Condition): boolean =>
    observed === undefined || generation === undefined || observed === generation;
  if (isUnseen(object, isFresh)) return inProgress(WAITING);

  const conditions = conditionsAt(object, 'status', 'conditions');
  const active = (type: string): Condition | undefined =>
    conditions.find((each) => each.type === type && each.status === 'True' && isFresh(each));
  const [stalled, reconciling] = [active('Stalled'), active('Reconciling')];
  if (stalled !== undefined) return failed(describeCondition(stalled, 'stalled'));
  if (reconciling !== undefined) return inProgress(describeCondition(reconciling, 'reconciling'));

  const ready = conditions.find((each) => each.type === 'Ready');
  if (ready === undefined) return current();
  if (!isFresh(ready)) return inProgress(WAITING);
  return ready.status === 'True' ? current() : inProgress(describeCondition(ready, 'not ready'));
}

/**
 * Whether all conditions that name a generation name another one. Routes of the Gateway API have a list of conditions
 * for each parent, and the list of a parent whose controller is gone stays as it was: one that is fresh is enough.
 */
function isUnseen(object: JsonObject, isFresh: (condition: Condition) => boolean): boolean {
  const dated = [
    ...conditionsAt(object, 'status', 'conditions'),
    ...listAt(object, 'status', 'parents').flatMap((parent) => conditionsAt(parent, 'conditions')),
  ].filter((condition) => condition.observedGeneration !== undefined);
  return dated.length > 0 && !dated.some(isFresh);
}
