import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { at, textAt } from '../../object/json.ts';
import { describeCondition, findCondition, isTrue } from '../conditions.ts';
import { countAt, integerAt } from '../counts.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * Current when complete or suspended, Failed when failed, else InProgress.
 *
 * Deviations from kstatus, which calls a Job Current from the moment it starts: Argo CD and Flux wait until it is
 * complete, because a wave after a migration needs its result. And `FailureTarget` is Failed already: it is the
 * controller's decision, and `Failed` follows when the last Pod is gone.
 */
export function assessJob(object: JsonObject): Health {
  if (isTrue(object, 'Complete')) return current('completed');
  for (const type of ['Failed', 'FailureTarget']) {
    const condition = findCondition(object, type);
    if (condition?.status === 'True') return failed(describeCondition(condition, 'failed'));
  }
  if (at(object, 'spec', 'suspend') === true) {
    return isTrue(object, 'Suspended') ? current('suspended') : inProgress('suspending');
  }
  return inProgress(textAt(object, 'status', 'startTime') === undefined ? WAITING : describeProgress(object));
}

/** Without `spec.completions` it is a work queue, which is complete when one Pod says so. */
function describeProgress(object: JsonObject): string {
  const completions = integerAt(object, 'spec', 'completions');
  const succeeded = countAt(object, 0, 'status', 'succeeded');
  const broken = countAt(object, 0, 'status', 'failed');
  const done = completions === undefined ? `${succeeded} succeeded` : `${succeeded}/${completions} completions`;
  return broken === 0 ? done : `${done}, ${broken} failed`;
}
