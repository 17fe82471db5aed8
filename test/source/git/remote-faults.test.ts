import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PortError } from '../../../src/model/errors.ts';
import { readSnapshot } from '../../../src/source/git/read-snapshot.ts';
import { createAuthority, type KeyPair } from '../../support/certificates.ts';
import { failsWith } from '../../support/fails-with.ts';
import { startGitServer } from '../../support/git-server.ts';
import { showFiles, startGitWorld } from '../../support/git-world.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const signal = new AbortController().signal;
/** The answer to the second question asked there: the first is for refs. */
const PACK = { only: 'git-upload-pack', after: 1 };

test('a server that needs eight seconds before its first byte is waited for', async () => {
  await using world = await startGitWorld();
  const revision = await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  world.server.fault = { kind: 'delay', ms: 8000, only: 'git-upload-pack' };
  const head = world.remote.poll(signal);
  setTimeout(() => (world.server.fault = undefined), 7000);
  assert.equal((await head).revision, revision);
});

test('a server that stops answering is given up at the deadline for that part, and heard again later', async (t) => {
  await using world = await startGitWorld();
  const { server } = world;
  const revision = await world.repository.commit({ files: { 'fleet.yaml': 'x'.repeat(10_000) } });
  await using remote = world.open({ deadlines: { headersMs: 200, bodyIdleMs: 200 } });
  const cases = [
    ['silence', { kind: 'silence' }, 'UNREACHABLE', /accepted the request and did not begin to answer in time/],
    ['silence for the pack', { kind: 'silence', ...PACK }, 'UNREACHABLE', /did not begin to answer in time/],
    ['a body that stops half-way', { kind: 'stall', bytes: 60 }, 'UNREACHABLE', /stopped in the middle of its answer/],
    ['a pack that stops half-way', { kind: 'stall', bytes: 300, ...PACK }, 'UNREACHABLE', /stopped in the middle/],
    [
      'a body that is cut',
      { kind: 'cut', bytes: 60 },
      'UNREACHABLE',
      /broke the connection before the answer was complete/,
    ],
    ['no answer at all', { kind: 'hang-up' }, 'UNREACHABLE', /broke the connection/],
  ] as const;
  for (const [title, fault, code, message] of cases) {
    await t.test(title, async () => {
      server.fault = fault;
      await assert.rejects(remote.poll(signal), failsWith(code, message));
    });
  }
  await t.test('refused connections', async () => {
    await server.down();
    await assert.rejects(remote.poll(signal), failsWith('UNREACHABLE', /refuses connections/));
    await server.up();
  });
  await t.test('a host that does not exist', async () => {
    await using nowhere = world.open({
      url: 'http://nowhere.invalid/fleet',
      storeDirectory: join(world.folder, 'other'),
    });
    await assert.rejects(
      nowhere.poll(signal),
      failsWith('UNREACHABLE', /host name does not exist|DNS does not answer/),
    );
  });
  server.fault = undefined;
  assert.equal((await remote.poll(signal)).revision, revision);
});

test('an operation as a whole has a deadline, however busy the server looks', async () => {
  await using world = await startGitWorld();
  await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  world.server.fault = { kind: 'silence' };
  await using remote = world.open({ deadlines: { totalMs: 300 } });
  await assert.rejects(remote.poll(signal), failsWith('UNREACHABLE', /took more than 0\.3 s for one list\.$/));
});

test('a poll that is no longer wanted ends', async () => {
  await using world = await startGitWorld();
  const revision = await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  world.server.fault = { kind: 'silence' };
  const controller = new AbortController();
  const poll = world.remote.poll(controller.signal);
  setTimeout(() => controller.abort(), 100);
  await assert.rejects(poll, failsWith('CANCELLED', /was not waited for any longer/));
  await assert.rejects(world.remote.poll(AbortSignal.abort()), failsWith('CANCELLED', /was not waited for/));
  world.server.fault = undefined;
  assert.equal((await world.remote.poll(signal)).revision, revision);
});

