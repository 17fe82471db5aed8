import type { ApplyRequest, DeleteAction, TransferAction } from './apply.ts';
import type { Inventory, Discovery, LiveObject, ServedKind } from './observation.ts';
import type { CommitStatus } from './status.ts';

/**
 * Reads one cluster. Whoever is handed only this cannot write. Every method throws {@link PortError}, and only that.
 */
export interface ClusterReader {
  /** What the API server serves; from a cache that `fresh` passes by. */
  discover(options: { readonly fresh: boolean }, signal: AbortSignal): Promise<Discovery>;
  /** UID of the `kube-system` namespace. */
  clusterUid(signal: AbortSignal): Promise<string>;
  /**
   * All objects of a kind that carry the label of one of these ApplySets, in one namespace, or in all with `''`. Whole or not
   * at all.
   */
  list(
    served: ServedKind,
    namespace: string,
    applySets: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly LiveObject[]>;
  /** `undefined`: the API server says that it does not exist. */
  get(served: ServedKind, namespace: string, name: string, signal: AbortSignal): Promise<LiveObject | undefined>;
  /** What an apply would do; nothing is stored. `created` tells a new object from a changed one. */
  dryRun(request: ApplyRequest, signal: AbortSignal): Promise<ApplyAnswer>;
  /** All inventories of the fleet on this cluster. */
  inventories(fleet: string, signal: AbortSignal): Promise<readonly Inventory[]>;
}

/** Writes one cluster. Every method throws {@link PortError}, and only that. */
export interface ClusterWriter {
  apply(request: ApplyRequest, signal: AbortSignal): Promise<ApplyAnswer>;
  /** Compare-and-swap of who owns which field. An object that changed or went since it was read: refused as `conflict`. */
  transfer(action: TransferAction, signal: AbortSignal): Promise<ApplyAnswer>;
  /** Deletes with uid and resourceVersion as preconditions, dependents in the background. */
  delete(action: DeleteAction, signal: AbortSignal): Promise<DeleteAnswer>;
  /**
   * Compare-and-swap: stores the inventory if the cluster's is still at `inventory.resourceVersion`, and returns it with
   * its new one. Throws CONFLICT when somebody else wrote first. An inventory without entries is removed.
   */
  putInventory(fleet: string, inventory: Inventory, signal: AbortSignal): Promise<Inventory>;
}

/**
 * What the API server says to an apply. A refusal concerns the object and is a value; an outage concerns the cluster and
 * is thrown.
 */
export type ApplyAnswer =
  | { readonly state: 'accepted'; readonly created: boolean; readonly object: LiveObject }
  | { readonly state: 'refused'; readonly refusal: Refusal };

/** `terminating`: accepted, and finalizers or a grace period still hold it. */
export type DeleteAnswer =
  | { readonly state: 'gone' }
  | { readonly state: 'terminating' }
  | { readonly state: 'refused'; readonly refusal: Refusal };

/** Why an API server refuses an object. */
export interface Refusal {
  /**
   * `invalid`: the object breaks a rule. `forbidden`: our credentials or an admission rule. `conflict`: field managers or
   * a resourceVersion. `no-namespace`, `no-kind`: what it needs is not there. `namespace-ends`: its namespace is being deleted.
   * `too-large`: over the server's limit. `webhook`: an admission webhook could not be called. `stale`: a field is recorded
   * under an API version that is gone, and nothing can be written before that is put right. `failed`: the server failed at it
   * (500), and does not say why.
   */
  readonly kind:
    | 'invalid'
    | 'forbidden'
    | 'conflict'
    | 'no-namespace'
    | 'namespace-ends'
    | 'no-kind'
    | 'too-large'
    | 'webhook'
    | 'stale'
    | 'failed';
  /** One line for people. For a Secret: field names and reasons only, never a value. */
  readonly message: string;
  /** Paths as the server writes them, `spec.replicas`; empty where it names none. */
  readonly fields: readonly string[];
  /** True when all that the server said is that fields cannot be changed after creation: a new object may have them. */
  readonly immutable: boolean;
}

/** Where statuses are written. Throws {@link PortError}, and only that. */
export interface Forge {
  /** The newest status of each context that stands on a commit. */
  read(revision: string, signal: AbortSignal): Promise<readonly CommitStatus[]>;
  post(revision: string, status: CommitStatus, signal: AbortSignal): Promise<void>;
}

/** One Lease, compared and swapped by its resourceVersion. */
export interface LeaseStore {
  /** `undefined`: there is none yet. */
  read(name: string, signal: AbortSignal): Promise<Lease | undefined>;
  /** Throws PortError CONFLICT when somebody else was faster. `resourceVersion` `''` creates it. */
  write(name: string, lease: Lease, signal: AbortSignal): Promise<Lease>;
}

/** The fields of `coordination.k8s.io/v1` Lease that an election needs. */
export interface Lease {
  readonly holder: string;
  readonly durationSeconds: number;
  /** RFC 3339 with microseconds, as the API wants it. Never compared with a clock of ours. */
  readonly renewTime: string;
  readonly transitions: number;
  readonly resourceVersion: string;
}

/** Time, as a parameter: pure stages get values, edges get this. */
export interface Clock {
  /** Milliseconds since the epoch, for people. */
  now(): number;
  /** Milliseconds that never go back, for deadlines. */
  monotonicMs(): number;
}
