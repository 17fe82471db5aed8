import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { readLastGood, writeLastGood } from '../../../src/source/git/last-good.ts';
import { readSnapshot } from '../../../src/source/git/read-snapshot.ts';
import { failsWith } from '../../support/fails-with.ts';
import { type GitWorld, showFiles, startGitWorld } from '../../support/git-world.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const signal = new AbortController().signal;

test('a store that is damaged, while running or between two runs, is made afresh by the next poll', async (t) => {
  const damages: readonly (readonly [title: string, damage: (gitdir: string) => Promise<void>])[] = [
    ['a pack cut short', async (gitdir) => truncate(await fileOf(gitdir, 'pack'), 100)],
    ['a bit flipped in a pack', async (gitdir) => flip(await fileOf(gitdir, 'pack'))],
    ['a bit flipped in an index', async (gitdir) => flip(await fileOf(gitdir, 'idx'))],
    ['an index of zeros', async (gitdir) => writeFile(await fileOf(gitdir, 'idx'), new Uint8Array(1200))],
    ['an empty pack', async (gitdir) => truncate(await fileOf(gitdir, 'pack'), 0)],
    ['a pack gone', async (gitdir) => rm(await fileOf(gitdir, 'pack'))],
    ['an index gone', async (gitdir) => rm(await fileOf(gitdir, 'idx'))],
    ['all packs gone', async (gitdir) => rm(join(gitdir, 'objects/pack'), { recursive: true })],
    ['all objects gone', async (gitdir) => rm(join(gitdir, 'objects'), { recursive: true })],
    ['a ref of rubbish', async (gitdir) => writeFile(join(gitdir, 'refs/remotes/origin/main'), 'rubbish')],
    ['a ref to nothing', async (gitdir) => writeFile(join(gitdir, 'refs/remotes/origin/main'), `${'0'.repeat(40)}\n`)],
    ['no refs', async (gitdir) => rm(join(gitdir, 'refs'), { recursive: true })],
    ['no config', async (gitdir) => rm(join(gitdir, 'config'))],
    ['the repository gone', async (gitdir) => rm(gitdir, { recursive: true })],
    ['the store gone', async (gitdir) => rm(join(gitdir, '..'), { recursive: true })],
  ];
  for (const [title, damage] of damages) {
    for (const restarted of [false, true]) {
      for (const moved of [false, true]) {
        const when = `${restarted ? 'between two runs' : 'while running'}${moved ? ', and the branch moved' : ''}`;
        await t.test(`${title}, ${when}`, async () => {
          await using world = await startGitWorld();
          let revision = await world.repository.commit({ files: FILES });
          const { gitdir } = await world.remote.poll(signal);
          if (restarted) await world.remote[Symbol.asyncDispose]();
          await damage(gitdir);
          if (moved) revision = await world.repository.commit({ files: { 'fleet.yaml': 'moved' } });
          await using again = restarted ? world.open() : undefined;
          const poll = await (again ?? world.remote).poll(signal);
          assert.equal(poll.revision, revision);
          assert.deepEqual(showFiles(await readSnapshot(poll, revision)), {
            ...FILES,
            ...(moved ? { 'fleet.yaml': 'moved' } : {}),
          });
        });
      }
    }
  }
});

const FILES = {
  'fleet.yaml': 'kind: Fleet\n',
  'apps/a.yaml': 'a: 1\n'.repeat(100),
  'clusters/eu.yaml': 'kind: Cluster\n',
};

test('what only reading everything shows is repaired by a rebuild, and a rebuild that cannot fetch removes nothing', async () => {
  await using world = await startGitWorld();
  const { repository, remote, server } = world;
  const first = await repository.commit({ files: FILES });
  await remote.poll(signal);
  const revision = await repository.commit({ files: { 'apps/b.yaml': 'b: 1\n' } });
  const poll = await remote.poll(signal);
  // The packs are whole, but the first, which most files are in, was never there.
  await world.remote[Symbol.asyncDispose]();
  const packs = join(poll.gitdir, 'objects/pack');
  const aside = join(world.folder, 'aside');
  await mkdir(aside);
  const tree = await repository.git('rev-parse', `${first}:clusters`);
  for (const name of await readdir(packs)) {
    if ((await listObjects(join(packs, name))).includes(tree)) await rename(join(packs, name), join(aside, name));
  }
  await using again = world.open();
  const found = await again.poll(signal);
  await assert.rejects(readSnapshot(found, found.revision), failsWith('CORRUPT', /is not in the clone/));
  server.fault = { kind: 'status', status: 500 };
  await assert.rejects(again.rebuild(signal), failsWith('UNAVAILABLE', /500/));
  server.fault = { kind: 'cut', bytes: 100, only: 'git-upload-pack', after: 1 };
  await assert.rejects(again.rebuild(signal), failsWith('UNREACHABLE', /broke/));
  server.fault = undefined;
  assert.deepEqual((await readdir(world.storeDirectory)).toSorted(), ['generation-1.git', 'lock']);
  const rebuilt = await again.rebuild(signal);
  assert.equal(rebuilt.revision, revision);
  assert.deepEqual(showFiles(await readSnapshot(rebuilt, revision)), { ...FILES, 'apps/b.yaml': 'b: 1\n' });
});

