import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { textAt } from '../../object/json.ts';
import { findCondition, isTrue } from '../conditions.ts';
import { containersOf, type Container } from '../containers.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * As kstatus: Current when Ready or completed, Failed in a crash loop, else InProgress. Argo CD
 * (`gitops-engine/pkg/health/health_pod.go`) adds that a container that can not start fails a Pod that is to run for ever
 * (`restartPolicy: Always`), and leaves one that is to end in progress: its work may still be done.
 *
 * Deviations from kstatus:
 * - A Pod that ended in failure is Failed, as in Argo CD. kstatus says Current, because nothing more will happen.
 * - Init containers count: one that crashes keeps the Pod from ever running.
 * - An unschedulable Pod is InProgress. kstatus calls it Failed after 15 seconds; a rule has no clock, and an autoscaler
 *   needs minutes for a node.
 */
export function assessPod(object: JsonObject): Health {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Succeeded') return current('completed');
  if (phase === 'Failed') return failed(describeFailure(object));
  if (phase === 'Running' && isTrue(object, 'Ready')) return current();
  if (phase === undefined) return inProgress(WAITING);
  return assessContainers(object) ?? inProgress(describeWait(object, phase));
}

function assessContainers(object: JsonObject): Health | undefined {
  const containers = containersOf(object);
  const crashing = containers.filter((each) => each.waiting === 'CrashLoopBackOff');
  if (crashing.length > 0) return failed(`crash loop: ${crashing.map(describeCrash).join(', ')}`);

  const unstartable = containers.filter((each) => isUnstartable(each.waiting));
  if (unstartable.length === 0) return undefined;
  const message = unstartable.map(describeUnstartable).join(', ');
  // The default of the API server is Always.
  return (textAt(object, 'spec', 'restartPolicy') ?? 'Always') === 'Always' ? failed(message) : inProgress(message);
}

/**
 * Reasons of the kubelet for a container that it could not start. A missing Secret or ConfigMap
 * (`CreateContainerConfigError`) is not one of them: another controller may be about to make it.
 */
function isUnstartable(reason: string): boolean {
  return IMAGE_REASONS.has(reason) || (reason.endsWith('Error') && reason !== CONFIG_ERROR);
}

const CONFIG_ERROR = 'CreateContainerConfigError';

/** The kubelet goes to and fro between the attempt that failed and the wait for the next: one text, or it flickers. */
const IMAGE_REASONS: ReadonlyMap<string, string> = new Map([
  ['ErrImagePull', 'image pull back-off'],
  ['ImagePullBackOff', 'image pull back-off'],
  ['RegistryUnavailable', 'image pull back-off'],
  ['SignatureValidationFailed', 'image pull back-off'],
  ['ErrImageNeverPull', 'image is not on the node'],
  ['InvalidImageName', 'invalid image name'],
]);

/** Not the message of the kubelet: it holds answers of registries and command lines. */
function describeUnstartable({ label, image, waiting }: Container): string {
  const words = IMAGE_REASONS.get(waiting);
  return words === undefined ? `${waiting}: ${label}` : `${words}: ${label} (${image})`;
}

/** Without the number of restarts, which would be news every few minutes. */
function describeCrash({ label, lastEnd }: Container): string {
  return lastEnd === '' ? label : `${label} (${lastEnd})`;
}

function describeWait(object: JsonObject, phase: string): string {
  const containers = containersOf(object);
  const unconfigured = containers.find((each) => each.waiting === CONFIG_ERROR);
  if (unconfigured !== undefined) return `waiting for configuration: ${unconfigured.label} (${unconfigured.message})`;
  if (phase !== 'Running') return describePending(object);
  const unready = containers.filter((each) => !each.ready).map((each) => each.label);
  return unready.length === 0 ? 'not ready' : `not ready: ${unready.join(', ')}`;
}

function describePending(object: JsonObject): string {
  const scheduled = findCondition(object, 'PodScheduled');
  if (scheduled?.status !== 'False') return 'starting';
  if (scheduled.reason === 'SchedulingGated') return 'scheduling gated';
  return `unschedulable: ${scheduled.message === '' ? scheduled.reason : scheduled.message}`;
}

/** `Evicted: …` for the whole Pod, else the containers that ended badly. */
function describeFailure(object: JsonObject): string {
  const reason = textAt(object, 'status', 'reason') ?? '';
  if (reason !== '') return `${reason}: ${textAt(object, 'status', 'message') ?? ''}`.replace(/: $/, '');
  const ended = containersOf(object).filter((each) => each.end !== '' && each.end !== 'exit code 0');
  return ended.length === 0 ? 'failed' : ended.map((each) => `${each.label}: ${each.end}`).join(', ');
}
