/** A folder with a Git repository, for verbs that compare what lies there with what was committed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.ts';

export interface Worktree extends AsyncDisposable {
  readonly path: string;
  /** Commits everything that lies there. */
  commit(message: string): Promise<void>;
}

const run = promisify(execFile);

/** Makes one in a new folder, with `fill` for its first commit. */
export async function createWorktree(fill: (path: string) => Promise<void>): Promise<Worktree> {
  const folder = await temporaryFolder();
  const git = (...args: readonly string[]): Promise<unknown> => run('git', ['-C', folder.path, ...args]);
  const commit = async (message: string): Promise<void> => {
    await git('add', '--all');
    await git('-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', `--message=${message}`);
  };
  await git('init', '--quiet', '--initial-branch=main');
  await fill(folder.path);
  await commit('the first');
  return { path: folder.path, commit, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}
