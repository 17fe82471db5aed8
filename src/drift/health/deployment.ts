import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { at } from '../../object/json.ts';
import { describeCondition, findCondition, isTrue } from '../conditions.ts';
import { countAt, printCount } from '../counts.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * As kstatus: Failed when the progress deadline is exceeded, Current when all replicas are of the newest template,
 * available, and no other is left.
 *
 * One deviation: a paused Deployment is judged without its rollout. The manifest asks for the pause, so what is left to
 * wait for is that enough replicas, of whatever template, are there. kstatus would wait until somebody resumes it.
 */
export function assessDeployment(object: JsonObject): Health {
  const rollout = readRollout(object);
  const lag = describeLag(rollout);
  if (findCondition(object, 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    return failed(`progress deadline exceeded${lag === undefined ? '' : `: ${lag}`}`);
  }
  if (lag !== undefined) return inProgress(`${lag}${describeReplicaFailure(object)}`);
  if (!rollout.paused && !isComplete(object)) return inProgress(WAITING);
  if (!isTrue(object, 'Available')) return inProgress('not available yet');
  if (rollout.paused) return current(describePause(rollout));
  return current(rollout.wanted === 0 ? 'scaled to zero' : '');
}

interface Rollout {
  readonly wanted: number;
  readonly created: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  readonly paused: boolean;
}

function readRollout(object: JsonObject): Rollout {
  return {
    wanted: countAt(object, 1, 'spec', 'replicas'),
    created: countAt(object, 0, 'status', 'replicas'),
    updated: countAt(object, 0, 'status', 'updatedReplicas'),
    ready: countAt(object, 0, 'status', 'readyReplicas'),
    available: countAt(object, 0, 'status', 'availableReplicas'),
    paused: at(object, 'spec', 'paused') === true,
  };
}

function describeLag({ wanted, created, updated, ready, available, paused }: Rollout): string | undefined {
  if (created >= wanted && updated < wanted && !paused) return `${updated}/${wanted} replicas updated`;
  if (ready < wanted || created < wanted) return `${ready}/${wanted} replicas ready`;
  // A rollout that was paused half-way keeps the replicas of its surge.
  if (created > wanted && !paused) return `${printCount(created - wanted, 'surplus replica')} still running`;
  if (available < wanted) return `${available}/${wanted} replicas available`;
  return undefined;
}

/** A quota or an admission webhook refuses Pods. The controller keeps trying until the progress deadline. */
function describeReplicaFailure(object: JsonObject): string {
  const condition = findCondition(object, 'ReplicaFailure');
  return condition?.status === 'True' ? `: ${describeCondition(condition, 'a pod is refused')}` : '';
}

/**
 * The counts are right a moment before the controller confirms the rollout. It confirms none where there is no deadline;
 * 2147483647 means none (`HasProgressDeadline` in `pkg/controller/deployment/util`).
 */
function isComplete(object: JsonObject): boolean {
  if (countAt(object, NO_DEADLINE, 'spec', 'progressDeadlineSeconds') >= NO_DEADLINE) return true;
  const progressing = findCondition(object, 'Progressing');
  return progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable';
}

const NO_DEADLINE = 2_147_483_647;

function describePause({ wanted, updated }: Rollout): string {
  return updated < wanted ? `paused, ${updated}/${wanted} replicas updated` : 'paused';
}
