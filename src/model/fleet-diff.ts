import type { Diagnostic, Origin } from './diagnostic.ts';
import type { JsonValue } from './json.ts';
import type { ObjectId } from './manifest.ts';

/** What a change of the repository does to every cluster, computed from the two renders alone. */
export interface FleetDiff {
  readonly base: DiffSide;
  readonly head: DiffSide;
  /** Every cluster of either side, sorted by name. */
  readonly clusters: readonly ClusterDiff[];
  /** The same change on many clusters is one entry; deletions first, then by app and object. */
  readonly changeSets: readonly ChangeSet[];
  /** Replica counts that differ, by object. */
  readonly replicas: readonly ReplicaRow[];
  /** Objects that leave a cluster, and what becomes of them there. */
  readonly removals: readonly Removal[];
  /** What people should look at twice, worst first. */
  readonly risks: readonly string[];
  /** Apps that cannot be compared, because one side does not render; by app, with the clusters. */
  readonly notCompared: readonly { readonly app: string; readonly clusters: readonly string[] }[];
  /** Of the head. */
  readonly diagnostics: readonly Diagnostic[];
}

/** One of the two revisions. */
export interface DiffSide {
  readonly revision: string;
  /** False: nothing of it can be rendered. */
  readonly usable: boolean;
}

export interface ClusterDiff {
  readonly name: string;
  /** `''`: the cluster is not in that revision. */
  readonly before: string;
  readonly after: string;
  readonly changes: number;
}

export interface ChangeSet {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly app: string;
  readonly id: ObjectId;
  readonly clusters: readonly string[];
  /** Clusters that have the object and where this change does not happen. */
  readonly others: readonly string[];
  /** Fields that differ, with Secrets masked; empty for whole objects. */
  readonly fields: readonly FieldChange[];
  /** Unified diff of the YAML on the first of the clusters, without file headers; Secrets masked. */
  readonly diff: string;
  /** The file that the object comes from. */
  readonly origin: Origin;
  /** Overlays that touched it. */
  readonly overlays: readonly Origin[];
}

export interface FieldChange {
  /** JSON pointer. */
  readonly path: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

export interface ReplicaRow {
  readonly app: string;
  readonly id: ObjectId;
  /** Clusters where the object is on either side; `undefined`: it is not there. */
  readonly counts: readonly { readonly cluster: string; readonly before?: number; readonly after?: number }[];
}

export interface Removal {
  readonly app: string;
  readonly id: ObjectId;
  readonly clusters: readonly string[];
  /** `deleted`: from the clusters. `orphaned`: it stays there, and nobody manages it any more. */
  readonly fate: 'deleted' | 'orphaned';
  /** Why it stays; `''` when it is deleted. */
  readonly reason: string;
}
