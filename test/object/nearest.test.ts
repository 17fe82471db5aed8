import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nearestName } from '../../src/object/nearest.ts';

const TABLE: readonly {
  readonly wrong: string;
  readonly candidates: readonly string[];
  readonly nearest: string | undefined;
  readonly why: string;
}[] = [
  { wrong: 'container', candidates: ['containers', 'volumes'], nearest: 'containers', why: 'a letter is missing' },
  { wrong: 'imgae', candidates: ['image', 'name'], nearest: 'image', why: 'two neighbours are swapped' },
  { wrong: 'regoin', candidates: ['region', 'reason'], nearest: 'region', why: 'a swap is one edit, not two' },
  { wrong: 'Web', candidates: ['web', 'wed'], nearest: 'web', why: 'case counts for nothing' },
  { wrong: 'EU', candidates: ['eu'], nearest: 'eu', why: 'also in the shortest names' },
  { wrong: 'eu', candidates: ['us', 'ap'], nearest: undefined, why: 'another short name is not a slip' },
  { wrong: 'web', candidates: ['database'], nearest: undefined, why: 'nothing is near' },
  { wrong: 'web', candidates: [], nearest: undefined, why: 'there is nothing' },
  { wrong: 'web', candidates: ['web'], nearest: undefined, why: 'the same name is no suggestion' },
  { wrong: 'prod-eu-9', candidates: ['prod-eu-2', 'prod-eu-1'], nearest: 'prod-eu-1', why: 'ties go by code unit' },
  { wrong: 'spec.replicas', candidates: ['spec.replica', 'spec'], nearest: 'spec.replica', why: 'the nearer one wins' },
  { wrong: '', candidates: ['a', 'ab'], nearest: undefined, why: 'an empty name resembles nothing' },
  {
    wrong: 'a'.repeat(300),
    candidates: [`${'a'.repeat(299)}b`],
    nearest: undefined,
    why: 'long texts are not compared',
  },
  { wrong: 'A'.repeat(300), candidates: ['a'.repeat(300)], nearest: 'a'.repeat(300), why: 'except by case' },
];

test('the nearest name is the one that somebody most likely meant', () => {
  for (const { wrong, candidates, nearest, why } of TABLE) {
    assert.equal(nearestName(wrong, candidates), nearest, `${wrong}: ${why}`);
  }
});

/** Optimal string alignment, letter by letter as it is defined. */
function edits(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const swapped = a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1) && a.length > 1 && b.length > 1;
  return Math.min(
    edits(a.slice(0, -1), b) + 1,
    edits(a, b.slice(0, -1)) + 1,
    edits(a.slice(0, -1), b.slice(0, -1)) + (a.at(-1) === b.at(-1) ? 0 : 1),
    swapped ? edits(a.slice(0, -2), b.slice(0, -2)) + 1 : Infinity,
  );
}

test('no candidate is nearer than the one that is found, and what is found is near', () => {
  const names = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(names, fc.uniqueArray(names, { maxLength: 4 }), (wrong, candidates) => {
      const near = candidates
        .filter((each) => each !== wrong && edits(wrong, each) <= Math.floor(Math.max(wrong.length, each.length) / 3))
        .sort((a, b) => edits(wrong, a) - edits(wrong, b) || (a < b ? -1 : 1));
      assert.equal(nearestName(wrong, candidates), near[0]);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

test('the order in which candidates are listed changes nothing', () => {
  const names = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
  fc.assert(
    fc.property(names, fc.uniqueArray(names, { maxLength: 8 }), (wrong, candidates) => {
      assert.equal(nearestName(wrong, candidates), nearestName(wrong, candidates.toReversed()));
    }),
    { seed: 20261121, numRuns: 300 },
  );
});
