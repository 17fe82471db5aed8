import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonValue } from '../../src/model/json.ts';
import { parseJson, printJson, sameJson } from '../../src/object/json.ts';
import { parseYaml } from '../../src/yaml.ts';
import { printYaml, printYamlDocuments } from '../../src/yaml/print.ts';

test('a manifest is printed as people would write it', () => {
  const value = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: {}, annotations: { 'a/b': 'true', note: '' } },
    spec: {
      replicas: 3,
      paused: false,
      template: {
        spec: {
          containers: [
            { name: 'web', image: 'nginx:1.27', args: ['--port=80', '-v', '*.example.com'], env: [] },
            { name: 'side', command: ['sh', '-c', 'set -e\nexec side\n'] },
          ],
          matrix: [[1, [2, 3]], []],
        },
      },
      nothing: null,
    },
  };
  assert.equal(
    printYaml(value),
    `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {}
  annotations:
    a/b: "true"
    note: ""
spec:
  replicas: 3
  paused: false
  template:
    spec:
      containers:
        - name: web
          image: nginx:1.27
          args:
            - --port=80
            - -v
            - "*.example.com"
          env: []
        - name: side
          command:
            - sh
            - -c
            - |
              set -e
              exec side
      matrix:
        - - 1
          - - 2
            - 3
        - []
  nothing: null
`,
  );
});

test('text of several lines is a block that keeps its end, unless readers disagree about it', () => {
  const cases: readonly (readonly [text: string, printed: string])[] = [
    ['a\nb\n', '|\n  a\n  b\n'],
    ['a\nb', '|-\n  a\n  b\n'],
    ['a\n\n\n', '|+\n  a\n\n\n'],
    ['a\n\n  b\n# c\n', '|\n  a\n\n    b\n  # c\n'],
    ['a\r\nb\n', '"a\\r\\nb\\n"\n'],
    [' a\nb\n', '" a\\nb\\n"\n'],
    ['\na\n', '"\\na\\n"\n'],
    ['a\n  \nb\n', '"a\\n  \\nb\\n"\n'],
    ['\n', '"\\n"\n'],
  ];
  for (const [text, printed] of cases) assert.equal(printYaml({ k: text }), `k: ${printed}`);
});

test('text is quoted where some reader would take it for something else, as value and as key', () => {
  const quoted = [
    '',
    '~',
    'null',
    'NULL',
    'yes',
    'No',
    'on',
    'OFF',
    'y',
    'N',
    'true',
    'False',
    '.inf',
    '-.INF',
    '.nan',
    'nan',
  ];
  const numbers = [
    '0',
    '0644',
    '0o7',
    '08',
    '1_000',
    '1e3',
    '1.5',
    '.5',
    '5.',
    '+1',
    '-1',
    '0x1F',
    '0b11',
    '12:30',
    '1:2.5',
  ];
  const dates = ['2026-01-01', '2026-01-01T00:00:00Z', '2026-1-1 0:0:0'];
  const signs = [
    '- a',
    '-',
    '? a',
    ': a',
    'a: b',
    'a:',
    'a #b',
    '#a',
    ' a',
    'a ',
    '[a',
    '{a',
    '}',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '"',
    "'",
    '=',
    '<<',
    '---',
    '---a',
    '...',
    'a\tb',
    ',',
  ];
  for (const text of [...quoted, ...numbers, ...dates, ...signs]) {
    assert.equal(printYaml([text]), `- ${JSON.stringify(text)}\n`);
    assert.equal(printYaml({ [text]: 1 }), `${JSON.stringify(text)}: 1\n`);
  }
  for (const text of [
    'a',
    '1.2.3',
    '10.0.0.1',
    '10.0.0.0/8',
    '50m',
    '1Gi',
    'v1',
    'nginx:1.27',
    '--a=b',
    '-v',
    '/a',
    'a#b',
    "it's",
    'a, b',
    '$(A)',
    'é',
    'a{b}',
    'yes no',
    'x=y',
    '_',
  ]) {
    assert.equal(printYaml([text]), `- ${text}\n`);
    assert.equal(printYaml({ [text]: 1 }), `${text}: 1\n`);
  }
});

