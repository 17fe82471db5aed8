/**
 * A real Git server: `git http-backend` behind HTTP or HTTPS on 127.0.0.1, with bare repositories in a temporary folder,
 * a log of what was asked, and faults on demand. `await using` stops it and removes the folder.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGitRepository, type GitRepository, runGit } from './git-repository.ts';

export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: string;
  /** Every request since the start, or since a test emptied the list. */
  readonly requests: GitRequest[];
  /** What goes wrong from now on; `undefined`: nothing. */
  fault: Fault | undefined;
  /** Basic credentials that every request must carry; `undefined`: none. */
  auth: { readonly username: string; readonly password: string } | undefined;
  /** Answers equal requests from memory, as long as this is set: for thousands of polls of repositories that stay as they are. */
  memory: Map<string, Promise<Answer>> | undefined;
  createRepository(name: string, branch?: string): Promise<GitRepository>;
  urlOf(repository: GitRepository): string;
  /** Refuses connections until {@link GitServer.up}; the port stays ours to come back to. */
  down(): Promise<void>;
  up(): Promise<void>;
}

export interface GitRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly bytesIn: number;
  status: number;
  bytesOut: number;
}

/** `only` limits a fault to requests whose path contains it, such as `git-upload-pack`; `after` lets so many of them pass. */
export type Fault = { readonly only?: string; readonly after?: number } & (
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection closes before any answer. */
  | { readonly kind: 'hang-up' }
  /** The request is taken, and nothing ever comes: like a server stopped by SIGSTOP. */
  | { readonly kind: 'silence' }
  /** The first bytes of the body, then nothing; the connection stays open. */
  | { readonly kind: 'stall'; readonly bytes: number }
  /** The first bytes of the body, then the connection closes, although `Content-Length` promised more. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** Paths that begin with `from` are redirected to the same below `to`. */
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  /** Another body, well-formed as HTTP. */
  | { readonly kind: 'body'; readonly change: (body: Buffer) => Buffer; readonly contentType?: string }
);

/** Starts a server on a free port. `tls` takes a certificate and its key, as PEM. */
export async function startGitServer(
  options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'muster-git-server-'));
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    answer(state, root, request, response).catch(() => response.destroy());
  };
  const server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  const port = await listen(server, 0);
  const origin = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const state: GitServer = {
    origin,
    requests: [],
    fault: undefined,
    auth: undefined,
    memory: undefined,
    createRepository: (name, branch = 'main') => createGitRepository(join(root, `${name}.git`), branch),
    urlOf: (repository) => `${origin}/${repository.path.slice(root.length + 1)}`,
    down: () => stop(server),
    async up() {
      await listen(server, port);
    },
    async [Symbol.asyncDispose]() {
      await stop(server);
      await rm(root, { recursive: true, force: true });
    },
  };
  return state;
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** What the backend says to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

async function answer(
  server: GitServer,
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await buffer(request);
  const path = request.url ?? '/';
  const record: GitRequest = {
    method: request.method ?? 'GET',
    path,
    headers: request.headers,
    bytesIn: body.length,
    status: 0,
    bytesOut: 0,
  };
  server.requests.push(record);
  const fault = faultFor(server, path);
  if (fault?.kind === 'silence') return;
  if (fault?.kind === 'hang-up') return void response.destroy();
  if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
  send(response, record, await answerTo(server, root, request, body, fault), fault);
}

const passed = new WeakMap<Fault, number>();

function faultFor({ fault }: GitServer, path: string): Fault | undefined {
  if (fault === undefined || !path.includes(fault.only ?? '')) return undefined;
  const count = (passed.get(fault) ?? 0) + 1;
  passed.set(fault, count);
  return count > (fault.after ?? 0) ? fault : undefined;
}

async function answerTo(
  server: GitServer,
  root: string,
  request: IncomingMessage,
  body: Buffer,
  fault: Fault | undefined,
): Promise<Answer> {
  if (fault?.kind === 'status') {
    return { status: fault.status, headers: fault.headers ?? {}, body: Buffer.from('<html>no</html>') };
  }
  if (fault?.kind === 'move' && request.url?.startsWith(fault.from) === true) {
    const location = `${fault.to}${request.url.slice(fault.from.length)}`;
    return { status: 301, headers: { location }, body: Buffer.from('moved') };
  }
  if (server.auth !== undefined) {
    const expected = Buffer.from(`${server.auth.username}:${server.auth.password}`).toString('base64');
    if (request.headers.authorization !== `Basic ${expected}`) {
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="git"' }, body: Buffer.from('no') };
    }
  }
  const key = `${request.method} ${request.url} ${header(request, 'git-protocol')} ${body.toString('latin1')}`;
  const answering = server.memory?.get(key) ?? runBackend(root, request, body);
  server.memory?.set(key, answering);
  const backend = await answering;
  if (fault?.kind !== 'body') return backend;
  const headers =
    fault.contentType === undefined ? backend.headers : { ...backend.headers, 'content-type': fault.contentType };
  return { status: backend.status, headers, body: fault.change(backend.body) };
}

function send(response: ServerResponse, record: GitRequest, given: Answer, fault: Fault | undefined): void {
  record.status = given.status;
  response.writeHead(given.status, { ...given.headers, 'content-length': given.body.length });
  if (fault?.kind === 'stall' || fault?.kind === 'cut') {
    const part = given.body.subarray(0, fault.bytes);
    record.bytesOut = part.length;
    response.write(part, () => fault.kind === 'cut' && response.destroy());
    return;
  }
  record.bytesOut = given.body.length;
  response.end(given.body);
}

/** One run of the CGI program that every Git server of this kind uses. */
async function runBackend(root: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const output = await runGit(['http-backend'], {
    input: body,
    anyStatus: true,
    env: {
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header(request, 'git-protocol'),
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: header(request, 'content-type'),
      CONTENT_LENGTH: String(body.length),
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  const end = output.indexOf('\r\n\r\n');
  const headers: Record<string, string> = {};
  for (const line of output.subarray(0, end).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const { status = '200 OK', ...rest } = headers;
  return { status: Number.parseInt(status, 10), headers: rest, body: output.subarray(end + 4) };
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
