import type { GroupKind } from '../model/manifest.ts';
import { CLUSTER_KINDS, NAMESPACED_KINDS } from './builtin-kinds.ts';
import { groupKindKey } from './id.ts';

/**
 * Every kind that Kubernetes serves or once served itself, by {@link groupKindKey}, and whether it is namespaced. Whoever
 * suggests a kind for a mistyped one finds the candidates here.
 */
export const BUILTIN_KINDS: ReadonlyMap<string, boolean> = new Map([
  ...NAMESPACED_KINDS.map((kind) => [kind, true] as const),
  ...CLUSTER_KINDS.map((kind) => [kind, false] as const),
]);

/** Whether a built-in kind is namespaced; `undefined` for a kind that Kubernetes does not define itself. */
export function isNamespaced(kind: GroupKind): boolean | undefined {
  return BUILTIN_KINDS.get(groupKindKey(kind));
}
