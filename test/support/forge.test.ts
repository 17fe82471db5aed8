/** The local forge is the judge in other tests: here is what it lets through and what not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocalForge } from './forge.ts';
import { startLocalForge } from './forge.ts';

const SHA = 'a'.repeat(40);
const STATUSES = `/repos/acme/fleet/statuses/${SHA}`;

async function ask(forge: LocalForge, method: string, path: string, body?: unknown, token = forge.token) {
  const response = await fetch(`${forge.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line no-unsafe-type-assertion -- looked at field by field below
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, json };
}

test('a request that GitHub would not understand fails the test that sent it', async (t) => {
  const requests: readonly (readonly [name: string, method: string, path: string, body?: unknown])[] = [
    ['a state that GitHub does not have', 'POST', STATUSES, { state: 'warning' }],
    ['a missing field', 'POST', STATUSES, { context: 'x' }],
    ['a field that GitHub does not know', 'POST', STATUSES, { state: 'success', descripton: 'x' }],
    ['a parameter that GitHub does not know', 'GET', `/repos/acme/fleet/commits/${SHA}/status?limit=50`],
    ['a page that is no number', 'GET', `/repos/acme/fleet/commits/${SHA}/status?page=first`],
    ['an operation that is not served', 'DELETE', '/repos/acme/fleet'],
  ];
  for (const [name, method, path, body] of requests) {
    await t.test(name, async () => {
      const forge = await startLocalForge();
      forge.addCommits(SHA);
      assert.equal((await ask(forge, method, path, body)).status, 500);
      assert.throws(() => forge.assertClean());
      await assert.rejects(async () => forge[Symbol.asyncDispose]());
    });
  }
});

test('every operation answers as GitHub’s OpenAPI says', async () => {
  await using forge = await startLocalForge();
  forge.addCommits(SHA);
  forge.addIssue(7);
  assert.equal((await ask(forge, 'POST', STATUSES, { state: 'success', context: 'ci', target_url: null })).status, 201);
  assert.equal((await ask(forge, 'GET', `/repos/acme/fleet/commits/${SHA}/status`)).status, 200);
  assert.equal((await ask(forge, 'GET', `/repos/acme/fleet/commits/${SHA}/statuses?per_page=5`)).status, 200);
  const comment = await ask(forge, 'POST', '/repos/acme/fleet/issues/7/comments', { body: 'first' });
  assert.equal(comment.status, 201);
  const path = `/repos/acme/fleet/issues/comments/${Number(comment.json['id'])}`;
  assert.equal((await ask(forge, 'PATCH', path, { body: 'second' })).status, 200);
  assert.equal((await ask(forge, 'GET', '/repos/acme/fleet/issues/7/comments')).status, 200);
  assert.equal((await ask(forge, 'GET', '/rate_limit')).status, 200);
  assert.deepEqual(forge.comments(7), ['second']);
});

test('refusals are those of GitHub', async (t) => {
  await using forge = await startLocalForge();
  forge.addCommits(SHA);
  forge.addIssue(7);
  forge.grant('reader', { statuses: 'read', issues: 'read' });
  forge.grant('stranger', { statuses: 'none', issues: 'none' });
  const status = { state: 'success', context: 'muster/eu' };
  const cases: readonly (readonly [number, string, string, unknown, string, string?])[] = [
    [401, 'POST', STATUSES, status, 'Bad credentials', 'nobody'],
    [403, 'POST', STATUSES, status, 'Resource not accessible by integration', 'reader'],
    [404, 'POST', STATUSES, status, 'Not Found', 'stranger'],
    [404, 'POST', `/repos/other/fleet/statuses/${SHA}`, status, 'Not Found'],
    [422, 'POST', `/repos/acme/fleet/statuses/${'c'.repeat(40)}`, status, `No commit found for SHA: ${'c'.repeat(40)}`],
    [422, 'POST', STATUSES, { ...status, description: '🚀'.repeat(141) }, 'Validation Failed'],
    [422, 'POST', '/repos/acme/fleet/issues/7/comments', { body: 'x'.repeat(65_537) }, 'Validation Failed'],
    [404, 'POST', '/repos/acme/fleet/issues/8/comments', { body: 'x' }, 'Not Found'],
  ];
  for (const [expected, method, path, body, message, token] of cases) {
    await t.test(`${expected} ${message}`, async () => {
      const answer = await ask(forge, method, path, body, token);
      assert.equal(answer.status, expected);
      assert.equal(answer.json['message'], message);
    });
  }
  assert.deepEqual(forge.history(SHA), []);
});

test('lists have 30 to a page, at most 100, and a header that leads to the next', async () => {
  await using forge = await startLocalForge({ limits: false });
  forge.addCommits(SHA);
  for (let index = 0; index < 120; index += 1) {
    await ask(forge, 'POST', STATUSES, { state: 'success', context: `c${index}` });
  }
  const list = `/repos/acme/fleet/commits/${SHA}/status`;
  const sizes = [];
  for (const query of ['', '?per_page=100', '?per_page=1000', '?per_page=100&page=2', '?page=5']) {
    const { json } = await ask(forge, 'GET', `${list}${query}`);
    assert.equal(json['total_count'], 120);
    sizes.push(Array.isArray(json['statuses']) ? json['statuses'].length : undefined);
  }
  assert.deepEqual(sizes, [30, 100, 100, 20, 0]);
  const { headers } = await ask(forge, 'GET', `${list}?per_page=100`);
  assert.equal(
    headers.get('link'),
    `<${forge.url}${list}?per_page=100&page=2>; rel="next", <${forge.url}${list}?per_page=100&page=2>; rel="last"`,
  );
});

test('the 81st write within a minute is refused, and one a minute later is not', async () => {
  let nowMs = 0;
  await using forge = await startLocalForge({ now: () => nowMs });
  forge.addCommits(SHA);
  const post = () => ask(forge, 'POST', STATUSES, { state: 'success' });
  for (let index = 0; index < 80; index += 1) assert.equal((await post()).status, 201);
  const refused = await post();
  assert.equal(refused.status, 403);
  assert.equal(refused.headers.get('retry-after'), '60');
  nowMs = 60_000;
  assert.equal((await post()).status, 201);
});
