import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { describeCondition, findCondition, isTrue } from '../conditions.ts';
import { current, failed, inProgress, terminating, WAITING } from '../health-rule.ts';

/**
 * As kstatus: Current when established, Failed when its names are taken by another.
 *
 * One deviation: kstatus takes whichever condition comes first. Names that are refused win here: an established one keeps
 * serving its old names, so what the manifest asks for is not there.
 */
export function assessCustomResourceDefinition(object: JsonObject): Health {
  if (isTrue(object, 'Terminating')) return terminating('');
  const names = findCondition(object, 'NamesAccepted');
  if (names?.status === 'False') return failed(describeCondition(names, 'its names are not accepted'));
  const established = findCondition(object, 'Established');
  if (established?.status === 'True') return current(describeSchema(object));
  // The few seconds until every API server has heard of it.
  if (established === undefined || established.reason === 'Installing') return inProgress(WAITING);
  return failed(describeCondition(established, 'not established'));
}

/** Only those from before Kubernetes 1.22 can have it: they work, but unknown fields are not pruned. */
function describeSchema(object: JsonObject): string {
  return isTrue(object, 'NonStructuralSchema') ? 'its schema is not structural' : '';
}
