import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { describeCondition, findCondition } from '../conditions.ts';
import { countAt, integerAt } from '../counts.ts';
import { current, failed, inProgress } from '../health-rule.ts';

/**
 * Current when as many Pods are healthy as it protects, as in Karmada. `SyncFailed` is Failed, as in Argo CD: the
 * controller can not compute the budget, most often because of who owns the Pods. kstatus calls every one Current that
 * the controller has seen; the gate asks for that here too.
 *
 * A budget that no Pod matches has nothing to protect: it must not wait for a workload that is scaled to zero.
 */
export function assessPodDisruptionBudget(object: JsonObject): Health {
  const allowed = findCondition(object, 'DisruptionAllowed');
  if (allowed?.status === 'False' && allowed.reason === 'SyncFailed') return failed(describeCondition(allowed, ''));
  if (integerAt(object, 'status', 'expectedPods') === 0) return current('no pod matches');
  const wanted = countAt(object, 0, 'status', 'desiredHealthy');
  const healthy = countAt(object, 0, 'status', 'currentHealthy');
  return healthy < wanted ? inProgress(`${healthy}/${wanted} pods healthy`) : current();
}
