import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { JsonValue } from '../model/json.ts';
import { type PortCode, PortError, type PortFailure } from '../model/errors.ts';
import { parseJson } from '../object/json.ts';
import { VERSION } from '../version.ts';
import type { Credentials, CredentialSource } from './credentials.ts';
import { connectionFailure } from './connection-error.ts';
import { describeExpiry } from './describe-expiry.ts';

/** One answer of an API server. `body` is `undefined` when there was none. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: JsonValue | undefined;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the leading slash and without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly ifNoneMatch?: string;
  /** What is tried on what, for errors. */
  readonly operation: string;
  readonly subject: string;
}

/** Raw JSON over pooled connections to one API server. */
export interface Transport {
  /** Any HTTP status but 401 is an answer; a failed exchange throws, and so do credentials that are not accepted. */
  request(request: ApiRequest, signal: AbortSignal): Promise<Answer>;
  /** Opens a stream of JSON lines. Ends when the server ends it; throws PortError when it breaks. */
  stream(request: ApiRequest, signal: AbortSignal): Promise<AsyncIterable<JsonValue>>;
  /**
   * What `identify` said of the API server, which stays the same as long as this transport lives. Reads credentials that
   * are old anew, so that who changed or removed them hears of it where nothing else is asked. `''`: nobody identifies it.
   */
  identity(signal: AbortSignal): Promise<string>;
  /** Ends everything that is under way. */
  close(): Promise<void>;
}

/** Own deadlines everywhere: undici alone waits 300 s. All in milliseconds. */
export interface TransportLimits {
  readonly connectMs: number;
  /** From the request to the headers of the answer. */
  readonly answerMs: number;
  /** The same for what goes through admission: the API server itself gives each webhook up to 30 s, and says which hangs. */
  readonly admissionMs: number;
  /** Longest silence within a body. */
  readonly silenceMs: number;
  /** Credentials are read again when older than this. */
  readonly credentialsMs: number;
  /** Longest wait for them: a person may have to log in. */
  readonly sourceMs: number;
  readonly maxBytes: number;
  /** Parallel requests. 4–16 saturate an API server on two cores (design 6). */
  readonly connections: number;
}

export const TRANSPORT_LIMITS: TransportLimits = {
  connectMs: 5000,
  answerMs: 15_000,
  admissionMs: 35_000,
  silenceMs: 15_000,
  credentialsMs: 30_000,
  sourceMs: 60_000,
  maxBytes: 256 * 1024 * 1024,
  connections: 8,
};

/** Watches come with a bookmark about every minute. */
const WATCH_SILENCE_MS = 90_000;
/** Pings find a dead connection sooner: nothing has arrived for so long although several were sent. */
const PING_MS = 5000;
const PING_SILENCE_MS = 12_000;
const RETRIES = 4;

/** What a transport is made of. */
export interface TransportOptions {
  /** Of the cluster, for errors. */
  readonly name: string;
  readonly source: CredentialSource;
  /** Tried in order when one cannot be reached; empty: the address in the credentials. */
  readonly endpoints: readonly string[];
  /** Told of each answer, for metrics. */
  readonly onAnswer: (method: string, status: number) => void;
  /** Who asks, for the audit log of the other side: see {@link userAgent}. */
  readonly userAgent: string;
  /**
   * False: another controller may be at work, and nothing is sent that writes. Asked at the last moment, because a request
   * may have waited: for credentials, for the time that the server asked for, or with the whole process, frozen.
   */
  readonly mayWrite?: () => boolean;
  /**
   * Asks over new connections, before anything else goes over them, which API server is behind them. Credentials or
   * endpoints that lead to another one than the first are refused with WRONG_CLUSTER: what was read from one cluster must
   * never decide what is written to another.
   */
  readonly identify?: (send: (request: ApiRequest) => Promise<Answer>) => Promise<string>;
  /** {@link TRANSPORT_LIMITS} when absent. */
  readonly limits?: TransportLimits;
}

