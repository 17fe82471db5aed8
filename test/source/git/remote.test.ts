import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { PortError } from '../../../src/model/errors.ts';
import { readLastGood, writeLastGood } from '../../../src/source/git/last-good.ts';
import { readSnapshot } from '../../../src/source/git/read-snapshot.ts';
import { openRemote, type Remote, type RemoteOptions } from '../../../src/source/git/remote.ts';
import { failsWith } from '../../support/fails-with.ts';
import { type GitServer, startGitServer } from '../../support/git-server.ts';
import { type GitWorld, showFiles as show, startGitWorld } from '../../support/git-world.ts';
import { seeded } from '../../support/seeded.ts';

const signal = new AbortController().signal;

test('the first poll fetches the newest revision alone; after that a poll is one request, and a change a few kilobytes', async () => {
  await using world = await startGitWorld();
  const { server, repository, remote } = world;
  const random = seeded(1);
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`apps/a${index % 50}/f${index}.yaml`, noise(random, 1000)]),
  );
  const first = await repository.commit({ files });
  await repository.commit({ files: { 'apps/a0/f0.yaml': noise(random, 1000) } });
  const second = await repository.commit({ files: { 'apps/a1/f1.yaml': noise(random, 1000) } });

  const poll = await remote.poll(signal);
  assert.deepEqual(
    { ...poll, gitdir: '' },
    { revision: second, url: world.url, branch: 'main', gitdir: '', regressed: false },
  );
  assert.equal((await readSnapshot(poll, second)).files.length, 3000);
  const fetched = sum(world);
  assert.ok(fetched > 2_000_000 && fetched < 4_000_000, `${fetched} bytes: the newest revision is about 2.3 MB`);
  await assert.rejects(readSnapshot(poll, first), failsWith('NOT_FOUND', /no such commit/));

  server.requests.length = 0;
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(await remote.poll(signal), poll);
  }
  assert.equal(server.requests.length, 3);
  assert.ok(sum(world) < 1000);

  server.requests.length = 0;
  const third = await repository.commit({ files: { 'apps/a7/f7.yaml': 'changed' } });
  const changed = await remote.poll(signal);
  assert.equal(changed.revision, third);
  assert.equal(server.requests.length, 3);
  assert.ok(sum(world) < 50_000, `${sum(world)} bytes for one small file`);
  assert.equal(show(await readSnapshot(changed, third))['apps/a7/f7.yaml'], 'changed');
  assert.equal(show(await readSnapshot(changed, second))['apps/a7/f7.yaml'], files['apps/a7/f7.yaml']);
});

test('a process that starts again fetches nothing that it has', async () => {
  await using world = await startGitWorld();
  const revision = await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  await world.remote.poll(signal);
  await world.remote[Symbol.asyncDispose]();
  world.server.requests.length = 0;
  await using again = world.open();
  const poll = await again.poll(signal);
  assert.equal(poll.revision, revision);
  assert.equal(world.server.requests.length, 2);
});

test('a branch whose name begins another one is not mistaken for it, and names may have slashes', async () => {
  await using world = await startGitWorld();
  const { repository, open } = world;
  const revisions = new Map<string, string>();
  for (const branch of ['main', 'main-2', 'main.3', 'feature/x', 'feature/x-y']) {
    revisions.set(branch, await repository.commit({ branch, files: { 'fleet.yaml': branch } }));
  }
  for (const [branch, revision] of revisions) {
    await using remote = open({ branch, storeDirectory: join(world.folder, encodeURIComponent(branch)) });
    const poll = await remote.poll(signal);
    assert.deepEqual([poll.branch, poll.revision], [branch, revision]);
    assert.deepEqual(show(await readSnapshot(poll, revision)), { 'fleet.yaml': branch });
  }
});

test("without a branch, the server's default branch is followed, also when it changes", async () => {
  await using world = await startGitWorld();
  const { repository, open } = world;
  const main = await repository.commit({ files: { 'fleet.yaml': 'main' } });
  const trunk = await repository.commit({ branch: 'trunk', files: { 'fleet.yaml': 'trunk' } });
  await using remote = open({ branch: undefined });
  assert.deepEqual(pick(await remote.poll(signal)), { branch: 'main', revision: main });
  await repository.git('symbolic-ref', 'HEAD', 'refs/heads/trunk');
  assert.deepEqual(pick(await remote.poll(signal)), { branch: 'trunk', revision: trunk });
  await repository.git('symbolic-ref', 'HEAD', 'refs/heads/gone');
  await assert.rejects(remote.poll(signal), failsWith('NOT_FOUND', /has no default branch\. Set the branch\.$/));
});

