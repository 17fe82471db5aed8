/** A mistake of a merged object is reported where somebody wrote it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, fleetWith, marked, SMALL_FLEET, type TestFiles } from '../support/fleet-files.ts';

const BASE = 'apps/web/base/deployment.yaml';
const OVERLAY = 'apps/web/overlays/env=prod/web.yaml';

/** File and place of the errors in a fleet whose Deployment has this overlay. */
function places(files: TestFiles): readonly string[] {
  const lines = check(fleetWith(files)).filter((line) => !line.startsWith('warning: '));
  return [...new Set(lines.map((line) => line.split(': ').slice(0, 2).join(' ')))];
}

function patch(spec: string): string {
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n${spec}`;
}

test('a field that an overlay sets in an item of a list is reported in the overlay', () => {
  const { text, place } = marked(
    patch(`  template:
    spec:
      containers:
        - name: web
          ‸imagePullPolcy: Always
`),
  );
  assert.deepEqual(places({ [OVERLAY]: text }), [`${OVERLAY}:${place} UNKNOWN_FIELD`]);
});

test('a field of the base is reported in its item of the base, also where an overlay puts an item before it', () => {
  const { text, place } = marked(SMALL_FLEET[BASE].replace('image: nginx:1.27', '‸imag: nginx:1.27'));
  const sidecar = patch('  template: {spec: {containers: [{name: sidecar, image: "sidecar:1"}]}}\n');
  assert.deepEqual(places({ [BASE]: text, [OVERLAY]: sidecar }), [`${BASE}:${place} UNKNOWN_FIELD`]);
});

test('the last overlay that sets a field is where it is reported', () => {
  const { text, place } = marked(patch('  replicas: ‸many\n'));
  const byName = Object.fromEntries(['ap', 'eu', 'us'].map((name) => [`apps/web/overlays/${name}/web.yaml`, text]));
  assert.deepEqual(places({ [OVERLAY]: patch('  replicas: some\n'), ...byName }), [
    `apps/web/overlays/ap/web.yaml:${place} BAD_VALUE`,
    `apps/web/overlays/eu/web.yaml:${place} BAD_VALUE`,
    `apps/web/overlays/us/web.yaml:${place} BAD_VALUE`,
  ]);
});

test('a value that a JSON patch writes is reported in its operation', () => {
  const { text, place } = marked(`apiVersion: muster.dev/v1alpha1
kind: Overlay
metadata: {name: ops}
spec:
  clusters: {all: true}
  patches:
    - target: {kind: Deployment, name: web}
      ops:
        - {op: replace, path: /spec/template/spec/containers/0/image, value: a}
        - {op: add, path: /spec/template/spec/containers/0/ports, value: [{containerPort: ‸http}]}
`);
  assert.deepEqual(places({ 'apps/web/overlays/ops.yaml': text }), [`apps/web/overlays/ops.yaml:${place} BAD_VALUE`]);
});

test('a required field that an overlay removes is reported in the overlay', () => {
  const { text, place } = marked(patch('  ‸selector: null\n'));
  assert.deepEqual(places({ [OVERLAY]: text }), [`${OVERLAY}:${place} MISSING_FIELD`]);
});

test('a required field that nobody sets is reported where the map begins, not in an overlay that adds to it', () => {
  const { text, place } = marked(
    SMALL_FLEET[BASE].replace('  selector: {matchLabels: {app: web}}\n', '').replace('spec:', '‸spec:'),
  );
  assert.deepEqual(places({ [BASE]: text, [OVERLAY]: patch('  replicas: 2\n') }), [`${BASE}:${place} MISSING_FIELD`]);
});

test('a required field of an item that an overlay adds is reported in the overlay', () => {
  const { text, place } = marked(
    patch(`  template:
    spec:
      containers:
        - name: sidecar
          env:
            - {name: A, valueFrom: {‸secretKeyRef: {name: a}}}
`),
  );
  assert.deepEqual(places({ [OVERLAY]: text }), [`${OVERLAY}:${place} MISSING_FIELD`]);
});
