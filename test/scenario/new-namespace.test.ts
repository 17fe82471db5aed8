import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createApiClient } from '../support/api-client.ts';
import { startControlPlanes } from '../support/control-plane.ts';
import { runGit } from '../support/git-repository.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MUSTER = join(import.meta.dirname, '..', '..', 'bin', 'muster.js');

test('an app that brings its own namespace is checked and applied with two requests an object', async () => {
  await using planes = await startControlPlanes(['eu']);
  await using folder = await temporaryFolder();
  await commit(folder.path, {
    'apps/web/base/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n',
    'apps/web/base/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: "1"}\n',
    'apps/web/base/two.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {a: "1"}\n',
  });

  const { status, stderr } = sync(folder.path, planes.kubeconfig);

  assert.equal(status, 0, stderr);
  const patches = (await planes.clusters.eu.requests()).filter(({ verb }) => verb === 'patch');
  const dryRuns = patches.filter(({ query }) => query['dryRun'] === 'All');
  assert.equal(dryRuns.length, 3, 'each object is checked once');
  assert.equal(patches.length - dryRuns.length, 3, 'and applied once');
  assert.ok(
    patches.every(({ code }) => code < 400),
    'nothing is asked that the API server can only refuse',
  );
  const maps = await createApiClient(planes.clusters.eu.kubeconfig).list('v1', 'ConfigMap', 'web');
  assert.equal(maps.length, 2);
});

test('an invalid object in a namespace that is still to come holds back its app, namespace included', async () => {
  await using planes = await startControlPlanes(['eu']);
  await using folder = await temporaryFolder();
  await commit(folder.path, {
    'apps/web/base/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n',
    'apps/web/base/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {"a b": "1"}\n',
  });

  const { status, stderr } = sync(folder.path, planes.kubeconfig);

  assert.equal(status, 1);
  assert.match(stderr, /data\[a b\]/, 'the key that cannot be is named');
  const client = createApiClient(planes.clusters.eu.kubeconfig);
  assert.equal(await client.get('v1', 'Namespace', '', 'web'), undefined, 'nothing was written');
});

function sync(folder: string, kubeconfig: string): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [MUSTER, 'sync', folder, '--once', '--kubeconfig', kubeconfig], {
    encoding: 'utf8',
  });
}

/** A fleet of the cluster eu and the app web, which goes everywhere. */
async function commit(folder: string, manifests: Readonly<Record<string, string>>): Promise<void> {
  const document = (kind: string, name: string, spec: string): string =>
    `apiVersion: muster.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
  const files = {
    'fleet.yaml': document('Fleet', 'acme', '{}'),
    'clusters/eu.yaml': document('Cluster', 'eu', '{connection: {context: eu}}'),
    'apps/web/app.yaml': document('App', 'web', '{namespace: web}'),
    'apps/web/placement.yaml': document('Placement', 'web', '{clusters: {all: true}}'),
    ...manifests,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await runGit(['-C', folder, 'init', '--quiet']);
  await runGit(['-C', folder, 'add', '--all']);
  await runGit(['-C', folder, 'commit', '--quiet', '--message', 'the fleet']);
}
