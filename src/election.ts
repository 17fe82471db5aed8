import { setTimeout as timer } from 'node:timers/promises';
import { PortError } from './model/errors.ts';
import type { Clock, Lease, LeaseStore } from './model/ports.ts';

/** In milliseconds. */
export interface ElectionLimits {
  /** How long others wait after the last renewal that they saw before they take over. */
  readonly leaseMs: number;
  /** A holder that could not renew for so long stops writing. Shorter than `leaseMs`: two never work at once. */
  readonly renewMs: number;
  /** From one look at the lease to the next. */
  readonly retryMs: number;
}

/** The usual proportions: a holder gives up at two thirds of the lease, and looks at it seven times within it. */
export function electionLimits(leaseMs: number): ElectionLimits {
  return { leaseMs, renewMs: (leaseMs * 2) / 3, retryMs: leaseMs / 7 };
}

/** Several controllers, of which one works. */
export interface Election {
  /** True while we may write: we hold the lease, and renewed it recently by a clock that never goes back. */
  isLeader(): boolean;
  /** Who was seen to hold it last; `''`: nobody. `undefined`: it was never read. */
  holder(): string | undefined;
  /** Why the lease cannot be used at the moment, for people. */
  trouble(): string | undefined;
  /** True when we hold the lease; false when `signal` aborted before we did. */
  wait(signal: AbortSignal): Promise<boolean>;
  /** Renews until the lease is lost, or `signal` aborts; then it is given back, so that another need not wait. */
  hold(signal: AbortSignal): Promise<void>;
}

export interface ElectionPorts {
  readonly leases: LeaseStore;
  readonly clock: Clock;
  /** Told when it changes: the new holder, `''` for nobody. */
  readonly onHolder: (holder: string) => void;
  /** The lease could not be read or written. Once for each kind of failure in a row; `undefined`: it can be again. */
  readonly onTrouble: (failure: PortError | undefined) => void;
  /** Resolves after so many milliseconds or when the signal aborts, and never rejects. Real time when absent. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, for the spread of candidates; `Math.random` when absent. */
  readonly random?: () => number;
}

/**
 * An election by a Lease object. The clocks of machines are never compared: a lease counts as abandoned when its record
 * did not change for `leaseMs` of our own monotonic time. `identity` must be of this process alone: whoever finds its own
 * identity in the lease takes it for its own.
 */
export function createElection(name: string, identity: string, ports: ElectionPorts, limits: ElectionLimits): Election {
  const { leases, clock, sleep = pause, random = Math.random } = ports;
  let held: Lease | undefined;
  let renewedMs = Number.NEGATIVE_INFINITY;
  let seen: { readonly record: string; readonly atMs: number; readonly holder: string } | undefined;
  let trouble: PortError | undefined;

  const notice = (lease: Lease): void => {
    const record = `${lease.holder} ${lease.renewTime} ${lease.resourceVersion}`;
    if (seen?.holder !== lease.holder) ports.onHolder(lease.holder);
    if (seen?.record !== record) seen = { record, atMs: clock.monotonicMs(), holder: lease.holder };
  };

  /** True: we hold it now. */
  const tryOnce = async (signal: AbortSignal): Promise<boolean> => {
    const beganMs = clock.monotonicMs();
    const current = await leases.read(name, signal);
    if (current !== undefined) notice(current);
    if (current?.holder !== identity) held = undefined;
    // Somebody may have deleted the object of a holder that is at work.
    const holder = current?.holder ?? seen?.holder ?? '';
    const free = holder === '' || holder === identity;
    // A holder that was started with a longer lease than ours relies on that one.
    const leaseMs = Math.max(limits.leaseMs, (current?.durationSeconds ?? 0) * 1000);
    const abandoned = seen !== undefined && clock.monotonicMs() - seen.atMs > leaseMs;
    if (!free && !abandoned) return false;
    const next: Lease = {
      holder: identity,
      durationSeconds: Math.ceil(limits.leaseMs / 1000),
      renewTime: microTime(clock.now()),
      transitions: (current?.transitions ?? 0) + (current?.holder === identity ? 0 : 1),
      resourceVersion: current?.resourceVersion ?? '',
    };
    held = await leases.write(name, next, signal);
    // From before the request: the answer may have taken long.
    renewedMs = beganMs;
    notice(held);
    return true;
  };

  const attempt = async (signal: AbortSignal): Promise<boolean> => {
    try {
      const won = await within(limits.renewMs, signal, tryOnce);
      tell(undefined);
      return won;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      // Another candidate was faster: that is how it should be.
      if (!signal.aborted) tell(error.code === 'CONFLICT' ? undefined : error);
      return false;
    }
  };

  const within = async <T>(ms: number, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const over = new AbortController();
    const done = new AbortController();
    void sleep(ms, done.signal).then(() => over.abort());
    try {
      return await call(AbortSignal.any([signal, over.signal]));
    } finally {
      done.abort();
    }
  };

  const tell = (failure: PortError | undefined): void => {
    const same = failure?.code === trouble?.code && failure?.safeMessage === trouble?.safeMessage;
    trouble = failure;
    if (!same) ports.onTrouble(failure);
  };

  const isLeader = (): boolean => held !== undefined && clock.monotonicMs() - renewedMs < limits.renewMs;

  return {
    isLeader,
    holder: () => seen?.holder,
    trouble: () => trouble?.safeMessage,
    wait: async (signal) => {
      while (!signal.aborted) {
        if (await attempt(signal)) return true;
        await sleep(limits.retryMs * (0.8 + random() * 0.4), signal);
      }
      return false;
    },
    hold: async (signal) => {
      while (!signal.aborted && isLeader()) {
        await sleep(limits.retryMs, signal);
        if (!signal.aborted) await attempt(signal);
      }
      const last = isLeader() ? held : undefined;
      held = undefined;
      if (last !== undefined) await release(last);
    },
  };

  async function release(lease: Lease): Promise<void> {
    const empty = { ...lease, holder: '', renewTime: microTime(clock.now()) };
    try {
      await within(limits.retryMs, new AbortController().signal, (signal) => leases.write(name, empty, signal));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      // Then the others wait until it counts as abandoned.
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await timer(ms, undefined, { signal }).catch(() => {});
}

/** RFC 3339 with microseconds: the API's MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
