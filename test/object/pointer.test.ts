import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatPointer, parsePointer } from '../../src/object/pointer.ts';

test('a pointer is parsed as RFC 6901 says', () => {
  const table: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['', []],
    ['/', ['']],
    ['/spec/replicas', ['spec', 'replicas']],
    ['/metadata/annotations/example.com~1team', ['metadata', 'annotations', 'example.com/team']],
    ['/m~0n', ['m~n']],
    ['/~01', ['~1']],
    ['/a//b', ['a', '', 'b']],
    ['spec/replicas', undefined],
    ['/a~2b', undefined],
    ['/a~', undefined],
  ];
  for (const [text, segments] of table) assert.deepEqual(parsePointer(text), segments, text);
});

test('what is formatted is parsed back', () => {
  const segments = fc.array(fc.string({ unit: fc.constantFrom('a', '~', '/', '0', '1', '') }));
  fc.assert(
    fc.property(segments, (value) => assert.deepEqual(parsePointer(formatPointer(value)), value)),
    { seed: 20261121, numRuns: 300 },
  );
});
