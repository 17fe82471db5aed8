import type { Diagnostic, Origin } from './diagnostic.ts';
import type { PendingBase, Tool } from './expansion.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { GroupKind } from './manifest.ts';

/** Everything that a repository says, parsed and checked file by file, before any cluster is looked at. */
export interface FleetConfig {
  readonly revision: string;
  readonly fleet: Fleet;
  /** Sorted by name. */
  readonly clusters: readonly Cluster[];
  /** Sorted by name. */
  readonly apps: readonly App[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Settings of the whole fleet: `fleet.yaml`. */
export interface Fleet {
  readonly name: string;
  /** Defaults that each app can set for itself. */
  readonly defaults: AppDefaults;
  /** True: read and report, write nothing anywhere. */
  readonly suspend: boolean;
  readonly guards: Guards;
  /** Digests of deletion lists that people agreed to (`sha256:…`). */
  readonly approvals: readonly string[];
  /** Scope of kinds whose definition is not in the repository. */
  readonly kinds: readonly KindScope[];
  /** Versions that the programs must have, without `v`; absent: any. */
  readonly tools?: Readonly<Partial<Record<Tool, string>>>;
  readonly origin: Origin;
}

export interface AppDefaults {
  /** Namespace for namespaced objects that name none; absent: such an object is an error. */
  readonly namespace?: string;
  readonly drift: DriftMode;
  /** False: objects that leave the repository stay in the clusters. */
  readonly prune: boolean;
  /** What becomes of an app's objects on a cluster that no placement of it selects any more. */
  readonly onUnplace: 'orphan' | 'prune';
}

export type DriftMode = 'heal' | 'report';

/** Limits on deletion (design 4, "Delete only with proof"). */
export interface Guards {
  /** Deletions of one app on one cluster that need no approval. */
  readonly maxDelete: number;
  /** The same in percent of the app's objects; the larger of the two counts. */
  readonly maxDeletePercent: number;
  /** Clusters that one app may leave without approval. */
  readonly maxLeaveClusters: number;
  /** Kinds that are never deleted unless the app says so, by kind name. */
  readonly protect: readonly string[];
}

export interface KindScope extends GroupKind {
  readonly namespaced: boolean;
}

/** One member of the fleet: `clusters/NAME.yaml`. */
export interface Cluster {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly connection: Connection;
  /** Several addresses of one API server, tried in order; empty: the one in the credentials. */
  readonly endpoints: readonly string[];
  readonly provider?: string;
  readonly region?: string;
  readonly zones: readonly string[];
  /** What keeps placements away that do not tolerate it; absent: nothing does. */
  readonly taints?: readonly Taint[];
  /** UID of its `kube-system` namespace: the cluster's identity. */
  readonly uid?: string;
  readonly kubernetesVersion?: string;
  readonly variables: Readonly<Record<string, string | number | boolean>>;
  readonly suspend: boolean;
  readonly origin: Origin;
}

/** As on a node of Kubernetes: `NoSchedule` and `NoExecute` keep placements away, `PreferNoSchedule` does not. */
export interface Taint {
  readonly key: string;
  /** `''` where none is given. */
  readonly value: string;
  readonly effect: 'NoSchedule' | 'NoExecute' | 'PreferNoSchedule';
}

/** What a placement bears with. An absent part matches anything; without a key the operator is `Exists`. */
export interface Toleration {
  readonly key?: string;
  readonly operator: 'Exists' | 'Equal';
  /** Compared for `Equal` only; `''` where none is given. */
  readonly value: string;
  readonly effect?: Taint['effect'];
}

/** Where the credentials of a cluster are found. */
export type Connection =
  | { readonly kind: 'context'; readonly context: string }
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'in-cluster' };

/** One app: a folder below `apps/`. */
export interface App {
  readonly name: string;
  readonly namespace?: string;
  readonly drift: DriftMode;
  readonly prune: boolean;
  readonly onUnplace: 'orphan' | 'prune';
  readonly suspend: boolean;
  /** Milliseconds after which an object that is not there yet counts as failed. */
  readonly timeoutMs: number;
  /** Kinds of this app that may be deleted although the fleet protects them. */
  readonly unprotect: readonly string[];
  /** Apps that must be Current on the same cluster before this one is applied there. */
  readonly dependsOn: readonly Dependency[];
  /** Field managers of the tool that had the objects before: all that they own becomes ours. */
  readonly adopt: readonly string[];
  readonly ignore: readonly IgnoreRule[];
  readonly base: readonly BaseManifest[];
  /** A base that a program renders: `base` is empty until it was. */
  readonly pending?: PendingBase;
  /** Helm values for all clusters: `apps/NAME/values.yaml`. */
  readonly values?: readonly ValuesLayer[];
  readonly placements: readonly Placement[];
  /** In the order in which they are applied. */
  readonly overlays: readonly Overlay[];
  /** True when a file of this app could not be read: the app is held back everywhere. */
  readonly broken: boolean;
  readonly origin: Origin;
}

/** The name of another app, and where it is written. */
export interface Dependency {
  readonly app: string;
  readonly origin: Origin;
}

/** Fields that are Git's only until their object is there. */
export interface IgnoreRule {
  /** Absent: of any group. */
  readonly group?: string;
  readonly kind: string;
  /** Globs (`*` and `?`). */
  readonly name: string;
  readonly namespace: string;
  /** JSON pointers; empty: every field that `managers` hold. */
  readonly fields: readonly string[];
  /** Only while one of these field managers holds the field; absent: always. */
  readonly managers?: readonly string[];
  readonly origin: Origin;
  /** Of each of `fields`. */
  readonly fieldOrigins: readonly Origin[];
}

/** An object as a file has it: no namespace filled in, no variable replaced. */
export interface BaseManifest {
  readonly body: JsonObject;
  readonly source: DocumentSource;
  /**
   * Names of the clusters that it was rendered for, with their variables, as a chart is: nothing in it is replaced any more.
   * Absent: it is for every cluster that a placement selects.
   */
  readonly only?: ReadonlySet<string>;
  /** See {@link Placement.from}. */
  readonly from?: string;
}

/** Helm values of one file, before variables are replaced. */
export interface ValuesLayer {
  readonly values: JsonObject;
  readonly source: DocumentSource;
}

/** A document of a file: enough to find the line of any of its fields later. */
export interface DocumentSource extends Origin {
  /** Position of the document in its file, from 0; an item of an unfolded `List` carries `pointer`. */
  readonly document: number;
  /** JSON pointer of the object within the document; `''` for the whole. */
  readonly pointer: string;
  /** True: a program printed the object, and no line of a file is any of its fields; the place itself is all there is. */
  readonly generated?: true;
}

/** Which clusters get which objects of an app, and how many replicas each. */
export interface Placement {
  readonly name: string;
  /** Absent: all objects of the app. */
  readonly objects?: readonly ObjectSelector[];
  readonly clusters: ClusterSelector;
  /** Absent: none. */
  readonly tolerations?: readonly Toleration[];
  /** All of them hold for the clusters that are selected; absent: none is asked. */
  readonly spread?: readonly SpreadRule[];
  readonly replicas?: ReplicaRule;
  readonly origin: Origin;
  /** What it is in the file of another federation that it was translated from: `PropagationPolicy default/nginx`. */
  readonly from?: string;
}

/**
 * Over how many groups of clusters a placement must spread. Clusters that do not say what they are grouped by are left out.
 * More groups than `max` are an error: nothing in a repository says which of them to leave out.
 */
export interface SpreadRule {
  readonly by: 'cluster' | FieldExpression['key'];
  readonly min: number;
  /** `Infinity` where none is given. */
  readonly max: number;
  readonly origin: Origin;
}

export interface ObjectSelector {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent: every object of the kind. */
  readonly name?: string;
  readonly namespace?: string;
  readonly origin: Origin;
}

/** Parts are ANDed; `exclude` wins. A selector with no part at all never gets this far: it is an error. */
export interface ClusterSelector {
  readonly all: boolean;
  /** Names or globs (`*` and `?`); absent: any. An empty list selects nothing, on purpose. */
  readonly names?: readonly string[];
  /** Where each name stands. Absent: it was written by no person. */
  readonly nameOrigins?: readonly Origin[];
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly LabelExpression[];
  /** The same for what a cluster says of itself besides labels. */
  readonly matchFields?: readonly FieldExpression[];
  readonly exclude?: ClusterSelector;
  readonly origin: Origin;
}

/**
 * As in Kubernetes label selectors: `NotIn` also matches where the key is absent. `Gt` and `Lt` compare whole numbers with
 * the one value, as the node affinity of a Pod does.
 */
export interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

/** `zone` is a list: `In` asks that all zones of the cluster are among the values, `NotIn` that none is. */
export interface FieldExpression {
  readonly key: 'provider' | 'region' | 'zone';
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

export interface ReplicaRule {
  /** `duplicated`: every cluster runs the object's own count. `divided`: one count is shared out. */
  readonly mode: 'duplicated' | 'divided';
  /**
   * How a divided count is shared out. `webster`, the default: see `divide`. `kubefed`: see `divideByRounding`, which can
   * leave replicas without a place.
   */
  readonly method?: 'webster' | 'kubefed';
  /** Instead of the object's own count. */
  readonly total?: number;
  /** First match wins. Absent list: every cluster weighs 1. A cluster that a list does not name weighs 0. */
  readonly weights?: readonly Weight[];
  /** True: where the list gives no weight to any of the clusters, each weighs 1. Otherwise that is an error. */
  readonly otherwiseEven?: boolean;
  /** First match wins. */
  readonly bounds: readonly Bound[];
  readonly origin: Origin;
}

export interface Weight {
  readonly clusters: ClusterSelector;
  readonly weight: number;
}

export interface Bound {
  readonly clusters: ClusterSelector;
  readonly min: number;
  /** `Infinity` where none is given. */
  readonly max: number;
}

/** Changes to an app's objects on some clusters: a folder below `overlays/`, or a file of kind Overlay. */
export interface Overlay {
  readonly name: string;
  readonly clusters: ClusterSelector;
  readonly patches: readonly Patch[];
  /** Whole objects that exist only where the overlay applies. */
  readonly resources: readonly BaseManifest[];
  /** Helm values, where the app is a chart. */
  readonly values?: readonly ValuesLayer[];
  /** True: it comes after replicas were divided, so it sees this cluster's share and may set another count. */
  readonly afterReplicas?: boolean;
  readonly origin: Origin;
  /** See {@link Placement.from}. */
  readonly from?: string;
}

export type Patch = MergePatch | JsonPatch;

interface PatchBase {
  readonly target: PatchTarget;
  readonly source: DocumentSource;
  /** JSON pointer of the patch's content within its document; `''` where the document is the patch. */
  readonly contentPointer: string;
}

/** A partial object, merged strategically. */
export interface MergePatch extends PatchBase {
  readonly kind: 'merge';
  readonly merge: JsonObject;
}

/** Operations of RFC 6902, and those that are written for what an object is (`src/render/operations`). */
export interface JsonPatch extends PatchBase {
  readonly kind: 'json';
  readonly ops: readonly JsonValue[];
}

/**
 * Parts are ANDed; an absent part matches anything. `single`: a partial object, which must match exactly one. `optional`:
 * that nothing matches, as on a cluster that does not get the object, is no error.
 */
export interface PatchTarget {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly single: boolean;
  readonly optional?: boolean;
}
