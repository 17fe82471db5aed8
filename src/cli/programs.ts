import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ExpandSettings } from '../sandbox/run-expansions.ts';
import type { Settings } from '../settings.ts';

/** Where kustomize and Helm are looked for, and where what they print is kept. */
export function programs(settings: Settings): Pick<ExpandSettings, 'path' | 'cacheFolder'> {
  return { path: process.env['PATH'] ?? '', cacheFolder: join(cacheRoot(settings), 'rendered') };
}

/** `--cache`, or a folder of the user. */
function cacheRoot(settings: Settings): string {
  // `||`: the XDG specification says that empty means unset.
  return settings.text('cache') ?? join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'muster');
}
