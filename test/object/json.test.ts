import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonValue } from '../../src/model/json.ts';
import {
  at,
  canonical,
  hashJson,
  isList,
  isObject,
  listAt,
  mapAt,
  numberAt,
  omit,
  parseJson,
  printJson,
  sameJson,
  textAt,
} from '../../src/object/json.ts';

/** Any JSON value, integers beyond a double included. */
const anyJson: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(asRead),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** As reading gives it: no negative zero, and whole numbers digit by digit. */
function asRead(number: number): JsonValue {
  if (number === 0) return 0;
  return Number.isInteger(number) && !Number.isSafeInteger(number) && Math.abs(number) < 1e21 ? BigInt(number) : number;
}

test('what is printed and read again is the same, integers of 64 bits included', () => {
  fc.assert(
    fc.property(anyJson, (value) => assert.ok(sameJson(parseJson(printJson(value)), value), printJson(value))),
    { seed: 1, numRuns: 500 },
  );
});

test('only integers that a double cannot hold become bigint', () => {
  const cases: readonly (readonly [text: string, value: JsonValue])[] = [
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615', 18446744073709551615n],
    ['1.00000000000000000', 1],
    ['1e20', 1e20],
    ['"9007199254740993"', '9007199254740993'],
    ['[9007199254740993, 1]', [9007199254740993n, 1]],
  ];
  for (const [text, value] of cases) {
    const read = parseJson(text);
    assert.deepEqual(read, value, text);
    if (typeof value === 'bigint') assert.equal(printJson(read), text);
  }
});

test('text that is no JSON throws SyntaxError, with long digits or without', () => {
  for (const text of ['{', '[9007199254740993', '']) assert.throws(() => parseJson(text), SyntaxError);
});

test('the order of keys means nothing, the order of lists does', () => {
  assert.ok(sameJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }));
  assert.ok(!sameJson([1, 2], [2, 1]));
  assert.ok(!sameJson({ a: 1 }, { a: 1, b: null }));
  assert.ok(!sameJson({ a: 1, b: 1 }, { a: 1, c: 1 }));
  assert.ok(!sameJson([], {}));
  assert.ok(!sameJson(null, {}));
  assert.ok(!sameJson(1, 1n), 'a number that a double holds is no bigint');
  assert.ok(!sameJson('1', 1));
  assert.ok(sameJson(undefined, undefined));
});

test('equal meaning is an equal hash, and nothing else is', () => {
  fc.assert(
    fc.property(anyJson, anyJson, (a, b) => {
      assert.equal(hashJson(a) === hashJson(b), sameJson(a, b));
      assert.equal(canonical(a) === canonical(b), sameJson(a, b));
    }),
    { seed: 2, numRuns: 500 },
  );
  assert.equal(hashJson({ a: 1, b: { c: [1], d: 2 } }), hashJson({ b: { d: 2, c: [1] }, a: 1 }));
  assert.match(hashJson(null), /^[A-Za-z0-9_-]{22}$/);
});

test('canonical text has sorted keys, no spaces, and is JSON', () => {
  assert.equal(
    canonical({ b: [1, { d: null, c: 'ä"' }], a: 9007199254740993n }),
    '{"a":9007199254740993,"b":[1,{"c":"ä\\"","d":null}]}',
  );
});

test('looking up goes through own keys of maps only', () => {
  const value = { a: { b: { c: 1 } }, list: [1], text: 'x', none: null };
  assert.equal(at(value, 'a', 'b', 'c'), 1);
  assert.equal(at(value, 'a', 'x', 'c'), undefined);
  assert.equal(at(value, 'none', 'c'), undefined);
  assert.equal(at(value, 'list', '0'), undefined, 'lists are not walked');
  assert.equal(at(value, 'toString'), undefined);
  assert.equal(at(value), value);
  assert.equal(textAt(value, 'text'), 'x');
  assert.equal(textAt(value, 'list'), undefined);
  assert.equal(numberAt(value, 'a', 'b', 'c'), 1);
  assert.deepEqual(listAt(value, 'list'), [1]);
  assert.deepEqual(listAt(value, 'a'), []);
  assert.deepEqual(mapAt(value, 'a'), { b: { c: 1 } });
  assert.deepEqual(mapAt(value, 'list'), {});
});

test('maps, lists and scalars are told apart', () => {
  assert.deepEqual([{}, [], null, 'x', 1, undefined].map(isObject), [true, false, false, false, false, false]);
  assert.deepEqual([{}, [], null, 'x', 1, undefined].map(isList), [false, true, false, false, false, false]);
});

test('omitting keys leaves the rest in order, and the map as it was', () => {
  const map = { a: 1, b: 2, c: 3 };
  assert.equal(JSON.stringify(omit(map, ['b', 'x'])), '{"a":1,"c":3}');
  assert.deepEqual(map, { a: 1, b: 2, c: 3 });
});
