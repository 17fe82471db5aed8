import type { ApplyPlan, ApplyResult, Preview } from './apply.ts';
import type { DriftReport } from './drift.ts';
import type { PortFailure } from './errors.ts';
import type { Health } from './health.ts';
import type { ObjectId } from './manifest.ts';
import type { Observation } from './observation.ts';
import type { RenderedCluster } from './render.ts';

/** Everything that one pass over one cluster saw, decided and did. Statuses and explanations are computed from it. */
export type Tick = DoneTick | FailedTick;

export interface DoneTick {
  readonly state: 'done';
  readonly target: RenderedCluster;
  readonly revision: string;
  readonly observation: Observation;
  /** By {@link idKey}: of each object that was not clean. */
  readonly previews: ReadonlyMap<string, Preview>;
  readonly drift: DriftReport;
  readonly plan: ApplyPlan;
  readonly result: ApplyResult;
  readonly health: HealthReport;
}

/** What a tick is about to do, for people who watch. */
export type Phase =
  | { readonly kind: 'reading' }
  /** Objects of which the API server was asked what an apply would do. */
  | { readonly kind: 'validating'; readonly done: number; readonly total: number }
  /** Objects to write; what comes of each is told by itself. `wave`: the highest among them, where an app has several. */
  | { readonly kind: 'applying'; readonly total: number; readonly wave?: number };

/** The cluster could not be read, or stopped answering. What happened before it did is in `result`. */
export interface FailedTick {
  readonly state: 'failed';
  readonly target: RenderedCluster;
  readonly revision: string;
  readonly failure: PortFailure;
  readonly result?: ApplyResult;
}

/** How far every object is that a cluster should have, after the write phase. */
export interface HealthReport {
  readonly objects: readonly ObjectHealth[];
}

export interface ObjectHealth {
  readonly app: string;
  readonly id: ObjectId;
  readonly health: Health;
}

/**
 * What a controller remembers of a cluster between ticks, to ask less: losing it costs requests, never correctness.
 * Times are monotonic milliseconds.
 */
export interface TickMemory {
  /** By {@link idKey}: answers of the API server that hold as long as neither side changes. */
  readonly previews: ReadonlyMap<string, RememberedPreview>;
  /** By {@link idKey}: owned objects that were asked for by name and did not exist. */
  readonly missing: ReadonlyMap<string, number>;
  /** By {@link idKey}: when drift of an object was healed, newest last. */
  readonly heals: ReadonlyMap<string, readonly number[]>;
  /** By {@link idKey}: since when an object is on its way. Absent before the first look: then the cluster's record says it. */
  readonly behind?: ReadonlyMap<string, Behind>;
}

export interface Behind {
  /** Of the version that is on its way: another begins anew. */
  readonly desiredHash: string;
  readonly sinceMs: number;
}

export interface RememberedPreview {
  /** Which app asked: what is sent carries its label, so the answer is of no use to another that takes the object over. */
  readonly app: string;
  readonly desiredHash: string;
  /** Of the live object; `''` where there was none. */
  readonly resourceVersion: string;
  readonly atMs: number;
  readonly preview: Preview;
}
