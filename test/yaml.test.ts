import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { isObject, printJson } from '../src/object/json.ts';
import { MAX_PROBLEMS, type ParseOptions, parseYaml } from '../src/yaml.ts';

/** `1:4 CODE message`, one for each problem. */
function problemsOf(content: string | Uint8Array, options?: ParseOptions): readonly string[] {
  return parseYaml(content, options).problems.map((each) => `${each.line}:${each.column} ${each.code} ${each.message}`);
}

/** The value of a file of one document without any problem. */
function valueOf(content: string | Uint8Array, options?: ParseOptions): unknown {
  const file = parseYaml(content, options);
  assert.deepEqual(file.problems, [], String(content));
  assert.equal(file.documents.length, 1, String(content));
  return file.documents[0]?.value;
}

/** Asserts the only problem, which is an error. */
function assertError(content: string | Uint8Array, expected: string, options?: ParseOptions): void {
  assert.deepEqual(problemsOf(content, options), [expected], String(content).slice(0, 200));
  assert.equal(parseYaml(content, options).broken, true);
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

suite('documents', () => {
  test('each has its number and the place of its first node; those with nothing in them are counted and left out', () => {
    const text = '# a licence\n---\n---\n\n# what this is\n  a: 1\n---\n# nothing\n---\n~\n---\n- b\n';
    assert.deepEqual(parseYaml(text), {
      documents: [
        { index: 1, value: { a: 1 }, line: 6, column: 3 },
        { index: 4, value: ['b'], line: 12, column: 1 },
      ],
      problems: [],
      broken: false,
    });
  });

  test('a file may begin without a marker, and what stands before the first marker counts only if it is content', () => {
    assert.deepEqual(
      parseYaml('a: 1\n---\nb: 2').documents.map(({ index }) => index),
      [0, 1],
    );
    assert.deepEqual(
      parseYaml('\n# c\n---\nb: 2').documents.map(({ index }) => index),
      [0],
    );
  });

  test('a file with nothing in it is no mistake', () => {
    for (const text of ['', '\n', '# c', '---', '---\n...\n', '---\n# c\n---\n']) {
      assert.deepEqual(parseYaml(text), { documents: [], problems: [], broken: false }, JSON.stringify(text));
    }
  });

  test('a mistake in one document leaves the others, whatever it left open', () => {
    for (const mistake of ['a: "x', 'a: [1', "a: 'x", 'a: {b: 1', 'a: }', 'a: 1\n b: 2', 'a: &x [*x]', 'a: 1\na: 2']) {
      const file = parseYaml(`first: 1\n---\n${mistake}\n---\nlast: 1\n`);
      assert.deepEqual(
        file.documents.map(({ index, value }) => [index, value]),
        [
          [0, { first: 1 }],
          [2, { last: 1 }],
        ],
        mistake,
      );
      assert.equal(file.broken, true);
      assert.equal(file.problems.length, 1, mistake);
    }
  });

  test('line ends of Windows and a byte order mark at the start change no value and no position', () => {
    const file = parseYaml(utf8('\uFEFFa: |\r\n  x\r\n  y\r\n---\r\n b: "c\r\n   d"\r\n'));
    assert.deepEqual(file.documents, [
      { index: 0, value: { a: 'x\ny\n' }, line: 1, column: 1 },
      { index: 1, value: { b: 'c d' }, line: 5, column: 2 },
    ]);
  });

  test('what a document ends with three dots, it ends', () => {
    assert.deepEqual(valueOf('a: 1\n...\n# c\n'), { a: 1 });
    assertError(
      'a: 1\n...\nb: 2\n',
      '3:1 YAML_SYNTAX text stands behind the end of the document (...), where kubectl does not read it',
    );
  });
});

suite('values', () => {
  test('are those of kubectl: YAML 1.1 with the rules of go-yaml', () => {
    const cases: Readonly<Record<string, unknown>> = {
      '0o644': 420,
      '1_000': 1000,
      '0x1F': 31,
      '12:30:45': '12:30:45',
      '2026-01-01': '2026-01-01',
      '1e3': 1000,
      '1.0': 1,
      '-0': 0,
      '.5': 0.5,
      '1e1000': '1e1000',
      '!!str 12': '12',
      '!!int "12"': 12,
      '!!bool "yes"': true,
      '!!binary aGk=': 'hi',
      '"\\ud83d\\ude00"': '😀',
    };
    for (const [text, value] of Object.entries(cases)) {
      assert.deepEqual(valueOf(`v: ${text}`), { v: value }, text);
    }
  });

  test('integers of 64 bits stay exact, and those beyond are rounded aloud', () => {
    assert.deepEqual(valueOf('v: 9007199254740991'), { v: 9007199254740991 });
    assert.deepEqual(valueOf('v: 9007199254740993'), { v: 9007199254740993n });
    assert.deepEqual(valueOf('v: -9223372036854775808'), { v: -9223372036854775808n });
    const file = parseYaml('v: 9223372036854775808');
    assert.deepEqual(file.documents[0]?.value, { v: 9223372036854776000n }, 'as the API server prints it');
    assert.deepEqual(
      file.problems.map(({ severity, code }) => [severity, code]),
      [['warning', 'YAML_VALUE']],
    );
    assert.equal(file.broken, false);
  });

  test('what JSON has no value for is an error', () => {
    assertError('v: .inf', '1:4 YAML_VALUE JSON has no value for .inf and .nan');
    assertError('v: -.INF', '1:4 YAML_VALUE JSON has no value for .inf and .nan');
    assertError('v: .nan', '1:4 YAML_VALUE JSON has no value for .inf and .nan');
    assertError('v: "\\ud83d"', '1:4 YAML_VALUE double quotes hold half of a surrogate pair, which is no character');
    assertError('v: !!int a', '1:10 YAML_VALUE the value is not what its tag !!int says');
    assertError('v: !!binary "?"', '1:13 YAML_VALUE the value is not the base64 that its tag !!binary says');
  });

  test('a tag that is not one of YAML itself is refused, and not repeated: it may be the beginning of a password', () => {
    const refused = (tag: string): string => `${tag} has no meaning here; kubectl would ignore it`;
    assertError('v: !Ref x', `1:9 YAML_VALUE ${refused('this tag')}`);
    assertError('v: !vault\n  x: 1', `2:3 YAML_VALUE ${refused('this tag')}`);
    assertError('v: !!set {a}', `1:10 YAML_VALUE ${refused('the tag !!set')}`);
    assertError('v: !!S3cret pw', `1:13 YAML_VALUE ${refused('this tag')}`);
    assertError('v: !<tag:example.com,2000:x> 1', `1:30 YAML_VALUE ${refused('this tag')}`);
    assert.deepEqual(valueOf('v: !!map {a: !!seq [!!str 1]}'), { v: { a: ['1'] } });
  });
});

suite('keys', () => {
  test('that are not text are refused, with the quotes that make them text', () => {
    for (const key of ['1', '1.5', 'true', 'on', 'y', 'null', '~', '0x1', '.inf']) {
      const message = `1:1 YAML_VALUE the key "${key}" is a number, a boolean or null; keys must be text`;
      assertError(`${key}: a`, message);
      assert.equal(parseYaml(`${key}: a`).problems[0]?.help, `Quote it: "${key}".`);
      assert.deepEqual(valueOf(`"${key}": a`), { [key]: 'a' });
    }
    assertError(': a', '1:1 YAML_VALUE a colon has no key before it');
    assertError('? [a]\n: b', '1:3 YAML_VALUE a key is a map or a list; keys must be text');
    assertError('a: &k 1\n*k : b', '2:1 YAML_VALUE a key is not text');
  });

  test('that stand twice are refused, with both places', () => {
    const twice = (name: string, place: string): string =>
      `DUPLICATE_KEY the key ${name} stands twice in one map, first at ${place}`;
    assertError('a: 1\nb: 2\na: 3\n', `3:1 ${twice('"a"', '1:1')}`);
    assertError('x:\n  - {a: 1, "a": 2}\n', `2:12 ${twice('"a"', '2:6')}`);
    assertError('a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n', `4:3 ${twice('<<', '3:3')}`);
    assert.deepEqual(
      problemsOf('on: 1\n"true": 2\n').length,
      1,
      'what kubectl would make one key is no key to begin with',
    );
  });

  test('that reach into the prototypes of JavaScript are refused everywhere, and nothing is touched', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', '"__proto__"', '!!str __proto__']) {
      for (const text of [
        `${key}: {polluted: 1}`,
        `a: [{${key}: {polluted: 1}}]`,
        `a: &a {${key}: {polluted: 1}}\nb: {<<: *a}`,
      ]) {
        const file = parseYaml(text);
        assert.equal(file.broken, true, text);
        assert.match(String(file.problems[0]?.message), /is refused: it can change the programs that read it/, text);
        assert.equal('polluted' in {}, false);
      }
    }
    assert.deepEqual(valueOf('toString: 1\nhasOwnProperty: 2'), { toString: 1, hasOwnProperty: 2 });
  });
});

