import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isObject, listAt, numberAt, textAt } from '../../src/object/json.ts';

/** How a Pod fares on a hollow node. */
export type Fate = 'runs' | 'completes' | 'fails' | 'crashes' | 'cannot-pull';

/**
 * What becomes of a Pod. Nothing is really run, so it is told by what is in it: it runs, or completes where it is one that
 * ends (`restartPolicy` is not Always). An image with the tag `failing` exits with 1, one with the tag `missing` does not
 * exist: a test breaks a workload as people do, by a change of its image.
 */
export function fateOf(pod: JsonObject): Fate {
  const tags = containersOf(pod, 'containers').map((each) => textAt(each, 'image')?.split(':').at(-1));
  const restartPolicy = textAt(pod, 'spec', 'restartPolicy') ?? 'Always';
  if (tags.includes('missing')) return 'cannot-pull';
  if (tags.includes('failing')) return restartPolicy === 'Never' ? 'fails' : 'crashes';
  return restartPolicy === 'Always' ? 'runs' : 'completes';
}

/**
 * The status that a kubelet would report for a Pod in the end, as it is after all steps between. The same for the same
 * Pod: times are those of its creation, and its address comes from its UID.
 */
export function podStatus(pod: JsonObject, hostIp: string): JsonObject {
  const fate = fateOf(pod);
  const at = textAt(pod, 'metadata', 'creationTimestamp') ?? '';
  const podIp = addressOf(textAt(pod, 'metadata', 'uid') ?? '');
  const ready = fate === 'runs';
  return {
    phase: PHASES[fate],
    observedGeneration: numberAt(pod, 'metadata', 'generation') ?? 1,
    conditions: [
      condition('PodReadyToStartContainers', true, at),
      condition('Initialized', true, at),
      condition('ContainersReady', ready, at, fate),
      condition('Ready', ready, at, fate),
    ],
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: at,
    initContainerStatuses: containersOf(pod, 'initContainers').map((container) =>
      containerStatus(
        container,
        container['restartPolicy'] === 'Always' ? { running: { startedAt: at } } : terminated(0, at),
      ),
    ),
    containerStatuses: containersOf(pod, 'containers').map((container) =>
      containerStatus(container, stateOf(fate, at)),
    ),
  };
}

const PHASES: Readonly<Record<Fate, string>> = {
  runs: 'Running',
  completes: 'Succeeded',
  fails: 'Failed',
  crashes: 'Running',
  'cannot-pull': 'Pending',
};

function stateOf(fate: Fate, at: string): JsonObject {
  const states: Readonly<Record<Fate, JsonObject>> = {
    runs: { running: { startedAt: at } },
    completes: terminated(0, at),
    fails: terminated(1, at),
    crashes: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
    'cannot-pull': { waiting: { reason: 'ImagePullBackOff', message: 'the image does not exist' } },
  };
  return states[fate];
}

function terminated(exitCode: number, at: string): JsonObject {
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  return { terminated: { exitCode, reason, startedAt: at, finishedAt: at } };
}

function containerStatus(container: JsonObject, state: JsonObject): JsonObject {
  const image = textAt(container, 'image') ?? '';
  const ready = 'running' in state;
  const restartCount = 'waiting' in state && textAt(state, 'waiting', 'reason') === 'CrashLoopBackOff' ? 5 : 0;
  return { name: container['name'] ?? '', image, imageID: image, ready, started: ready, restartCount, state };
}

function condition(type: string, holds: boolean, at: string, fate?: Fate): JsonObject {
  const reason = fate === 'completes' ? 'PodCompleted' : 'ContainersNotReady';
  return { type, status: holds ? 'True' : 'False', lastTransitionTime: at, ...(holds ? {} : { reason }) };
}

function containersOf(pod: JsonObject, field: string): readonly JsonObject[] {
  return listAt(pod, 'spec', field).filter((each: JsonValue) => isObject(each));
}

/** From 10.244.0.0/16, as many network plugins have it. */
function addressOf(uid: string): string {
  const number = Number.parseInt(uid.slice(0, 4), 16) || 1;
  return `10.244.${number >> 8}.${number & 0xff}`;
}
