import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PortError } from '../../model/errors.ts';
import { diskCode, diskError, isDiskError } from './disk-error.ts';
import { parseCommit } from './git-object.ts';
import { trackingRef } from './isomorphic-git.ts';
import { readLastGood } from './last-good.ts';
import { openObjects } from './object-reader.ts';
import { openRefs } from './refs.ts';
import { syncFolder } from './write-atomically.ts';

/** A repository in a store that is whole: its newest revision and all that belongs to it can be read. */
export interface Generation {
  readonly gitdir: string;
  readonly revision: string;
  readonly packs: number;
  /** Of all packs. */
  readonly bytes: number;
}

/** The folder in which a remote keeps its objects. Throws PortError when the disk fails. */
export interface Store {
  /**
   * The newest generation of the repository, if it has the branch and is not damaged. Packs are read in full when they
   * are first seen or have changed on the disk, and only looked at afterwards.
   */
  current(branch: string): Promise<Generation | undefined>;
  /** A new empty repository, to be filled and then promoted. */
  create(): Promise<string>;
  /** Removes a repository that could not be filled. */
  discard(building: string): Promise<void>;
  /** Makes a filled repository the newest generation, at once: there is no moment without one. Returns its folder. */
  promote(building: string): Promise<string>;
  /** Removes generations that nobody needs: all but the newest two and that of the last good revision. */
  sweep(): Promise<void>;
}

/**
 * A store is a row of generations, bare repositories that are built apart and renamed into place. Starting afresh is how
 * a store is repaired, and how it gets rid of what it no longer needs: isomorphic-git cannot collect garbage.
 */
export function openStore(directory: string, url: string): Store {
  const checked: Checked = new Map();
  let tip = '';
  const guard = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw isDiskError(error) ? diskError('write', error.path ?? directory, error) : error;
    }
  };
  return {
    current: (branch) =>
      guard(async () => {
        const gitdir = (await listGenerations(directory)).at(-1);
        if (gitdir === undefined || !(await isOf(gitdir, url))) return undefined;
        const files = await listPacks(gitdir);
        if (!(await isWhole(gitdir, files, checked))) return undefined;
        const revision = await (await openRefs(gitdir)).resolve(trackingRef(branch));
        if (revision === undefined) return undefined;
        if (tip !== `${gitdir} ${revision}` && !(await isReadable(gitdir, revision))) return undefined;
        tip = `${gitdir} ${revision}`;
        const packs = files.filter(({ path }) => path.endsWith('.pack')).length;
        return { gitdir, revision, packs, bytes: files.reduce((sum, { size }) => sum + size, 0) };
      }),
    create: () =>
      guard(async () => {
        const gitdir = join(directory, BUILDING);
        // First, for what a full disk cut short keeps the disk full.
        await rm(gitdir, { recursive: true, force: true });
        await mkdir(join(gitdir, 'objects/pack'), { recursive: true });
        await mkdir(join(gitdir, 'refs'));
        await writeFile(join(gitdir, 'HEAD'), 'ref: refs/heads/main\n');
        await writeFile(join(gitdir, 'config'), CONFIG + urlLine(url));
        return gitdir;
      }),
    discard: (building) => guard(() => rm(building, { recursive: true, force: true })),
    promote: (building) =>
      guard(async () => {
        const newest = (await listGenerations(directory)).at(-1);
        const gitdir = join(directory, `generation-${newest === undefined ? 1 : numberOf(newest) + 1}.git`);
        await rename(building, gitdir);
        await syncFolder(directory);
        return gitdir;
      }),
    sweep: () =>
      guard(async () => {
        const generations = await listGenerations(directory);
        const kept = new Set([...generations.slice(-2), (await readLastGood(directory))?.gitdir]);
        const torn = await Promise.all([
          listTorn(directory, false),
          ...generations.slice(-1).map((each) => listTorn(each, true)),
        ]);
        const waste = [...generations.filter((each) => !kept.has(each)), join(directory, BUILDING), ...torn.flat()];
        for (const path of waste) await rm(path, { recursive: true, force: true });
      }),
  };
}

/** One, and always the same: only one process builds here, and errors that name it are the same every time. */
const BUILDING = 'building.git';

