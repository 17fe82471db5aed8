import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { divide, fnv1a, type Division, type Share } from '../../src/placement/divide.ts';
import { listAt, mapAt, numberAt, parseJson, textAt } from '../../src/object/json.ts';
import { sharedFolder } from '../support/shared.ts';

/** `[cluster, weight]`, or with `min` and `max`. */
type ShortShare = readonly [cluster: string, weight: number, min?: number, max?: number];

function shares(list: readonly ShortShare[]): readonly Share[] {
  return list.map(([cluster, weight, min = 0, max = Infinity]) => ({ cluster, weight, min, max }));
}

function counts(division: Division): Readonly<Record<string, number>> {
  assert.equal(division.state, 'divided', division.state === 'divided' ? '' : division.reason);
  return Object.fromEntries(division.replicas);
}

function reason(division: Division): string {
  assert.equal(division.state, 'impossible');
  return division.reason;
}

const TABLE: readonly (readonly [shares: readonly ShortShare[], total: number, expected: Record<string, number>])[] = [
  [
    [
      ['us', 1],
      ['ap', 1],
      ['eu', 1],
    ],
    3,
    { us: 1, ap: 1, eu: 1 },
  ],
  [
    [
      ['us', 2],
      ['ap', 1],
      ['eu', 2],
    ],
    10,
    { us: 4, ap: 2, eu: 4 },
  ],
  [
    [
      ['m1', 3],
      ['m2', 2],
      ['m3', 1],
    ],
    14,
    { m1: 7, m2: 5, m3: 2 },
  ],
  [
    [
      ['a', 170],
      ['b', 110],
      ['c', 60],
    ],
    5,
    { a: 2, b: 2, c: 1 },
  ],
  [
    [
      ['a', 170],
      ['b', 110],
      ['c', 60],
    ],
    6,
    { a: 3, b: 2, c: 1 },
  ],
  [
    [
      ['f-a', 1],
      ['f-b', 1],
    ],
    4,
    { 'f-a': 2, 'f-b': 2 },
  ],
  [
    [
      ['a', 1],
      ['b', 1],
    ],
    0,
    { a: 0, b: 0 },
  ],
  [[], 0, {}],
  [[['alone', 7]], 100_000, { alone: 100_000 }],
  // Seats start at the minima; the rest is shared as if they had been won.
  [
    [
      ['a', 1, 1],
      ['b', 2, 2],
      ['c', 3, 3],
    ],
    9,
    { a: 2, b: 3, c: 4 },
  ],
  [
    [
      ['a', 1, 3],
      ['b', 1],
    ],
    4,
    { a: 3, b: 1 },
  ],
  [
    [
      ['a', 0, 2],
      ['b', 1],
    ],
    5,
    { a: 2, b: 3 },
  ],
  [
    [
      ['a', 100, 0, 1],
      ['b', 1],
    ],
    5,
    { a: 1, b: 4 },
  ],
  [
    [
      ['a', 0, 2],
      ['b', 0, 1],
    ],
    3,
    { a: 2, b: 1 },
  ],
  [
    [
      ['big', 1_000_000],
      ['small', 1],
    ],
    1000,
    { big: 1000, small: 0 },
  ],
];

test('replicas are shared out by Webster’s method, from the minima and below the maxima', () => {
  for (const [list, total, expected] of TABLE) {
    assert.deepEqual(
      counts(divide(total, shares(list), 'key')),
      expected,
      `${JSON.stringify(list)}, ${total} replicas`,
    );
  }
});

test('a total that cannot be shared out says the numbers that stand against each other', () => {
  const cases: readonly (readonly [readonly ShortShare[], number, string])[] = [
    [
      [
        ['a', 1, 2],
        ['b', 1, 3],
      ],
      4,
      '4 replicas are fewer than the minima add up to (5)',
    ],
    [
      [
        ['a', 1, 0, 2],
        ['b', 1, 0, 3],
      ],
      6,
      '6 replicas are more than the maxima add up to (5)',
    ],
    [
      [
        ['a', 0],
        ['b', 0],
      ],
      2,
      '2 of 2 replicas have no place: all weights are 0',
    ],
    [
      [
        ['a', 0, 1],
        ['b', 0],
      ],
      3,
      '2 of 3 replicas have no place: all weights are 0',
    ],
    [
      [
        ['a', 1, 0, 2],
        ['b', 0],
      ],
      5,
      '3 of 5 replicas have no place: a have their maxima, and the others weigh 0',
    ],
  ];
  for (const [list, total, expected] of cases) assert.equal(reason(divide(total, shares(list), '')), expected);
});

