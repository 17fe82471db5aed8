import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Tool } from '../model/expansion.ts';

/** A program on this machine that was not started yet. */
export interface FoundProgram {
  /** `kustomize`, `kubectl`, `helm`. */
  readonly name: string;
  /** By its real path. */
  readonly path: string;
  /** Changes when the file does. */
  readonly identity: string;
}

export type FoundPrograms = Readonly<Record<Tool, readonly FoundProgram[]>>;

/** The names under which each tool may be there, the better first: kubectl has a kustomize of its own. */
export const PROGRAMS: Readonly<Record<Tool, readonly string[]>> = {
  kustomize: ['kustomize', 'kubectl'],
  helm: ['helm'],
};

/** Looks through the folders of a PATH; folders without an absolute name are passed over, as they depend on where we are. */
export async function findPrograms(path: string): Promise<FoundPrograms> {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const find = async (tool: Tool): Promise<readonly FoundProgram[]> => {
    const found = await Promise.all(PROGRAMS[tool].map((name) => findProgram(name, folders)));
    return found.filter((program) => program !== undefined);
  };
  return { kustomize: await find('kustomize'), helm: await find('helm') };
}

async function findProgram(name: string, folders: readonly string[]): Promise<FoundProgram | undefined> {
  for (const folder of folders) {
    try {
      const file = join(folder, name);
      await access(file, constants.X_OK);
      const { size, mtimeMs, ino } = await stat(file);
      const path = await realpath(file);
      if ((await stat(path)).isFile()) return { name, path, identity: `${path}:${size}:${mtimeMs}:${ino}` };
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