suite('warnings', () => {
  test('name unquoted words that are read as booleans', () => {
    for (const word of ['yes', 'No', 'ON', 'off', 'y', 'N']) {
      const value = /^[yo]n?(?:es)?$/i.test(word);
      const file = parseYaml(`a: ${word}\nb: "${word}"\nc: [${word}]\n`);
      assert.equal(file.broken, false);
      assert.deepEqual(file.documents[0]?.value, { a: value, b: word, c: [value] });
      const message = `AMBIGUOUS_SCALAR ${word} without quotes is read as the boolean ${value}`;
      assert.deepEqual(problemsOf(`a: ${word}\nb: "${word}"\nc: [${word}]\n`), [`1:4 ${message}`, `3:5 ${message}`]);
      assert.equal(file.problems[0]?.severity, 'warning');
      assert.equal(file.problems[0]?.help, `Write ${value}, or quote it if you mean text.`);
    }
    assert.deepEqual(problemsOf('a: true\nb: False\nc: |\n  yes\nd: !!bool yes\n'), []);
  });

  test('name integers with a leading zero, which are octal, or are not, and never the number itself', () => {
    for (const number of ['0644', '-010', '08', '0_7']) {
      assert.deepEqual(problemsOf(`a: ${number}`), [
        '1:4 AMBIGUOUS_SCALAR a number with a leading zero is read as octal if its digits allow that, else as decimal',
      ]);
    }
    assert.deepEqual(problemsOf('a: 0\nb: 0o644\nc: 0x1F\nd: 0.5\ne: "0644"\nf: 00.5\n'), []);
  });

  test('say nothing of an octal file mode, which everybody writes so', () => {
    const file = parseYaml('defaultMode: 0755\nitems: [{key: a, mode: 0644}]\nb: {mode: &m 0400}\n');
    assert.deepEqual(file.problems, []);
    assert.deepEqual(file.documents[0]?.value, {
      defaultMode: 493,
      items: [{ key: 'a', mode: 420 }],
      b: { mode: 256 },
    });
    for (const text of ['mode: 0899', 'mode: -0644', 'mode: [0644]', 'mode: {a: 0644}', 'port: 0644', 'mode: on']) {
      assert.equal(problemsOf(text).length, 1, text);
    }
  });
});

