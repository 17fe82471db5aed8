import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeInventory, encodeInventory } from '../../src/cluster/inventories.ts';
import type { Inventory } from '../../src/model/observation.ts';
import { hashText, mapAt, printJson } from '../../src/object/json.ts';

/** As much as the API server takes: all annotations of an object together, and a ConfigMap. */
const MOST_ANNOTATIONS = 256 * 1024;
const MOST_BYTES = 1024 * 1024;

test('5,000 objects, each in a namespace of its own with the longest name there is, are one record that can be stored', () => {
  const entries = Array.from({ length: 5000 }, (_, index) => ({
    id: {
      group: '',
      kind: 'ConfigMap',
      namespace: `${'n'.repeat(59)}${1000 + (index % 9000)}`,
      name: `object-${index}`,
    },
    apiVersion: 'v1',
    uid: `c7c26d1c-5b2f-4d0a-9c3e-${String(index).padStart(12, '0')}`,
    desiredHash: hashText(`desired ${index}`),
    ownedHash: hashText(`owned ${index}`),
  }));
  const inventory: Inventory = {
    app: 'tenants',
    revision: '1a2b3c4',
    clusterUid: 'a1',
    clusterName: 'eu',
    entries,
    resourceVersion: '7',
    prune: true,
    onUnplace: 'orphan',
  };

  const object = encodeInventory('fleet', inventory);

  assert.ok(printJson(mapAt(object, 'metadata', 'annotations')).length < MOST_ANNOTATIONS);
  assert.ok(printJson(object).length < MOST_BYTES);
  assert.deepEqual(decodeInventory(object), inventory);
});
