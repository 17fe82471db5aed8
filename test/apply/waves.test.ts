import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { definedKinds, inSteps, inTurns } from '../../src/apply/waves.ts';
import type { AppPlan } from '../../src/model/apply.ts';
import type { ObjectId } from '../../src/model/manifest.ts';
import { formatId } from '../../src/object/id.ts';
import { manifest } from '../support/objects.ts';

/** `group/Kind namespace/name`. */
function id(text: string): ObjectId {
  const [kind = '', name = ''] = text.split(' ');
  const [group, plain] = kind.includes('/')
    ? [kind.slice(0, kind.indexOf('/')), kind.slice(kind.indexOf('/') + 1)]
    : ['', kind];
  const [namespace, own] = name.includes('/') ? name.split('/') : ['', name];
  return { group, kind: plain, namespace: namespace ?? '', name: own ?? '' };
}

function steps(ids: readonly string[], custom: readonly string[] = []): readonly (readonly string[])[] {
  return inSteps(ids.map(id), (each) => each, new Set(custom)).map((step) => step.map(formatId));
}

// The order of the set F1 in the cases of apply (T01), and of A1 there: built-ins, then custom resources, webhooks last.
const ALL = [
  'Namespace shop',
  'apiextensions.k8s.io/CustomResourceDefinition widgets.example.com',
  'rbac.authorization.k8s.io/ClusterRole reader',
  'storage.k8s.io/StorageClass fast',
  'ServiceAccount shop/web',
  'rbac.authorization.k8s.io/ClusterRoleBinding reader',
  'rbac.authorization.k8s.io/RoleBinding shop/web',
  'ConfigMap shop/settings',
  'Secret shop/password',
  'Service shop/web',
  'apps/Deployment shop/web',
  'networking.k8s.io/Ingress shop/web',
  'example.com/Widget shop/first',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration checks',
];

const EXPECTED = [
  ['Namespace shop', 'CustomResourceDefinition widgets.example.com'],
  ['ClusterRole reader', 'StorageClass fast'],
  ['ServiceAccount shop/web'],
  ['ClusterRoleBinding reader', 'RoleBinding shop/web'],
  ['ConfigMap shop/settings', 'Secret shop/password'],
  ['Service shop/web', 'Deployment shop/web', 'Ingress shop/web'],
  ['Widget shop/first'],
  ['ValidatingWebhookConfiguration checks'],
];

test('what others refer to comes first, whatever the order in which it is found', () => {
  assert.deepEqual(steps(ALL, ['example.com/Widget']), EXPECTED);
  fc.assert(
    fc.property(fc.shuffledSubarray(ALL, { minLength: ALL.length }), (order) => {
      assert.deepEqual(steps(order, ['example.com/Widget']), EXPECTED);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('a custom resource whose definition is elsewhere goes with everything else', () => {
  assert.deepEqual(steps(['example.com/Widget shop/first', 'apps/Deployment shop/web']), [
    ['Deployment shop/web', 'Widget shop/first'],
  ]);
});

test('kinds that the render defines itself are found in its definitions', () => {
  const definition = manifest(`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, names: {kind: Widget, plural: widgets}, scope: Namespaced}
`);
  const other = manifest('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n');
  assert.deepEqual(definedKinds([other, definition]), new Set(['example.com/Widget']));
});

test('nothing makes no step', () => {
  assert.deepEqual(steps([]), []);
});

/** An app of a plan: what it applies, and whether it deletes something. */
function app(name: string, applies: readonly string[], deletes = false): AppPlan {
  const found = applies.map((text) => ({ request: { id: id(text) } }));
  // oxlint-disable-next-line no-unsafe-type-assertion -- what is looked at of a plan
  return {
    app: name,
    transfers: [],
    steps: [found],
    recreations: [],
    deletes: deletes ? [{}] : [],
  } as unknown as AppPlan;
}

test('apps go side by side between those that others may wait for, and the order of the plan stays', () => {
  const apps = [
    app('a', ['ConfigMap shop/a']),
    app('b', []),
    app('c', ['Namespace pay', 'ConfigMap pay/c']),
    app('d', ['ConfigMap pay/d']),
    app('e', ['apps/Deployment pay/e']),
    app('f', ['ConfigMap pay/f'], true),
    app('g', ['ConfigMap pay/g']),
  ];
  const turns = inTurns(apps).map((turn) => turn.map((each) => each.app));
  assert.deepEqual(turns, [['a', 'b'], ['c'], ['d', 'e'], ['f'], ['g']]);
});
