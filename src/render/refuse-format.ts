import type { Expansion } from '../model/extensions.ts';
import type { RegularFile } from '../model/snapshot.ts';

/** The answer of a renderer to a format that it recognises and cannot render. Never half a render. */
export function refuseFormat(files: readonly RegularFile[], names: RegExp, what: string, help: string): Expansion {
  const file = files.find((each) => names.test(each.path))?.path ?? '';
  const message = `the folder holds ${what}, which this Muster does not render yet`;
  return {
    manifests: [],
    diagnostics: [
      { code: 'RENDERER_UNAVAILABLE', severity: 'error', message, help, origin: { file, line: 1, column: 1 } },
    ],
  };
}
