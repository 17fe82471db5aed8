import { PortError, type PortCode, type PortFailure } from '../model/errors.ts';

/**
 * Names the failure of an exchange by the codes of Node.js, OpenSSL and undici. Messages of the causes are not passed
 * on: they may hold headers and bodies.
 */
export function connectionFailure(
  error: unknown,
  what: Pick<PortFailure, 'port' | 'operation' | 'subject'>,
  signal: AbortSignal,
): PortError {
  const code = codeOf(error);
  if (signal.aborted) {
    return new PortError({
      ...what,
      code: 'CANCELLED',
      retry: true,
      safeMessage: 'stopped: the deadline passed or the process ends',
    });
  }
  const tls = TLS[code];
  const reason = tls ?? REASONS[code] ?? `the connection failed (${code === '' ? 'no code' : code})`;
  const portCode: PortCode = tls === undefined ? 'UNREACHABLE' : 'TLS';
  const unanswered = code === 'UND_ERR_HEADERS_TIMEOUT' ? ({ unanswered: true } as const) : {};
  return new PortError({ ...what, code: portCode, retry: tls === undefined, ...unanswered, safeMessage: reason });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused: nothing listens there',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'connected, but no answer in time: it may be frozen or overloaded',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half-way',
};

const TLS: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is signed by a CA that the credentials do not name. Check certificate-authority-data',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is self-signed and the credentials do not name it. Check certificate-authority-data',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by another CA than the credentials name. Check certificate-authority-data',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by another CA than the credentials name. Check certificate-authority-data',
  CERT_SIGNATURE_FAILURE:
    'its certificate is signed by another CA than the credentials name. Check certificate-authority-data',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another name. Set tls-server-name, or use the name in the certificate',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: the address should begin with http:// or name another port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not accept the client certificate: another CA signed it',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'it does not accept the client certificate: it has expired',
};

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const code = 'code' in error ? String(error.code) : '';
  const cause = 'cause' in error ? codeOf(error.cause) : '';
  return cause !== '' && !(code in REASONS) && !(code in TLS) ? cause : code;
}
