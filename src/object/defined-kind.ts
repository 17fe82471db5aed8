import type { JsonObject } from '../model/json.ts';
import type { GroupKind } from '../model/manifest.ts';
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
