/**
 * Runs the test files: all, or those whose path contains one of the words given. Tests run on real API servers and with the real
 * kustomize and Helm, so these are obtained first, where their progress can be seen.
 *
 *     node scripts/test.ts [WORD…]
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { provideControlPlane } from './control-plane.ts';
import { provideProgram } from './programs.ts';

const ROOT = join(import.meta.dirname, '..');

/**
 * One file more than there are cores: many files wait for leases to end, for servers that answer late, and for control planes to
 * start.
 */
const CONCURRENCY = availableParallelism() + 1;

const words = process.argv.slice(2);
const files = globSync('test/**/*.test.ts', { cwd: ROOT })
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no test file has one of these in its path: ${words.join(', ')}`);
  process.exit(2);
}
// A file that gets to them by another file obtains them itself, only less visibly.
const texts = files.map((file) => readFileSync(join(ROOT, file), 'utf8'));
const needs = {
  controlPlane: texts.some((text) => text.includes('/control-plane.ts')),
  programs: files.some((file) => file.startsWith('test/expand/')),
};
if (needs.controlPlane || needs.programs) {
  try {
    if (needs.controlPlane) await provideControlPlane({ onProgress: console.error });
    if (needs.programs) {
      await provideProgram('kustomize', console.error);
      await provideProgram('helm', console.error);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
const { status } = spawnSync(process.execPath, ['--test', `--test-concurrency=${CONCURRENCY}`, ...files], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exit(status ?? 1);
