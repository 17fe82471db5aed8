import { X509Certificate } from 'node:crypto';
import { numberAt, parseJson } from '../object/json.ts';
import type { Credentials } from './credentials.ts';

/**
 * Which part of credentials has expired and when, for people; `undefined`: none that says so itself. By the clock of this
 * machine, so only to explain a refusal, never to make one.
 */
export function describeExpiry({ tls, headers }: Credentials, nowMs: number): string | undefined {
  const { cert } = tls;
  const certificateMs =
    typeof cert === 'string' || Buffer.isBuffer(cert)
      ? quietly(() => Date.parse(new X509Certificate(cert).validTo))
      : undefined;
  if (certificateMs !== undefined && certificateMs < nowMs)
    return `the client certificate expired at ${isoTime(certificateMs)}`;
  const tokenMs = quietly(() => tokenEnd(headers['Authorization'] ?? ''));
  return tokenMs !== undefined && tokenMs < nowMs ? `the token expired at ${isoTime(tokenMs)}` : undefined;
}

/** The claim `exp` of a JSON Web Token (RFC 7519), which tokens of service accounts are. */
function tokenEnd(authorization: string): number | undefined {
  const [, payload] = authorization.split('.');
  if (payload === undefined) return undefined;
  const seconds = numberAt(parseJson(Buffer.from(payload, 'base64url').toString('utf8')), 'exp');
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Errors of these parsers may quote what they read. */
function quietly(read: () => number | undefined): number | undefined {
  try {
    const ms = read();
    return ms !== undefined && Number.isFinite(ms) ? ms : undefined;
  } catch {
    return undefined;
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
