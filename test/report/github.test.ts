import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { test } from 'node:test';
import type { PortFailure } from '../../src/model/errors.ts';
import { PortError } from '../../src/model/errors.ts';
import type { CommitStatus } from '../../src/model/status.ts';
import { createGitHubForge } from '../../src/report/forges/github.ts';
import type { GitHubOptions } from '../../src/report/github-client.ts';
import { testForgeContract } from '../contract/forge.ts';
import type { Fault, LocalForge } from '../support/forge.ts';
import { secondaryLimit, startLocalForge } from '../support/forge.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const CANARY = 'ghs_CanaryCanaryCanary0123456789';
const OK: CommitStatus = { context: 'muster/eu', state: 'success', description: 'in sync' };
const { signal } = new AbortController();

testForgeContract('github', () => under(''));
testForgeContract('github, at the path of an Enterprise Server', () => under('/api/v3'));

async function under(basePath: string) {
  const local = await startLocalForge({ limits: false, basePath });
  local.addCommits(A, B);
  return {
    forge: forgeOf(local),
    revision: A,
    otherRevision: B,
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

function forgeOf(local: LocalForge, options: Partial<GitHubOptions> = {}) {
  return createGitHubForge({
    baseUrl: local.url,
    owner: local.owner,
    repo: local.repo,
    token: async () => local.token,
    ...options,
  });
}

/** The failure of `work`, with the token canary looked for in everything that it carries. */
async function failureOf(work: Promise<unknown>): Promise<PortFailure> {
  const error = await work.then(
    () => assert.fail('this must fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PortError, `not a PortError: ${inspect(error)}`);
  assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), /Canary/i);
  const { port, operation, subject, code, retry, retryAfterMs, status, safeMessage } = error;
  assert.equal(port, 'forge');
  return {
    port,
    operation,
    subject,
    code,
    retry,
    safeMessage,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(status === undefined ? {} : { status }),
  };
}

test('60 contexts are read with one request', async () => {
  await using local = await startLocalForge({ limits: false });
  local.addCommits(A);
  const forge = forgeOf(local);
  for (let index = 0; index < 60; index += 1) await forge.post(A, { ...OK, context: `muster/c${index}` }, signal);
  const before = local.requests().length;
  assert.equal((await forge.read(A, signal)).length, 60);
  assert.equal(local.requests().length - before, 1);
});

test('what stands in the first of 1,000 statuses of a context is not read again and again', async () => {
  await using local = await startLocalForge({ limits: false });
  local.addCommits(A);
  const forge = forgeOf(local);
  for (let index = 0; index < 250; index += 1) await forge.post(A, { ...OK, description: `${index}` }, signal);
  const before = local.requests().length;
  assert.deepEqual(await forge.read(A, signal), [{ ...OK, description: '249' }]);
  assert.equal(local.requests().length - before, 1);
});

test('the token is asked for at every request, so a new one counts at once', async () => {
  await using local = await startLocalForge();
  local.addCommits(A);
  const tokens = ['first', 'second'];
  for (const token of tokens) local.grant(token, { statuses: 'write', issues: 'none' });
  let now = 'first';
  const forge = forgeOf(local, { token: async () => `${now}\n` });
  await forge.post(A, OK, signal);
  local.revoke('first');
  now = 'second';
  await forge.post(A, { ...OK, state: 'pending' }, signal);
  assert.deepEqual(
    local.requests().map((each) => each.token),
    tokens,
  );
});

test('refusals have a code, a text without anything of the answer, and say whether to try again', async (t) => {
  const cases: readonly {
    readonly name: string;
    readonly fault: Fault;
    readonly expected: Partial<PortFailure>;
  }[] = [
    {
      name: 'a secondary limit that says when to come back',
      fault: secondaryLimit(7),
      expected: { code: 'THROTTLED', retry: true, retryAfterMs: 7_000, status: 403 },
    },
    {
      name: 'a secondary limit that does not: a minute, as GitHub asks',
      fault: secondaryLimit(),
      expected: { code: 'THROTTLED', retry: true, retryAfterMs: 60_000, status: 403 },
    },
    {
      name: 'an exhausted quota: until it is filled again, by the forge’s own clock',
      fault: {
        kind: 'answer',
        status: 403,
        headers: {
          date: 'Tue, 03 Mar 2020 10:00:00 GMT',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(Date.UTC(2020, 2, 3, 10, 5) / 1000),
        },
        body: { message: 'API rate limit exceeded for installation ID 1.' },
      },
      expected: { code: 'THROTTLED', retryAfterMs: 300_000 },
    },
    {
      name: '429 with a date',
      fault: {
        kind: 'answer',
        status: 429,
        headers: { date: 'Tue, 03 Mar 2020 10:00:00 GMT', 'retry-after': 'Tue, 03 Mar 2020 10:00:30 GMT' },
      },
      expected: { code: 'THROTTLED', retryAfterMs: 30_000 },
    },
    {
      name: 'a proxy that fails with a page of HTML',
      fault: { kind: 'answer', status: 502, body: '<html>Canary</html>' },
      expected: { code: 'UNAVAILABLE', retry: true, status: 502, safeMessage: 'the forge failed (HTTP 502)' },
    },
    {
      name: 'maintenance that says when it ends',
      fault: { kind: 'answer', status: 503, headers: { 'retry-after': '120' } },
      expected: { code: 'UNAVAILABLE', retry: true, retryAfterMs: 120_000 },
    },
    {
      name: 'a conflict, which passes',
      fault: { kind: 'answer', status: 409, body: { message: 'Canary' } },
      expected: { code: 'CONFLICT', retry: true },
    },
    {
      name: 'another validation error: the field, not the text',
      fault: {
        kind: 'answer',
        status: 422,
        body: {
          message: 'Validation Failed Canary',
          errors: [{ field: 'target_url', code: 'custom', message: 'Canary' }, { field: 'Canary is here' }],
        },
      },
      expected: {
        code: 'REJECTED',
        retry: false,
        safeMessage: 'the forge refuses the request (HTTP 422, because of target_url)',
      },
    },
    {
      name: 'a repository that was renamed, answered so that fetch repeats the POST as a GET',
      fault: { kind: 'answer', status: 302, headers: { location: '/rate_limit' } },
      expected: { code: 'CORRUPT' },
    },
  ];
  for (const { name, fault, expected } of cases) {
    await t.test(name, async () => {
      await using local = await startLocalForge();
      local.addCommits(A);
      local.grant(CANARY, { statuses: 'write', issues: 'none' });
      local.intercept((request) => (request.method === 'POST' ? fault : undefined));
      const error = await failureOf(forgeOf(local, { token: async () => CANARY }).post(A, OK, signal));
      assert.partialDeepStrictEqual(error, expected);
    });
  }
});

test('what a token may not is told with what to do about it', async (t) => {
  await using local = await startLocalForge();
  local.addCommits(A);
  local.grant('reader-Canary', { statuses: 'read', issues: 'read' });
  local.grant('stranger-Canary', { statuses: 'none', issues: 'none' });
  const cases = [
    ['reader-Canary', 'FORBIDDEN', /needs read and write access to the commit statuses/],
    ['stranger-Canary', 'NOT_FOUND', /does not exist, or this token may not see it/],
    ['expired-Canary', 'UNAUTHENTICATED', /the token is not accepted/],
  ] as const;
  for (const [token, code, text] of cases) {
    await t.test(code, async () => {
      const error = await failureOf(forgeOf(local, { token: async () => token }).post(A, OK, signal));
      assert.equal(error.code, code);
      assert.equal(error.retry, false);
      assert.match(error.safeMessage, text);
      assert.equal(error.subject, 'acme/fleet@aaaaaaa muster/eu');
    });
  }
});

test('tokens that cannot be sent are refused before they are, and not shown', async (t) => {
  await using local = await startLocalForge();
  const tokens: Record<string, () => Promise<string>> = {
    'an empty one': async () => ' \n',
    'one with a line break': async () => 'Canary\nCanary',
    'one that is no token': async () => 'Canärÿ Canary',
    'one that cannot be read': async () => {
      throw new Error('ENOENT: /secrets/Canary');
    },
  };
  for (const [name, token] of Object.entries(tokens)) {
    await t.test(name, async () => {
      const error = await failureOf(forgeOf(local, { token }).post(A, OK, signal));
      assert.equal(error.code, 'BAD_CREDENTIALS');
    });
  }
  assert.deepEqual(local.requests(), []);
});

test('the 1,001st status of a context is refused for good, and other contexts are not', async () => {
  await using local = await startLocalForge({ limits: false });
  local.addCommits(A);
  const forge = forgeOf(local);
  for (let index = 0; index < 1000; index += 1) {
    await forge.post(A, { ...OK, context: index % 2 === 0 ? 'muster/eu' : 'Muster/EU' }, signal);
  }
  const error = await failureOf(forge.post(A, OK, signal));
  assert.partialDeepStrictEqual(error, { code: 'REJECTED', retry: false, status: 422 });
  assert.match(error.safeMessage, /greatest number of statuses/);
  await forge.post(A, { ...OK, context: 'muster/us' }, signal);
});

test('a commit that the forge does not know is refused for good', async () => {
  await using local = await startLocalForge();
  const forge = forgeOf(local);
  const posted = await failureOf(forge.post(B, OK, signal));
  assert.partialDeepStrictEqual(posted, {
    code: 'REJECTED',
    retry: false,
    safeMessage: 'the forge does not know this commit. Was it pushed there?',
  });
  assert.equal((await failureOf(forge.read(B, signal))).code, 'NOT_FOUND');
});

test('a cut connection is unreachable, whenever it is cut', async (t) => {
  for (const when of ['before', 'after', 'within'] as const) {
    await t.test(when, async () => {
      await using local = await startLocalForge();
      local.addCommits(A);
      local.intercept(() => ({ kind: 'drop', when }));
      const error = await failureOf(forgeOf(local).read(A, signal));
      assert.ok(error.retry);
      // A body that was cut off is an answer to octokit: it must not pass for a commit without statuses.
      assert.equal(error.code, when === 'within' ? 'CORRUPT' : 'UNREACHABLE');
    });
  }
});

test('nobody at the other end is unreachable', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await new Promise((resolve) => server.close(resolve));
  const options = { owner: 'acme', repo: 'fleet', token: async () => CANARY };
  const error = await failureOf(createGitHubForge({ ...options, baseUrl: `http://127.0.0.1:${port}` }).read(A, signal));
  assert.partialDeepStrictEqual(error, { code: 'UNREACHABLE', retry: true });
  assert.match(error.safeMessage, /ECONNREFUSED/);
});

test('a forge that does not answer ends at our own deadline', async () => {
  await using local = await startLocalForge();
  local.intercept(() => ({ kind: 'delay', ms: 60_000 }));
  const error = await failureOf(forgeOf(local, { timeoutMs: 50 }).read(A, signal));
  assert.partialDeepStrictEqual(error, { code: 'UNREACHABLE', retry: true });
  assert.match(error.safeMessage, /did not answer within 0\.05 s/);
});

test('a token that never comes ends at our own deadline', async () => {
  await using local = await startLocalForge();
  const forge = forgeOf(local, { timeoutMs: 50, token: () => new Promise(() => undefined) });
  assert.equal((await failureOf(forge.read(A, signal))).code, 'UNREACHABLE');
});

test('the signal ends a request that is under way', async () => {
  await using local = await startLocalForge();
  const stop = new AbortController();
  local.intercept(() => {
    stop.abort();
    return { kind: 'delay', ms: 60_000 };
  });
  const error = await failureOf(forgeOf(local).post(A, OK, stop.signal));
  assert.equal(error.code, 'CANCELLED');
});

test('a POST that is redirected with 307 is repeated as it is', async () => {
  await using local = await startLocalForge();
  local.addCommits(A);
  local.intercept(({ path }) =>
    path.startsWith('/repos/old/name/')
      ? { kind: 'answer', status: 307, headers: { location: path.replace('/old/name/', '/acme/fleet/') } }
      : undefined,
  );
  await forgeOf(local, { owner: 'old', repo: 'name' }).post(A, OK, signal);
  assert.deepEqual(local.statuses(A), [OK]);
});

test('statuses of Gitea and Forgejo are read, whose pages count only themselves', async () => {
  const asked: string[] = [];
  const pages = [
    {
      total_count: 2,
      statuses: [
        { context: 'muster/eu', status: 'success', description: 'in sync' },
        { context: 'ci', status: 'warning', description: 'hm' },
      ],
    },
    { total_count: 1, statuses: [{ context: 'muster/us', status: 'pending', description: '1/2' }] },
    { total_count: 0, statuses: null },
  ];
  const forge = createGitHubForge({
    baseUrl: 'https://git.example/api/v1/',
    owner: 'acme',
    repo: 'fleet',
    token: async () => CANARY,
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : String(input);
      asked.push(url);
      return Response.json(pages[Number(new URL(url).searchParams.get('page')) - 1]);
    },
  });
  assert.deepEqual(await forge.read(A, signal), [
    { context: 'muster/eu', state: 'success', description: 'in sync' },
    { context: 'ci', state: 'error', description: 'hm' },
    { context: 'muster/us', state: 'pending', description: '1/2' },
  ]);
  assert.equal(asked[0], `https://git.example/api/v1/repos/acme/fleet/commits/${A}/status?per_page=100&page=1`);
  assert.equal(asked.length, 3);
});
