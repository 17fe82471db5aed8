import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { parse } from 'yaml';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { sameJson } from '../../src/object/json.ts';
import { applyJsonPatch } from '../../src/render/json-patch.ts';
import type { JsonPatchProblem } from '../../src/render/json-patch-parse.ts';

const PLAIN = { secret: false };

/** From RFC 6902, section 4 and appendix A, and from what its test suites agree on. */
const APPLIED: readonly (readonly [string, string, string, string])[] = [
  ['A.1 adding a member', '{foo: bar}', '[{op: add, path: /baz, value: qux}]', '{baz: qux, foo: bar}'],
  ['A.2 adding an item', '{foo: [bar, baz]}', '[{op: add, path: /foo/1, value: qux}]', '{foo: [bar, qux, baz]}'],
  ['A.3 removing a member', '{baz: qux, foo: bar}', '[{op: remove, path: /baz}]', '{foo: bar}'],
  ['A.4 removing an item', '{foo: [bar, qux, baz]}', '[{op: remove, path: /foo/1}]', '{foo: [bar, baz]}'],
  ['A.5 replacing a value', '{baz: qux, foo: bar}', '[{op: replace, path: /baz, value: boo}]', '{baz: boo, foo: bar}'],
  [
    'A.6 moving a value',
    '{foo: {bar: baz, waldo: fred}, qux: {corge: grault}}',
    '[{op: move, from: /foo/waldo, path: /qux/thud}]',
    '{foo: {bar: baz}, qux: {corge: grault, thud: fred}}',
  ],
  ['A.7 moving an item', '{foo: [a, b, c, d]}', '[{op: move, from: /foo/1, path: /foo/3}]', '{foo: [a, c, d, b]}'],
  [
    'A.8 testing values',
    '{baz: qux, foo: [a, 2, c]}',
    '[{op: test, path: /baz, value: qux}, {op: test, path: /foo/1, value: 2}]',
    '{baz: qux, foo: [a, 2, c]}',
  ],
  [
    'A.10 adding a map',
    '{foo: bar}',
    '[{op: add, path: /child, value: {grandchild: {}}}]',
    '{foo: bar, child: {grandchild: {}}}',
  ],
  [
    'A.11 unknown fields are ignored',
    '{foo: bar}',
    '[{op: add, path: /baz, value: qux, xyz: 123}]',
    '{foo: bar, baz: qux}',
  ],
  ['A.14 the order of unescaping', '{/: 9, ~1: 10}', '[{op: test, path: /~01, value: 10}]', '{/: 9, ~1: 10}'],
  ['A.16 adding a list', '{foo: [bar]}', '[{op: add, path: /foo/-, value: [abc, def]}]', '{foo: [bar, [abc, def]]}'],
  ['add replaces a member that is there, whole', '{a: {x: 1}}', '[{op: add, path: /a, value: {y: 2}}]', '{a: {y: 2}}'],
  ['add at the length of a list appends', '{a: [1]}', '[{op: add, path: /a/1, value: 2}]', '{a: [1, 2]}'],
  ['add into an empty list', '{a: []}', '[{op: add, path: /a/0, value: 1}]', '{a: [1]}'],
  ['null is a value', '{a: 1}', '[{op: add, path: /a, value: null}, {op: test, path: /a, value: null}]', '{a: null}'],
  ['a member that is null can go', '{a: null}', '[{op: remove, path: /a}]', '{}'],
  ['the empty key is a key', '{"": 1}', '[{op: replace, path: /, value: 2}]', '{"": 2}'],
  [
    'a number in the place of a key is a key',
    '{a: {"0": x}}',
    '[{op: replace, path: /a/0, value: y}]',
    '{a: {"0": y}}',
  ],
  ['a minus in the place of a key is a key', '{a: {"-": x}}', '[{op: remove, path: /a/-}]', '{a: {}}'],
  [
    'copy makes another',
    '{a: {x: [1]}}',
    '[{op: copy, from: /a, path: /b}, {op: add, path: /b/x/-, value: 2}]',
    '{a: {x: [1]}, b: {x: [1, 2]}}',
  ],
  ['copy of the whole into itself', '{a: 1}', '[{op: copy, from: "", path: /b}]', '{a: 1, b: {a: 1}}'],
  ['copy within a list', '{a: [1, 2]}', '[{op: copy, from: /a/0, path: /a/-}]', '{a: [1, 2, 1]}'],
  ['move to where it is', '{a: 1, b: 2}', '[{op: move, from: /a, path: /a}]', '{b: 2, a: 1}'],
  ['move over another', '{a: 1, b: 2}', '[{op: move, from: /a, path: /b}]', '{b: 1}'],
  ['move up and out', '{a: {b: {c: 1}}}', '[{op: move, from: /a/b, path: /a}]', '{a: {c: 1}}'],
  ['a test of the whole', '{a: [1, {b: 2}]}', '[{op: test, path: "", value: {a: [1, {b: 2}]}}]', '{a: [1, {b: 2}]}'],
  [
    'the order of keys means nothing to a test',
    '{a: {x: 1, y: 2}}',
    '[{op: test, path: /a, value: {y: 2, x: 1}}]',
    '{a: {x: 1, y: 2}}',
  ],
  ['escaped keys', '{m: {a/b: 1, c~d: 2}}', '[{op: remove, path: /m/a~1b}, {op: remove, path: /m/c~0d}]', '{m: {}}'],
  [
    'later operations see what earlier ones did',
    '{a: {}}',
    '[{op: add, path: /a/b, value: {}}, {op: add, path: /a/b/c, value: 1}]',
    '{a: {b: {c: 1}}}',
  ],
  [
    'federation.json O26',
    '{metadata: {annotations: {old: x}}, spec: {replicas: 1, c: [{image: a, args: [x]}]}}',
    `- {op: replace, path: /spec/replicas, value: 5}
- {op: replace, path: /spec/c/0/image, value: b}
- {op: add, path: /metadata/annotations, value: {foo: bar}}
- {op: remove, path: /metadata/annotations/foo}
- {op: add, path: /spec/c/0/args/0, value: -q}`,
    '{metadata: {annotations: {}}, spec: {replicas: 5, c: [{image: b, args: [-q, x]}]}}',
  ],
];

