import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs } from '../../src/report/back-off.ts';
import { contextGapMs, limitReadyMs, nextStep } from '../../src/report/next-step.ts';
import type { Outbox } from '../../src/report/outbox.ts';
import {
  EMPTY_OUTBOX,
  addReport,
  countDirty,
  holdForge,
  noteRead,
  noteUnsure,
  supersedeCommit,
} from '../../src/report/outbox.ts';

const MINUTE = 60_000;
const A = 'a'.repeat(40);

function pending(outbox: Outbox, revision: string, ...names: readonly string[]): Outbox {
  const statuses = names.map((name) => ({ context: `muster/${name}`, state: 'pending' as const, description: name }));
  return addReport(outbox, { revision, statuses });
}

test('there is nothing to do at first', () => {
  assert.deepEqual(nextStep(EMPTY_OUTBOX, 0), { kind: 'idle' });
});

test('a commit is read before it is written to, and the first of its report is written first', () => {
  const outbox = pending(EMPTY_OUTBOX, A, 'fleet', 'eu');
  assert.deepEqual(nextStep(outbox, 0), { kind: 'read', revision: A });
  assert.partialDeepStrictEqual(nextStep(noteRead(outbox, A, []), 0), {
    kind: 'post',
    status: { context: 'muster/fleet' },
  });
});

test('who has waited longest is written first, and a failed write goes to the end', () => {
  let outbox = noteRead(pending(EMPTY_OUTBOX, A, 'fleet', 'eu', 'us'), A, [
    { context: 'muster/fleet', state: 'pending', description: 'fleet' },
  ]);
  assert.partialDeepStrictEqual(nextStep(outbox, 0), { kind: 'post', status: { context: 'muster/eu' } });
  outbox = pending(outbox, A, 'fleet', 'eu', 'us', 'ap');
  assert.partialDeepStrictEqual(nextStep(outbox, 0), { kind: 'post', status: { context: 'muster/eu' } });
  outbox = noteUnsure(outbox, A, 'muster/eu', 0);
  assert.partialDeepStrictEqual(nextStep(outbox, 0), { kind: 'post', status: { context: 'muster/us' } });
});

test('a forge on hold is waited for exactly as long as it takes', () => {
  const outbox = holdForge(pending(EMPTY_OUTBOX, A, 'fleet'), 5_000);
  assert.deepEqual(nextStep(outbox, 1_000), { kind: 'wait', ms: 4_000 });
  assert.deepEqual(nextStep(outbox, 5_000), { kind: 'read', revision: A });
});

test('the 61st write waits for the first to be a minute old, the 451st for the first to be an hour old', () => {
  const every = (gapMs: number, count: number): readonly number[] =>
    Array.from({ length: count }, (_, index) => 1_000 + index * gapMs);
  assert.equal(limitReadyMs([]), -Infinity);
  assert.equal(limitReadyMs(every(0, 59)), -Infinity);
  assert.equal(limitReadyMs(every(10, 60)), 1_000 + MINUTE);
  assert.equal(limitReadyMs(every(10, 61)), 1_010 + MINUTE);
  assert.equal(limitReadyMs(every(2_000, 450)), 1_000 + 60 * MINUTE);
});

test('a context has a hundred fast writes, then a gap that doubles with every hundred', () => {
  assert.deepEqual(
    [0, 99, 100, 199, 200, 399, 400, 899].map((writes) => contextGapMs(writes) / MINUTE),
    [0, 0, 1, 1, 2, 4, 8, 128],
  );
});

test('waits double up to five minutes, are never shorter than asked, and spread by up to half', () => {
  const again = { code: 'UNAVAILABLE', retry: true };
  assert.deepEqual(
    [1, 2, 3, 9, 10, 1_000].map((failures) => backOffMs(again, failures, 1)),
    [1_000, 2_000, 4_000, 256_000, 300_000, 300_000],
  );
  assert.equal(backOffMs(again, 2, 0), 1_000);
  assert.equal(backOffMs({ ...again, retryAfterMs: 60_000 }, 1, 0), 60_500);
  assert.equal(backOffMs({ code: 'NOT_FOUND', retry: false }, 1, 1), 300_000);
  assert.equal(backOffMs({ ...again, retryAfterMs: 1e15 }, 1, 1), 3_601_000);
});

test('who has a token that is not accepted tries again in half a minute: another may be there by then', () => {
  for (const code of ['UNAUTHENTICATED', 'BAD_CREDENTIALS'])
    assert.equal(backOffMs({ code, retry: false }, 100, 1), 30_000, code);
});

test('memory is bounded when a forge is down for a thousand commits, and the newest are kept', () => {
  const revisions = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(40, '0'));
  let outbox = EMPTY_OUTBOX;
  for (const [index, revision] of revisions.entries()) {
    const older = revisions[index - 1];
    if (older !== undefined) outbox = supersedeCommit(outbox, older, revision);
    const status = { context: 'muster/fleet', state: 'failure' as const, description: revision };
    outbox = addReport(outbox, { revision, statuses: [status] });
  }
  assert.equal(countDirty(outbox), 100);
  assert.deepEqual([...outbox.commits.keys()], revisions.slice(-100));
});
