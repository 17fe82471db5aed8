import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { invariant } from '../../src/model/errors.ts';
import { at, isObject, listAt, textAt } from '../../src/object/json.ts';
import { applyOperations } from '../../src/render/apply-operations.ts';
import { parseYaml } from '../../src/yaml.ts';

function yaml(text: string): JsonValue {
  return parseYaml(text).documents[0]?.value ?? null;
}

function objectOf(text: string): JsonObject {
  const value = yaml(text);
  invariant(isObject(value), 'the test begins with an object');
  return value;
}

/** The object after the operations, or what is wrong: `error /0/value: message`. */
function apply(object: JsonObject, ops: string): JsonObject | readonly string[] {
  const result = applyOperations(object, yaml(ops), { secret: false });
  const print = (each: { severity: string; pointer: string; message: string }): string =>
    `${each.severity} ${each.pointer}: ${each.message}`;
  if (result.state === 'failed') return result.problems.map(print);
  return result.warnings.length > 0 ? result.warnings.map(print) : result.object;
}

/** The first container of a Pod; `undefined` where the operations went wrong. */
function containerOf(result: JsonValue): JsonValue | undefined {
  return listAt(result, 'spec', 'containers')[0];
}

const pod = (image: string): JsonObject =>
  objectOf(`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: "${image}"}]}}`);

function image(before: string, operation: string): unknown {
  const result = apply(pod(before), `[{op: image, ${operation}}]`);
  return textAt(containerOf(result), 'image') ?? result;
}

const DIGEST = `sha256:${'5'.repeat(64)}`;

const IMAGES: readonly (readonly [before: string, operation: string, after: string])[] = [
  ['nginx', 'component: registry, action: replace, value: r.example.com', 'r.example.com/nginx'],
  ['library/nginx:1', 'component: registry, action: replace, value: r.example.com', 'r.example.com/library/nginx:1'],
  ['localhost/nginx:1', 'component: registry, action: remove', 'nginx:1'],
  ['r.io:5000/a/b:1', 'component: registry, action: add, value: ".mirror"', 'r.io:5000.mirror/a/b:1'],
  ['r.io:5000/a/b', 'component: tag, action: add, value: "2"', 'r.io:5000/a/b:2'],
  ['r.io/a:1', 'component: repository, action: add, value: /b', 'r.io/a/b:1'],
  ['r.io/a:1', `component: tag, action: replace, value: "${DIGEST}"`, `r.io/a@${DIGEST}`],
  [`r.io/a@${DIGEST}`, 'component: tag, action: replace, value: "2"', 'r.io/a:2'],
  [`r.io/a:1@${DIGEST}`, 'component: registry, action: replace, value: s.io', `s.io/a:1@${DIGEST}`],
  [`r.io/a:1@${DIGEST}`, 'component: tag, action: remove', 'r.io/a'],
];

test('image changes one part and leaves the others', () => {
  for (const [before, operation, after] of IMAGES)
    assert.equal(image(before, operation), after, `${before}: ${operation}`);
});

test('image says what it cannot do', () => {
  assert.deepEqual(image('a:1', 'component: tag, action: add, value: ":2"'), [
    'warning /0/value: "1:2" is neither a tag nor a digest, so the image "a:1" stays as it is',
  ]);
  assert.deepEqual(image('a:1', 'component: repository, action: remove'), [
    'error /0/action: without its repository nothing is left of the image "a:1"',
  ]);
  assert.deepEqual(image('a:1', 'component: tag, action: remove, path: /spec/containers/7/image'), [
    'error /0/path: "/spec/containers/7/image" is no text, so it is no image',
  ]);
  assert.deepEqual(image('a:1', 'component: host, action: remove'), [
    'error /0/component: the component of an image is "registry", "repository" or "tag"',
  ]);
});

test('args and command are changed by the name of the container, and made where there are none', () => {
  const change = (ops: string): unknown => {
    const result = apply(pod('a'), ops);
    return containerOf(result) ?? result;
  };
  assert.deepEqual(
    change(
      '[{op: args, container: app, action: add, value: [x]}, {op: args, container: app, action: add, value: [z, x]}, {op: args, container: app, action: remove, value: [x]}]',
    ),
    {
      name: 'app',
      image: 'a',
      args: ['z'],
    },
  );
  assert.deepEqual(change('[{op: command, container: ap, action: add, value: [x]}]'), [
    'warning /0/container: Pod "p" has no container "ap"',
  ]);
});

test('labels and annotations are made by add only', () => {
  const object = objectOf('{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {a/b: x}}}');
  const ops =
    '[{op: labels, action: replace, value: {a/b: w, other: z}}, {op: annotations, action: remove, value: {q: r}}, {op: annotations, action: add, value: {s: t}}]';
  assert.deepEqual(at(apply(object, ops), 'metadata'), {
    name: 'c',
    labels: { 'a/b': 'w' },
    annotations: { s: 't' },
  });
});

