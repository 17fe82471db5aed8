import type { ReadDocuments } from './model/extensions.ts';
import type { DocumentSource } from './model/fleet.ts';
import type { Locate } from './model/locate.ts';
import type { RegularFile } from './model/snapshot.ts';
import { parsePointer } from './object/pointer.ts';
import { type ParsedFile, parseYaml } from './yaml.ts';
import { createLocator, type Locator } from './yaml/locate.ts';

/** Parses a file; the same content is parsed once. */
export type ReadFile = (file: RegularFile) => ParsedFile;

/** The documents of a file that is no manifest itself; errors only, since its surprises concern another program. */
export function readDocuments(file: RegularFile, read: ReadFile): ReadDocuments {
  const { documents, problems } = read(file);
  return {
    documents: documents.map(({ value }) => value),
    diagnostics: problems
      .filter((problem) => problem.severity === 'error')
      .map(({ line, column, ...problem }) => ({ ...problem, origin: { file: file.path, line, column } })),
  };
}

/** Parsed files by Git object id and format. Share it between revisions: most of their files are the same. */
export type ParseCache = Map<string, ParsedFile>;

/** Takes out everything but the content of these files, so that a cache does not grow with the history. */
export function keepParsed(cache: ParseCache, files: Iterable<RegularFile>): void {
  const wanted = new Set<string>();
  for (const file of files) wanted.add(keyOf(file));
  for (const key of cache.keys()) if (!wanted.has(key)) cache.delete(key);
}

export function createReadFile(cache: ParseCache): ReadFile {
  return (file) => {
    const format = formatOf(file);
    const key = keyOf(file);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const parsed = parseYaml(file.bytes, { format });
    cache.set(key, parsed);
    return parsed;
  };
}

/** Positions within the files of a snapshot. A file is parsed again at the first question about it. */
export function createLocate(files: ReadonlyMap<string, RegularFile>): Locate {
  const locators = new Map<string, Locator>();
  const locatorOf = (file: RegularFile): Locator => {
    const known = locators.get(file.path) ?? createLocator(file.bytes, formatOf(file));
    locators.set(file.path, known);
    return known;
  };
  return (source: DocumentSource, pointer, part) => {
    const file = source.generated === true ? undefined : files.get(source.file);
    if (file === undefined) return { file: source.file, line: source.line, column: source.column };
    const path = parsePointer(source.pointer + pointer) ?? [];
    return { file: source.file, ...locatorOf(file)(source.document, path, part) };
  };
}

function keyOf(file: RegularFile): string {
  return formatOf(file) === 'json' ? `${file.oid} json` : file.oid;
}

function formatOf({ path }: RegularFile): 'yaml' | 'json' {
  return path.endsWith('.json') ? 'json' : 'yaml';
}

/** The files that hold YAML or JSON, by their names. */
export function isManifestFile(path: string): boolean {
  return /\.(ya?ml|json)$/.test(path);
}
