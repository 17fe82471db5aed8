import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { loadFleet } from '../../src/cli/load-fleet.ts';
import { readSettings } from '../../src/settings.ts';
import { bodyOf, check, renderedOf, type TestFiles } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { at } from '../../src/object/json.ts';
import { convert, digests } from './convert.ts';
import { deployment, fleetOf, TUTORIALS } from './tutorials.ts';

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

/** An overlay of ours, and one of Karmada, that set the same field. */
function rivals(...names: readonly string[]): TestFiles {
  const own = (name: string): string => `apiVersion: muster.dev/v1alpha1
kind: Overlay
metadata: {name: own-${names.indexOf(name)}}
spec:
  clusters: {all: true}
  afterReplicas: true
  patches: [{target: {kind: Deployment}, ops: [{op: add, path: /metadata/annotations, value: {by: "${names.indexOf(name)}"}}]}]
`;
  const karmada = (kind: string, spec: string): string => `apiVersion: policy.karmada.io/v1alpha1
kind: ${kind}
metadata: {name: theirs}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: nginx}]
${spec}`;
  const plaintext = '{plaintext: [{path: /metadata/annotations, operator: add, value: {by: karmada}}]}';
  return {
    ...fleetOf('m1'),
    ...deployment('nginx', 1),
    'policies/place.yaml': karmada('PropagationPolicy', ''),
    'policies/change.yaml': karmada('OverridePolicy', `  overrideRules: [{overriders: ${plaintext}}]\n`),
    ...Object.fromEntries(names.map((name) => [`apps/nginx/overlays/${name}`, own(name)])),
  };
}

test('what policies change comes after our own overlays, as before, wherever these lie', () => {
  const by = (files: TestFiles): unknown =>
    at(bodyOf(renderedOf(files), 'm1', 'Deployment default/nginx'), 'metadata', 'annotations', 'by');
  for (const name of ['zz.yaml', 'imported.yaml', 'imported.yml', '~.yml', 'a.yaml']) {
    assert.deepEqual(check(rivals(name)), [], name);
    assert.equal(by(rivals(name)), 'karmada', name);
    assert.equal(by(convert(rivals(name))), 'karmada', name);
  }
});

test('with any names of files, converting changes no digest', () => {
  const name = fc.tuple(fc.stringMatching(/^[ -.0-~é😀]{1,4}$/u), fc.constantFrom('.yaml', '.yml'));
  const property = fc.property(
    fc.uniqueArray(name, { maxLength: 4, selector: ([stem]) => stem.toLowerCase() }),
    (all) => {
      const files = rivals(...all.map(([stem, ending]) => stem + ending));
      assert.deepEqual(check(files), []);
      assert.deepEqual(digests(convert(files)), digests(files));
    },
  );
  fc.assert(property, { seed: 1, numRuns: 60 });
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
  for (const path of ['placement-2.yaml', 'overlays/imported_imported.yaml'])
    await rm(join(folder.path, 'apps/nginx', path));
  const result = await loadFleet(folder.path, undefined, readSettings({}, {}));
  assert.ok(result.state === 'rendered');
  assert.deepEqual(
    Object.fromEntries(result.fleet.clusters.map(({ cluster, digest }) => [cluster.name, digest])),
    digests(files),
  );
});
