/**
 * Lives random histories of a fleet on a real API server until one ends wrong.
 *
 *     node scripts/histories.ts [--count 2000] [--seed N] [--path P]
 *
 * A failure prints its seed and path. With both, that history is lived again, and then smaller ones that fail too.
 */
import { parseArgs } from 'node:util';
import { checkHistories } from '../test/scenario/support/histories.ts';
import { startWorld } from '../test/scenario/support/world.ts';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '2000' }, seed: { type: 'string' }, path: { type: 'string' } },
});
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
console.log(`histories: ${values.path === undefined ? `${values.count}, ` : ''}seed ${seed}`);
await using world = await startWorld(['eu']);
const failure = await checkHistories(world, {
  count: Number(values.count),
  seed,
  ...(values.path === undefined ? {} : { path: values.path }),
});
if (failure !== '') {
  console.error(failure);
  process.exitCode = 1;
} else console.log('every history ended as the repository says');
