import { connect, type PeerCertificate } from 'node:tls';
import { PortError, type PortCode } from '../../model/errors.ts';
import { quoteName } from '../../object/hidden.ts';

/** What an HTTP failure happened to: for the error and its words. */
export interface HttpContext {
  readonly operation: string;
  /** The repository's URL, without credentials. */
  readonly subject: string;
  /** Whether credentials were sent. */
  readonly isAuthenticated: boolean;
}

/** A failure on the way to a Git server. */
export function gitFailure(
  context: HttpContext,
  code: PortCode,
  safeMessage: string,
  more: { readonly retry?: boolean; readonly retryAfterMs?: number; readonly status?: number } = {},
): PortError {
  const { operation, subject } = context;
  const retry = more.retry ?? RETRY.includes(code);
  return new PortError({
    ...more,
    port: 'git',
    operation,
    subject,
    code,
    retry,
    safeMessage: `${subject} ${safeMessage}`,
  });
}

/** What passes without a person doing something first. */
const RETRY: readonly PortCode[] = ['UNREACHABLE', 'THROTTLED', 'UNAVAILABLE', 'CORRUPT', 'CANCELLED'];

/** The error for an answer whose status is not 200. `now` is milliseconds since the epoch, for dates in `Retry-After`. */
export function statusFailure(context: HttpContext, status: number, headers: ResponseHeaders, now: number): PortError {
  const retryAfterMs = readRetryAfter(headers, now);
  const more = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const isThrottled = status === 429 || (status === 403 && (retryAfterMs !== undefined || isSpent(headers)));
  if (isThrottled) {
    const when = retryAfterMs === undefined ? '' : `, for ${Math.ceil(retryAfterMs / 1000)} s`;
    return gitFailure(context, 'THROTTLED', `answers ${status}: too many requests${when}.`, more);
  }
  switch (status) {
    case 401:
    case 203: // Azure DevOps sends its sign-in page with this status.
      return gitFailure(context, 'UNAUTHENTICATED', `answers ${status}: ${unauthenticated(context)}`, more);
    case 403:
      return gitFailure(context, 'FORBIDDEN', `answers 403: ${FORBIDDEN}`, more);
    case 404:
    case 410:
      return gitFailure(context, 'NOT_FOUND', `answers ${status}: ${notFound(context)}`, more);
    case 407:
      return gitFailure(
        context,
        'UNAUTHENTICATED',
        'is behind a proxy that asks for credentials. Add them to HTTPS_PROXY.',
        more,
      );
    default:
      return status >= 500
        ? gitFailure(context, 'UNAVAILABLE', `answers ${status}: the server failed.`, more)
        : gitFailure(context, 'REJECTED', `answers ${status}, which a Git server never does. Check the URL.`, more);
  }
}

const FORBIDDEN =
  'the credentials are known, but may not read the repository. Give the token read access to its contents (and single sign-on, where the organization asks for it).';

function unauthenticated(context: HttpContext): string {
  return context.isAuthenticated
    ? 'the credentials are not accepted. Check that the token is complete, not expired and not revoked.'
    : 'it asks for credentials, and none are set. Set a token.';
}

function notFound(context: HttpContext): string {
  const whose = context.isAuthenticated
    ? 'these credentials may not see it'
    : 'it is private and no credentials are set';
  return `there is no such repository, or ${whose} (GitHub answers 404 for both). Check the URL and the token's access.`;
}

/** Headers as undici gives them: lower-case names. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The first value of a header. */
export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Milliseconds from `Retry-After` (seconds or a date, RFC 9110 10.2.3), else from GitHub's `x-ratelimit-reset`. */
function readRetryAfter(headers: ResponseHeaders, now: number): number | undefined {
  const after = headerOf(headers, 'retry-after');
  if (after !== undefined && /^\d{1,9}$/.test(after)) return Number(after) * 1000;
  const at = after === undefined ? Number.NaN : Date.parse(after);
  if (!Number.isNaN(at)) return Math.max(0, at - now);
  const reset = headerOf(headers, 'x-ratelimit-reset');
  if (isSpent(headers) && reset !== undefined && /^\d{1,12}$/.test(reset))
    return Math.max(0, Number(reset) * 1000 - now);
  return undefined;
}

