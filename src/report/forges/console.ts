import type { Forge } from '../../model/ports.ts';
import type { CommitStatus } from '../../model/status.ts';
import { contextKey } from '../context-key.ts';

/** So many commits are remembered: the head, and those that it supersedes. */
const COMMITS = 20;

/**
 * Where there is no forge: every status is one line, `1a2b3c4 muster/eu success: 12 objects in sync`, given to `write`
 * without a line break. What stands is what was written since the start. See {@link Forge}.
 */
export function createConsoleForge(write: (line: string) => void): Forge {
  const commits = new Map<string, ReadonlyMap<string, CommitStatus>>();
  return {
    read: async (revision) => [...(commits.get(revision)?.values() ?? [])],
    post: async (revision, status) => {
      const known = commits.get(revision) ?? new Map<string, CommitStatus>();
      commits.delete(revision); // and set again: the newest comes last
      commits.set(revision, new Map([...known, [contextKey(status.context), status]]));
      const [oldest] = commits.keys();
      if (commits.size > COMMITS && oldest !== undefined) commits.delete(oldest);
      write(lineOf(revision, status));
    },
  };
}

/**
 * The runner of GitHub Actions takes `##[command]` for an order wherever it stands in a line (`::command::` only at its
 * start, where the commit is), and the words of a description come from anywhere.
 */
function lineOf(revision: string, { context, state, description }: CommitStatus): string {
  return `${revision.slice(0, 7)} ${context} ${state}: ${description}`.replaceAll('##[', '## [');
}
