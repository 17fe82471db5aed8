/** What a test of the way from a Git server to a snapshot needs. */
import { join } from 'node:path';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { openRemote, type Remote, type RemoteOptions } from '../../src/source/git/remote.ts';
import type { GitRepository } from './git-repository.ts';
import { type GitServer, startGitServer } from './git-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A server with a repository, and a remote that follows its branch `main`. Disposing stops and removes everything. */
export interface GitWorld extends AsyncDisposable {
  readonly server: GitServer;
  readonly repository: GitRepository;
  readonly url: string;
  readonly folder: string;
  readonly storeDirectory: string;
  /** Of `main`. */
  readonly remote: Remote;
  readonly open: (options?: { [K in keyof RemoteOptions]?: RemoteOptions[K] | undefined }) => Remote;
}

/** Starts one. `tls`: with this certificate. */
export async function startGitWorld(
  options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<GitWorld> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const server = stack.use(await startGitServer(options));
  const repository = await server.createRepository('fleet');
  const url = server.urlOf(repository);
  const storeDirectory = join(folder, 'store');
  const open: GitWorld['open'] = (options = {}) => {
    const all = { url, branch: 'main', storeDirectory, ...options };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return stack.use(
      openRemote({ ...given, url: all.url ?? url, storeDirectory: all.storeDirectory ?? storeDirectory }),
    );
  };
  return {
    server,
    repository,
    url,
    folder,
    storeDirectory,
    remote: open(),
    open,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Paths and contents, for comparing. */
export function showFiles(snapshot: Snapshot): Record<string, string> {
  return Object.fromEntries(
    snapshot.files.map((file) => [file.path, file.kind === 'file' ? Buffer.from(file.bytes).toString() : file.kind]),
  );
}
