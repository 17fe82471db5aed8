import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { at, textAt } from '../../object/json.ts';
import { isTrue } from '../conditions.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * As kstatus: Current when bound. A claim whose volume is gone (`Lost`) is Failed, as in Argo CD, and so is one that can
 * not be resized as asked.
 *
 * A claim of a class with `volumeBindingMode: WaitForFirstConsumer` stays InProgress until a Pod uses it. The object
 * alone does not tell it from a claim that nobody will ever provide for, so the message names both. (Argo CD takes every
 * claim that no provisioner works on for Healthy.)
 */
export function assessPersistentVolumeClaim(object: JsonObject): Health {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Lost') return failed('its volume is gone');
  if (phase !== 'Bound') return inProgress(phase === undefined ? WAITING : describePending(object));
  if (INFEASIBLE.includes(textAt(object, 'status', 'allocatedResourceStatuses', 'storage') ?? '')) {
    return failed('the volume can not be resized as asked');
  }
  return current(RESIZING.some((type) => isTrue(object, type)) ? 'resizing' : '');
}

/** The volume controller writes the annotation when it asks a provisioner for a volume, and not before. */
function describePending(object: JsonObject): string {
  const provisioner =
    at(object, 'metadata', 'annotations', 'volume.kubernetes.io/storage-provisioner') ??
    at(object, 'metadata', 'annotations', 'volume.beta.kubernetes.io/storage-provisioner');
  return typeof provisioner === 'string'
    ? `waiting for a volume from ${provisioner}`
    : 'not bound: no volume matches yet, or no pod uses the claim yet';
}

/** Final, says `k8s.io/api/core/v1` (ClaimResourceStatus). */
const INFEASIBLE = ['ControllerResizeInfeasible', 'NodeResizeInfeasible'];

/** Not waited for: some drivers finish a resize only when a Pod is started anew. */
const RESIZING = ['Resizing', 'FileSystemResizePending'];
