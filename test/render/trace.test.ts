import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../../src/model/json.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { formatId } from '../../src/object/id.ts';
import { isList, isObject, sameJson } from '../../src/object/json.ts';
import { formatPointer } from '../../src/object/pointer.ts';
import { type ObjectTrace, traceFleet } from '../../src/reconcile.ts';
import { fleetWith, placementFile, snapshotOf, type TestFiles } from '../support/fleet-files.ts';

const FILES = fleetWith({
  'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec:\n  namespace: web\n',
  'apps/web/placement.yaml': placementFile(
    'web',
    '{clusters: {all: true}, replicas: {mode: divided, total: 5, weights: [{clusters: {names: [eu]}, weight: 3}, {clusters: {all: true}, weight: 1}]}}',
  ),
  'apps/web/base/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    network: "\${vars.network}"
    owner: base
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          args: [--first]
        - name: proxy
          image: proxy:1
`,
  'apps/web/overlays/env=prod/proxy.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: proxy
          image: proxy:2
`,
  'apps/web/overlays/eu/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    owner: null
`,
  'apps/web/overlays/eu-patch.yaml': `apiVersion: muster.dev/v1alpha1
kind: Overlay
metadata: {name: eu-patch}
spec:
  clusters: {names: [eu]}
  patches:
    - target: {kind: Deployment, name: web}
      ops:
        - {op: replace, path: /spec/template/spec/containers/1/image, value: "web:9"}
        - {op: add, path: /spec/template/spec/containers/1/args/-, value: --second}
`,
  'apps/web/overlays/eu/resources/secret.yaml':
    'apiVersion: v1\nkind: Secret\nmetadata:\n  name: token\nstringData:\n  token: hello\n',
});

function traced(files: TestFiles, cluster: string, object: string): ObjectTrace & { readonly manifest: Manifest } {
  const { result, trace } = traceFleet(snapshotOf(files));
  assert.ok(result.state === 'rendered');
  const target = result.fleet.clusters.find((each) => each.cluster.name === cluster);
  const found = target?.apps.flatMap((app) =>
    app.manifests.filter(({ id }) => formatId(id) === object).map((manifest) => ({ app: app.name, manifest })),
  )[0];
  assert.ok(found !== undefined, `${object} is on ${cluster}: ${JSON.stringify(result.fleet.diagnostics)}`);
  const layers = trace(cluster, found.app, found.manifest);
  assert.ok(layers !== undefined);
  return { ...layers, manifest: found.manifest };
}

/** `kind file:line value`, first to last. */
function origins(cluster: string, pointer: string, object = 'Deployment web/web'): readonly string[] {
  const trace = traced(FILES, cluster, object).field(pointer);
  if (trace.state === 'unknown') return [`unknown, meant ${trace.meant ?? 'nothing'}`];
  return trace.origins.map(
    ({ kind, origin, value }) =>
      `${kind} ${origin.file}:${origin.line} ${value === undefined ? 'gone' : JSON.stringify(value)}`,
  );
}

test('the layers of an object, in the order in which they are applied', () => {
  const layers = (cluster: string): readonly string[] =>
    traced(FILES, cluster, 'Deployment web/web').layers.map(
      ({ kind, origin }) => `${kind} ${origin.file}:${origin.line}`,
    );
  assert.deepEqual(layers('us'), [
    'base apps/web/base/deployment.yaml:1',
    'placement apps/web/placement.yaml:4',
    'defaults apps/web/app.yaml:1',
  ]);
  assert.deepEqual(layers('eu'), [
    'base apps/web/base/deployment.yaml:1',
    'overlay apps/web/overlays/env=prod/proxy.yaml:1',
    'overlay apps/web/overlays/eu-patch.yaml:7',
    'overlay apps/web/overlays/eu/deployment.yaml:1',
    'placement apps/web/placement.yaml:4',
    'defaults apps/web/app.yaml:1',
  ]);
});

test('a count is the base’s, until the placement divides it', () => {
  assert.deepEqual(origins('us', '/spec/replicas'), [
    'base apps/web/base/deployment.yaml:9 3',
    'placement apps/web/placement.yaml:4 1',
  ]);
  // The same number, and still the placement's word.
  assert.deepEqual(origins('eu', '/spec/replicas').at(-1), 'placement apps/web/placement.yaml:4 3');
});

test('a field of a list’s item is found by the item’s name, wherever a layer puts the item', () => {
  const expected = [
    'base apps/web/base/deployment.yaml:16 "web:1"',
    'overlay apps/web/overlays/eu-patch.yaml:9 "web:9"',
  ];
  // The patch of the proxy puts the proxy first.
  assert.deepEqual(origins('eu', '/spec/template/spec/containers/1/image'), expected);
  assert.deepEqual(origins('eu', '/spec/template/spec/containers/web/image'), expected);
  assert.deepEqual(origins('eu', '/spec/template/spec/containers/proxy/image'), [
    'base apps/web/base/deployment.yaml:19 "proxy:1"',
    'overlay apps/web/overlays/env=prod/proxy.yaml:10 "proxy:2"',
  ]);
});

test('an operation in a list is found by its line', () => {
  assert.deepEqual(origins('eu', '/spec/template/spec/containers/web/args'), [
    'base apps/web/base/deployment.yaml:17 ["--first"]',
    'overlay apps/web/overlays/eu-patch.yaml:10 ["--first","--second"]',
  ]);
});

test('variables are replaced, and the line is the one with the variable', () => {
  assert.deepEqual(origins('eu', '/metadata/annotations/network'), ['base apps/web/base/deployment.yaml:6 "net-eu"']);
});

test('a field that was taken away can be asked for, and says by whom', () => {
  assert.deepEqual(origins('eu', '/metadata/annotations/owner'), [
    'base apps/web/base/deployment.yaml:7 "base"',
    'overlay apps/web/overlays/eu/deployment.yaml:6 gone',
  ]);
});

test('what the manifest leaves to its app comes from there', () => {
  assert.deepEqual(origins('us', '/metadata/namespace'), ['defaults apps/web/app.yaml:1 "web"']);
});

test('an object that an overlay adds begins there; what a Secret is sent as is said too', () => {
  assert.deepEqual(origins('eu', '/data/token', 'Secret web/token'), ['defaults apps/web/app.yaml:1 "aGVsbG8="']);
  assert.deepEqual(origins('eu', '/metadata/name', 'Secret web/token'), [
    'base apps/web/overlays/eu/resources/secret.yaml:4 "token"',
  ]);
});

test('a field that is not there suggests the one that was meant', () => {
  assert.deepEqual(origins('us', '/spec/replica'), ['unknown, meant /spec/replicas']);
  assert.deepEqual(origins('us', 'spec.replicas'), ['unknown, meant nothing']);
});

test('of every field of every object, the last origin has the value that is rendered', () => {
  for (const cluster of ['ap', 'eu', 'us']) {
    const { result } = traceFleet(snapshotOf(FILES));
    assert.ok(result.state === 'rendered');
    const target = result.fleet.clusters.find((each) => each.cluster.name === cluster);
    for (const { id } of target?.apps.flatMap((app) => app.manifests) ?? []) {
      const trace = traced(FILES, cluster, formatId(id));
      for (const [pointer, value] of leaves(trace.manifest.body, [])) {
        const field = trace.field(pointer);
        assert.ok(field.state === 'found' && field.pointer === pointer, `${cluster} ${formatId(id)} ${pointer}`);
        assert.ok(sameJson(field.origins.at(-1)?.value, value), `${cluster} ${formatId(id)} ${pointer}`);
      }
    }
  }
});

function leaves(value: JsonValue, path: readonly string[]): readonly (readonly [string, JsonValue])[] {
  const children = isList(value)
    ? value.map((item, index) => [String(index), item] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  if (children.length === 0) return [[formatPointer(path), value]];
  return children.flatMap(([key, item]) => leaves(item, [...path, key]));
}
