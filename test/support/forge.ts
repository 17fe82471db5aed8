/**
 * A forge that speaks GitHub's REST API on 127.0.0.1, for tests and for the demo. Every request and every answer is held
 * against GitHub's published OpenAPI, so it can be wrong only where that document says nothing. There it follows what is
 * known of GitHub: the texts of its errors, its limits, its paging.
 *
 * In what it differs from GitHub:
 *
 * - It has one repository, which is private. Tokens have two permissions and no scopes, and never expire by themselves.
 * - It serves the operations in `OPERATIONS` and no others. A request for another is a mistake of the caller: 404, and
 *   `assertClean` fails. So do a parameter or a field that GitHub does not know (GitHub ignores them).
 * - A ref is a full commit hash: no branches, tags or short hashes. Reading the statuses of an unknown commit is 404; that
 *   GitHub does the same is an assumption, and so is the order of contexts in a combined status (as they first came).
 * - Of the limits it knows the content limits (80 writes a minute, 500 an hour) and counts exactly; GitHub's count is
 *   approximate, shared with people, and also weighs points and CPU time. The quota of 5,000 requests is not counted.
 * - Answers have all the fields that GitHub calls required; URLs in them are well formed but not served.
 * - No conditional requests, no compression, no redirects of renamed repositories (`intercept` can give one).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonValue } from '../../src/model/json.ts';
import type { CommitStatus } from '../../src/model/status.ts';
import { isObject } from '../../src/object/json.ts';
import type { Access, Answer, Repository, Route } from './forge-operations.ts';
import {
  OPERATIONS,
  newestOf,
  problem,
  sameContext,
  sameName,
  statusesOf,
  toCommitStatus,
} from './forge-operations.ts';
import type { GitHubContract } from './github-openapi.ts';

/** All may be absent: then it is strict, empty, and `acme/fleet`. */
export interface LocalForgeOptions {
  /** False: no check against the OpenAPI, and no development dependency needed. */
  readonly validate?: boolean;
  readonly owner?: string;
  readonly repo?: string;
  /** Where the API begins: `/api/v3` as on an Enterprise Server; nothing as on api.github.com. */
  readonly basePath?: string;
  /** Whether a commit exists, besides those that were added. */
  readonly knowsCommit?: (sha: string) => boolean;
  /** False: no content limits. */
  readonly limits?: boolean;
  /** Milliseconds since the epoch, for the limits and `created_at`. */
  readonly now?: () => number;
}

/** A running forge. Disposal stops it, and throws what `assertClean` throws. */
export interface LocalForge extends AsyncDisposable {
  /** Base URL of the API, without a slash at the end. */
  readonly url: string;
  readonly owner: string;
  readonly repo: string;
  /** A token that may read and write everything. */
  readonly token: string;
  addCommits(...shas: readonly string[]): void;
  /** An issue or pull request that can be commented on. */
  addIssue(number: number): void;
  /** Somebody comments on an issue. */
  addComment(issue: number, user: string, body: string): void;
  /** What a token may do from now on. */
  grant(token: string, access: Access): void;
  /** The token is not accepted any more. */
  revoke(token: string): void;
  /** Asked for every request before it is carried out; replaces the hook before. */
  intercept(hook: ((request: ForgeRequest) => Fault | undefined) | undefined): void;
  /** The newest status of each context of a commit, in the order in which the contexts came. */
  statuses(sha: string): readonly CommitStatus[];
  /** Every status that was written to a commit, oldest first; of one context if given. */
  history(sha: string, context?: string): readonly CommitStatus[];
  /** The bodies of the comments on an issue, oldest first. */
  comments(issue: number): readonly string[];
  /** Every request so far, oldest first. */
  requests(): readonly ForgeRequest[];
  /** Throws if a request or an answer was not as GitHub's OpenAPI says, or if a handler failed. Disposal calls it too. */
  assertClean(): void;
}

/** One request as it came. */
export interface ForgeRequest {
  readonly method: string;
  /** Without the base path and the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON body; `undefined`: none. */
  readonly body: JsonValue | undefined;
  /** From `Authorization: token …` or `Bearer …`; `''`: none. */
  readonly token: string;
  readonly atMs: number;
}

