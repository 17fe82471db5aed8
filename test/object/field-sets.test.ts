import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commonFields,
  dropFields,
  holds,
  isWhole,
  selectFields,
  standingFields,
  subtractFields,
  subtractPath,
} from '../../src/object/field-sets.ts';
import { yaml } from '../support/objects.ts';

/** Containers `web` and `proxy` as a client that created them owns them. */
const FIELDS = yaml(`
f:spec:
  f:containers:
    'k:{"name":"web"}': {.: {}, f:name: {}, f:image: {}}
    'k:{"name":"proxy"}': {.: {}, f:name: {}}
  f:paused: {}
`);

test('what stands in a body is found without a schema, items of lists by their keys', () => {
  const body = yaml('{spec: {containers: [{name: web, command: [x]}]}}');
  assert.deepEqual(
    standingFields(body, FIELDS, FIELDS),
    yaml(`{f:spec: {f:containers: {'k:{"name":"web"}': {.: {}, f:name: {}}}}}`),
  );
});

test('that a map is there is no field of it: neither as a dot nor as a leaf over pieces of others', () => {
  const body = yaml('{data: {a: "1"}, metadata: {labels: {a: "1"}}}');
  const all = yaml('{f:data: {f:a: {}}, f:metadata: {f:labels: {.: {}}}}');
  assert.deepEqual(standingFields(body, yaml('{f:data: {}, f:metadata: {f:labels: {.: {}}}}'), all), {});
  assert.deepEqual(standingFields(body, yaml('{f:data: {}}'), yaml('{f:data: {}}')), yaml('{f:data: {}}'));
});

test('a map in which one side has nothing is no part of what two sets share', () => {
  const [empty, pieces] = [yaml('{f:data: {}, f:b: {}}'), yaml('{f:data: {f:x: {}, f:y: {}}, f:b: {}, f:c: {}}')];
  for (const [a, b] of [
    [empty, pieces],
    [pieces, empty],
  ] as const)
    assert.deepEqual(commonFields(a, b), yaml('{f:b: {}}'));
  assert.deepEqual(commonFields(pieces, yaml('{f:data: {f:y: {}, f:z: {}}}')), yaml('{f:data: {f:y: {}}}'));
});

test('a difference keeps a whole of which only parts are taken', () => {
  assert.deepEqual(
    subtractFields(FIELDS, yaml(`{f:spec: {f:paused: {}, f:containers: {'k:{"name":"web"}': {.: {}, f:image: {}}}}}`)),
    yaml(`{f:spec: {f:containers: {'k:{"name":"web"}': {f:name: {}}, 'k:{"name":"proxy"}': {.: {}, f:name: {}}}}}`),
  );
  assert.deepEqual(subtractFields(yaml('{f:a: {}}'), yaml('{f:a: {f:x: {}}}')), yaml('{f:a: {}}'));
  assert.deepEqual(subtractFields(FIELDS, FIELDS), {});
});

test('a place is taken out with what is below it, and with the whole around it', () => {
  assert.deepEqual(subtractPath(FIELDS, ['f:spec', 'f:containers']), yaml('{f:spec: {f:paused: {}}}'));
  assert.deepEqual(subtractPath(yaml('{f:a: {}, f:b: {}}'), ['f:a', 'f:x']), yaml('{f:b: {}}'));
  assert.deepEqual(subtractPath(FIELDS, ['f:status']), FIELDS);
});

test('a set holds a place, what is around it and what is below it; whole only where it has a leaf', () => {
  const [image, containers] = [
    ['f:spec', 'f:containers', 'k:{"name":"web"}', 'f:image'],
    ['f:spec', 'f:containers'],
  ];
  assert.deepEqual([holds(FIELDS, image), holds(FIELDS, containers), holds(FIELDS, ['f:data'])], [true, true, false]);
  assert.deepEqual([isWhole(FIELDS, image), isWhole(FIELDS, containers)], [true, false]);
  assert.deepEqual([isWhole(yaml('{f:a: {}}'), ['f:a', 'f:b']), isWhole({}, ['f:a'])], [true, false]);
});

test('a selection keeps the order of a list and what tells its items apart', () => {
  const spec = yaml(
    '{containers: [{name: proxy, image: b, tty: true}, {name: web, image: a, tty: true}], paused: true}',
  );
  const fields = yaml(`{f:containers: {'k:{"name":"web"}': {f:image: {}}, 'k:{"name":"proxy"}': {.: {}}}}`);
  assert.deepEqual(selectFields(spec, fields), yaml('{containers: [{name: proxy}, {name: web, image: a}]}'));
});

test('what is dropped goes with its item, unless somebody holds a part of it', () => {
  const body = yaml('{spec: {containers: [{name: web, image: a}, {name: proxy, image: b}], paused: true}}');
  const isHeld = (path: readonly string[]): boolean => path.length === 3 && path[2] === 'k:{"name":"web"}';
  assert.deepEqual(dropFields(body, FIELDS, isHeld), yaml('{spec: {containers: [{name: web}]}}'));
  assert.deepEqual(
    dropFields(body, FIELDS, () => true),
    body,
  );
});
