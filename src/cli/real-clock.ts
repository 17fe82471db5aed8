import type { Clock } from '../model/ports.ts';

/** The machine's own time. */
export const realClock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