test('what the RFC allows is done as it says', () => {
  for (const [name, object, ops, expected] of APPLIED) {
    const result = applyJsonPatch(parse(object), parse(ops), PLAIN);
    assert.deepEqual(result.state === 'patched' ? result.object : result, parse(expected), name);
  }
});

const POD = `
metadata: {name: web, annotations: {example.com/team: a, note: x}}
spec:
  replicas: 3
  template:
    spec:
      containers: [{name: app, image: "a:1", args: [x, y]}, {name: sidecar, image: "s:1"}]
      volumes: []
`;

/** Operation (one of several where it says), message, help. */
const REFUSED: readonly (readonly [string, string, string | undefined])[] = [
  [
    '{op: replace, path: /spec/container/0, value: x}',
    'replace "/spec/container/0": "/spec" has no "container"',
    'Did you mean "/spec/template/spec/containers/0"?',
  ],
  [
    '{op: replace, path: /spec/template/spec/container/0/image, value: x}',
    'replace "/spec/template/spec/container/0/image": "/spec/template/spec" has no "container"',
    'Did you mean "/spec/template/spec/containers/0/image"?',
  ],
  [
    '{op: replace, path: /spec/containers/0/image, value: x}',
    'replace "/spec/containers/0/image": "/spec" has no "containers"',
    'Did you mean "/spec/template/spec/containers/0/image"?',
  ],
  [
    '{op: replace, path: /spec/template/spec/containers/sidecar/image, value: x}',
    'replace "/spec/template/spec/containers/sidecar/image": "/spec/template/spec/containers" is a list, and "sidecar" is no index',
    'Did you mean "/spec/template/spec/containers/1/image"?',
  ],
  [
    '{op: remove, path: /spec/replica}',
    'remove "/spec/replica": "/spec" has no "replica"',
    'Did you mean "/spec/replicas"?',
  ],
  [
    '{op: remove, path: /metadata/annotations/example.com/team}',
    'remove "/metadata/annotations/example.com/team": "/metadata/annotations" has no "example.com"',
    'Did you mean "/metadata/annotations/example.com~1team"?',
  ],
  [
    '{op: remove, path: /metadata/annotations/foo}',
    'remove "/metadata/annotations/foo": "/metadata/annotations" has no "foo"',
    undefined,
  ],
  [
    '{op: add, path: /metadata/annotations/example.org/role, value: x}',
    'add "/metadata/annotations/example.org/role": "example.org" is absent in "/metadata/annotations"',
    'Where a "/" belongs to a key, write it as "~1": "/metadata/annotations/example.org~1role".',
  ],
  [
    '{op: add, path: /metadata/labels/role, value: x}',
    'add "/metadata/labels/role": "labels" is absent in "/metadata"',
    'Add "/metadata/labels" first, with {} or [] as its value.',
  ],
  [
    '{op: add, path: /spec/template/spec/containers/1/args/0, value: x}',
    'add "/spec/template/spec/containers/1/args/0": "args" is absent in "/spec/template/spec/containers/1"',
    'Add "/spec/template/spec/containers/1/args" first, with {} or [] as its value.',
  ],
  [
    '{op: add, path: /spec/template/spec/containers/3, value: {}}',
    'add "/spec/template/spec/containers/3": "/spec/template/spec/containers" has 2 items, numbers 0 to 1',
    undefined,
  ],
  [
    '{op: replace, path: /spec/template/spec/containers/2, value: {}}',
    'replace "/spec/template/spec/containers/2": "/spec/template/spec/containers" has 2 items, numbers 0 to 1',
    undefined,
  ],
  [
    '{op: remove, path: /spec/template/spec/volumes/0}',
    'remove "/spec/template/spec/volumes/0": "/spec/template/spec/volumes" is an empty list',
    undefined,
  ],
  ...['-1', '01', '1e3', '1.0', ' 1', '+1', '٣'].map((index): readonly [string, string, undefined] => [
    `{op: add, path: "/spec/template/spec/volumes/${index}", value: x}`,
    `add "/spec/template/spec/volumes/${index}": "/spec/template/spec/volumes" is a list, and "${index}" is no index`,
    undefined,
  ]),
  [
    '{op: remove, path: /spec/template/spec/containers/-}',
    'remove "/spec/template/spec/containers/-": "-" is the place after the last item of "/spec/template/spec/containers": nothing is there yet',
    undefined,
  ],
  [
    '{op: add, path: /spec/template/spec/containers/-/image, value: x}',
    'add "/spec/template/spec/containers/-/image": "-" is the place after the last item of "/spec/template/spec/containers": nothing is there yet',
    'Did you mean "/spec/template/spec/containers/0/image"?',
  ],
  [
    '{op: add, path: /spec/replicas/x, value: 1}',
    'add "/spec/replicas/x": "/spec/replicas" is a plain value with nothing inside',
    undefined,
  ],
  [
    '{op: add, path: /spec/template/spec/volumes/-/configMap, value: {}}',
    'add "/spec/template/spec/volumes/-/configMap": "-" is the place after the last item of "/spec/template/spec/volumes": nothing is there yet',
    undefined,
  ],
  [
    '{op: add, path: /spec/replicas/x/y, value: 1}',
    'add "/spec/replicas/x/y": "/spec/replicas" is a plain value with nothing inside',
    undefined,
  ],
  [
    '{op: copy, from: /spec/replica, path: /spec/x}',
    'copy "/spec/replica": "/spec" has no "replica"',
    'Did you mean "/spec/replicas"?',
  ],
  ['{op: move, from: /status, path: /spec/x}', 'move "/status": the object has no "status"', undefined],
  [
    '{op: move, from: /spec, path: /spec/template/x}',
    'move "/spec" to "/spec/template/x": nothing can be moved into itself',
    undefined,
  ],
  [
    '{op: move, from: /spec/replicas, path: /spec/replicas/x}',
    'move "/spec/replicas" to "/spec/replicas/x": nothing can be moved into itself',
    undefined,
  ],
  ['{op: test, path: /spec/replicas, value: 4}', 'test "/spec/replicas": the value is 3, not 4', undefined],
  ['{op: test, path: /spec/replicas, value: "3"}', 'test "/spec/replicas": the value is 3, not "3"', undefined],
  [
    '{op: test, path: /metadata/annotations/note, value: null}',
    'test "/metadata/annotations/note": the value is "x", not null',
    undefined,
  ],
  [
    '{op: test, path: /spec/template/spec/containers, value: {}}',
    'test "/spec/template/spec/containers": the value is a list of 2, not a map of 0',
    undefined,
  ],
  ['{op: test, path: /spec/x, value: null}', 'test "/spec/x": "/spec" has no "x"', undefined],
  [
    '{op: add, path: spec.replicas, value: 4}',
    'add "spec.replicas": a path begins with "/"',
    'Did you mean "/spec/replicas"?',
  ],
  ['{op: add, path: spec/x.y, value: 4}', 'add "spec/x.y": a path begins with "/"', 'Did you mean "/spec/x.y"?'],
  [
    '{op: add, path: /a~2b, value: 4}',
    'add "/a~2b": a "~" must be followed by 0 or 1',
    'Write "~0" for "~", and "~1" for "/" in a key.',
  ],
  [
    '{op: remove, path: /a~}',
    'remove "/a~": a "~" must be followed by 0 or 1',
    'Write "~0" for "~", and "~1" for "/" in a key.',
  ],
  [
    '{op: copy, from: /a~, path: /b}',
    'copy "/a~": a "~" must be followed by 0 or 1',
    'Write "~0" for "~", and "~1" for "/" in a key.',
  ],
  [
    '{op: add, path: "", value: {}}',
    'add "": an object cannot be replaced or removed as a whole',
    'Name the fields that are to change.',
  ],
  [
    '{op: replace, path: "", value: {}}',
    'replace "": an object cannot be replaced or removed as a whole',
    'Name the fields that are to change.',
  ],
  [
    '{op: copy, from: /spec, path: ""}',
    'copy "": an object cannot be replaced or removed as a whole',
    'Name the fields that are to change.',
  ],
  [
    '{op: move, from: "", path: /x}',
    'move "": an object cannot be replaced or removed as a whole',
    'Name the fields that are to move.',
  ],
  [
    '{op: remove, path: ""}',
    'remove "": an object cannot be replaced or removed as a whole',
    'Write "$patch: delete" in a merge patch to remove the object.',
  ],
  [
    '{op: add, path: /spec/x}',
    'add "/spec/x": the operation has no "value"',
    'Write "value: null" where null is meant.',
  ],
  [
    '{op: replace, path: /spec/replicas, vaule: 3}',
    'replace "/spec/replicas": the operation has no "value"',
    'Did you mean "value" by "vaule"?',
  ],
  ['{op: spam, path: /spec}', 'there is no operation "spam"', 'Write one of add, remove, replace, move, copy, test.'],
  ['{op: repalce, path: /spec}', 'there is no operation "repalce"', 'Did you mean "replace"?'],
  ['{op: Add, path: /spec}', 'there is no operation "Add"', 'Did you mean "add"?'],
  ['{path: /spec}', 'the operation has no "op"', 'Write one of add, remove, replace, move, copy, test.'],
  ['{op: add, value: 1}', 'add: "path" must be a text like "/spec/replicas"', undefined],
  ['{op: add, path: [spec], value: 1}', 'add: "path" must be a text like "/spec/replicas"', undefined],
  ['{op: move, path: /spec/x}', 'move: "from" must be a text like "/spec/replicas"', undefined],
  ['text', 'an operation is a map with "op" and "path"', undefined],
  ...['/__proto__/x', '/spec/constructor/prototype/x', '/metadata/prototype'].map(
    (path): readonly [string, string, undefined] => [
      `{op: add, path: ${path}, value: 1}`,
      `add "${path}": "${path.split('/').find((each) => /^(__proto__|constructor|prototype)$/.test(each))}" cannot be part of a path`,
      undefined,
    ],
  ),
  ['{op: copy, from: /__proto__, path: /x}', 'copy "/__proto__": "__proto__" cannot be part of a path', undefined],
  ['{op: remove, path: /spec/toString}', 'remove "/spec/toString": "/spec" has no "toString"', undefined],
  [
    '{op: add, path: /spec/toString/polluted, value: 1}',
    'add "/spec/toString/polluted": "toString" is absent in "/spec"',
    'Add "/spec/toString" first, with {} or [] as its value.',
  ],
  [
    '{op: copy, from: /spec/template/spec/volumes/length, path: /x}',
    'copy "/spec/template/spec/volumes/length": "/spec/template/spec/volumes" is a list, and "length" is no index',
    undefined,
  ],
];

