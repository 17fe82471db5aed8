import { test } from 'node:test';
import * as fc from 'fast-check';
import { SURFACES } from './surfaces.ts';

/** "npm run fuzz" goes on for minutes. */
const RUNS = 200;

for (const [name, surface] of Object.entries(SURFACES)) {
  test(`whatever ${name} is fed with, nothing breaks`, () => {
    fc.assert(surface, { numRuns: name === 'fleet' ? RUNS / 4 : RUNS });
  });
}
