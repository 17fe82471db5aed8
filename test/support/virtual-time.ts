/**
 * Time that passes only when a test says so. Real work (requests to a local server) takes no virtual time at all: `advance`
 * waits for it before it moves on.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Forge } from '../../src/model/ports.ts';

/** A clock and a sleep for code under test, and the hand that moves them. */
export interface VirtualTime {
  readonly clock: Clock;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The same forge, whose requests `advance` waits for. */
  watch(forge: Forge): Forge;
  /** Lets `ms` milliseconds pass: everything that falls due happens in order, with all that follows from it. */
  advance(ms: number): Promise<void>;
}

/** Time that stands at `startMs`, for both clocks. */
export function createVirtualTime(startMs = 1_000_000): VirtualTime {
  let nowMs = startMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  const underWay = new Set<Promise<unknown>>();

  const tracked = async <T>(work: Promise<T>): Promise<T> => {
    const quiet = work.catch(() => undefined);
    underWay.add(quiet);
    try {
      return await work;
    } finally {
      underWay.delete(quiet);
    }
  };
  const quiet = async (): Promise<void> => {
    do {
      await Promise.all(underWay);
      await turn();
    } while (underWay.size > 0);
  };

  return {
    clock: { now: () => nowMs, monotonicMs: () => nowMs },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { atMs: nowMs + ms, wake };
        if (signal.aborted) return resolve();
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake);
      }),
    watch: (forge) => ({
      read: (revision, signal) => tracked(forge.read(revision, signal)),
      post: (revision, status, signal) => tracked(forge.post(revision, status, signal)),
    }),
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      for (;;) {
        await quiet();
        const [next] = [...sleepers].filter((each) => each.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
      }
      nowMs = untilMs;
    },
  };
}
