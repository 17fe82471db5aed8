import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { PortError, type PortCode } from '../../model/errors.ts';
import { quoteName } from '../../object/hidden.ts';
import { diskCode, diskError, isDiskError } from './disk-error.ts';
import { isOid, parseCommit, parseTag } from './git-object.ts';
import { nearestName } from '../../object/nearest.ts';
import { type ObjectReader, openObjects } from './object-reader.ts';
import { openRefs, type Refs } from './refs.ts';

/** A repository with a worktree, on this machine. All paths are absolute. */
export interface LocalRepository {
  /** Where Git keeps this worktree's HEAD: `.git`, or a folder below the main repository's `.git/worktrees`. */
  readonly gitdir: string;
  readonly worktreeRoot: string;
  /** The folder that was asked about, within the repository, with `/`; `''` at its root. */
  readonly prefix: string;
}

/**
 * The repository that a folder is in: the nearest folder, going up, with a `.git` in it. `undefined` when there is none.
 * Throws PortError when the folder does not exist.
 */
export async function findRepository(directory: string): Promise<LocalRepository | undefined> {
  const start = await realpath(directory).catch((error: unknown) => {
    throw isDiskError(error) ? diskError('read', directory, error) : error;
  });
  for (let folder = start; ; folder = dirname(folder)) {
    const gitdir = await gitdirOf(folder);
    if (gitdir !== undefined) {
      return { gitdir, worktreeRoot: folder, prefix: relative(folder, start).split(sep).join('/') };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** `.git` is a folder, or a file that says `gitdir: PATH` (linked worktrees and submodules). */
async function gitdirOf(folder: string): Promise<string | undefined> {
  const path = join(folder, '.git');
  try {
    if ((await stat(path)).isDirectory()) return path;
    const target = /^gitdir: (.+)$/m.exec(await readFile(path, 'utf8'))?.[1];
    return target === undefined ? undefined : resolve(folder, target);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(diskCode(error) ?? '')) return undefined;
    throw isDiskError(error) ? diskError('read', path, error) : error;
  }
}

/** Where HEAD is: the commit (`undefined` before the first one), and the branch (`undefined` when it is on none). */
export async function readHead(repository: {
  readonly gitdir: string;
}): Promise<{ readonly revision: string | undefined; readonly branch: string | undefined }> {
  const refs = await openRefs(repository.gitdir);
  const target = await refs.target('HEAD');
  return {
    revision: await refs.resolve('HEAD'),
    branch: target?.startsWith('refs/heads/') === true ? target.slice('refs/heads/'.length) : undefined,
  };
}

/**
 * The commit that people mean by `rev`, as gitrevisions(7) says: an object id or the beginning of one, a branch, a tag, a
 * remote branch, HEAD or `@`, each with any number of `~N`, `^N` and `^{}`. Throws PortError NOT_FOUND when there is none,
 * with the name that was probably meant.
 */
export async function resolveRevision(repository: { readonly gitdir: string }, rev: string): Promise<string> {
  const [, base = '', steps = ''] = /^(.*?)((?:~\d*|\^\d*|\^\{(?:commit)?\})*)$/s.exec(rev) ?? [];
  const objects = await openObjects(repository.gitdir);
  const refs = await openRefs(repository.gitdir);
  let commit = await peel(objects, rev, await resolveBase(objects, refs, rev, base === '@' ? 'HEAD' : base));
  for (const [, kind, count = '1'] of steps.matchAll(/([~^])(\d+|\{)?/g)) {
    if (count === '{') continue; // ^{} asks for what a tag points at, which it is already.
    const number = Number(count);
    for (let left = kind === '~' ? number : Math.min(number, 1); left > 0; left -= 1) {
      commit = await parentOf(objects, rev, commit, kind === '~' ? 1 : number);
    }
  }
  return commit;
}

async function resolveBase(objects: ObjectReader, refs: Refs, rev: string, base: string): Promise<string> {
  if (isOid(base)) return base;
  if (base.includes('..')) {
    throw failure(rev, 'NOT_FOUND', `${quoteName(rev)} is a range. Name one revision.`);
  }
  // In the order of gitrevisions(7).
  for (const prefix of ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/']) {
    const oid = await refs.resolve(`${prefix}${base}`);
    if (oid !== undefined) return oid;
  }
  const remoteHead = await refs.resolve(`refs/remotes/${base}/HEAD`);
  if (remoteHead !== undefined) return remoteHead;
  const matches = /^[0-9a-f]{4,39}$/i.test(base) ? await commitsAmong(objects, base.toLowerCase()) : [];
  if (matches.length > 1) {
    throw failure(
      rev,
      'NOT_FOUND',
      `${quoteName(rev)} is the beginning of ${matches.length} commits. Give more digits.`,
    );
  }
  if (matches[0] !== undefined) return matches[0];
  const meant = nearestName(base, [...(await refs.names()), 'HEAD']);
  const advice = meant === undefined ? 'Name a branch, a tag or a commit.' : `Did you mean ${quoteName(meant)}?`;
  throw failure(rev, 'NOT_FOUND', `the repository has no revision ${quoteName(rev)}. ${advice}`);
}

async function commitsAmong(objects: ObjectReader, prefix: string): Promise<readonly string[]> {
  const ids = [...new Set(await objects.expand(prefix))];
  const kept = await Promise.all(
    ids.map(async (oid) => ['commit', 'tag'].includes((await objects.read(oid))?.type ?? '')),
  );
  return ids.filter((_, index) => kept[index]);
}

/** Follows annotated tags to their commit. */
async function peel(objects: ObjectReader, rev: string, oid: string): Promise<string> {
  let current: string | undefined = oid;
  for (let hops = 0; hops < 10 && current !== undefined; hops += 1) {
    const object = await objects.read(current);
    if (object === undefined) throw await missing(objects, rev, current);
    if (object.type === 'commit') return current;
    current = object.type === 'tag' ? parseTag(object.bytes) : undefined;
  }
  throw failure(rev, 'NOT_FOUND', `${quoteName(rev)} is not a commit. Name a branch, a tag or a commit.`);
}

async function parentOf(objects: ObjectReader, rev: string, oid: string, number: number): Promise<string> {
  const object = await objects.read(oid);
  const parents = object === undefined ? undefined : parseCommit(object.bytes)?.parents;
  const parent = parents?.[number - 1];
  if (parent === undefined) {
    const has =
      parents?.length === 0
        ? 'is the first commit'
        : `has ${parents?.length ?? 0} parent${parents?.length === 1 ? '' : 's'}`;
    throw failure(rev, 'NOT_FOUND', `${quoteName(rev)} does not exist: ${oid.slice(0, 12)} ${has}.`);
  }
  if ((await objects.read(parent)) === undefined) throw await missing(objects, rev, parent);
  return parent;
}

async function missing(objects: ObjectReader, rev: string, oid: string): Promise<PortError> {
  const why = await objects.explainMissing();
  const advice = why === '' ? 'Fetch it first.' : why;
  return failure(rev, 'NOT_FOUND', `${quoteName(rev)}: the commit ${oid} is not in this clone. ${advice}`);
}

function failure(rev: string, code: PortCode, safeMessage: string): PortError {
  return new PortError({ port: 'git', operation: 'read', subject: quoteName(rev), code, retry: false, safeMessage });
}
