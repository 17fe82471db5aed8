import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemo, type Memo, scopeReported } from '../src/memo.ts';

test('a value is made once for the same inputs, and anew for others', () => {
  const [a, b] = [{ name: 'same' }, { name: 'same' }];
  const made: unknown[] = [];
  const memo = createMemo();
  const share = (...inputs: readonly unknown[]): object => memo.share('value', inputs, () => note(made, inputs));

  assert.equal(share(a, 'x', 1), share(a, 'x', 1));
  assert.notEqual(share(a, 'x', 1), share(b, 'x', 1), 'objects are compared by identity');
  assert.equal(made.length, 2);
});

test('inputs that look alike as text are different inputs', () => {
  const memo = createMemo();
  const lists: (readonly unknown[])[] = [
    [],
    [''],
    ['', ''],
    [' '],
    ['1'],
    [1],
    ['undefined'],
    [undefined],
    ['#1'],
    [{}],
  ];
  const all = [...lists, ['a b'], ['a', 'b'], ['a" "b'], [true], ['true'], [null], ['null']];
  const values = new Set(all.map((inputs) => memo.share('value', inputs, () => ({}))));

  assert.equal(values.size, all.length);
});

test('values of different kinds do not take the place of each other', () => {
  const memo = createMemo();

  assert.equal(
    memo.share('one', ['a'], () => 1),
    1,
  );
  assert.equal(
    memo.share('two', ['a'], () => 2),
    2,
  );
});

test('a scope is run again when an input changes, and still knows the parts of its last run', () => {
  const made: unknown[] = [];
  const memo = createMemo();
  const run = (...parts: readonly string[]): readonly object[] =>
    memo.scope('list', parts, (inner) => parts.map((part) => inner.share('part', [part], () => note(made, part))));
  const first = run('a', 'b');

  assert.equal(run('a', 'b'), first);
  assert.equal(run('b', 'c')[0], first[1]);
  assert.deepEqual(made, ['a', 'b', 'c']);
});

test('what the last run did not ask for is forgotten', () => {
  const made: unknown[] = [];
  const memo = createMemo();
  const run = (part: string): void =>
    memo.scope('one', [part], (inner) => void inner.share('part', [part], () => note(made, part)));
  for (const part of ['a', 'b', 'a']) run(part);

  assert.deepEqual(made, ['a', 'b', 'a']);
});

test('a scope that is not looked into keeps its parts, and one that is not asked for loses them', () => {
  const made: unknown[] = [];
  const memo = createMemo();
  const leaf = (inner: Memo): object => inner.share('leaf', [], () => note(made, 'leaf'));
  const run = (turn: number, input: number): void =>
    memo.scope('all', [turn], (outer) => {
      if (input > 0) outer.scope('part', [input], leaf);
    });
  run(1, 1);
  run(2, 1);
  run(3, 2);
  assert.equal(made.length, 1, 'the leaf is known in turn 3, although nobody asked for it in turn 2');

  run(4, 0);
  run(5, 2);
  assert.equal(made.length, 2);
});

test('what was reported is reported again with the value that is remembered', () => {
  const memo = createMemo();
  const run = (): readonly string[] => {
    const reports: string[] = [];
    const report = (item: string): void => void reports.push(item);
    scopeReported(memo, 'file', ['content'], report, (tell) => tell('line 1 is wrong'));
    return reports;
  };

  assert.deepEqual(run(), ['line 1 is wrong']);
  assert.deepEqual(run(), ['line 1 is wrong']);
});

test('a run that fails is no run: what it replaced is made again', () => {
  const memo = createMemo();
  const run = (input: string): string =>
    memo.scope('value', [input], () => {
      if (input === 'bad') throw new Error('bad');
      return input;
    });
  run('good');

  assert.throws(() => run('bad'), /bad/);
  assert.equal(run('better'), 'better');
});

function note(made: unknown[], what: unknown): object {
  made.push(what);
  return {};
}
