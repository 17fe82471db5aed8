import type { GroupKind } from '../model/manifest.ts';
import { CLUSTER_KINDS, NAMESPACED_KINDS } from './builtin-kinds.ts';
import { compareText, groupKindKey } from './id.ts';
import { nearestName } from './nearest.ts';

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

/**
 * The built-in kind that somebody most likely meant: of the same name in another group, or of a name that is near. Groups
 * that are not near to one of Kubernetes' own belong to somebody else, whose kinds may be called like these: `undefined`.
 */
export function nearestKind({ group, kind }: GroupKind): GroupKind | undefined {
  const kinds = [...BUILTIN_KINDS.keys()].map(parseKey).sort((a, b) => compareText(a.group, b.group));
  const groups = new Set(kinds.map((each) => each.group));
  if (!groups.has(group) && nearestName(group, groups) === undefined) return undefined;
  const same = kinds.find((each) => each.kind === kind && each.group !== RETIRED_GROUP);
  if (same !== undefined) return same;
  const near = nearestName(
    kind,
    kinds.map((each) => each.kind),
  );
  return kinds.find((each) => each.kind === near && each.group !== RETIRED_GROUP);
}

/** What it held moved to other groups, the last of it in Kubernetes 1.22. */
const RETIRED_GROUP = 'extensions';

/** The inverse of {@link groupKindKey}. */
function parseKey(key: string): GroupKind {
  const slash = key.indexOf('/');
  return { group: key.slice(0, slash), kind: key.slice(slash + 1) };
}
