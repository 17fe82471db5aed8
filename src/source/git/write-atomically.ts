import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that at any moment, also after the process is killed, its path holds all of the old content or all of
 * the new; `durably`: also after a loss of power, at the price of waiting for the disk. Makes the folders above it.
 * Throws the disk's errors.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  { durably }: { readonly durably: boolean },
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    await using file = await open(temporary, 'w');
    await file.writeFile(content);
    if (durably) await file.sync();
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // A full disk should not be kept full by what is of no use.
    throw error;
  }
  await rename(temporary, path);
  if (durably) await syncFolder(folder);
}

/** Makes a rename in a folder survive a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