/** What goes wrong with a request. */
export type Fault =
  /** The request is not carried out and this is the answer; an object is sent as JSON, a text as it is. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: JsonValue;
    }
  /** The connection is cut: `before` the request is carried out, `after` it, or `within` the answer's body. */
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' | 'within' }
  /** The request is carried out after so many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number };

/** The forge around its repository. */
interface State {
  readonly repository: Repository;
  readonly basePath: string;
  readonly limits: boolean;
  readonly tokens: Map<string, Access>;
  readonly requests: ForgeRequest[];
  readonly violations: string[];
  /** When content was written, for the limits. */
  readonly writesMs: number[];
  hook: ((request: ForgeRequest) => Fault | undefined) | undefined;
}

const TOKEN = 'local-forge-token';

/** Starts a forge on a free port of 127.0.0.1. It does not keep the process alive. */
export async function startLocalForge(options: LocalForgeOptions = {}): Promise<LocalForge> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the local forge has no port');
  const basePath = options.basePath ?? '';
  const commits = new Set<string>();
  const state: State = {
    repository: {
      url: `http://127.0.0.1:${address.port}${basePath}`,
      owner: options.owner ?? 'acme',
      repo: options.repo ?? 'fleet',
      now: options.now ?? Date.now,
      knowsCommit: (sha) => commits.has(sha) || options.knowsCommit?.(sha) === true,
      statuses: new Map(),
      statusCounts: new Map(),
      issues: new Map(),
      nextId: 1,
    },
    basePath,
    limits: options.limits ?? true,
    tokens: new Map([[TOKEN, { statuses: 'write', issues: 'write' }]]),
    requests: [],
    violations: [],
    writesMs: [],
    hook: undefined,
  };
  const contract = options.validate === false ? undefined : await loadContract();
  server.on('request', (request, response) => {
    serve(state, contract, request, response).catch((error: unknown) => {
      state.violations.push(`the local forge itself failed: ${String(error)}`);
      response.destroy();
    });
  });
  return handleOf(state, commits, server);
}

/** Only where it is wanted: the demo runs without development dependencies. */
async function loadContract(): Promise<GitHubContract> {
  const { loadGitHubContract } = await import('./github-openapi.ts');
  return loadGitHubContract();
}

function handleOf(state: State, commits: Set<string>, server: Server): LocalForge {
  const { repository } = state;
  const assertClean = (): void => {
    if (state.violations.length > 0) throw new Error(`The local forge saw:\n${state.violations.join('\n')}`);
  };
  return {
    url: repository.url,
    owner: repository.owner,
    repo: repository.repo,
    token: TOKEN,
    addCommits: (...shas) => {
      for (const sha of shas) commits.add(sha);
    },
    addIssue: (number) => void repository.issues.set(number, []),
    grant: (token, access) => void state.tokens.set(token, access),
    revoke: (token) => void state.tokens.delete(token),
    intercept: (hook) => {
      state.hook = hook;
    },
    statuses: (sha) => newestOf(statusesOf(repository, sha)).map(toCommitStatus),
    history: (sha, context) =>
      statusesOf(repository, sha)
        .filter((each) => context === undefined || sameContext(each.context, context))
        .map(toCommitStatus),
    addComment: (issue, user, body) => {
      const createdMs = repository.now();
      const comment = { id: repository.nextId, user, body, createdMs, updatedMs: createdMs };
      repository.nextId += 1;
      repository.issues.get(issue)?.push(comment);
    },
    comments: (issue) => (repository.issues.get(issue) ?? []).map((comment) => comment.body),
    requests: () => [...state.requests],
    assertClean,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      assertClean();
    },
  };
}

async function serve(
  state: State,
  contract: GitHubContract | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(state, incoming);
  state.requests.push(request);
  const fault = state.hook?.(request);
  if (fault?.kind === 'drop' && fault.when === 'before') return void incoming.socket.destroy();
  if (fault?.kind === 'delay') await delay(fault.ms, undefined, { ref: false });
  if (fault?.kind === 'answer') return send(response, { body: '', ...fault });
  const answer = answerTo(state, contract, request);
  if (fault?.kind !== 'drop') return send(response, answer);
  if (fault.when === 'after') return void incoming.socket.destroy();
  const text = JSON.stringify(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-type': JSON_TYPE, 'content-length': text.length });
  response.write(text.slice(0, text.length / 2), () => incoming.socket.destroy());
}

const JSON_TYPE = 'application/json; charset=utf-8';

function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  if (response.destroyed) return;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : JSON_TYPE, ...headers });
  response.end(text);
}