suite('bytes and characters', () => {
  test('what is not UTF-8 is refused with the byte', () => {
    assertError(bytes(0x61, 0x3a, 0x0a, 0x62, 0xff), '2:2 NOT_TEXT the file is not UTF-8 at byte 4');
    assertError(bytes(...utf8('é😀\uFFFD: '), 0xc3), '1:7 NOT_TEXT the file is not UTF-8 at byte 11');
    assertError(bytes(0xed, 0xa0, 0x80), '1:1 NOT_TEXT the file is not UTF-8 at byte 0');
    assert.deepEqual(valueOf(utf8('a: é😀\uFFFD')), { a: 'é😀\uFFFD' });
  });

  test('UTF-16 is called by its name', () => {
    assertError(bytes(0xff, 0xfe, 0x61, 0x00), '1:1 NOT_TEXT the file is UTF-16');
    assertError(bytes(0xfe, 0xff, 0x00, 0x61), '1:1 NOT_TEXT the file is UTF-16');
    assertError(bytes(0x61, 0x00, 0x3a, 0x00), '1:2 NOT_TEXT the file holds NUL bytes: it is binary, or UTF-16');
  });

  test('characters that YAML does not allow, or that only kubectl takes for a line end, are refused where they stand', () => {
    const cases: readonly (readonly [text: string, problem: string])[] = [
      ['a: 1\nb: x\u0007', '2:5 NOT_TEXT the file holds the character U+0007, which YAML does not allow'],
      ['a: x\u007F', '1:5 NOT_TEXT the file holds the character U+007F, which YAML does not allow'],
      ['a: x\uFFFE', '1:5 NOT_TEXT the file holds the character U+FFFE, which YAML does not allow'],
      ['a: 1\n\uFEFFb: 2', '2:1 NOT_TEXT a byte order mark (U+FEFF) stands inside the file, where nobody can see it'],
      ['# a\u2028b: 1', '1:4 YAML_SYNTAX the character U+2028 ends a line for kubectl and for nobody else'],
      ['a: x\u0085', '1:5 YAML_SYNTAX the character U+0085 ends a line for kubectl and for nobody else'],
      ['a: 1\rb: 2\r', '1:5 YAML_SYNTAX a line ends with CR alone'],
    ];
    for (const [text, problem] of cases) assertError(text, problem);
    assert.deepEqual(valueOf('a: "\\u2028\\x07"'), { a: '\u2028\u0007' });
  });
});

