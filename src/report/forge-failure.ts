import type { PortCode } from '../model/errors.ts';
import { PortError } from '../model/errors.ts';

/** What was tried at a forge, for the message. */
export interface ForgeAttempt {
  /** `post status`, `read statuses`. */
  readonly operation: string;
  /** `acme/fleet@1a2b3c4 muster/eu`. */
  readonly subject: string;
}

/** An answer of the forge that is not what was asked for. */
export interface ForgeAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** The parsed body: looked at, never quoted. It may hold whatever the forge or a proxy in front of it wants. */
  readonly data: unknown;
}

/** GitHub: "Otherwise, wait for at least one minute before retrying" (REST API, best practices, rate limit errors). */
const UNSTATED_WAIT_MS = 60_000;

/** Causes that Node.js gives when the other side's certificate is not good. */
const TLS_CAUSE =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|HOSTNAME_MISMATCH$)/;

/** What a refusal of GitHub, Gitea or Forgejo means: an HTTP answer → the failure that the rest of Muster knows. */
export function answerFailure(attempt: ForgeAttempt, answer: ForgeAnswer): PortError {
  const { code, retry, safeMessage } = judge(answer);
  const waitMs = code === 'THROTTLED' || code === 'UNAVAILABLE' ? askedWaitMs(answer.headers) : undefined;
  const retryAfterMs = waitMs ?? (code === 'THROTTLED' ? UNSTATED_WAIT_MS : undefined);
  return new PortError({
    ...failureOf(attempt, code, retry, safeMessage),
    status: answer.status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * No answer came. `error` is what `fetch` threw; of it only the code of a cause is used (`ECONNREFUSED`), because its
 * messages quote headers and addresses.
 */
export function connectionFailure(attempt: ForgeAttempt, error: unknown): PortError {
  const cause = causeCode(error);
  if (cause !== undefined && TLS_CAUSE.test(cause)) {
    const help = 'Check the certificate, or give its authority in NODE_EXTRA_CA_CERTS.';
    return new PortError(
      failureOf(attempt, 'TLS', false, `the forge's certificate is not trusted (${cause}). ${help}`),
    );
  }
  return new PortError(
    failureOf(attempt, 'UNREACHABLE', true, `no connection to the forge${cause === undefined ? '' : ` (${cause})`}`),
  );
}

/** The answer took longer than `timeoutMs`. */
export function timeoutFailure(attempt: ForgeAttempt, timeoutMs: number): PortError {
  return new PortError(
    failureOf(attempt, 'UNREACHABLE', true, `the forge did not answer within ${timeoutMs / 1000} s`),
  );
}

/** The caller's signal ended it. */
export function cancelledFailure(attempt: ForgeAttempt): PortError {
  return new PortError(failureOf(attempt, 'CANCELLED', true, 'stopped before the forge answered'));
}

/** The answer was a success by its status and cannot be one by its content. `what` is our own text. */
export function corruptFailure(attempt: ForgeAttempt, what: string): PortError {
  return new PortError(failureOf(attempt, 'CORRUPT', true, what));
}

/** There is no token that could be sent. `what` is our own text, without the token. */
export function tokenFailure(attempt: ForgeAttempt, what: string): PortError {
  return new PortError(failureOf(attempt, 'BAD_CREDENTIALS', false, what));
}

interface Judgement {
  readonly code: PortCode;
  readonly retry: boolean;
  readonly safeMessage: string;
}

function judge(answer: ForgeAnswer): Judgement {
  const { status } = answer;
  if (status === 401) {
    return final('UNAUTHENTICATED', 'the token is not accepted. Check that it is of this forge and has not expired.');
  }
  if (status === 429 || (status === 403 && isRateLimit(answer))) {
    return { code: 'THROTTLED', retry: true, safeMessage: `too many requests (HTTP ${status})` };
  }
  if (status === 403 || status === 451) {
    return final(
      'FORBIDDEN',
      `the token may not do this (HTTP ${status}). It needs read and write access to the commit statuses of the repository.`,
    );
  }
  if (status === 404 || status === 410) {
    return final(
      'NOT_FOUND',
      'the repository or the commit does not exist, or this token may not see it. Check the URL and what the token may access.',
    );
  }
  if (status === 409) {
    return { code: 'CONFLICT', retry: true, safeMessage: 'the forge was busy with the same thing (HTTP 409)' };
  }
  if (status === 408 || status >= 500) {
    return { code: 'UNAVAILABLE', retry: true, safeMessage: `the forge failed (HTTP ${status})` };
  }
  if (status >= 300 && status < 400) {
    return final('NOT_FOUND', `the forge points elsewhere (HTTP ${status}). Was the repository renamed or moved?`);
  }
  return final('REJECTED', rejection(answer));
}

function final(code: PortCode, safeMessage: string): Judgement {
  return { code, retry: false, safeMessage };
}

/**
 * GitHub answers 403 both to a token that may not and to one that did too much. A limit shows in `retry-after`, in an
 * exhausted quota, or (secondary limits) in nothing but the text.
 */
function isRateLimit({ headers, data }: ForgeAnswer): boolean {
  return (
    headers['retry-after'] !== undefined ||
    String(headers['x-ratelimit-remaining']) === '0' ||
    /\b(?:secondary rate limit|rate limit exceeded|abuse detection)\b/i.test(messageOf(data))
  );
}

/** Milliseconds that the headers ask to wait; the clock is the forge's own (`date`), because ours may be wrong. */
function askedWaitMs(headers: ForgeAnswer['headers']): number | undefined {
  const date = Date.parse(String(headers['date']));
  const after = headers['retry-after'];
  if (after !== undefined) {
    const waitMs = /^\d+$/.test(String(after)) ? Number(after) * 1000 : Date.parse(String(after)) - date;
    return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
  }
  if (String(headers['x-ratelimit-remaining']) !== '0') return undefined;
  const waitMs = Number(headers['x-ratelimit-reset']) * 1000 - date;
  return Number.isFinite(waitMs) && waitMs > 0 ? waitMs : undefined;
}

function rejection({ status, data }: ForgeAnswer): string {
  const errors = errorsOf(data);
  const text = [messageOf(data), ...errors.map(messageOf)].join(' ');
  if (/maximum number of statuses/i.test(text)) {
    return 'this commit has the greatest number of statuses with this context that the forge takes (1,000 on GitHub)';
  }
  if (/no commit found/i.test(text)) return 'the forge does not know this commit. Was it pushed there?';
  const fields = errors.flatMap((each) => wordAt(each, 'field')).join(', ');
  return `the forge refuses the request (HTTP ${status}${fields === '' ? '' : `, because of ${fields}`})`;
}

function errorsOf(data: unknown): readonly unknown[] {
  return isRecord(data) && Array.isArray(data['errors']) ? data['errors'] : [];
}

function messageOf(data: unknown): string {
  return isRecord(data) && typeof data['message'] === 'string' ? data['message'] : '';
}

/** The value of a field, only if it is a plain word: bodies are not quoted. */
function wordAt(data: unknown, key: string): readonly string[] {
  const value = isRecord(data) ? data[key] : undefined;
  return typeof value === 'string' && /^[a-z_]{1,30}$/.test(value) ? [value] : [];
}

/** The first code on the way down the causes: `fetch failed` has none and wraps what the socket or TLS said. */
function causeCode(error: unknown): string | undefined {
  for (let each = error, depth = 0; isRecord(each) && depth < 5; each = each['cause'], depth += 1) {
    const code = each['code'];
    if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function failureOf(attempt: ForgeAttempt, code: PortCode, retry: boolean, safeMessage: string) {
  return { port: 'forge' as const, ...attempt, code, retry, safeMessage };
}
