import { printJson } from '../object/json.ts';

/**
 * JSON output, as docs/json.md promises it: `apiVersion` and `kind` first. `fields` are plain values of the model; integers
 * of any size are printed whole.
 */
export function printDocument(kind: string, fields: object): string {
  return `${printJson({ apiVersion: 'muster.dev/v1alpha1', kind, ...fields }, 2)}\n`;
}