suite('files that are something else', () => {
  test('a committed merge conflict is one error at its first marker', () => {
    const text = 'a: 1\n<<<<<<< HEAD\nb: 1\n||||||| 123abc\nb: 0\n=======\nb: 2\n>>>>>>> topic\n';
    assertError(text, '2:1 CONFLICT_MARKER a merge conflict was committed with its markers');
    assertError('a: 1\r\n=======\r\nb: 1\r\n', '2:1 CONFLICT_MARKER a merge conflict was committed with its markers');
    assert.deepEqual(valueOf('a: |\n  <<<<<<< HEAD\n  =======\n'), { a: '<<<<<<< HEAD\n=======\n' });
  });

  test('a Git LFS pointer is called by its name', () => {
    const text = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
    assertError(text, '1:1 LFS_POINTER the file is a Git LFS pointer, not its content');
  });

  test('a template is called by its name where its braces make no YAML', () => {
    const cases: readonly (readonly [text: string, place: string])[] = [
      ['{{- if .Values.enabled }}\nkind: A\n{{- end }}\n', '1:1'],
      ['{{/* comment */}}\nkind: A\n', '1:1'],
      ['a: {{ .Values.x }}\n', '1:4'],
      ['a: {{ .Values.x | quote }}\nb: 1\n', '1:4'],
      ['a: {{ .Release.Name }}-b\n', '1:4'],
      ['labels:\n  {{- include "x" . | nindent 4 }}\nspec: 1\n', '2:3'],
      ['a:\n  - {{ .x }}\n', '2:5'],
      ['a: [{{ .x }}]\n', '1:5'],
      ['{{ .key }}: 1\n', '1:1'],
      ['a:\n{{ toYaml .x | indent 2 }}\nb: 1\n', '2:1'],
      ['a: "{{ x }}"\nb: {{ y }}\n', '2:4'],
    ];
    for (const [text, place] of cases) {
      assertError(
        text,
        `${place} TEMPLATE_IN_PLAIN_FILE this file is a template ({{ … }}), and files here are plain YAML`,
      );
    }
    assertError(
      '{"a": {{ x }}}',
      '1:7 TEMPLATE_IN_PLAIN_FILE this file is a template ({{ … }}), and files here are plain YAML',
      {
        format: 'json',
      },
    );
  });

  test('braces of a template that are text are text, as in rules of Prometheus', () => {
    assert.deepEqual(valueOf('a: "{{ $labels.pod }}"\nb: |\n  {{ $value }}\nc: x {{ y }}\nd: \'{{z}}\'\n# {{ e }}\n'), {
      a: '{{ $labels.pod }}',
      b: '{{ $value }}\n',
      c: 'x {{ y }}',
      d: '{{z}}',
    });
    assertError('a: |\n  {{ x }}\nb: [\n', '3:4 YAML_SYNTAX the [ that opens here is never closed');
  });
});

