import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deletesAnything, withholdDeletions } from '../../src/apply/withhold-deletions.ts';
import type { AppPlan, DeleteAction } from '../../src/model/apply.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { APP, CLUSTER, entryOf, inventoryOf, liveOf, manifest, requestOf, servedOf } from '../support/objects.ts';

function map(name: string): Manifest {
  return manifest(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\n`);
}

const [OLD, NEW] = [map('old'), map('new')];
const DELETION: DeleteAction = { served: servedOf(OLD.id, 'v1'), id: OLD.id, uid: 'uid', resourceVersion: '1' };
const INVENTORY = inventoryOf([entryOf(OLD)]);
const PLAN: AppPlan = {
  app: APP,
  revision: 'new',
  settings: { prune: true, onUnplace: 'orphan', ...CLUSTER },
  inventory: INVENTORY,
  intent: INVENTORY,
  transfers: [],
  steps: [],
  recreations: [],
  deletes: [DELETION],
  skipped: [],
  kept: [],
  gone: [],
};

test('what would be deleted waits, and a record that was only for that is not written', () => {
  const [app] = withholdDeletions({ apps: [PLAN] }, 'not now').apps;
  assert.deepEqual(app?.kept, [{ id: OLD.id, reason: 'not now', state: 'waiting' }]);
  assert.deepEqual([app.deletes, app.recreations, app.intent], [[], [], undefined]);
  assert.equal(deletesAnything({ apps: [app] }), false);
});

test('everything else of the plan goes on, with its record', () => {
  const intent = inventoryOf([entryOf(OLD), entryOf(NEW, liveOf(NEW, { uid: '' }))]);
  const steps = [[{ request: requestOf(NEW), desiredHash: NEW.hash, lost: [] }]];
  const [app] = withholdDeletions({ apps: [{ ...PLAN, intent, steps }] }, 'not now').apps;
  assert.deepEqual([app?.steps, app?.intent], [steps, intent]);
});

test('an app that deletes nothing stays as it is', () => {
  const quiet = { ...PLAN, deletes: [] };
  assert.equal(withholdDeletions({ apps: [quiet] }, 'not now').apps[0], quiet);
  assert.equal(deletesAnything({ apps: [quiet, { ...PLAN, deletes: [], recreations: [DELETION] }] }), true);
});
