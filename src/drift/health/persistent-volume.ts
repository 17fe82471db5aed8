import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { textAt } from '../../object/json.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * By its phase (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#phase). Available is Current: a volume
 * does not need a claim. So is Released, though nobody can claim it again until somebody cleans it up. Failed says that
 * it could not be reclaimed. kstatus has no rule for it, and calls every one Current.
 */
export function assessPersistentVolume(object: JsonObject): Health {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Available' || phase === 'Bound') return current();
  if (phase === 'Released') return current('released: its claim is gone');
  if (phase === 'Failed') return failed(textAt(object, 'status', 'message') ?? 'not reclaimed');
  return inProgress(WAITING);
}
