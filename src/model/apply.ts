import type { LostField } from './drift.ts';
import type { PortFailure } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { ObjectId } from './manifest.ts';
import type { Inventory, LiveObject, ServedKind } from './observation.ts';

/**
 * What the API server would do with an object, or why it could not be asked. The result of the read phase for each
 * object that is not clean.
 */
export type Preview =
  /**
   * A server-side dry-run went through. `before` is absent for an object that is not there yet. With `transfer`, `after` is
   * what comes of both.
   */
  | {
      readonly state: 'accepted';
      readonly request: ApplyRequest;
      readonly before?: LiveObject;
      readonly after: LiveObject;
      readonly lost: readonly LostField[];
      readonly takenOver: readonly LostField[];
      readonly transfer?: TransferAction;
    }
  /**
   * Not asked, because an apply of one object is atomic or because what it needs comes with the same revision; with
   * `transfer`, because it cannot be asked before that.
   */
  | {
      readonly state: 'unasked';
      readonly request: ApplyRequest;
      readonly before?: LiveObject;
      readonly lost: readonly LostField[];
      readonly takenOver: readonly LostField[];
      readonly transfer?: TransferAction;
    }
  /** The API server allows the change only to a new object, and the manifest asks for one. `before` has its body. */
  | {
      readonly state: 'recreate';
      readonly request: ApplyRequest;
      readonly before: LiveObject;
      /** Paths as the server writes them, `spec.selector`. */
      readonly fields: readonly string[];
      readonly reason: string;
    }
  /** Its kind is not served yet. */
  | { readonly state: 'waiting'; readonly reason: string }
  /** Its kind could not be discovered or listed. */
  | { readonly state: 'unknown'; readonly reason: string }
  /** An annotation asks to leave it as it is: it was there before, and is not ours. */
  | { readonly state: 'skipped'; readonly reason: string; readonly live: LiveObject }
  /** The API server refuses it, or we may not touch it. */
  | { readonly state: 'refused'; readonly reason: string };

/** One server-side apply. */
export interface ApplyRequest {
  readonly served: ServedKind;
  readonly id: ObjectId;
  /** What is sent: without the fields that are left to other controllers, with our labels. */
  readonly body: JsonObject;
  /** True takes conflicting fields; then `body` carries the observed resourceVersion. */
  readonly force: boolean;
}

/** Everything that one tick will do to one cluster, decided before the first write. */
export interface ApplyPlan {
  readonly apps: readonly AppPlan[];
}

/** One app on one cluster. */
export interface AppPlan {
  readonly app: string;
  readonly revision: string;
  /** Why nothing is written at all; absent: go on. */
  readonly blocked?: Block;
  /** To record with the inventory: settings, which still hold when the app has left the repository, and for which cluster. */
  readonly settings: Pick<Inventory, 'prune' | 'onUnplace' | 'unprotect' | 'clusterUid' | 'clusterName'>;
  /** The inventory with the note that the app is suspended: the only write of such an app, once, and to our own record. */
  readonly note?: Inventory;
  /** What the inventory was when it was read; its resourceVersion is the fence. Absent: there is none. */
  readonly inventory?: Inventory;
  /** The inventory before the first write: old ∪ new. Absent: no object is written. */
  readonly intent?: Inventory;
  /** Owners of fields that change before anything is applied; the objects are looked at again before they are applied. */
  readonly transfers: readonly TransferAction[];
  /** In order; the applies of one step go out together. */
  readonly steps: readonly (readonly ApplyAction[])[];
  /** In order, after all applies, and only if every one succeeded: deletions of objects that are then made anew. */
  readonly recreations: readonly DeleteAction[];
  /** In order, after all applies, and only if every one succeeded. */
  readonly deletes: readonly DeleteAction[];
  /** All other objects, and why nothing is done to them. */
  readonly skipped: readonly SkippedObject[];
  /** Objects that stay although they left the repository, with the proof that is missing. */
  readonly kept: readonly KeptObject[];
  /** Objects that left the repository and are not in the cluster any more. */
  readonly gone: readonly ObjectId[];
  /** Deletions that wait for people, under one digest. */
  readonly approval?: PendingApproval;
  /** Absent where nothing is written, or the app leaves. */
  readonly progress?: Progress;
}

