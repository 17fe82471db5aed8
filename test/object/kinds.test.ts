import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTIN_KINDS, isNamespaced, nearestKind } from '../../src/object/kinds.ts';

test('the scope of a kind is known by group and kind, whatever the version', () => {
  const table: readonly (readonly [string, string, boolean | undefined])[] = [
    ['', 'ConfigMap', true],
    ['', 'Namespace', false],
    ['', 'PersistentVolume', false],
    ['', 'PersistentVolumeClaim', true],
    ['apps', 'Deployment', true],
    ['rbac.authorization.k8s.io', 'ClusterRole', false],
    ['rbac.authorization.k8s.io', 'Role', true],
    ['authorization.k8s.io', 'LocalSubjectAccessReview', true],
    ['storage.k8s.io', 'CSIStorageCapacity', true],
    ['apiextensions.k8s.io', 'CustomResourceDefinition', false],
    ['apiregistration.k8s.io', 'APIService', false],
    ['gateway.networking.k8s.io', 'Gateway', undefined],
    ['', 'Deployment', undefined],
    ['apps', 'deployment', undefined],
  ];
  for (const [group, kind, namespaced] of table) {
    assert.equal(isNamespaced({ group, kind }), namespaced, `${group}/${kind}`);
  }
});

test('kinds that Kubernetes no longer serves are still known, because files still name them', () => {
  assert.equal(isNamespaced({ group: 'extensions', kind: 'Ingress' }), true);
  assert.equal(isNamespaced({ group: 'policy', kind: 'PodSecurityPolicy' }), false);
});

test('kinds that are only ever part of another resource are not in the table', () => {
  for (const kind of [
    'autoscaling/Scale',
    'policy/Eviction',
    'authentication.k8s.io/TokenRequest',
    '/PodExecOptions',
  ]) {
    assert.equal(BUILTIN_KINDS.has(kind), false, kind);
  }
});

test('names that every JavaScript object has are no kinds', () => {
  assert.equal(isNamespaced({ group: '', kind: 'constructor' }), undefined);
});

test('a kind that was probably meant is one of Kubernetes itself, of a group that is near', () => {
  const table: readonly (readonly [group: string, kind: string, expected: string | undefined])[] = [
    ['', 'Deployment', 'apps/Deployment'],
    ['apps', 'Deploymnet', 'apps/Deployment'],
    ['apps', 'ConfigMap', '/ConfigMap'],
    ['extension', 'Ingress', 'networking.k8s.io/Ingress'],
    ['rbac.authorization.k8s.io', 'Rolebinding', 'rbac.authorization.k8s.io/RoleBinding'],
    ['', 'Widget', undefined],
    ['example.com', 'Deployment', undefined],
    ['serving.knative.dev', 'Service', undefined],
  ];
  for (const [group, kind, expected] of table) {
    const nearest = nearestKind({ group, kind });
    assert.equal(nearest && `${nearest.group}/${nearest.kind}`, expected, `${group}/${kind}`);
  }
});
