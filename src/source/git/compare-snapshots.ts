import type { Snapshot, SnapshotFile } from '../../model/snapshot.ts';
import { compareText } from '../../object/id.ts';

/** The paths that only one of two snapshots has, or that differ in content or kind; sorted. */
export function compareSnapshots(a: Snapshot, b: Snapshot): readonly string[] {
  const left = new Map(a.files.map((file) => [file.path, identity(file)]));
  const right = new Map(b.files.map((file) => [file.path, identity(file)]));
  const paths = new Set([...left.keys(), ...right.keys()]);
  return [...paths].filter((path) => left.get(path) !== right.get(path)).sort(compareText);
}

/** Refused entries are compared by what they point at; a submodule on a disk does not say its commit, so by kind alone. */
function identity(file: SnapshotFile): string {
  if (file.kind === 'file') return file.oid;
  return file.kind === 'submodule' ? file.kind : `${file.kind} ${file.detail}`;
}