test('a tie of single replicas goes to another cluster for another object, so that not all land on the first', () => {
  const equal = shares([
    ['ap', 1],
    ['eu', 1],
    ['us', 1],
  ]);
  const winners = Array.from({ length: 200 }, (_, index) => {
    const one = counts(divide(1, equal, `apps/Deployment/shop/app-${index}`));
    return Object.keys(one).find((cluster) => one[cluster] === 1);
  });
  const first = winners.filter((winner) => winner === 'ap').length;
  assert.equal(winners.filter((winner) => winner === 'us').length, 200 - first, 'ties go by name, up or down');
  assert.ok(first > 60 && first < 140, `${first} of 200 went to the first by name`);
});

test('the hash behind ties is FNV-1a of 32 bits: its published values, so that anybody can check a decision', () => {
  assert.equal(fnv1a(''), 0x811c9dc5);
  assert.equal(fnv1a('a'), 0xe40c292c);
  assert.equal(fnv1a('foobar'), 0xbf9cf968);
});

test('an even hash prefers the first name, an odd one the last', () => {
  const equal = shares([
    ['a', 1],
    ['b', 1],
  ]);
  for (const key of [
    'apps/Deployment/web/one',
    'apps/Deployment/web/two',
    'apps/Deployment/web/three',
    'x',
    'y',
    'z',
  ]) {
    const expected = fnv1a(key) % 2 === 0 ? { a: 3, b: 2 } : { a: 2, b: 3 };
    assert.deepEqual(counts(divide(5, equal, key)), expected, key);
  }
});

const cases = sharedFolder('cases');
const skip = cases === undefined && 'shared/cases is not on this machine';
test('divides as the published cases of other federations do', { skip }, () => {
  const file = parseJson(readFileSync(join(cases ?? '', 'federation.json'), 'utf8'));
  const chosen = listAt(file, 'cases').filter(
    (each) => textAt(each, 'area') === 'replicas/static' && textAt(each, 'data', 'kind') === 'webster',
  );
  assert.ok(chosen.length >= 15, `only ${chosen.length} cases`);
  for (const each of chosen) {
    const [weights, before] = [mapAt(each, 'data', 'weights'), mapAt(each, 'data', 'init')];
    // What a cluster has already is a minimum here; the replicas of the case come on top of it.
    const list = [...new Set([...Object.keys(weights), ...Object.keys(before)])].map((cluster) => ({
      cluster,
      weight: numberAt(weights, cluster) ?? 0,
      min: numberAt(before, cluster) ?? 0,
      max: Infinity,
    }));
    const total = (numberAt(each, 'data', 'replicas') ?? 0) + sum(list.map(({ min }) => min));
    // Their ties are decided by the UID of a binding, ours by the object. In all cases of theirs the names ascend.
    assert.deepEqual(counts(divide(total, list, EVEN)), mapAt(each, 'data', 'expect'), textAt(each, 'id'));
  }
});

/** A key whose hash is even. */
const EVEN = ['a', 'b', 'c', 'd'].find((key) => fnv1a(key) % 2 === 0) ?? '';

/** Clusters by unique names; maxima that leave room. */
const anyShares = fc
  .uniqueArray(
    fc.record({
      cluster: fc.stringMatching(/^[a-z]{1,4}$/),
      weight: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000 })),
      min: fc.integer({ min: 0, max: 4 }),
      room: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 30 })),
    }),
    { minLength: 1, maxLength: 8, selector: (share) => share.cluster },
  )
  .map((list) => list.map(({ cluster, weight, min, room }): Share => ({ cluster, weight, min, max: min + room })));

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}