test('a force-push gives the new revision, and the last good one stays readable', async () => {
  await using world = await startGitWorld();
  const { repository, remote, storeDirectory } = world;
  const base = await repository.commit({ files: { 'fleet.yaml': 'base' } });
  const good = await repository.commit({ files: { 'fleet.yaml': 'good' } });
  const first = await remote.poll(signal);
  await writeLastGood(storeDirectory, { ...first, url: 'x', at: 1 });
  const forced = await repository.commit({ files: { 'fleet.yaml': 'forced' }, onto: base });
  await repository.git('reflog', 'expire', '--expire=all', '--all');
  await repository.git('gc', '-q', '--prune=now');
  const second = await remote.poll(signal);
  assert.equal(second.revision, forced);
  assert.deepEqual(show(await readSnapshot(second, forced)), { 'fleet.yaml': 'forced' });
  const record = await readLastGood(storeDirectory);
  assert.ok(record);
  assert.deepEqual(show(await readSnapshot(record, good)), { 'fleet.yaml': 'good' });
});

test('a force-push whose history is larger than the store starts afresh instead of fetching it', async () => {
  await using world = await startGitWorld();
  const { server, repository, remote, storeDirectory } = world;
  const random = seeded(2);
  for (let round = 0; round < 30; round += 1) {
    await repository.commit({ files: { 'apps/big.yaml': noise(random, 100_000) } });
  }
  const old = await remote.poll(signal);
  await writeLastGood(storeDirectory, { ...old, url: 'x', at: 1 });
  const base = await repository.git('rev-parse', 'main~2');
  const forced = await repository.commit({ onto: base, files: { 'apps/other.yaml': '1' } });
  server.requests.length = 0;
  const poll = await remote.poll(signal);
  assert.equal(poll.revision, forced);
  assert.notEqual(poll.gitdir, old.gitdir);
  assert.ok(sum(world) < 3_500_000, `${sum(world)} bytes: one attempt within its budget, and 75 kB`);
  assert.equal((await readSnapshot(poll, forced)).files.length, 2);
  assert.equal((await readSnapshot(old, old.revision)).files.length, 1);
});

test('a branch that is deleted is said to be, with the name that was probably meant, and nothing else changes', async () => {
  await using world = await startGitWorld();
  const { server, repository, remote } = world;
  const revision = await repository.commit({ files: { 'fleet.yaml': '1' } });
  const poll = await remote.poll(signal);
  await repository.setBranch('mainn', revision);
  await repository.deleteBranch('main');
  server.requests.length = 0;
  await assert.rejects(remote.poll(signal), failsWith('NOT_FOUND', /has no branch "main": .* Did you mean "mainn"\?$/));
  assert.equal(server.requests.length, 2);
  assert.equal((await readSnapshot(poll, revision)).files.length, 1);
  await repository.setBranch('main', revision);
  assert.deepEqual(await remote.poll(signal), poll);
});

test('an empty repository is said to be empty', async () => {
  await using world = await startGitWorld();
  await assert.rejects(world.remote.poll(signal), failsWith('NOT_FOUND', /is empty: it has no branch yet/));
  await using remote = world.open({ branch: undefined, storeDirectory: join(world.folder, 'other') });
  await assert.rejects(remote.poll(signal), failsWith('NOT_FOUND', /is empty: it has no branch yet/));
});

test('a revision that goes back to an ancestor of the last good one is reported', async () => {
  await using world = await startGitWorld();
  const { repository, remote, storeDirectory, url } = world;
  const a = await repository.commit({ files: { 'fleet.yaml': 'a' } });
  await remote.poll(signal);
  const b = await repository.commit({ files: { 'fleet.yaml': 'b' } });
  const c = await repository.commit({ files: { 'fleet.yaml': 'c' } });
  const poll = await remote.poll(signal);
  await writeLastGood(storeDirectory, { ...poll, url, at: 1 });
  const seen: [string, boolean][] = [];
  for (const target of [b, b, c, a, c]) {
    await repository.setBranch('main', target);
    const { revision, regressed } = await remote.poll(signal);
    seen.push([revision, regressed]);
  }
  assert.deepEqual(seen, [
    [b, true],
    [b, true],
    [c, false],
    [a, true],
    [c, false],
  ]);
  const d = await repository.commit({ files: { 'fleet.yaml': 'd' }, onto: b });
  assert.deepEqual(pick(await remote.poll(signal)), { branch: 'main', revision: d });
  assert.equal((await remote.poll(signal)).regressed, false, 'a force-push to something new is no step back');
});

