import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiVersionOf,
  compareIds,
  compareText,
  formatId,
  groupKindKey,
  groupOf,
  idKey,
  versionOf,
} from '../../src/object/id.ts';

test('an apiVersion is a group and a version, and back', () => {
  for (const [apiVersion, group, version] of [
    ['v1', '', 'v1'],
    ['apps/v1', 'apps', 'v1'],
    ['networking.k8s.io/v1beta1', 'networking.k8s.io', 'v1beta1'],
  ] as const) {
    assert.equal(groupOf(apiVersion), group);
    assert.equal(versionOf(apiVersion), version);
    assert.equal(apiVersionOf(group, version), apiVersion);
  }
});

test('a key tells objects apart by group, kind, namespace and name, and by nothing else', () => {
  const web = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' };
  assert.equal(idKey(web), 'apps/Deployment/shop/web');
  const others = [
    { ...web, group: '' },
    { ...web, kind: 'StatefulSet' },
    { ...web, namespace: '' },
    { ...web, name: 'shop' },
  ];
  assert.equal(new Set([web, ...others].map(idKey)).size, 5);
  assert.equal(groupKindKey({ group: '', kind: 'Service' }), '/Service');
});

test('people read the kind, the namespace where there is one, and the name', () => {
  assert.equal(formatId({ group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' }), 'Deployment shop/web');
  assert.equal(formatId({ group: '', kind: 'Namespace', namespace: '', name: 'shop' }), 'Namespace shop');
});

test('ids are ordered by code unit, so that no language of a machine can change a render', () => {
  const names = ['a', 'B', 'ä', 'I', 'ı', 'z', '10', '9'];
  assert.deepEqual(names.toSorted(compareText), ['10', '9', 'B', 'I', 'a', 'z', 'ä', 'ı']);
  const id = (group: string, kind: string, namespace: string, name: string) => ({ group, kind, namespace, name });
  const sorted = [
    id('', 'ConfigMap', 'a', 'b'),
    id('', 'ConfigMap', 'b', 'a'),
    id('', 'Secret', 'a', 'a'),
    id('apps', 'A', 'a', 'a'),
  ];
  assert.deepEqual(sorted.toReversed().sort(compareIds), sorted);
});
