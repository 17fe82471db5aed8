import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as assertProperty, nat, property, record, string, uniqueArray } from 'fast-check';
import { divideByRounding } from '../../src/placement/divide-by-rounding.ts';
import type { Share } from '../../src/placement/divide.ts';

/** `a:2` weighs 2; `a:2:1-5` has bounds as well. */
function share(text: string): Share {
  const [cluster = '', weight = '1', bounds = '0-'] = text.split(':');
  const [min = '0', max = ''] = bounds.split('-');
  return { cluster, weight: Number(weight), min: Number(min), max: max === '' ? Infinity : Number(max) };
}

function counts(total: number, shares: string, key = ''): string {
  const { replicas, unplaced } = divideByRounding(total, shares.split(' ').map(share), key);
  const list = [...replicas].map(([cluster, count]) => `${cluster}=${count}`).join(' ');
  return unplaced === 0 ? list : `${list} unplaced=${unplaced}`;
}

test('replicas are shared out in rounds, rounded up, by weight and then by hash', () => {
  assert.equal(counts(50, 'A B C'), 'A=16 B=17 C=17');
  assert.equal(counts(1, 'A B'), 'A=0 B=1');
  assert.equal(counts(60, 'A:1 B:2 C:0'), 'A=20 B=40 C=0');
  assert.equal(counts(9, 'A:1:4-6 B:2:4-8 C:0'), 'A=4 B=5 C=0');
  assert.equal(counts(71, 'A:10000:0-10 B:1 C:1:0-21 D:1:0-10'), 'A=10 B=30 C=21 D=10');
});

test('a minimum can take all that is there', () => {
  assert.equal(counts(50, 'A:1:100- B:0:20- C:0:20-'), 'A=50 B=0 C=0');
});

test('what finds no place is counted', () => {
  assert.equal(counts(50, 'A:0:2- B:0:2- C:0:2-'), 'A=2 B=2 C=2 unplaced=44');
  assert.equal(counts(50, 'A:1:0-2 B:1:0-2 C:1:0-2'), 'A=2 B=2 C=2 unplaced=44');
  assert.equal(counts(50, 'C:1:0-20'), 'C=20 unplaced=30');
});

test('replicas that run are kept, and no more come than fit', () => {
  const shares = ['A', 'B', 'C'].map(share);
  const none = new Map<string, number>();
  const kept = divideByRounding(50, shares, '', { running: new Map([['C', 30]]), capacity: none });
  assert.deepEqual([...kept.replicas.values()], [10, 10, 30]);
  const full = divideByRounding(60, ['A:1', 'B:5'].map(share), '', { running: none, capacity: new Map([['B', 10]]) });
  assert.deepEqual([...full.replicas.values()], [50, 10]);
});

test('counts and what is left over add up to the total, within the maxima, in any order of listing', () => {
  const shares = uniqueArray(
    record({
      cluster: string({ minLength: 1, maxLength: 3 }),
      weight: nat(9),
      min: nat(5),
      more: nat(9),
    }),
    { selector: ({ cluster }) => cluster, minLength: 1, maxLength: 6 },
  );
  assertProperty(
    property(nat(200), shares, (total, list) => {
      const all = list.map(({ more, ...rest }) => ({ ...rest, max: rest.min + more }));
      const { replicas, unplaced } = divideByRounding(total, all, 'default/web');
      assert.equal(
        [...replicas.values()].reduce((sum, each) => sum + each, unplaced),
        total,
      );
      for (const { cluster, max } of all) assert.ok((replicas.get(cluster) ?? 0) <= max);
      const other = divideByRounding(total, all.toReversed(), 'default/web');
      assert.deepEqual(new Map([...other.replicas].toReversed()), replicas);
    }),
    { numRuns: 300 },
  );
});
