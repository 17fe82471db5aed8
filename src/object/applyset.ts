import { createHash } from 'node:crypto';

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

/**
 * The id that marks the objects of an app: hash of name, namespace, kind and group of the parent object, as the KEP
 * writes it.
 */
export function applySetId(fleet: string, app: string): string {
  const parent = `${inventoryName(fleet, app)}.${INVENTORY_NAMESPACE}.ConfigMap.`;
  return `applyset-${createHash('sha256').update(parent).digest('base64url')}-v1`;
}
