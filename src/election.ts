import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease, LeaseStore } from './cluster/hub.ts';
import { PortError } from './model/errors.ts';
import type { Clock } from './model/ports.ts';

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
  /** True once somebody was seen to hold it. */
  isSettled(): boolean;
  /** True when we hold the lease; false when `signal` aborted before we did. */
  wait(signal: AbortSignal): Promise<boolean>;
  /** Renews until the lease is lost, or `signal` aborts; then it is given back, so that another need not wait. */
  hold(signal: AbortSignal): Promise<void>;
}

export interface ElectionPorts {
  readonly leases: LeaseStore;
  readonly clock: Clock;
  /** Told when it changes: the new holder. */
  readonly onHolder: (holder: string) => void;
  /** The lease could not be read or written. */
  readonly onFailure: (failure: PortError) => void;
}

/**
 * An election by a Lease object. The clocks of machines are never compared: a lease counts as abandoned when its record
 * did not change for `leaseMs` of our own monotonic time.
 */
export function createElection(name: string, identity: string, ports: ElectionPorts, limits: ElectionLimits): Election {
  const { leases, clock } = ports;
  let held: Lease | undefined;
  let renewedMs = Number.NEGATIVE_INFINITY;
  let seen: { readonly record: string; readonly atMs: number; readonly holder: string } | undefined;

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
    const free = current === undefined || current.holder === '' || current.holder === identity;
    const abandoned = seen !== undefined && clock.monotonicMs() - seen.atMs > limits.leaseMs;
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
      return await tryOnce(AbortSignal.any([signal, AbortSignal.timeout(limits.renewMs)]));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (error.code !== 'CONFLICT' && !signal.aborted) ports.onFailure(error);
      return false;
    }
  };

  const isLeader = (): boolean => held !== undefined && clock.monotonicMs() - renewedMs < limits.renewMs;

  return {
    isLeader,
    isSettled: () => seen !== undefined,
    wait: async (signal) => {
      while (!signal.aborted) {
        if (await attempt(signal)) return true;
        await sleep(limits.retryMs * (0.8 + Math.random() * 0.4), undefined, { signal }).catch(() => {});
      }
      return false;
    },
    hold: async (signal) => {
      while (!signal.aborted && isLeader()) {
        await sleep(limits.retryMs, undefined, { signal }).catch(() => {});
        if (!signal.aborted) await attempt(signal);
      }
      if (held !== undefined && isLeader()) await release(held);
      held = undefined;
    },
  };

  async function release(lease: Lease): Promise<void> {
    try {
      await leases.write(
        name,
        { ...lease, holder: '', renewTime: microTime(clock.now()) },
        AbortSignal.timeout(limits.retryMs),
      );
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
    }
  }
}

/** RFC 3339 with microseconds: the API's MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
