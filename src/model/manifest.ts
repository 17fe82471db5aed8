import type { Origin } from './diagnostic.ts';
import type { JsonObject } from './json.ts';

/**
 * What makes two manifests the same object in a cluster. The API version is not part of it: `apps/v1` and
 * `apps/v1beta1` of one Deployment are one object.
 */
export interface ObjectId {
  /** API group; `''` for the core group. */
  readonly group: string;
  readonly kind: string;
  /** `''` for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
}

/** A kind without its version, the unit of discovery, listing and watching. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** An object as it should be on one cluster, before it reaches it. */
export interface Manifest {
  readonly id: ObjectId;
  readonly apiVersion: string;
  /** The whole object as the repository says, without the labels that the applier adds. */
  readonly body: JsonObject;
  /**
   * Hash of `body` by {@link hashJson}, and of `autoscaled`, `ignored` and `adopt` where they say something: equal meaning,
   * equal hash, whatever the order of keys.
   */
  readonly hash: string;
  /** Where the base object begins. */
  readonly origin: Origin;
  /** The rule that put it on the cluster: of a placement, or the overlay that adds it. */
  readonly by: Origin;
  /** Overlays that touched it, in the order in which they were applied. */
  readonly overlays: readonly Origin[];
  /** True when an autoscaler of the same render scales it: its replica count is handed over (design 3). */
  readonly autoscaled: boolean;
  /** Fields that are as Git says only until the object is there. */
  readonly ignored: readonly IgnoredFields[];
  /** Field managers whose fields become ours whole: those of the tool that had the object before. */
  readonly adopt: readonly string[];
  /** What `muster.dev/*` annotations ask for. */
  readonly policy: ObjectPolicy;
}

/** What one ignore rule says of an object. */
export interface IgnoredFields {
  /** JSON pointers into the object as Git has it; an item of a list by its position or its name. Empty: every field. */
  readonly fields: readonly string[];
  /** Only while one of these field managers holds the field; absent: always. */
  readonly managers?: readonly string[];
}

/** Per-object wishes, from `muster.dev/*` annotations. */
export interface ObjectPolicy {
  /** `muster.dev/apply`: `ignore` is never sent; `create-only` is sent only while absent. */
  readonly apply: 'always' | 'create-only' | 'ignore';
  /** `muster.dev/wave: "N"`: acted on only when all of the app's lower waves are Current. 0 where none is given. */
  readonly wave: number;
  /** `muster.dev/force: "true"`: fields that another controller holds are taken. */
  readonly force: boolean;
  /** `muster.dev/on-immutable: recreate`: a change that the API server allows only to a new object deletes the old one. */
  readonly recreate: boolean;
}
