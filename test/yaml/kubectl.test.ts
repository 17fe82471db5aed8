/**
 * Muster against kubectl. What kubectl makes of each snippet is recorded in `test/golden/yaml-kubectl.json`
 * (`node scripts/yaml-corpus.ts` writes it anew). Where the two differ, it is meant, and stands here with the reason;
 * `docs/yaml.md` says the same to people.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonValue } from '../../src/model/json.ts';
import { at, isObject, listAt, parseJson, printJson, sameJson, textAt } from '../../src/object/json.ts';
import { parseYaml } from '../../src/yaml.ts';

interface Difference {
  readonly reason: string;
  /** `refuses`: kubectl gives a value. `reads`: kubectl refuses. `other value`: both give one. */
  readonly muster: 'refuses' | 'reads' | 'other value';
  readonly snippets: readonly string[];
}

const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'explicit keys win over merged ones, as YAML says; in go-yaml the later of the two wins. Muster warns',
    muster: 'other value',
    snippets: ['a: &x {b: 1, c: 2}\nd: {b: 3, <<: *x}\n'],
  },
  {
    reason: 'keys must be text: kubectl makes text of them and loses how they were written (01 → 1, on → true)',
    muster: 'refuses',
    snippets: [
      '1: a\n',
      '01: a\n',
      '1.5: a\n',
      '1e3: a\n',
      '.inf: a\n',
      'true: a\n',
      'yes: a\n',
      'on: a\n',
      'off: a\n',
      'y: a\n',
      'n: a\n',
      'on: 1\n"true": 2\n',
      '1: a\n"1": b\n',
      'a: &x {on: 1}\nb: {<<: *x}\n',
      'x: &k 1\n*k : 1\n',
    ],
  },
  {
    reason: 'a key that stands twice: kubectl silently takes the last',
    muster: 'refuses',
    snippets: [
      'a: 1\na: 2\n',
      'a: 1\n"a": 2\n',
      'a: {b: 1, b: 2}\n',
      'a: 1\nb: 2\na: 3\n',
      'a: {<<: {b: 1, b: 2}}\n',
      'a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne:\n  <<: *x\n  <<: *y\n',
      '@\na: 1\n ---\n@\nb: 2\n',
      '{"apiVersion": "v1", "kind": "A", "metadata": {"name": "s"}, "a": 1, "a": 2}\n',
    ],
  },
  {
    reason: 'keys that make careless JavaScript change all its objects',
    muster: 'refuses',
    snippets: ['__proto__: 1\n', 'constructor: 1\n', 'prototype: {a: 1}\n', 'a: {__proto__: {b: 1}}\n'],
  },
  {
    reason: 'tags that kubectl ignores, and with them what their author meant',
    muster: 'refuses',
    snippets: [
      'v: !a\n',
      'v: !foo\n',
      'v: !foo a\n',
      'v: !foo 1\n',
      'v: !foo {a: 1}\n',
      'v: !foo [1]\n',
      'v: !Ref a\n',
      'v: !!foo a\n',
      'v: !<!foo> a\n',
      'v: !<foo> 1\n',
      'v: !!STR 1\n',
      'v: !!js/function a\n',
      '!foo a: 1\n',
      'v: !!map\n',
      'v: !!seq\n',
      'v: !!map a\n',
      'v: !!seq a\n',
      'v: !!map [a]\n',
      'v: !!seq {a: 1}\n',
      'v: !!str {a: 1}\n',
      'v: !!str [1]\n',
      'v: !!set {a, b}\n',
      'v: !!omap [a: 1]\n',
      'v: !!pairs [a: 1]\n',
      'v: !!merge <<\n',
      'a: {!!merge <<: {b: 1}}\n',
      'v: !!value =\n',
      'v: !!yaml a\n',
      'v: !!timestamp 2026-01-01\n',
      'v: !!timestamp "2026-01-01"\n',
    ],
  },
  {
    reason: 'bytes that are not text: kubectl puts U+FFFD in their place',
    muster: 'refuses',
    snippets: ['v: !!binary /w==\n'],
  },
  {
    reason: 'text behind the end of a document, which kubectl does not read and says nothing about',
    muster: 'refuses',
    snippets: ['@\na: 1\n...\n@\nb: 2\n', '@\na: 1\n...\n%YAML 1.1\n---\n@\nb: 2\n'],
  },
  {
    reason: 'characters that end a line for kubectl and for no editor, so that people see something else than it reads',
    muster: 'refuses',
    snippets: [
      'a: x\u0085  y\n',
      'a: x\u2029  y\n',
      'a: "x\u0085y"\n',
      'a: "x\u2028y"\n',
      'a: |\n  x\u2028  y\n',
      '# c\u2028a: 1\n',
      'a: 1\rb: 2\r',
      'a: "x\ry"\n',
    ],
  },
  {
    reason: 'a byte order mark that nobody sees, and that becomes a part of a name',
    muster: 'refuses',
    snippets: ['@\na: 1\n---\n\uFEFF@\nb: 2\n', 'a: x\uFEFFy\n', '\uFEFFa: 1\n'],
  },
  {
    reason: 'YAML 1.1 and 1.2 read these signs in braces and brackets differently: no reader is obviously right',
    muster: 'refuses',
    snippets: ['v: [a:]\n', 'v: [a:,b]\n', 'v: {a:}\n', 'v: {a:b:}\n', 'v: {a:, b: 1}\n', 'v: [?a]\n', 'v: {?a: 1}\n'],
  },
  {
    reason: 'the same outside of them, where YAML libraries disagree about the value',
    muster: 'refuses',
    snippets: [
      'v: "\\\n\n  a"\n',
      'v: "a\\\n\n  b"\n',
      'a: &b:c\n',
      'v: |2\n    a\n    \n',
      'v: |1-\n  \n  \n',
      'v: |2+\n    a\n      \nw: 1\n',
      'v:\n  - |1\n    a\n    \n  - b\n',
    ],
  },
  {
    reason:
      'not YAML 1.2: text that is not indented below its key, comments without a space, a list of bare minus signs',
    muster: 'refuses',
    snippets: [
      'v: "a\nb"\n',
      "v: 'a\nb'\n",
      'v: "a\n\tb"\n',
      'v: [\na\n]\n',
      'v: [\n\ta\n]\n',
      'v: {\n\t"a": 1\n}\n',
      'v: "a"# c\n',
      'v: |# comment\n  a\n',
      'v: [-, -a]\n',
    ],
  },
  {
    reason: 'YAML 1.2 allows it, and there is only one way to read it',
    muster: 'reads',
    snippets: [
      'v: "\\/"\n',
      'v: "\\ud83d\\ude00"\n',
      'a: "\\ud83d\\ude00"\n',
      'v: [http://a.b:80/c, a?b]\n',
      'v: [a ?b]\n',
      'v: |\n  \ta\n',
      'v:\n  -\ta\n',
      'v: 1\n\t\nw: 2\n',
      'v: 1\n\t# comment\nw: 2\n',
      'v: !<> 1\n',
    ],
  },
  {
    reason: 'to kubectl a .yaml file that begins with a brace is JSON; here only a .json file is',
    muster: 'reads',
    snippets: [
      '{apiVersion: v1, kind: A, metadata: {name: s}, a: yes}\n',
      '{"apiVersion": "v1", "kind": "A", "metadata": {"name": "s"}, "a": 0644}\n',
    ],
  },
  {
    reason: 'a value like any other: that it is no Kubernetes object is for the next stage to say',
    muster: 'reads',
    snippets: ['@\na: 1\n---\n- b\n', '@\na: 1\n---\ntext\n', '@\na: 1\n---\nb: 2\n'],
  },
];

