/** First pause after a heal, its growth, and its limit (design 4, "Drift"). */
const FIRST_MS = 2000;
const FACTOR = 3;
const LIMIT_MS = 5 * 60_000;

/** An object that stayed as it should be for so long begins anew. */
const STABLE_MS = 10 * 60_000;

/** So many heals in a row without a stable period between are no accident: somebody else wants it otherwise. */
export const HEALS_BEFORE_FIGHT = 3;

/** Milliseconds until drift of an object may be healed again; 0: now. `times`: when it was healed, oldest first. */
export function healDelayMs(times: readonly number[], nowMs: number): number {
  const last = times.at(-1);
  if (last === undefined || isStable(times, nowMs)) return 0;
  const pauseMs = Math.min(FIRST_MS * FACTOR ** (times.length - 1), LIMIT_MS);
  return Math.max(0, last + pauseMs - nowMs);
}

/** The times to remember after a heal at `nowMs`. */
export function withHeal(times: readonly number[], nowMs: number): readonly number[] {
  return isStable(times, nowMs) ? [nowMs] : [...times, nowMs].slice(-10);
}

/** Nothing was healed for so long that the times say nothing any more. */
export function isStable(times: readonly number[], nowMs: number): boolean {
  const last = times.at(-1);
  return last === undefined || nowMs - last > STABLE_MS;
}