test('the last good revision outlives rebuilds, and what nobody needs any more is removed', async () => {
  await using world = await startGitWorld();
  const { repository, remote, storeDirectory, url } = world;
  const good = await repository.commit({ files: { 'fleet.yaml': 'good' } });
  const first = await remote.poll(signal);
  await writeLastGood(storeDirectory, { ...first, url, at: 1 });
  for (let round = 0; round < 4; round += 1) {
    const revision = await repository.commit({ files: { 'fleet.yaml': `bad ${round}` }, onto: null });
    const poll = await remote.rebuild(signal);
    assert.deepEqual(showFiles(await readSnapshot(poll, revision)), { 'fleet.yaml': `bad ${round}` });
  }
  const kept = ['generation-1.git', 'generation-4.git', 'generation-5.git', 'last-good.json', 'lock'];
  assert.deepEqual((await readdir(storeDirectory)).toSorted(), kept);
  const record = await readLastGood(storeDirectory);
  assert.ok(record);
  assert.deepEqual(showFiles(await readSnapshot(record, good)), { 'fleet.yaml': 'good' });
  const newest = await remote.poll(signal);
  await writeLastGood(storeDirectory, { ...newest, url, at: 2 });
  await remote.rebuild(signal);
  assert.deepEqual((await readdir(storeDirectory)).toSorted(), [
    'generation-5.git',
    'generation-6.git',
    'last-good.json',
    'lock',
  ]);
});

test('a store with many packs is made afresh, which leaves one', async () => {
  await using world = await startGitWorld();
  await using remote = world.open({ limits: { packs: 5 } });
  const counts: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const revision = await world.repository.commit({ files: { ...FILES, 'apps/n.yaml': `n: ${round}\n` } });
    const poll = await remote.poll(signal);
    assert.equal(showFiles(await readSnapshot(poll, revision))['apps/n.yaml'], `n: ${round}\n`);
    counts.push((await readdir(join(poll.gitdir, 'objects/pack'))).filter((name) => name.endsWith('.pack')).length);
  }
  assert.deepEqual(counts, [1, 2, 3, 4, 5, 1, 2, 3]);
});

test('a store of another URL or branch is not built upon', async () => {
  await using world = await startGitWorld();
  const other = await world.server.createRepository('other');
  await world.repository.commit({ files: FILES });
  const topic = await world.repository.commit({ branch: 'topic', files: { 'fleet.yaml': 'topic' } });
  const elsewhere = await other.commit({ files: { 'fleet.yaml': 'elsewhere' } });
  const first = await world.remote.poll(signal);
  await writeLastGood(world.storeDirectory, { ...first, url: world.url, at: 1 });
  await world.remote[Symbol.asyncDispose]();
  for (const [options, revision] of [
    [{ branch: 'topic' }, topic],
    [{ url: world.server.urlOf(other) }, elsewhere],
  ] as const) {
    await using remote = world.open(options);
    const poll = await remote.poll(signal);
    assert.deepEqual([poll.revision, poll.regressed], [revision, false]);
    assert.notEqual(poll.gitdir, first.gitdir);
    assert.equal((await readSnapshot(poll, revision)).files.length, 1);
  }
  assert.equal((await readSnapshot(first, first.revision)).files.length, 3);
});

