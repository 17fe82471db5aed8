import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { Tool } from '../model/expansion.ts';
import type { Expansion, RendererContext } from '../model/extensions.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { compareText } from '../object/id.ts';

/** The first file of the base itself, not below it, whose name fits. */
export function findRoot(files: readonly RegularFile[], names: RegExp): RegularFile | undefined {
  return files.find((file) => BASE.test(file.path) && names.test(file.path.replace(BASE, '')));
}

/** Any file of the base whose name fits, however deep. */
export function findBelow(files: readonly RegularFile[], names: RegExp): RegularFile | undefined {
  return files.find((file) => names.test(file.path.slice(file.path.lastIndexOf('/') + 1)));
}

const BASE = /^apps\/[^/]+\/base\/(?=[^/]+$)/;

/** A base to be rendered by a program, or the errors that keep it from being tried. Never half a render. */
export function pendingBase(
  tool: Tool,
  main: RegularFile,
  files: readonly RegularFile[],
  context: RendererContext,
  diagnostics: readonly Diagnostic[],
): Expansion {
  const sorted = files.toSorted((a, b) => compareText(a.path, b.path));
  const pending = { tool, root: context.root, files: sorted, origin: startOf(main) };
  return { manifests: [], diagnostics, pending };
}

/** A program works on one folder; its file further down is one of several, or in the wrong place. */
export function misplaced(file: RegularFile, name: string, { root }: RendererContext): Expansion {
  const message = `${name} lies below the folder that is rendered, and ${root}/ itself has none`;
  const help = `Add one to ${root}/, or move the files up.`;
  return {
    manifests: [],
    diagnostics: [{ code: 'MISPLACED_FILE', severity: 'error', message, help, origin: startOf(file) }],
  };
}

export function startOf({ path }: { readonly path: string }): Origin {
  return { file: path, line: 1, column: 1 };
}
