import { createHash } from 'node:crypto';
import { access, readFile, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inflateSync, constants } from 'node:zlib';
import { PortError, type PortCode } from '../../model/errors.ts';
import { diskCode, diskError, isDiskError } from './disk-error.ts';
import type { GitObject } from './git-object.ts';
import { isDamage } from './pack-format.ts';
import { MAX_OBJECT_BYTES, openPack, type Pack, type SizedObject } from './pack.ts';

/** Reads the objects of one repository. Never writes. Throws {@link PortError}, and only that. */
export interface ObjectReader {
  /** `undefined`: the repository does not have it. Bytes that are not what their id says are CORRUPT. */
  read(oid: string): Promise<GitObject | undefined>;
  /** The same for an object that may be large: over `maxBytes`, only its size is read. */
  readSized(oid: string, maxBytes: number): Promise<SizedObject | undefined>;
  /** The ids that start with the hex digits given, at least two. */
  expand(prefix: string): Promise<readonly string[]>;
  /** Why an object can be missing from a repository that is not broken, and what to do; `''` when there is no reason. */
  explainMissing(): Promise<string>;
}

/**
 * Opens a repository: a bare one, a `.git` folder, or the git folder of a linked worktree. The packs that were read stay
 * in memory, so a reader is for one task, not for ever.
 */
export async function openObjects(gitdir: string): Promise<ObjectReader> {
  const common = await findCommonDirectory(resolve(gitdir));
  const attempt = async <T>(subject: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw explain(common, subject, error);
    }
  };
  let store = openStore(join(common, 'objects'));
  const readSized = async (oid: string, maxBytes: number): Promise<SizedObject | undefined> => {
    const found = await store.read(oid, maxBytes).catch((error: unknown) => {
      if (diskCode(error) !== 'ENOENT') throw error;
    });
    if (found !== undefined) return found;
    store = openStore(join(common, 'objects')); // Somebody may have fetched, or packed, since the folders were listed.
    return store.read(oid, maxBytes);
  };
  return {
    readSized: (oid, maxBytes) => attempt(oid, () => readSized(oid, maxBytes)),
    read: (oid) =>
      attempt(oid, async () => {
        const object = await readSized(oid, MAX_OBJECT_BYTES);
        if (object?.type !== 'too-large') return object;
        throw failure('TOO_BIG', oid, `${common}: the object ${oid} has ${object.size} bytes.`);
      }),
    expand: (prefix) => attempt(prefix, () => store.startingWith(prefix)),
    explainMissing: () => explainMissing(common),
  };
}

/** Where objects and branches are: a linked worktree has its own HEAD, and shares the rest (gitrepository-layout). */
export async function findCommonDirectory(gitdir: string): Promise<string> {
  try {
    return resolve(gitdir, (await readFile(join(gitdir, 'commondir'), 'utf8')).trim());
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(diskCode(error) ?? '')) return gitdir;
    throw isDiskError(error) ? diskError('read', gitdir, error) : error;
  }
}

interface Store {
  read(oid: string, maxBytes: number): Promise<SizedObject | undefined>;
  startingWith(prefix: string): Promise<readonly string[]>;
}

/** Folders are listed once: looking for every object in its own folder first costs more than reading it from a pack. */
function openStore(objects: string): Store {
  const listings = new Map<string, Promise<ReadonlySet<string>>>();
  const list = (folder: string): Promise<ReadonlySet<string>> => {
    const names = listings.get(folder) ?? listFolder(join(objects, folder));
    listings.set(folder, names);
    return names;
  };
  const isLoose = async (oid: string): Promise<boolean> =>
    (await list('')).has(oid.slice(0, 2)) && (await list(oid.slice(0, 2))).has(oid.slice(2));
  let packs: Promise<readonly Pack[]> | undefined;
  const openPacks = (): Promise<readonly Pack[]> => {
    packs ??= list('pack').then((names) => {
      // Git ignores an index without its pack too: it is what is left when a fetch or a gc was killed.
      const whole = [...names].filter((name) => name.endsWith('.idx') && names.has(name.replace(/idx$/, 'pack')));
      return Promise.all(whole.map((name) => openPack(join(objects, 'pack', name))));
    });
    return packs;
  };
  const read = async (oid: string, maxBytes: number): Promise<SizedObject | undefined> => {
    if (await isLoose(oid)) {
      const path = join(objects, oid.slice(0, 2), oid.slice(2));
      return check(oid, await readLoose(path, maxBytes));
    }
    for (const pack of await openPacks()) {
      const object = await pack.read(oid, maxBytes, readBase);
      if (object !== undefined) return check(oid, object);
    }
    return undefined;
  };
  const readBase = async (oid: string): Promise<GitObject | undefined> => {
    const base = await read(oid, MAX_OBJECT_BYTES);
    return base?.type === 'too-large' ? undefined : base;
  };
  return {
    read,
    async startingWith(prefix) {
      const folder = prefix.slice(0, 2);
      const loose = (await list('')).has(folder) ? [...(await list(folder))].map((name) => `${folder}${name}`) : [];
      const packed = (await openPacks()).flatMap((pack) => pack.startingWith(prefix));
      return [...new Set([...loose.filter((oid) => oid.startsWith(prefix)), ...packed])];
    },
  };
}

