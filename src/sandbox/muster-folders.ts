import { realpathSync } from 'node:fs';
import { join } from 'node:path';

/** Muster itself with its packages, for a child that may read nothing else; by real path, as the permission wants it. */
export function musterFolders(): readonly string[] {
  const root = import.meta.filename.endsWith('.ts') ? join(import.meta.dirname, '..', '..') : import.meta.dirname;
  return withRealPaths([root, join(root, 'node_modules')]);
}

/** Each folder that is there, as it is named and as it really is. */
export function withRealPaths(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    try {
      return [realpathSync(folder), folder];
    } catch {
      return []; // A bundle has no node_modules.
    }
  });
}
