import { createHash } from 'node:crypto';
import type { ObjectId } from '../model/manifest.ts';

/**
 * Names of the ApplySet specification (KEP-3659), which our inventories follow, so that kubectl recognises them and
 * refuses to prune our objects, and so that a person can ask `kubectl get -l` for what belongs to an app.
 */
export const PART_OF_LABEL = 'applyset.kubernetes.io/part-of';
export const APPLYSET_ID_LABEL = 'applyset.kubernetes.io/id';
export const TOOLING_ANNOTATION = 'applyset.kubernetes.io/tooling';
export const GROUP_KINDS_ANNOTATION = 'applyset.kubernetes.io/contains-group-kinds';
export const NAMESPACES_ANNOTATION = 'applyset.kubernetes.io/additional-namespaces';

/** Where inventories live in a member cluster. */
export const INVENTORY_NAMESPACE = 'muster-system';

/** Our field manager in every cluster. */
export const FIELD_MANAGER = 'muster';

/** Name of the ConfigMap that is the inventory of an app. */
export function inventoryName(fleet: string, app: string): string {
  return `${fleet}.${app}`;
}

/** The id that marks the objects of an app: that of the ConfigMap which is its inventory. */
export function applySetId(fleet: string, app: string): string {
  return parentId({ name: inventoryName(fleet, app), namespace: INVENTORY_NAMESPACE, kind: 'ConfigMap', group: '' });
}

/** The id of the ApplySet whose parent this object is: a hash of name, namespace, kind and group, as the KEP writes it. */
export function parentId({ name, namespace, kind, group }: ObjectId): string {
  const hash = createHash('sha256').update(`${name}.${namespace}.${kind}.${group}`).digest('base64url');
  return `applyset-${hash}-v1`;
}
