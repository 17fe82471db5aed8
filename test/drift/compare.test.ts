import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLive } from '../../src/drift/compare.ts';
import type { FieldDifference } from '../../src/model/drift.ts';
import type { LiveObject } from '../../src/model/observation.ts';
import { describeLive } from '../../src/object/describe-live.ts';
import { yaml } from '../support/objects.ts';

const OURS = `{manager: muster, operation: Apply, time: "2026-01-01T10:00:00Z", fieldsV1: FIELDS}`;

/** A live Deployment: our fields, `spec` in flow style, and more entries of managedFields. */
function live(fields: string, spec: string, others = '', kind = 'Deployment'): LiveObject {
  const body = yaml(`apiVersion: v1
kind: ${kind}
metadata:
  name: web
  namespace: shop
  managedFields: [${OURS.replace('FIELDS', fields)}${others === '' ? '' : `, ${others}`}]
${spec}
`);
  return describeLive(body, () => ({ state: 'Current', message: '' }));
}

function compare(before: LiveObject, after: LiveObject): readonly FieldDifference[] {
  return compareLive(before, after);
}

const REPLICAS = '{"f:spec": {"f:replicas": {}}}';
const EDIT =
  '{manager: kubectl-edit, operation: Update, time: "2026-01-02T14:03:22Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}';

test('a field of ours that somebody changed is named with both values, the manager and the time', () => {
  // Whoever edits a field of ours owns it from then on: our entry has lost it.
  const before = live('{"f:spec": {"f:paused": {}}}', 'spec: {replicas: 7, paused: true}', EDIT);
  const after = live('{"f:spec": {"f:replicas": {}, "f:paused": {}}}', 'spec: {replicas: 4, paused: true}');
  assert.deepEqual(compare(before, after), [
    { path: '/spec/replicas', desired: 4, live: 7, manager: 'kubectl-edit', time: '2026-01-02T14:03:22Z' },
  ]);
});

test('of several managers of a field the latest changed it', () => {
  const early = EDIT.replace('kubectl-edit', 'early').replace('2026-01-02', '2026-01-01');
  const late = EDIT.replace('kubectl-edit', 'late').replace('2026-01-02', '2026-01-03');
  const before = live('{}', 'spec: {replicas: 7}', `${early}, ${late}, ${EDIT}`);
  assert.equal(compare(before, live(REPLICAS, 'spec: {replicas: 4}'))[0]?.manager, 'late');
});

test('whoever holds another field, or only the status, changed nothing here', () => {
  const other =
    '{manager: scaler, operation: Update, time: "2026-01-02T10:00:00Z", fieldsV1: {"f:spec": {"f:paused": {}}}}';
  const status =
    '{manager: controller, operation: Update, subresource: status, time: "2026-01-02T10:00:00Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}';
  const before = live(REPLICAS, 'spec: {replicas: 7}', `${other}, ${status}`);
  assert.deepEqual(compare(before, live(REPLICAS, 'spec: {replicas: 4}')), [
    { path: '/spec/replicas', desired: 4, live: 7 },
  ]);
});

test('a field that was removed is owned by nobody: whoever wrote last after us did it', () => {
  const annotate =
    '{manager: kubectl-annotate, operation: Update, time: "2026-01-02T10:00:00Z", fieldsV1: {"f:metadata": {"f:annotations": {"f:x": {}}}}}';
  const before = live('{"f:spec": {"f:paused": {}}}', 'spec: {paused: true}', annotate);
  const after = live('{"f:spec": {"f:replicas": {}, "f:paused": {}}}', 'spec: {replicas: 4, paused: true}');
  assert.deepEqual(compare(before, after), [
    { path: '/spec/replicas', desired: 4, manager: 'kubectl-annotate', time: '2026-01-02T10:00:00Z' },
  ]);
});