test('a mistake is reported once, where it begins, in words for people', () => {
  const cases: readonly (readonly [text: string, problem: string])[] = [
    ['a:\n\tb: 1\n', '2:1 YAML_SYNTAX a tab indents this line, and YAML indents with spaces only'],
    ['a:\n  - b\n\t- c\n', '3:1 YAML_SYNTAX a tab indents this line, and YAML indents with spaces only'],
    ['a: [\n\tb\n]\n', '2:1 YAML_SYNTAX a tab indents this line, and YAML indents with spaces only'],
    ['a: "x\nb: 1\nc: 2\n', '1:4 YAML_SYNTAX the " that opens here is never closed'],
    ['a: "x\\"', '1:4 YAML_SYNTAX the " that opens here is never closed'],
    ["a: 'it''", "1:4 YAML_SYNTAX the ' that opens here is never closed"],
    ['a: [b\nc: 1\n', '1:4 YAML_SYNTAX the [ that opens here is never closed'],
    ['a:\n  b: {c: [d\n', '2:6 YAML_SYNTAX the { that opens here is never closed'],
    ['a: b: c\n', '1:4 YAML_SYNTAX a second "key: value" begins where a value stands'],
    ['a:\n    b: 1\n  c: 2\n', '3:1 YAML_SYNTAX this line does not line up with those it belongs to'],
    ['a:\n  b:c\n  d: 1\n', '2:3 YAML_SYNTAX this line is neither "key: value" nor "- item"'],
    ['a: 1\nb\n', '2:1 YAML_SYNTAX this line is neither "key: value" nor "- item"'],
    ['  a: 1\nb: 2\n', '2:1 YAML_SYNTAX this line belongs to nothing above it'],
    ['a: - b\n', '1:4 YAML_SYNTAX a list begins on the line of its key'],
    ['a: @x\n', '1:4 YAML_SYNTAX a value cannot begin with @'],
    ['a: `x\n', '1:4 YAML_SYNTAX a value cannot begin with `'],
    ['a: "\\q"\n', '1:5 YAML_SYNTAX double quotes hold an escape that YAML does not know'],
    ['a: |x\n  a\n', '1:5 YAML_SYNTAX text stands behind | or > on its line'],
    ["a: 'it's'\n", '1:8 YAML_SYNTAX text goes on behind the end of a value'],
    ['a: }\n', '1:4 YAML_SYNTAX this bracket closes nothing'],
    ['a: [b,,c]\n', '1:7 YAML_SYNTAX a comma follows nothing'],
    ['a: {b: 1 c: 2}\n', '1:8 YAML_SYNTAX a comma is missing between [ ] or { }'],
    ['a: "x"#b\n', '1:7 YAML_SYNTAX a # needs a space before it to begin a comment'],
    ['a: *\n', '1:4 YAML_SYNTAX a * or & is followed by no name'],
    ['a: !e!x 1\n', '1:4 YAML_SYNTAX this tag cannot be read'],
    [`${'k'.repeat(1025)}: 1\n`, '1:1 YAML_SYNTAX a key is longer than 1,024 characters'],
    ['%YAML 1.2\n---\na: 1\n', '1:1 YAML_SYNTAX a line that begins with % is a directive, and kubectl takes none'],
    ['a: 1\n--- b\n', '2:1 YAML_SYNTAX text behind --- on its line, where kubectl takes nothing but a comment'],
    ['a: 1\n---b: 2\n', '2:1 YAML_SYNTAX text behind --- on its line, where kubectl takes nothing but a comment'],
  ];
  for (const [text, problem] of cases) assertError(text, problem);
});

suite('anchors, aliases and merges', () => {
  test('an alias gives a copy of its own, and the latest anchor before it counts', () => {
    const file = parseYaml('a: &x {k: 1}\nb: *x\nc: &x {k: 2}\nd: [*x, *x]\n');
    const value = file.documents[0]?.value;
    assert.deepEqual(value, { a: { k: 1 }, b: { k: 1 }, c: { k: 2 }, d: [{ k: 2 }, { k: 2 }] });
    assert.ok(isObject(value) && value['a'] !== value['b']);
  });

  test('<< merges: written keys win, and of several maps the first', () => {
    assert.deepEqual(valueOf('a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\nc: {<<: [*a, *b], r: 3}\n'), {
      a: { p: 1, q: 1 },
      b: { q: 2, r: 2 },
      c: { p: 1, q: 1, r: 3 },
    });
    const file = parseYaml('a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n');
    assert.deepEqual(file.documents[0]?.value, { a: { x: 1 }, b: { x: 2 } });
    assert.deepEqual(problemsOf('a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n'), [
      '4:3 YAML_VALUE the key "x" stands before << and stays; kubectl would take the merged one',
    ]);
    assert.equal(file.broken, false);
    assertError('a: {<<: 1}', '1:5 YAML_VALUE << merges maps, and this is something else');
    assert.deepEqual(valueOf('a: {"<<": 1}'), { a: { '<<': 1 } });
  });

  test('an alias without an anchor and one that holds itself are errors', () => {
    const none = 'YAML_VALUE no anchor of this name stands before this alias';
    assertError('a: *x\n', `1:4 ${none}`);
    assertError('b: &y 1\na: *S3cret-pw\n', `2:4 ${none}`);
    assertError('b: *x\na: &x 1\n', `1:4 ${none}`);
    assertError('a: &x 1\n---\nb: *x\n', `3:4 ${none}`);
    assert.equal(parseYaml('b: &labels 1\na: *label\n').problems[0]?.help, 'Did you mean "*labels"?');
    assertError('a: &x {b: [*x]}\n', '1:12 YAML_VALUE the anchor "x" holds itself, and so would have no end');
    assertError('a: &x {<<: *x}\n', '1:12 YAML_VALUE the anchor "x" holds itself, and so would have no end');
  });
});

