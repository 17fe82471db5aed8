/** Whatever happened: when it is quiet, every cluster is as the repository says, and nothing else was touched. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkHistories } from './support/histories.ts';
import { startWorld } from './support/world.ts';

const SEED = Math.trunc(Math.random() * 2 ** 31);

it(`Two hundred random histories end as the repository says (seed ${SEED})`, async () => {
  await using world = await startWorld(['eu']);

  const failure = await checkHistories(world, { count: 200, seed: SEED });

  assert.equal(failure, '');
});
