import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { clipDescription } from '../../src/report/clip-description.ts';

test('a text that is clean and fits stays as it is', () => {
  for (const text of [
    '',
    '37/40 clusters in sync · failed: eu-1 (Deployment shop/web 3/4), +2',
    'thanks @acme/platform, see #1 and **this** <b>`code`</b> ::error::',
    'größer als 3 · 日本語 · ✓ 🚀',
    'x'.repeat(140),
    '🚀'.repeat(140),
  ]) {
    assert.equal(clipDescription(text), text);
  }
});

test('what cannot be seen goes, what moves becomes a space', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['one\ntwo\r\n\tthree  four ', 'one two three four'],
    ['a\u2028b\u2029c\u0085d\u00a0e', 'a b c d e'],
    ['\u001b[31mred\u001b[0m \u001b[1;38;5;200mpink\u001b[K', 'red pink'],
    ['\u009b31mred', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u001b(Bplain\u001bc', 'plain'],
    ['ends in escape\u001b', 'ends in escape'],
    ['ends in colour\u001b[31', 'ends in colour'],
    ['null\u0000 bell\u0007 back\u0008space', 'null bell backspace'],
    ['user\u202etxt.exe\u202c \u2066x\u2069 \u200fy', 'usertxt.exe x y'],
    ['zero\u200bwidth\ufeff soft\u00adhyphen', 'zerowidth softhyphen'],
    ['tag\u{e0041}\u{e0042}s', 'tags'],
    ['broken \ud83d pair \ude80', 'broken pair'],
  ];
  for (const [text, expected] of cases) assert.equal(clipDescription(text), expected);
});

test('a long text is cut on a word, and what led to the next is cut too', () => {
  const words = 'Deployment shop/web 3/4, '.repeat(10);
  assert.equal(
    clipDescription(words),
    'Deployment shop/web 3/4, Deployment shop/web 3/4, Deployment shop/web 3/4, Deployment shop/web 3/4, Deployment shop/web 3/4, Deployment…',
  );
  assert.equal(clipDescription(`${'x'.repeat(130)}, yyyyyyyyyyyyy`), `${'x'.repeat(130)}…`);
  assert.equal(clipDescription(`${'x'.repeat(139)} y`), `${'x'.repeat(139)}…`);
});

test('a word too long to lose is cut itself, between characters', () => {
  assert.equal(clipDescription(`message ${'x'.repeat(10_000)}`), `message ${'x'.repeat(131)}…`);
  assert.equal(clipDescription('🚀'.repeat(141)), `${'🚀'.repeat(139)}…`);
});

test('whatever comes in, one line of at most 140 visible characters comes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const clipped = clipDescription(text);
      assert.ok(Array.from(clipped).length <= 140);
      assert.ok(clipped.isWellFormed());
      assert.doesNotMatch(clipped, /[\p{Cc}\p{Cf}\u2028\u2029]|^ | $| {2}/u);
      assert.equal(clipDescription(clipped), clipped);
    }),
    { seed: 20261121, numRuns: 2_000 },
  );
});
