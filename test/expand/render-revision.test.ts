/** The way of the controller and the Action: a commit, two children that render, and a third that starts programs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { RENDER_LIMITS, renderRevision } from '../../src/sandbox/render-revision.ts';
import { bodyOf, fleetWith } from '../support/fleet-files.ts';
import { createGitRepository } from '../support/git-repository.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BOTH, PINNED_FLEET, renderedWith } from './support.ts';

const FILES = fleetWith({
  'fleet.yaml': PINNED_FLEET,
  'apps/web/base/kustomization.yaml': 'resources: [deployment.yaml, service.yaml]\nnameSuffix: -k\n',
  'apps/chart/base/Chart.yaml': 'apiVersion: v2\nname: website\nversion: 1.0.0\n',
  'apps/chart/base/templates/one.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: web}\ndata: {a: "{{ .Values.a }}"}\n',
  'apps/chart/values.yaml': 'a: ${cluster.name}\n',
  'apps/chart/placement.yaml':
    'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: chart}\nspec: {clusters: {all: true}}\n',
});

test('a commit with a kustomization and a chart is rendered without either in the process that asks, to the same digests', async () => {
  await using folder = await temporaryFolder();
  const { gitdir, revision } = await commit(join(folder.path, 'repository'));
  const programs = { path: BOTH, cacheFolder: join(folder.path, 'cache') };
  const stop = new AbortController().signal;
  const result = await renderRevision({ gitdir, revision, path: '' }, RENDER_LIMITS, programs, stop);
  assert.ok(result.state === 'rendered', JSON.stringify(result));
  assert.deepEqual(result.fleet.diagnostics, []);
  assert.deepEqual(bodyOf(result.fleet, 'us', 'ConfigMap web/one')['data'], { a: 'us' });
  const here = await renderedWith(FILES);
  assert.deepEqual(
    result.fleet.clusters.map((cluster) => cluster.digest),
    here.clusters.map((cluster) => cluster.digest),
  );
});

test('without the programs both apps are held, and the rest of the commit is rendered', async () => {
  await using folder = await temporaryFolder();
  const { gitdir, revision } = await commit(join(folder.path, 'repository'));
  const programs = { path: '', cacheFolder: join(folder.path, 'cache') };
  const stop = new AbortController().signal;
  const result = await renderRevision({ gitdir, revision, path: '' }, RENDER_LIMITS, programs, stop);
  assert.ok(result.state === 'rendered', JSON.stringify(result));
  assert.deepEqual(
    result.fleet.diagnostics.map(({ code, app }) => `${app} ${code}`),
    ['chart RENDERER_UNAVAILABLE', 'web RENDERER_UNAVAILABLE'],
  );
  assert.deepEqual(
    result.fleet.clusters[0]?.apps.map(({ name, state }) => `${name} ${state}`),
    ['chart held', 'other rendered', 'web held'],
  );
});

/** The fleet as a commit of a bare repository. */
async function commit(path: string): Promise<{ readonly gitdir: string; readonly revision: string }> {
  const repository = await createGitRepository(path, 'main');
  const files = Object.fromEntries(
    Object.entries(FILES).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
  return { gitdir: path, revision: await repository.commit({ files }) };
}
