import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { groupKindKey, groupOf } from '../../object/id.ts';
import { textAt } from '../../object/json.ts';
import { printHealthMessage } from '../health-message.ts';
import type { HealthRule } from '../health-rule.ts';
import { assessApiService } from './api-service.ts';
import { assessCronJob } from './cron-job.ts';
import { assessCustomResourceDefinition } from './custom-resource-definition.ts';
import { assessDaemonSet } from './daemon-set.ts';
import { assessDeployment } from './deployment.ts';
import { assessGate } from './gate.ts';
import { assessGeneric } from './generic.ts';
import { assessHorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { assessIngress } from './ingress.ts';
import { assessJob } from './job.ts';
import { assessNamespace } from './namespace.ts';
import { assessPersistentVolumeClaim } from './persistent-volume-claim.ts';
import { assessPersistentVolume } from './persistent-volume.ts';
import { assessPodDisruptionBudget } from './pod-disruption-budget.ts';
import { assessPod } from './pod.ts';
import { assessReplicaSet } from './replica-set.ts';
import { assessService } from './service.ts';
import { assessStatefulSet } from './stateful-set.ts';

/** The kinds with a rule of their own, by {@link groupKindKey}. */
export const HEALTH_RULES: ReadonlyMap<string, HealthRule> = new Map([
  ['/Namespace', assessNamespace],
  ['/PersistentVolume', assessPersistentVolume],
  ['/PersistentVolumeClaim', assessPersistentVolumeClaim],
  ['/Pod', assessPod],
  ['/Service', assessService],
  ['apiextensions.k8s.io/CustomResourceDefinition', assessCustomResourceDefinition],
  ['apiregistration.k8s.io/APIService', assessApiService],
  ['apps/DaemonSet', assessDaemonSet],
  ['apps/Deployment', assessDeployment],
  ['apps/ReplicaSet', assessReplicaSet],
  ['apps/StatefulSet', assessStatefulSet],
  ['autoscaling/HorizontalPodAutoscaler', assessHorizontalPodAutoscaler],
  ['batch/CronJob', assessCronJob],
  ['batch/Job', assessJob],
  ['networking.k8s.io/Ingress', assessIngress],
  ['policy/PodDisruptionBudget', assessPodDisruptionBudget],
]);

/**
 * How far a live object is, from itself alone: the same object gives the same answer on every tick and every machine.
 * Never throws, and never says NotFound or Unknown, which are states of an object that could not be read. The message
 * fits on one line of a commit status and holds no value of a Secret, an environment variable or a log.
 *
 * The rules follow kstatus (kubernetes-sigs/cli-utils, `pkg/kstatus/status`); each rule names where and why it does not.
 */
export function assessHealth(object: JsonObject): Health {
  const group = groupOf(textAt(object, 'apiVersion') ?? '');
  const key = groupKindKey({ group, kind: textAt(object, 'kind') ?? '' });
  const { state, message } = assessGate(object, key) ?? (HEALTH_RULES.get(key) ?? assessGeneric)(object);
  return { state, message: printHealthMessage(message) };
}