test('a process that is killed at any moment of a fetch leaves a store that the next one uses or repairs', async () => {
  await using world = await startGitWorld();
  const { repository, storeDirectory, url } = world;
  await world.remote[Symbol.asyncDispose]();
  const random = seeded(9);
  const noise = (): string => Array.from({ length: 2000 }, () => Math.floor(random() * 36).toString(36)).join('');
  const files: Record<string, string> = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`apps/${index}.yaml`, noise()]),
  );
  const good = await repository.commit({ files });
  {
    await using remote = world.open();
    await writeLastGood(storeDirectory, { ...(await remote.poll(signal)), url, at: 1 });
  }
  let killed = 0;
  for (let moment = 0; moment < 20; moment += 1) {
    const change = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`apps/${index}.yaml`, noise()]));
    Object.assign(files, change);
    const revision = await repository.commit({ files: change });
    const child = pollInChild(world);
    await once(child, 'message');
    await new Promise((resolve) => setTimeout(resolve, moment * 8));
    child.kill('SIGKILL');
    const [status] = await ended(child);
    killed += status === null ? 1 : 0;
    await using remote = world.open();
    const poll = await remote.poll(signal);
    assert.equal(poll.revision, revision, `moment ${moment}`);
    assert.deepEqual(showFiles(await readSnapshot(poll, revision)), files, `moment ${moment}`);
    const record = await readLastGood(storeDirectory);
    assert.ok(record);
    assert.equal((await readSnapshot(record, good)).files.length, 200, `moment ${moment}`);
  }
  assert.ok(killed >= 3, `only ${killed} were killed before they were done`);
  const leftovers = (await readdir(storeDirectory, { recursive: true })).filter((name) => /building|\.tmp$/.test(name));
  assert.deepEqual(leftovers, []);
});

test('what a process that was killed had begun to write is removed with the next fetch, wherever it lies', async () => {
  await using world = await startGitWorld();
  const { repository, storeDirectory, remote } = world;
  await repository.commit({ files: { 'apps/a.yaml': 'a' } });
  const { gitdir } = await remote.poll(signal);
  const torn = ['.lock.1.tmp', '.last-good.json.1.tmp'].map((name) => join(storeDirectory, name));
  torn.push(join(gitdir, 'refs/remotes/origin/.main.1.tmp'), join(gitdir, 'objects/pack/.pack-1.pack.1.tmp'));
  for (const path of torn) await writeFile(path, 'half');
  // A branch of somebody who likes the ending.
  const branch = join(gitdir, 'refs/remotes/origin/fix.1.tmp');
  await writeFile(branch, `${await repository.commit({ files: { 'apps/a.yaml': 'b' } })}\n`);
  await remote.poll(signal);
  assert.ok(existsSync(branch));
  assert.deepEqual(
    torn.filter((path) => existsSync(path)),
    [],
  );
});

