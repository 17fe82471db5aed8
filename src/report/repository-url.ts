/** A repository at a forge, as its URL names it. */
export interface RepositoryAddress {
  /** `https://github.com`: scheme, host and port of the web pages and of the API, without credentials. */
  readonly origin: string;
  readonly owner: string;
  readonly repo: string;
}

/** What GitHub, Gitea and Forgejo allow in the name of an owner or repository. */
const NAME = /^[A-Za-z0-9_.-]+$/;

/** `git@host:owner/repo`, the short form of git for SSH. The host is not a drive letter and has no slash. */
const SCP = /^(?:[^@/\s]+@)?(?<host>[A-Za-z0-9.-]{2,}):(?!\/\/)(?<path>[^\s]+)$/;

/**
 * Owner and repository from the URL that git clones from: `https://`, `http://`, `ssh://` or `git@host:owner/repo`, with
 * or without `.git`. User names and passwords are dropped; for SSH the API is taken to be at `https` on the same host.
 *
 * `undefined` where the path is not exactly `owner/repo` (groups within groups, an installation under a path, a folder).
 */
export function parseRepositoryUrl(url: string): RepositoryAddress | undefined {
  const scp = SCP.exec(url)?.groups;
  if (scp !== undefined) return fromParts(`https://${scp['host']}`, scp['path'] ?? '');
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, hostname, pathname } = new URL(url);
  if (protocol === 'https:' || protocol === 'http:') return fromParts(`${protocol}//${host}`, pathname);
  if (protocol === 'ssh:' || protocol === 'git+ssh:') return fromParts(`https://${hostname}`, pathname);
  return undefined;
}

/**
 * Where GitHub's REST API is for a repository: `https://api.github.com`, and `/api/v3` on an Enterprise Server.
 * Gitea and Forgejo speak the same words at `/api/v1`; nothing in a URL tells them apart, so theirs must be set by hand.
 */
export function githubApiUrl(address: RepositoryAddress): string {
  return /^https?:\/\/(?:www\.|ssh\.)?github\.com$/i.test(address.origin)
    ? 'https://api.github.com'
    : `${address.origin}/api/v3`;
}

function fromParts(origin: string, path: string): RepositoryAddress | undefined {
  const [owner, last, ...rest] = path.replace(/^\/+|\/+$/g, '').split('/');
  const repo = last?.replace(/\.git$/, '');
  if (owner === undefined || repo === undefined || rest.length > 0) return undefined;
  return isName(owner) && isName(repo) ? { origin, owner, repo } : undefined;
}

function isName(text: string): boolean {
  return NAME.test(text) && text !== '.' && text !== '..';
}
