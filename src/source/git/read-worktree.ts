import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError, type PortCode } from '../../model/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import {
  collectFiles,
  type FileContent,
  type FileSource,
  SNAPSHOT_LIMITS,
  type SnapshotLimits,
  type SourceEntry,
} from './collect-files.ts';
import { diskError, isDiskError } from './disk-error.ts';
import { describeTarget } from './read-snapshot.ts';

/**
 * The fleet's files as they lie in a folder, committed or not; its revision is `worktree`. Selection, limits and refusals
 * are those of `readSnapshot`, and a file has the id that Git would give to its bytes as they are (without filters such as
 * autocrlf), so that unchanged files are equal in both. Links are never followed. Throws PortError, and only that.
 */
export async function readWorktree(directory: string, limits: SnapshotLimits = SNAPSHOT_LIMITS): Promise<Snapshot> {
  try {
    return { revision: 'worktree', files: await collectFiles(diskSource(directory), directory, limits) };
  } catch (error) {
    throw isDiskError(error) ? diskError('read', error.path ?? directory, error) : error;
  }
}

function diskSource(directory: string): FileSource<string> {
  const failure = (code: PortCode, safeMessage: string): PortError =>
    new PortError({ port: 'disk', operation: 'read', subject: directory, code, retry: false, safeMessage });
  return {
    failure,
    async list(folder) {
      const names = await readdir(folder, 'buffer');
      return Promise.all(names.filter((name) => !isGit(name)).map((name) => entryOf(folder, name)));
    },
    read: readContent,
    async describe(path) {
      const status = await lstat(path);
      return status.isSymbolicLink() ? describeTarget(await readlink(path, 'buffer')) : 'a repository of its own';
    },
  };
}

/** Git's own folder, at the root; below it, it marks a folder that is a repository of its own. */
function isGit(name: Buffer): boolean {
  return name.toString() === '.git';
}

async function entryOf(folder: string, name: Buffer): Promise<SourceEntry<string>> {
  const handle = join(folder, name.toString());
  // By its bytes: a name that is not UTF-8 must be found, to be refused by name.
  const status = await lstat(Buffer.concat([Buffer.from(`${folder}/`), name]));
  if (status.isSymbolicLink()) return { kind: 'symlink', name, handle };
  if (status.isFile()) return { kind: 'file', name, handle };
  if (!status.isDirectory()) return { kind: 'special', name, handle };
  const nested = await access(join(handle, '.git')).then(
    () => true,
    () => false,
  );
  return { kind: nested ? 'submodule' : 'folder', name, handle };
}

/** NOFOLLOW: the entry may have become a link since it was listed. NONBLOCK: or a pipe that nobody writes to. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function readContent(path: string, maxBytes: number): Promise<FileContent> {
  await using file = await open(path, FLAGS);
  const { size } = await file.stat();
  if (size > maxBytes) return { kind: 'too-large', size };
  const bytes = new Uint8Array(await file.readFile());
  if (bytes.length > maxBytes) return { kind: 'too-large', size: bytes.length };
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  return { kind: 'content', oid, bytes };
}