/** The data of a ConfigMap after a change of its one file. */
function text(before: string, operation: string): unknown {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { file: before } };
  const result = apply(object, `[{op: text, path: /data/file, ${operation}}]`);
  return at(result, 'data', 'file') ?? result;
}

test('text changes one value of a YAML file and leaves comments and layout', () => {
  const before = '# settings\nserver:   # public\n  port: 80\n  host: "a"\nlist: [1, 2]\n';
  assert.equal(
    text(
      before,
      'format: yaml, ops: [{op: replace, path: /server/port, value: 81}, {op: add, path: /server/tls, value: true}]',
    ),
    '# settings\nserver:   # public\n  port: 81\n  host: "a"\n  tls: true\nlist: [1, 2]\n',
  );
});

test('text prints a file anew where a change is more than one scalar', () => {
  assert.equal(text('a: {b: 1, c: 2}\nd: x', 'format: yaml, ops: [{op: remove, path: /a/b}]'), 'a:\n  c: 2\nd: x\n');
  assert.equal(text('- 1\n- 2\n', 'format: yaml, ops: [{op: replace, path: /1, value: 3}]'), '- 1\n- 3\n');
});

test('text copies and moves within the file', () => {
  assert.equal(text('a: 1\n', 'format: yaml, ops: [{op: copy, from: /a, path: /b}]'), 'a: 1\nb: 1\n');
  assert.equal(text('{"a":1}', 'format: json, ops: [{op: move, from: /a, path: /b}]'), '{"b":1}');
});

test('text reads no file that is nested without an end, or has a key twice', () => {
  for (const file of ['['.repeat(8000) + ']'.repeat(8000), '{"a":1,"a":2}']) {
    assert.match(
      JSON.stringify(text(file, 'format: json, ops: [{op: add, path: /b, value: 1}]')),
      /not one document of JSON/,
    );
  }
});

test('text keeps how a JSON file is indented', () => {
  assert.equal(text('{"a":{"b":1}}', 'format: json, ops: [{op: replace, path: /a/b, value: 2}]'), '{"a":{"b":2}}');
  assert.equal(
    text('{\n    "a": 1\n}\n', 'format: json, ops: [{op: add, path: /b, value: x}]'),
    '{\n    "a": 1,\n    "b": "x"\n}\n',
  );
});

test('text says what it cannot do', () => {
  assert.deepEqual(text('a: 1', 'format: yaml, ops: [{op: remove, path: /b/c}]'), [
    'error /0/ops/0: remove "/b/c": the file has no "b"',
  ]);
  assert.deepEqual(text('{', 'format: json, ops: [{op: remove, path: /a}]'), [
    'error /0/path: the text is not one document of JSON',
  ]);
  assert.deepEqual(text('a: 1\n---\nb: 2\n', 'format: yaml, ops: [{op: remove, path: /a}]'), [
    'error /0/path: the text is not one document of YAML',
  ]);
});

test('a list is applied whole or not at all, and problems say which operation', () => {
  const ops = '[{op: labels, action: add, value: {a: b}}, {op: remove, path: /spec/nothing}]';
  assert.deepEqual(apply(pod('a'), ops), ['error /1/path: remove "/spec/nothing": "/spec" has no "nothing"']);
});

test('a field that an operation does not have is an error with the right name, and nothing is changed', () => {
  const refused = (operation: string): unknown => {
    const result = applyOperations(pod('nginx'), yaml(`[{op: add, path: /metadata/labels, value: {}}, ${operation}]`), {
      secret: false,
    });
    return result.state === 'failed' ? result.problems : result;
  };
  const unknown = { code: 'UNKNOWN_FIELD', severity: 'error' } as const;
  const says = (name: string, field: string, help: string): object[] => [
    { ...unknown, message: `the operation ${name} has no field "${field}"`, help, pointer: `/1/${field}`, part: 'key' },
  ];
  assert.deepEqual(
    refused('{op: labels, action: add, value: {tier: front}, path: /spec/template/metadata/labels}'),
    says('labels', 'path', 'It has: action, value.'),
  );
  assert.deepEqual(
    refused('{op: args, containerName: app, action: add, value: [-v]}'),
    says('args', 'containerName', 'Did you mean "container"?'),
  );
  assert.deepEqual(
    refused('{op: image, componnent: tag, component: tag, action: remove}'),
    says('image', 'componnent', 'Did you mean "component"?'),
  );
  assert.deepEqual(
    refused('{op: text, path: /data/x, formt: yaml, ops: []}'),
    says('text', 'formt', 'Did you mean "format"?'),
  );
});
