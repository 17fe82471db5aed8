import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonValue } from '../../src/model/json.ts';
import { at, numberAt } from '../../src/object/json.ts';
import { formatId } from '../../src/object/id.ts';
import {
  appOf,
  bodyOf,
  check,
  clusterFile,
  clusterOf,
  fleetWith,
  manifestOf,
  marked,
  placementFile,
  renderedOf,
  SMALL_FLEET,
  snapshotOf,
  type TestFiles,
} from '../support/fleet-files.ts';
import { renderFleet } from '../../src/reconcile.ts';

test('base, overlays by label, overlays by name, divided counts: in this order, and variables in each', () => {
  const files = fleetWith({
    'apps/web/placement.yaml': placementFile(
      'web',
      '{clusters: {all: true}, replicas: {mode: divided, total: 5, weights: [{clusters: {names: [eu]}, weight: 3}, {clusters: {all: true}, weight: 1}]}}',
    ),
    'apps/web/base/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {base: "\${cluster.name}", label: base, name: base}
spec: {replicas: 3, selector: {}, template: {spec: {containers: [{name: web}]}}}
`,
    'apps/web/overlays/env=prod/d.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, annotations: {label: "${cluster.labels.env}", name: label}}\n',
    'apps/web/overlays/eu/d.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, annotations: {name: "${vars.network}"}}\n',
  });
  const fleet = renderedOf(files);
  const seen = (cluster: string): JsonValue => {
    const body = bodyOf(fleet, cluster, 'Deployment web/web');
    return [at(body, 'metadata', 'annotations') ?? null, numberAt(body, 'spec', 'replicas') ?? null];
  };
  assert.deepEqual(seen('eu'), [{ base: 'eu', label: 'prod', name: 'net-eu' }, 3]);
  assert.deepEqual(seen('ap'), [{ base: 'ap', label: 'prod', name: 'label' }, 1]);
  assert.deepEqual(seen('us'), [{ base: 'us', label: 'base', name: 'base' }, 1]);
});

test('a count that came from the base’s own variable is kept where nothing divides', () => {
  const deployment = SMALL_FLEET['apps/web/base/deployment.yaml'];
  const files = fleetWith({
    'apps/web/base/deployment.yaml': deployment.replace('replicas: 3', 'replicas: "${vars.count|number}"'),
    ...Object.fromEntries(
      ['ap', 'eu', 'us'].map((name, index) => [
        `clusters/${name}.yaml`,
        clusterFile(name, '{}', `  variables: {count: ${index}}\n`),
      ]),
    ),
  });
  const fleet = renderedOf(files);
  assert.deepEqual(
    ['ap', 'eu', 'us'].map((cluster) => at(bodyOf(fleet, cluster, 'Deployment web/web'), 'spec', 'replicas')),
    [0, 1, 2],
  );
});

/** A hundred clusters; `c050` alone lacks the variable. */
function hundred(variable: string): TestFiles {
  const names = Array.from({ length: 100 }, (_, index) => `c${String(index).padStart(3, '0')}`);
  const clusters = names.map((name) => [
    `clusters/${name}.yaml`,
    clusterFile(name, '{}', name === 'c050' ? '' : '  variables: {colour: red}\n'),
  ]);
  return fleetWith({
    'clusters/ap.yaml': undefined,
    'clusters/eu.yaml': undefined,
    'clusters/us.yaml': undefined,
    ...Object.fromEntries(clusters),
    'apps/web/base/map.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata:\n  colour: "${variable}"\n`,
  });
}

test('a variable that one cluster of a hundred lacks is one diagnostic at its column, and 99 digests stay', () => {
  const before = renderedOf(hundred('red'));
  const files = hundred('${vars.colour}');
  const after = renderedOf(files);
  assert.deepEqual(check(files), [
    'apps/web/base/map.yaml:5:11: UNKNOWN_VARIABLE: on c050: variable "vars.colour" is unknown: this cluster sets no variable "colour". Set it in the file of the cluster.',
  ]);
  const changed = after.clusters
    .filter(({ digest }, index) => digest !== before.clusters[index]?.digest)
    .map(({ cluster }) => cluster.name);
  assert.deepEqual(changed, ['c050']);
  assert.equal(appOf(after, 'c050', 'web').state, 'held');
  assert.equal(appOf(after, 'c050', 'other').state, 'rendered');
});

test('a variable that every cluster lacks is said once, without naming any', () => {
  const { text, place } = marked(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {a: ‸"${vars.nothing}"}\n',
  );
  assert.deepEqual(check(fleetWith({ 'apps/web/base/map.yaml': text })), [
    `apps/web/base/map.yaml:${place}: UNKNOWN_VARIABLE: variable "vars.nothing" is unknown: this cluster sets no variable "nothing". Set it in the file of the cluster.`,
  ]);
});

test('two unknown variables in one text are two mistakes, and what follows from them is none', () => {
  const { text, place } = marked(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map, labels: {a: ‸"${vars.x}-${vars.y}"}}\n',
  );
  assert.deepEqual(check(fleetWith({ 'apps/web/base/map.yaml': text })), [
    `apps/web/base/map.yaml:${place}: UNKNOWN_VARIABLE: variable "vars.x" is unknown: this cluster sets no variable "x". Set it in the file of the cluster.`,
    `apps/web/base/map.yaml:${place}: UNKNOWN_VARIABLE: variable "vars.y" is unknown: this cluster sets no variable "y". Set it in the file of the cluster.`,
  ]);
});