test('what does not fit is refused, with what to do', () => {
  for (const [operation, message, help] of REFUSED) {
    const [problem, ...others] = problemsOf(parse(POD), [parse(operation)]);
    assert.deepEqual([problem?.message, problem?.help], [message, help], operation);
    assert.deepEqual(others, []);
    assert.equal(problem?.code, 'PATCH_FAILED');
  }
  assert.equal(Object.getOwnPropertyDescriptor(Object.getPrototypeOf({}), 'polluted'), undefined);
  assert.deepEqual(Object.keys(Object.getOwnPropertyDescriptor(Object.getPrototypeOf({}), 'toString')?.value), []);
});

test('a problem says which operation it is, which path, and what was probably meant', () => {
  const ops = parse('[{op: test, path: /spec/replicas, value: 3}, {op: copy, from: /spec/replica, path: /spec/x}]');
  assert.deepEqual(problemsOf(parse(POD), ops), [
    {
      code: 'PATCH_FAILED',
      severity: 'error',
      message: 'copy "/spec/replica": "/spec" has no "replica"',
      help: 'Did you mean "/spec/replicas"?',
      pointer: '/1/from',
      op: 1,
      path: '/spec/replica',
      nearest: '/spec/replicas',
    },
  ]);
});

test('all operations of a wrong form are named at once', () => {
  const problems = problemsOf({}, parse('[{op: ad, path: /a}, {op: remove, path: /x}, {op: remove, path: x}, 7]'));
  assert.deepEqual(
    problems.map(({ pointer }) => pointer),
    ['/0/op', '/2/path', '/3'],
  );
});