test('the last good revision is read when the server is down after a restart', async () => {
  await using world = await startGitWorld();
  const { server, repository, remote, storeDirectory, url, open } = world;
  const good = await repository.commit({ files: { 'fleet.yaml': 'good' } });
  const poll = await remote.poll(signal);
  await writeLastGood(storeDirectory, {
    url,
    branch: 'main',
    revision: good,
    gitdir: poll.gitdir,
    at: 1_700_000_000_000,
  });
  await repository.commit({ files: { 'fleet.yaml': 'bad' } });
  await remote.poll(signal);
  await remote[Symbol.asyncDispose]();
  await server.down();
  await using again = open();
  await assert.rejects(again.poll(signal), failsWith('UNREACHABLE', /refuses connections/));
  const record = await readLastGood(storeDirectory);
  assert.deepEqual(record, { url, branch: 'main', revision: good, gitdir: poll.gitdir, at: 1_700_000_000_000 });
  assert.deepEqual(show(await readSnapshot(record, good)), { 'fleet.yaml': 'good' });
});

test('credentials are asked for at every operation, so a new token is used at once', async () => {
  await using world = await startGitWorld();
  const { server, repository, open } = world;
  const revision = await repository.commit({ files: { 'fleet.yaml': '1' } });
  let token: string | undefined;
  await using remote = open({
    credentials: async () => (token === undefined ? undefined : { username: 'x-access-token', password: token }),
  });
  server.auth = { username: 'x-access-token', password: 'ghs_first' };
  await assert.rejects(
    remote.poll(signal),
    failsWith('UNAUTHENTICATED', /answers 401: it asks for credentials, and none are set\. Set a token\.$/),
  );
  token = 'ghs_wrong';
  await assert.rejects(
    remote.poll(signal),
    failsWith('UNAUTHENTICATED', /answers 401: the credentials are not accepted\. Check/),
  );
  assert.equal(server.requests.length, 2, 'one request for each poll that fails');
  token = 'ghs_first';
  server.requests.length = 0;
  assert.equal((await remote.poll(signal)).revision, revision);
  assert.ok(
    server.requests.every(({ status }) => status === 200),
    'no request is wasted on asking anonymously',
  );
  server.auth = { username: 'x-access-token', password: 'ghs_second' };
  await assert.rejects(remote.poll(signal), failsWith('UNAUTHENTICATED', /401/));
  token = 'ghs_second';
  assert.deepEqual(pick(await remote.poll(signal)), { branch: 'main', revision });
});

test('credentials that cannot be sent are refused without a request, and failures to read them are passed on', async () => {
  await using world = await startGitWorld();
  const poll = async (credentials: RemoteOptions['credentials']): Promise<unknown> => {
    await using remote = world.open({ credentials });
    return await remote.poll(signal);
  };
  const bad = failsWith('BAD_CREDENTIALS', /control character, or a colon.* Write them again, without a line break\.$/);
  await assert.rejects(
    poll(async () => ({ username: 'git', password: 'ghs_secret\n' })),
    bad,
  );
  await assert.rejects(
    poll(async () => ({ username: 'a:b', password: 'ghs_secret' })),
    bad,
  );
  const unreadable = new PortError({
    port: 'credentials',
    operation: 'read',
    subject: '/token',
    code: 'BAD_CREDENTIALS',
    retry: false,
    safeMessage: 'gone',
  });
  await assert.rejects(
    poll(async () => Promise.reject(unreadable)),
    unreadable,
  );
  const missing = Object.assign(new Error('Secret1'), { code: 'ENOENT', errno: -2, syscall: 'open' });
  await assert.rejects(
    poll(async () => Promise.reject(missing)),
    failsWith('BAD_CREDENTIALS', /^the credentials for http.* could not be read \(ENOENT\)\.$/),
  );
  assert.equal(world.server.requests.length, 0);
});