suite('limits', () => {
  test('each says what it is and what was found', () => {
    const maps = (count: number): string => Array.from({ length: count }, (_, at) => `k${at}: v\n`).join('');
    const aliases = (count: number): string =>
      `a: &a b\nc: [${Array.from({ length: count }, () => '*a').join(', ')}]\n`;
    assert.equal(parseYaml(`a: ${'x'.repeat(1024 * 1024 - 4)}\n`).broken, false);
    assertError(`a: ${'x'.repeat(1024 * 1024)}`, '1:1 TOO_LARGE the file has 1,048,579 bytes; the limit is 1,048,576');
    assertError(`a: ${'é'.repeat(600_000)}`, '1:1 TOO_LARGE the file has 1,200,003 bytes; the limit is 1,048,576');
    const crd = (size: number): string => `kind: CustomResourceDefinition\na: ${'x'.repeat(size)}\n`;
    assert.equal(parseYaml(utf8(crd(5_000_000))).broken, false);
    assertError(crd(6_000_000), '1:1 TOO_LARGE the file has 6,000,035 bytes; the limit is 5,242,880');
    const list = (size: number): string => `{"kind": "ConfigMapList", "a": "${'x'.repeat(size)}"}`;
    assert.equal(parseYaml(utf8(list(1_053_739))).broken, false);
    assertError(list(6_000_000), '1:1 TOO_LARGE the file has 6,000,034 bytes; the limit is 5,242,880');
    assert.equal(parseYaml('a: 1\n---\n'.repeat(999)).broken, false);
    assertError('a: 1\n---\n'.repeat(50_000), '2000:1 TOO_LARGE the file has 50,001 documents; the limit is 1,000');
    assert.equal(parseYaml(maps(10_000)).broken, false);
    assertError(maps(10_001), '1:1 TOO_LARGE this map has 10,001 keys; the limit is 10,000');
    assert.deepEqual(problemsOf(aliases(150)), []);
    assert.equal(parseYaml(aliases(1_000)).broken, false);
    assertError(aliases(1_001), '2:4005 TOO_LARGE the file uses anchors more than 1,000 times, which is the limit');
  });

  test('nesting ends at 100, in every form', () => {
    const deep = 'maps and lists are nested more than 100 deep, which is the limit';
    const flow = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const block = Array.from({ length: 100 }, (_, at) => `${' '.repeat(at)}k:`).join('\n');
    for (const text of [
      flow(100),
      `${block} &a !!str "x"\n`,
      `${'- '.repeat(100)}|\n${' '.repeat(200)}x\n`,
      '{a: '.repeat(100) + '}'.repeat(100),
    ]) {
      assert.equal(parseYaml(text).broken, false, text.slice(0, 20));
    }
    for (const text of [flow(101), '- '.repeat(101), '{a: '.repeat(20_000), '['.repeat(20_000)]) {
      assert.match(problemsOf(text).join(), new RegExp(`TOO_LARGE ${deep}$`), text.slice(0, 20));
    }
    assertError(flow(101), `1:101 TOO_LARGE ${deep}`, { format: 'json' });
    const alias = `a: &a ${flow(60)}\nb: ${'['.repeat(60)}*a${']'.repeat(60)}\n`;
    assertError(alias, `2:64 TOO_LARGE ${deep}`);
  });

  test('aliases that stand for too much are refused before it is made', () => {
    const laughs = Array.from(
      { length: 12 },
      (_, at) => `l${at}: &l${at} [${Array.from({ length: 9 }, () => (at === 0 ? 'ha' : `*l${at - 1}`)).join(', ')}]`,
    );
    const file = parseYaml(laughs.join('\n'));
    assert.equal(file.broken, true);
    assert.match(String(file.problems[0]?.message), /the anchors of the file stand for more than 100,000 values/);
    const long = `a: &a ${'x'.repeat(100_000)}\nb: [${Array.from({ length: 100 }, () => '*a').join(', ')}]\n`;
    assert.match(problemsOf(long).join(), /stand for more than 100,000 values/);
    const merged = `a: &a {${Array.from({ length: 200 }, (_, at) => `k${at}: v`).join(', ')}}\nb:\n${'  - <<: *a\n'.repeat(400)}`;
    assert.match(problemsOf(merged).join(), /stand for more than 100,000 values/);
  });

  test('are settings', () => {
    assertError('a: 1\n---\nb: 1\n', '2:1 TOO_LARGE the file has 2 documents; the limit is 1', {
      limits: { maxDocuments: 1 },
    });
    assert.equal(parseYaml('[[[]]]', { limits: { maxDepth: 2 } }).broken, true);
  });
});