/** `muster/0.1.0`, or `muster/0.1.0 (muster-6d5f-x7k2)`: an audit log tells replicas apart. */
export function userAgent(identity: string): string {
  // What a header cannot carry must not make every request fail.
  const safe = identity.replace(/[^\w.:@-]/g, '_');
  return `muster/${VERSION}${safe === '' ? '' : ` (${safe})`}`;
}

/** Opens a transport; nothing is sent before the first request. */
export function createTransport(options: TransportOptions): Transport {
  const { name, source, endpoints, onAnswer } = options;
  const limits = options.limits ?? TRANSPORT_LIMITS;
  let current: Connection | undefined;
  let pending: Promise<Connection> | undefined;
  let first: string | undefined;
  let endpoint = 0;
  const closed = new AbortController();

  const connect = async (fresh: boolean, request: Subject, signal: AbortSignal): Promise<Connection> => {
    if (closed.signal.aborted) throw connectionFailure(closed.signal.reason, request, closed.signal);
    if (!fresh && current !== undefined && performance.now() - current.readAt < limits.credentialsMs) return current;
    pending ??= open().finally(() => (pending = undefined));
    return unlessAborted(pending, request, signal);
  };

  const open = async (): Promise<Connection> => {
    const credentials = await readSource().catch(keepIfAway);
    if ('identity' in credentials) return (current = { ...credentials, readAt: performance.now() });
    refuseUnsendable(credentials, name);
    const server = new URL(endpointNow() ?? credentials.server);
    if (endpoints.length > 0) refuseUnproven(server, credentials, name);
    const identity = identify(server, credentials);
    const old = current;
    if (old !== undefined && old.identity === identity) {
      current = { ...old, credentials, readAt: performance.now() };
      return current;
    }
    // Whatever becomes of the new connection: the old credentials were replaced, and are not used any more.
    current = undefined;
    if (old !== undefined) void retire(old);
    const next = openConnection(server, identity, credentials, options.userAgent, limits);
    try {
      await pin(next);
    } catch (error) {
      await closeConnection(next);
      throw error;
    }
    return (current = next);
  };

  /** A program that a kubeconfig names, or a file on a dead disk, may never answer. */
  const readSource = async (): Promise<Credentials> => {
    const over = AbortSignal.any([closed.signal, AbortSignal.timeout(limits.sourceMs)]);
    return unlessAborted(source(), { port: 'credentials', operation: 'read', subject: `cluster ${name}` }, over);
  };

  /** Where credentials are kept is away: those that were read last are as good as they were. */
  const keepIfAway = (error: unknown): Connection => {
    if (current !== undefined && error instanceof PortError && AWAY.includes(error.code)) return current;
    throw error;
  };

  const pin = async (connection: Connection): Promise<void> => {
    if (options.identify === undefined) return;
    const found = await options.identify((request) =>
      patiently(request, closed.signal, async () => {
        const answer = await dispatch(connection, request, closed.signal);
        onAnswer(request.method, answer.status);
        if (answer.status === 401) throw unauthenticated(connection, name, request);
        return answer;
      }),
    );
    first ??= found;
    if (found === first) return;
    leave(connection);
    throw wrongCluster(name, found, first);
  };

  const dispatch = async (connection: Connection, request: ApiRequest, signal: AbortSignal): Promise<Answer> => {
    if (request.method !== 'GET' && options.mayWrite?.() === false) throw mustNotWrite(request);
    try {
      return await exchange(connection, request, limits, signal);
    } catch (error) {
      if (error instanceof PortError && error.code === 'UNREACHABLE') leave(connection);
      throw error;
    }
  };

  const endpointNow = (): string | undefined => endpoints[endpoint % Math.max(endpoints.length, 1)];

  /** The next request tries the next endpoint. Eight requests that fail together are one step, not eight. */
  const leave = ({ server }: Connection): void => {
    const now = endpointNow();
    if (endpoints.length < 2 || now === undefined || new URL(now).href !== server.href) return;
    endpoint += 1;
    if (current !== undefined) current = { ...current, readAt: -Infinity };
  };

  /** `undefined`: one side does not accept the other. */
  const tryOnce = async (
    connection: Connection,
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<Answer | undefined> => {
    try {
      const answer = await dispatch(connection, request, signal);
      return answer.status === 401 ? undefined : answer;
    } catch (error) {
      if (error instanceof PortError && error.code === 'TLS') return undefined;
      throw error;
    }
  };

  const send = async (request: ApiRequest, signal: AbortSignal): Promise<Answer> => {
    const subject = subjectOf(request);
    const accepted = await tryOnce(await connect(false, subject, signal), request, signal);
    if (accepted !== undefined) {
      onAnswer(request.method, accepted.status);
      return accepted;
    }
    // A token or an authority that rotated since it was read is the usual reason.
    const connection = await connect(true, subject, signal);
    const answer = await dispatch(connection, request, signal);
    onAnswer(request.method, answer.status);
    if (answer.status === 401) throw unauthenticated(connection, name, request);
    return answer;
  };

  return {
    request: (request, signal) => patiently(request, signal, () => send(request, signal)),
    stream: async (request, signal) =>
      openStream(await connect(false, subjectOf(request), signal), request, limits, signal),
    identity: async (signal) => {
      await connect(false, { port: 'cluster', operation: 'identify', subject: `cluster ${name}` }, signal);
      return first ?? '';
    },
    close: async () => {
      closed.abort();
      await pending?.catch(() => {});
      if (current !== undefined) await closeConnection(current);
      current = undefined;
    },
  };
}

/** Codes of a source of credentials that could not be asked, which says nothing about the credentials. */
const AWAY: readonly PortCode[] = ['UNREACHABLE', 'UNAVAILABLE', 'THROTTLED', 'CANCELLED'];

type Subject = Pick<PortFailure, 'port' | 'operation' | 'subject'>;

/**
 * Endpoints come from the fleet repository, and credentials do not: who may commit there must not be able to send them elsewhere.
 * Only a server that has proved itself to the authority of the credentials gets them.
 */
function refuseUnproven(server: URL, { server: own, tls, headers }: Credentials, name: string): void {
  const secret = Object.keys(headers).length > 0 || tls.key !== undefined;
  if (!secret || server.origin === own.origin) return;
  const proven = server.protocol === 'https:' && tls.ca !== undefined && tls.rejectUnauthorized !== false;
  if (proven) return;
  const why =
    server.protocol === 'https:'
      ? 'its credentials name no authority for certificates, so that any server could take its place'
      : 'it is not encrypted, and the credentials would be sent in clear text';
  throw new PortError({
    port: 'credentials',
    operation: 'use',
    subject: `cluster ${name}`,
    code: 'REJECTED',
    retry: false,
    safeMessage: `the endpoint ${server.origin} is not used: ${why}`,
  });
}

/** A header holds one line of visible characters (RFC 9110, section 5.5): who pasted a token in two cannot use it. */
function refuseUnsendable({ headers }: Credentials, name: string): void {
  if (Object.values(headers).every((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value))) return;
  throw new PortError({
    port: 'credentials',
    operation: 'read',
    subject: `cluster ${name}`,
    code: 'BAD_CREDENTIALS',
    retry: false,
    safeMessage: 'its token holds a line break, or another character that no request can carry. Write it on one line',
  });
}

/** Others may wait for the same promise: only this caller stops waiting when its time is over. */
async function unlessAborted<T>(promise: Promise<T>, subject: Subject, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(connectionFailure(signal.reason, subject, signal));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    done.abort();
  }
}

