import type { PortCode, PortError } from '../../model/errors.ts';
import type { SnapshotFile } from '../../model/snapshot.ts';
import { quoteName } from '../../object/hidden.ts';
import { compareText } from '../../object/id.ts';

/** How much of a repository is read. Beyond it, reading stops with TOO_BIG: a part of a fleet is no fleet. */
export interface SnapshotLimits {
  /** Files and folders together, below the places that are read. */
  readonly entries: number;
  /** Folders within folders. */
  readonly depth: number;
  /** Bytes of all files. */
  readonly totalBytes: number;
  /** Bytes of one file. A larger one does not stop the reading: it is refused, and its app says so. */
  readonly fileBytes: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = {
  entries: 100_000,
  depth: 32,
  totalBytes: 256 * 1024 * 1024,
  fileBytes: 5 * 1024 * 1024,
};

/** Where files come from: the trees of a commit, or folders on a disk. `Handle` is how the source finds an entry again. */
export interface FileSource<Handle> {
  /** Lazily where it can be, so that a folder of a million entries is not held to count the first too many. */
  list(folder: Handle): Promise<Iterable<SourceEntry<Handle>>>;
  /** The content, or only its size when that is larger than `maxBytes`. */
  read(file: Handle, maxBytes: number): Promise<FileContent>;
  /** What a refused entry points at. */
  describe(entry: Handle): Promise<string>;
  failure(code: PortCode, message: string): PortError;
}

export interface SourceEntry<Handle> {
  /** `special`: what only a disk has, such as a pipe. It can stand where a fleet has nothing. */
  readonly kind: 'file' | 'folder' | 'symlink' | 'submodule' | 'special';
  /** As the source has it: any bytes. */
  readonly name: Uint8Array;
  readonly handle: Handle;
}

export type FileContent =
  | { readonly kind: 'content'; readonly oid: string; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large'; readonly size: number };

/**
 * The files of a fleet below its root: `fleet.yaml` (or `.yml`, `.json`), and everything below `clusters`, `apps` and
 * `policies` but what editors leave behind. One function for every source, so that a commit and its checkout cannot
 * differ. Throws what `source.failure` makes: TOO_BIG beyond a limit, REJECTED for names that no honest tree has.
 */
export async function collectFiles<Handle>(
  source: FileSource<Handle>,
  root: Handle,
  limits: SnapshotLimits,
): Promise<readonly SnapshotFile[]> {
  const found: Found<Handle>[] = [];
  const budget = { entries: limits.entries };
  await walk({ source, limits, budget, found }, root, '');
  return readAll(
    source,
    found.toSorted((a, b) => compareText(a.path, b.path)),
    limits,
  );
}

/** The fleet's own file, at its root, and names that were meant to be it: whoever finds none can say which to rename. */
const FLEET_FILE = /^\.?fleets?\.(yaml|yml|json)$/i;
/** The folders of a fleet repository (design 2). Everything else at the root is somebody else's. */
const PLACES = ['clusters', 'apps', 'policies'];
/** Vim, Emacs (backups, auto-saves, locks) and macOS: they come and go while somebody edits. */
const LITTER = /~$|^\..*\.sw[a-p]$|^#.*#$|^\.#|^\.DS_Store$/;

interface Found<Handle> {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'submodule';
  readonly handle: Handle;
}

interface Walk<Handle> {
  readonly source: FileSource<Handle>;
  readonly limits: SnapshotLimits;
  readonly budget: { entries: number };
  readonly found: Found<Handle>[];
}

async function walk<Handle>(context: Walk<Handle>, folder: Handle, path: string): Promise<void> {
  const { source, limits, budget, found } = context;
  const seen = new Set<string>();
  for (const entry of await source.list(folder)) {
    const name = readName(context, entry.name, path, seen);
    const where = path === '' ? name : `${path}/${name}`;
    if (path === '' && !isPlace(name, entry.kind)) continue;
    budget.entries -= 1; // Litter counts too: a tree that holds nothing else is a bomb as well.
    if (budget.entries < 0) {
      throw source.failure(
        'TOO_BIG',
        `${quoteName(where)}: here the files and folders of the fleet become more than ${limits.entries}. Move what is not manifests out of ${PLACES.join(', ')}.`,
      );
    }
    if (path !== '' && entry.kind !== 'folder' && LITTER.test(name)) continue;
    if (entry.kind === 'special') {
      throw source.failure(
        'REJECTED',
        `${quoteName(where)} is neither a file nor a folder. Remove it, or move it elsewhere.`,
      );
    }
    if (entry.kind !== 'folder') {
      found.push({ path: where, kind: entry.kind, handle: entry.handle });
      continue;
    }
    if (where.split('/').length > limits.depth) {
      throw source.failure('TOO_BIG', `${quoteName(where)}: folders are nested more than ${limits.depth} deep.`);
    }
    await walk(context, entry.handle, where);
  }
}

/** At the root. A link where a folder of ours should be is kept, to be refused: ignoring it would read as "no apps". */
function isPlace(name: string, kind: SourceEntry<unknown>['kind']): boolean {
  return (FLEET_FILE.test(name) && kind !== 'folder') || (PLACES.includes(name) && kind !== 'file');
}

/**
 * Git's own checks (`git fsck`: hasDot, hasDotdot, hasDotgit, fullPathname, duplicateEntries) stop such a tree at most
 * servers. Where one arrives, somebody made it by hand, and nothing in the repository is to be believed.
 */
function readName<Handle>(context: Walk<Handle>, bytes: Uint8Array, path: string, seen: Set<string>): string {
  const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const reason = hostileName(name, bytes) ?? (seen.has(name) ? 'is there twice' : undefined);
  if (reason !== undefined) {
    throw context.source.failure(
      'REJECTED',
      `${path === '' ? 'the root folder' : quoteName(path)}: the entry ${quoteName(name)} ${reason}. Remove it from the repository, and find out who put it there.`,
    );
  }
  seen.add(name);
  return name;
}

function hostileName(name: string, bytes: Uint8Array): string | undefined {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) return 'leads out of its folder';
  // As other file systems read it: macOS ignores formatting characters, Windows trailing dots and spaces.
  const folded = name
    .replace(/\p{Cf}/gu, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
  if (folded === '.git' || folded === 'git~1') return "is the name of Git's own folder";
  if (/\p{Cc}/u.test(name)) return 'has control characters in its name';
  if (bytes.length > 255) return 'has a name of more than 255 bytes';
  if (name.includes('\ufffd') && !Buffer.from(name).equals(bytes)) return 'has a name that is not UTF-8';
  return undefined;
}

async function readAll<Handle>(
  source: FileSource<Handle>,
  found: readonly Found<Handle>[],
  limits: SnapshotLimits,
): Promise<readonly SnapshotFile[]> {
  const files: SnapshotFile[] = [];
  let total = 0;
  for (const { path, kind, handle } of found) {
    if (kind !== 'file') {
      files.push({ kind, path, detail: await source.describe(handle) });
      continue;
    }
    const content = await source.read(handle, limits.fileBytes);
    if (content.kind === 'too-large') {
      files.push({ kind: 'too-large', path, detail: `${content.size} bytes` });
      continue;
    }
    total += content.bytes.length;
    if (total > limits.totalBytes) {
      throw source.failure(
        'TOO_BIG',
        `${quoteName(path)}: here the files of the fleet become more than ${limits.totalBytes} bytes. Move what is not manifests out of ${PLACES.join(', ')}.`,
      );
    }
    files.push({ kind: 'file', path, oid: content.oid, bytes: content.bytes });
  }
  return files;
}