test('a patch must be a list, and an empty one is a warning', () => {
  for (const ops of [null, {}, 'x', { op: 'remove', path: '/spec' }]) {
    assert.deepEqual(
      problemsOf({ spec: 1 }, ops).map(({ message, pointer, op }) => [message, pointer, op]),
      [['a JSON patch is a list of operations', '', -1]],
    );
  }
  const object = { a: 1 };
  const result = applyJsonPatch(object, [], PLAIN);
  assert.equal(result.state === 'patched' && result.object, object);
  assert.deepEqual(
    result.state === 'patched' ? result.warnings.map(({ severity, message }) => [severity, message]) : [],
    [['warning', 'the list of operations is empty, so it changes nothing']],
  );
});

test('a patch cannot change which object it is', () => {
  const object: JsonObject = parse(
    '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {a: b}}, spec: {}}',
  );
  const table: readonly (readonly [string, string, string])[] = [
    [
      '[{op: replace, path: /apiVersion, value: apps/v1beta1}]',
      '/0/path',
      '"/apiVersion" is "apps/v1" and would become "apps/v1beta1": a patch cannot change which object it is',
    ],
    ['[{op: add, path: /kind, value: Pod}]', '/0/path', '"/kind" is "Deployment" and would become "Pod"'],
    [
      '[{op: add, path: /metadata/labels/c, value: d}, {op: replace, path: /metadata/name, value: web2}]',
      '/1/path',
      '"/metadata/name" is "web" and would become "web2"',
    ],
    [
      '[{op: replace, path: /metadata, value: {labels: {}}}]',
      '/0/path',
      '"/metadata/name" is "web" and would become nothing',
    ],
    ['[{op: remove, path: /metadata/name}]', '/0/path', '"/metadata/name" is "web" and would become nothing'],
    ['[{op: move, from: /metadata, path: /spec/x}]', '/0/from', '"/metadata/name" is "web" and would become nothing'],
    [
      '[{op: copy, from: /kind, path: /metadata/namespace}]',
      '/0/path',
      '"/metadata/namespace" is nothing and would become "Deployment"',
    ],
  ];
  for (const [ops, pointer, message] of table) {
    const [problem] = problemsOf(object, parse(ops));
    assert.equal(problem?.code, 'IDENTITY_CHANGED', ops);
    assert.deepEqual([problem.pointer, problem.message.slice(0, message.length)], [pointer, message]);
  }
  const same = applyJsonPatch(
    object,
    parse('[{op: replace, path: /metadata, value: {name: web, labels: {c: d}}}]'),
    PLAIN,
  );
  assert.equal(same.state, 'patched');
});

