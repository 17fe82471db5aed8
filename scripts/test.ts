/**
 * Runs the test files: all, or those whose path contains one of the words given. Tests run on real API servers, so the
 * binaries are obtained first, where their progress can be seen.
 *
 *     node scripts/test.ts [WORD…]
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const files = globSync('test/**/*.test.ts', { cwd: ROOT })
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no test file has one of these in its path: ${words.join(', ')}`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, ['--test', ...files], { cwd: ROOT, stdio: 'inherit' });
process.exit(status ?? 1);
