/** The outside parts that can fail. */
export type PortName = 'cluster' | 'git' | 'forge' | 'disk' | 'credentials' | 'renderer';

/**
 * What kind of failure of the outside it was, with its title. Each has a section in `docs/errors.md`; a test compares.
 */
export const PORT_CODES = {
  UNREACHABLE: 'no connection, or no answer in time',
  TLS: 'the certificate is not trusted, expired or for another name',
  UNAUTHENTICATED: 'the credentials are not accepted',
  FORBIDDEN: 'the credentials are accepted but do not allow it',
  NOT_FOUND: 'the thing does not exist, or may not be seen',
  CONFLICT: 'somebody else changed it first',
  REJECTED: 'the request was understood and refused',
  THROTTLED: 'too many requests; the answer says when to come back',
  UNAVAILABLE: 'the other side failed',
  CORRUPT: 'the answer cannot be what was asked for',
  TOO_BIG: 'what is sent or answered is larger than the limit',
  DISK_FULL: 'the disk is full or not writable',
  BAD_CREDENTIALS: 'the credentials cannot be used as they are written',
  WRONG_CLUSTER: 'the API server is not the one that was pinned',
  CANCELLED: 'stopped because the deadline passed or the process ends',
  CRASHED: 'a child process ended without a result',
  BUG: 'Muster itself is wrong',
} as const satisfies Record<string, string>;

export type PortCode = keyof typeof PORT_CODES;

/** The fields of a {@link PortError}. */
export interface PortFailure {
  readonly port: PortName;
  /** What was tried: `apply`, `list`, `fetch`. */
  readonly operation: string;
  /** What it was tried on: `Deployment shop/web`, a host, a repository without its credentials. */
  readonly subject: string;
  readonly code: PortCode;
  /** Worth trying again without a person doing something first. */
  readonly retry: boolean;
  /** Milliseconds that the other side asked to wait. */
  readonly retryAfterMs?: number;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** The connection stands, and the answer did not come in time: it may be what was asked. */
  readonly unanswered?: true;
  /** One line for people, without anything secret: no bodies, no headers, no URLs with credentials. */
  readonly safeMessage: string;
}

/**
 * The outside failed. Thrown by adapters only, and caught where what it concerns ends: one object, one cluster, the look at the
 * repository, or the command. Carries no cause: causes of HTTP and TLS
 * errors hold bodies and headers, and would reach a log one day.
 */
export class PortError extends Error implements PortFailure {
  override readonly name = 'PortError';
  readonly port: PortName;
  readonly operation: string;
  readonly subject: string;
  readonly code: PortCode;
  readonly retry: boolean;
  readonly retryAfterMs?: number;
  readonly status?: number;
  readonly unanswered?: true;
  readonly safeMessage: string;

  constructor(failure: PortFailure) {
    super(`${failure.operation} ${failure.subject}: ${failure.code}: ${failure.safeMessage}`);
    this.port = failure.port;
    this.operation = failure.operation;
    this.subject = failure.subject;
    this.code = failure.code;
    this.retry = failure.retry;
    if (failure.retryAfterMs !== undefined) this.retryAfterMs = failure.retryAfterMs;
    if (failure.status !== undefined) this.status = failure.status;
    if (failure.unanswered !== undefined) this.unanswered = failure.unanswered;
    this.safeMessage = failure.safeMessage;
  }
}

/** We are wrong: a bug in Muster, never bad input. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `condition` holds. `message` says what is impossible. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`This cannot be: ${message}. Please report it with the log around it.`);
}
