import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySetId, inventoryName, parentId } from '../../src/object/applyset.ts';

test('an id is the hash that kubectl makes of the parent’s name, namespace, kind and group', () => {
  // The example of KEP-3659 and of the Kubernetes documentation, "applyset.kubernetes.io/id".
  assert.equal(
    parentId({ name: 'my-set', namespace: 'test', kind: 'Secret', group: '' }),
    'applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1',
  );
});

test('the objects of an app carry the id of the ConfigMap that is its inventory', () => {
  assert.equal(inventoryName('acme', 'web'), 'acme.web');
  assert.equal(
    applySetId('acme', 'web'),
    parentId({ name: 'acme.web', namespace: 'muster-system', kind: 'ConfigMap', group: '' }),
  );
});

test('an id is a value of a label, and differs between apps and fleets', () => {
  const ids = [
    ['a', 'b'],
    ['a', 'c'],
    ['b', 'b'],
    ['a'.repeat(50), 'b'.repeat(50)],
  ].map(([fleet = '', app = '']) => applySetId(fleet, app));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]$/);
});
