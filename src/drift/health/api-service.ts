import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { describeCondition, findCondition } from '../conditions.ts';
import { current, inProgress, WAITING } from '../health-rule.ts';

/**
 * Current when available, else InProgress, as in Argo CD: the server behind it is a workload that may still be starting,
 * and tells itself when it failed. kstatus has no rule for it, and calls every one Current.
 */
export function assessApiService(object: JsonObject): Health {
  const available = findCondition(object, 'Available');
  return available?.status === 'True' ? current() : inProgress(describeCondition(available, WAITING));
}
