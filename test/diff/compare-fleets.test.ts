import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RenderedFleet } from '../../src/model/render.ts';
import { compareFleets } from '../../src/diff/compare-fleets.ts';
import { printMarkdown } from '../../src/diff/print-markdown.ts';
import { clusterOf, fleetWith, renderedOf, SMALL_FLEET, type TestFiles } from '../support/fleet-files.ts';

const DEPLOYMENT = SMALL_FLEET['apps/web/base/deployment.yaml'];
const job = (parallelism: number): string =>
  `apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: web}\nspec: {parallelism: ${parallelism}, template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}\n`;

function risks(before: TestFiles, after: TestFiles): readonly string[] {
  const side = (files: TestFiles): { readonly revision: string; fleet: RenderedFleet; diagnostics: readonly [] } => ({
    revision: 'r',
    fleet: renderedOf(fleetWith(files)),
    diagnostics: [],
  });
  return compareFleets(side(before), side(after)).risks;
}

test('a count that goes to 0 is a risk, whatever kind has it and wherever it keeps it', () => {
  const web = { 'apps/web/base/deployment.yaml': DEPLOYMENT.replace('replicas: 3', 'replicas: 0') };
  assert.deepEqual(risks({}, web), ['Deployment web/web goes to 0 replicas on ap, eu, us']);
  const path = 'apps/web/base/job.yaml';
  assert.deepEqual(risks({ [path]: job(2) }, { [path]: job(0) }), ['Job web/j goes to 0 replicas on ap, eu, us']);
  const rollout = (replicas: number): TestFiles => ({
    'fleet.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: {kinds: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, namespaced: true}]}\n',
    'apps/web/base/rollout.yaml': `apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {replicas: ${replicas}}\n`,
  });
  assert.deepEqual(risks(rollout(2), rollout(0)), ['Rollout web/r goes to 0 replicas on ap, eu, us']);
  assert.deepEqual(risks(rollout(0), rollout(2)), []);
});

test('on a thousand clusters the risks leave room for the deletions', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `cluster-with-a-long-name-${index}`);
  const everywhere = (files: TestFiles): RenderedFleet => {
    const fleet = renderedOf(fleetWith(files));
    const eu = clusterOf(fleet, 'eu');
    return {
      ...fleet,
      clusterNames: names,
      clusters: names.map((name) => ({ ...eu, cluster: { ...eu.cluster, name } })),
    };
  };
  const paths = Array.from({ length: 20 }, (_, index) => [`apps/web/base/web-${index}.yaml`, index] as const);
  const deployments = (replicas: number): TestFiles =>
    Object.fromEntries(
      paths.map(([path, index]) => [
        path,
        DEPLOYMENT.replace('name: web', `name: web-${index}`).replace('replicas: 3', `replicas: ${replicas}`),
      ]),
    );
  const base = { revision: 'a', fleet: everywhere(deployments(1)), diagnostics: [] };
  const head = {
    revision: 'b',
    fleet: everywhere({ ...deployments(0), 'apps/web/base/service.yaml': undefined }),
    diagnostics: [],
  };
  const diff = compareFleets(base, head);

  assert.equal(diff.risks[0], 'Deployment web/web-0 goes to 0 replicas on all 1000 clusters');
  const text = printMarkdown(diff, 60_000);
  assert.match(text, /#### Deletions\n\n- `Service web\/web` on all 1000 clusters/);
  assert.doesNotMatch(text, /… cut/);
});
