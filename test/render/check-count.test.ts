import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { checkCount } from '../../src/render/check-count.ts';
import { parseYaml } from '../../src/yaml.ts';

/** Where the counts of an object are wrong: `/spec/replicas "spec.replicas" is …`. */
function wrongCounts(text: string): readonly string[] {
  const found: string[] = [];
  // oxlint-disable-next-line no-unsafe-type-assertion -- the texts below are maps
  const body = parseYaml(text).documents[0]?.value as JsonObject;
  checkCount(body, (_code, pointer, message) => void found.push(`${pointer} ${message}`));
  return found;
}

const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\n';

test('a replica count is a whole number from 0, or left out', () => {
  for (const fine of ['{replicas: 0}', '{replicas: 3}', '{replicas: null}', '{}', '{other: "3"}']) {
    assert.deepEqual(wrongCounts(`${DEPLOYMENT}spec: ${fine}\n`), []);
  }
  for (const [wrong, what] of [
    ['"3"', 'text'],
    ['2.5', 'the number 2.5'],
    ['-1', 'the number -1'],
    ['true', 'the boolean true'],
    ['[3]', 'a list'],
    ['9007199254740993', 'the number 9007199254740993'],
  ] as const) {
    assert.deepEqual(wrongCounts(`${DEPLOYMENT}spec: {replicas: ${wrong}}\n`), [
      `/spec/replicas "spec.replicas" is ${what}, and must be a whole number from 0`,
    ]);
  }
});

test('a Job is counted by its parallelism, and a kind of somebody else by nothing', () => {
  assert.deepEqual(wrongCounts('apiVersion: batch/v1\nkind: Job\nspec: {parallelism: two, replicas: two}\n'), [
    '/spec/parallelism "spec.parallelism" is text, and must be a whole number from 0',
  ]);
  assert.deepEqual(wrongCounts('apiVersion: example.com/v1\nkind: Deployment\nspec: {replicas: "3"}\n'), []);
});