test('an answer that is larger than allowed is not taken, whether or not the server says so first', async () => {
  await using world = await startGitWorld();
  const random = seeded(3);
  const text = Array.from({ length: 100_000 }, () => Math.floor(random() * 36).toString(36)).join('');
  await world.repository.commit({ files: { 'apps/big.yaml': text } });
  await using remote = world.open({ limits: { packBytes: 10_000 } });
  await assert.rejects(remote.poll(signal), failsWith('TOO_BIG', /answers with more than 10000 bytes/));
});

test('objects that unfold to more than allowed are not taken, however small they arrive', async (t) => {
  await using world = await startGitWorld();
  const { repository } = world;
  const poll = async (limits: Parameters<typeof world.open>[0]): Promise<unknown> => {
    await using remote = world.open(limits);
    return await remote.poll(signal);
  };
  await t.test('one file of zeros', async () => {
    await repository.commit({ files: { 'apps/zeros.yaml': '\0'.repeat(2_000_000) } });
    await assert.rejects(
      poll({ limits: { objectBytes: 1_000_000 } }),
      failsWith('TOO_BIG', /an object of 2000000 bytes/),
    );
  });
  await t.test('a difference that says to repeat', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} of a file that is long enough\n`).join('');
    await repository.commit({
      files: { 'apps/zeros.yaml': null, 'apps/a.yaml': lines, 'apps/b.yaml': `${lines}more` },
    });
    await repository.git('repack', '-adfq');
    await assert.rejects(poll({ limits: { objectBytes: 100_000 } }), failsWith('TOO_BIG', /an object of \d{6} bytes/));
    await assert.rejects(
      poll({ limits: { unpackedBytes: 300_000 } }),
      failsWith('TOO_BIG', /unpacks to more than 300000/),
    );
  });
  assert.ok(await poll({}));
});

test('answers that are not Git are said not to be', async (t) => {
  await using world = await startGitWorld();
  const { server, remote } = world;
  await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  const cases: readonly (readonly [title: string, body: string, contentType: string | undefined, message: RegExp])[] = [
    [
      'a page to sign in',
      '<html>',
      'text/html; charset=utf-8',
      /answers with "text\/html; charset=utf-8", not as a Git server\. Check the URL/,
    ],
    ['nothing', '', undefined, /gives a damaged answer: it ends without the mark for its end/],
    ['text', 'hello world', undefined, /damaged answer: it is not made of packets/],
    ['a torn length', '000eversion 2\n00', undefined, /it ends in the middle of a packet/],
    ['a torn packet', '000eversion', undefined, /it ends in the middle of a packet/],
    ['no end', '000eversion 2\n', undefined, /it ends without the mark/],
    ['an impossible length', '00030000', undefined, /a packet has an impossible length/],
    ['rubbish in packets', '000arubbis0000', undefined, /gives an answer that is not understood \(\w+\)\.$/],
  ];
  for (const [title, body, contentType, message] of cases) {
    await t.test(title, async () => {
      server.fault = {
        kind: 'body',
        change: () => Buffer.from(body),
        ...(contentType === undefined ? {} : { contentType }),
      };
      await assert.rejects(remote.poll(signal), failsWith('CORRUPT', message));
    });
  }
  await t.test('not even HTTP', async () => {
    server.fault = undefined;
    await using other = world.open({
      url: world.url.replace('http:', 'https:'),
      storeDirectory: join(world.folder, 'o'),
    });
    await assert.rejects(other.poll(signal), failsWith('TLS', /does not speak TLS on this port\. Check the port/));
  });
});

test('a list of refs that was torn never reads as a branch that is gone', async () => {
  await using world = await startGitWorld();
  const { server, remote, repository } = world;
  const revision = await repository.commit({ files: { 'fleet.yaml': '1' } });
  await remote.poll(signal);
  await repository.commit({ files: { 'fleet.yaml': '2' } });
  server.memory = new Map();
  for (const only of ['info/refs', 'git-upload-pack']) {
    for (let bytes = 0; bytes < 140; bytes += 1) {
      server.fault = { kind: 'body', only, change: (body) => body.subarray(0, Math.min(bytes, body.length - 1)) };
      await assert.rejects(remote.poll(signal), failsWith('CORRUPT', /./));
    }
  }
  server.fault = undefined;
  assert.notEqual((await remote.poll(signal)).revision, revision);
});

test('500 damaged answers give an error or the right files, and the store heals each time', async () => {
  await using world = await startGitWorld();
  const { server, repository } = world;
  const lines = Array.from({ length: 200 }, (_, index) => `key${index}: value\n`).join('');
  const files = { 'fleet.yaml': 'kind: Fleet\n', 'apps/a.yaml': lines, 'apps/b.yaml': `${lines}more: 1\n` };
  const revision = await repository.commit({ files });
  await repository.git('repack', '-adfq');
  server.memory = new Map();
  const random = seeded(20_261_121);
  const pick = (count: number): number => Math.floor(random() * count);
  let [failed, answers] = [0, 0];
  for (let round = 0; round < 500; round += 1) {
    await using folder = await temporaryFolder();
    await using remote = world.open({ storeDirectory: folder.path, deadlines: { bodyIdleMs: 2000, totalMs: 5000 } });
    const victim = pick(4); // A first poll takes four answers.
    answers = 0;
    server.fault = { kind: 'body', change: (body) => (answers++ === victim ? mutate(body, pick) : body) };
    try {
      const poll = await remote.poll(signal);
      assert.deepEqual(showFiles(await readSnapshot(poll, poll.revision)), files, `round ${round}`);
      assert.equal(poll.revision, revision, `round ${round}`);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      failed += 1;
    }
    server.fault = undefined;
    const poll = await remote.poll(signal);
    assert.deepEqual(
      [poll.revision, showFiles(await readSnapshot(poll, revision))],
      [revision, files],
      `round ${round}`,
    );
  }
  assert.ok(failed > 200, `only ${failed} were noticed`);
});

/** What networks, proxies and half-dead servers do to bytes. */
function mutate(body: Buffer, pick: (count: number) => number): Buffer {
  const bytes = Buffer.from(body);
  const at = pick(bytes.length);
  switch (pick(6)) {
    case 0:
      bytes[at] = Number(bytes[at]) ^ (1 << pick(8));
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + pick(50))]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from('0000'), bytes.subarray(at)]);
    default:
      return bytes.fill(pick(256), at, at + 1 + pick(20));
  }
}

test('certificates: an authority of ours is trusted, and every other problem has its own words', async (t) => {
  const authority = createAuthority('Test authority');
  const poll = async ({ certificate, key }: KeyPair, ca: string | undefined): Promise<unknown> => {
    await using world = await startGitWorld({ tls: { cert: certificate, key } });
    await world.repository.commit({ files: { 'fleet.yaml': '1' } });
    await using remote = world.open({ ca });
    return await remote.poll(signal);
  };
  const good = authority.issueServer({ commonName: 'git' });
  await t.test('trusted', async () => assert.ok(await poll(good, authority.certificate)));
  await t.test('unknown authority', async () => {
    await assert.rejects(
      poll(good, undefined),
      failsWith('TLS', /authority that is not trusted here\. .* It was issued by "Test authority"\.$/),
    );
  });
  await t.test('expired', async () => {
    const expired = authority.issueServer({ commonName: 'git' }, { expired: true });
    await assert.rejects(
      poll(expired, authority.certificate),
      failsWith('TLS', /has expired\. It was valid until \w{3} .* \d{4} GMT\.$/),
    );
  });
  await t.test('another name', async () => {
    const other = authority.issueServer({ commonName: 'git' }, { host: 'git.example.com' });
    await assert.rejects(
      poll(other, authority.certificate),
      failsWith('TLS', /for another name\. .* It is for "DNS:git\.example\.com"\.$/),
    );
  });
});

test('a proxy of the environment is used', async () => {
  await using proxy = await startGitServer();
  await using world = await startGitWorld();
  await world.repository.commit({ files: { 'fleet.yaml': '1' } });
  process.env['http_proxy'] = proxy.origin;
  try {
    await using remote = world.open();
    await assert.rejects(remote.poll(signal), failsWith('NOT_FOUND', /answers 404/));
    assert.equal(proxy.requests[0]?.path, `${world.url}/info/refs?service=git-upload-pack`);
    assert.equal(world.server.requests.length, 0);
  } finally {
    delete process.env['http_proxy'];
  }
});