function mustNotWrite(request: ApiRequest): PortError {
  return new PortError({
    ...subjectOf(request),
    code: 'CANCELLED',
    retry: true,
    safeMessage: 'the lease is not ours (any more): nothing is written',
  });
}

/** What is not accepted is who asks, whatever was asked; credentials that expired say so themselves. */
function unauthenticated({ credentials }: Connection, name: string, { operation }: ApiRequest): PortError {
  const why = describeExpiry(credentials, Date.now()) ?? 'they are wrong, revoked or expired';
  return new PortError({
    port: 'cluster',
    operation,
    subject: `cluster ${name}`,
    code: 'UNAUTHENTICATED',
    retry: false,
    status: 401,
    safeMessage: `the API server does not accept the credentials: ${why}. Renew them`,
  });
}

/** A status has 140 characters: what to do comes before what it was. */
function wrongCluster(name: string, found: string, first: string): PortError {
  return new PortError({
    port: 'cluster',
    operation: 'identify',
    subject: `cluster ${name}`,
    code: 'WRONG_CLUSTER',
    retry: false,
    safeMessage: `its credentials lead to another cluster now. Correct them, or write ${found} as spec.uid into its file: kube-system has that UID, and had ${first}`,
  });
}

interface Connection {
  readonly server: URL;
  readonly identity: string;
  readonly credentials: Credentials;
  readonly agent: string;
  readonly readAt: number;
  readonly requests: Dispatcher;
  readonly watches: Dispatcher;
}

