import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonical, quote } from '../../src/object/json.ts';

test('a text is quoted as JSON.stringify quotes it, whatever is in it', () => {
  const unit = fc.constantFrom(
    'a',
    'Z',
    '0',
    ' ',
    '"',
    '\\',
    '/',
    '\n',
    '\u0000',
    '\u007f',
    'é',
    '\u2028',
    '\ud800',
    '😀',
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit }), fc.string({ unit: 'binary' })), (text) => {
      assert.equal(quote(text), JSON.stringify(text));
    }),
  );
});

test('canonical JSON is JSON: parsed, it is the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // oxlint-disable-next-line no-unsafe-type-assertion -- fast-check's type says the same in other words
      const text = canonical(value as Parameters<typeof canonical>[0]);
      assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(sorted(JSON.parse(JSON.stringify(value)))));
    }),
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, sorted(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
}
