import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worstHealth } from '../../src/drift/worst-health.ts';
import type { Health, HealthState } from '../../src/model/health.ts';

test('of many objects the worst health wins, and of equally bad ones the first', () => {
  const health = (state: HealthState, message = ''): Health => ({ state, message });
  assert.deepEqual(worstHealth([]), health('Current'));
  assert.deepEqual(worstHealth([health('Current', 'paused')]), health('Current', 'paused'));
  assert.deepEqual(
    worstHealth([health('Current'), health('Failed', 'first'), health('InProgress'), health('Failed', 'second')]),
    health('Failed', 'first'),
  );
  const order = ['Current', 'InProgress', 'Terminating', 'NotFound', 'Failed', 'Unknown'] as const;
  for (const [index, worse] of order.entries()) {
    for (const better of order.slice(0, index)) {
      assert.equal(worstHealth([health(better), health(worse)]).state, worse);
      assert.equal(worstHealth([health(worse), health(better)]).state, worse);
    }
  }
});
