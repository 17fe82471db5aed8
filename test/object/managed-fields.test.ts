import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { isObject, mapAt } from '../../src/object/json.ts';
import {
  appliedFields,
  formatPath,
  hasBelow,
  leaves,
  managedEntries,
  ownedHash,
  stepInto,
  touches,
  unionFields,
  without,
} from '../../src/object/managed-fields.ts';
import { yaml } from '../support/objects.ts';

const DEPLOYMENT = yaml(`
metadata:
  name: web
  labels: {app: web}
  managedFields:
    - {manager: muster, operation: Apply, apiVersion: apps/v1, time: "2026-01-01T10:00:00Z", fieldsType: FieldsV1, fieldsV1: {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}}}}}}}}
    - {manager: muster, operation: Update, subresource: status, fieldsV1: {"f:status": {}}}
    - {manager: muster, operation: Update, fieldsV1: {"f:data": {}}}
    - {manager: kubectl-edit, operation: Update, time: "2026-01-02T10:00:00Z", fieldsV1: {"f:spec": {"f:paused": {}}}}
    - {operation: Odd}
    - not a map
spec:
  replicas: 3
  template:
    spec:
      containers:
        - {name: side, image: side:1}
        - {name: app, image: app:1, ports: [{containerPort: 80, protocol: TCP}, {containerPort: 80, protocol: UDP}], args: [a, b, a]}
`);

test('entries are read as the server records them, and what is odd is no entry of ours', () => {
  assert.deepEqual(
    managedEntries(DEPLOYMENT).map(({ manager, operation, subresource, time }) => [
      manager,
      operation,
      subresource,
      time,
    ]),
    [
      ['muster', 'Apply', '', '2026-01-01T10:00:00Z'],
      ['muster', 'Update', 'status', ''],
      ['muster', 'Update', '', ''],
      ['kubectl-edit', 'Update', '', '2026-01-02T10:00:00Z'],
      ['', 'Update', '', ''],
    ],
  );
  assert.deepEqual(managedEntries({}), []);
});

test('our fields are those of our applies, not of anything else under our name', () => {
  assert.deepEqual(Object.keys(appliedFields(DEPLOYMENT, 'muster')), ['f:metadata', 'f:spec']);
  assert.deepEqual(appliedFields(DEPLOYMENT, 'kubectl-edit'), {});
  assert.deepEqual(appliedFields(DEPLOYMENT, 'nobody'), {});
});

const CONTAINERS = ['f:spec', 'f:template', 'f:spec', 'f:containers'];

test('leaves carry the value that stands at each field, items of lists found by their keys', () => {
  assert.deepEqual(leaves(DEPLOYMENT, appliedFields(DEPLOYMENT, 'muster')), [
    { path: ['f:metadata', 'f:labels', 'f:app'], value: 'web' },
    { path: ['f:spec', 'f:replicas'], value: 3 },
    { path: [...CONTAINERS, 'k:{"name":"app"}', 'f:name'], value: 'app' },
    { path: [...CONTAINERS, 'k:{"name":"app"}', 'f:image'], value: 'app:1' },
  ]);
});

test('a leaf of what is gone has no value, and only the dot of a node is no leaf', () => {
  assert.deepEqual(leaves({}, { 'f:spec': { 'f:replicas': {} } }), [
    { path: ['f:spec', 'f:replicas'], value: undefined },
  ]);
  assert.deepEqual(leaves({ a: 1 }, { 'f:a': { '.': {} } }), []);
  assert.deepEqual(leaves({ a: 1 }, {}), [{ path: [], value: { a: 1 } }]);
});

const PORTS = [{ containerPort: 80, protocol: 'TCP' }, { containerPort: 80, protocol: 'UDP' }, { containerPort: 81 }];

