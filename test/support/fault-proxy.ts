import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createSecureServer, type Http2ServerRequest } from 'node:http2';
import { Agent, createServer, request as send } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from './certificates.ts';
import { printKubeconfig, readKubeconfig } from './kubeconfig.ts';

/** What becomes of one request. What is not forwarded never reaches the API server. */
export type Fault =
  | { readonly kind: 'pass' }
  /** Answered by the proxy instead. */
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Headers; readonly body: string }
  /** The connection is cut before the API server hears of it. */
  | { readonly kind: 'cut' }
  /** Forwarded and done; then the connection is cut instead of an answer. */
  | { readonly kind: 'lose' }
  /** Forwarded and done; half of the answer arrives, then the connection is cut. */
  | { readonly kind: 'truncate' }
  /** Forwarded and done; half of the answer arrives, as if it were all of it. */
  | { readonly kind: 'shorten' }
  /** Forwarded and done; this arrives in place of the answer. */
  | { readonly kind: 'replace'; readonly status: number; readonly headers?: Headers; readonly body: string }
  /** Accepted, and never answered. */
  | { readonly kind: 'hang' }
  /** Forwarded after a while. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** A watch that is opened and tells nothing. */
  | { readonly kind: 'silent' }
  /** A watch that tells each event twice, and after it again the one before. */
  | { readonly kind: 'repeat' }
  /** Forwarded; what arrives is what the same question was answered so many different answers ago, or the oldest one known. */
  | { readonly kind: 'stale'; readonly answers: number };

type Headers = Readonly<Record<string, string>>;

/** A request that came to the proxy. */
export interface ProxiedRequest {
  /** From 1, watches left out: they come when they want, and would make counting useless. 0 for a watch. */
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
}

export type Decide = (request: ProxiedRequest) => Fault;

/** Stands between Muster and an API server, and does to each request what a script says. TLS on both sides. */
export interface FaultProxy extends AsyncDisposable {
  /** YAML: as the kubeconfig that it was started with, but through the proxy. */
  readonly kubeconfig: string;
  /** From now on; numbers begin again at 1. */
  script(decide: Decide): void;
  /** Everything that came since the last {@link script}. */
  requests(): readonly ProxiedRequest[];
  /** Ends the connections of all watches. */
  cutWatches(): void;
}

export interface FaultProxyOptions {
  /** Speaks HTTP/1.1 only, as many load balancers do. Default: HTTP/2 too, as API servers do. */
  readonly onlyHttp1?: boolean;
}

