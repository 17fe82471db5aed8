import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { listAt, textAt } from '../../object/json.ts';
import { conditionsAt } from '../conditions.ts';
import { integerAt } from '../counts.ts';
import { inProgress, terminating, WAITING } from '../health-rule.ts';

/**
 * What holds for every kind before its rule is asked: an object that is being deleted is Terminating, and one whose
 * controller has not seen this generation is InProgress, because its status speaks of another manifest. `undefined` where
 * neither holds.
 *
 * As in kstatus (`generic.go`), an observed generation that is ahead counts as unseen too: such a status came with a
 * restored backup. Flux lets its objects begin at -1.
 */
export function assessGate(object: JsonObject, kindKey: string): Health | undefined {
  if ((textAt(object, 'metadata', 'deletionTimestamp') ?? '') !== '') return terminating(describeDeletion(object));
  const generation = integerAt(object, 'metadata', 'generation');
  if (generation === undefined) return undefined;
  const observed = integerAt(object, 'status', 'observedGeneration');
  const unseen = observed === undefined ? ALWAYS_OBSERVED.has(kindKey) : observed !== generation;
  return unseen ? inProgress(WAITING) : undefined;
}

/**
 * Kinds whose controller never leaves `status.observedGeneration` out. Without it nobody has looked yet, and the zeros
 * that the API server puts into a new status would read as "nothing to do" for an object scaled to zero.
 */
const ALWAYS_OBSERVED: ReadonlySet<string> = new Set([
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'policy/PodDisruptionBudget',
]);

/** What a deletion waits for, where the object says so: the condition that explains most, else the finalizers. */
function describeDeletion(object: JsonObject): string {
  const conditions = conditionsAt(object, 'status', 'conditions').filter((condition) => condition.status === 'True');
  for (const type of DELETION_CONDITIONS) {
    const condition = conditions.find((each) => each.type === type);
    if (condition !== undefined) return condition.message === '' ? condition.reason : condition.message;
  }
  const finalizers = listAt(object, 'metadata', 'finalizers').filter((each) => typeof each === 'string');
  return finalizers.length === 0 ? '' : `waiting for ${finalizers.join(', ')}`;
}

/** Of Namespaces (`k8s.io/api/core/v1`, NamespaceConditionType) and of CustomResourceDefinitions, most telling first. */
const DELETION_CONDITIONS = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceFinalizersRemaining',
  'NamespaceContentRemaining',
  'Terminating',
];
