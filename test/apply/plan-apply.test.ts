import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planApply, type PlanInput } from '../../src/apply/plan-apply.ts';
import type { AppPlan, Preview } from '../../src/model/apply.ts';
import type { Difference } from '../../src/model/drift.ts';
import type { Health } from '../../src/model/health.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { Inventory, KindState, LiveObject } from '../../src/model/observation.ts';
import type { RenderedApp } from '../../src/model/render.ts';
import { formatId, idKey } from '../../src/object/id.ts';
import {
  accepted,
  APP,
  CLUSTER,
  CLUSTER_UID,
  entryOf,
  fleetOf,
  inventoryOf,
  liveOf,
  manifest,
  observationOf,
  renderedApp,
  targetOf,
} from '../support/objects.ts';

function map(name: string, wave?: string): Manifest {
  const annotations = wave === undefined ? '' : `, annotations: {muster.dev/wave: "${wave}"}`;
  return manifest(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop${annotations}}\n`);
}

const [A, B, C] = [map('a'), map('b'), map('c')];

/** A world as a tick sees it: what the repository wants, what the cluster has, and what the API server said. */
interface World {
  readonly apps?: readonly RenderedApp[];
  readonly live?: readonly LiveObject[];
  readonly inventories?: readonly Inventory[];
  readonly kinds?: Readonly<Record<string, KindState>>;
  readonly previews?: readonly (readonly [Manifest, Preview])[];
  readonly differences?: readonly Difference[];
  readonly more?: Partial<PlanInput>;
}

function plan({
  apps = [],
  live = [],
  inventories = [],
  kinds = {},
  previews = [],
  differences = [],
  more = {},
}: World): readonly AppPlan[] {
  return planApply({
    fleet: fleetOf(),
    apps: apps.map(({ name }) => name),
    revision: 'new',
    target: targetOf(apps),
    observation: observationOf(live, inventories, kinds),
    previews: new Map(previews.map(([of, preview]) => [idKey(of.id), preview])),
    drift: { objects: differences },
    heals: new Map(),
    nowMs: 1_000_000,
    leaving: new Map(),
    suspendedApps: new Set(),
    ...more,
  }).apps;
}

function only(world: World): AppPlan {
  const [first, second] = plan(world);
  assert.ok(first);
  assert.equal(second, undefined);
  return first;
}

function leavingOf(...clusters: readonly string[]): PlanInput['leaving'] {
  return new Map([[APP, { clusters, unread: [] }]]);
}

function drifted(of: Manifest, more: Partial<Difference> = {}): Difference {
  return { app: APP, id: of.id, cause: 'drift', state: 'differs', fields: [], ...more };
}

function changed(of: Manifest, more: Partial<Difference> = {}): Difference {
  return drifted(of, { cause: 'new-revision', ...more });
}

/** Manifests that are in the cluster and recorded, and as they should be. */
function settled(...all: readonly Manifest[]): Pick<World, 'live' | 'inventories'> {
  return { live: all.map((each) => liveOf(each)), inventories: [inventoryOf(all.map((each) => entryOf(each)))] };
}

function steps({ steps: all }: AppPlan): readonly (readonly string[])[] {
  return all.map((step) => step.map(({ request }) => formatId(request.id)));
}

function skips({ skipped }: AppPlan): readonly string[] {
  return skipped.map(({ id, outcome, reason }) => `${id.name} ${outcome}${reason === '' ? '' : `: ${reason}`}`);
}

test('a new object is recorded before it is applied', () => {
  const {
    intent,
    steps: all,
    inventory,
    blocked,
  } = only({
    apps: [renderedApp([A])],
    previews: [[A, accepted(A)]],
    differences: [changed(A, { state: 'absent' })],
  });
  assert.equal(blocked, undefined);
  assert.equal(inventory, undefined, 'there was none');
  assert.deepEqual(intent?.entries, [{ id: A.id, apiVersion: 'v1', uid: '', desiredHash: '', ownedHash: '' }]);
  assert.equal(intent.clusterUid, CLUSTER_UID);
  assert.deepEqual(
    all.flat().map(({ request, desiredHash }) => [request.id, desiredHash]),
    [[A.id, A.hash]],
  );
});

test('what is clean is not touched, and nothing is recorded', () => {
  const quiet = only({ apps: [renderedApp([A, B])], ...settled(A, B) });
  assert.deepEqual([quiet.intent, quiet.steps, quiet.deletes], [undefined, [], []]);
  assert.deepEqual(skips(quiet), ['a unchanged', 'b unchanged']);
});

test('what a dry-run finds unchanged is not written, and remembered as clean', () => {
  const one = only({ apps: [renderedApp([A])], ...settled(A), previews: [[A, accepted(A, liveOf(A))]] });
  assert.deepEqual(steps(one), []);
  assert.deepEqual(one.skipped[0]?.clean, { desiredHash: A.hash, live: liveOf(A) });
});

test('drift is healed, or reported, as the app says', () => {
  const world: World = { ...settled(A), previews: [[A, accepted(A, liveOf(A))]], differences: [drifted(A)] };
  assert.deepEqual(steps(only({ ...world, apps: [renderedApp([A])] })), [['ConfigMap shop/a']]);
  const reported = only({ ...world, apps: [renderedApp([A], { drift: 'report' })] });
  assert.deepEqual([steps(reported), skips(reported)], [[], ['a drifted: drift is reported, not healed']]);
});

test('a new revision arrives also where drift is only reported', () => {
  const world: World = { ...settled(A), previews: [[A, accepted(A, liveOf(A))]], differences: [changed(A)] };
  assert.deepEqual(steps(only({ ...world, apps: [renderedApp([A], { drift: 'report' })] })), [['ConfigMap shop/a']]);
});

test('an object that was healed a moment ago waits, a new revision of it does not', () => {
  const heals = new Map([[idKey(A.id), [999_000, 999_500]]]);
  const world: World = {
    apps: [renderedApp([A])],
    ...settled(A),
    previews: [[A, accepted(A, liveOf(A))]],
    more: { heals },
  };
  const waiting = only({ ...world, differences: [drifted(A)] });
  assert.deepEqual(skips(waiting), ['a drifted: it was healed 2 times in a row and changed again; healing waits']);
  assert.deepEqual(steps(only({ ...world, differences: [changed(A)] })), [['ConfigMap shop/a']]);
  const later = only({ ...world, differences: [drifted(A)], more: { heals, nowMs: 999_500 + 6_000 } });
  assert.deepEqual(steps(later), [['ConfigMap shop/a']]);
});

test('an object that somebody changes back after each of three heals is fought over, and the status names both', () => {
  const heals = new Map([[idKey(A.id), [990_000, 995_000, 999_500]]]);
  const world: World = {
    apps: [renderedApp([A])],
    ...settled(A),
    previews: [[A, accepted(A, liveOf(A))]],
    more: { heals },
  };
  const field = { path: '/data/colour', desired: 'blue', live: 'red' };
  const reasons = [
    { ...drifted(A), fields: [{ ...field, manager: 'kubectl-edit' }] },
    { ...drifted(A), fields: [field] },
    { ...drifted(A), state: 'missing' as const, fields: [] },
  ].map((each) => skips(only({ ...world, differences: [each] }))[0]);
  assert.deepEqual(reasons, [
    'a drifted: a fight: "kubectl-edit" changes /data/colour whenever "muster" puts it right, 3 times in a row; healing waits',
    'a drifted: a fight: somebody changes /data/colour whenever "muster" puts it right, 3 times in a row; healing waits',
    'a drifted: a fight: somebody deletes it whenever "muster" puts it right, 3 times in a row; healing waits',
  ]);
});

test('one object that the API server refuses holds its app whole, and no other app', () => {
  const other = renderedApp([C], { name: 'other' });
  const [web, second] = plan({
    apps: [renderedApp([A, B]), other],
    previews: [
      [A, accepted(A)],
      [B, { state: 'refused', reason: 'spec.x: must not be empty' }],
      [C, accepted(C)],
    ],
    differences: [changed(A), { ...changed(C), app: 'other' }],
  });
  assert.deepEqual(web?.blocked, { kind: 'refused', reason: 'ConfigMap shop/b: spec.x: must not be empty' });
  assert.deepEqual([web.steps, web.deletes, web.intent], [[], [], undefined]);
  assert.ok(second);
  assert.deepEqual(steps(second), [['ConfigMap shop/c']]);
});

test('an object whose kind is not served yet waits, the rest goes on, and nothing is deleted meanwhile', () => {
  const one = only({
    apps: [renderedApp([A, B])],
    ...settled(C),
    previews: [
      [A, accepted(A)],
      [B, { state: 'waiting', reason: 'waiting for kind ConfigMap' }],
    ],
    differences: [changed(A)],
  });
  assert.deepEqual(steps(one), [['ConfigMap shop/a']]);
  assert.deepEqual(skips(one), ['b waiting: waiting for kind ConfigMap']);
  assert.deepEqual(one.deletes, []);
  assert.deepEqual(one.kept, [
    { id: C.id, reason: 'nothing is deleted before everything is applied: ConfigMap shop/b is not', state: 'waiting' },
  ]);
});

test('a kind that could not be read is as good as waiting', () => {
  const one = only({
    apps: [renderedApp([A])],
    ...settled(C),
    previews: [[A, { state: 'unknown', reason: 'the server answered 503' }]],
  });
  assert.deepEqual(skips(one), ['a unknown: the server answered 503']);
  assert.deepEqual(one.deletes, []);
});

test('annotations can keep an object from being sent', () => {
  const ignored = manifest(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop, annotations: {muster.dev/apply: ignore}}\n',
  );
  assert.deepEqual(skips(only({ apps: [renderedApp([ignored])], live: [liveOf(ignored)] })), [
    'a skipped: muster.dev/apply: ignore',
  ]);
});

const HELD = {
  code: 'NO_TARGET',
  severity: 'error',
  message: 'the patch matches nothing',
  origin: { file: 'apps/web/overlays/eu/d.yaml', line: 3, column: 18 },
} as const;

test('an app with an error in the repository is left as it is, and says where the error is', () => {
  const one = only({ apps: [renderedApp([], { state: 'held', diagnostics: [HELD] })], ...settled(A, B) });
  assert.deepEqual(one.blocked, {
    kind: 'held',
    reason: 'apps/web/overlays/eu/d.yaml:3:18: NO_TARGET: the patch matches nothing',
  });
  assert.deepEqual([one.deletes, one.kept, one.intent], [[], [], undefined]);
});

test('what is suspended is read and not written: the fleet, the cluster or the app', () => {
  const world: World = { previews: [[A, accepted(A)]], differences: [changed(A)] };
  const app = renderedApp([A]);
  const reason = (changes: World): string | undefined => only({ ...world, apps: [app], ...changes }).blocked?.reason;
  assert.equal(reason({}), undefined);
  assert.equal(reason({ more: { fleet: fleetOf({ suspend: true }) } }), 'the fleet is suspended');
  assert.equal(reason({ more: { target: targetOf([app], { suspend: true }) } }), 'the cluster is suspended');
  assert.equal(reason({ apps: [renderedApp([A], { suspend: true })] }), 'the app is suspended');
});

test('a suspended fleet deletes nothing of an app that left', () => {
  const [left] = plan({ ...settled(A), more: { fleet: fleetOf({ suspend: true }) } });
  assert.deepEqual([left?.blocked?.reason, left?.deletes, left?.kept], ['the fleet is suspended', [], []]);
});

test('nothing is written where what we own cannot be read', () => {
  const one = only({
    apps: [renderedApp([A])],
    inventories: [inventoryOf([], { unreadable: 'the inventory is damaged' })],
  });
  assert.deepEqual(one.blocked, { kind: 'unsafe', reason: 'the inventory is damaged' });
});

/** `web` depends on `base`, which has object B. */
function dependent(base: readonly RenderedApp[], more: World = {}): AppPlan {
  const apps = [...base, renderedApp([A], { dependsOn: ['base'] })];
  const found = plan({ apps, previews: [[A, accepted(A)]], differences: [changed(A)], ...more }).find(
    ({ app }) => app === APP,
  );
  assert.ok(found);
  return found;
}

test('an app waits for the one that it depends on, until that is applied and Current', () => {
  const base = renderedApp([B], { name: 'base' });
  assert.equal(dependent([]).blocked?.reason, 'waiting for app "base", which no placement puts on this cluster');
  assert.equal(
    dependent([{ ...base, state: 'held', manifests: [] }]).blocked?.reason,
    'waiting for app "base", which is held back',
  );
  assert.equal(dependent([base]).blocked?.reason, 'waiting for app "base": ConfigMap shop/b is not Current');
  const record = inventoryOf([entryOf(B)], { app: 'base' });
  const starting = liveOf(B, { health: { state: 'InProgress', message: 'starting' } });
  assert.equal(dependent([base], { live: [starting], inventories: [record] }).blocked?.kind, 'waiting');
  const ready = dependent([base], { live: [liveOf(B)], inventories: [record] });
  assert.deepEqual([ready.blocked, steps(ready)], [undefined, [['ConfigMap shop/a']]]);
});

const [FIRST, SECOND, THIRD] = [map('first', '-1'), map('second'), map('third', '5')];

/** All three waves new, but for those that are in the cluster. */
function waves(live: readonly LiveObject[]): AppPlan {
  const there = new Set(live.map(({ id }) => idKey(id)));
  const missing = [FIRST, SECOND, THIRD].filter(({ id }) => !there.has(idKey(id)));
  return only({
    apps: [renderedApp([FIRST, SECOND, THIRD])],
    live,
    inventories: [
      inventoryOf([FIRST, SECOND, THIRD].filter(({ id }) => there.has(idKey(id))).map((each) => entryOf(each))),
    ],
    previews: missing.map((each) => [each, accepted(each)]),
    differences: missing.map((each) => changed(each, { state: 'absent' })),
  });
}

const STARTING: Health = { state: 'InProgress', message: 'starting' };

test('only the first wave that is not Current is acted on; no wave is remembered', () => {
  const first = waves([]);
  assert.deepEqual(steps(first), [['ConfigMap shop/first']]);
  assert.deepEqual(skips(first), [
    'second waiting: waiting for wave -1: ConfigMap shop/first',
    'third waiting: waiting for wave -1: ConfigMap shop/first',
  ]);
  const starting = waves([liveOf(FIRST, { health: STARTING })]);
  assert.deepEqual([steps(starting), skips(starting).length], [[], 3]);
  assert.deepEqual(steps(waves([liveOf(FIRST)])), [['ConfigMap shop/second']]);
  assert.deepEqual(steps(waves([liveOf(FIRST), liveOf(SECOND)])), [['ConfigMap shop/third']]);
});

test('the intent holds only what is about to be written', () => {
  assert.deepEqual(
    waves([]).intent?.entries.map(({ id }) => id.name),
    ['first'],
  );
});

test('an object that is never sent holds no wave', () => {
  const ignored = manifest(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: i, namespace: shop, annotations: {muster.dev/wave: "-5", muster.dev/apply: ignore}}\n',
  );
  const one = only({ apps: [renderedApp([ignored, A])], previews: [[A, accepted(A)]], differences: [changed(A)] });
  assert.deepEqual(steps(one), [['ConfigMap shop/a']]);
});

test('objects go out in the order of their kinds', () => {
  const namespace = manifest('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
  const deployment = manifest('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: shop}\n');
  const all = [deployment, A, namespace];
  const one = only({
    apps: [renderedApp(all)],
    previews: all.map((each) => [each, accepted(each)]),
    differences: all.map((each) => changed(each)),
  });
  assert.deepEqual(steps(one), [['Namespace shop'], ['ConfigMap shop/a'], ['Deployment shop/a']]);
});

test('what left the repository is deleted, after everything is applied', () => {
  const one = only({ apps: [renderedApp([A])], ...settled(A, B) });
  assert.deepEqual(
    one.deletes.map(({ id, uid, resourceVersion }) => [id.name, uid, resourceVersion]),
    [['b', 'uid-ConfigMap-b', '1']],
  );
  assert.deepEqual(
    one.intent?.entries.map(({ id }) => id.name),
    ['a', 'b'],
    'and stays recorded until that is confirmed',
  );
});

test('an app that does not prune lets go of what left', () => {
  const one = only({ apps: [renderedApp([A], { prune: false })], ...settled(A, B) });
  assert.deepEqual(
    [one.deletes, one.kept],
    [[], [{ id: B.id, reason: 'the app has prune: false', state: 'released' }]],
  );
});

test('deletions over the budget wait for people, with everything else going on', () => {
  const many = Array.from({ length: 9 }, (_, index) => map(`old-${index}`));
  const one = only({
    apps: [renderedApp([A])],
    ...settled(...many),
    previews: [[A, accepted(A)]],
    differences: [changed(A)],
  });
  assert.deepEqual(steps(one), [['ConfigMap shop/a']]);
  assert.deepEqual(
    [one.deletes.length, one.approval?.objects.length, one.approval?.reason],
    [0, 9, '9 of 9 objects would be deleted, and 5 may be without approval'],
  );
  const fleet = fleetOf({ approvals: [one.approval?.digest ?? ''] });
  const agreed = only({
    apps: [renderedApp([A])],
    ...settled(...many),
    previews: [[A, accepted(A)]],
    differences: [changed(A)],
    more: { fleet },
  });
  assert.deepEqual([agreed.deletes.length, agreed.approval], [9, undefined]);
});

test('an app that leaves a cluster leaves its objects behind, unless it was told to prune', () => {
  const [orphaned] = plan({ ...settled(A), more: { apps: [APP] } });
  assert.deepEqual(orphaned?.kept, [
    { id: A.id, reason: 'no placement selects this cluster any more, and onUnplace is "orphan"', state: 'released' },
  ]);
  const inventories = [inventoryOf([entryOf(A)], { onUnplace: 'prune' })];
  const [pruned] = plan({ live: [liveOf(A)], inventories, more: { apps: [APP], leaving: leavingOf('eu') } });
  assert.equal(pruned?.deletes.length, 1);
  const [many] = plan({ live: [liveOf(A)], inventories, more: { apps: [APP], leaving: leavingOf('eu', 'us') } });
  assert.equal(many?.approval?.reason, 'the app leaves 2 clusters, and 1 may be left without approval');
  const [unknown] = plan({ live: [liveOf(A)], inventories, more: { apps: [APP] } });
  assert.equal(unknown?.deletes.length, 0, 'how many it leaves is not known while a cluster was not seen');
});

test('an app that left the repository is pruned as it was told when it was there', () => {
  const [pruned] = plan(settled(A));
  assert.equal(pruned?.deletes.length, 1);
  const [kept] = plan({ live: [liveOf(A)], inventories: [inventoryOf([entryOf(A)], { prune: false })] });
  assert.deepEqual(kept?.kept, [
    { id: A.id, reason: 'its app left the repository, and had prune: false', state: 'released' },
  ]);
});

test('an object that only changed its API group or its app is never deleted', () => {
  const old = manifest('apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\n');
  const now = manifest('apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\n');
  const regrouped = only({
    apps: [renderedApp([now])],
    live: [liveOf(old), liveOf(now)],
    inventories: [inventoryOf([entryOf(old)])],
    previews: [[now, accepted(now, liveOf(now))]],
    differences: [changed(now)],
  });
  assert.deepEqual([regrouped.deletes, steps(regrouped)], [[], [['Ingress shop/web']]]);
  const moved = plan({
    apps: [renderedApp([]), renderedApp([A], { name: 'other' })],
    ...settled(A),
    previews: [[A, accepted(A, liveOf(A))]],
    differences: [{ ...changed(A), app: 'other' }],
  });
  assert.deepEqual(
    moved.flatMap(({ deletes }) => deletes),
    [],
  );
});

test('settings and the revision go with the plan, to be recorded', () => {
  const one = only({ apps: [renderedApp([A], { prune: false, onUnplace: 'prune' })] });
  assert.deepEqual([one.settings, one.revision], [{ prune: false, onUnplace: 'prune', ...CLUSTER }, 'new']);
});
