import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectPolicy } from '../../src/model/manifest.ts';
import { parsePolicy } from '../../src/render/parse-policy.ts';
import type { Problem } from '../../src/render/problem.ts';

function parse(annotations: Readonly<Record<string, string | boolean | number>>): {
  policy: ObjectPolicy;
  problems: readonly string[];
} {
  const found: Problem[] = [];
  const policy = parsePolicy({ metadata: { annotations } }, found);
  return {
    policy,
    problems: found.map(({ code, pointer, message, help }) => `${code} ${pointer} ${message} | ${help ?? ''}`),
  };
}

test('without annotations an object is always applied, in the first wave, and takes nothing by force', () => {
  assert.deepEqual(parse({}), { policy: { apply: 'always', wave: 0, force: false, recreate: false }, problems: [] });
});

test('each annotation asks for one thing', () => {
  assert.deepEqual(parse({ 'muster.dev/apply': 'create-only' }).policy.apply, 'create-only');
  assert.deepEqual(parse({ 'muster.dev/apply': 'ignore' }).policy.apply, 'ignore');
  assert.deepEqual(parse({ 'muster.dev/apply': 'always' }).policy.apply, 'always');
  assert.deepEqual(parse({ 'muster.dev/wave': '-3' }).policy.wave, -3);
  assert.deepEqual(parse({ 'muster.dev/wave': '007' }).policy.wave, 7);
  assert.deepEqual(parse({ 'muster.dev/force': 'true' }).policy.force, true);
  assert.deepEqual(parse({ 'muster.dev/force': 'false' }).policy.force, false);
  assert.deepEqual(parse({ 'muster.dev/on-immutable': 'recreate' }).policy.recreate, true);
  assert.deepEqual(parse({ 'muster.dev/on-immutable': 'fail' }).policy.recreate, false);
  assert.deepEqual(parse({ 'muster.dev/prune': 'false' }).problems, []);
  assert.deepEqual(parse({ 'muster.dev/confirm-delete': 'true' }).problems, []);
});

test('annotations of others are nobody’s business here', () => {
  assert.deepEqual(parse({ 'example.com/wave': 'x', 'muster.dev.example.com/wave': 'x', muster: 'x' }).problems, []);
});

test('values are exact and lower-case: anything else is an error, never a default', () => {
  const cases: readonly (readonly [key: string, value: string | boolean | number, help: string])[] = [
    ['apply', 'Ignore', 'Write "always", "create-only", "ignore".'],
    ['apply', '', 'Write "always", "create-only", "ignore".'],
    ['prune', 'no', 'Write "true", "false".'],
    ['prune', 'False', 'Write "true", "false".'],
    ['prune', false, 'Write "true", "false".'],
    ['force', 'yes', 'Write "true", "false".'],
    ['on-immutable', 'true', 'Write "fail", "recreate".'],
    ['confirm-delete', 'yes', 'Write "true", "false".'],
    ['wave', 'first', 'Write a whole number in quotes.'],
    ['wave', '1.5', 'Write a whole number in quotes.'],
    ['wave', '1000000000', 'Write a whole number in quotes.'],
    ['wave', 2, 'Write a whole number in quotes.'],
  ];
  for (const [key, value, help] of cases) {
    assert.deepEqual(parse({ [`muster.dev/${key}`]: value }).problems, [
      `BAD_ANNOTATION /metadata/annotations/muster.dev~1${key} annotation "muster.dev/${key}" has a value it does not know | ${help}`,
    ]);
  }
});

test('an annotation that does not exist is an error with the nearest', () => {
  assert.deepEqual(parse({ 'muster.dev/waves': '1' }).problems, [
    'BAD_ANNOTATION /metadata/annotations/muster.dev~1waves there is no annotation "muster.dev/waves" | Did you mean "muster.dev/wave"?',
  ]);
  assert.deepEqual(parse({ 'muster.dev/owner': 'me' }).problems, [
    'BAD_ANNOTATION /metadata/annotations/muster.dev~1owner there is no annotation "muster.dev/owner" | Known are: muster.dev/prune, muster.dev/apply, muster.dev/wave, muster.dev/force, muster.dev/on-immutable, muster.dev/confirm-delete.',
  ]);
  assert.deepEqual(parse({ 'muster.dev/constructor': 'x' }).problems.length, 1);
});
