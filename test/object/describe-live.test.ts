import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { describeLive } from '../../src/object/describe-live.ts';
import { ownedHash } from '../../src/object/managed-fields.ts';

const CURRENT = { state: 'Current', message: '' } as const;

const BODY: JsonObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'u-1',
    resourceVersion: '42',
    labels: { 'applyset.kubernetes.io/part-of': 'applyset-x-v1' },
    ownerReferences: [{ kind: 'Rollout', name: 'web', apiVersion: 'a/v1', uid: 'u-0' }, { uid: 'odd' }],
    annotations: { 'muster.dev/prune': 'false' },
    deletionTimestamp: '2026-01-01T00:00:00Z',
    managedFields: [{ manager: 'muster', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }],
  },
  spec: { replicas: 3 },
};

test('an object as the API server sends it becomes the facts that stages need', () => {
  assert.deepEqual(
    describeLive(BODY, () => CURRENT),
    {
      id: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
      apiVersion: 'apps/v1',
      uid: 'u-1',
      resourceVersion: '42',
      ownedHash: ownedHash(BODY, 'muster'),
      partOf: 'applyset-x-v1',
      terminating: true,
      owners: ['Rollout web', '? ?'],
      health: CURRENT,
      prunePolicy: { keep: true, confirm: false },
      body: BODY,
    },
  );
});

test('what is absent is absent, and nothing is owned where nothing was applied', () => {
  const live = describeLive({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, () => CURRENT);
  assert.deepEqual(live.id, { group: '', kind: 'Namespace', namespace: '', name: 'shop' });
  assert.equal('partOf' in live, false);
  assert.deepEqual(
    [live.terminating, live.owners, live.prunePolicy, live.ownedHash],
    [false, [], { keep: false, confirm: false }, ''],
  );
  assert.deepEqual([live.uid, live.resourceVersion], ['', '']);
});

test('only the exact text "false" keeps an object from being pruned', () => {
  for (const [value, keep] of [
    ['false', true],
    ['False', false],
    ['true', false],
    ['', false],
  ] as const) {
    const metadata = { name: 'shop', annotations: { 'muster.dev/prune': value } };
    const live = describeLive({ apiVersion: 'v1', kind: 'Namespace', metadata }, () => CURRENT);
    assert.equal(live.prunePolicy.keep, keep, value);
  }
});