test('no error holds a credential, whatever the server repeats of it', async () => {
  await using world = await startGitWorld();
  const { server, open } = world;
  await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  const credentials = async (): Promise<{ username: string; password: string }> => ({
    username: 'oauth2-name-of-a-token',
    password: 'ghs_Secret1',
  });
  await using remote = open({ credentials, deadlines: { headersMs: 300, bodyIdleMs: 300 } });
  const encoded = Buffer.from('oauth2-name-of-a-token:ghs_Secret1').toString('base64');
  const text = `ERR Basic ${encoded} oauth2-name-of-a-token ghs_Secret1 is no good\n`;
  const packet = Buffer.from(`${(text.length + 4).toString(16).padStart(4, '0')}${text}`);
  const faults: readonly GitServer['fault'][] = [
    { kind: 'body', change: () => packet },
    { kind: 'body', change: () => Buffer.from(`<p>${text}`), contentType: `text/html; ${encoded}` },
    { kind: 'status', status: 403, headers: { 'x-echo': encoded } },
    { kind: 'status', status: 302, headers: { location: `https://x:ghs_Secret1@example.com/?${encoded}` } },
    { kind: 'cut', bytes: 3 },
    { kind: 'hang-up' },
    { kind: 'silence' },
  ];
  for (const fault of faults) {
    server.fault = fault;
    const error: unknown = await remote.poll(signal).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PortError);
    const everything = `${inspect(error, { depth: 20, showHidden: true })}${error.stack}${JSON.stringify(error)}`;
    assert.doesNotMatch(everything.replaceAll('\\', ''), /ghs_Secret1|oauth2-name|Basic [A-Za-z0-9]/, fault?.kind);
    assert.ok(!everything.includes(encoded), fault?.kind);
  }
  server.fault = { kind: 'body', change: () => packet };
  await assert.rejects(remote.poll(signal), failsWith('UNAVAILABLE', /says "Basic … … … is no good"\.$/));
});

test('each status is told apart, with what to do and when to come back', async (t) => {
  await using world = await startGitWorld();
  const { server } = world;
  await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  await using remote = world.open({ credentials: async () => ({ username: 'x', password: 'y' }) });
  const soon = String(Math.floor(Date.now() / 1000) + 100);
  const cases: readonly (readonly [
    status: number,
    headers: Record<string, string>,
    code: PortError['code'],
    message: RegExp,
    retryAfterMs?: number,
  ])[] = [
    [401, {}, 'UNAUTHENTICATED', /the credentials are not accepted/],
    [203, {}, 'UNAUTHENTICATED', /the credentials are not accepted/],
    [403, {}, 'FORBIDDEN', /may not read the repository/],
    [403, { 'retry-after': '60' }, 'THROTTLED', /answers 403: too many requests, for 60 s\.$/, 60_000],
    [403, { 'x-ratelimit-remaining': '0' }, 'THROTTLED', /answers 403: too many requests\.$/],
    [
      404,
      {},
      'NOT_FOUND',
      /there is no such repository, or these credentials may not see it \(GitHub answers 404 for both\)/,
    ],
    [429, { 'retry-after': '60' }, 'THROTTLED', /too many requests, for 60 s/, 60_000],
    [429, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 'THROTTLED', /for 0 s/, 0],
    [429, { 'retry-after': 'soon' }, 'THROTTLED', /too many requests\.$/],
    [500, {}, 'UNAVAILABLE', /answers 500/],
    [502, {}, 'UNAVAILABLE', /answers 502/],
    [503, { 'retry-after': '5' }, 'UNAVAILABLE', /answers 503/, 5000],
    [400, {}, 'REJECTED', /answers 400/],
    [204, {}, 'REJECTED', /answers 204/],
    [304, {}, 'REJECTED', /answers 304/],
  ];
  for (const [status, headers, code, message, retryAfterMs] of cases) {
    await t.test(`${status} ${JSON.stringify(headers)}`, async () => {
      server.fault = { kind: 'status', status, headers };
      server.requests.length = 0;
      await assert.rejects(remote.poll(signal), (error: PortError) => {
        assert.equal(error.port, 'git');
        assert.equal(error.status, status);
        assert.equal(error.retryAfterMs, retryAfterMs);
        assert.equal(error.retry, ['THROTTLED', 'UNAVAILABLE'].includes(code));
        return failsWith(code, message)(error);
      });
      assert.equal(server.requests.length, 1);
    });
  }
  await t.test('403 with the time at which the limit is lifted', async () => {
    server.fault = {
      kind: 'status',
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': soon },
    };
    await assert.rejects(remote.poll(signal), (error: PortError) => {
      assert.ok(
        Number(error.retryAfterMs) > 50_000 && Number(error.retryAfterMs) <= 100_000,
        String(error.retryAfterMs),
      );
      return failsWith('THROTTLED', /for \d+ s/)(error);
    });
  });
  await t.test('404 to somebody without credentials', async () => {
    server.fault = { kind: 'status', status: 404 };
    await using anonymous = world.open({ storeDirectory: join(world.folder, 'other') });
    await assert.rejects(anonymous.poll(signal), failsWith('NOT_FOUND', /or it is private and no credentials are set/));
  });
});

