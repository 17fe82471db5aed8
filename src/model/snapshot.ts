/**
 * The files of one revision, read whole. A snapshot exists only when every file was read: a repository that could be
 * read in part gives none.
 */
export interface Snapshot {
  /** The commit, 40 hex digits; `worktree` when the files are those of a folder as it lies on disk. */
  readonly revision: string;
  /** Sorted by path. */
  readonly files: readonly SnapshotFile[];
}

/** One entry of the tree. Paths are relative to the fleet's root, with `/`. */
export type SnapshotFile = RegularFile | RefusedFile;

export interface RegularFile {
  readonly kind: 'file';
  readonly path: string;
  /** Git's object id of the content: equal content, equal id, across paths and revisions. */
  readonly oid: string;
  readonly bytes: Uint8Array;
}

/** An entry that is never followed: following it could leave the repository (design 1 §5). */
export interface RefusedFile {
  readonly kind: 'symlink' | 'submodule' | 'too-large';
  readonly path: string;
  /** What it points at, or its size: for the message. */
  readonly detail: string;
}