test('one step below is a field, an item by its key fields, an item of a set, or an item by position', () => {
  assert.equal(stepInto({ a: 1 }, 'f:a'), 1);
  assert.equal(stepInto({ a: 1 }, 'f:toString'), undefined);
  assert.equal(stepInto([1], 'f:0'), undefined);
  assert.equal(stepInto(PORTS, 'k:{"containerPort":80,"protocol":"UDP"}'), PORTS[1]);
  assert.equal(stepInto(PORTS, 'k:{"containerPort":82,"protocol":"TCP"}'), undefined);
  assert.equal(stepInto(['a', 'b'], 'v:"b"'), 'b');
  assert.equal(stepInto(['a', 'b'], 'v:"c"'), undefined);
  assert.equal(stepInto([1, 2], 'v:2'), 2);
  assert.equal(stepInto(['a', 'b'], 'i:1'), 'b');
  assert.equal(stepInto(undefined, 'f:a'), undefined);
  assert.equal(stepInto({ a: 1 }, 'k:{"a":1}'), undefined);
});

test('a key field that an item leaves out was filled in by the server: it matches, if only one item can be meant', () => {
  assert.equal(stepInto(PORTS, 'k:{"containerPort":81,"protocol":"TCP"}'), PORTS[2]);
  const twice = [{ containerPort: 81 }, { containerPort: 81, name: 'b' }];
  assert.equal(stepInto(twice, 'k:{"containerPort":81,"protocol":"TCP"}'), undefined);
  assert.equal(
    stepInto([{ name: 'x' }], 'k:{"containerPort":81,"protocol":"TCP"}'),
    undefined,
    'an item without any key field is not meant',
  );
});

test('without a field, item or value the rest stays as it was, and containers stay even when empty', () => {
  const value = { spec: { replicas: 3, ports: PORTS, set: ['a', 'b'] }, other: {} };
  assert.deepEqual(without(value, ['f:spec', 'f:replicas']), { spec: { ports: PORTS, set: ['a', 'b'] }, other: {} });
  assert.deepEqual(without(value, ['f:spec', 'f:ports', 'k:{"containerPort":80,"protocol":"TCP"}']), {
    ...value,
    spec: { ...value.spec, ports: PORTS.slice(1) },
  });
  assert.deepEqual(
    without(value, ['f:spec', 'f:ports', 'k:{"containerPort":81,"protocol":"TCP"}', 'f:containerPort']),
    { ...value, spec: { ...value.spec, ports: [PORTS[0], PORTS[1], {}] } },
  );
  assert.deepEqual(without(value, ['f:spec', 'f:set', 'v:"a"']), { ...value, spec: { ...value.spec, set: ['b'] } });
  assert.deepEqual(without({ a: { b: 1 } }, ['f:a', 'f:b']), { a: {} });
  assert.deepEqual(without(value, ['f:spec', 'f:nothing']), value);
  assert.equal(without(value, []), value);
  assert.deepEqual(value.spec.replicas, 3, 'the input is as it was');
});

test('only one of equal items of a list is taken out', () => {
  const item = { name: 'a' };
  assert.deepEqual(without({ list: ['x', 'y', 'x'] }, ['f:list', 'i:0']), { list: ['y', 'x'] });
  assert.deepEqual(without({ list: [item, { name: 'b' }] }, ['f:list', 'k:{"name":"a"}']), { list: [{ name: 'b' }] });
});

test('paths read as people write them', () => {
  assert.equal(
    formatPath([...CONTAINERS, 'k:{"name":"app"}', 'f:image']),
    '/spec/template/spec/containers[name=app]/image',
  );
  assert.equal(
    formatPath(['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}']),
    '/ports[containerPort=80,protocol=TCP]',
  );
  assert.equal(formatPath(['f:metadata', 'f:annotations', 'f:example.com/a']), '/metadata/annotations/"example.com/a"');
  assert.equal(formatPath(['f:finalizers', 'v:"a/b"']), '/finalizers[a/b]');
  assert.equal(formatPath(['f:args', 'i:0']), '/args[0]');
  assert.equal(formatPath([]), '/');
});

