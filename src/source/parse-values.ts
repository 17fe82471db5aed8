import type { ValuesLayer } from '../model/fleet.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isObject } from '../object/json.ts';
import { type ParseContext, readDocuments, reportAt } from './read-kind.ts';

/** The files of Helm values directly in a folder, `values.yaml` and `values-NAME.yaml`, and all others. */
export function splitValues(
  folder: string,
  files: readonly RegularFile[],
): readonly [values: readonly RegularFile[], others: readonly RegularFile[]] {
  const isValues = ({ path }: RegularFile): boolean =>
    path.startsWith(`${folder}/`) && /^values(-[^/]+)?\.ya?ml$/.test(path.slice(folder.length + 1));
  return [files.filter(isValues), files.filter((file) => !isValues(file))];
}

/** One file of values: one map. Nothing where it is empty. */
export function parseValues(file: RegularFile, context: ParseContext): ValuesLayer | undefined {
  const [first, second] = readDocuments(file, context);
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const message = 'a file of values is one document, and here is a second';
    reportAt(second.source, '', { code: 'BAD_VALUE', message, help: 'Merge them, or make two files.' }, context);
  }
  if (isObject(first.value)) return { values: first.value, source: first.source };
  reportAt(first.source, '', { code: 'BAD_VALUE', message: 'values are a map' }, context);
  return undefined;
}