test('what an editor hides is printed as an escape', () => {
  assert.equal(
    printYaml('a\u00A0b\u200Bc\uFEFF\u2028\u0007\u007F'),
    '"a\\u00a0b\\u200bc\\ufeff\\u2028\\u0007\\u007f"\n',
  );
});

test('numbers keep their digits, and a large exponent has the point that YAML 1.1 wants', () => {
  assert.equal(
    printYaml([9223372036854775807n, 1e21, -1.5e-9, 0.1, -0]),
    '- 9223372036854775807\n- 1.0e+21\n- -1.5e-9\n- 0.1\n- 0\n',
  );
});

test('nothing is shared: a value that stands twice is printed twice', () => {
  const shared = { a: 1 };
  assert.equal(printYaml({ x: shared, y1: shared }), 'x:\n  a: 1\ny1:\n  a: 1\n');
});

test('documents are parted by markers', () => {
  assert.equal(printYamlDocuments([{ a: 1 }, 'x', []]), '---\na: 1\n---\nx\n---\n[]\n');
  assert.equal(printYamlDocuments([]), '');
});

const hostileText = fc
  .array(
    fc.constantFrom(
      '\n',
      ' ',
      '\t',
      '\r',
      'a',
      '-',
      ':',
      '#',
      '"',
      "'",
      '|',
      '>',
      '0',
      '1',
      '.',
      'e',
      '_',
      'yes',
      '~',
      'null',
      '\\',
      '{',
      '}',
      '[',
      ']',
      '&',
      '*',
      '!',
      '%',
      '@',
      '`',
      '?',
      ',',
      '=',
      '\u0085',
      '\u2028',
      '\uFEFF',
      '\0',
      '😀',
      'é',
      '---',
      '...',
      '<<',
      '\u00A0',
      'x: y',
      '# c',
      '/',
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));
const text = fc.oneof(hostileText, fc.string(), fc.string({ unit: 'binary' }));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key)),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

test('what is printed reads back as the same value, without a warning about text', () => {
  fc.assert(
    fc.property(value, (each) => {
      const printed = printYaml(each);
      const file = parseYaml(printed);
      const problems = file.problems.filter(({ code }) => code !== 'YAML_VALUE'); // Doubles beyond 64 bits are rounded.
      assert.deepEqual(problems, [], printed);
      assertSame(file.documents[0]?.value ?? null, each, printed);
    }),
    { seed: 1, numRuns: 3_000 },
  );
});

test('documents read back one by one', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      const printed = printYamlDocuments(values);
      const { documents } = parseYaml(printed);
      const read = values.map((_, at) => documents.find(({ index }) => index === at)?.value ?? null);
      assertSame(read, values, printed);
    }),
    { seed: 2, numRuns: 300 },
  );
});

test('a key longer than readers look for its colon is announced by a question mark', () => {
  const key = 'k'.repeat(2_000);
  const printed = printYaml({ [key]: { a: [1] }, b: 2 });
  assert.equal(printed, `? ${key}\n:\n  a:\n    - 1\nb: 2\n`);
  assertSame(parseYaml(printed).documents[0]?.value ?? null, { [key]: { a: [1] }, b: 2 }, printed);
});

const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

test('kubectl reads the same back', { skip: kubectl ? false : 'kubectl is not on this machine' }, () => {
  const values = fc.sample(value, { seed: 3, numRuns: 300 });
  const keys = fc.sample(text, { seed: 4, numRuns: 300 });
  const list = values.map((each, at) => ({ [`${at} ${keys[at]}`]: each }));
  const object = { apiVersion: 'muster.test/v1', kind: 'Snippet', metadata: { name: 's' }, list };
  const args = ['patch', '--local', '--type=merge', '-p', '{}', '-o', 'json', '-f', '-'];
  const { status, stdout, stderr } = spawnSync('kubectl', args, { input: printYaml(object), encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assertSame(parseJson(stdout), object, '');
});

/** Numbers as JSON has them: an integer that a double cannot hold exactly becomes a `bigint`. */
function assertSame(actual: JsonValue, expected: JsonValue, message: string): void {
  assert.ok(
    sameJson(actual, parseJson(printJson(expected))),
    `${message}\n${printJson(actual)}\n${printJson(expected)}`,
  );
}
