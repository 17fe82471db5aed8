import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editYaml, type YamlChange } from '../../src/yaml/edit.ts';

const append = (value: string): YamlChange => ({ kind: 'append', value });
const set = (value: string | number | boolean): YamlChange => ({ kind: 'set', value });

function edited(text: string, path: readonly string[], change: YamlChange, document?: number): string {
  const result = editYaml(text, path, change, document);
  assert.equal(result.state, 'edited', `${JSON.stringify(result)} ${text}`);
  return result.state === 'edited' ? result.text : '';
}

const APPROVALS = ['spec', 'approvals'];

test('an item is added below the last, and comments, quotes and blank lines stay as they are', () => {
  const text = `# Our fleet.
kind: Fleet   # the one
metadata: { name: 'acme' }

spec:
  approvals:
  # spring cleaning
  - "sha256:aa"   # agreed in #12

  # what follows
  guards: {maxDelete: 5}
`;
  assert.equal(
    edited(text, APPROVALS, append('sha256:bb')),
    text.replace('# agreed in #12\n', '# agreed in #12\n  - "sha256:bb"\n'),
  );
});

test('lists of every form take an item', () => {
  const cases: readonly (readonly [before: string, after: string])[] = [
    ['spec:\n  approvals: []\n', 'spec:\n  approvals: ["x"]\n'],
    ['spec:\n  approvals: [a, b] # c\n', 'spec:\n  approvals: [a, b, "x"] # c\n'],
    ['spec:\n  approvals: [\n    a,\n    b,\n    ]\n', 'spec:\n  approvals: [\n    a,\n    b, "x",\n    ]\n'],
    ['spec: {approvals: [a]}\n', 'spec: {approvals: [a, "x"]}\n'],
    ['spec:\n  approvals:\n    - a', 'spec:\n  approvals:\n    - a\n    - "x"\n'],
    [
      'spec:\n  approvals:\n    - |\n      a\n\n    - >-\n      b\nz: 1\n',
      'spec:\n  approvals:\n    - |\n      a\n\n    - >-\n      b\n    - "x"\nz: 1\n',
    ],
    [
      'spec:\n  approvals:\n    - {a: 1}\n    - b: 1\n      c: 2\n',
      'spec:\n  approvals:\n    - {a: 1}\n    - b: 1\n      c: 2\n    - "x"\n',
    ],
    ['spec:\r\n  approvals:\r\n  - a\r\n  b: 1\r\n', 'spec:\r\n  approvals:\r\n  - a\r\n  - "x"\r\n  b: 1\r\n'],
  ];
  for (const [before, after] of cases) assert.equal(edited(before, APPROVALS, append('x')), after);
});

test('a list that is not there is made where it belongs', () => {
  const cases: readonly (readonly [before: string, after: string])[] = [
    [
      'kind: Fleet\nspec:\n  guards:\n    maxDelete: 5 # c\n# end\n',
      'kind: Fleet\nspec:\n  guards:\n    maxDelete: 5 # c\n  approvals:\n    - x\n# end\n',
    ],
    ['kind: Fleet\nspec:\n    a: 1\nz: 1\n', 'kind: Fleet\nspec:\n    a: 1\n    approvals:\n      - x\nz: 1\n'],
    ['kind: Fleet\n', 'kind: Fleet\nspec:\n  approvals:\n    - x\n'],
    ['spec: {}\n', 'spec: {"approvals": ["x"]}\n'],
    ['spec: {a: 1} # c\n', 'spec: {a: 1, "approvals": ["x"]} # c\n'],
    ['spec: # nothing yet\nz: 1\n', 'spec: {"approvals": ["x"]} # nothing yet\nz: 1\n'],
    ['spec:\n  approvals:\n', 'spec:\n  approvals: ["x"]\n'],
    ['spec:\n  approvals: # none\n', 'spec:\n  approvals: ["x"] # none\n'],
    ['spec:\n  approvals: null\n', 'spec:\n  approvals: ["x"]\n'],
    ['spec:\n  approvals: ~ # none\n', 'spec:\n  approvals: ["x"] # none\n'],
  ];
  for (const [before, after] of cases) assert.equal(edited(before, APPROVALS, append('x')), after);
});

test('a scalar is set in place, or made', () => {
  assert.equal(edited("a: 'x' # c\nb: 2\n", ['a'], set('yes')), 'a: "yes" # c\nb: 2\n');
  assert.equal(edited('a:\n  b: true\n', ['a', 'b'], set(false)), 'a:\n  b: false\n');
  assert.equal(edited('a: |\n  x\n  y\nb: 2\n', ['a'], set(1)), 'a: 1\nb: 2\n');
  assert.equal(edited('a: 1\n', ['spec', 'suspend'], set(true)), 'a: 1\nspec:\n  suspend: true\n');
});

test('only the document that is asked for changes', () => {
  const text = '# one\nkind: A\nspec: {}\n---\n# two\nkind: B\nspec:\n  approvals:\n    - a\n# end\n---\nkind: C\n';
  assert.equal(edited(text, APPROVALS, append('x'), 1), text.replace('    - a\n', '    - a\n    - "x"\n'));
  assert.equal(edited(text, APPROVALS, append('x'), 2), `${text}spec:\n  approvals:\n    - x\n`);
  assert.equal(edited(text, APPROVALS, append('x'), 0), text.replace('spec: {}', 'spec: {"approvals": ["x"]}'));
});

test('what cannot be changed alone is refused', () => {
  const cases: readonly (readonly [text: string, path: readonly string[], change: YamlChange])[] = [
    ['a: [', ['a'], append('x')],
    ['', ['a'], append('x')],
    ['- a\n', ['a'], append('x')],
    ['a: text\n', ['a'], append('x')],
    ['a: text\n', ['a', 'b'], append('x')],
    ['a: [1]\n', ['a'], set('x')],
    ['a: &l [1]\nb: *l\n', ['a'], append('x')],
    ['a: &l [1]\nb: *l\n', ['b'], append('x')],
    ['a: &m {c: [1]}\nb: {<<: *m}\n', ['b', 'c'], append('x')],
    ['a: 1\na: 2\n', ['b'], set('x')],
  ];
  for (const [text, path, change] of cases) {
    const result = editYaml(text, path, change);
    assert.equal(result.state, 'refused', text);
    assert.match(result.state === 'refused' ? result.reason : '', /./);
  }
});
