import { execFileSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Muster as its package has it, in a folder: `bin/muster.js` and the bundle that it starts where there are no sources.
 * Returns the path of the program.
 */
export async function bundleMuster(folder: string): Promise<string> {
  const program = join(folder, 'bin', 'muster.js');
  await mkdir(join(folder, 'bin'), { recursive: true });
  await copyFile(join(ROOT, 'bin', 'muster.js'), program);
  await copyFile(join(ROOT, 'package.json'), join(folder, 'package.json')); // It says that they are modules.
  const build = [join(ROOT, 'scripts', 'build.ts'), '--package', '--out', join(folder, 'dist')];
  execFileSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'pipe'] });
  return program;
}
