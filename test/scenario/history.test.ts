/** Whatever happened: when it is quiet, every cluster is as the repository says, and nothing else was touched. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkHistories } from './support/histories.ts';
import { startWorld } from './support/world.ts';

/** Always the same ones, so that a landing does not hang on luck: `npm run histories` looks for others. */
const SEED = 1;

it(`Two hundred random histories end as the repository says (seed ${SEED})`, async () => {
  await using world = await startWorld(['eu']);

  const failure = await checkHistories(world, { count: 200, seed: SEED });

  assert.equal(failure, '');
});
