import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countLeaving } from '../src/count-leaving.ts';
import type { Leaving } from '../src/model/apply.ts';
import { APP, renderedApp, targetOf } from './support/objects.ts';
import { renderedFleet } from './support/ticks.ts';

/** `on`: placed there. `has`: not placed, and has an inventory. `off`: neither. `new`: never read, and not placed. */
type Standing = 'on' | 'has' | 'off' | 'new';

/** Of a fleet of eu, us and ap; those that are not named are in the repository and not among the clusters. */
function count(standings: Readonly<Record<string, Standing>>, before?: Leaving): Leaving | undefined {
  const seen = Object.entries(standings).map(([name, standing]) => ({
    target: targetOf(standing === 'on' ? [renderedApp([])] : [], { name }),
    inventories: standing === 'new' ? undefined : new Set(standing === 'off' ? [] : [APP]),
  }));
  const memory = before === undefined ? new Map() : new Map([[APP, before]]);
  return countLeaving(renderedFleet(['eu', 'us', 'ap']), seen, memory).get(APP);
}

test('an app leaves the clusters that have its inventory and are not to have it', () => {
  assert.deepEqual(count({ eu: 'has', us: 'on', ap: 'off' }), { clusters: ['eu'], unread: [] });
});

test('clusters that were never read, or are not among those that are worked on, are not known', () => {
  assert.deepEqual(count({ eu: 'has', us: 'new' }), { clusters: ['eu'], unread: ['us', 'ap'] });
});

test('a cluster that was left counts as long as the app leaves others, or nobody knows whether it does', () => {
  const before = { clusters: ['eu', 'us'], unread: [] };
  assert.deepEqual(count({ eu: 'off', us: 'has', ap: 'on' }, before)?.clusters, ['eu', 'us']);
  assert.deepEqual(count({ eu: 'off', us: 'off', ap: 'new' }, before)?.clusters, ['eu', 'us']);
  assert.deepEqual(count({ eu: 'off', us: 'off', ap: 'on' }, before)?.clusters, [], 'it has left');
});

test('a cluster that gets the app again is not left', () => {
  const before = { clusters: ['eu', 'us'], unread: [] };
  assert.deepEqual(count({ eu: 'on', us: 'has', ap: 'on' }, before)?.clusters, ['us']);
});
