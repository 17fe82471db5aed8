import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOverdue, recordedBehind } from '../../src/drift/mark-overdue.ts';
import type { Preview } from '../../src/model/apply.ts';
import type { Health } from '../../src/model/health.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { Behind } from '../../src/model/tick.ts';
import { idKey } from '../../src/object/id.ts';
import { APP, entryOf, inventoryOf, manifest, observationOf, renderedApp, targetOf } from '../support/objects.ts';

const OLD = manifest('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n');
const NEW = manifest('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {a: b}\n');
const STARTING: Health = { state: 'InProgress', message: '3/4 replicas ready' };

/** One look at one object of an app with a timeout of 300 s. */
function look(
  behind: ReadonlyMap<string, Behind>,
  nowMs: number,
  health: Health,
  { of = OLD, preview }: { readonly of?: Manifest; readonly preview?: Preview } = {},
) {
  const { id } = of;
  const looked = markOverdue({
    target: targetOf([renderedApp([of], { timeoutMs: 300_000 })]),
    health: { objects: [{ app: APP, id, health }] },
    previews: new Map(preview === undefined ? [] : [[idKey(id), preview]]),
    behind,
    nowMs,
  });
  return { behind: looked.behind, health: looked.health.objects[0]?.health };
}

test('what is on its way for longer than its app allows has failed, and says for how long', () => {
  const first = look(new Map(), 1000, STARTING);
  const second = look(first.behind, 300_999, STARTING);
  const third = look(second.behind, 301_000, STARTING);
  assert.deepEqual([first.health, second.health], [STARTING, STARTING]);
  assert.deepEqual(third.health, {
    state: 'Failed',
    message: "3/4 replicas ready, longer than the 300 s of its app's timeout",
  });
});

test('the time begins anew with a new version, and when it was Current in between', () => {
  const first = look(new Map(), 0, STARTING);
  const changed = look(first.behind, 400_000, STARTING, { of: NEW });
  assert.deepEqual(changed.health, STARTING);
  const current = look(first.behind, 100_000, { state: 'Current', message: '' });
  assert.equal(current.behind.size, 0);
  assert.deepEqual(look(current.behind, 400_000, STARTING).health, STARTING);
});

test('what waits for its kind is on its way, what waits for an earlier wave has not begun', () => {
  const absent: Health = { state: 'NotFound', message: 'not there yet' };
  const waiting: Preview = { state: 'waiting', reason: 'no definition' };
  const first = look(new Map(), 0, absent, { preview: waiting });
  assert.equal(look(first.behind, 300_000, absent, { preview: waiting }).health?.state, 'Failed');
  const later = look(new Map(), 0, absent);
  assert.deepEqual(look(later.behind, 300_000, absent).health, absent);
});

test('a state that is final stays as it is', () => {
  for (const state of ['Current', 'Failed', 'Unknown'] as const) {
    const health: Health = { state, message: 'm' };
    assert.deepEqual(look(look(new Map(), 0, health).behind, 999_000, health).health, health);
  }
});

test('before its first look a process takes the time of the record, of this version only, and never from a clock that is ahead', () => {
  const behindOf = (since: string, { revision = 'new', recorded = OLD } = {}): number | undefined => {
    const inventory = inventoryOf([{ ...entryOf(recorded), since }], { revision });
    const observation = observationOf([], [inventory]); // Observed at 12:00.
    const behind = recordedBehind(targetOf([renderedApp([OLD])]), observation, 'new', 1_000_000);
    return behind.get(idKey(OLD.id))?.sinceMs;
  };
  assert.equal(behindOf('2026-01-01T11:55:00.000Z'), 700_000);
  assert.equal(behindOf('2026-01-01T11:55:00.000Z', { revision: 'old' }), 700_000);
  assert.equal(behindOf('2026-01-01T11:55:00.000Z', { recorded: NEW }), 700_000, 'made anew in this revision');
  assert.equal(behindOf('2026-01-01T11:55:00.000Z', { revision: 'old', recorded: NEW }), undefined);
  assert.equal(behindOf('2026-01-01T12:00:01.000Z'), undefined);
  assert.equal(behindOf('nonsense'), undefined);
});
