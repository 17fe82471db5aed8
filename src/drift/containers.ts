import type { JsonObject, JsonValue } from '../model/json.ts';
import { at, listAt, textAt } from '../object/json.ts';
import { countAt } from './counts.ts';

/** What the status of a Pod says about one of its containers. Absent texts are `''`. */
export interface Container {
  /** For people: `web`, or `init container migrate`. */
  readonly label: string;
  readonly image: string;
  readonly ready: boolean;
  /** Why it waits, as one word of the kubelet: `ImagePullBackOff`. */
  readonly waiting: string;
  /** The kubelet's sentence on `waiting`. It may quote command lines and answers of registries. */
  readonly message: string;
  /** How it ended: `exit code 1`, `OOMKilled`; `''` while it runs or waits. */
  readonly end: string;
  /** How it ended the time before. */
  readonly lastEnd: string;
}

/**
 * The containers that a Pod's status knows, those of its initialisation first. What a container wrote when it ended
 * (`terminated.message`, which may be the end of its log) is left out: it may hold anything.
 */
export function containersOf(pod: JsonObject): readonly Container[] {
  return [
    ...listAt(pod, 'status', 'initContainerStatuses').map((each) => parseContainer(each, true)),
    ...listAt(pod, 'status', 'containerStatuses').map((each) => parseContainer(each, false)),
  ];
}

function parseContainer(status: JsonValue, isInit: boolean): Container {
  const name = textAt(status, 'name') ?? '?';
  return {
    label: isInit ? `init container ${name}` : name,
    image: textAt(status, 'image') ?? '',
    ready: at(status, 'ready') === true,
    waiting: textAt(status, 'state', 'waiting', 'reason') ?? '',
    message: textAt(status, 'state', 'waiting', 'message') ?? '',
    end: parseEnd(at(status, 'state', 'terminated')),
    lastEnd: parseEnd(at(status, 'lastState', 'terminated')),
  };
}

/** The reason where it says more than the exit code, like `OOMKilled`. */
function parseEnd(terminated: JsonValue | undefined): string {
  if (terminated === undefined) return '';
  const reason = textAt(terminated, 'reason') ?? '';
  return ['', 'Error', 'Completed'].includes(reason) ? `exit code ${countAt(terminated, 0, 'exitCode')}` : reason;
}
