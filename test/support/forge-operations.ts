/** What the local forge of `forge.ts` can do: GitHub's operations over a repository, and the shapes of its answers. */
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import type { CommitStatus } from '../../src/model/status.ts';
import type { Operation } from './github-openapi.ts';

/** What a token may do. `none`: the repository does not exist for it. */
export interface Access {
  readonly statuses: 'none' | 'read' | 'write';
  readonly issues: 'none' | 'read' | 'write';
  /** Whose it is. Absent: an app's, as the token of a workflow is, which writes as a bot and may not ask who it is. */
  readonly user?: string;
}

/** Everything that the forge holds. */
export interface Repository {
  /** Base URL of the API. */
  readonly url: string;
  readonly owner: string;
  readonly repo: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly knowsCommit: (sha: string) => boolean;
  /** By commit, oldest first. */
  readonly statuses: Map<string, StoredStatus[]>;
  /** How many statuses there are, by commit and context. */
  readonly statusCounts: Map<string, number>;
  readonly issues: Map<number, StoredComment[]>;
  nextId: number;
}

export interface StoredStatus {
  readonly id: number;
  readonly state: CommitStatus['state'];
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly atMs: number;
}

export interface StoredComment {
  readonly id: number;
  readonly createdMs: number;
  /** Absent: the bot's. */
  readonly user: string | undefined;
  body: string;
  updatedMs: number;
}

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: JsonValue;
}

