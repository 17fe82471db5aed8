import { hashText } from './object/json.ts';
import type { ParseCache } from './read-file.ts';
import { type ParsedFile, parseYaml } from './yaml.ts';

/** Parses what a program printed; the same text is parsed once. */
export type ReadOutput = (text: string) => ParsedFile;

/** One output is many files in one, so that the limits of a file do not fit. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_DOCUMENTS = 20_000;

export function createReadOutput(cache: ParseCache): ReadOutput {
  return (text) => {
    const key = `output ${hashText(text)}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const limits = { maxBytes: MAX_BYTES, maxGeneratedBytes: MAX_BYTES, maxDocuments: MAX_DOCUMENTS };
    const parsed = parseYaml(text, { limits });
    cache.set(key, parsed);
    return parsed;
  };
}