test('variables of patches and of overlay resources are reported in their own files', () => {
  const merge = marked(
    'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations: {a: ‸"x-${vars.netwrk}"}\n',
  );
  const ops = marked(
    'apiVersion: muster.dev/v1alpha1\nkind: Overlay\nmetadata: {name: more}\nspec:\n  clusters: {all: true}\n  patches: [{target: {kind: Service}, ops: [{op: add, path: /metadata/labels, value: {a: ‸"${vars.netwrk}"}}]}]\n',
  );
  const resource = marked('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: only}\ndata: {a: ‸"${vars.netwrk}"}\n');
  const files = fleetWith({
    'apps/web/overlays/eu/d.yaml': merge.text,
    'apps/web/overlays/more.yaml': ops.text,
    'apps/web/overlays/us/resources/map.yaml': resource.text,
  });
  const places = check(files).map((line) => line.split(': ').slice(0, 3).join(': '));
  assert.deepEqual(places, [
    `apps/web/overlays/eu/d.yaml:${merge.place}: UNKNOWN_VARIABLE: on eu`,
    `apps/web/overlays/more.yaml:${ops.place}: UNKNOWN_VARIABLE: variable "vars.netwrk" is unknown`,
    `apps/web/overlays/us/resources/map.yaml:${resource.place}: UNKNOWN_VARIABLE: on us`,
  ]);
  for (const line of check(files)) assert.match(line, /Did you mean "\$\{vars\.network\}"\?$/);
});

const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: other}\n';

test('one object from two apps is an error in both, which names both places', () => {
  const files = fleetWith({ 'apps/web/base/map.yaml': MAP });
  assert.deepEqual(check(files), [
    'apps/other/base/settings.yaml:1:1: DUPLICATE_OBJECT: ConfigMap other/settings also stands in apps/web/base/map.yaml:1 (app "web"). Remove one of them.',
    'apps/web/base/map.yaml:1:1: DUPLICATE_OBJECT: ConfigMap other/settings also stands in apps/other/base/settings.yaml:1 (app "other"). Remove one of them.',
  ]);
  assert.deepEqual(
    clusterOf(renderedOf(files), 'eu').apps.map(({ name, state }) => `${name} ${state}`),
    ['other held', 'web held'],
  );
});

test('one object twice in an app is an error, also under two versions of its API', () => {
  const scaler = (version: string): string =>
    `apiVersion: autoscaling/${version}\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {kind: Deployment, name: web}, maxReplicas: 2}\n`;
  assert.deepEqual(check(fleetWith({ 'apps/web/base/scaler.yaml': `${scaler('v1')}---\n${scaler('v2')}` })), [
    'apps/web/base/scaler.yaml:1:1: DUPLICATE_OBJECT: HorizontalPodAutoscaler web/web also stands in apps/web/base/scaler.yaml:6. Remove one of them.',
    'apps/web/base/scaler.yaml:6:1: DUPLICATE_OBJECT: HorizontalPodAutoscaler web/web also stands in apps/web/base/scaler.yaml:1. Remove one of them.',
  ]);
});

test('one object that is twice on one cluster only is an error there only', () => {
  const files = fleetWith({ 'apps/web/overlays/eu/resources/map.yaml': MAP });
  assert.deepEqual(
    check(files).map((line) => line.split(': ').slice(0, 3).join(': ')),
    [
      'apps/other/base/settings.yaml:1:1: DUPLICATE_OBJECT: on eu',
      'apps/web/overlays/eu/resources/map.yaml:1:1: DUPLICATE_OBJECT: on eu',
    ],
  );
  const fleet = renderedOf(files);
  assert.deepEqual(
    ['ap', 'eu', 'us'].map((cluster) => appOf(fleet, cluster, 'other').state),
    ['rendered', 'held', 'rendered'],
  );
});