test('nothing of a Secret is in a message', () => {
  const object: JsonObject = parse(
    '{kind: Secret, metadata: {name: s}, data: {password: aHVudGVyMg==}, stringData: {a: {b: c}}}',
  );
  const table: readonly (readonly [string, string])[] = [
    ['{op: test, path: /data/password, value: b3RoZXI=}', 'test "/data/password": the value is another one'],
    ['{op: test, path: "", value: {x: b3RoZXI=}}', 'test "": the value is another one'],
    [
      '{op: add, path: /data/password/x, value: b3RoZXI=}',
      'add "/data/password/x": "/data/password" is a plain value with nothing inside',
    ],
    ['{op: replace, path: /data/passwd, value: b3RoZXI=}', 'replace "/data/passwd": "/data" has no "passwd"'],
  ];
  for (const [operation, message] of table) {
    const result = applyJsonPatch(object, [parse(operation)], { secret: true });
    assert.equal(result.state === 'failed' && result.problems[0]?.message, message);
    assert.doesNotMatch(JSON.stringify(result), /aHVudGVyMg|b3RoZXI/);
  }
});

test('copies of copies stop before they fill the memory', () => {
  const bomb = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/${index}` }));
  const [problem] = problemsOf({ a: { x: 'y'.repeat(1000) } }, bomb);
  assert.equal(problem?.code, 'TOO_LARGE');
  assert.match(problem.message, /^copy to "\/a\/\d+": the object would grow beyond 1048576 characters$/);
});

test('a large object may be copied in part', () => {
  const object = { a: 'y'.repeat(1_500_000), b: 'z'.repeat(1_000_000) };
  assert.equal(applyJsonPatch(object, [{ op: 'copy', from: '/b', path: '/c' }], PLAIN).state, 'patched');
});

test('a patch is no longer than somebody could read', () => {
  const adds = (count: number): JsonValue => Array.from({ length: count }, () => ({ op: 'add', path: '/a', value: 1 }));
  assert.deepEqual(problemsOf({}, adds(1000)), []);
  const [problem] = problemsOf({}, adds(1001));
  assert.deepEqual(
    [problem?.code, problem?.message],
    ['TOO_LARGE', 'a JSON patch has at most 1000 operations, and this one has 1001'],
  );
});

test('maps do not pile up in one another', () => {
  const nest = Array.from({ length: 120 }, (_, depth) => ({ op: 'add', path: '/a'.repeat(depth + 1), value: {} }));
  const [problem] = problemsOf({}, nest);
  assert.deepEqual([problem?.code, problem?.op], ['TOO_LARGE', 99]);
  const nesting = Array.from({ length: 120 }, () => ({ op: 'copy', from: '/a', path: '/a/a' }));
  assert.equal(problemsOf({ a: {} }, nesting)[0]?.code, 'TOO_LARGE');
});

test('big integers stay exact, whatever is done with them', () => {
  const big = 2n ** 63n;
  const object = { a: big, list: [big], b: 1 };
  const ops: JsonValue = [
    { op: 'test', path: '/a', value: big },
    { op: 'copy', from: '/a', path: '/c' },
    { op: 'move', from: '/list', path: '/d' },
    { op: 'add', path: '/d/-', value: { deep: big } },
  ];
  const result = applyJsonPatch(object, ops, PLAIN);
  assert.deepEqual(result.state === 'patched' && result.object, { a: big, b: 1, c: big, d: [big, { deep: big }] });
  assert.equal(
    problemsOf(object, [{ op: 'test', path: '/a', value: 5 }])[0]?.message,
    'test "/a": the value is 9223372036854775808, not 5',
  );
});

test('a key that only looks like something else is a key', () => {
  const object: JsonObject = JSON.parse('{"data": {"hasOwnProperty": "x", "__proto__": "y"}}');
  const ops = [
    { op: 'test', path: '/data/hasOwnProperty', value: 'x' },
    { op: 'add', path: '/data/z', value: '1' },
  ];
  const result = applyJsonPatch(object, ops, PLAIN);
  assert.equal(
    JSON.stringify(result.state === 'patched' && result.object),
    '{"data":{"hasOwnProperty":"x","__proto__":"y","z":"1"}}',
  );
});

test('neither object nor patch changes, and one patch can be applied to many objects', () => {
  const object: JsonObject = parse('{a: {b: [1, {c: 2}]}, untouched: {x: 1}}');
  const ops: JsonValue = [
    { op: 'add', path: '/new', value: { k: [] } },
    { op: 'add', path: '/new/k/-', value: 1 },
    { op: 'add', path: '/a/b/1/d', value: 3 },
    { op: 'remove', path: '/a/b/0' },
  ];
  const before = JSON.stringify([object, ops]);
  const [first, second] = [applyJsonPatch(object, ops, PLAIN), applyJsonPatch(object, ops, PLAIN)];
  assert.equal(JSON.stringify([object, ops]), before);
  assert.deepEqual(first, second);
  assert.deepEqual(
    first.state === 'patched' && first.object,
    parse('{a: {b: [{c: 2, d: 3}]}, untouched: {x: 1}, new: {k: [1]}}'),
  );
  assert.equal(first.state === 'patched' && first.object['untouched'], object['untouched']);
});

test('a patch that fails changes nothing', () => {
  const object = { a: { b: 1 } };
  const ops = [
    { op: 'remove', path: '/a/b' },
    { op: 'remove', path: '/a/b' },
  ];
  assert.equal(problemsOf(object, ops)[0]?.op, 1);
  assert.deepEqual(object, { a: { b: 1 } });
});

test('the difference between two objects, applied to the first, gives the second', () => {
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('', 'x', 'a/b', 'm~n'));
  const key = fc.constantFrom('a', 'b/c', 'd~e', '', '0', '-');
  const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
    ),
  }));
  const object = fc.dictionary(key, tree, { maxKeys: 4 });
  fc.assert(
    fc.property(object, object, (from, to) => {
      const ops = jsonPatch.compare(from, to);
      const result = applyJsonPatch(from, JSON.parse(JSON.stringify(ops)), PLAIN);
      assert.ok(result.state === 'patched' && sameJson(result.object, to), JSON.stringify({ ops, result }));
    }),
    { seed: 20261121, numRuns: 500 },
  );
});

function problemsOf(object: JsonObject, ops: JsonValue): readonly JsonPatchProblem[] {
  const result = applyJsonPatch(object, ops, PLAIN);
  return result.state === 'failed' ? result.problems : [];
}
