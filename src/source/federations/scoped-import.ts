import type { Imported } from './imported.ts';

/** A document of another federation, and the app in whose folder it lies; without one it is about all apps. */
export interface ScopedImport {
  readonly item: Imported;
  readonly app?: string;
}

/** Those of one kind, with their apps. */
export function importsOf<K extends Imported['kind']>(
  imports: readonly ScopedImport[],
  kind: K,
): readonly { readonly item: Extract<Imported, { readonly kind: K }>; readonly app?: string }[] {
  return imports.flatMap(({ item, ...scope }) => (isOf(item, kind) ? [{ item, ...scope }] : []));
}

function isOf<K extends Imported['kind']>(item: Imported, kind: K): item is Extract<Imported, { readonly kind: K }> {
  return item.kind === kind;
}
