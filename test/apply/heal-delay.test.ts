import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healDelayMs, withHeal } from '../../src/apply/heal-delay.ts';

const MINUTE = 60_000;

test('what was never healed is healed at once', () => {
  assert.equal(healDelayMs([], 0), 0);
});

test('the pause grows threefold with each heal in a row, up to five minutes', () => {
  const pauses: number[] = [];
  let times: readonly number[] = [];
  let now = 1_000_000;
  for (let heal = 0; heal < 8; heal += 1) {
    times = withHeal(times, now);
    pauses.push(healDelayMs(times, now));
    now += healDelayMs(times, now);
  }
  assert.deepEqual(pauses, [2_000, 6_000, 18_000, 54_000, 162_000, 300_000, 300_000, 300_000]);
});

test('the pause runs out', () => {
  assert.equal(healDelayMs([0], 500), 1_500);
  assert.equal(healDelayMs([0], 1_999), 1);
  assert.equal(healDelayMs([0], 2_000), 0);
  assert.equal(healDelayMs([0], 5_000), 0);
});

test('an object that stayed as it should be for ten minutes begins anew', () => {
  const often = [0, 1, 2, 3, 4];
  assert.ok(healDelayMs(often, 4 + MINUTE) > 0);
  assert.equal(healDelayMs(often, 4 + 10 * MINUTE + 1), 0);
  assert.deepEqual(withHeal(often, 4 + 10 * MINUTE + 1), [4 + 10 * MINUTE + 1]);
  assert.deepEqual(withHeal(often, 5), [0, 1, 2, 3, 4, 5]);
});

test('only the last ten heals are remembered, and the pause stays at its limit', () => {
  const many = Array.from({ length: 50 }, (_, index) => index).reduce<readonly number[]>(withHeal, []);
  assert.deepEqual(many, [40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
  assert.equal(healDelayMs(many, 49), 5 * MINUTE);
});
