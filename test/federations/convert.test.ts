import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, renderedOf, type TestFiles } from '../support/fleet-files.ts';
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