/** A request to one operation. */
export interface Call {
  /** Without the base path and the query. */
  readonly pathname: string;
  readonly query: Readonly<Record<string, string>>;
  /** Path parameters by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  readonly user: string | undefined;
}

/** One operation that is served. */
export interface Route extends Operation {
  /** The permission that it needs, and how much of it; absent: none. */
  readonly needs?: readonly [keyof Access, 'read' | 'write'];
  readonly answer: (repository: Repository, call: Call) => Answer;
}

/** All that is served. */
export const OPERATIONS: readonly Route[] = [
  {
    method: 'POST',
    template: '/repos/{owner}/{repo}/statuses/{sha}',
    needs: ['statuses', 'write'],
    answer: createStatus,
  },
  {
    method: 'GET',
    template: '/repos/{owner}/{repo}/commits/{ref}/status',
    needs: ['statuses', 'read'],
    answer: getCombinedStatus,
  },
  {
    method: 'GET',
    template: '/repos/{owner}/{repo}/commits/{ref}/statuses',
    needs: ['statuses', 'read'],
    answer: listStatuses,
  },
  {
    method: 'GET',
    template: '/repos/{owner}/{repo}/issues/{issue_number}/comments',
    needs: ['issues', 'read'],
    answer: listComments,
  },
  {
    method: 'POST',
    template: '/repos/{owner}/{repo}/issues/{issue_number}/comments',
    needs: ['issues', 'write'],
    answer: createComment,
  },
  {
    method: 'PATCH',
    template: '/repos/{owner}/{repo}/issues/comments/{comment_id}',
    needs: ['issues', 'write'],
    answer: updateComment,
  },
  { method: 'GET', template: '/user', answer: getUser },
  { method: 'GET', template: '/rate_limit', answer: getRateLimit },
];

/** An error as GitHub words it. */
export function problem(status: number, message: string, errors?: readonly JsonObject[]): Answer {
  const documentation_url = 'https://docs.github.com/rest';
  const body = { message, documentation_url, status: String(status), ...(errors === undefined ? {} : { errors }) };
  return { status, body };
}

function invalid(error: JsonObject): Answer {
  return problem(422, 'Validation Failed', [error]);
}

function createStatus(repository: Repository, { path, body }: Call): Answer {
  const sha = path['sha'] ?? '';
  const { context, description, target_url } = body;
  const stored: StoredStatus = {
    id: repository.nextId,
    // oxlint-disable-next-line no-unsafe-type-assertion -- refused below if it is something else
    state: body['state'] as CommitStatus['state'],
    context: typeof context === 'string' ? context : 'default',
    description: typeof description === 'string' ? description : null,
    targetUrl: typeof target_url === 'string' ? target_url : null,
    atMs: repository.now(),
  };
  const refusal = statusRefusal(repository, sha, stored);
  if (refusal !== undefined) return refusal;
  repository.nextId += 1;
  const known = repository.statuses.get(sha) ?? [];
  known.push(stored);
  repository.statuses.set(sha, known);
  const key = countKey(sha, stored);
  repository.statusCounts.set(key, (repository.statusCounts.get(key) ?? 0) + 1);
  return {
    status: 201,
    headers: { location: `${repositoryUrl(repository)}/statuses/${sha}` },
    body: statusJson(repository, sha, stored),
  };
}

function statusRefusal(repository: Repository, sha: string, status: StoredStatus): Answer | undefined {
  if (!isCommit(repository, sha)) return problem(422, `No commit found for SHA: ${sha}`);
  if (!['error', 'failure', 'pending', 'success'].includes(status.state)) {
    return invalid({
      resource: 'Status',
      code: 'custom',
      field: 'state',
      message: 'state is not included in the list',
    });
  }
  for (const [field, limit] of [
    ['description', 140],
    ['context', 255],
  ] as const) {
    if (Array.from(status[field] ?? '').length > limit) {
      const message = `${field} is too long (maximum is ${limit} characters)`;
      return invalid({ resource: 'Status', code: 'custom', field, message });
    }
  }
  if ((repository.statusCounts.get(countKey(sha, status)) ?? 0) < 1000) return undefined;
  const message = 'This SHA and context has reached the maximum number of statuses.';
  return invalid({ resource: 'Status', code: 'custom', message });
}

function countKey(sha: string, { context }: StoredStatus): string {
  return `${sha} ${context.toLowerCase()}`;
}

function getCombinedStatus(repository: Repository, call: Call): Answer {
  const sha = call.path['ref'] ?? '';
  if (!isCommit(repository, sha)) return problem(404, 'Not Found');
  const newest = newestOf(statusesOf(repository, sha));
  const { items, headers } = pageOf(repository, call, newest);
  const url = repositoryUrl(repository);
  return {
    status: 200,
    headers,
    body: {
      state: combinedState(newest),
      statuses: items.map((each) => simpleStatusJson(repository, sha, each)),
      sha,
      total_count: newest.length,
      repository: repositoryJson(repository),
      commit_url: `${url}/commits/${sha}`,
      url: `${url}/commits/${sha}/status`,
    },
  };
}

function combinedState(newest: readonly StoredStatus[]): string {
  const states = newest.map((each) => each.state);
  if (states.some((each) => each === 'error' || each === 'failure')) return 'failure';
  return states.length === 0 || states.includes('pending') ? 'pending' : 'success';
}

function listStatuses(repository: Repository, call: Call): Answer {
  const sha = call.path['ref'] ?? '';
  if (!isCommit(repository, sha)) return problem(404, 'Not Found');
  const { items, headers } = pageOf(repository, call, statusesOf(repository, sha).toReversed());
  return { status: 200, headers, body: items.map((each) => statusJson(repository, sha, each)) };
}

function listComments(repository: Repository, call: Call): Answer {
  const issue = Number(call.path['issue_number']);
  const comments = repository.issues.get(issue);
  if (comments === undefined) return problem(404, 'Not Found');
  const since = Date.parse(call.query['since'] ?? '1970-01-01T00:00:00Z');
  const { items, headers } = pageOf(
    repository,
    call,
    comments.filter((each) => each.updatedMs >= since),
  );
  return { status: 200, headers, body: items.map((each) => commentJson(repository, issue, each)) };
}

function getUser(repository: Repository, { user }: Call): Answer {
  if (user === undefined) return problem(403, 'Resource not accessible by integration');
  const counts = { public_repos: 1, public_gists: 0, followers: 0, following: 0 };
  const nothing = { name: null, company: null, blog: null, location: null, email: null, hireable: null, bio: null };
  const dates = { created_at: '2020-01-01T00:00:00Z', updated_at: '2020-01-01T00:00:00Z' };
  return { status: 200, body: { ...userJson(repository, user), ...counts, ...nothing, ...dates } };
}

function createComment(repository: Repository, { path, body, user }: Call): Answer {
  const issue = Number(path['issue_number']);
  const comments = repository.issues.get(issue);
  if (comments === undefined) return problem(404, 'Not Found');
  const text = typeof body['body'] === 'string' ? body['body'] : '';
  const refusal = commentRefusal(text);
  if (refusal !== undefined) return refusal;
  const nowMs = repository.now();
  const comment = { id: repository.nextId, body: text, user, createdMs: nowMs, updatedMs: nowMs };
  repository.nextId += 1;
  comments.push(comment);
  const location = `${repositoryUrl(repository)}/issues/comments/${comment.id}`;
  return { status: 201, headers: { location }, body: commentJson(repository, issue, comment) };
}

function updateComment(repository: Repository, { path, body }: Call): Answer {
  for (const [issue, comments] of repository.issues) {
    const comment = comments.find((each) => each.id === Number(path['comment_id']));
    if (comment === undefined) continue;
    const text = typeof body['body'] === 'string' ? body['body'] : '';
    const refusal = commentRefusal(text);
    if (refusal !== undefined) return refusal;
    comment.body = text;
    comment.updatedMs = repository.now();
    return { status: 200, body: commentJson(repository, issue, comment) };
  }
  return problem(404, 'Not Found');
}

function commentRefusal(body: string): Answer | undefined {
  if (body.trim() === '') {
    return invalid({ resource: 'IssueComment', code: 'missing_field', field: 'body' });
  }
  if (Array.from(body).length <= 65_536) return undefined;
  const message = 'body is too long (maximum is 65536 characters)';
  return invalid({ resource: 'IssueComment', code: 'custom', field: 'body', message });
}

function getRateLimit(repository: Repository): Answer {
  const rate = { limit: 5000, remaining: 5000, used: 0, reset: Math.floor(repository.now() / 1000) + 3600 };
  return { status: 200, body: { resources: { core: rate, search: { ...rate, limit: 30, remaining: 30 } }, rate } };
}

/** 30 to a page, 100 at most, with the `Link` header that leads on. */
function pageOf<T>(
  repository: Repository,
  { pathname, query }: Call,
  all: readonly T[],
): { readonly items: readonly T[]; readonly headers: Record<string, string> } {
  const size = Math.min(100, Math.max(1, Number(query['per_page'] ?? 30)));
  const page = Math.max(1, Number(query['page'] ?? 1));
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (number: number, rel: string): string => {
    const parameters = new URLSearchParams({ ...query, page: String(number) });
    return `<${repository.url}${pathname}?${parameters.toString()}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  return {
    items: all.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}

function isCommit(repository: Repository, sha: string): boolean {
  return /^[0-9a-f]{40}$/.test(sha) && repository.knowsCommit(sha);
}

/** Every status of a commit, oldest first. */
export function statusesOf(repository: Repository, sha: string): readonly StoredStatus[] {
  return repository.statuses.get(sha) ?? [];
}

/** The newest of each context, in the order in which the contexts came. */
export function newestOf(statuses: readonly StoredStatus[]): readonly StoredStatus[] {
  return [...new Map(statuses.map((each) => [each.context.toLowerCase(), each])).values()];
}

/** Contexts are case-insensitive. */
export function sameContext(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** So are names of owners and repositories. */
export function sameName(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}

/** As Muster knows it. */
export function toCommitStatus({ context, state, description }: StoredStatus): CommitStatus {
  return { context, state, description: description ?? '' };
}

/** A "Status". */
function statusJson(repository: Repository, sha: string, status: StoredStatus): JsonObject {
  return { ...simpleStatusJson(repository, sha, status), creator: userJson(repository) };
}

/** A "Simple Commit Status": without its creator. */
function simpleStatusJson(repository: Repository, sha: string, status: StoredStatus): JsonObject {
  const at = new Date(status.atMs).toISOString();
  return {
    url: `${repositoryUrl(repository)}/statuses/${sha}`,
    avatar_url: 'https://avatars.githubusercontent.com/u/1',
    id: status.id,
    node_id: `SC_${status.id}`,
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: at,
    updated_at: at,
  };
}

function commentJson(repository: Repository, issue: number, comment: StoredComment): JsonObject {
  const html = `https://github.com/${repository.owner}/${repository.repo}/pull/${issue}`;
  return {
    id: comment.id,
    node_id: `IC_${comment.id}`,
    url: `${repositoryUrl(repository)}/issues/comments/${comment.id}`,
    html_url: `${html}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(repository)}/issues/${issue}`,
    body: comment.body,
    user: userJson(repository, comment.user),
    created_at: new Date(comment.createdMs).toISOString(),
    updated_at: new Date(comment.updatedMs).toISOString(),
    author_association: 'NONE',
  };
}

function repositoryUrl(repository: Repository): string {
  return `${repository.url}/repos/${repository.owner}/${repository.repo}`;
}

function userJson(repository: Repository, login?: string): JsonObject {
  const url = `${repository.url}/users/${login ?? 'muster'}`;
  const parts = ['events', 'followers', 'following', 'gists', 'repos', 'starred', 'subscriptions', 'received_events'];
  return {
    login: login ?? 'muster[bot]',
    id: 1,
    node_id: 'BOT_1',
    avatar_url: 'https://avatars.githubusercontent.com/u/1',
    gravatar_id: '',
    url,
    html_url: 'https://github.com/apps/muster',
    organizations_url: `${url}/orgs`,
    ...Object.fromEntries(parts.map((part) => [`${part}_url`, `${url}/${part}`])),
    type: login === undefined ? 'Bot' : 'User',
    site_admin: false,
  };
}

/** The URLs that a "Minimal Repository" must have. */
const REPOSITORY_URLS =
  'archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees';

function repositoryJson(repository: Repository): JsonObject {
  const url = repositoryUrl(repository);
  return {
    id: 1,
    node_id: 'R_1',
    name: repository.repo,
    full_name: `${repository.owner}/${repository.repo}`,
    owner: userJson(repository),
    private: true,
    description: null,
    fork: false,
    url,
    html_url: `https://github.com/${repository.owner}/${repository.repo}`,
    ...Object.fromEntries(REPOSITORY_URLS.split(' ').map((part) => [`${part}_url`, `${url}/${part}`])),
  };
}
