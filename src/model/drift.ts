import type { JsonValue } from './json.ts';
import type { ObjectId } from './manifest.ts';

/** All objects of one cluster that differ from the repository, and why. */
export interface DriftReport {
  readonly objects: readonly Difference[];
}

/**
 * One object that is not as it should be.
 *
 * `drift`: the repository did not change it, somebody else did. `new-revision`: the repository did.
 */
export interface Difference {
  readonly app: string;
  readonly id: ObjectId;
  readonly cause: 'drift' | 'new-revision';
  /** `missing`: it was there and is gone. `absent`: it never was. */
  readonly state: 'differs' | 'missing' | 'absent';
  /** Empty where the object is not there. */
  readonly fields: readonly FieldDifference[];
}

/** One field that we own and that differs. Values of Secrets are masked before they get here. */
export interface FieldDifference {
  /** Path for people, like `/spec/template/spec/containers[name=app]/image`. */
  readonly path: string;
  /** Absent: the repository has no such field (any more). */
  readonly desired?: JsonValue;
  /** Absent: the object has no such field. */
  readonly live?: JsonValue;
  /** The field manager that changed it, where the API server says. */
  readonly manager?: string;
  /** RFC 3339, when that manager wrote last. */
  readonly time?: string;
}

/** A field that the repository sets and that another controller holds: it is left to that controller. */
export interface LostField {
  readonly path: string;
  readonly manager: string;
}
