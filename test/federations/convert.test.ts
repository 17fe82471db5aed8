import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadFleet } from '../../src/cli/load-fleet.ts';
import { readSettings } from '../../src/settings.ts';
import { check, renderedOf, type TestFiles } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { convert, digests } from './convert.ts';
import { TUTORIALS } from './tutorials.ts';

test('each of the five tutorials renders to the same digests when it is converted', () => {
  for (const [name, files] of Object.entries<TestFiles>(TUTORIALS)) {
    const converted = convert(files);
    assert.deepEqual(
      Object.keys(converted).filter((path) => path.startsWith('policies/')),
      [],
      name,
    );
    assert.deepEqual(check(converted), [], name);
    assert.deepEqual(digests(converted), digests(files), name);
    assert.ok(
      renderedOf(converted).clusters.some(({ apps }) => apps.some((app) => app.manifests.length > 0)),
      name,
    );
  }
});

test('converted files are what people would have written', () => {
  assert.equal(
    convert(TUTORIALS['an OverridePolicy'])['apps/nginx/placement.yaml'],
    `---
apiVersion: muster.dev/v1alpha1
kind: Placement
metadata:
  name: example-policy
spec:
  objects:
    - apiVersion: apps/v1
      kind: Deployment
      name: nginx
      namespace: default
  clusters:
    names:
      - member1
`,
  );
  assert.equal(
    convert(TUTORIALS['an OverridePolicy'])['apps/nginx/overlays/imported.yaml'],
    `---
apiVersion: muster.dev/v1alpha1
kind: Overlay
metadata:
  name: example-override
spec:
  clusters:
    names:
      - member1
  afterReplicas: true
  patches:
    - target:
        group: apps
        kind: Deployment
        name: nginx
        namespace: default
        optional: true
      ops:
        - op: add
          path: /metadata/annotations
          value:
            foo: bar
`,
  );
});

const MUSTER = join(import.meta.dirname, '..', '..', 'bin', 'muster.js');

test('muster convert writes the files, overwrites none, and says which to remove', async () => {
  await using folder = await temporaryFolder();
  const files: TestFiles = TUTORIALS['an OverridePolicy'];
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    if (typeof text === 'string') await writeFile(join(folder.path, path), text);
  }
  const run = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [MUSTER, 'convert', ...args], { cwd: folder.path, encoding: 'utf8' });
  const { status, stderr } = run('-o', 'dir', '--out', '.');
  assert.deepEqual(String(stderr).trim().split('\n'), [
    'apps/nginx/placement.yaml',
    'apps/nginx/overlays/imported.yaml',
    'to be removed: policies/overridepolicy.yaml',
    'to be removed: policies/propagationpolicy.yaml',
  ]);
  assert.equal(status, 0);
  assert.equal(run('.', '-o', 'dir', '--out', folder.path).status, 0);
  await rm(join(folder.path, 'policies'), { recursive: true });
  // The second run wrote files of its own beside the first ones.
  for (const path of ['placement-2.yaml', 'overlays/imported-2.yaml']) await rm(join(folder.path, 'apps/nginx', path));
  const result = await loadFleet(folder.path, undefined, readSettings({}, {}));
  assert.ok(result.state === 'rendered');
  assert.deepEqual(
    Object.fromEntries(result.fleet.clusters.map(({ cluster, digest }) => [cluster.name, digest])),
    digests(files),
  );
});
