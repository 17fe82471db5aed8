import type { GroupKind, ObjectId } from '../model/manifest.ts';

/** A key for maps. Names and namespaces of Kubernetes hold no `/`, so it is unambiguous. */
export function idKey(id: ObjectId): string {
  const known = KEYS.get(id);
  if (known !== undefined) return known;
  // Not a template: V8 would keep its parts beside the whole, and flatten it at the first look-up.
  const key = [id.group, id.kind, id.namespace, id.name].join('/');
  KEYS.set(id, key);
  return key;
}

/** A tick asks for the key of each of its ids some thirty times: made anew each time, keys would be most of its garbage. */
const KEYS = new WeakMap<ObjectId, string>();

/** A key for maps: `apps/Deployment`, `/Service`. */
export function groupKindKey(kind: GroupKind): string {
  return `${kind.group}/${kind.kind}`;
}

/** For people: `Deployment shop/web`, `ClusterRole admin`. */
export function formatId(id: ObjectId): string {
  return `${id.kind} ${id.namespace === '' ? '' : `${id.namespace}/`}${id.name}`;
}

/** `apps/v1` → `apps`; `v1` → `''`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `apps/v1` → `v1`; `v1` → `v1`. */
export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** The inverse of {@link groupOf} and {@link versionOf}. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Order of printing within a wave: group, kind, namespace, name, by code unit, so that no locale can change it. */
export function compareIds(a: ObjectId, b: ObjectId): number {
  return (
    compareText(a.group, b.group) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}

/** By code unit. `localeCompare` would sort by the machine's language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
