import type { Diagnostic } from '../model/diagnostic.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isManifestFile } from '../read-file.ts';

/**
 * Files that were meant to be read, and are not, because of upper-case letters in their ending. An error: what such a file
 * held before it was renamed would otherwise be gone from the fleet, and deleted.
 */
export function reportMisnamed(files: readonly RegularFile[], report: (diagnostic: Diagnostic) => void): void {
  for (const { path } of files) {
    if (isManifestFile(path) || !isManifestFile(path.toLowerCase())) continue;
    const dot = path.lastIndexOf('.');
    const ending = path.slice(dot);
    report({
      code: 'BAD_NAME',
      severity: 'error',
      message: `the file is not read: its name ends in "${ending}", and upper and lower case count`,
      help: `Rename it so that it ends in "${ending.toLowerCase()}".`,
      origin: { file: path, line: 1, column: 1 },
    });
  }
}
