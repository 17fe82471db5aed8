import type { JsonObject } from '../model/json.ts';
import type { GroupKind, Manifest } from '../model/manifest.ts';
import { at, listAt, textAt } from './json.ts';

/** The kind that a CustomResourceDefinition makes, and the versions in which the API server will serve it. */
export interface DefinedKind extends GroupKind {
  readonly versions: readonly string[];
}

/** `undefined`: the object is no CustomResourceDefinition. What a broken one leaves out is `''`. */
export function definedKind(body: JsonObject): DefinedKind | undefined {
  if (textAt(body, 'kind') !== 'CustomResourceDefinition') return undefined;
  const versions = listAt(body, 'spec', 'versions').filter((version) => at(version, 'served') !== false);
  return {
    group: textAt(body, 'spec', 'group') ?? '',
    kind: textAt(body, 'spec', 'names', 'kind') ?? '',
    versions: versions.flatMap((version) => textAt(version, 'name') ?? []),
  };
}

/**
 * The kind that a manifest defines, if it does. Each tick asks for it, so it is remembered: the bodies of manifests rest, and
 * those of definitions are the largest.
 */
export function kindDefinedBy(manifest: Manifest): DefinedKind | undefined {
  if (manifest.id.kind !== 'CustomResourceDefinition') return undefined;
  const known = KINDS.get(manifest) ?? definedKind(manifest.body);
  if (known !== undefined) KINDS.set(manifest, known);
  return known;
}

const KINDS = new WeakMap<Manifest, DefinedKind>();