/** A pool belongs to one server and one TLS identity; a new token alone does not need new connections. */
function identify(server: URL, credentials: Credentials): string {
  const { ca, cert, key, servername, rejectUnauthorized } = credentials.tls;
  const hash = createHash('sha256');
  for (const part of [server.href, ca, cert, key, servername, rejectUnauthorized]) {
    hash.update(Buffer.isBuffer(part) ? part : JSON.stringify(part ?? null)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * Requests and watches have pools of their own: eight watches on a pool of eight connections would leave a request
 * waiting for ever. Requests use HTTP/1.1, because undici sends one PATCH at a time over HTTP/2.
 */
function openConnection(
  server: URL,
  identity: string,
  credentials: Credentials,
  agent: string,
  limits: TransportLimits,
): Connection {
  const connect = { ...credentials.tls, timeout: limits.connectMs, keepAlive: true };
  return {
    server,
    identity,
    credentials,
    agent,
    readAt: performance.now(),
    requests: new Agent({
      connect,
      allowH2: false,
      connections: limits.connections,
      headersTimeout: limits.answerMs,
      bodyTimeout: limits.silenceMs,
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 60_000,
    }),
    watches: new Agent({
      // One connection where HTTP/2 is spoken. Where it is not (many load balancers), a watch takes a connection of its
      // own: a limit would leave all but the first waiting unseen.
      allowH2: true,
      connect: watchedConnector(connect),
      headersTimeout: limits.answerMs,
      bodyTimeout: WATCH_SILENCE_MS,
      h2Options: { pingInterval: PING_MS },
    }),
  };
}

/** undici sends pings and does not miss their answers. Each is some bytes: a connection on which none arrive is dead. */
function watchedConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector({ ...options, allowH2: true });
  return (to, callback) => {
    connect(to, (...result) => {
      if (result[1] !== null) endWhenSilent(result[1]);
      callback(...result);
    });
  };
}

function endWhenSilent(socket: Socket): void {
  // Over HTTP/1.1 nothing is pinged.
  if (!(socket instanceof TLSSocket) || socket.alpnProtocol !== 'h2') return;
  let bytes = -1;
  const timer = setInterval(() => {
    if (socket.bytesRead === bytes)
      socket.destroy(Object.assign(new Error('no ping came back'), { code: 'ETIMEDOUT' }));
    bytes = socket.bytesRead;
  }, PING_SILENCE_MS).unref();
  socket.once('close', () => clearInterval(timer));
}

/** Requests under way end by themselves; watches would not, and come back on the new connection. */
async function retire(connection: Connection): Promise<void> {
  await Promise.all([connection.requests.close(), connection.watches.destroy()]);
}

async function closeConnection(connection: Connection): Promise<void> {
  await Promise.all([connection.requests.destroy(), connection.watches.destroy()]);
}

async function exchange(
  connection: Connection,
  request: ApiRequest,
  limits: TransportLimits,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const response = await connection.requests.request(options(connection, request, limits, signal));
    const text = await readBody(response.body, limits.maxBytes, request);
    return { status: response.statusCode, headers: response.headers, body: parseBody(text, response, request) };
  } catch (error) {
    throw error instanceof PortError ? error : connectionFailure(error, serverOf(connection, request), signal);
  }
}

async function openStream(
  connection: Connection,
  request: ApiRequest,
  limits: TransportLimits,
  signal: AbortSignal,
): Promise<AsyncIterable<JsonValue>> {
  const what = serverOf(connection, request);
  try {
    const response = await connection.watches.request(options(connection, request, limits, signal));
    if (response.statusCode === 200) return lines(response.body, what, signal);
    const text = await readBody(response.body, limits.maxBytes, request);
    throw new PortError({
      ...what,
      code: response.statusCode === 410 ? 'CONFLICT' : response.statusCode === 403 ? 'FORBIDDEN' : 'UNAVAILABLE',
      retry: true,
      status: response.statusCode,
      safeMessage: `the API server answered ${response.statusCode} to a watch (${text.length} bytes)`,
    });
  } catch (error) {
    throw error instanceof PortError ? error : connectionFailure(error, what, signal);
  }
}

async function* lines(body: AsyncIterable<Buffer>, what: Subject, signal: AbortSignal): AsyncGenerator<JsonValue> {
  let rest = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part !== '') yield parseJson(part);
    }
  } catch (error) {
    throw error instanceof PortError ? error : connectionFailure(error, what, signal);
  }
}

