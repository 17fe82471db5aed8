import type { RendererContext } from '../model/extensions.ts';
import type { JsonValue } from '../model/json.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isList, isObject } from '../object/json.ts';

/** The names that kustomize looks for in a folder. */
export const NAMES = /^(kustomization\.ya?ml|Kustomization)$/;

export function isKustomization(path: string): boolean {
  return NAMES.test(path.slice(path.lastIndexOf('/') + 1));
}

/**
 * The files of a base, and those of the fleet that its kustomizations lead to, however far: bases and components beside
 * it. Every text of a kustomization that leads to a file or folder counts, whatever field it stands in: to see a file too
 * many does no harm, and a list of fields would be out of date with the next kustomize. Whatever is not in the snapshot is
 * not there.
 */
export function kustomizationFiles(
  files: readonly RegularFile[],
  { all, read }: Pick<RendererContext, 'all' | 'read'>,
): readonly RegularFile[] {
  const seen = new Map(files.map((file) => [file.path, file]));
  const folders = foldersOf(all);
  // A map gives what is added to it while it is walked through, too.
  for (const file of seen.values()) {
    if (!isKustomization(file.path)) continue;
    for (const text of read(file).documents.flatMap(textsOf)) {
      const path = resolvePath(folderOf(file.path), withoutKey(text));
      const found = path === undefined ? undefined : all.get(path);
      const inside = path === undefined || found !== undefined ? [] : (folders.get(path) ?? []);
      for (const each of found === undefined ? inside : [found]) seen.set(each.path, each);
    }
  }
  return [...seen.values()];
}

/** Whether a path of the fleet is a file or a folder. */
export function exists(path: string, all: RendererContext['all']): boolean {
  return all.has(path) || foldersOf(all).has(path);
}

/** `a/b`, `../c` → `a/c`; `undefined` where it is no relative path, or leads out of the fleet. */
export function resolvePath(folder: string, relative: string): string | undefined {
  if (relative === '' || relative.length > 1000 || /^\/|[\n:\\]/.test(relative)) return undefined;
  const parts = folder.split('/').filter((part) => part !== '');
  for (const part of relative.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Files of a generator may be given a name: `app.conf=files/production.conf`. */
export function withoutKey(text: string): string {
  return text.slice(text.indexOf('=') + 1);
}

/** The files below each folder, however deep. Made once for all kustomizations of a revision. */
export function foldersOf(all: ReadonlyMap<string, RegularFile>): ReadonlyMap<string, readonly RegularFile[]> {
  const known = FOLDERS.get(all);
  if (known !== undefined) return known;
  const folders = new Map<string, RegularFile[]>();
  FOLDERS.set(all, folders);
  for (const file of all.values()) {
    for (let folder = folderOf(file.path); folder !== ''; folder = folderOf(folder)) {
      const list = folders.get(folder) ?? [];
      folders.set(folder, list);
      list.push(file);
    }
  }
  return folders;
}

const FOLDERS = new WeakMap<ReadonlyMap<string, RegularFile>, ReadonlyMap<string, readonly RegularFile[]>>();

function textsOf(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (isList(value)) return value.flatMap(textsOf);
  return isObject(value) ? Object.values(value).flatMap(textsOf) : [];
}
