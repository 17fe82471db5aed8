import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Works in a folder beside the final one and renames it when `work` is done: nobody ever sees half of it. */
export async function fillFolder(directory: string, work: (folder: string) => Promise<void>): Promise<void> {
  const partial = await mkdtemp(`${directory}.partial-`);
  try {
    await work(partial);
    await rm(directory, { recursive: true, force: true }); // It is not whole, or we would not be here.
    await rename(partial, directory);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** What processes left behind that were killed in the middle. The caller holds the lock, so nobody works in them. */
export async function removePartial(directory: string): Promise<void> {
  const parent = dirname(directory);
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${basename(directory)}.partial-`)) await rm(join(parent, name), { recursive: true });
  }
}

/** Where a user's programs keep what they can obtain again. */
export function userCache(environment: NodeJS.ProcessEnv): string {
  // `||`: the XDG specification says that empty means unset.
  return environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
