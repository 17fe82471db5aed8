import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClean, mayApply } from '../../src/object/clean.ts';
import { entryOf, liveOf, manifest } from '../support/objects.ts';

const MANIFEST = manifest('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n');
const LIVE = liveOf(MANIFEST);
const ENTRY = entryOf(MANIFEST, LIVE);

test('an object is clean when neither side changed since the last clean pass', () => {
  assert.ok(isClean(MANIFEST, ENTRY, LIVE));
});

test('anything that changed, is missing or was never clean makes it dirty', () => {
  assert.ok(!isClean({ ...MANIFEST, hash: 'other' }, ENTRY, LIVE), 'the repository changed');
  assert.ok(!isClean(MANIFEST, ENTRY, { ...LIVE, ownedHash: 'other' }), 'the cluster changed');
  assert.ok(!isClean(MANIFEST, ENTRY, { ...LIVE, uid: 'other' }), 'it is another object of that name');
  assert.ok(!isClean(MANIFEST, undefined, LIVE), 'it is not recorded');
  assert.ok(!isClean(MANIFEST, ENTRY, undefined), 'it is not there');
  assert.ok(!isClean(MANIFEST, { ...ENTRY, ownedHash: '' }, { ...LIVE, ownedHash: '' }), 'we own nothing of it');
});

test('annotations say when an object may be applied at all', () => {
  const may = (apply: 'always' | 'create-only' | 'ignore', live: typeof LIVE | undefined): boolean =>
    mayApply({ ...MANIFEST, policy: { ...MANIFEST.policy, apply } }, live);
  assert.deepEqual([may('always', LIVE), may('always', undefined)], [true, true]);
  assert.deepEqual([may('create-only', LIVE), may('create-only', undefined)], [false, true]);
  assert.deepEqual([may('ignore', LIVE), may('ignore', undefined)], [false, false]);
});