test('the same name in another namespace, kind or group is another object', () => {
  const files = fleetWith({
    'apps/web/base/more.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n',
  });
  assert.deepEqual(check(files), []);
});

test('manifests come by wave, then group, kind, namespace and name', () => {
  const object = (apiVersion: string, kind: string, name: string, wave = ''): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}${wave === '' ? '' : `, annotations: {muster.dev/wave: "${wave}"}`}}\n`;
  const all = [
    object('v1', 'ConfigMap', 'b'),
    object('v1', 'ConfigMap', 'late', '10'),
    object('v1', 'ConfigMap', 'a'),
    object('v1', 'ConfigMap', 'first', '-1'),
    object('networking.k8s.io/v1', 'Ingress', 'a'),
    object('v1', 'Namespace', 'web'),
    object('v1', 'ConfigMap', 'next', '2'),
  ];
  const files = fleetWith({ 'apps/web/base/all.yaml': all.join('---\n') });
  assert.deepEqual(
    appOf(renderedOf(files), 'eu', 'web').manifests.map(({ id, policy }) => `${policy.wave} ${formatId(id)}`),
    [
      '-1 ConfigMap web/first',
      '0 ConfigMap web/a',
      '0 ConfigMap web/b',
      '0 Namespace web',
      '0 Service web/web',
      '0 Deployment web/web',
      '0 Ingress web/a',
      '2 ConfigMap web/next',
      '10 ConfigMap web/late',
    ],
  );
});

test('the digest does not depend on the order of files, nor on the order of keys', () => {
  const paths = Object.keys(SMALL_FLEET);
  const before = renderedOf(SMALL_FLEET).clusters.map(({ digest }) => digest);
  fc.assert(
    fc.property(fc.shuffledSubarray(paths, { minLength: paths.length }), (order) => {
      const { files } = snapshotOf(SMALL_FLEET);
      const shuffled = order.flatMap((path) => files.find((file) => file.path === path) ?? []);
      const result = renderFleet({ revision: 'worktree', files: shuffled });
      assert.equal(result.state, 'rendered');
      assert.deepEqual(
        result.fleet.clusters.map(({ digest }) => digest),
        before,
      );
    }),
    { seed: 1, numRuns: 30 },
  );
  const service =
    'kind: Service\nspec: {ports: [{port: 80}], selector: {app: web}}\nmetadata: {name: web}\napiVersion: v1\n';
  assert.deepEqual(
    renderedOf(fleetWith({ 'apps/web/base/service.yaml': service })).clusters.map(({ digest }) => digest),
    before,
  );
});

test('the digest changes with what a cluster gets, and only there', () => {
  const before = renderedOf(SMALL_FLEET).clusters.map(({ digest }) => digest);
  const changed = (files: TestFiles): readonly string[] =>
    renderedOf(fleetWith(files))
      .clusters.filter(({ digest }, index) => digest !== before[index])
      .map(({ cluster }) => cluster.name);
  assert.deepEqual(
    changed({
      'apps/web/overlays/eu/s.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\n',
    }),
    ['eu'],
  );
  assert.deepEqual(
    changed({ 'apps/web/base/service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n' }),
    ['ap', 'eu', 'us'],
  );
  assert.deepEqual(changed({ 'apps/web/base/service.yaml': undefined }), ['ap', 'eu', 'us']);
  assert.deepEqual(changed({ 'apps/web/README.md': 'words' }), []);
  assert.deepEqual(
    changed({ 'apps/web/overlays/eu/d.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n' }),
    [],
    'an overlay that changes nothing',
  );
});

test('big integers come out as they went in, digit by digit', () => {
  const files = fleetWith({
    'apps/web/base/big.yaml':
      'apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: big}\nrevision: 9007199254740993\n',
  });
  assert.equal(bodyOf(renderedOf(files), 'eu', 'ControllerRevision web/big')['revision'], 9007199254740993n);
});

test('an object that an autoscaler of the same render scales is marked, and no other', () => {
  const autoscaler =
    'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 5}\n';
  const files = fleetWith({ 'apps/web/overlays/eu/resources/hpa.yaml': autoscaler });
  const fleet = renderedOf(files);
  const marks = ['ap', 'eu', 'us'].map((cluster) => manifestOf(fleet, cluster, 'Deployment web/web').autoscaled);
  assert.deepEqual(marks, [false, true, false]);
  assert.equal(manifestOf(fleet, 'eu', 'Service web/web').autoscaled, false);
});
