import { PortError, type PortCode } from '../../model/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { quoteName } from '../../object/hidden.ts';
import {
  collectFiles,
  type FileContent,
  type FileSource,
  SNAPSHOT_LIMITS,
  type SnapshotLimits,
  type SourceEntry,
} from './collect-files.ts';
import { type GitObject, parseCommit, parseTree, TREE_TYPE, type TreeEntry } from './git-object.ts';
import { type ObjectReader, openObjects } from './object-reader.ts';

/** What `readSnapshot` can be told. */
export interface ReadOptions {
  /** The fleet's root within the repository, with `/`; `''`, the default, is the repository's own root. */
  readonly path?: string;
  readonly limits?: SnapshotLimits;
  /** Contents by object id. Give the same one for two revisions: most of their files are the same. */
  readonly blobCache?: Map<string, Uint8Array>;
}

/**
 * Reads the fleet's files of a commit, all or none, without writing anything and without a checkout. `revision` is 40 hex
 * digits. Links, submodules and files over the limit are entries of the snapshot, not errors.
 *
 * Throws {@link PortError}: NOT_FOUND when the repository has no such commit, or the commit no such path; CORRUPT when
 * objects are missing or damaged; TOO_BIG beyond a limit; REJECTED for a tree that Git itself would never write.
 */
export async function readSnapshot(
  store: { readonly gitdir: string },
  revision: string,
  options: ReadOptions = {},
): Promise<Snapshot> {
  const objects = await openObjects(store.gitdir);
  const source = treeSource(objects, revision, options.blobCache ?? new Map<string, Uint8Array>());
  const root = await findRoot(objects, source, revision, options.path ?? '');
  return { revision, files: await collectFiles(source, root, options.limits ?? SNAPSHOT_LIMITS) };
}

interface TreeHandle {
  readonly kind: SourceEntry<unknown>['kind'];
  readonly oid: string;
}

interface TreeSource extends FileSource<TreeHandle> {
  list(folder: TreeHandle): Promise<Iterable<SourceEntry<TreeHandle>>>;
}

function treeSource(objects: ObjectReader, revision: string, blobs: Map<string, Uint8Array>): TreeSource {
  // A tree that stands in a thousand places is read once: so a bomb made of one tree costs no more than its entries.
  const trees = new Map<string, Uint8Array>();
  const fail = (code: PortCode, message: string): PortError => failure(revision, code, message);
  const lack = async (oid: string, type: GitObject['type']): Promise<PortError> => {
    const why = await objects.explainMissing();
    return fail('CORRUPT', `the ${type} ${oid} is not in the clone.${why === '' ? '' : ` ${why}`}`);
  };
  const readTree = async (oid: string): Promise<Uint8Array> => {
    const object = await objects.read(oid);
    if (object?.type !== 'tree') throw await lack(oid, 'tree');
    trees.set(oid, object.bytes);
    return object.bytes;
  };
  const readBlob = async (oid: string, maxBytes: number): Promise<FileContent> => {
    const known = blobs.get(oid);
    const blob = known === undefined ? await objects.readSized(oid, maxBytes) : { type: 'blob' as const, bytes: known };
    if (blob?.type === 'too-large') return { kind: 'too-large', size: blob.size };
    if (blob?.type !== 'blob') throw await lack(oid, 'blob');
    if (blob.bytes.length > maxBytes) return { kind: 'too-large', size: blob.bytes.length };
    blobs.set(oid, blob.bytes);
    return { kind: 'content', oid, bytes: blob.bytes };
  };
  return {
    failure: fail,
    list: async ({ oid }) => entriesOf(trees.get(oid) ?? (await readTree(oid)), oid, fail),
    read: ({ oid }, maxBytes) => readBlob(oid, maxBytes),
    async describe({ kind, oid }) {
      if (kind !== 'symlink') return oid;
      const target = await readBlob(oid, MAX_TARGET_BYTES);
      return target.kind === 'content' ? describeTarget(target.bytes) : `${target.size} bytes`;
    },
  };
}

/** Linux allows 4,096. */
const MAX_TARGET_BYTES = 64 * 1024;

/** What a link points at, as far as a message has room for it. */
export function describeTarget(target: Uint8Array): string {
  return Buffer.from(target.subarray(0, 1000)).toString();
}

type Fail = (code: PortCode, message: string) => PortError;

function* entriesOf(bytes: Uint8Array, oid: string, fail: Fail): Generator<SourceEntry<TreeHandle>> {
  try {
    for (const entry of parseTree(bytes)) {
      const kind = kindOf(entry, fail);
      yield { kind, name: entry.name, handle: { kind, oid: entry.oid } };
    }
  } catch (error) {
    if (error instanceof RangeError) throw fail('REJECTED', `the tree ${oid} is not a tree as Git writes it.`);
    throw error;
  }
}

function kindOf(entry: TreeEntry, fail: Fail): SourceEntry<unknown>['kind'] {
  switch (entry.type) {
    case TREE_TYPE.folder:
      return 'folder';
    case TREE_TYPE.file:
      return 'file';
    case TREE_TYPE.symlink:
      return 'symlink';
    case TREE_TYPE.submodule:
      return 'submodule';
    default:
      throw fail(
        'REJECTED',
        `the entry ${quoteName(Buffer.from(entry.name).toString())} has the file type ${entry.type.toString(8)}, which Git never writes.`,
      );
  }
}

/** The tree at `path` within the commit. */
async function findRoot(
  objects: ObjectReader,
  source: TreeSource,
  revision: string,
  path: string,
): Promise<TreeHandle> {
  const object = await objects.read(revision);
  const commit = object?.type === 'commit' ? parseCommit(object.bytes) : undefined;
  if (commit === undefined) {
    const why = await objects.explainMissing();
    throw failure(revision, 'NOT_FOUND', `the clone has no such commit.${why === '' ? '' : ` ${why}`}`);
  }
  let folder: TreeHandle = { kind: 'folder', oid: commit.tree };
  for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
    const next = [...(await source.list(folder))].find((each) => Buffer.from(each.name).toString() === name);
    if (next?.kind !== 'folder') {
      const what = next === undefined ? 'is not in it' : `is a ${next.kind}, not a folder`;
      throw failure(revision, 'NOT_FOUND', `the fleet's folder is ${quoteName(path)}, and ${quoteName(name)} ${what}.`);
    }
    folder = next.handle;
  }
  return folder;
}

function failure(revision: string, code: PortCode, safeMessage: string): PortError {
  const subject = `revision ${revision.slice(0, 12)}`;
  return new PortError({ port: 'git', operation: 'read', subject, code, retry: false, safeMessage });
}
