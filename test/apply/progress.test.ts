import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assessProgress } from '../../src/apply/progress.ts';
import { decodeInventory, encodeInventory } from '../../src/cluster/inventories.ts';
import type { Health } from '../../src/model/health.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { InventoryEntry } from '../../src/model/observation.ts';
import { formatId } from '../../src/object/id.ts';
import { mapAt, omit } from '../../src/object/json.ts';
import { entryOf, FLEET, inventoryOf, liveOf, manifest, observationOf, renderedApp } from '../support/objects.ts';

function deployment(name: string): Manifest {
  return manifest(`apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: shop}\n`);
}

const [A, B] = [deployment('a'), deployment('b')];
const JOB = manifest(
  'apiVersion: batch/v1\nkind: Job\nmetadata: {name: once, namespace: shop}\nspec: {ttlSecondsAfterFinished: 60}\n',
);
const ALL = [A, B, JOB];
const SINCE = '2026-01-01T11:00:00.000Z';
const STARTING: Health = { state: 'InProgress', message: '3/4' };
const FAILED: Health = { state: 'Failed', message: 'failed' };

/** What the record gets to know of A, B and JOB. */
function assess(
  entries: readonly InventoryEntry[],
  health: Readonly<Record<string, Health>>,
  { isWriting = false, gone = [] as readonly string[] } = {},
): { readonly arrived: readonly string[]; readonly failed: readonly string[] } {
  const live = ALL.filter(({ id }) => !gone.includes(id.name)).map((each) => {
    const { [each.id.name]: of } = health;
    return liveOf(each, of === undefined ? {} : { health: of });
  });
  const observation = observationOf(live, [inventoryOf(entries)]);
  const { arrived, failed } = assessProgress(renderedApp(ALL), entries, observation, isWriting);
  return { arrived: arrived.map(formatId), failed: failed.map(formatId) };
}

test('that all is there is recorded once; before that, only together with other things', () => {
  const entries = [
    { ...entryOf(A), since: SINCE },
    { ...entryOf(B), since: SINCE },
  ];
  const both = ['Deployment shop/a', 'Deployment shop/b'];
  assert.deepEqual(assess(entries, {}).arrived, both);
  assert.deepEqual(assess(entries, { b: STARTING }).arrived, []);
  assert.deepEqual(assess(entries, { b: STARTING }, { isWriting: true }).arrived, ['Deployment shop/a']);
  assert.deepEqual(assess(entries, { b: FAILED }, { isWriting: true }).arrived, ['Deployment shop/a']);
  assert.deepEqual(assess([entryOf(A), entryOf(B)], {}).arrived, []);
});

test('that a Job with a TTL failed is recorded once, and of others it is not', () => {
  assert.deepEqual(assess([entryOf(JOB), entryOf(A)], { once: FAILED, a: FAILED }).failed, ['Job shop/once']);
  assert.deepEqual(assess([{ ...entryOf(JOB), failed: true }], { once: FAILED }).failed, []);
});

test('a Job that its TTL removed has come to its end, unless it failed', () => {
  const entry = { ...entryOf(JOB), since: SINCE };
  assert.deepEqual(assess([entry], {}, { gone: ['once'] }).arrived, ['Job shop/once']);
  assert.deepEqual(assess([{ ...entry, failed: true }], {}, { gone: ['once'] }).arrived, []);
  assert.deepEqual(assess([{ ...entry, desiredHash: 'of another version' }], {}, { gone: ['once'] }).arrived, []);
});

test('the record keeps it beside the entries, so that who does not know of it reads them all the same', () => {
  const entries = [
    { ...entryOf(A), since: SINCE },
    entryOf(B),
    { ...entryOf(JOB), since: '2026-01-01T11:30:00.000Z', failed: true },
  ];
  const object = encodeInventory(FLEET, inventoryOf(entries));
  assert.deepEqual(decodeInventory(object).entries, entries);
  assert.deepEqual(
    [mapAt(object, 'data')['behind'], mapAt(object, 'data')['failed']],
    ['{"2026-01-01T11:00:00.000Z":[0],"2026-01-01T11:30:00.000Z":[2]}', '[2]'],
  );
  const without = { ...object, data: omit(mapAt(object, 'data'), ['behind', 'failed']) };
  assert.deepEqual(
    decodeInventory(without).entries,
    ALL.map((each) => entryOf(each)),
  );
  for (const garbage of ['', '{', '[1]', '{"x": 1}', '{"": [99]}']) {
    const read = decodeInventory({ ...object, data: { ...mapAt(object, 'data'), behind: garbage, failed: garbage } });
    assert.equal(read.unreadable, undefined);
    assert.equal(read.entries.length, 3);
  }
});
