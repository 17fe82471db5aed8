import { getCACertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { PortError } from '../../model/errors.ts';
import { quoteName } from '../../object/hidden.ts';
import { connectionFailure, gitFailure, headerOf, type HttpContext, statusFailure } from './http-failure.ts';
import type { GitTransport, TransportRequest, TransportResponse } from './isomorphic-git.ts';
import { findPacketFault } from './pkt-line.ts';

/** How long each part of an operation may take, in milliseconds. isomorphic-git has no deadline, undici waits 300 s. */
export interface Deadlines {
  readonly connectMs: number;
  /** From the request to the first line of the answer: a large repository is counted and packed in between. */
  readonly headersMs: number;
  /** Without a byte, in the middle of an answer. */
  readonly bodyIdleMs: number;
  /** All requests of one operation together. */
  readonly totalMs: number;
}

export const DEADLINES: Deadlines = { connectMs: 10_000, headersMs: 60_000, bodyIdleMs: 15_000, totalMs: 120_000 };

/** Connections to Git servers, with everything that is the same for all operations. */
export interface GitHttp extends AsyncDisposable {
  /** HTTP for one operation: its deadline runs from this call. */
  begin(operation: HttpOperation, signal: AbortSignal): GitTransport;
}

export interface HttpOperation extends HttpContext {
  /** Of one answer: refs come by GET, objects by POST. */
  readonly maxBytes: { readonly GET: number; readonly POST: number };
  /** What must not appear in a message, even if the server repeats it. */
  readonly secrets: readonly string[];
}

/**
 * Opens connections as needed. `ca` is trusted besides the system's authorities (PEM). Proxies are those of the
 * environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Only whole, well-formed answers are handed to isomorphic-git;
 * everything else is thrown as a {@link PortError} that holds no header, no body and no credentials.
 */
export function openHttp(options: { readonly ca?: string; readonly deadlines?: Partial<Deadlines> } = {}): GitHttp {
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const ca = options.ca === undefined ? {} : { ca: [...getCACertificates('default'), options.ca] };
  const dispatcher = new EnvHttpProxyAgent({
    allowH2: false,
    connect: { ...ca, timeout: deadlines.connectMs },
    requestTls: { ...ca, timeout: deadlines.connectMs },
    headersTimeout: deadlines.headersMs,
    bodyTimeout: deadlines.bodyIdleMs,
  });
  return {
    begin(operation, signal) {
      const deadline = AbortSignal.timeout(deadlines.totalMs);
      const stop = AbortSignal.any([signal, deadline]);
      const end = (error: unknown): PortError | undefined => {
        if (error instanceof PortError) return error;
        if (signal.aborted) return gitFailure(operation, 'CANCELLED', 'was not waited for any longer.');
        if (!deadline.aborted) return undefined;
        return gitFailure(
          operation,
          'UNREACHABLE',
          `took more than ${deadlines.totalMs / 1000} s for one ${operation.operation}.`,
        );
      };
      return {
        async request(asked) {
          const url = new URL(asked.url);
          try {
            return await ask(dispatcher, operation, { ...asked, body: await collectBytes(asked.body) }, url, stop);
          } catch (error) {
            throw end(error) ?? (await connectionFailure(operation, url, error));
          }
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy();
    },
  };
}

/** All parts of a body as one. */
export async function collectBytes(body: TransportRequest['body']): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body ?? []) parts.push(part);
  return Buffer.concat(parts);
}

type Asked = Omit<TransportRequest, 'body'> & { readonly body: Buffer };

/** Some servers move a repository within themselves; more hops than this are a loop. */
const MAX_REDIRECTS = 3;

async function ask(
  dispatcher: Dispatcher,
  operation: HttpOperation,
  asked: Asked,
  start: URL,
  signal: AbortSignal,
): Promise<TransportResponse> {
  const method = asked.method === 'POST' ? 'POST' : 'GET';
  let url = start;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      signal,
      method,
      headers: { 'user-agent': 'git/muster', ...asked.headers },
      ...(asked.body.length === 0 ? {} : { body: asked.body }),
    });
    body.on('error', () => undefined); // Whoever destroys a body that nobody reads to its end causes one.
    const location = headerOf(headers, 'location');
    if (statusCode === 200) {
      const bytes = await readBody(operation, operation.maxBytes[method], body, headers['content-length']);
      checkAnswer(operation, bytes, headerOf(headers, 'content-type') ?? '');
      return answer(asked, url, headers, bytes);
    }
    body.destroy();
    if (statusCode < 300 || statusCode > 399 || location === undefined) {
      throw statusFailure(operation, statusCode, headers, Date.now());
    }
    url = redirect(operation, url, location);
  }
  throw gitFailure(operation, 'REJECTED', 'redirects in a circle. Check the URL.');
}

/** Another origin would be handed the credentials, by whoever can answer for this one. */
function redirect(operation: HttpOperation, from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to?.origin === from.origin) return to;
  const where = to === null ? 'something that is not a URL' : `another server, ${to.origin}`;
  throw gitFailure(
    operation,
    'REJECTED',
    `redirects to ${where}. If it is the right one, write it in the repository's URL.`,
  );
}

async function readBody(
  operation: HttpOperation,
  maxBytes: number,
  body: Dispatcher.ResponseData['body'],
  announced: unknown,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const check = (bytes: number): void => {
    if (bytes <= maxBytes) return;
    body.destroy();
    throw gitFailure(operation, 'TOO_BIG', `answers with more than ${maxBytes} bytes.`);
  };
  check(Number(announced ?? 0));
  for await (const chunk of body) {
    const bytes: unknown = chunk;
    if (!Buffer.isBuffer(bytes)) continue;
    check((length += bytes.length));
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function checkAnswer(operation: HttpOperation, bytes: Buffer, contentType: string): void {
  const fault = findPacketFault(bytes);
  if (fault === undefined) return;
  const words = (text: string): string => quoteName(redact(text.trim(), operation.secrets));
  if (fault.kind === 'refused') throw gitFailure(operation, 'UNAVAILABLE', `says ${words(fault.text)}.`);
  if (!contentType.startsWith('application/x-git-')) {
    throw gitFailure(operation, 'CORRUPT', `answers with ${words(contentType)}, not as a Git server. Check the URL.`);
  }
  throw gitFailure(operation, 'CORRUPT', `gives a damaged answer: ${fault.reason}.`);
}

function redact(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}

function answer(asked: Asked, url: URL, headers: Readonly<Record<string, unknown>>, bytes: Buffer): TransportResponse {
  const plain = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return {
    url: url.href,
    method: asked.method ?? 'GET',
    statusCode: 200,
    statusMessage: 'OK',
    headers: Object.fromEntries(plain),
    body: inParts(bytes),
  };
}

/** isomorphic-git copies each part that it gets, so one large part would be in memory twice. */
async function* inParts(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PART_BYTES) yield bytes.subarray(start, start + PART_BYTES);
}

const PART_BYTES = 64 * 1024;
