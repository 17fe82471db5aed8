/** The first wait after a failure; it doubles with every further one. */
const FIRST_MS = 1_000;

/** The greatest wait of our own, and the wait where a person must do something first. */
const LAST_MS = 300_000;

/** The wait where that is another token: like other credentials it takes effect within half a minute. */
const TOKEN_MS = 30_000;
const TOKEN_CODES: readonly string[] = ['UNAUTHENTICATED', 'BAD_CREDENTIALS'];

/** The greatest wait that a forge can ask for: GitHub's own quota comes back within an hour. */
const GREATEST_ASKED_MS = 3_600_000;

/**
 * Milliseconds until the next attempt after `failures` failures in a row (1 for the first). Never less than the other
 * side asked for. Between half and all of our own wait, by `random` (0 to 1), so that many agents of one fleet do not come
 * back together.
 */
export function backOffMs(
  failure: { readonly code: string; readonly retry: boolean; readonly retryAfterMs?: number },
  failures: number,
  random: number,
): number {
  const finalMs = TOKEN_CODES.includes(failure.code) ? TOKEN_MS : LAST_MS;
  const wholeMs = failure.retry ? Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20)) : finalMs;
  return Math.min(failure.retryAfterMs ?? 0, GREATEST_ASKED_MS) + wholeMs * (0.5 + random / 2);
}
