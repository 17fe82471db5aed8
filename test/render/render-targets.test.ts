import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAt, numberAt, textAt } from '../../src/object/json.ts';
import { formatId } from '../../src/object/id.ts';
import {
  appOf,
  check,
  clusterOf,
  fleetWith,
  marked,
  placementFile,
  renderedOf,
  type TestFiles,
} from '../support/fleet-files.ts';

function definition(scope: 'Namespaced' | 'Cluster'): string {
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: ${scope}
  versions: [{name: v1, served: true, storage: true}]
`;
}

const WIDGET = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: first}\n';

function fleetFile(spec: string): TestFiles {
  return { 'fleet.yaml': `apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: ${spec}\n` };
}

function ids(files: TestFiles, cluster: string, app: string): readonly string[] {
  return appOf(renderedOf(fleetWith(files)), cluster, app).manifests.map(({ id }) => formatId(id));
}

test('a definition anywhere in the repository says the scope of its kind, also one of another app', () => {
  const widget = { 'apps/web/base/widget.yaml': WIDGET };
  assert.ok(
    ids({ ...widget, 'apps/web/base/definition.yaml': definition('Namespaced') }, 'eu', 'web').includes(
      'Widget web/first',
    ),
  );
  assert.ok(
    ids({ ...widget, 'apps/other/base/definition.yaml': definition('Cluster') }, 'eu', 'web').includes('Widget first'),
  );
  assert.ok(
    ids(
      { ...widget, 'apps/other/overlays/us/resources/definition.yaml': definition('Namespaced') },
      'eu',
      'web',
    ).includes('Widget web/first'),
  );
});

test('the fleet can say the scope of kinds whose definition is elsewhere, and a definition in the repository wins', () => {
  const widget = { 'apps/web/base/widget.yaml': WIDGET };
  const kinds = fleetFile('{kinds: [{apiVersion: example.com/v1, kind: Widget, namespaced: false}]}');
  assert.ok(ids({ ...widget, ...kinds }, 'eu', 'web').includes('Widget first'));
  assert.ok(
    ids({ ...widget, ...kinds, 'apps/web/base/definition.yaml': definition('Namespaced') }, 'eu', 'web').includes(
      'Widget web/first',
    ),
  );
});

test('nobody can say another scope of a kind of Kubernetes itself', () => {
  const kinds = fleetFile('{kinds: [{apiVersion: v1, kind: Service, namespaced: false}]}');
  assert.ok(ids(kinds, 'eu', 'web').includes('Service web/web'));
});

test('lists of custom resources merge by the keys that their definition declares', () => {
  const schema = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [id]
                  items: {type: object, properties: {id: {type: string}, size: {type: integer}}}
                plain: {type: array, items: {type: object, properties: {id: {type: string}}}}
`;
  const files = fleetWith({
    'apps/web/base/definition.yaml': schema,
    'apps/web/base/widget.yaml': `${WIDGET}spec: {parts: [{id: a, size: 1}, {id: b, size: 2}], plain: [{id: a}, {id: b}]}\n`,
    'apps/web/overlays/eu/widget.yaml': `${WIDGET}spec: {parts: [{id: b, size: 3}], plain: [{id: c}]}\n`,
  });
  const body = appOf(renderedOf(files), 'eu', 'web').manifests.find(({ id }) => id.kind === 'Widget')?.body;
  const sizes = listAt(body, 'spec', 'parts').map((part) => [textAt(part, 'id'), numberAt(part, 'size')]);
  assert.deepEqual(
    new Map(sizes.map(([id, size]) => [id, size])),
    new Map([
      ['a', 1],
      ['b', 3],
    ]),
  );
  assert.deepEqual(listAt(body, 'spec', 'plain'), [{ id: 'c' }], 'any other list is replaced');
});

test('an app whose placement is wrong is held on all clusters: nobody knows where it should be', () => {
  const fleet = renderedOf(
    fleetWith({ 'apps/web/placement.yaml': placementFile('web', '{clusters: {names: [mars]}}') }),
  );
  for (const cluster of ['ap', 'eu', 'us']) {
    const app = appOf(fleet, cluster, 'web');
    assert.equal(app.state, 'held');
    assert.deepEqual(app.manifests, []);
    assert.equal(app.diagnostics[0]?.code, 'UNKNOWN_NAME');
  }
});

test('an app with an error on one cluster is held there, and rendered elsewhere', () => {
  const files = fleetWith({
    'apps/web/overlays/eu/d.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: nobody}\n',
  });
  const fleet = renderedOf(files);
  assert.deepEqual(
    ['ap', 'eu', 'us'].map((cluster) => appOf(fleet, cluster, 'web').state),
    ['rendered', 'held', 'rendered'],
  );
  assert.deepEqual(
    appOf(fleet, 'eu', 'web').diagnostics.map((each) => each.code),
    ['NO_TARGET'],
  );
});

