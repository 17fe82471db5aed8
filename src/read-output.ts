import type { Memo } from './memo.ts';
import { hashText } from './object/json.ts';
import { type ParsedFile, parseYaml } from './yaml.ts';

/** Parses what a program printed; the same text is parsed once. */
export type ReadOutput = (text: string) => ParsedFile;

/** One output is many files in one, so that the limits of a file do not fit. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_DOCUMENTS = 20_000;

/** `memo`: of what is made from the output. While that stays, so does the parsed text. */
export function createReadOutput(memo: Memo): ReadOutput {
  const limits = { maxBytes: MAX_BYTES, maxGeneratedBytes: MAX_BYTES, maxDocuments: MAX_DOCUMENTS };
  return (text) => memo.share('output', [hashText(text)], () => parseYaml(text, { limits }));
}
