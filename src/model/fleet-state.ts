import type { Diagnostic } from './diagnostic.ts';
import type { FieldDifference } from './drift.ts';
import type { PortFailure } from './errors.ts';
import type { ObjectId } from './manifest.ts';
import type { RenderedFleet } from './render.ts';
import type { Tick } from './tick.ts';

/** Everything that statuses are worded from: what the repository says, and the latest tick of each cluster. */
export interface FleetState {
  /** The newest revision of the repository that was seen; `''` before the first. */
  readonly head: string;
  /** What the clusters are brought to: the newest revision that could be rendered. */
  readonly live?: RenderedFleet;
  /** Why the head is not what the clusters are brought to. Absent: it is. */
  readonly trouble?: HeadTrouble;
  /** By cluster name: the latest tick at the live revision. */
  readonly ticks: ReadonlyMap<string, Tick>;
  /** By cluster name: drift that was healed at the live revision, latest last. */
  readonly healed: ReadonlyMap<string, readonly HealedDrift[]>;
}

/** The repository cannot be read, or what stands in it cannot be used at all. */
export type HeadTrouble =
  | { readonly kind: 'unreadable'; readonly failure: PortFailure }
  | { readonly kind: 'wrong'; readonly diagnostics: readonly Diagnostic[] };

/** Drift of one object that was put right. */
export interface HealedDrift {
  /** RFC 3339, when it was seen. */
  readonly time: string;
  readonly id: ObjectId;
  readonly state: 'differs' | 'missing';
  readonly fields: readonly FieldDifference[];
}