function isSpent(headers: ResponseHeaders): boolean {
  return headerOf(headers, 'x-ratelimit-remaining') === '0';
}

/** The error for a request that got no whole answer. `url` is where the request went. */
export async function connectionFailure(context: HttpContext, url: URL, error: unknown): Promise<PortError> {
  const code = codeOf(error);
  const tls = TLS[code] ?? (/^(ERR_SSL|EPROTO|CERT_|ERR_TLS)/.test(code) ? `has a TLS problem (${code}).` : undefined);
  if (tls !== undefined) return gitFailure(context, 'TLS', `${tls}${await describeCertificate(code, url)}`);
  if (code.startsWith('HPE_'))
    return gitFailure(context, 'CORRUPT', 'answers something that is not HTTP. Check the URL.');
  const proxy = /Proxy response \((\d{3})\)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (proxy !== undefined)
    return gitFailure(context, 'UNREACHABLE', `is behind a proxy that answers ${proxy}. Check HTTPS_PROXY.`);
  return gitFailure(context, 'UNREACHABLE', CONNECTION[code] ?? `cannot be reached (${code}).`);
}

/** The most telling code: undici and the system wrap one error in another. */
function codeOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return 'unknown error';
}

const CONNECTION: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections. Check that the server runs, and the port.',
  ENOTFOUND: 'cannot be reached: its host name does not exist. Check the URL and the DNS.',
  EAI_AGAIN: 'cannot be reached: the DNS does not answer.',
  ECONNRESET: 'broke the connection before the answer was complete.',
  EPIPE: 'broke the connection before the answer was complete.',
  UND_ERR_SOCKET: 'broke the connection before the answer was complete.',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'broke the connection before the answer was complete.',
  ETIMEDOUT: 'does not accept the connection in time.',
  UND_ERR_CONNECT_TIMEOUT: 'does not accept the connection in time.',
  UND_ERR_HEADERS_TIMEOUT: 'accepted the request and did not begin to answer in time.',
  UND_ERR_BODY_TIMEOUT: 'stopped in the middle of its answer.',
  EHOSTUNREACH: 'cannot be reached: there is no route to the host.',
  ENETUNREACH: 'cannot be reached: there is no route to its network.',
};

const UNTRUSTED = 'has a certificate of an authority that is not trusted here. Add its certificate to the CA setting.';
const TLS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has a certificate that has expired.',
  CERT_NOT_YET_VALID: "has a certificate that is not valid yet. Check this machine's clock.",
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name. Use a name that is in it.',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS on this port. Check the port, and whether the URL should be http.',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'does not speak TLS on this port. Check the port, and whether the URL should be http.',
};

/** What the certificate says about the problem. Best effort: the failure stands without it. */
async function describeCertificate(code: string, url: URL): Promise<string> {
  const certificate = await peerCertificate(url);
  if (certificate === undefined) return '';
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return ` It was valid until ${certificate.valid_to}.`;
    case 'CERT_NOT_YET_VALID':
      return ` It is valid from ${certificate.valid_from}.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return ` It is for ${quoteName(certificate.subjectaltname ?? '')}.`;
    default:
      return ` It was issued by ${quoteName([certificate.issuer.CN ?? certificate.issuer.O ?? ''].flat().join())}.`;
  }
}

/**
 * The error of the failed handshake has no certificate in it. This second handshake accepts any, reads it, and hangs up:
 * nothing is sent over it.
 */
async function peerCertificate(url: URL): Promise<PeerCertificate | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const servername = /^[\d.]+$|:/.test(host) ? '' : host;
  const socket = connect({ host, port: Number(url.port || 443), servername, rejectUnauthorized: false });
  try {
    return await new Promise((resolve) => {
      socket.setTimeout(3_000, () => resolve(undefined));
      socket.once('error', () => resolve(undefined));
      socket.once('secureConnect', () => resolve(socket.getPeerCertificate()));
    });
  } finally {
    socket.destroy();
  }
}
