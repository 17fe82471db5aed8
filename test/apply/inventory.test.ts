import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { emptyInventory, sameInventory, settleInventory, withIntent } from '../../src/apply/inventory.ts';
import type { AppPlan, ApplyAction, ObjectResult, Outcome } from '../../src/model/apply.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { idKey } from '../../src/object/id.ts';
import { APP, CLUSTER, entryOf, inventoryOf, liveOf, manifest, requestOf } from '../support/objects.ts';

function map(name: string): Manifest {
  return manifest(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\n`);
}

const [OLD, NEW, LEFT] = [map('old'), map('new'), map('left')];

function action(of: Manifest): ApplyAction {
  return { request: requestOf(of), desiredHash: of.hash, lost: [] };
}

/** A plan of an app that owns OLD and LEFT. */
function planOf(more: Partial<AppPlan>): AppPlan {
  const inventory = inventoryOf([entryOf(OLD), entryOf(LEFT)]);
  return {
    app: APP,
    revision: 'new',
    settings: { prune: true, onUnplace: 'orphan', ...CLUSTER },
    inventory,
    transfers: [],
    steps: [],
    recreations: [],
    deletes: [],
    skipped: [],
    kept: [],
    gone: [],
    ...more,
  };
}

function result(of: Manifest, outcome: Outcome): ObjectResult {
  const written = outcome === 'created' || outcome === 'configured' || outcome === 'unchanged';
  return { app: APP, id: of.id, outcome, reason: '', ...(written ? { live: liveOf(of) } : {}) };
}

function names(plan: AppPlan, ...objects: readonly ObjectResult[]): readonly string[] {
  return settleInventory(plan, { app: APP, objects })?.entries.map(({ id }) => id.name) ?? [];
}

test('the inventory of an app that has none yet is empty, and knows its cluster', () => {
  assert.deepEqual(emptyInventory(APP, CLUSTER.clusterUid, CLUSTER.clusterName), {
    app: APP,
    revision: '',
    ...CLUSTER,
    prune: true,
    onUnplace: 'orphan',
    entries: [],
    resourceVersion: '',
  });
});

test('before the first write it holds what was owned and what will be made, which has no uid yet', () => {
  const intent = withIntent(inventoryOf([entryOf(OLD)]), [requestOf(OLD), requestOf(NEW)]);
  assert.deepEqual(intent.entries, [
    entryOf(OLD),
    { id: NEW.id, apiVersion: 'v1', uid: '', desiredHash: '', ownedHash: '' },
  ]);
  assert.equal(intent.resourceVersion, '100', 'the fence is that of the inventory that was read');
});

test('the API version of an intended entry is the one that is served', () => {
  const deployment = manifest('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: b}\n');
  assert.equal(withIntent(inventoryOf([]), [requestOf(deployment)]).entries[0]?.apiVersion, 'apps/v1');
});

test('afterwards what was written is clean, with the uid and the hashes of the answer', () => {
  const plan = planOf({ intent: withIntent(inventoryOf([entryOf(OLD)]), [requestOf(NEW)]), steps: [[action(NEW)]] });
  const settled = settleInventory(plan, { app: APP, objects: [result(NEW, 'created')] });
  assert.deepEqual(settled?.entries, [entryOf(OLD), entryOf(NEW)]);
  assert.equal(settled.revision, 'new');
});

test('what was refused stays as it was intended: it may have been made', () => {
  const plan = planOf({ intent: withIntent(inventoryOf([]), [requestOf(NEW)]), steps: [[action(NEW)]] });
  const settled = settleInventory(plan, { app: APP, objects: [result(NEW, 'failed')] });
  assert.deepEqual(settled?.entries, [{ id: NEW.id, apiVersion: 'v1', uid: '', desiredHash: '', ownedHash: '' }]);
});

test('only confirmed deletions leave it', () => {
  for (const [outcome, stays] of [
    ['deleted', false],
    ['waiting', true],
    ['failed', true],
  ] as const) {
    assert.deepEqual(names(planOf({}), result(LEFT, outcome)), stays ? ['old', 'left'] : ['old'], outcome);
  }
  assert.deepEqual(names(planOf({})), ['old', 'left'], 'a deletion that was never begun');
});

test('what is gone or released leaves it, what is kept stays', () => {
  assert.deepEqual(names(planOf({ gone: [LEFT.id] })), ['old']);
  assert.deepEqual(names(planOf({ kept: [{ id: LEFT.id, reason: '', state: 'released' }] })), ['old']);
  assert.deepEqual(names(planOf({ kept: [{ id: LEFT.id, reason: '', state: 'waiting' }] })), ['old', 'left']);
});

test('a dry-run that changes nothing is a clean pass too', () => {
  const before = inventoryOf([{ ...entryOf(OLD), desiredHash: '', ownedHash: '' }]);
  const plan = planOf({
    inventory: before,
    skipped: [
      { id: OLD.id, outcome: 'unchanged', reason: '', lost: [], clean: { desiredHash: OLD.hash, live: liveOf(OLD) } },
    ],
  });
  assert.deepEqual(settleInventory(plan, { app: APP, objects: [] })?.entries, [entryOf(OLD)]);
});

test('settings of the app are recorded: they still hold when the app has left the repository', () => {
  const settled = settleInventory(planOf({ settings: { prune: false, onUnplace: 'prune', ...CLUSTER } }), {
    app: APP,
    objects: [],
  });
  assert.deepEqual([settled?.prune, settled?.onUnplace], [false, 'prune']);
});

test('an app that owned nothing and wrote nothing has nothing to record', () => {
  const { inventory: _inventory, ...plan } = planOf({});
  assert.equal(settleInventory(plan, { app: APP, objects: [] }), undefined);
});

test('a record is written anew only when it would say something else', () => {
  const inventory = inventoryOf([entryOf(OLD)]);
  assert.ok(
    sameInventory(inventory, { ...inventory, revision: 'other', resourceVersion: '7' }),
    'a revision alone is no reason to write',
  );
  assert.ok(!sameInventory(inventory, { ...inventory, prune: false }));
  assert.ok(!sameInventory(inventory, { ...inventory, onUnplace: 'prune' }));
  assert.ok(!sameInventory(inventory, { ...inventory, entries: [] }));
  for (const field of ['uid', 'desiredHash', 'ownedHash', 'apiVersion'] as const) {
    assert.ok(!sameInventory(inventory, { ...inventory, entries: [{ ...entryOf(OLD), [field]: 'other' }] }), field);
  }
  assert.ok(!sameInventory(inventory, { ...inventory, entries: [{ ...entryOf(OLD), id: NEW.id }] }));
});

const OUTCOMES = ['created', 'configured', 'unchanged', 'failed', 'waiting', 'none'] as const;
const ENDS = ['deleted', 'failed', 'waiting', 'none', 'gone', 'released', 'kept'] as const;

test('whatever happens in a write phase, only what is deleted, gone or released leaves the inventory', () => {
  const applied = fc.array(fc.record({ known: fc.boolean(), outcome: fc.constantFrom(...OUTCOMES) }), { maxLength: 8 });
  const left = fc.array(fc.constantFrom(...ENDS), { maxLength: 8 });
  fc.assert(
    fc.property(applied, left, (wanted, ends) => {
      const manifests = wanted.map((each, index) => ({ ...each, of: map(`wanted-${index}`) }));
      const leaving = ends.map((end, index) => ({ end, of: map(`left-${index}`) }));
      const owned = [...manifests.filter(({ known }) => known), ...leaving].map(({ of }) => entryOf(of));
      const inventory = inventoryOf(owned);
      const actions = manifests.map(({ of }) => action(of));
      const plan = planOf({
        inventory,
        intent: withIntent(
          inventory,
          actions.map((each) => each.request),
        ),
        steps: [actions],
        gone: leaving.filter(({ end }) => end === 'gone').map(({ of }) => of.id),
        kept: leaving
          .filter(({ end }) => end === 'released' || end === 'kept')
          .map(({ of, end }) => ({ id: of.id, reason: '', state: end === 'released' ? end : ('waiting' as const) })),
      });
      const objects = [
        ...manifests.flatMap(({ of, outcome }) => (outcome === 'none' ? [] : [result(of, outcome)])),
        ...leaving.flatMap(({ of, end }) =>
          end === 'deleted' || end === 'failed' || end === 'waiting' ? [result(of, end)] : [],
        ),
      ];
      const settled = settleInventory(plan, { app: APP, objects });
      const expected = [
        ...manifests.map(({ of }) => of),
        ...leaving.filter(({ end }) => !['deleted', 'gone', 'released'].includes(end)).map(({ of }) => of),
      ];
      assert.deepEqual(
        new Set(settled?.entries.map(({ id }) => idKey(id))),
        new Set(expected.map(({ id }) => idKey(id))),
      );
      assert.equal(settled?.entries.length, expected.length, 'and nothing is in it twice');
    }),
    { seed: 1, numRuns: 500 },
  );
});