test('warnings hold nothing', () => {
  const files = fleetWith({
    'apps/web/base/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n',
  });
  assert.deepEqual(check(files), [
    'warning: apps/web/base/secret.yaml:2:7: PLAIN_SECRET: Secret "a" stands in the repository in clear text. Use a sealed or external secret, and change what was committed.',
  ]);
  assert.equal(appOf(renderedOf(files), 'eu', 'web').state, 'rendered');
});

test('a held app is part of the digest: who compares digests sees that something is missing', () => {
  const digest = (files: TestFiles): string => clusterOf(renderedOf(fleetWith(files)), 'eu').digest;
  const without = digest({ 'apps/web/placement.yaml': placementFile('web', '{clusters: {names: [us]}}') });
  const held = digest({ 'apps/web/placement.yaml': placementFile('web', '{clusters: {names: [mars]}}') });
  assert.notEqual(held, without);
});

test('every app of the repository is named, also one that could not be rendered: an app that is not named was removed', () => {
  assert.deepEqual(renderedOf(fleetWith({ 'apps/web/base/service.yaml': '- broken' })).apps, ['other', 'web']);
});

test('settings of an app go with it to every cluster', () => {
  const app =
    'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web, drift: report, prune: false, onUnplace: prune, suspend: true, timeout: 1m, unprotect: [Namespace], dependsOn: [other]}\n';
  const { name, drift, prune, onUnplace, suspend, timeoutMs, unprotect, dependsOn } = appOf(
    renderedOf(fleetWith({ 'apps/web/app.yaml': app })),
    'us',
    'web',
  );
  assert.deepEqual(
    { name, drift, prune, onUnplace, suspend, timeoutMs, unprotect, dependsOn },
    {
      name: 'web',
      drift: 'report',
      prune: false,
      onUnplace: 'prune',
      suspend: true,
      timeoutMs: 60_000,
      unprotect: ['Namespace'],
      dependsOn: ['other'],
    },
  );
});

/** `‸` marks where the message points. */
const IGNORED: readonly (readonly [rule: string, expected: readonly string[]])[] = [
  ['{kind: Deployment, name: "w*", fields: [/spec/replicas]}', []],
  ['{kind: Deployment, group: apps, namespace: web, managers: [scaler]}', []],
  [
    '‸{kind: Deployment, name: wbe, fields: [/spec/replicas]}',
    [
      'UNKNOWN_NAME: the rule of spec.ignore for Deployment wbe matches no object of the app. Did you mean Deployment web/web?',
    ],
  ],
  [
    '‸{kind: Deploymnt, fields: [/spec/replicas]}',
    ['UNKNOWN_NAME: the rule of spec.ignore for Deploymnt * matches no object of the app. Did you mean Deployment?'],
  ],
  [
    '‸{kind: Job, fields: [/spec/parallelism]}',
    [
      'UNKNOWN_NAME: the rule of spec.ignore for Job * matches no object of the app. The app has: Service web/web, Deployment web/web.',
    ],
  ],
  [
    '‸{kind: Deployment, group: extensions, fields: [/spec/replicas]}',
    [
      'UNKNOWN_NAME: the rule of spec.ignore for Deployment * of group "extensions" matches no object of the app. Its group is "apps".',
    ],
  ],
  [
    '{kind: Deployment, fields: [/spec/selector, ‸/spec/replica]}',
    [
      'UNKNOWN_FIELD: no object that the rule of spec.ignore matches has "/spec/replica" in the repository. Did you mean "/spec/replicas"?',
    ],
  ],
  ['{kind: Deployment, fields: [/spec/somethingThatOthersSet]}', []],
];

test('an ignore rule that does nothing is a warning with its line and the nearest name, and holds nothing', () => {
  for (const [rule, expected] of IGNORED) {
    const at = rule.includes('‸') ? rule : `‸${rule}`;
    const { text, place } = marked(
      `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web, ignore: [${at}]}\n`,
    );
    const files = fleetWith({ 'apps/web/app.yaml': text });
    const lines = expected.map((line) => `warning: apps/web/app.yaml:${place}: ${line}`);
    assert.deepEqual(check(files), lines, rule);
    assert.equal(appOf(renderedOf(files), 'eu', 'web').state, 'rendered', rule);
  }
});

test('what is ignored or adopted is part of what an object means: a new rule is a change of the objects it is about', () => {
  const hashes = (spec: string): readonly string[] => {
    const text = `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web, ${spec}}\n`;
    return appOf(renderedOf(fleetWith({ 'apps/web/app.yaml': text })), 'eu', 'web').manifests.map(({ hash }) => hash);
  };
  const [plain, ignoring, adopting] = [
    hashes('drift: heal'),
    hashes('ignore: [{kind: Deployment, fields: [/spec/replicas]}]'),
    hashes('adopt: [helm]'),
  ];
  const differs = (a: readonly string[], b: readonly string[]): readonly boolean[] =>
    a.map((hash, at) => hash !== b[at]);
  assert.deepEqual(differs(plain, ignoring).filter(Boolean).length, 1);
  assert.ok(differs(plain, adopting).every(Boolean));
});
