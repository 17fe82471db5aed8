/** Ticks and fleets for tests of what is said about them: everything in sync, but for what a test changes. */
import type {
  AppPlan,
  AppResult,
  Block,
  KeptObject,
  ObjectResult,
  Outcome,
  PendingApproval,
  SkippedObject,
} from '../../src/model/apply.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Difference, FieldDifference } from '../../src/model/drift.ts';
import type { PortCode, PortFailure } from '../../src/model/errors.ts';
import type { FleetState } from '../../src/model/fleet-state.ts';
import type { HealthState } from '../../src/model/health.ts';
import type { ObjectId } from '../../src/model/manifest.ts';
import type { RenderedFleet } from '../../src/model/render.ts';
import type { DoneTick, FailedTick, ObjectHealth, Tick } from '../../src/model/tick.ts';
import { APP, CLUSTER, fleetOf, observationOf, renderedApp, targetOf } from './objects.ts';

export const REVISION = 'a'.repeat(40);

/** `Deployment shop/web`, `Namespace shop`. */
export function idOf(text: string): ObjectId {
  const [kind = '', rest = ''] = text.split(' ');
  const [namespace = '', name] = rest.split('/');
  return name === undefined
    ? { group: '', kind, namespace: '', name: namespace }
    : { group: '', kind, namespace, name };
}

/** What differs from a cluster where all is in sync. */
export interface TickChanges {
  readonly block?: Block;
  readonly skipped?: readonly (readonly [
    object: string,
    outcome: SkippedObject['outcome'],
    reason: string,
    healInMs?: number,
  ])[];
  readonly kept?: readonly (readonly [object: string, reason: string, state: KeptObject['state']])[];
  readonly approval?: Omit<PendingApproval, 'objects'>;
  readonly results?: readonly (readonly [object: string, outcome: Outcome, reason: string])[];
  readonly aborted?: string;
  readonly health?: readonly (readonly [object: string, state: HealthState, message: string])[];
  readonly drift?: readonly Difference[];
}

/** A look at one cluster that has one app with two objects. */
export function doneTick(cluster: string, changes: TickChanges = {}): DoneTick {
  return {
    state: 'done',
    target: targetOf([renderedApp([])], { name: cluster }),
    revision: REVISION,
    observation: observationOf([], []),
    previews: new Map(),
    drift: { objects: changes.drift ?? [] },
    plan: { apps: [planOf(changes)] },
    result: { apps: [resultOf(changes)] },
    health: { objects: healthOf(changes) },
  };
}

export function failedTick(cluster: string, code: PortCode, safeMessage: string): FailedTick {
  return {
    state: 'failed',
    target: targetOf([], { name: cluster }),
    revision: REVISION,
    failure: failure(code, safeMessage),
  };
}

export function failure(code: PortCode, safeMessage: string, subject = 'the cluster'): PortFailure {
  return { port: 'cluster', operation: 'list', subject, code, retry: true, safeMessage };
}

function planOf({ block, skipped = [], kept = [], approval }: TickChanges): AppPlan {
  return {
    app: APP,
    revision: REVISION,
    ...(block === undefined ? {} : { blocked: block }),
    settings: { prune: true, onUnplace: 'orphan', ...CLUSTER },
    transfers: [],
    steps: [],
    recreations: [],
    deletes: [],
    skipped: skipped.map(([object, outcome, reason, healInMs]) => ({
      id: idOf(object),
      outcome,
      reason,
      lost: [],
      ...(healInMs === undefined ? {} : { healInMs }),
    })),
    kept: kept.map(([object, reason, state]): KeptObject => ({ id: idOf(object), reason, state })),
    gone: [],
    ...(approval === undefined ? {} : { approval: { ...approval, objects: [] } }),
  };
}

function resultOf({ results = [], aborted }: TickChanges): AppResult {
  const objects = results.map(([object, outcome, reason]): ObjectResult => ({
    app: APP,
    id: idOf(object),
    outcome,
    reason,
  }));
  return { app: APP, objects, ...(aborted === undefined ? {} : { aborted }) };
}

const OBJECTS = ['ConfigMap shop/settings', 'Deployment shop/web'];

function healthOf({ health = [] }: TickChanges): readonly ObjectHealth[] {
  const given = new Map(health.map(([object, state, message]) => [object, { state, message }]));
  return [...new Set([...OBJECTS, ...given.keys()])].map((object) => ({
    app: APP,
    id: idOf(object),
    health: given.get(object) ?? { state: 'Current', message: '' },
  }));
}

/** A field that `kubectl-edit` changed from 4 to 7. */
export function fieldOf(more: Partial<FieldDifference> = {}): FieldDifference {
  return {
    path: '/spec/replicas',
    desired: 4,
    live: 7,
    manager: 'kubectl-edit',
    time: '2026-01-02T14:03:22Z',
    ...more,
  };
}

export function driftOf(object: string, more: Partial<Difference> = {}): Difference {
  return { app: APP, id: idOf(object), cause: 'drift', state: 'differs', fields: [fieldOf()], ...more };
}

/** A fleet of these clusters at {@link REVISION}. */
export function renderedFleet(clusters: readonly string[], diagnostics: readonly Diagnostic[] = []): RenderedFleet {
  return {
    revision: REVISION,
    fleet: fleetOf(),
    apps: [APP],
    clusterNames: clusters,
    clusters: clusters.map((name) => targetOf([renderedApp([])], { name })),
    diagnostics,
  };
}

/** A fleet where these clusters were looked at. */
export function stateOf(ticks: readonly Tick[], more: Partial<FleetState> = {}): FleetState {
  const names = ticks.map((tick) => tick.target.cluster.name);
  return {
    head: REVISION,
    live: renderedFleet(names),
    ticks: new Map(ticks.map((tick) => [tick.target.cluster.name, tick])),
    healed: new Map(),
    ...more,
  };
}