test('a union has every field of both', () => {
  const a = { 'f:spec': { 'f:replicas': {}, 'f:template': { '.': {} } } };
  const b = { 'f:spec': { 'f:template': { 'f:x': {} } }, 'f:data': {} };
  const union = { 'f:spec': { 'f:replicas': {}, 'f:template': { '.': {}, 'f:x': {} } }, 'f:data': {} };
  assert.deepEqual(unionFields(a, b), union);
  assert.deepEqual(unionFields(a, {}), a);
});

const FIELDS = { 'f:spec': { 'f:replicas': {}, 'f:template': { '.': {}, 'f:a': { 'f:b': {} } }, 'f:whole': {} } };

test('a field set touches a path at, above or below one of its leaves', () => {
  const cases: readonly (readonly [path: readonly string[], expected: boolean])[] = [
    [['f:spec', 'f:replicas'], true],
    [['f:spec', 'f:whole', 'f:inside'], true],
    [['f:spec', 'f:template'], true],
    [['f:spec', 'f:template', 'f:a', 'f:b'], true],
    [['f:spec', 'f:template', 'f:a', 'f:c'], false],
    [['f:spec', 'f:other'], false],
    [['f:status'], false],
  ];
  for (const [path, expected] of cases) assert.equal(touches(FIELDS, path), expected, path.join('.'));
  assert.equal(touches({}, ['f:spec']), false, 'an empty field set touches nothing');
});

test('a container is owned piece by piece where a field set names something below it', () => {
  assert.equal(hasBelow(FIELDS, ['f:spec', 'f:template']), true);
  assert.equal(hasBelow(FIELDS, ['f:spec', 'f:replicas']), false);
  assert.equal(hasBelow(FIELDS, ['f:spec', 'f:nothing']), false);
  assert.equal(hasBelow({ 'f:a': { '.': {} } }, ['f:a']), false);
});

const BEFORE = ownedHash(DEPLOYMENT, 'muster');

/** The hash without what stands at a path. */
function hashWithout(...path: readonly string[]): string {
  const body = without(DEPLOYMENT, path);
  assert.ok(isObject(body));
  return ownedHash(body, 'muster');
}

function hashWith(more: JsonObject): string {
  return ownedHash({ ...DEPLOYMENT, ...more }, 'muster');
}

test('the hash of what we own changes when one of our fields does', () => {
  const spec = mapAt(DEPLOYMENT, 'spec');
  const hashes = [
    BEFORE,
    hashWith({ spec: { ...spec, replicas: 4 } }),
    hashWith({ spec: { ...spec, replicas: null } }),
    hashWithout('f:spec', 'f:replicas'),
    hashWithout(...CONTAINERS, 'k:{"name":"app"}'),
    hashWithout(...CONTAINERS, 'k:{"name":"app"}', 'f:image'),
  ];
  assert.equal(new Set(hashes).size, hashes.length, 'null, absent and another value are three things');
});

test('and stays when anything else does', () => {
  assert.equal(hashWith({ status: { replicas: 3 } }), BEFORE);
  assert.equal(
    hashWithout(...CONTAINERS, 'k:{"name":"side"}'),
    BEFORE,
    'an item of others, also where that moves ours',
  );
  assert.equal(hashWithout(...CONTAINERS, 'k:{"name":"app"}', 'f:args'), BEFORE);
});

test('it changes when a field is taken from us, even with the same value, and is empty where we own nothing', () => {
  const taken = { manager: 'muster', operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } } } };
  assert.notEqual(
    ownedHash({ ...DEPLOYMENT, metadata: { name: 'web', labels: { app: 'web' }, managedFields: [taken] } }, 'muster'),
    BEFORE,
  );
  assert.equal(ownedHash({ ...DEPLOYMENT, metadata: {} }, 'muster'), '');
  assert.equal(ownedHash(DEPLOYMENT, 'nobody'), '');
});
