import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { at, listAt, textAt } from '../../object/json.ts';
import { current } from '../health-rule.ts';

/**
 * Always Current, as kstatus: the schedule is what the manifest asks for, and it is in force from the start. A run that
 * failed is only a message: the next one may be a day away, and a rollout can not wait for it (Argo CD calls it
 * Degraded).
 */
export function assessCronJob(object: JsonObject): Health {
  if (at(object, 'spec', 'suspend') === true) return current('suspended');
  return current(hasFailed(object) ? 'the last run did not succeed' : '');
}

/** Both times are RFC 3339 in UTC with seconds, so they compare as text. */
function hasFailed(object: JsonObject): boolean {
  const scheduled = textAt(object, 'status', 'lastScheduleTime') ?? '';
  const succeeded = textAt(object, 'status', 'lastSuccessfulTime') ?? '';
  return listAt(object, 'status', 'active').length === 0 && succeeded < scheduled;
}