/** Starts a proxy to the API server of the first context of a kubeconfig, and as its user. It passes everything. */
export async function startFaultProxy(
  kubeconfig: string,
  { onlyHttp1 = false }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const access = readKubeconfig(kubeconfig);
  const authority = createAuthority('muster-test-fault-proxy');
  const { certificate, key } = authority.issueServer({ commonName: '127.0.0.1' });
  const agent = new Agent({ keepAlive: true, ca: access.ca, cert: access.user.certificate, key: access.user.key });
  const sockets = new Set<Socket>();
  const watches = new Set<Exchange>();
  /** Different answers to the same question, oldest first. */
  const history = new Map<string, Buffer[]>();
  let decide: Decide = () => ({ kind: 'pass' });
  let seen: ProxiedRequest[] = [];
  let count = 0;

  const serve = async (exchange: Exchange): Promise<void> => {
    const url = new URL(exchange.request.url ?? '/', access.url);
    const isWatch = url.searchParams.has('watch');
    if (!isWatch) count += 1;
    const number = isWatch ? 0 : count;
    const method = exchange.request.method ?? 'GET';
    const proxied = { number, method, path: url.pathname, query: url.searchParams, isWatch };
    seen.push(proxied);
    if (isWatch) {
      watches.add(exchange);
      exchange.response.once('close', () => watches.delete(exchange));
    }
    const pass: Forward = (headers, body) => forward(url, method, headers, body, agent);
    const known = method === 'GET' && !isWatch ? remembered(history, url.href) : undefined;
    await act(decide(proxied), exchange, pass, known);
  };

  const listener = (request: Exchange['request'], response: Reply): void => {
    serve({ request, response }).catch(() => {
      // The client went away, or the API server did: either way the other one hears of it.
      cut({ request, response });
    });
  };
  const identity = { cert: certificate, key };
  const server: Server = onlyHttp1
    ? createServer(identity, listener)
    : createSecureServer({ ...identity, allowHTTP1: true }, listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // A client that ends in the middle of a handshake or of a frame is what this proxy is for.
  for (const event of ['sessionError', 'tlsClientError', 'clientError']) server.on(event, () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const { port } = server.address() as AddressInfo;

  return {
    kubeconfig: printKubeconfig([{ ...access, url: `https://127.0.0.1:${port}`, ca: authority.certificate }]),
    script: (next) => {
      decide = next;
      seen = [];
      count = 0;
    },
    requests: () => seen,
    cutWatches: () => {
      for (const each of watches) cut(each);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A request and its answer over either version of HTTP. */
interface Exchange {
  readonly request: IncomingMessage | Http2ServerRequest;
  readonly response: Reply;
}

/** What the two classes of Node.js have in common: their overloads differ, so that a union of them cannot be called. */
interface Reply {
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(part: Buffer): unknown;
  end(part: Buffer | string): unknown;
  flushHeaders?(): void;
  once(event: 'close', listener: () => void): unknown;
}

type Forward = (headers: IncomingHttpHeaders, body: Buffer) => Promise<IncomingMessage>;

function remembered(history: Map<string, Buffer[]>, question: string): Buffer[] {
  const known = history.get(question) ?? [];
  history.set(question, known);
  return known;
}

/** `known`: earlier answers to the same question; it is added to. */
async function act(fault: Fault, exchange: Exchange, pass: Forward, known: Buffer[] | undefined): Promise<void> {
  const body = await buffer(exchange.request);
  const answer = (): Promise<IncomingMessage> => pass(exchange.request.headers, body);
  switch (fault.kind) {
    case 'pass':
      return relay(await answer(), exchange, known);
    case 'stale':
      return relayStale(await answer(), exchange, known, fault.answers);
    case 'repeat':
      return relayTwice(await answer(), exchange);
    case 'answer':
      return reply(fault, exchange);
    case 'cut':
      return cut(exchange);
    case 'lose':
      await buffer(await answer());
      return cut(exchange);
    case 'truncate':
    case 'shorten':
      return relayHalf(await answer(), exchange, fault.kind === 'truncate');
    case 'replace':
      await buffer(await answer());
      return reply(fault, exchange);
    case 'hang':
      return;
    case 'slow':
      await sleep(fault.ms);
      return relay(await answer(), exchange);
    case 'silent': {
      const { statusCode = 200, headers } = await answer();
      exchange.response.writeHead(statusCode, ownHeaders(headers));
      // Over HTTP/1.1 the headers wait for a body.
      exchange.response.flushHeaders?.();
    }
  }
}

async function forward(
  url: URL,
  method: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  agent: Agent,
): Promise<IncomingMessage> {
  const { host: _host, ...rest } = ownHeaders(headers);
  const outgoing = send(url, { method, agent, headers: rest });
  outgoing.end(body);
  // oxlint-disable-next-line no-unsafe-type-assertion -- the event's only parameter (Node.js documentation)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

async function relay(answer: IncomingMessage, { response }: Exchange, known?: Buffer[]): Promise<void> {
  response.writeHead(answer.statusCode ?? 200, ownHeaders(answer.headers));
  response.once('close', () => answer.destroy());
  const parts: Buffer[] = [];
  // Piece by piece: the events of a watch must not wait for one another.
  for await (const part of answer) {
    response.write(part);
    if (known !== undefined) parts.push(part);
  }
  response.end('');
  if (known !== undefined && answer.statusCode === 200) remember(known, Buffer.concat(parts));
}

function remember(known: Buffer[], body: Buffer): void {
  if (known.at(-1)?.equals(body) !== true) known.push(body);
}

async function relayStale(
  answer: IncomingMessage,
  { response }: Exchange,
  known: Buffer[] | undefined,
  answers: number,
): Promise<void> {
  const now = await buffer(answer);
  const old = known?.at(-1 - answers) ?? known?.[0];
  if (known !== undefined && answer.statusCode === 200) remember(known, now);
  const { 'content-length': _length, etag: _tag, ...headers } = ownHeaders(answer.headers);
  response.writeHead(old === undefined ? (answer.statusCode ?? 200) : 200, headers);
  response.end(old ?? now);
}

async function relayTwice(answer: IncomingMessage, { response }: Exchange): Promise<void> {
  response.writeHead(answer.statusCode ?? 200, ownHeaders(answer.headers));
  response.once('close', () => answer.destroy());
  let [rest, last] = ['', ''];
  for await (const part of answer) {
    const lines = (rest + String(part)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      response.write(Buffer.from([line, line, last].filter((each) => each !== '').join('\n') + '\n'));
      last = line;
    }
  }
  response.end('');
}

async function relayHalf(answer: IncomingMessage, exchange: Exchange, isCut: boolean): Promise<void> {
  const { response } = exchange;
  const whole = await buffer(answer);
  const half = whole.subarray(0, Math.floor(whole.length / 2));
  const length = String(isCut ? whole.length : half.length);
  response.writeHead(answer.statusCode ?? 200, { ...ownHeaders(answer.headers), 'content-length': length });
  if (!isCut) return void response.end(half);
  response.write(half);
  await sleep(20); // What was written is to be on its way.
  cut(exchange);
}

function reply(
  { status, headers = {}, body }: { readonly status: number; readonly headers?: Headers; readonly body: string },
  { response }: Exchange,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

/** Without what belongs to one connection, and without what HTTP/2 puts among the headers. */
function ownHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const own = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(':') || OF_CONNECTIONS.includes(name) || value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(own);
}

const OF_CONNECTIONS = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te'];

function cut({ request }: Exchange): void {
  if ('stream' in request) request.stream.session?.destroy();
  else request.socket.destroy();
}
