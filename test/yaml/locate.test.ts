import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../src/yaml.ts';
import { createLocator, type Pointer } from '../../src/yaml/locate.ts';

/** `3:5` of the key and of the value. */
function places(text: string, document: number, pointer: Pointer, format: 'yaml' | 'json' = 'yaml'): string {
  return (['key', 'value'] as const)
    .map((part) => createLocator(text, format)(document, pointer, part))
    .map(({ line, column }) => `${line}:${column}`)
    .join(' ');
}

const FILE = `# a licence
kind: A
spec:
  replicas: 3
  containers:
    - name: web
      args: [--a, "b"]
    -
      name: side
---
# second
kind: B
metadata:
  labels: {app.kubernetes.io/name: x, "q/r": y}
empty:
`;

test('a key and a value are found by their path, in the document that is asked for', () => {
  assert.equal(places(FILE, 0, []), '2:1 2:1');
  assert.equal(places(FILE, 0, ['kind']), '2:1 2:7');
  assert.equal(places(FILE, 0, ['spec']), '3:1 4:3');
  assert.equal(places(FILE, 0, ['spec', 'replicas']), '4:3 4:13');
  assert.equal(places(FILE, 0, ['spec', 'containers', 0]), '6:7 6:7');
  assert.equal(places(FILE, 0, ['spec', 'containers', '1', 'name']), '9:7 9:13');
  assert.equal(places(FILE, 0, ['spec', 'containers', 0, 'args', 1]), '7:19 7:19');
  assert.equal(places(FILE, 1, []), '12:1 12:1');
  assert.equal(places(FILE, 1, ['metadata', 'labels', 'app.kubernetes.io/name']), '14:12 14:36');
  assert.equal(places(FILE, 1, ['metadata', 'labels', 'q/r']), '14:39 14:46');
  assert.equal(places(FILE, 1, ['empty']).split(' ')[0], '15:1');
});

test('a path that leads nowhere gives the key of the nearest thing that is there', () => {
  assert.equal(places(FILE, 0, ['spec', 'template', 'spec']), '3:1 3:1');
  assert.equal(places(FILE, 0, ['spec', 'replicas', 'x']), '4:3 4:3');
  assert.equal(places(FILE, 0, ['spec', 'containers', 5, 'name']), '5:3 5:3');
  assert.equal(places(FILE, 0, ['spec', 'containers', 1, 'image']), '9:7 9:7');
  assert.equal(places(FILE, 0, ['nothing']), '2:1 2:1');
  assert.equal(places(FILE, 7, ['kind']), '1:1 1:1');
});

test('an item of a List is found like everything else', () => {
  const list = 'kind: List\nitems:\n- kind: A\n  metadata:\n    name: a\n- kind: B\n  metadata: {name: b}\n';
  assert.equal(places(list, 0, ['items', 1]), '6:3 6:3');
  assert.equal(places(list, 0, ['items', 0, 'metadata', 'name']), '5:5 5:11');
  assert.equal(places(list, 0, ['items', 1, 'metadata', 'name']), '7:14 7:20');
});

test('what an alias or a merge brings stands where its anchor is', () => {
  const text = `a: &a
  p: 1
b: &b {q: 2, r: 3}
c: *a
d:
  <<: [*a, *b]
  r: 4
e: &a {p: 5}
f:
  <<: *a
`;
  assert.equal(places(text, 0, ['c', 'p']), '2:3 2:6');
  assert.equal(places(text, 0, ['c']), '4:1 2:3');
  assert.equal(places(text, 0, ['d', 'q']), '3:8 3:11');
  assert.equal(places(text, 0, ['d', 'p']), '2:3 2:6');
  assert.equal(places(text, 0, ['d', 'r']), '7:3 7:6', 'written keys win');
  assert.equal(places(text, 0, ['f', 'p']), '8:8 8:11', 'the latest anchor before the alias counts');
  assert.equal(places('k: &k name\nm: {*k : 1}\n', 0, ['m', 'name']), '2:5 2:10');
});

test('maps that merge one another in a circle end the search', () => {
  assert.equal(places('a: &a {<<: *a, p: 1}\n', 0, ['a', 'q']), '1:1 1:1');
  assert.equal(places('a: &a {b: &b {<<: *a}, <<: *b}\n', 0, ['a', 'b', 'q']), '1:8 1:8');
});

test('JSON files have places too', () => {
  const text = '{\n\t"a": [1, {"b": "x"}]\n}';
  assert.equal(places(text, 0, ['a', 1, 'b'], 'json'), '2:12 2:17');
});

test('a byte order mark and line ends of Windows move nothing', () => {
  assert.equal(places('\uFEFFa: 1\r\nb:\r\n  c: 2\r\n', 0, ['b', 'c']), '3:3 3:6');
});

test('a file that cannot be read has one place', () => {
  assert.equal(places('a: [', 0, ['a']), '1:1 1:1');
  assert.equal(places('a: 1\u0007', 0, ['a']), '1:1 1:1');
  assert.equal(places('['.repeat(50_000), 0, [0, 0]), '1:1 1:1');
});

test('the start of a document is the same for both readers', () => {
  for (const text of [FILE, '--- # x\n- a\n---\n\n  b: 1\n', '---\n&a !!map\nk: 1\n']) {
    for (const { index, line, column } of parseYaml(text).documents) {
      assert.deepEqual(createLocator(text)(index, [], 'value'), { line, column });
    }
  }
});