/** A process that says when it has loaded everything, polls once, and ends. */
function pollInChild({ url, storeDirectory }: Pick<GitWorld, 'url' | 'storeDirectory'>): ChildProcess {
  const script = `
    import { openRemote } from ${JSON.stringify(join(ROOT, 'src/source/git/remote.ts'))};
    const remote = openRemote({ url: ${JSON.stringify(url)}, branch: 'main', storeDirectory: ${JSON.stringify(storeDirectory)} });
    process.send('ready');
    await remote.poll(new AbortController().signal);
    await remote[Symbol.asyncDispose]();
    process.disconnect();
  `;
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

const ROOT = join(import.meta.dirname, '../../..');

async function ended(child: ChildProcess): Promise<readonly unknown[]> {
  return child.exitCode === null && child.signalCode === null ? once(child, 'exit') : [child.exitCode];
}

test('one process uses a store at a time, and one that died does not keep others out', async () => {
  await using world = await startGitWorld();
  await world.repository.commit({ files: FILES });
  world.server.fault = { kind: 'silence' };
  const child = pollInChild(world);
  await once(child, 'message');
  while (world.server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  world.server.fault = undefined;
  await assert.rejects(
    world.remote.poll(signal),
    failsWith('CONFLICT', new RegExp(`is in use by process ${child.pid}\\. Stop it, or use another`)),
  );
  child.kill('SIGKILL');
  await ended(child);
  await world.remote.poll(signal);
  await using second = world.open();
  await assert.rejects(second.poll(signal), failsWith('CONFLICT', /is in use by this process itself/));
  // As it is when ids of processes start over: the id is ours or somebody else's, the process is not.
  await world.remote[Symbol.asyncDispose]();
  for (const owner of ['1 1', `${process.pid} 12345`, 'rubbish', '']) {
    await writeFile(join(world.storeDirectory, 'lock'), owner);
    await using next = world.open();
    assert.ok(await next.poll(signal), owner);
  }
});

test('a store that cannot be written says where and what to do, and works again when it can', async (t) => {
  await using world = await startGitWorld();
  const revision = await world.repository.commit({ files: FILES });
  await t.test('a file is where the folder should be', async () => {
    await writeFile(world.storeDirectory, '');
    await assert.rejects(
      world.remote.poll(signal),
      failsWith('DISK_FULL', /store.* cannot be written \((ENOTDIR|EEXIST)\)\. /),
    );
    await rm(world.storeDirectory);
    assert.equal((await world.remote.poll(signal)).revision, revision);
  });
  await t.test('a file takes the place of the folder while running', async () => {
    await rename(world.storeDirectory, `${world.storeDirectory}-moved`);
    await writeFile(world.storeDirectory, '');
    await assert.rejects(world.remote.poll(signal), failsWith('DISK_FULL', /store.* cannot be written/));
    await rm(world.storeDirectory);
    const poll = await world.remote.poll(signal);
    assert.deepEqual(showFiles(await readSnapshot(poll, revision)), FILES);
  });
  const isRoot = process.getuid?.() === 0;
  await t.test('the permissions do not allow it', { skip: isRoot && 'root may write everywhere' }, async () => {
    const folder = join(world.folder, 'closed');
    await mkdir(folder);
    await chmod(folder, 0o500);
    await using remote = world.open({ storeDirectory: folder });
    await assert.rejects(remote.poll(signal), failsWith('DISK_FULL', /\(EACCES\)\. The permissions do not allow it/));
    await chmod(folder, 0o700);
    assert.equal((await remote.poll(signal)).revision, revision);
  });
});

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

test(
  'a disk that is full at any write, or read-only, is reported each time and used again when there is space',
  { skip: canMount ? false : 'this user may not mount a small disk' },
  async () => {
    await using world = await startGitWorld();
    await using folder = await temporaryFolder();
    const { repository } = world;
    const first = await repository.commit({ files: FILES });
    const next = await repository.commit({ files: { 'apps/b.yaml': 'b: 1\n' } });
    await repository.setBranch('main', first);
    const program = join(ROOT, 'test/support/poll-on-small-disk.ts');
    const args = [program, folder.path, world.url, repository.path, next];
    const child = spawn('unshare', ['-rm', process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const full =
      'DISK_FULL, to be tried again: … cannot be written (ENOSPC). The disk is full. Free some space, or give the folder a larger volume.';
    assert.deepEqual((await text(child.stdout)).trim().split('\n'), [
      full,
      '3 files',
      'the branch moves, and the disk is full again',
      full,
      '4 files',
      'the disk is read-only',
      '4 files', // Nothing is new, so nothing is written.
    ]);
  },
);

test('the record of the last good revision is whole or absent, and only believed when it can be true', async () => {
  await using folder = await temporaryFolder();
  const record = {
    url: 'https://x/y',
    branch: 'main',
    revision: 'a'.repeat(40),
    gitdir: join(folder.path, 'generation-1.git'),
    at: 5,
  };
  assert.equal(await readLastGood(folder.path), undefined);
  assert.equal(await readLastGood(join(folder.path, 'none')), undefined);
  await writeLastGood(folder.path, record);
  assert.deepEqual(await readLastGood(folder.path), record);
  await writeLastGood(folder.path, { ...record, at: 6 });
  assert.deepEqual(await readLastGood(folder.path), { ...record, at: 6 });
  assert.deepEqual(await readdir(folder.path), ['last-good.json']);
  const path = join(folder.path, 'last-good.json');
  const whole = JSON.parse(await readFile(path, 'utf8'));
  for (const broken of [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{}',
    ...[{ revision: 'main' }, { gitdir: '../../etc' }, { gitdir: '' }, { at: '1' }, { url: 1 }].map((change) =>
      JSON.stringify({ ...whole, ...change }),
    ),
  ]) {
    await writeFile(path, broken);
    assert.equal(await readLastGood(folder.path), undefined, broken);
  }
  await rm(path);
  await mkdir(path);
  await assert.rejects(readLastGood(folder.path), failsWith('DISK_FULL', /cannot be read \(EISDIR\)/));
  await assert.rejects(writeLastGood(folder.path, record), failsWith('DISK_FULL', /cannot be written/));
});

async function fileOf(gitdir: string, extension: string): Promise<string> {
  const folder = join(gitdir, 'objects/pack');
  return join(folder, (await readdir(folder)).find((name) => name.endsWith(`.${extension}`)) ?? '');
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = Math.floor((await stat(path)).size / 2);
  bytes[middle] = Number(bytes[middle]) ^ 1;
  await writeFile(path, bytes);
}

/** The ids in the pack that a file belongs to. */
async function listObjects(path: string): Promise<string> {
  const child = spawn('git', ['verify-pack', '-v', path.replace(/pack$/, 'idx')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text(child.stdout);
}