async function readRequest(state: State, incoming: IncomingMessage): Promise<ForgeRequest> {
  const chunks: Uint8Array[] = [];
  // oxlint-disable-next-line no-unsafe-type-assertion -- a request without encoding gives bytes
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname.startsWith(state.basePath)
      ? url.pathname.slice(state.basePath.length)
      : `outside:${url.pathname}`,
    query: Object.fromEntries(url.searchParams),
    body: text === '' ? undefined : parseBody(text),
    token: /^(?:token|bearer) +(.*)$/i.exec(incoming.headers.authorization ?? '')?.[1] ?? '',
    atMs: state.repository.now(),
  };
}

function parseBody(text: string): JsonValue {
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- JSON.parse gives JSON
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** GitHub's order of questions: who are you, does it exist for you, may you, do you ask too much, is it valid. */
function answerTo(state: State, contract: GitHubContract | undefined, request: ForgeRequest): Answer {
  const found = routeOf(request);
  if (found === undefined) {
    return violated(state, [`${request.method} ${request.path} is not served by the local forge`]);
  }
  const { route, path } = found;
  const wrong = contract?.checkRequest(route, { path, query: request.query, body: request.body }) ?? [];
  if (wrong.length > 0) return violated(state, wrong);
  const body = isObject(request.body) ? request.body : {};
  const { user } = state.tokens.get(request.token) ?? {};
  const call = { pathname: request.path, query: request.query, path, body, user };
  const answer = refusalOf(state, route, path, request) ?? route.answer(state.repository, call);
  const broken = contract?.checkAnswer(route, answer) ?? [];
  return broken.length > 0 ? violated(state, broken) : answer;
}

function violated(state: State, violations: readonly string[]): Answer {
  state.violations.push(...violations);
  return problem(500, `Not as GitHub's OpenAPI says: ${violations.join('; ')}`);
}

function routeOf(request: ForgeRequest): { readonly route: Route; readonly path: Record<string, string> } | undefined {
  for (const route of OPERATIONS.filter((each) => each.method === request.method)) {
    const pattern = route.template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const match = new RegExp(`^${pattern}$`).exec(request.path);
    if (match !== null) {
      const path = Object.entries(match.groups ?? {}).map(
        ([name, value]) => [name, decodeURIComponent(value)] as const,
      );
      return { route, path: Object.fromEntries(path) };
    }
  }
  return undefined;
}

function refusalOf(
  state: State,
  route: Route,
  path: Readonly<Record<string, string>>,
  request: ForgeRequest,
): Answer | undefined {
  const access = state.tokens.get(request.token);
  if (request.token === '') return problem(401, 'Requires authentication');
  if (access === undefined) return problem(401, 'Bad credentials');
  if (route.needs === undefined) return undefined;
  const [permission, amount] = route.needs;
  const here = sameName(path['owner'], state.repository.owner) && sameName(path['repo'], state.repository.repo);
  if (!here || access[permission] === 'none') return problem(404, 'Not Found');
  if (amount === 'write' && access[permission] !== 'write') {
    return problem(403, 'Resource not accessible by integration');
  }
  return amount === 'write' && state.limits ? limitOf(state) : undefined;
}

/** Counts a write, or refuses it as GitHub's secondary limit for content does. */
function limitOf(state: State): Answer | undefined {
  const nowMs = state.repository.now();
  while ((state.writesMs[0] ?? nowMs) <= nowMs - 3_600_000) state.writesMs.shift();
  const lastMinute = state.writesMs.filter((atMs) => atMs > nowMs - 60_000).length;
  if (lastMinute >= 80 || state.writesMs.length >= 500) return secondaryLimit(60);
  state.writesMs.push(nowMs);
  return undefined;
}

/** The answer of GitHub to too much content; without `retryAfterS` it does not say how long to wait, as GitHub often does. */
export function secondaryLimit(retryAfterS?: number): Fault & Answer {
  const message =
    'You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.';
  return {
    kind: 'answer',
    ...problem(403, message),
    ...(retryAfterS === undefined ? {} : { headers: { 'retry-after': String(retryAfterS) } }),
  };
}
