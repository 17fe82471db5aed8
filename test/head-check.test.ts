import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeadCheck } from '../src/head-check.ts';

const NEVER = new AbortController().signal;
const NOT_KNOWN = 'nothing is deleted before the repository says that this is its head';

test('whoever waits is answered by the next look at the repository, and asks for one', async () => {
  const check = createHeadCheck();
  assert.equal(check.wanted().aborted, false);
  const same = check.confirm('a', NEVER);
  const other = check.confirm('b', NEVER);
  assert.equal(check.wanted().aborted, true, 'the loop need not sleep on');

  check.begin()({ revision: 'a' });

  assert.equal(await same, undefined);
  assert.equal(await other, 'nothing is deleted for a commit that is not the head any more');
  assert.equal(check.wanted().aborted, false);
});

test('a look that had begun before does not count: it may tell what the head was', async () => {
  const check = createHeadCheck();
  const tell = check.begin();
  const late = check.confirm('a', NEVER);
  tell({ revision: 'a' });
  assert.equal(check.wanted().aborted, true, 'one more is wanted');

  check.begin()({ revision: 'b' });

  assert.equal(await late, 'nothing is deleted for a commit that is not the head any more');
});

test('while the repository does not answer everybody is told so at once, and it is not asked sooner', async () => {
  const check = createHeadCheck();
  const tell = check.begin();
  const during = check.confirm('a', NEVER);
  tell({ failure: 'the connection was refused' });
  assert.equal(await during, `${NOT_KNOWN}: the connection was refused`);
  check.begin();
  assert.equal(await check.confirm('a', NEVER), `${NOT_KNOWN}: the connection was refused`);
  assert.equal(check.wanted().aborted, false);

  check.begin()({ revision: 'a' });

  const again = check.confirm('a', NEVER);
  check.begin()({ revision: 'a' });
  assert.equal(await again, undefined);
});

test('nobody waits longer than a tick may, or than its patience', async () => {
  const stop = new AbortController();
  const stopped = createHeadCheck().confirm('a', stop.signal);
  stop.abort();
  assert.equal(await stopped, `${NOT_KNOWN}: it has not answered yet`);
  assert.equal(await createHeadCheck(10).confirm('a', NEVER), `${NOT_KNOWN}: it has not answered yet`);
});

test('at the end everybody is told, also who asks later', async () => {
  const check = createHeadCheck();
  const waiting = check.confirm('a', NEVER);
  check.end('the process ends');
  assert.equal(await waiting, `${NOT_KNOWN}: the process ends`);
  assert.equal(await check.confirm('a', NEVER), `${NOT_KNOWN}: the process ends`);
});
