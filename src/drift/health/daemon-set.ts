import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { textAt } from '../../object/json.ts';
import { countAt, integerAt } from '../counts.ts';
import { current, inProgress, WAITING } from '../health-rule.ts';

/**
 * As kstatus: a Pod on every node that should have one, of the newest template, ready and available.
 *
 * One deviation: with `OnDelete` old Pods are fine, because people delete them themselves (`kubectl rollout status`
 * refuses to wait for these at all). kstatus would wait for ever.
 */
export function assessDaemonSet(object: JsonObject): Health {
  if (integerAt(object, 'status', 'desiredNumberScheduled') === undefined) return inProgress(WAITING);
  const wanted = countAt(object, 0, 'status', 'desiredNumberScheduled');
  const scheduled = countAt(object, 0, 'status', 'currentNumberScheduled');
  const updated = countAt(object, 0, 'status', 'updatedNumberScheduled');
  const ready = countAt(object, 0, 'status', 'numberReady');
  const available = countAt(object, 0, 'status', 'numberAvailable');
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';

  if (scheduled < wanted) return inProgress(`${scheduled}/${wanted} pods scheduled`);
  if (updated < wanted && !onDelete) return inProgress(`${updated}/${wanted} pods updated`);
  if (ready < wanted) return inProgress(`${ready}/${wanted} pods ready`);
  if (available < wanted) return inProgress(`${available}/${wanted} pods available`);
  if (wanted === 0) return current('no node matches');
  return current(updated < wanted ? `OnDelete, ${updated}/${wanted} pods updated` : '');
}
