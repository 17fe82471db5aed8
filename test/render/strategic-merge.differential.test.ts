/** kustomize is the reference for merging: what we make of a base and a patch is compared with what it makes of them. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isObject, mapAt, textAt } from '../../src/object/json.ts';
import { BUILTIN_MERGE_SCHEMA } from '../../src/object/merge-keys.ts';
import { strategicMerge } from '../../src/render/strategic-merge.ts';
import { kubectlPatch, kustomizeAll, kustomizeOne, noKubectl } from '../support/kubectl.ts';
import type { PatchCase } from '../support/kubectl.ts';
import { sharedFolder } from '../support/shared.ts';
import { anyObject, confusesKustomize, patchFor } from './arbitrary-patch.ts';
import { AGREED, BEYOND, DIFFERENT, REFUSED } from './merge-cases.ts';

const corpora = sharedFolder('corpora');
const noCorpora = corpora === undefined && 'there is no folder of real manifests (shared/corpora) on this machine';

test('kustomize and we make the same of the cases written by hand', { skip: noKubectl }, () => {
  for (const [index, result] of kustomizeAll(AGREED).entries()) {
    const { name, merged } = AGREED[index] ?? assert.fail();
    assert.deepEqual(result ?? 'deleted', merged, `kustomize: ${name}`);
  }
});

test('kustomize still differs where our table of differences says so', { skip: noKubectl }, () => {
  for (const [index, result] of kustomizeAll(DIFFERENT).entries()) {
    const { name, kustomize, reason } = DIFFERENT[index] ?? assert.fail();
    assert.deepEqual(result, kustomize, `${name} (${reason})`);
  }
});

test('kustomize refuses what we refuse for its shape', { skip: noKubectl }, () => {
  for (const { name, base, patch, kustomize } of REFUSED) {
    const answer = kustomizeOne({ base, patch });
    assert.ok(typeof answer === 'string' && answer.includes(kustomize), `${name}: ${JSON.stringify(answer)}`);
  }
});

test('what kustomize does not know, we do as kubectl patch does', { skip: noKubectl }, () => {
  for (const { name, base, patch, merged } of BEYOND) {
    assert.deepEqual(kubectlPatch({ base, patch }), merged, name);
  }
});

/** Printed with every failure; the same on every machine. */
const SEED = 20261121;

test('kustomize and we make the same of random objects and patches', { skip: noKubectl }, () => {
  const pairs = anyObject.chain((base) => patchFor(base).map((patch) => ({ base, patch })));
  compareAll(plain(fc.sample(pairs, { seed: SEED, numRuns: 240 })));
});

test('kustomize and we make the same of real objects and random patches', { skip: noKubectl || noCorpora }, () => {
  const bases = corpora === undefined ? [] : readObjects(corpora);
  const cases = bases.flatMap((base, index) =>
    fc.sample(patchFor(base), { seed: SEED + index, numRuns: 1 }).map((patch) => ({ base, patch })),
  );
  assert.ok(cases.length > 300, `only ${cases.length} cases: has ${corpora} been read?`);
  compareAll(plain(cases));
});

/** fast-check makes maps without a prototype, which are never equal to others. */
function plain(cases: readonly PatchCase[]): readonly PatchCase[] {
  return JSON.parse(JSON.stringify(cases));
}

/** A run of kubectl costs 100 ms whatever it does, and then each patch in proportion to the number of objects. */
const BATCH = 80;

function compareAll(cases: readonly PatchCase[]): void {
  for (let start = 0; start < cases.length; start += BATCH) {
    const batch = cases.slice(start, start + BATCH);
    for (const [index, expected] of kustomizeAll(batch).entries()) {
      const { base, patch } = batch[index] ?? assert.fail();
      const result = strategicMerge(base, patch, BUILTIN_MERGE_SCHEMA);
      const merged =
        result.state === 'merged'
          ? withoutEmptyAnnotations(result.object)
          : result.state === 'deleted'
            ? undefined
            : result;
      const input = JSON.stringify({ base, patch });
      assert.deepEqual(merged, expected, `seed ${SEED}, case ${start + index}: ${input}`);
    }
  }
}

/** kustomize writes annotations of its own and takes the map away with them, if it is empty then. */
function withoutEmptyAnnotations(object: JsonObject): JsonObject {
  const { annotations, ...metadata } = mapAt(object, 'metadata');
  return isObject(annotations) && Object.keys(annotations).length === 0 ? { ...object, metadata } : object;
}

/** Every object of the manifests below a folder that kustomize does not change by itself. */
function readObjects(folder: string): readonly JsonObject[] {
  const files = globSync('**/*.{yaml,yml}', { cwd: folder }).filter((file) => !file.endsWith('kustomization.yaml'));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8'));
  return (
    texts
      // Large definitions cost seconds and have no list that merges; patches are no objects.
      .filter((text) => text.length < 50_000 && !text.includes('$patch'))
      .flatMap((text) => parseAllDocuments(text, { merge: true }).map((document): JsonValue => document.toJS()))
      .filter((value) => isObject(value))
      .filter((object) => textAt(object, 'metadata', 'name') !== undefined && textAt(object, 'kind') !== undefined)
      .filter((object) => !confusesKustomize(object))
  );
}
