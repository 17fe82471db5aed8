import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ObjectId } from '../../src/model/manifest.ts';
import { sharedId } from '../../src/object/shared-id.ts';

test('ids that are equal are one object, and others are not', () => {
  const web = sharedId(configMap('web'));

  assert.equal(sharedId(configMap('web')), web);
  assert.notEqual(sharedId(configMap('other')), web);
  assert.deepEqual(web, { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'web' });
});

test('an id that nobody uses any more is let go, and one that is used stays', async () => {
  const used = sharedId(configMap('used'));
  const unused = new WeakRef(sharedId(configMap('unused')));

  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  assert.ok(typeof collect === 'function');
  await turn(); // What a WeakRef was asked for stays until the turn ends.
  collect();

  assert.equal(unused.deref(), undefined);
  assert.equal(sharedId(configMap('used')), used);
  assert.deepEqual(sharedId(configMap('unused')), configMap('unused'), 'it can be made anew');
});

test('an id stays one object while thousands of others come and go', () => {
  const web = sharedId(configMap('stays'));
  for (let index = 0; index < 5000; index += 1) sharedId(configMap(`passes-${index}`));

  assert.equal(sharedId(configMap('stays')), web);
});

function configMap(name: string): ObjectId {
  return { group: '', kind: 'ConfigMap', namespace: 'shop', name };
}
