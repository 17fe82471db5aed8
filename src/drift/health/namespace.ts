import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { textAt } from '../../object/json.ts';
import { current, inProgress, terminating, WAITING } from '../health-rule.ts';

/** By its phase. The API server writes Active at creation, so one without a phase is not finished. */
export function assessNamespace(object: JsonObject): Health {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Active') return current();
  return phase === 'Terminating' ? terminating('') : inProgress(WAITING);
}