function options(
  connection: Connection,
  request: ApiRequest,
  limits: TransportLimits,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
  const query = new URLSearchParams(request.query).toString();
  return {
    origin: connection.server.origin,
    path: connection.server.pathname.replace(/\/$/, '') + request.path + (query === '' ? '' : `?${query}`),
    method: request.method,
    headers: {
      Accept: request.accept ?? 'application/json',
      ...(request.body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json' }),
      ...(request.ifNoneMatch === undefined ? {} : { 'If-None-Match': request.ifNoneMatch }),
      'User-Agent': connection.agent,
      ...connection.credentials.headers,
    },
    body: request.body ?? null,
    headersTimeout: request.method === 'GET' ? limits.answerMs : limits.admissionMs,
    signal,
  };
}

async function readBody(body: AsyncIterable<Buffer>, maxBytes: number, request: ApiRequest): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > maxBytes) {
      throw new PortError({
        ...subjectOf(request),
        code: 'TOO_BIG',
        retry: false,
        safeMessage: `the answer is larger than ${maxBytes} bytes`,
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** An answer that should be JSON and is not (a proxy's HTML page, half a body) is no answer: never an empty list. */
function parseBody(text: string, response: Dispatcher.ResponseData, request: ApiRequest): JsonValue | undefined {
  if (text === '') return undefined;
  try {
    return parseJson(text);
  } catch {
    if (response.statusCode >= 400) return undefined;
    const type = String(response.headers['content-type'] ?? 'no content type');
    throw new PortError({
      ...subjectOf(request),
      code: 'CORRUPT',
      retry: true,
      status: response.statusCode,
      safeMessage: `the answer is not JSON (${type}, ${text.length} characters). Something between Muster and the API server answers in its place`,
    });
  }
}

/** Asks again, as often and as late as the answers say. */
async function patiently(request: ApiRequest, signal: AbortSignal, send: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await send();
    const waitMs = attempt < RETRIES ? retryDelayMs(answer, attempt) : undefined;
    if (waitMs === undefined) return answer;
    await pause(waitMs, request, signal);
  }
}

/** 429 was not processed, 503 asks to come back: both are tried again as the server says, with full jitter. */
function retryDelayMs(answer: Answer, attempt: number): number | undefined {
  if (answer.status !== 429 && answer.status !== 503) return undefined;
  const asked = Number(answer.headers['retry-after']) * 1000;
  const baseMs = Number.isFinite(asked) && asked > 0 ? Math.min(asked, 60_000) : 250 * 2 ** attempt;
  return baseMs + Math.random() * baseMs;
}

async function pause(waitMs: number, request: ApiRequest, signal: AbortSignal): Promise<void> {
  try {
    await sleep(waitMs, undefined, { signal });
  } catch (error) {
    throw connectionFailure(error, subjectOf(request), signal);
  }
}

/** What breaks a connection is about the server, whatever was asked. */
function serverOf(connection: Connection, request: ApiRequest): Subject {
  return { ...subjectOf(request), subject: connection.server.origin };
}

function subjectOf(request: ApiRequest): Subject {
  return { port: 'cluster', operation: request.operation, subject: request.subject };
}
