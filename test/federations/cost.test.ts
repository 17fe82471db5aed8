/** What many policies and objects of other federations cost, and that what they do not reach stays the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemo } from '../../src/memo.ts';
import type { BaseManifest } from '../../src/model/fleet.ts';
import { createRenderCache, renderFleet, type RenderCache } from '../../src/reconcile.ts';
import type { RenderedFleet } from '../../src/model/render.ts';
import { applyImports } from '../../src/source/federations/apply-imports.ts';
import { readImports } from '../../src/source/federations/read-imports.ts';
import type { ParseContext } from '../../src/source/read-kind.ts';
import { appOf, configOf, placementFile, snapshotOf, type TestFiles } from '../support/fleet-files.ts';
import { deployment, federatedDeployment, fleetOf } from './tutorials.ts';

function policy(kind: 'PropagationPolicy' | 'OverridePolicy', name: string, object: string): string {
  return `apiVersion: policy.karmada.io/v1alpha1
kind: ${kind}
metadata: {name: ${name}}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: ${object}}]
${kind === 'OverridePolicy' ? '  overrideRules: [{overriders: {labelsOverrider: [{operator: add, value: {a: b}}]}}]\n' : ''}`;
}

const FILES: TestFiles = {
  ...fleetOf('cluster1', 'cluster2'),
  ...deployment('nginx', 4),
  'policies/place.yaml': policy('PropagationPolicy', 'place', 'nginx'),
  'policies/change.yaml': policy('OverridePolicy', 'change', 'nginx'),
  'policies/object.yaml': federatedDeployment('').split('  overrides:')[0],
  'apps/native/placement.yaml': placementFile('native', '{clusters: {all: true}}'),
  'apps/native/base/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n',
};

test('a change elsewhere leaves apps with and without a policy, and federated objects, the very objects that they were', () => {
  const cache = createRenderCache();
  const before = render(FILES, cache);
  const added = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: added, namespace: b}\n';
  const after = render({ ...FILES, 'apps/native/base/b.yaml': added }, cache);

  for (const cluster of ['cluster1', 'cluster2']) {
    assert.equal(appOf(after, cluster, 'test-deployment').state, 'rendered');
    assert.equal(appOf(after, cluster, 'nginx'), appOf(before, cluster, 'nginx'));
    assert.equal(appOf(after, cluster, 'test-deployment'), appOf(before, cluster, 'test-deployment'));
    assert.notEqual(appOf(after, cluster, 'native'), appOf(before, cluster, 'native'));
  }
});

test('another policy leaves the apps that it does not select the very objects that they were', () => {
  const cache = createRenderCache();
  const before = render(FILES, cache);
  const more = { ...deployment('web', 1), 'policies/more.yaml': policy('PropagationPolicy', 'more', 'web') };
  const after = render({ ...FILES, ...more }, cache);

  for (const app of ['nginx', 'test-deployment', 'native']) {
    assert.equal(appOf(after, 'cluster1', app), appOf(before, 'cluster1', app), app);
  }
  assert.equal(appOf(after, 'cluster1', 'web').state, 'rendered');
});

test('an object is looked at as often for a hundred policies as for one', () => {
  const looks = (policies: number): number => {
    const config = configOf({ ...fleetOf('m1'), ...deployment('nginx', 1) });
    let count = 0;
    const context: ParseContext = {
      read: () => assert.fail('nothing is read'),
      locate: ({ file }) => ({ file, line: 1, column: 1 }),
      report: () => undefined,
      memo: createMemo(),
    };
    const watched = (base: BaseManifest): BaseManifest => ({
      source: base.source,
      get body() {
        count += 1;
        return base.body;
      },
    });
    const apps = config.apps.map((app) => ({ ...app, base: app.base.map(watched) }));
    const imports = Array.from({ length: policies }, (_, index) => {
      const source = { file: 'policies/p.yaml', line: 1, column: 1, document: index, pointer: '' };
      const selectors = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: `other${index}` }];
      const of = { apiVersion: 'policy.karmada.io/v1alpha1', metadata: { name: `p${index}` } };
      return [
        { ...of, kind: 'PropagationPolicy', spec: { resourceSelectors: selectors } },
        { ...of, kind: 'OverridePolicy', spec: { resourceSelectors: selectors, overrideRules: [{ overriders: {} }] } },
      ].flatMap((value) => readImports({ value, source }, context));
    }).flat();
    applyImports(
      apps,
      imports.map((item) => ({ item })),
      config.fleet.defaults,
      context,
    );
    assert.ok(imports.length === 2 * policies);
    return count;
  };

  assert.equal(looks(100), looks(1));
});

function render(files: TestFiles, cache: RenderCache): RenderedFleet {
  const result = renderFleet(snapshotOf(files), cache);
  assert.equal(result.state, 'rendered');
  return result.fleet;
}
