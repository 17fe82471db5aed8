import { invariant } from '../model/errors.ts';
import type { Expansion, RendererContext } from '../model/extensions.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { RENDERERS } from './renderers/table.ts';

/**
 * Turns the files of an app's `base/` into manifests, by whatever format they are in; or into what a program needs to do so
 * (`pending`), which `expandApps` fills in.
 */
export function expandBase(files: readonly RegularFile[], context: RendererContext): Expansion {
  const renderer = RENDERERS.find((each) => each.claims(files));
  invariant(renderer !== undefined, 'the last renderer of the table claims everything');
  return renderer.expand(files, context);
}

/** Whether all that is made of a base follows from the files in it. */
export function readsOnlyItsFiles(files: readonly RegularFile[]): boolean {
  return RENDERERS.find((each) => each.claims(files)) === RENDERERS.at(-1);
}