async function listFolder(path: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(path));
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return new Set();
    throw error;
  }
}

/** An object in a file of its own: `TYPE SIZE NUL CONTENT`, compressed as a whole. */
async function readLoose(path: string, maxBytes: number): Promise<SizedObject> {
  const { size: packedSize } = await stat(path);
  if (packedSize > 2 * MAX_OBJECT_BYTES) return { type: 'too-large', size: packedSize };
  const packed = await readFile(path);
  // The beginning alone first: a few kilobytes can hold gigabytes. A code table of up to 300 bytes comes before the text.
  const start = inflateSync(packed.subarray(0, 1024), { finishFlush: constants.Z_SYNC_FLUSH });
  const [, type = '', digits = ''] = /^(commit|tree|blob|tag) (\d{1,15})\0/.exec(start.toString('latin1')) ?? [];
  if (!isType(type)) throw new RangeError('not an object');
  const size = Number(digits);
  if (size > maxBytes) return { type: 'too-large', size };
  const header = type.length + digits.length + 2;
  const bytes = inflateSync(packed, { maxOutputLength: header + size }).subarray(header);
  if (bytes.length !== size) throw new RangeError('an object of another size');
  return { type, bytes };
}

function isType(type: string): type is GitObject['type'] {
  return ['commit', 'tree', 'blob', 'tag'].includes(type);
}

/** Whatever went wrong in a file, a pack or its index: only bytes that are what their id says are handed out. */
function check(oid: string, object: SizedObject): SizedObject {
  if (object.type === 'too-large') return object;
  const { type, bytes } = object;
  const actual = createHash('sha1').update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
  if (actual !== oid) throw new RangeError('another id');
  // A copy of its own: a small Buffer is a window into memory that it shares with others.
  return { type, bytes: new Uint8Array(bytes) };
}

function explain(gitdir: string, subject: string, error: unknown): unknown {
  if (error instanceof PortError) return error;
  if (isDiskError(error) && diskCode(error) !== 'ENOENT') return diskError('read', gitdir, error);
  if (!isDamage(error) && diskCode(error) !== 'ENOENT') return error;
  return failure('CORRUPT', subject, `${gitdir}: the object ${subject} cannot be read: its file or pack is damaged.`);
}

function failure(code: PortCode, subject: string, safeMessage: string): PortError {
  return new PortError({ port: 'git', operation: 'read', subject, code, retry: false, safeMessage });
}

async function explainMissing(gitdir: string): Promise<string> {
  const exists = (path: string): Promise<boolean> =>
    access(join(gitdir, path)).then(
      () => true,
      () => false,
    );
  const config = await readFile(join(gitdir, 'config'), 'utf8').catch(() => '');
  if (/^\s*objectformat\s*=\s*sha256/im.test(config)) {
    return 'The repository uses SHA-256 object ids, which are not supported: convert it to SHA-1.';
  }
  if (/^\s*partialclonefilter\s*=/im.test(config)) {
    return 'It is a partial clone: run "git fetch --refetch --no-filter" in it, or clone it without --filter.';
  }
  if (await exists('objects/info/alternates')) {
    return 'It borrows objects from another repository, which is not followed: run "git repack -a -d" in it.';
  }
  if (await exists('shallow')) {
    return 'It is a shallow clone: run "git fetch --unshallow" in it (fetch-depth: 0 for actions/checkout).';
  }
  return '';
}
