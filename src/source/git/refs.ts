import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../../model/errors.ts';
import { diskCode, diskError, isDiskError } from './disk-error.ts';
import { isOid } from './git-object.ts';
import { findCommonDirectory } from './object-reader.ts';

/** The refs of one repository as they are now. Throws PortError when they cannot be read. */
export interface Refs {
  /** The object that a full ref name such as `refs/heads/main`, or a name like `HEAD`, leads to. */
  resolve(ref: string): Promise<string | undefined>;
  /** The ref that a symbolic ref names: HEAD's branch. `undefined` when it holds an object id, or does not exist. */
  target(ref: string): Promise<string | undefined>;
  /** All branches, remote branches and tags, by their short names. */
  names(): Promise<readonly string[]>;
}

/**
 * Reads refs as gitrepository-layout(5) says: a file of its own, else a line of `packed-refs`. isomorphic-git would look
 * in the git folder of a linked worktree only, where nothing but its HEAD is.
 */
export async function openRefs(gitdir: string): Promise<Refs> {
  const common = await findCommonDirectory(gitdir);
  if (await isReftable(common)) {
    throw new PortError({
      port: 'git',
      operation: 'read',
      subject: gitdir,
      code: 'REJECTED',
      retry: false,
      safeMessage: `${gitdir} keeps its refs in the reftable format, which is not supported. Run "git refs migrate --ref-format=files" in it.`,
    });
  }
  const packed = await readPacked(common);
  // Only names in capitals, HEAD and its like, are a worktree's own.
  const read = (ref: string): Promise<string | undefined> =>
    readText(join(ref.startsWith('refs/') ? common : gitdir, ref), gitdir);
  const target = async (ref: string): Promise<string | undefined> => {
    const text = isRefName(ref) ? await read(ref) : undefined;
    return text?.startsWith('ref:') === true ? text.slice(4).trim() : undefined;
  };
  const resolve = async (ref: string, hops = 5): Promise<string | undefined> => {
    if (!isRefName(ref) || hops === 0) return undefined;
    const next = await target(ref);
    if (next !== undefined) return resolve(next, hops - 1);
    const oid = (await read(ref))?.trim() ?? packed.get(ref);
    return oid !== undefined && isOid(oid) ? oid : undefined;
  };
  return {
    resolve: (ref) => resolve(ref),
    target,
    async names() {
      const loose = await Promise.all(KINDS.map((kind) => listLoose(join(common, kind), kind)));
      const all = new Set([...loose.flat(), ...packed.keys()]);
      return [...all].flatMap((ref) => {
        const kind = KINDS.find((each) => ref.startsWith(each));
        return kind === undefined ? [] : [ref.slice(kind.length)];
      });
    },
  };
}

const KINDS = ['refs/heads/', 'refs/remotes/', 'refs/tags/'];

/** Whether a name can be a ref's, HEAD included: it leads neither out of the git folder nor to another file there. */
export function isRefName(ref: string): boolean {
  if (!/^[A-Z_]+$/.test(ref) && !ref.startsWith('refs/')) return false;
  return (
    ref.split('/').every((part) => part !== '' && !part.startsWith('.')) && !/[\x00-\x20\x7f~^:?*[\\]|\.\./.test(ref)
  );
}

async function readPacked(common: string): Promise<ReadonlyMap<string, string>> {
  const text = (await readText(join(common, 'packed-refs'), common)) ?? '';
  const lines = text.split('\n').filter((line) => /^[0-9a-f]{40} /.test(line));
  return new Map(lines.map((line) => [line.slice(41).trim(), line.slice(0, 40)]));
}

async function isReftable(common: string): Promise<boolean> {
  return stat(join(common, 'reftable')).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

async function readText(path: string, gitdir: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // EISDIR, ENOTDIR: the name is the beginning of another one, or longer than one.
    if (['ENOENT', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG'].includes(diskCode(error) ?? '')) return undefined;
    throw isDiskError(error) ? diskError('read', gitdir, error) : error;
  }
}

async function listLoose(folder: string, prefix: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => `${prefix}${join(entry.parentPath, entry.name).slice(folder.length)}`);
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return [];
    throw isDiskError(error) ? diskError('read', folder, error) : error;
  }
}
