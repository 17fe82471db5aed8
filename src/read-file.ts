import type { DocumentSource } from './model/fleet.ts';
import type { Locate } from './model/locate.ts';
import type { RegularFile } from './model/snapshot.ts';
import { parsePointer } from './object/pointer.ts';
import { type ParsedFile, parseYaml } from './yaml.ts';
import { locate } from './yaml/locate.ts';

/** Parses a file; the same content is parsed once. */
export type ReadFile = (file: RegularFile) => ParsedFile;

/** Parsed files by Git object id and format. Share it between revisions: most of their files are the same. */
export type ParseCache = Map<string, ParsedFile>;

export function createReadFile(cache: ParseCache): ReadFile {
  return (file) => {
    const format = file.path.endsWith('.json') ? 'json' : 'yaml';
    const key = `${format} ${file.oid}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const parsed = parseYaml(file.bytes, { format });
    cache.set(key, parsed);
    return parsed;
  };
}

/** Positions within the files of a snapshot. */
export function createLocate(files: ReadonlyMap<string, RegularFile>): Locate {
  return (source: DocumentSource, pointer, part) => {
    const file = files.get(source.file);
    const origin = { file: source.file, line: source.line, column: source.column };
    if (file === undefined) return origin;
    const path = parsePointer(source.pointer + pointer) ?? [];
    return { file: source.file, ...locate(new TextDecoder().decode(file.bytes), source.document, path, part) };
  };
}

/** The files that hold YAML or JSON, by their names. */
export function isManifestFile(path: string): boolean {
  return /\.(ya?ml|json)$/.test(path);
}
