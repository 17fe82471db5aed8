import { parseCommit } from './git-object.ts';
import { openObjects } from './object-reader.ts';

/** Whether a commit is among the ancestors of another, as far as the repository has them, and a thousand commits at most. */
export async function isAncestor(gitdir: string, ancestor: string, of: string): Promise<boolean> {
  const objects = await openObjects(gitdir);
  const seen = new Set([of]);
  for (const revision of seen) {
    const commit = await objects.read(revision).catch(() => undefined);
    for (const parent of (commit === undefined ? undefined : parseCommit(commit.bytes))?.parents ?? []) {
      if (parent === ancestor) return true;
      if (seen.size < MAX_HISTORY) seen.add(parent);
    }
  }
  return false;
}

const MAX_HISTORY = 1000;
