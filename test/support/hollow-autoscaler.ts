import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../src/model/json.ts';
import { listAt, numberAt, textAt } from '../../src/object/json.ts';
import { ApiError, type ApiClient } from './api-client.ts';

/**
 * The horizontal Pod autoscaler of a cluster whose Pods use nothing: it finds its metrics, is content with the lowest count,
 * and says so in the status. The real one needs a metrics API behind the API server, which needs a network of Pods.
 * Whoever wants a workload scaled does it as the real one does, through its `scale` subresource.
 */
export async function followAutoscalers(client: ApiClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { type, object } of client.watch('autoscaling/v2', 'HorizontalPodAutoscaler', signal)) {
        if (type !== 'DELETED' && needsStatus(object)) await report(client, object);
      }
    } catch (error) {
      if (error instanceof ApiError && ![404, 409, 429, 503].includes(error.status)) {
        console.error(`hollow autoscaler: ${error.message}`);
      }
    }
    await sleep(200, undefined, { signal }).catch(() => {});
  }
}

/** API servers count no generations of this kind. */
function needsStatus(autoscaler: JsonObject): boolean {
  return listAt(autoscaler, 'status', 'conditions').length === 0;
}

async function report(client: ApiClient, autoscaler: JsonObject): Promise<void> {
  const replicas = numberAt(autoscaler, 'spec', 'minReplicas') ?? 1;
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string, status: string, reason: string): JsonObject => ({
    type,
    status,
    reason,
    message: 'nothing to do',
    lastTransitionTime: now,
  });
  const status: JsonObject = {
    currentReplicas: replicas,
    desiredReplicas: replicas,
    conditions: [
      condition('AbleToScale', 'True', 'ReadyForNewScale'),
      condition('ScalingActive', 'True', 'ValidMetricFound'),
      condition('ScalingLimited', 'False', 'DesiredWithinRange'),
    ],
  };
  const namespace = textAt(autoscaler, 'metadata', 'namespace') ?? '';
  const name = textAt(autoscaler, 'metadata', 'name') ?? '';
  const target = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace, name };
  await client.patch(target, { status }, { type: 'merge', manager: 'kube-controller-manager', subresource: 'status' });
}