/** isomorphic-git translates refs by this refspec. */
const CONFIG = `[core]
\trepositoryformatversion = 0
\tbare = true
[remote "origin"]
\tfetch = +refs/heads/*:refs/remotes/origin/*
`;

function urlLine(url: string): string {
  return `\turl = ${JSON.stringify(url)}\n`;
}

function numberOf(gitdir: string): number {
  return Number(GENERATION.exec(basename(gitdir))?.[1]);
}

const GENERATION = /^generation-(\d+)\.git$/;

/** Oldest first. */
async function listGenerations(directory: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => GENERATION.test(name));
    return names.map((name) => join(directory, name)).sort((a, b) => numberOf(a) - numberOf(b));
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** False for a repository of another URL, whose objects are of no use. */
async function isOf(gitdir: string, url: string): Promise<boolean> {
  const config = await readFile(join(gitdir, 'config'), 'utf8').catch(() => '');
  return config.includes(urlLine(url));
}

/** What processes that were killed while they wrote a file of a folder have left. */
async function listTorn(folder: string, recursive: boolean): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive });
  // A branch may be called `fix.tmp`, but no part of its name may begin with a dot (git-check-ref-format).
  return names.filter((name) => /^\..+\.\d+\.tmp$/.test(basename(name))).map((name) => join(folder, name));
}

interface PackFile {
  readonly path: string;
  readonly size: number;
  /** Changes when the file does. */
  readonly signature: string;
}

async function listPacks(gitdir: string): Promise<readonly PackFile[]> {
  const folder = join(gitdir, 'objects/pack');
  try {
    const names = (await readdir(folder)).filter((name) => /\.(pack|idx)$/.test(name));
    return await Promise.all(
      names.map(async (name) => {
        const { size, mtimeMs } = await stat(join(folder, name));
        return { path: join(folder, name), size, signature: `${size} ${mtimeMs}` };
      }),
    );
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return []; // Somebody deletes it under our hands.
    throw error;
  }
}

/** The files that were read in full, and how they looked then. */
type Checked = Map<string, string>;

/** Whether nothing that was there is gone, and every pack and every index is what its checksum says. */
async function isWhole(gitdir: string, files: readonly PackFile[], checked: Checked): Promise<boolean> {
  const present = new Set(files.map(({ path }) => path));
  if ([...checked.keys()].some((path) => path.startsWith(`${gitdir}/`) && !present.has(path))) return false;
  for (const { path, signature } of files) {
    if (checked.get(path) === signature) continue;
    const bytes = await readChecked(path);
    // A pack without an index is what a killed process leaves; the next fetch of the same objects overwrites it.
    const isUsed = path.endsWith('.idx') || present.has(path.replace(/pack$/, 'idx'));
    if (bytes === undefined && isUsed) return false;
    if (path.endsWith('.idx') && !(await belongTogether(bytes, path.replace(/idx$/, 'pack')))) return false;
    checked.set(path, signature);
  }
  return true;
}

/** An index names its pack by the pack's checksum, before its own. */
async function belongTogether(index: Buffer | undefined, packPath: string): Promise<boolean> {
  const pack = await readChecked(packPath);
  return index !== undefined && pack !== undefined && index.subarray(-40, -20).equals(pack.subarray(-20));
}

/** A file whose last 20 bytes are the SHA-1 of the rest; `undefined` when they are not, or it is not there. */
async function readChecked(path: string): Promise<Buffer | undefined> {
  try {
    const bytes = await readFile(path);
    const digest = createHash('sha1').update(bytes.subarray(0, -20)).digest();
    return digest.equals(bytes.subarray(-20)) ? bytes : undefined;
  } catch (error) {
    if (diskCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isReadable(gitdir: string, revision: string): Promise<boolean> {
  try {
    return await hasCommit(gitdir, revision);
  } catch (error) {
    if (error instanceof PortError && error.code === 'CORRUPT') return false;
    throw error;
  }
}

/** Whether a repository has a commit and its root tree. Throws PortError CORRUPT when they are damaged. */
export async function hasCommit(gitdir: string, revision: string): Promise<boolean> {
  const objects = await openObjects(gitdir);
  const commit = await objects.read(revision);
  const tree = commit?.type === 'commit' ? parseCommit(commit.bytes)?.tree : undefined;
  return tree !== undefined && (await objects.read(tree))?.type === 'tree';
}
