/** What is wrong on one cluster stops one app there, and changes nothing elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RenderedFleet } from '../../src/model/render.ts';
import { createRenderCache, renderFleet, type RenderCache } from '../../src/reconcile.ts';
import {
  appOf,
  check,
  clusterFile,
  clusterOf,
  placementFile,
  snapshotOf,
  type TestFiles,
} from '../support/fleet-files.ts';

const CLUSTERS = Array.from({ length: 100 }, (_cluster, index) => `c${String(index + 1).padStart(3, '0')}`);

const cluster = (name: string): string =>
  clusterFile(name, '{env: prod}', `  variables: {network: net-${name}, zone: z}\n`);

/** A hundred clusters; `net` uses the variable `network`, and `plain` none. */
const FLEET: TestFiles = {
  'fleet.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\n',
  ...Object.fromEntries(CLUSTERS.map((name) => [`clusters/${name}.yaml`, cluster(name)])),
  'apps/net/placement.yaml': placementFile('net', '{clusters: {all: true}}'),
  'apps/net/base/a.yaml': configMap('net', '{network: "${vars.network}"}'),
  'apps/plain/placement.yaml': placementFile('plain', '{clusters: {all: true}}'),
  'apps/plain/base/a.yaml': configMap('plain', '{a: b}'),
};

const MISTAKES: readonly { readonly what: string; readonly files: TestFiles; readonly says: string }[] = [
  {
    what: 'a variable that cluster 7 lacks',
    files: { 'clusters/c007.yaml': clusterFile('c007', '{env: prod}', '  variables: {netwrk: x, zone: z}\n') },
    says: 'apps/net/base/a.yaml:4:17: UNKNOWN_VARIABLE: on c007: variable "vars.network" is unknown: this cluster sets no variable "network". Did you mean "${vars.netwrk}"?',
  },
  {
    what: 'a patch for cluster 7 that does not fit',
    files: { 'apps/net/overlays/c007/a.yaml': configMap('nett', '{a: b}') },
    says: 'apps/net/overlays/c007/a.yaml:3:18: NO_TARGET: on c007: the patch for v1 ConfigMap shop/nett matches no object of the app. Did you mean ConfigMap net?',
  },
];

for (const { what, files, says } of MISTAKES) {
  test(`${what} stops that app there, and the digests of the other 99 are what they were`, () => {
    const cache = createRenderCache();
    const before = render(FLEET, cache);
    const wrong = { ...FLEET, ...files };

    for (const after of [render(wrong, cache), render(wrong, createRenderCache())]) {
      assert.deepEqual(changedDigests(before, after), ['c007']);
      assert.equal(appOf(after, 'c007', 'net').state, 'held');
      assert.deepEqual(appOf(after, 'c007', 'plain'), appOf(before, 'c007', 'plain'));
      const held = after.clusters.flatMap(({ apps }) => apps.filter((app) => app.state === 'held'));
      assert.equal(held.length, 1);
    }
    assert.deepEqual(check(wrong), [says]);
  });

  test(`after ${what} is mended, every digest is what it was before`, () => {
    const cache = createRenderCache();
    const before = render(FLEET, cache);
    render({ ...FLEET, ...files }, cache);

    assert.deepEqual(changedDigests(before, render(FLEET, cache)), []);
  });
}

test('an object that two apps bring to one cluster holds both there, and nothing elsewhere', () => {
  const cache = createRenderCache();
  const before = render(FLEET, cache);
  const twice = { ...FLEET, 'apps/plain/overlays/c007/resources/net.yaml': configMap('net', '{}') };
  const after = render(twice, cache);

  assert.deepEqual(changedDigests(before, after), ['c007']);
  assert.deepEqual(
    clusterOf(after, 'c007').apps.map(({ name, state }) => [name, state]),
    [
      ['net', 'held'],
      ['plain', 'held'],
    ],
  );
});

test('a file of an app that cannot be read holds that app everywhere, and leaves the other app the very object that it was', () => {
  const cache = createRenderCache();
  const before = render(FLEET, cache);
  const after = render({ ...FLEET, 'apps/net/base/a.yaml': 'kind: [unfinished\n' }, cache);

  for (const name of CLUSTERS) {
    assert.equal(appOf(after, name, 'net').state, 'held');
    assert.equal(appOf(after, name, 'plain'), appOf(before, name, 'plain'));
  }
});

function configMap(name: string, data: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\ndata: ${data}\n`;
}

function changedDigests(before: RenderedFleet, after: RenderedFleet): readonly string[] {
  return CLUSTERS.filter((name) => clusterOf(before, name).digest !== clusterOf(after, name).digest);
}

function render(files: TestFiles, cache: RenderCache): RenderedFleet {
  const result = renderFleet(snapshotOf(files), cache);
  assert.equal(result.state, 'rendered');
  return result.fleet;
}
