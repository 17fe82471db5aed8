import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectDrift } from '../../src/drift/detect-drift.ts';
import type { Preview } from '../../src/model/apply.ts';
import type { Difference } from '../../src/model/drift.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { InventoryEntry } from '../../src/model/observation.ts';
import { idKey } from '../../src/object/id.ts';
import {
  accepted,
  APP,
  entryOf,
  inventoryOf,
  liveOf,
  manifest,
  observationOf,
  renderedApp,
  requestOf,
  targetOf,
} from '../support/objects.ts';

function map(value: string): Manifest {
  return manifest(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {key: ${value}}\n`);
}

const GIT = map('git');
const EDITED = liveOf(map('edited'), { uid: liveOf(GIT).uid });

/** What is different, given the answer of the API server and what the inventory says. */
function detect(preview: Preview | undefined, entry: InventoryEntry | undefined): readonly Difference[] {
  const inventories = entry === undefined ? [] : [inventoryOf([entry])];
  const previews = new Map(preview === undefined ? [] : [[idKey(GIT.id), preview]]);
  return detectDrift(targetOf([renderedApp([GIT])]), observationOf([], inventories), previews).objects;
}

const RECORDED = entryOf(GIT);
const OLD = { ...RECORDED, desiredHash: 'of an older revision' };

test('what the repository did not change since the last clean pass, somebody else did', () => {
  const [difference, ...more] = detect(accepted(GIT, EDITED), RECORDED);
  assert.deepEqual(more, []);
  assert.deepEqual([difference?.cause, difference?.state], ['drift', 'differs']);
  assert.deepEqual(difference?.fields, [{ path: '/data/key', desired: 'git', live: 'edited' }]);
});

test('what the repository did change is a new revision, also where somebody edited it besides', () => {
  assert.equal(detect(accepted(GIT, EDITED), OLD)[0]?.cause, 'new-revision');
});

test('an object that was never recorded is new', () => {
  assert.deepEqual(detect(accepted(GIT), undefined), [
    { app: APP, id: GIT.id, cause: 'new-revision', state: 'absent', fields: [] },
  ]);
  assert.equal(
    detect(accepted(GIT, EDITED), undefined)[0]?.cause,
    'new-revision',
    'also one that somebody else made before',
  );
});

test('an object that was there and is gone is missing', () => {
  assert.deepEqual(detect(accepted(GIT), RECORDED), [
    { app: APP, id: GIT.id, cause: 'drift', state: 'missing', fields: [] },
  ]);
  assert.deepEqual(detect(accepted(GIT), OLD)[0], {
    app: APP,
    id: GIT.id,
    cause: 'new-revision',
    state: 'missing',
    fields: [],
  });
});

test('an object that was intended and never confirmed is not missing: nobody took it away', () => {
  assert.equal(detect(accepted(GIT), { ...RECORDED, uid: '' })[0]?.state, 'absent');
});

test('an apply that would change nothing we own is no difference', () => {
  assert.deepEqual(detect(accepted(GIT, liveOf(GIT)), RECORDED), []);
  assert.deepEqual(detect(accepted(GIT, liveOf(GIT, { resourceVersion: '99' })), OLD), []);
});

test('one that was not asked about is different without the fields', () => {
  const request = requestOf(GIT);
  const unasked: Preview = { state: 'unasked', request, before: EDITED, lost: [], takenOver: [] };
  assert.deepEqual(detect(unasked, RECORDED), [{ app: APP, id: GIT.id, cause: 'drift', state: 'differs', fields: [] }]);
  assert.deepEqual(detect({ state: 'unasked', request, lost: [], takenOver: [] }, RECORDED)[0]?.state, 'missing');
});

test('what is clean, waits, or is refused, unknown or skipped is no difference', () => {
  assert.deepEqual(detect(undefined, RECORDED), []);
  for (const state of ['waiting', 'refused', 'unknown'] as const)
    assert.deepEqual(detect({ state, reason: 'why' }, OLD), []);
  assert.deepEqual(detect({ state: 'skipped', reason: 'why', live: EDITED }, OLD), []);
});