test('a redirect to another origin is refused, and that origin hears nothing', async () => {
  await using world = await startGitWorld();
  await using other = await startGitServer();
  const revision = await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  const { server, remote } = world;
  server.fault = { kind: 'status', status: 302, headers: { location: `${other.origin}/fleet.git/info/refs` } };
  await assert.rejects(
    remote.poll(signal),
    failsWith(
      'REJECTED',
      new RegExp(`redirects to another server, ${other.origin}\\. If it is the right one, write it`),
    ),
  );
  assert.deepEqual(other.requests, []);
  server.fault = { kind: 'status', status: 302, headers: { location: '//[' } };
  await assert.rejects(remote.poll(signal), failsWith('REJECTED', /redirects to something that is not a URL/));
  server.fault = { kind: 'status', status: 302, headers: { location: '/fleet.git/again' } };
  await assert.rejects(remote.poll(signal), failsWith('REJECTED', /redirects in a circle/));
  await using moved = world.open({ url: `${server.origin}/old.git`, storeDirectory: join(world.folder, 'other') });
  server.fault = { kind: 'move', from: '/old.git', to: '/fleet.git' };
  assert.equal((await moved.poll(signal)).revision, revision);
});

test('URLs that are not HTTP, or hold credentials, are refused with what to write instead', async () => {
  const open = (url: string): Remote => openRemote({ url, storeDirectory: '/nonexistent' });
  const cases: readonly (readonly [url: string, code: PortError['code'], message: RegExp])[] = [
    [
      'git@github.com:acme/fleet.git',
      'REJECTED',
      /an SSH address.* Write https:\/\/github\.com\/acme\/fleet\.git, and set a token\.$/,
    ],
    ['github.com:acme/fleet.git', 'REJECTED', /Write https:\/\/github\.com\/acme\/fleet\.git,/],
    ['ssh://git:Secret1@github.com:22/acme/fleet.git', 'REJECTED', /Write https:\/\/github\.com\/acme\/fleet\.git,/],
    ['git:Secret1@x@github.com/acme/fleet', 'REJECTED', /Write https:\/\/github\.com\/acme\/fleet,/],
    ['git:Sec/Secret1@github.com/acme/fleet', 'REJECTED', /Write https:\/\/github\.com\/acme\/fleet,/],
    ['ssh://github.com/acme/fleet', 'REJECTED', /Write https:\/\/github\.com\/acme\/fleet,/],
    [
      'https://x:Secret1@github.com/acme/fleet',
      'BAD_CREDENTIALS',
      /holds credentials.* Remove them from https:\/\/github\.com\/acme\/fleet,/,
    ],
    ['https://Secret1@github.com/acme/fleet', 'BAD_CREDENTIALS', /holds credentials/],
    [
      'https://github.com/acme/fleet?token=Secret1',
      'REJECTED',
      /has a query or a fragment\. Write https:\/\/github\.com\/acme\/fleet\.$/,
    ],
    ['git://github.com/acme/fleet', 'REJECTED', /begins with "git:"/],
    ['file:///srv/fleet.git', 'REJECTED', /begins with "file:"/],
    ['/srv/fleet.git', 'REJECTED', /is not a URL/],
    ['', 'REJECTED', /is not a URL/],
  ];
  for (const [url, code, message] of cases) {
    assert.throws(() => open(url), failsWith(code, message), url);
    assert.throws(
      () => open(url),
      (error: Error) => !inspect(error, { showHidden: true }).includes('Secret1'),
      url,
    );
  }
  for (const branch of ['', '../../x', 'a..b', 'a b', '.hidden', 'a\nb']) {
    const storeDirectory = '/nonexistent';
    assert.throws(
      () => openRemote({ url: 'https://x/y', branch, storeDirectory }),
      failsWith('REJECTED', /the branch ".*" is not a name/),
    );
  }
});

function sum({ server }: GitWorld): number {
  return server.requests.reduce((total, { bytesOut }) => total + bytesOut, 0);
}

function pick({ branch, revision }: { readonly branch: string; readonly revision: string }): object {
  return { branch, revision };
}

/** Text that does not compress much. */
function noise(random: () => number, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random() * 90))).join('');
}