/** What the record gets to know besides writes. */
export interface Progress {
  /** RFC 3339: when the look began that the plan was made from. What is written and not there right away is on its way since. */
  readonly at: string;
  /** Recorded as on their way, and there by now. */
  readonly arrived: readonly ObjectId[];
  /** Jobs with a TTL that failed. */
  readonly failed: readonly ObjectId[];
}

/**
 * Why an app is left as it is. `held`: the repository is wrong. `refused`: the API server refuses an object of it.
 * `waiting`: for another app. `suspended`: somebody asked for it. `unsafe`: what is there is not what we know.
 */
export interface Block {
  readonly kind: 'held' | 'refused' | 'waiting' | 'suspended' | 'unsafe';
  readonly reason: string;
}

export interface ApplyAction {
  readonly request: ApplyRequest;
  readonly desiredHash: string;
  readonly before?: LiveObject;
  readonly lost: readonly LostField[];
}

/** A new `metadata.managedFields`, and nothing else, for an object as it was read: see `transferFields`. */
export interface TransferAction {
  readonly served: ServedKind;
  readonly id: ObjectId;
  /** Sent along: who wrote since then is not overwritten. */
  readonly resourceVersion: string;
  readonly managedFields: readonly JsonObject[];
  /** What happens and why, for people. */
  readonly reason: string;
}

export interface DeleteAction {
  readonly served: ServedKind;
  readonly id: ObjectId;
  /** Both are sent as preconditions. */
  readonly uid: string;
  readonly resourceVersion: string;
}

/** `unchanged`: clean. `skipped`: asked for by an annotation. `waiting`, `refused`, `unknown`: see {@link Preview}. */
export interface SkippedObject {
  readonly id: ObjectId;
  readonly outcome: 'unchanged' | 'skipped' | 'waiting' | 'refused' | 'unknown' | 'drifted';
  readonly reason: string;
  readonly lost: readonly LostField[];
  /** Milliseconds until it may be healed, where healing waits. */
  readonly healInMs?: number;
  /** What to record as clean, where a dry-run showed that nothing would change. */
  readonly clean?: { readonly desiredHash: string; readonly live: LiveObject };
}

export interface KeptObject {
  readonly id: ObjectId;
  readonly reason: string;
  /**
   * `waiting`: something has to happen first. `protected`: it stays on purpose, and goes as soon as nothing protects it.
   * `released`: it leaves our inventory and stays in the cluster.
   */
  readonly state: 'waiting' | 'protected' | 'released';
}

export interface PendingApproval {
  /** `sha256:…` of exactly the list of deletions. */
  readonly digest: string;
  readonly objects: readonly ObjectId[];
  readonly reason: string;
}

/** Names of the clusters that an app leaves while the repository still has it. */
export interface Leaving {
  /** Known to be left, also those that it left a moment ago. */
  readonly clusters: readonly string[];
  /** Of which nobody knows whether they are. */
  readonly unread: readonly string[];
}

/** What came of one object. */
export type Outcome = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped' | 'failed' | 'waiting' | 'unknown';

export interface ObjectResult {
  readonly app: string;
  readonly id: ObjectId;
  readonly outcome: Outcome;
  /** Why, for people; `''` when the outcome says it all. */
  readonly reason: string;
  /** The object after the write, where there was one. */
  readonly live?: LiveObject;
}

/** What came of one tick's write phase. */
export interface ApplyResult {
  readonly apps: readonly AppResult[];
  /** The cluster stopped answering: apps that are not in the list were not begun. */
  readonly outage?: PortFailure;
}

export interface AppResult {
  readonly app: string;
  readonly objects: readonly ObjectResult[];
  /** The write phase ended early: why. Absent: it went through. */
  readonly aborted?: string;
  /** True: it ends so each time, until a person does something. Absent: the next tick may get further. */
  readonly isFailure?: boolean;
}
