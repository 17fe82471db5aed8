/** The only importer of isomorphic-git: the two calls that we make, in the shapes that were measured (design 6 §2). */
import { Errors, fetch, listServerRefs } from 'isomorphic-git';

/** The part of `node:fs` that isomorphic-git asks for. */
export interface GitFiles {
  readonly promises: Readonly<Record<FileCall, (...args: readonly unknown[]) => Promise<unknown>>>;
}

type FileCall =
  | 'readFile'
  | 'writeFile'
  | 'unlink'
  | 'readdir'
  | 'mkdir'
  | 'rmdir'
  | 'stat'
  | 'lstat'
  | 'readlink'
  | 'symlink';

/** What isomorphic-git uses to speak HTTP. A `request` that resolves has a complete, well-formed body of status 200. */
export interface GitTransport {
  request(request: TransportRequest): Promise<TransportResponse>;
}

export interface TransportRequest {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

export interface TransportResponse {
  readonly url: string;
  readonly method: string;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: Record<string, string>;
  readonly body: AsyncIterableIterator<Uint8Array>;
}

/** A ref as the server has it. `target`: what a symbolic one points at. */
export interface ServerRef {
  readonly ref: string;
  readonly oid: string;
  readonly target?: string | undefined;
}

/** Where a call goes, and who asks. */
export interface RemoteCall {
  readonly http: GitTransport;
  readonly url: string;
  /** Sent with every request, so that none is wasted on a 401. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The refs that start with `prefix`: also `refs/heads/main-2` for `refs/heads/main`. Protocol version 2. */
export async function listRefs(call: RemoteCall, prefix: string): Promise<readonly ServerRef[]> {
  const { http, url } = call;
  return listServerRefs({ http, url, headers: { ...call.headers }, prefix, symrefs: true, protocolVersion: 2 });
}

/** A bare repository that holds packs only, through the files given. */
export interface FetchTarget {
  readonly files: GitFiles;
  readonly gitdir: string;
  readonly branch: string;
  /** 1 the first time; later `undefined`: with a depth, the server would send everything again each time. */
  readonly depth?: number;
}

/**
 * Fetches one branch to {@link trackingRef} and returns its commit, or `undefined` from a server without refs. `breathe`
 * is awaited between objects: indexing a large pack takes seconds, and others want to run.
 */
export async function fetchBranch(
  call: RemoteCall,
  target: FetchTarget,
  breathe: () => Promise<void>,
): Promise<string | undefined> {
  const { fetchHead } = await fetch({
    fs: target.files,
    http: call.http,
    url: call.url,
    headers: { ...call.headers },
    gitdir: target.gitdir,
    cache: {},
    remote: 'origin',
    // isomorphic-git offers the server exactly this ref as what we have; refs/heads/… does not exist in our stores.
    ref: trackingRef(target.branch),
    remoteRef: `refs/heads/${target.branch}`,
    singleBranch: true,
    tags: false,
    onProgress: breathe,
    ...(target.depth === undefined ? {} : { depth: target.depth }),
  });
  return fetchHead ?? undefined;
}

/** The ref that {@link fetchBranch} writes. */
export function trackingRef(branch: string): string {
  return `refs/remotes/origin/${branch}`;
}

/** True when isomorphic-git says that an object or a ref does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Errors.NotFoundError;
}
