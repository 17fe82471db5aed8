/** Cases S1 to S19 of ../shared/cases/apply-b.md: what hurt in other systems when they placed and rendered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../src/object/json.ts';
import { createRenderCache, renderFleet } from '../../src/reconcile.ts';
import {
  bodyOf,
  check,
  clusterFile,
  clusterOf,
  fleetWith,
  placementFile,
  renderedOf,
  SMALL_FLEET,
  snapshotOf,
  type TestFiles,
} from '../support/fleet-files.ts';

test('S1: a selector that is empty or null is an error; every cluster is said aloud', () => {
  for (const clusters of ['{}', 'null', '{matchLabels: {}}', '{matchExpressions: []}', '{names: []}']) {
    const lines = check(fleetWith({ 'apps/web/placement.yaml': placementFile('web', `{clusters: ${clusters}}`) }));
    assert.match(lines.join('\n'), /^apps\/web\/placement\.yaml:\d+:\d+: /, clusters);
  }
  assert.deepEqual(
    check(fleetWith({ 'apps/web/placement.yaml': placementFile('web', '{clusters: {all: true}}') })),
    [],
  );
});

test('S3: of two overlays that match both are applied, the more general first', () => {
  const overlay = (value: string): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, annotations: {by: ${value}, ${value}: "true"}}\n`;
  const fleet = renderedOf(
    fleetWith({
      'apps/web/overlays/eu/d.yaml': overlay('name'),
      'apps/web/overlays/env=prod/d.yaml': overlay('label'),
    }),
  );
  assert.deepEqual(at(bodyOf(fleet, 'eu', 'Deployment web/web'), 'metadata', 'annotations'), {
    by: 'name',
    label: 'true',
    name: 'true',
  });
});

test('S5: what an earlier layer sets to true a later one sets to false', () => {
  const overlay = (paused: boolean): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: ${paused}}\n`;
  const fleet = renderedOf(
    fleetWith({ 'apps/web/overlays/env=prod/d.yaml': overlay(true), 'apps/web/overlays/eu/d.yaml': overlay(false) }),
  );
  assert.deepEqual(
    ['ap', 'eu'].map((name) => at(bodyOf(fleet, name, 'Deployment web/web'), 'spec', 'paused')),
    [true, false],
  );
});

test('S9: a label that one of a hundred clusters lacks is an error there, and the others go on', () => {
  const clusters = Array.from({ length: 100 }, (_item, index) => {
    const name = `c${index + 1}`;
    return [`clusters/${name}.yaml`, clusterFile(name, index === 6 ? '{env: prod}' : '{env: prod, zone: a}')] as const;
  });
  const own = Object.fromEntries(['ap', 'eu', 'us'].map((name) => [`clusters/${name}.yaml`, undefined]));
  const fleet = renderedOf({
    ...fleetWith({
      ...own,
      'apps/web/base/service.yaml': SMALL_FLEET['apps/web/base/service.yaml'].replace(
        'name: web',
        'name: web\n  annotations: {zone: "${cluster.labels.zone}"}',
      ),
    }),
    ...Object.fromEntries(clusters),
  });
  const held = fleet.clusters.filter(({ apps }) => apps.some(({ name, state }) => name === 'web' && state === 'held'));
  assert.deepEqual(
    held.map(({ cluster }) => cluster.name),
    ['c7'],
  );
  const lines = fleet.diagnostics.map(
    ({ cluster, origin, message }) => `${cluster} ${origin.file}:${origin.line} ${message}`,
  );
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^c7 apps\/web\/base\/service\.yaml:5 .*zone/);
});

test('S11: a list of clusters is a list; text with commas is an error, not a guess', () => {
  for (const names of ['"ap, eu"', '["ap, eu"]', '[""]', '[EU]']) {
    const lines = check(
      fleetWith({ 'apps/web/placement.yaml': placementFile('web', `{clusters: {names: ${names}}}`) }),
    );
    assert.match(lines.join('\n'), /^apps\/web\/placement\.yaml:\d+:\d+: /, names);
  }
});

test('S15: every cluster is checked, also one that few apps select', () => {
  const patch = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replica: 1}\n';
  assert.deepEqual(
    check(fleetWith({ 'apps/web/overlays/us/d.yaml': patch })).map((line) => line.replace(/ [^:]*has no field.*/, '')),
    ['apps/web/overlays/us/d.yaml:4:8: UNKNOWN_FIELD: on us:'],
  );
});

test('S17: a link that leads out of the repository is refused, with its place', () => {
  const files: TestFiles = fleetWith({
    'apps/web/overlays/eu/d.yaml': { kind: 'symlink', detail: '../../../../etc/passwd' },
  });
  assert.match(check(files).join('\n'), /^apps\/web\/overlays\/eu\/d\.yaml:1:1: /);
});

test('S19: a commit to the overlay of one cluster changes the digest of that cluster alone, and renders it alone', () => {
  const cache = createRenderCache();
  const patch = 'apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\n';
  const [before, after] = [SMALL_FLEET, fleetWith({ 'apps/web/overlays/eu/s.yaml': patch })].map((files) => {
    const result = renderFleet(snapshotOf(files), cache);
    assert.ok(result.state === 'rendered');
    return result.fleet;
  });
  assert.ok(before !== undefined && after !== undefined);
  assert.notEqual(clusterOf(after, 'eu').digest, clusterOf(before, 'eu').digest);
  for (const name of ['ap', 'us']) assert.equal(clusterOf(after, name), clusterOf(before, name));
});