interface Recorded {
  readonly snippet: string;
  readonly text: string;
  /** Undefined: kubectl refuses it. */
  readonly values: readonly JsonValue[] | undefined;
}

const recorded = readRecorded();

test('Muster reads every snippet as kubectl does, but for the differences that are listed with a reason', () => {
  const listed = new Map(
    DIFFERENCES.flatMap((each) => each.snippets.map((snippet) => [snippet, each.muster] as const)),
  );
  for (const { snippet, text, values } of recorded) {
    const ours = read(text);
    assert.equal(
      differenceOf(ours, values),
      listed.get(snippet) ?? 'same',
      `${JSON.stringify(snippet)}: kubectl ${show(values)}, Muster ${show(ours)}`,
    );
  }
});

test('the corpus is large, and every listed difference is in it', () => {
  assert.ok(recorded.length >= 900, String(recorded.length));
  const known = new Set(recorded.map(({ snippet }) => snippet));
  for (const snippet of DIFFERENCES.flatMap((each) => each.snippets)) {
    assert.ok(known.has(snippet), `${JSON.stringify(snippet)} is not in the corpus`);
  }
});

function differenceOf(
  ours: readonly JsonValue[] | undefined,
  kubectl: readonly JsonValue[] | undefined,
): Difference['muster'] | 'same' {
  if (ours === undefined) return kubectl === undefined ? 'same' : 'refuses';
  if (kubectl === undefined) return 'reads';
  return sameJson(ours, kubectl) ? 'same' : 'other value';
}

/** A `List` is unfolded by kubectl. */
function read(text: string): readonly JsonValue[] | undefined {
  const file = parseYaml(text);
  if (file.broken) return undefined;
  return file.documents
    .flatMap(({ value }) => (textAt(value, 'kind') === 'List' ? listAt(value, 'items') : [value]))
    .map(withoutHeader);
}

function withoutHeader(value: JsonValue): JsonValue {
  if (!isObject(value) || textAt(value, 'kind') !== 'Snippet') return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !['apiVersion', 'kind', 'metadata'].includes(key)));
}

function show(values: readonly JsonValue[] | undefined): string {
  return values === undefined ? 'refuses' : printJson(values);
}

function readRecorded(): readonly Recorded[] {
  const golden = parseJson(readFileSync(join(import.meta.dirname, '../golden/yaml-kubectl.json'), 'utf8'));
  const header = textAt(golden, 'header') ?? '';
  return listAt(golden, 'snippets').map((each) => {
    const snippet = textAt(each, 'snippet') ?? '';
    const text = snippet.includes('@\n') ? snippet.replaceAll('@\n', header) : header + snippet;
    const values = at(each, 'values') === undefined ? undefined : listAt(each, 'values');
    return { snippet, text: snippet.includes('kind') ? snippet : text, values };
  });
}
