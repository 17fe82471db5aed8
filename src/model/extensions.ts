import type { Diagnostic } from './diagnostic.ts';
import type { BaseManifest } from './fleet.ts';
import type { RegularFile } from './snapshot.ts';

/** Turns the files of one app's `base/` into manifests. One file in `src/render/renderers/`, one line in its table. */
export interface Renderer {
  readonly name: string;
  /** Whether the folder is of this renderer's kind. The first in the table that says so is asked. */
  claims(files: readonly RegularFile[]): boolean;
  expand(files: readonly RegularFile[], context: RendererContext): Expansion;
}

export interface RendererContext {
  readonly app: string;
  /** Manifests of one plain file. */
  readonly parseManifests: (file: RegularFile) => Expansion;
}

/** Manifests in the order of files and documents, and everything that is wrong with them. */
export interface Expansion {
  readonly manifests: readonly BaseManifest[];
  /** Without `app`: the caller knows it. */
  readonly diagnostics: readonly Diagnostic[];
}