test('counts add up to the total and keep to every bound, and a cluster that weighs 0 gets its minimum', () => {
  fc.assert(
    fc.property(anyShares, fc.integer({ min: 0, max: 120 }), fc.string(), (list, total, key) => {
      const division = divide(total, list, key);
      if (division.state === 'impossible') return;
      assert.equal(sum(division.replicas.values()), total);
      for (const { cluster, weight, min, max } of list) {
        const count: number = division.replicas.get(cluster) ?? -1;
        assert.ok(count >= min && count <= max, `${cluster} got ${count} of ${min}…${max}`);
        if (weight === 0) assert.equal(count, min);
      }
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

test('it is impossible only where the numbers say so', () => {
  fc.assert(
    fc.property(anyShares, fc.integer({ min: 0, max: 120 }), (list, total) => {
      const room = sum(list.map(({ weight, min, max }) => (weight === 0 ? min : max)));
      const possible = total >= sum(list.map(({ min }) => min)) && total <= room;
      assert.equal(divide(total, list, '').state, possible ? 'divided' : 'impossible');
    }),
    { seed: 2, numRuns: 1_000 },
  );
});

test('one more replica never takes one from any cluster', () => {
  fc.assert(
    fc.property(anyShares, fc.integer({ min: 0, max: 120 }), fc.string(), (list, total, key) => {
      const [before, after] = [divide(total, list, key), divide(total + 1, list, key)];
      if (before.state === 'impossible' || after.state === 'impossible') return;
      for (const [cluster, count] of before.replicas) {
        const more = (after.replicas.get(cluster) ?? -1) - count;
        assert.ok(more === 0 || more === 1, `${cluster} went from ${count} by ${more}`);
      }
    }),
    { seed: 3, numRuns: 1_000 },
  );
});

test('the order of listing changes nothing', () => {
  const shuffled = anyShares.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, fc.integer({ min: 0, max: 120 }), fc.string(), ([list, other], total, key) => {
      assert.deepEqual(divide(total, list, key), divide(total, other, key));
    }),
    { seed: 4, numRuns: 1_000 },
  );
});

test('equal weights without bounds differ by at most one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 0, max: 200 }),
      fc.string(),
      (clusters, weight, total, key) => {
        const list = Array.from({ length: clusters }, (_, index) => [`c${index}`, weight] as const);
        const all = Object.values(counts(divide(total, shares(list), key)));
        assert.ok(Math.max(...all) - Math.min(...all) <= 1);
      },
    ),
    { seed: 9, numRuns: 1_000 },
  );
});

/** The division as its rule says it, without any order kept between two replicas. */
function divideOneByOne(total: number, list: readonly Share[], key: string): Readonly<Record<string, number>> {
  const sorted = list.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const ordered = fnv1a(key) % 2 === 0 ? sorted : sorted.reverse();
  const seats = ordered.map(({ min }) => min);
  for (let left = total - seats.reduce((sum, each) => sum + each, 0); left > 0; left -= 1) {
    const open = ordered.flatMap(({ weight, max }, index) => {
      const own = seats[index] ?? 0;
      return weight > 0 && own < max ? [{ index, own, quotient: BigInt(weight), divisor: BigInt(2 * own + 1) }] : [];
    });
    const [first] = open.sort(
      (a, b) => Number(b.quotient * a.divisor - a.quotient * b.divisor) || a.own - b.own || a.index - b.index,
    );
    assert.ok(first);
    seats[first.index] = first.own + 1;
  }
  return Object.fromEntries(ordered.map(({ cluster }, index) => [cluster, seats[index] ?? 0]));
}

test('every replica goes where the rule says, with any weights, minima and maxima', () => {
  const share = fc.record({
    weight: fc.oneof(fc.nat(4), fc.nat(1_000_000)),
    min: fc.nat(4),
    room: fc.oneof(fc.constant(Infinity), fc.nat(6)),
  });
  const property = fc.property(fc.array(share, { maxLength: 9 }), fc.nat(60), fc.string(), (list, total, key) => {
    const all = list.map(({ room, ...rest }, index) => ({ ...rest, cluster: `c${index}`, max: rest.min + room }));
    const division = divide(total, all, key);
    if (division.state === 'divided') assert.deepEqual(counts(division), divideOneByOne(total, all, key));
  });
  fc.assert(property, { seed: 1, numRuns: 500 });
});

test('the next replica is not looked for among all clusters', () => {
  let looks = 0;
  const all = Array.from({ length: 500 }, (_, index) => ({
    cluster: `c${index}`,
    min: 0,
    max: Infinity,
    get weight() {
      looks += 1;
      return 1 + (index % 7);
    },
  }));
  assert.equal(divide(20_000, all, 'k').state, 'divided');
  assert.ok(looks < 20_000, `the weights were looked at ${looks} times`);
});