suite('JSON files', () => {
  const json = { format: 'json' } as const;

  test('give the values of JSON, with exact integers', () => {
    const text =
      '{"a": [1, -2.5e3, true, false, null, "\\u00e9\\n\\/\\ud83d\\ude00"], "b": 9007199254740993, "on": {}, "e": []}';
    assert.deepEqual(valueOf(text, json), {
      a: [1, -2500, true, false, null, 'é\n/😀'],
      b: 9007199254740993n,
      on: {},
      e: [],
    });
    assert.deepEqual(parseYaml('\n\n  {"a": 1}', json).documents, [{ index: 0, value: { a: 1 }, line: 3, column: 3 }]);
    assert.deepEqual(valueOf('"yes"', json), 'yes');
  });

  test('are strict, and say where they are not', () => {
    const cases: readonly (readonly [text: string, problem: string])[] = [
      ['', '1:1 YAML_SYNTAX a value is expected, and the file ends'],
      ['{"a": 1,}', '1:9 YAML_SYNTAX a comma stands before the end'],
      ['[1, 2,\n]', '2:1 YAML_SYNTAX a comma stands before the end'],
      ['{\n  // c\n  "a": 1}', '2:3 YAML_SYNTAX JSON has no comments'],
      ['{"a": 1 /* c */}', '1:9 YAML_SYNTAX JSON has no comments'],
      ['{a: 1}', '1:2 YAML_SYNTAX a key in double quotes is expected'],
      ["{'a': 1}", '1:2 YAML_SYNTAX a key in double quotes is expected'],
      ['{"a" 1}', '1:6 YAML_SYNTAX a colon is expected'],
      ['{"a": 1 "b": 2}', '1:9 YAML_SYNTAX a comma or } is expected'],
      ['{"a": 1', '1:8 YAML_SYNTAX a comma or } is expected, and the file ends'],
      ['{"a": "x', '1:7 YAML_SYNTAX the " that opens here is never closed'],
      ['{"a": "x\ny"}', '1:9 YAML_SYNTAX a string holds a line end or a tab'],
      ['{"a": "\\x41"}', '1:8 YAML_SYNTAX a string holds an escape that JSON does not know'],
      ['{"a": 01}', '1:7 YAML_SYNTAX a value is expected'],
      ['{"a": .5}', '1:7 YAML_SYNTAX a value is expected'],
      ['{"a": yes}', '1:7 YAML_SYNTAX a value is expected'],
      ['{"a": NaN}', '1:7 YAML_SYNTAX a value is expected'],
      ['{} {}', '1:4 YAML_SYNTAX text stands behind the end of the value'],
      ['{"a": 1e999}', '1:7 YAML_VALUE a number is larger than a double can hold'],
      ['{"a": 1,\n "a": 2}', '2:2 DUPLICATE_KEY the key "a" stands twice in one map, first at 1:2'],
      [
        '{"a": {"__proto__": 1}}',
        '1:8 YAML_VALUE the key "__proto__" is refused: it can change the programs that read it',
      ],
      ['{"a": "\\ud83d"}', '1:7 YAML_VALUE double quotes hold half of a surrogate pair, which is no character'],
    ];
    for (const [text, problem] of cases) assertError(text, problem, json);
  });

  test('mean the same as JSON.parse says, for all JSON', () => {
    const key = fc.string().filter((each) => !['__proto__', 'constructor', 'prototype'].includes(each));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false),
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
        fc.string({ unit: 'binary' }).filter((text) => !/[\x7F-\x9F\u2028\u2029\uFEFF\uFFFE\uFFFF]/.test(text)),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (wanted, indent) => {
        const text = JSON.stringify(wanted, undefined, indent);
        const file = parseYaml(text, json);
        assert.equal(file.broken, false, text);
        assert.equal(JSON.stringify(file.documents[0]?.value ?? null), JSON.stringify(wanted));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

suite('problems', () => {
  test('come in the order of the file, and the last of too many says how many there are', () => {
    assert.deepEqual(
      problemsOf('a: yes\nb: 1\nb: 2\nc: no\n').map((each) => each.split(' ')[0]),
      ['1:4', '3:1', '4:4'],
    );
    const file = parseYaml(`${'- yes\n'.repeat(120)}- *x\n`);
    assert.equal(file.problems.filter(({ severity }) => severity === 'warning').length, MAX_PROBLEMS);
    assert.equal(file.problems.filter(({ severity }) => severity === 'error').length, 1);
    assert.match(String(file.problems[MAX_PROBLEMS - 1]?.message), /\(and 70 more in this file\)$/);
  });

  test('never show a value, which may be a secret', () => {
    const secret = 'hunter2';
    const texts = [
      `a: "${secret}`,
      `a: '${secret}`,
      `a: [${secret}`,
      `a: ${secret}: b`,
      `a: @${secret}`,
      `a: "\\q${secret}"`,
      `a: !${secret}`,
      `a: *${secret}`,
      `a: &${secret}$`,
      `a: | ${secret}\n  b`,
      `a: |${secret}\n  b`,
      `a: "b" ${secret}`,
      `a: }${secret}`,
      `a: !!int ${secret}`,
      `a: !!binary ${secret}`,
      `a: {{ ${secret} }}`,
      `a: \u0007${secret}`,
      `a: %${secret}`,
      `a: ${secret}\n b`,
      `a:\n\t${secret}`,
      `- ${secret}\nb`,
      `--- ${secret}`,
      `%${secret}`,
      `a: ${secret}\r`,
    ];
    for (const text of texts) {
      for (const format of ['yaml', 'json'] as const) {
        const file = parseYaml(text, { format });
        if (format === 'json') assert.equal(file.broken, true, text);
        assert.doesNotMatch(printJson(file.problems.map(({ message, help }) => `${message} ${help}`)), /hunter/, text);
      }
    }
    assert.doesNotMatch(problemsOf('pin: 0123\nnumber: 99999999999999999999').join(), /0123|9999|\b83\b/);
  });
});

suite('hostile files', () => {
  const size = 100_000;
  const many = (text: string): string => text.repeat(Math.ceil(size / text.length));
  const files: readonly string[] = [
    '}',
    ']',
    '[',
    '{',
    '{a: ',
    '[a: ',
    ',',
    '[,',
    '- ',
    '? ',
    ': ',
    '"',
    "'",
    '"\\',
    '#\n',
    '\n',
    ' ',
    'a: ',
    '---\n',
    'a: "',
    "a: '''\n",
    'a: |\n',
    'a: >\n \n\t\n',
    '&a ',
    '!x ',
    '*a ',
    '&a\n',
    '"a" ',
    '%a\n',
    '...\n',
    '- yes\n',
    '\\',
    'a: 1\nabc\n',
    'a:\n    b: 1\n  c: 1\n',
    'a:\n\t b\n',
    'kind: ',
    '{{ ',
    'a:\n#\n b:\n  #\n',
    '<<<<<<<',
    '? a\n: b\n',
    '\r\n',
  ].map(many);
  const wrapped: readonly string[] = [
    `a: 1 ${many(']')}`,
    `a: [1${many(',,')}]`,
    `a: "${many('\\"')}`,
    `a: "${many('x ')}\n"`,
    `a: ${many('x')}`,
    `${many('x')}: 1`,
    `a: |\n${many('  x\n')}`,
    `a: |2\n${many('    \n')}`,
    `a: ${many(' ')}b`,
    `a:${many('\n')}b: 1`,
    `a: ${many('1')}`,
    `a: 0x${many('f')}`,
    `a: ${many('1_')}`,
    `a: "x\n${many(' y\n')}"`,
    `a:\n${many(' #\n')} b: 1`,
    `${'['.repeat(90)}${many('a, ')}${']: x'.repeat(90)}`,
    Array.from({ length: 50_000 }, (_, at) => `k${at}: v\n`).join(''),
    `{${Array.from({ length: 50_000 }, (_, at) => `k${at}: v`).join(', ')}}`,
    `a: &a x\n${Array.from({ length: 20_000 }, (_, at) => `k${at}: *a\n`).join('')}`,
  ];

  test('give an answer', () => {
    for (const text of [...files, ...wrapped]) {
      for (const format of ['yaml', 'json'] as const) {
        const { problems } = parseYaml(text, { format });
        assert.ok(problems.length <= 2 * MAX_PROBLEMS, text.slice(0, 30));
      }
    }
  });

  test('never make it throw, and every problem has a place in the file', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      ':',
      '\n',
      '\n  ',
      '- ',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      ', ',
      '#',
      ' #',
      '|',
      '>',
      '|2-',
      '&x ',
      '*x',
      '!',
      '!!int ',
      '? ',
      '\\',
      '0',
      '1',
      '.',
      'yes',
      '~',
      '<<: ',
      '\t',
      '\r\n',
      '\r',
      '---\n',
      '...\n',
      '%',
      '@',
      '{{ ',
      '\0',
      '\uFEFF',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array()), fc.constantFrom('yaml', 'json'), (content, format) => {
        const file = parseYaml(content, { format });
        assert.equal(
          file.broken,
          file.problems.some(({ severity }) => severity === 'error'),
        );
        const lines = (typeof content === 'string' ? content : new TextDecoder().decode(content)).split('\n');
        for (const { line, column } of [...file.problems, ...file.documents]) {
          assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1] ?? '').length + 2);
        }
      }),
      { seed: 1, numRuns: 3_000 },
    );
  });
});
