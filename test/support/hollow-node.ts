import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../src/model/json.ts';
import { isObject, listAt, mapAt, numberAt, textAt } from '../../src/object/json.ts';
import { ApiError, createApiClient, type ApiClient, type Target } from './api-client.ts';
import { SUPPORT_USERS } from './audit-log.ts';
import type { ControlPlane } from './control-plane.ts';
import { followAutoscalers } from './hollow-autoscaler.ts';
import { podStatus } from './pod-status.ts';

const HOST_IP = '192.0.2.1';

/**
 * Scheduler and kubelet of one node that runs nothing: it binds every Pod that its labels and name allow, reports it as
 * {@link podStatus} says, and lets terminating Pods go. With the real controller manager, workloads come to life. It lives
 * through an API server that pauses or restarts.
 *
 * Disposing stops it; the Node object stays, as that of a machine that lost its power. Its requests are not among
 * `controlPlane.requests()`.
 */
export async function startHollowNode(controlPlane: ControlPlane, name = 'hollow'): Promise<AsyncDisposable> {
  const client = createApiClient(controlPlane.kubeconfigFor(SUPPORT_USERS.node, ['system:masters']));
  const node = await createNode(client, name);
  const stop = new AbortController();
  const done = Promise.all([followPods(client, node, stop.signal), followAutoscalers(client, stop.signal)]);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

async function createNode(client: ApiClient, name: string): Promise<JsonObject> {
  const resources = { cpu: '1000', memory: '1000Gi', 'ephemeral-storage': '1000Gi', pods: '10000' };
  await client.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [{ type: 'InternalIP', address: HOST_IP }],
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'nothing to do' }],
    },
  });
  // Admission marks every new node as not ready, and the controller that would take that back is not running.
  return client.patch({ apiVersion: 'v1', kind: 'Node', name }, { spec: { taints: null } });
}

/** Watches until the signal. Every watch begins with all Pods, so that nothing is lost between two. */
async function followPods(client: ApiClient, node: JsonObject, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const work = new Set<Promise<void>>();
    try {
      for await (const { type, object } of client.watch('v1', 'Pod', signal)) {
        if (type === 'DELETED') continue;
        const step = advance(client, node, object).finally(() => work.delete(step));
        work.add(step);
      }
    } catch {
      // The server is away or paused. What we missed comes with the next watch.
    }
    await Promise.all(work);
    await sleep(200, undefined, { signal }).catch(() => {});
  }
}

/** The one step that a Pod in this state needs, if any. Each changes the Pod, which brings it back here for the next. */
async function advance(client: ApiClient, node: JsonObject, pod: JsonObject): Promise<void> {
  const nodeName = textAt(node, 'metadata', 'name') ?? '';
  const bound = textAt(pod, 'spec', 'nodeName') ?? '';
  try {
    if (bound === '' && fits(pod, node)) {
      await bind(client, pod, nodeName);
    } else if (bound === nodeName && textAt(pod, 'metadata', 'deletionTimestamp') !== undefined) {
      await letGo(client, pod);
    } else if (bound === nodeName && mapAt(pod, 'status')['containerStatuses'] === undefined) {
      await report(client, pod);
    }
  } catch (error) {
    // Gone, or changed by somebody else in the same moment: the watch tells. No connection: the next watch does.
    if (error instanceof ApiError && ![404, 409, 429, 503].includes(error.status)) {
      console.error(`hollow node: ${error.message}`);
    }
  }
}

async function bind(client: ApiClient, pod: JsonObject, nodeName: string): Promise<void> {
  const { namespace, name } = targetOf(pod);
  await client.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, uid: textAt(pod, 'metadata', 'uid') ?? '' },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  });
}

/** A kubelet sends a strategic merge patch; the UID in it makes sure that no other Pod of this name gets it. */
async function report(client: ApiClient, pod: JsonObject): Promise<void> {
  const patch = { metadata: { uid: textAt(pod, 'metadata', 'uid') ?? '' }, status: podStatus(pod, HOST_IP) };
  await client.patch(targetOf(pod), patch, { type: 'strategic', manager: 'kubelet', subresource: 'status' });
}

/** Once only: a finalizer may hold the Pod after that, and its owner's controller removes it. */
async function letGo(client: ApiClient, pod: JsonObject): Promise<void> {
  if (numberAt(pod, 'metadata', 'deletionGracePeriodSeconds') === 0) return;
  const { namespace = '', name } = targetOf(pod);
  await client.delete('v1', 'Pod', namespace, name, {
    gracePeriodSeconds: 0,
    preconditions: { uid: textAt(pod, 'metadata', 'uid') ?? '' },
  });
}

/**
 * The part of a scheduler's filters that tests meet: gates, the node selector, and the required affinity to a node by name
 * that the DaemonSet controller gives its Pods.
 */
function fits(pod: JsonObject, node: JsonObject): boolean {
  if (textAt(pod, 'metadata', 'deletionTimestamp') !== undefined) return false;
  if (listAt(pod, 'spec', 'schedulingGates').length > 0) return false;
  const labels = mapAt(node, 'metadata', 'labels');
  if (!Object.entries(mapAt(pod, 'spec', 'nodeSelector')).every(([key, value]) => labels[key] === value)) return false;
  const required = ['spec', 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'];
  const names = listAt(pod, ...required, 'nodeSelectorTerms').flatMap((term) =>
    listAt(term, 'matchFields').flatMap((field) => (isObject(field) ? listAt(field, 'values') : [])),
  );
  return names.length === 0 || names.includes(textAt(node, 'metadata', 'name') ?? '');
}

function targetOf(pod: JsonObject): Target {
  const read = (field: string): string => textAt(pod, 'metadata', field) ?? '';
  return { apiVersion: 'v1', kind: 'Pod', namespace: read('namespace'), name: read('name') };
}
