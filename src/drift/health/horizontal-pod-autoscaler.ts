import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { parseJson, textAt } from '../../object/json.ts';
import { conditionsAt, describeCondition, type Condition } from '../conditions.ts';
import { current, failed, inProgress, WAITING } from '../health-rule.ts';

/**
 * By its conditions, as in Argo CD (`gitops-engine/pkg/health/health_hpa.go`): Failed when it can not reach what it
 * scales, Current when it can. Being at a limit (`TooFewReplicas`, `TooManyReplicas`) is what the limits are for. kstatus
 * has no rule for it, and calls every one Current.
 *
 * One deviation from Argo CD: metrics that can not be read (`FailedGet…Metric`) are InProgress, not Failed. Every new
 * autoscaler is in that state until the first Pods report, about a minute, and the status of one that never saw a metric
 * and of one that lost them is the same (argoproj/argo-cd#6287).
 */
export function assessHorizontalPodAutoscaler(object: JsonObject): Health {
  const conditions = readConditions(object);
  const broken = conditions.find((each) => BROKEN.includes(each.reason));
  if (broken !== undefined) return failed(describeCondition(broken, ''));
  const blind = conditions.find((each) => each.type === 'ScalingActive' && each.status === 'False');
  if (blind !== undefined && blind.reason !== 'ScalingDisabled') return inProgress(describeCondition(blind, ''));
  // The controller writes AbleToScale first, and ScalingLimited once it has computed a number.
  if (!conditions.some((each) => each.status === 'True' && HEALTHY.includes(each.type))) return inProgress(WAITING);
  return current(blind === undefined ? '' : 'disabled: its target is scaled to zero');
}

/** Reasons that no metric will cure. The controller gives them to no condition that is well. */
const BROKEN = [
  'FailedGetScale',
  'FailedUpdateScale',
  'InvalidSelector',
  'AmbiguousSelector',
  'InvalidMetricSourceType',
];

const HEALTHY = ['AbleToScale', 'ScalingLimited'];

/** `autoscaling/v1` has no conditions: the API server puts those of `v2` into an annotation, as JSON. */
function readConditions(object: JsonObject): readonly Condition[] {
  const listed = conditionsAt(object, 'status', 'conditions');
  const annotation = textAt(object, 'metadata', 'annotations', 'autoscaling.alpha.kubernetes.io/conditions');
  if (listed.length > 0 || annotation === undefined) return listed;
  try {
    return conditionsAt(parseJson(annotation));
  } catch {
    return []; // Anybody may write annotations.
  }
}
