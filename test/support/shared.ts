import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * A folder of `shared` (real manifests, cases), or `undefined` on a machine that has none: tests that need it then skip, and
 * say so. It is looked for at `MUSTER_SHARED`, then beside the project, then at `/work/shared`.
 */
export function sharedFolder(name: string): string | undefined {
  const roots = [process.env['MUSTER_SHARED'], join(ROOT, '..', 'shared'), '/work/shared'];
  return roots
    .filter((root) => root !== undefined)
    .map((root) => join(root, name))
    .find((path) => existsSync(path));
}
