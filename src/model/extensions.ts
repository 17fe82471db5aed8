import type { Diagnostic } from './diagnostic.ts';
import type { PendingBase } from './expansion.ts';
import type { BaseManifest } from './fleet.ts';
import type { JsonValue } from './json.ts';
import type { Locate } from './locate.ts';
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
  /** The folder, `apps/NAME/base`. */
  readonly root: string;
  /** All files of the fleet by path: a kustomization may use what lies beside it. */
  readonly all: ReadonlyMap<string, RegularFile>;
  readonly locate: Locate;
  /** The documents of a YAML file, with what is wrong with it. */
  readonly read: (file: RegularFile) => ReadDocuments;
  /** Manifests of one plain file. */
  readonly parseManifests: (file: RegularFile) => Expansion;
}

/** A file that decides how others are rendered. */
export interface ReadDocuments {
  /** Those that are sound. */
  readonly documents: readonly JsonValue[];
  /** Errors only: a surprising value is the program's business. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Manifests in the order of files and documents, and everything that is wrong with them. */
export interface Expansion {
  readonly manifests: readonly BaseManifest[];
  /** Without `app`: the caller knows it. */
  readonly diagnostics: readonly Diagnostic[];
  /** Instead of manifests: what a program is to make them from. */
  readonly pending?: PendingBase;
}