test('whoever wrote before our last apply did not remove what we set', () => {
  const before = live(
    '{"f:spec": {"f:paused": {}}}',
    'spec: {paused: true}',
    EDIT.replace('2026-01-02', '2025-12-31').replace('f:replicas', 'f:other'),
  );
  const after = live('{"f:spec": {"f:replicas": {}, "f:paused": {}}}', 'spec: {replicas: 4, paused: true}');
  assert.deepEqual(compare(before, after), [{ path: '/spec/replicas', desired: 4 }]);
});

test('a field that leaves the repository is a difference without a desired value', () => {
  const before = live('{"f:spec": {"f:replicas": {}, "f:paused": {}}}', 'spec: {replicas: 4, paused: true}');
  assert.deepEqual(compare(before, live(REPLICAS, 'spec: {replicas: 4}')), [{ path: '/spec/paused', live: true }]);
});

test('what others added is no difference', () => {
  const before = live(
    REPLICAS,
    'spec: {replicas: 4, paused: true, template: {x: 1}}',
    EDIT.replace('f:replicas', 'f:paused'),
  );
  assert.deepEqual(compare(before, live(REPLICAS, 'spec: {replicas: 4, paused: true}')), []);
});

test('a whole container that is gone is one difference, not one for each of its fields', () => {
  const fields =
    '{"f:spec": {"f:template": {"f:spec": {"f:containers": {\'k:{"name":"app"}\': {"f:name": {}, "f:image": {}, "f:args": {}}}}}}}';
  const spec = (containers: string): string => `spec: {template: {spec: {containers: [${containers}]}}}`;
  const before = live('{}', spec('{name: side, image: s}'));
  const after = live(fields, spec('{name: side, image: s}, {name: app, image: a, args: [x]}'));
  assert.deepEqual(compare(before, after), [
    { path: '/spec/template/spec/containers[name=app]', desired: { name: 'app', image: 'a', args: ['x'] } },
  ]);
});

test('an item of a list is compared with the item of the same keys, wherever it stands', () => {
  const fields = '{"f:spec": {"f:containers": {\'k:{"name":"app"}\': {"f:image": {}}}}}';
  const before = live(fields, 'spec: {containers: [{name: side, image: s}, {name: app, image: b}]}');
  const after = live(fields, 'spec: {containers: [{name: app, image: a}, {name: side, image: s}]}');
  assert.deepEqual(compare(before, after), [{ path: '/spec/containers[name=app]/image', desired: 'a', live: 'b' }]);
});

test('values that mean the same are no difference', () => {
  const before = live('{"f:spec": {"f:selector": {}}}', 'spec: {selector: {a: 1, b: 2}}');
  assert.deepEqual(compare(before, live('{"f:spec": {"f:selector": {}}}', 'spec: {selector: {b: 2, a: 1}}')), []);
});

test('null and absent are two things', () => {
  assert.deepEqual(compare(live(REPLICAS, 'spec: {replicas: null}'), live(REPLICAS, 'spec: {replicas: 1}')), [
    { path: '/spec/replicas', desired: 1, live: null },
  ]);
});

test('values of a Secret are masked before they leave', () => {
  const fields = '{"f:data": {"f:password": {}}}';
  const before = live(
    fields,
    'data: {password: b2xk}',
    EDIT.replace('{"f:spec": {"f:replicas": {}}}', fields),
    'Secret',
  );
  const differences = compare(before, live(fields, 'data: {password: bmV3}', '', 'Secret'));
  assert.deepEqual(differences, [
    {
      path: '/data/password',
      desired: '*** (after)',
      live: '*** (before)',
      manager: 'kubectl-edit',
      time: '2026-01-02T14:03:22Z',
    },
  ]);
});

test('an object of which only facts are kept is compared as empty, not guessed at', () => {
  const { body: _body, ...facts } = live(REPLICAS, 'spec: {replicas: 7}');
  const after = live(REPLICAS, 'spec: {replicas: 4}');
  assert.deepEqual(compare(facts, after), [{ path: '/spec', desired: { replicas: 4 } }]);
});
