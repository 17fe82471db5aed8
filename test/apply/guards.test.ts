import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareForDeletion,
  deletionDigest,
  type DeletionContext,
  type DeletionVerdict,
  judgeDeletions,
  judgeRecreations,
  keepAll,
  recreationObstacle,
} from '../../src/apply/guards.ts';
import { kindRank } from '../../src/apply/waves.ts';
import type { KeptObject, Leaving } from '../../src/model/apply.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { InventoryEntry, KindState, LiveObject } from '../../src/model/observation.ts';
import { formatId, groupKindKey } from '../../src/object/id.ts';
import { APP, entryOf, FLEET, GUARDS, inventoryOf, liveOf, manifest, observationOf } from '../support/objects.ts';

function map(name: string): Manifest {
  return manifest(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\n`);
}

const LEFT = map('left');

interface Case {
  readonly live?: LiveObject;
  readonly entry?: InventoryEntry;
  readonly kinds?: Readonly<Record<string, KindState>>;
  readonly context?: Partial<DeletionContext>;
}

/** The verdict about one object that left the repository. Without changes all proofs are there. */
function judge({ live = liveOf(LEFT), entry = entryOf(LEFT), kinds = {}, context = {} }: Case): DeletionVerdict {
  const inventory = inventoryOf([entry]);
  return judgeDeletions([entry], inventory, contextOf(context, observationOf([live], [inventory], kinds)));
}

function contextOf(more: Partial<DeletionContext>, observation: DeletionContext['observation']): DeletionContext {
  return {
    fleet: FLEET,
    cluster: 'eu',
    app: APP,
    guards: GUARDS,
    approvals: [],
    unprotect: [],
    observation,
    desiredUids: new Set(),
    wanted: [],
    ...more,
  };
}

test('with every proof an object is deleted, with its uid and resourceVersion as preconditions', () => {
  const { deletes, kept, gone } = judge({});
  assert.deepEqual(deletes, [
    {
      served: { group: '', kind: 'ConfigMap', version: 'v1', plural: 'configmaps', namespaced: true },
      id: LEFT.id,
      uid: 'uid-ConfigMap-left',
      resourceVersion: '1',
    },
  ]);
  assert.deepEqual([kept, gone], [[], []]);
});

const NAMESPACE = manifest('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
const KUBE_SYSTEM = manifest('apiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n');

/** Each with one proof missing. */
const KEPT: readonly (readonly [missing: string, change: Case, reason: string, state: KeptObject['state']])[] = [
  [
    'its kind could not be listed',
    { kinds: { '/ConfigMap': { state: 'unknown', reason: 'the server answered 503' } } },
    'its kind could not be read: the server answered 503',
    'waiting',
  ],
  [
    'another object took its name',
    { live: liveOf(LEFT, { uid: 'other' }) },
    'another object of the same name took its place',
    'released',
  ],
  [
    'an annotation keeps it',
    { live: liveOf(LEFT, { prunePolicy: { keep: true, confirm: false } }) },
    'muster.dev/prune: "false"',
    'released',
  ],
  [
    'it is being deleted already',
    { live: liveOf(LEFT, { terminating: true }) },
    'its deletion is under way',
    'waiting',
  ],
  ['its label is gone', { live: withoutLabel(liveOf(LEFT)) }, 'its ownership label was changed by hand', 'waiting'],
  [
    'its label is another app’s',
    { live: liveOf(LEFT, { partOf: 'applyset-other-v1' }) },
    'its ownership label was changed by hand',
    'waiting',
  ],
  ['it has an owner', { live: liveOf(LEFT, { owners: ['Rollout web'] }) }, 'it is owned by Rollout web', 'waiting'],
  [
    'the repository wants it under another name',
    { context: { desiredUids: new Set(['uid-ConfigMap-left']) } },
    'the repository wants it under another name, kind or app',
    'released',
  ],
  [
    'the fleet protects its kind',
    { live: liveOf(NAMESPACE), entry: entryOf(NAMESPACE) },
    'Namespace is protected. List the kind in spec.unprotect of the app to let it be deleted',
    'protected',
  ],
  [
    'the cluster cannot do without it',
    { live: liveOf(KUBE_SYSTEM), entry: entryOf(KUBE_SYSTEM), context: { unprotect: ['Namespace'] } },
    'the cluster cannot do without it',
    'protected',
  ],
  [
    'a crash left no uid, and it never carried our label',
    { entry: { ...entryOf(LEFT), uid: '' }, live: withoutLabel(liveOf(LEFT)) },
    'it was there before Muster and never became ours',
    'released',
  ],
];

function withoutLabel({ partOf: _partOf, ...live }: LiveObject): LiveObject {
  return live;
}

test('without one proof it stays, and the reason is the proof that is missing', () => {
  for (const [missing, change, reason, state] of KEPT) {
    const { deletes, kept } = judge(change);
    const id = (change.entry ?? entryOf(LEFT)).id;
    assert.deepEqual([deletes, kept], [[], [{ id, reason, state }]], missing);
  }
});

test('a kind that nobody looked at is not known either', () => {
  const inventory = inventoryOf([entryOf(LEFT)]);
  const observation = { ...observationOf([], [inventory]), kinds: new Map<string, KindState>() };
  const { kept } = judgeDeletions(inventory.entries, inventory, contextOf({}, observation));
  assert.deepEqual(kept, [{ id: LEFT.id, reason: 'its kind could not be read: not looked at', state: 'waiting' }]);
});

test('what is not there any more is gone: its own absence, or that of its kind', () => {
  const inventory = inventoryOf([entryOf(LEFT)]);
  const { gone } = judgeDeletions(inventory.entries, inventory, contextOf({}, observationOf([], [inventory])));
  assert.deepEqual(gone, [LEFT.id]);
  assert.deepEqual(judge({ kinds: { '/ConfigMap': { state: 'absent' } } }).gone, [LEFT.id]);
});

test('an entry that a crash left without a uid takes it from the live object that carries our label', () => {
  assert.equal(judge({ entry: { ...entryOf(LEFT), uid: '' } }).deletes[0]?.uid, 'uid-ConfigMap-left');
});

test('an app can free a kind from protection, but not the namespaces of the cluster itself', () => {
  const entry = entryOf(NAMESPACE);
  assert.equal(judge({ entry, live: liveOf(NAMESPACE), context: { unprotect: ['Namespace'] } }).deletes.length, 1);
});

/** The verdict about `count` objects of an inventory of `total`. */
function judgeMany(count: number, total: number, context: Partial<DeletionContext> = {}): DeletionVerdict {
  const all = Array.from({ length: total }, (_, index) => map(`m${String(index).padStart(3, '0')}`));
  const inventory = inventoryOf(all.map((each) => entryOf(each)));
  const live = all.map((each) => liveOf(each));
  return judgeDeletions(
    inventory.entries.slice(0, count),
    inventory,
    contextOf(context, observationOf(live, [inventory])),
  );
}

function leaving(clusters: readonly string[], unread: readonly string[] = []): Leaving {
  return { clusters, unread };
}

test('the budget is the larger of a number and a share of the app', () => {
  const cases: readonly (readonly [count: number, total: number, expected: string | undefined])[] = [
    [5, 5, undefined],
    [6, 6, '6 of 6 objects would be deleted, and 5 may be without approval'],
    [6, 20, undefined],
    [7, 20, '7 of 20 objects would be deleted, and 6 may be without approval'],
    [30, 100, undefined],
    [31, 100, '31 of 100 objects would be deleted, and 30 may be without approval'],
  ];
  for (const [count, total, expected] of cases) {
    const { approval, deletes, kept } = judgeMany(count, total);
    assert.equal(approval?.reason, expected);
    assert.deepEqual([deletes.length, kept.length], expected === undefined ? [count, 0] : [0, count]);
  }
});

test('a budget of nothing asks for every deletion', () => {
  const guards = { ...GUARDS, maxDelete: 0, maxDeletePercent: 0 };
  assert.equal(
    judgeMany(1, 100, { guards }).approval?.reason,
    '1 of 100 objects would be deleted, and 0 may be without approval',
  );
  assert.equal(judgeMany(0, 100, { guards }).approval, undefined);
});

test('what left and cannot be read now counts against the budget: else a list over it passes in two halves', () => {
  const all = [...Array.from({ length: 5 }, (_, index) => map(`m${index}`)), NAMESPACE];
  const inventory = inventoryOf(all.map((each) => entryOf(each)));
  const live = all.slice(0, 5).map((each) => liveOf(each));
  const unknown = { [groupKindKey(NAMESPACE.id)]: { state: 'unknown', reason: 'it fails' } } as const;
  const { deletes, approval } = judgeDeletions(
    inventory.entries,
    inventory,
    contextOf({}, observationOf(live, [inventory], unknown)),
  );
  assert.equal(approval?.reason, '6 of 6 objects would be deleted, and 5 may be without approval');
  assert.deepEqual([approval.objects.length, deletes.length], [5, 0]);
});

test('what is kept or gone does not count against the budget', () => {
  const all = Array.from({ length: 10 }, (_, index) => map(`m${index}`));
  const inventory = inventoryOf(all.map((each) => entryOf(each)));
  const live = all.slice(0, 8).map((each, index) => liveOf(each, index < 3 ? { owners: ['Rollout x'] } : {}));
  const { deletes, kept, gone, approval } = judgeDeletions(
    inventory.entries,
    inventory,
    contextOf({}, observationOf(live, [inventory])),
  );
  assert.deepEqual([deletes.length, kept.length, gone.length, approval], [5, 3, 2, undefined]);
});

test('an app may leave so many clusters in one commit, and then people must agree', () => {
  assert.equal(judgeMany(1, 1, { leaving: leaving(['eu']) }).approval, undefined);
  assert.equal(
    judgeMany(1, 1, { leaving: leaving(['eu', 'us']) }).approval?.reason,
    'the app leaves 2 clusters, and 1 may be left without approval',
  );
  assert.equal(
    judgeMany(1, 1, { leaving: leaving(['eu'], ['us']) }).approval?.reason,
    'nobody knows yet how many clusters the app leaves: us was not read',
  );
  const guards = { ...GUARDS, maxLeaveClusters: 2 };
  assert.equal(judgeMany(1, 1, { guards, leaving: leaving(['eu'], ['us']) }).approval, undefined, 'at most two');
  assert.equal(
    judgeMany(1, 1, { leaving: 'unknown' }).approval?.reason,
    'nobody counted how many clusters the app leaves',
  );
  assert.equal(
    judgeMany(6, 6, { leaving: leaving(['eu']) }).approval?.reason,
    '6 of 6 objects would be deleted, and 5 may be without approval',
  );
});

test('an approval is of exactly this list on this cluster, and of nothing else', () => {
  const { approval } = judgeMany(7, 7);
  assert.ok(approval);
  assert.match(approval.digest, /^sha256:[0-9a-f]{32}$/);
  assert.equal(approval.objects.length, 7);
  assert.equal(judgeMany(7, 7, { approvals: [approval.digest] }).deletes.length, 7);
  assert.equal(judgeMany(6, 7, { approvals: [approval.digest] }).deletes.length, 0, 'fewer objects are another list');
  assert.equal(
    judgeMany(7, 7, { approvals: [approval.digest], cluster: 'us' }).deletes.length,
    0,
    'another cluster is another list',
  );
  assert.equal(judgeMany(7, 7, { approvals: [approval.digest.slice(0, -1)] }).deletes.length, 0);
  assert.deepEqual(
    judgeMany(7, 7).kept.map(({ reason, state }) => [reason, state]),
    Array.from({ length: 7 }, () => [`waits for approval of ${approval.digest}`, 'waiting']),
  );
});

test('the digest is of the objects themselves: another object of one of the names needs another approval', () => {
  const observation = observationOf([], []);
  const { deletes } = judge({});
  const [only] = deletes;
  assert.ok(only);
  const context = contextOf({}, observation);
  const digest = deletionDigest(context, [only]);
  assert.notEqual(deletionDigest(context, [{ ...only, uid: 'other' }]), digest);
  assert.equal(
    deletionDigest(context, [{ ...only, resourceVersion: '99' }]),
    digest,
    'a change of the object is no other object',
  );
  const other = { ...only, id: { ...only.id, name: 'b' } };
  assert.equal(
    deletionDigest(context, [only, other]),
    deletionDigest(context, [other, only]),
    'the order says nothing',
  );
});

test('deletion goes in the reverse order of applying', () => {
  const objects = [
    NAMESPACE,
    LEFT,
    map('other'),
    manifest('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n'),
  ];
  const sorted = objects.map(({ id }) => id).sort((a, b) => compareForDeletion(a, b, (id) => kindRank(id, new Set())));
  assert.deepEqual(sorted.map(formatId), [
    'Deployment shop/web',
    'ConfigMap shop/other',
    'ConfigMap shop/left',
    'Namespace shop',
  ]);
});

test('all can be kept for one reason', () => {
  assert.deepEqual(keepAll([entryOf(LEFT)], 'why', 'released'), {
    deletes: [],
    kept: [{ id: LEFT.id, reason: 'why', state: 'released' }],
    gone: [],
  });
});

test('an object that asks to be confirmed waits under a digest of its own, and the others do not wait for it', () => {
  const [a, b] = [map('a'), map('b')];
  const live = [liveOf(a, { prunePolicy: { keep: false, confirm: true } }), liveOf(b)];
  const inventory = inventoryOf([entryOf(a), entryOf(b)]);
  const context = contextOf({}, observationOf(live, [inventory]));
  const { deletes, kept, approval } = judgeDeletions(inventory.entries, inventory, context);
  assert.deepEqual(
    deletes.map(({ id }) => id.name),
    ['b'],
  );
  assert.deepEqual([approval?.objects, kept.map(({ state }) => state)], [[a.id], ['waiting']]);
  assert.equal(approval?.reason, 'ConfigMap shop/a must be confirmed before deletion (muster.dev/confirm-delete)');

  const approvals = [approval?.digest ?? ''];
  const agreed = judgeDeletions(inventory.entries, inventory, { ...context, approvals });
  assert.deepEqual([agreed.deletes.length, agreed.approval], [2, undefined]);
  const deletion = agreed.deletes.slice(0, 1);
  assert.deepEqual(judgeRecreations(deletion, context).deletes, []);
  assert.deepEqual(judgeRecreations(deletion, { ...context, approvals }), { deletes: deletion });
});

test('an object is deleted to be made anew with the proofs of every deletion, but for what is about leaving', () => {
  const of = (live: LiveObject, entry: InventoryEntry | undefined = entryOf(LEFT)): string | undefined =>
    recreationObstacle(entry, live, contextOf({}, observationOf([live], [])));
  assert.equal(of(liveOf(LEFT)), undefined);
  assert.equal(of(liveOf(LEFT, { prunePolicy: { keep: true, confirm: false } })), undefined);
  assert.equal(
    recreationObstacle(undefined, liveOf(LEFT), contextOf({}, observationOf([], []))),
    'it was there before Muster and is not ours yet',
  );
  assert.equal(of(liveOf(LEFT, { uid: 'other' })), 'another object of the same name took its place');
  assert.equal(of(withoutLabel(liveOf(LEFT))), 'its ownership label was changed by hand');
  assert.equal(of(liveOf(LEFT, { owners: ['Rollout web'] })), 'it is owned by Rollout web');
  assert.match(of(liveOf(NAMESPACE), entryOf(NAMESPACE)) ?? '', /^Namespace is protected/);
});
