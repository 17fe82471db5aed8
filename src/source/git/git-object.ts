/** The raw forms of Git's objects, as `git cat-file` prints them (gitformat-*, "Git Internals: Git Objects"). */

/** An object as it is stored, without its header. */
export interface GitObject {
  readonly type: 'commit' | 'tree' | 'blob' | 'tag';
  readonly bytes: Uint8Array;
}

/** One line of a tree. `name` is as the tree has it: any bytes but NUL, so it is still to be judged. */
export interface TreeEntry {
  /** The file type alone, octal `40000`, `100000`, `120000` or `160000`; permissions are not ours to follow. */
  readonly type: number;
  readonly name: Uint8Array;
  readonly oid: string;
}

/**
 * The entries of a raw tree, one by one, so that a reader with a budget stops in time. Old trees hold modes such as
 * 100664, on which isomorphic-git gives up the whole tree. Throws RangeError when the bytes are not a tree.
 */
export function* parseTree(bytes: Uint8Array): Generator<TreeEntry> {
  for (let start = 0; start < bytes.length;) {
    const space = bytes.indexOf(0x20, start);
    const end = bytes.indexOf(0, space);
    const next = end + 1 + OID_BYTES;
    const mode = space < 0 || space - start > 6 ? '' : ascii(bytes.subarray(start, space));
    if (!/^[0-7]+$/.test(mode) || end < 0 || next > bytes.length) throw new RangeError('not a tree');
    yield {
      type: Number.parseInt(mode, 8) & FILE_TYPE,
      name: bytes.subarray(space + 1, end),
      oid: hex(bytes.subarray(end + 1, next)),
    };
    start = next;
  }
}

/** File types of tree entries. */
export const TREE_TYPE = { folder: 0o040000, file: 0o100000, symlink: 0o120000, submodule: 0o160000 } as const;

/** The header of a commit, or of an annotated tag, as its lines `key value`; continued lines are left out. */
function header(bytes: Uint8Array): readonly (readonly [key: string, value: string])[] {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('\n\n');
  const text = Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString('latin1');
  return text
    .split('\n')
    .filter((line) => !line.startsWith(' '))
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);
}

/** Tree and parents of a raw commit; `undefined` when it has no tree, and so is no commit. */
export function parseCommit(
  bytes: Uint8Array,
): { readonly tree: string; readonly parents: readonly string[] } | undefined {
  const lines = header(bytes);
  const tree = lines.find(([key, value]) => key === 'tree' && isOid(value))?.[1];
  if (tree === undefined) return undefined;
  return { tree, parents: lines.filter(([key, value]) => key === 'parent' && isOid(value)).map(([, value]) => value) };
}

/** The object that an annotated tag points at; `undefined` when it names none. */
export function parseTag(bytes: Uint8Array): string | undefined {
  return header(bytes).find(([key, value]) => key === 'object' && isOid(value))?.[1];
}

/** True for 40 lower-case hex digits: a SHA-1 object id. */
export function isOid(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

const OID_BYTES = 20;
const FILE_TYPE = 0o170000;

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
