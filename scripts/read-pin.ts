import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The version that the `go.mod` in a folder requires of a module, without `v`. */
export function readPin(folder: string, module: string): string {
  const text = readFileSync(join(folder, 'go.mod'), 'utf8');
  const line = text.split('\n').find((line) => line.startsWith(`\t${module} v`));
  if (line === undefined) throw new Error(`tools/${basename(folder)}/go.mod does not require ${module}`);
  return line.slice(module.length + 3).split(' ', 1)[0] ?? '';
}
