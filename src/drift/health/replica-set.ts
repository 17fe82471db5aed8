import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { describeCondition, findCondition } from '../conditions.ts';
import { countAt, printCount } from '../counts.ts';
import { current, inProgress } from '../health-rule.ts';

/**
 * As kstatus: as many Pods as asked for, with all labels of the template, ready and available, and none too many.
 * `ReplicaFailure` is InProgress, not Failed: the controller tries again, and a quota may be raised.
 */
export function assessReplicaSet(object: JsonObject): Health {
  const wanted = countAt(object, 1, 'spec', 'replicas');
  const created = countAt(object, 0, 'status', 'replicas');
  const labelled = countAt(object, 0, 'status', 'fullyLabeledReplicas');
  const ready = countAt(object, 0, 'status', 'readyReplicas');
  const available = countAt(object, 0, 'status', 'availableReplicas');

  const failure = findCondition(object, 'ReplicaFailure');
  if (failure?.status === 'True')
    return inProgress(`${ready}/${wanted} replicas ready: ${describeCondition(failure, 'a pod is refused')}`);
  if (ready < wanted) return inProgress(`${ready}/${wanted} replicas ready`);
  if (labelled < wanted) return inProgress(`${labelled}/${wanted} replicas have all labels of the template`);
  if (available < wanted) return inProgress(`${available}/${wanted} replicas available`);
  if (created > wanted) return inProgress(`${printCount(created - wanted, 'surplus replica')} still running`);
  return current(wanted === 0 ? 'scaled to zero' : '');
}
