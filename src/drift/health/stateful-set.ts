import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { textAt } from '../../object/json.ts';
import { countAt, printCount } from '../counts.ts';
import { current, inProgress, WAITING } from '../health-rule.ts';

/**
 * As kstatus and `kubectl rollout status`: all replicas ready, and those from the partition on of the newest revision.
 * It can not fail: its controller says nothing about why a Pod does not come.
 *
 * The partition counts from the first ordinal, so `spec.ordinals.start` does not matter here (seen on Kubernetes 1.36).
 *
 * One deviation: kstatus calls a StatefulSet with `OnDelete` Current without looking at its Pods. People delete these
 * Pods themselves, so an old revision is fine, but a Pod that is not ready is as wrong as everywhere.
 */
export function assessStatefulSet(object: JsonObject): Health {
  const wanted = countAt(object, 1, 'spec', 'replicas');
  const created = countAt(object, 0, 'status', 'replicas');
  const updated = countAt(object, 0, 'status', 'updatedReplicas');
  const ready = countAt(object, 0, 'status', 'readyReplicas');
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  const partition = countAt(object, 0, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  const target = onDelete ? 0 : Math.max(0, wanted - partition);

  if (created >= wanted && updated < target) return inProgress(`${updated}/${target} replicas updated`);
  if (ready < wanted || created < wanted) return inProgress(`${ready}/${wanted} replicas ready`);
  if (created > wanted) return inProgress(`${printCount(created - wanted, 'surplus replica')} still running`);
  if (isTooYoung(object, wanted)) return inProgress('waiting for minReadySeconds');
  if (wanted === 0) return current('scaled to zero');
  if (onDelete && updated < wanted) return current(`OnDelete, ${updated}/${wanted} replicas updated`);
  if (updated < wanted) return current(`partition ${partition}, ${updated}/${wanted} replicas updated`);
  return onDelete || partition > 0 || isSettled(object) ? current() : inProgress(WAITING);
}

/** Kubernetes before 1.22 has neither field, so the second is asked for only where the first is set. */
function isTooYoung(object: JsonObject, wanted: number): boolean {
  return (
    countAt(object, 0, 'spec', 'minReadySeconds') > 0 && countAt(object, 0, 'status', 'availableReplicas') < wanted
  );
}

/** The controller makes the new revision the current one as the last step of a rollout. */
function isSettled(object: JsonObject): boolean {
  return textAt(object, 'status', 'currentRevision') === textAt(object, 'status', 'updateRevision');
}
