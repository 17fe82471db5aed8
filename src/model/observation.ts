import type { Health } from './health.ts';
import type { JsonObject } from './json.ts';
import type { GroupKind, ObjectId } from './manifest.ts';

/** How the API server serves one kind in one version. */
export interface ServedKind extends GroupKind {
  readonly version: string;
  /** The name in URLs: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** What an API server serves. Discovery of one group can fail while the rest is known. */
export interface Discovery {
  /** Every served version of every kind; per kind the preferred version comes first. */
  readonly kinds: readonly ServedKind[];
  /** Groups whose discovery failed or is stale, with the reason: their kinds are unknown, not absent. */
  readonly unknownGroups: ReadonlyMap<string, string>;
}

/** An object in a cluster, as read. */
export interface LiveObject {
  readonly id: ObjectId;
  readonly apiVersion: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Hash of the fields that our field manager owns, and of which fields they are; `''` when it owns none. */
  readonly ownedHash: string;
  /** Field managers besides us that hold fields of it, those of its status aside; absent: there are none. */
  readonly strangers?: readonly string[];
  /** The ApplySet it belongs to: label `applyset.kubernetes.io/part-of`. */
  readonly partOf?: string;
  readonly terminating: boolean;
  /** Names of the objects in `metadata.ownerReferences`, as `Kind name`. */
  readonly owners: readonly string[];
  readonly health: Health;
  /** `muster.dev/*` annotations that decide over deletion; they must be read from the live object, because the manifest is gone. */
  readonly prunePolicy: PrunePolicy;
  /** The whole object. Absent where only the facts above were kept: those of clean objects need no body. */
  readonly body?: JsonObject;
}

export interface PrunePolicy {
  /** `muster.dev/prune: "false"`. */
  readonly keep: boolean;
  /** `muster.dev/confirm-delete: "true"`: it is deleted only after somebody approved. */
  readonly confirm: boolean;
}

/** What is known about one kind on one cluster in one tick. */
export type KindState =
  | {
      readonly state: 'listed';
      readonly served: ServedKind;
      /** All versions in which it is served. */
      readonly versions: readonly string[];
      /** Our credentials allow to list it in these namespaces only: those of all objects that are wanted or owned. */
      readonly namespaces?: readonly string[];
    }
  /** Discovery succeeded and does not know it. */
  | { readonly state: 'absent' }
  /** Discovery or the list failed: its objects are neither missing nor there. */
  | { readonly state: 'unknown'; readonly reason: string };

/** What was read from one cluster in one tick. */
export interface Observation {
  /** RFC 3339, when the reading began. */
  readonly observedAt: string;
  /** UID of the `kube-system` namespace. */
  readonly clusterUid: string;
  /** By {@link groupKindKey}. */
  readonly kinds: ReadonlyMap<string, KindState>;
  /** By {@link idKey}: all that carry a label of ours, and those asked for one by one. */
  readonly objects: ReadonlyMap<string, LiveObject>;
  /** By {@link idKey}: owned objects that were not listed and could not be asked for by name, and why. */
  readonly unread?: ReadonlyMap<string, string>;
  /** By app: what the cluster says that we own. */
  readonly inventories: ReadonlyMap<string, Inventory>;
}

/** What we own on one cluster of one app, recorded in the cluster itself. */
export interface Inventory {
  readonly app: string;
  /** The revision that was applied last, whole or in part. */
  readonly revision: string;
  /** UID of the cluster that it was written for: a restored backup or a swapped kubeconfig shows here. */
  readonly clusterUid: string;
  /** The name in the repository of the cluster that it was written for; `''`: not recorded. */
  readonly clusterName: string;
  /** Settings of the app when it was applied last: they still hold when the app has left the repository. */
  readonly prune: boolean;
  readonly onUnplace: 'orphan' | 'prune';
  /** Kinds that the app lets be deleted though the fleet protects them. Absent: none. */
  readonly unprotect?: readonly string[];
  /** The app was suspended when it was looked at last: if it leaves the repository so, its objects stay. Absent: it was not. */
  readonly suspended?: boolean;
  readonly entries: readonly InventoryEntry[];
  /** Why its entries could not be read: then nothing of the app may be written. */
  readonly unreadable?: string;
  /** Of the object that holds it: the fence of each write phase. `''` before it exists. */
  readonly resourceVersion: string;
}

export interface InventoryEntry {
  readonly id: ObjectId;
  /** API version it was applied with last. */
  readonly apiVersion: string;
  /** `''` from before the apply was confirmed. */
  readonly uid: string;
  /** Hash of the manifest at the last clean pass; `''`: never clean. */
  readonly desiredHash: string;
  /** {@link LiveObject.ownedHash} at the last clean pass; `''` while a field is left to another controller. */
  readonly ownedHash: string;
  /** RFC 3339: when it was written, if it was not there right away; it goes when all of its app that was on its way is there. */
  readonly since?: string;
  /** True for a Job with a TTL that was seen to have failed: when it is gone, it did not succeed. */
  readonly failed?: boolean;
}
