import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskCode, diskError, isDiskError } from './disk-error.ts';
import { isOid } from './git-object.ts';
import { writeAtomically } from './write-atomically.ts';

/** The newest revision that was read and rendered whole: what is read again when the server is down after a restart. */
export interface LastGood {
  /** Without credentials. */
  readonly url: string;
  readonly branch: string;
  readonly revision: string;
  /** The store that holds the revision, as `poll` gave it. */
  readonly gitdir: string;
  /** Milliseconds since the epoch: when it was promoted. */
  readonly at: number;
}

/**
 * The record in a store folder; `undefined` when there is none, or none that can be understood: the next revision that
 * is good writes a new one. Throws PortError when the disk fails. The caller compares `url` and `branch` with its own.
 */
export async function readLastGood(storeDirectory: string): Promise<LastGood | undefined> {
  const path = join(storeDirectory, NAME);
  try {
    return parse(storeDirectory, await readFile(path, 'utf8'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(diskCode(error) ?? '')) return undefined;
    throw isDiskError(error) ? diskError('read', path, error) : error;
  }
}

/** Records a revision, after all of it was read and rendered. Throws PortError when it cannot be written. */
export async function writeLastGood(storeDirectory: string, record: LastGood): Promise<void> {
  const path = join(storeDirectory, NAME);
  try {
    // By its name alone: a volume may be mounted elsewhere tomorrow.
    await writeAtomically(path, `${JSON.stringify({ ...record, gitdir: basename(record.gitdir) })}\n`, {
      durably: true,
    });
  } catch (error) {
    throw isDiskError(error) ? diskError('write', path, error) : error;
  }
}

const NAME = 'last-good.json';

function parse(storeDirectory: string, text: string): LastGood | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { url, branch, revision, gitdir, at }: Partial<Record<keyof LastGood, unknown>> = value;
  if (typeof url !== 'string' || typeof branch !== 'string' || typeof at !== 'number') return undefined;
  if (typeof revision !== 'string' || !isOid(revision)) return undefined;
  if (typeof gitdir !== 'string' || gitdir === '' || basename(gitdir) !== gitdir) return undefined;
  return { url, branch, revision, gitdir: join(storeDirectory, gitdir), at };
}
