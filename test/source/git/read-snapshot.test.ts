import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, cp, readFile, readdir, realpath, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { PortError } from '../../../src/model/errors.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { SNAPSHOT_LIMITS } from '../../../src/source/git/collect-files.ts';
import { readSnapshot } from '../../../src/source/git/read-snapshot.ts';
import { createGitRepository, type GitRepository, runGit, type TreeEntry } from '../../support/git-repository.ts';
import { failsWith } from '../../support/fails-with.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('only the places of a fleet are read, with every kind of file and without what editors leave behind', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const revision = await repository.commit({
    files: {
      'fleet.yaml': 'kind: Fleet\n',
      'README.md': 'not read',
      'docs/apps/x.yaml': 'not read',
      'fleet.yaml.bak': 'not read',
      'clusters/eu.yaml': 'kind: Cluster\n',
      'apps/shop/base/deployment.yaml': 'kind: Deployment\n',
      'apps/shop/base/templates/_helpers.tpl': '{{ define "x" }}{{ end }}',
      'apps/shop/base/run.sh': { mode: 'executable', content: '#!/bin/sh\n' },
      'apps/shop/base/Ünï code.yaml': 'a: 1\n',
      'policies/karmada.yaml': 'kind: PropagationPolicy\n',
      'apps/shop/base/deployment.yaml~': 'litter',
      'apps/shop/base/.deployment.yaml.swp': 'litter',
      'apps/shop/base/#deployment.yaml#': 'litter',
      'apps/shop/base/.#deployment.yaml': { mode: 'symlink', content: 'me@host.1234' },
      'apps/.DS_Store': 'litter',
    },
  });
  const snapshot = await readSnapshot({ gitdir: repository.path }, revision);
  assert.equal(snapshot.revision, revision);
  assert.deepEqual(show(snapshot), {
    'apps/shop/base/deployment.yaml': 'kind: Deployment\n',
    'apps/shop/base/run.sh': '#!/bin/sh\n',
    'apps/shop/base/templates/_helpers.tpl': '{{ define "x" }}{{ end }}',
    'apps/shop/base/Ünï code.yaml': 'a: 1\n',
    'clusters/eu.yaml': 'kind: Cluster\n',
    'fleet.yaml': 'kind: Fleet\n',
    'policies/karmada.yaml': 'kind: PropagationPolicy\n',
  });
});

test("the fleet's root can be a folder of the repository, and paths are relative to it", async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const revision = await repository.commit({
    files: { 'deploy/fleet/fleet.yaml': 'a', 'deploy/fleet/apps/x.yaml': 'b', 'apps/y.yaml': 'not read', link: LINK },
  });
  const store = { gitdir: repository.path };
  for (const path of ['deploy/fleet', 'deploy/fleet/', './deploy//fleet']) {
    assert.deepEqual(show(await readSnapshot(store, revision, { path })), { 'apps/x.yaml': 'b', 'fleet.yaml': 'a' });
  }
  for (const path of ['deploy/nothing', 'apps/y.yaml', 'link', '../x', 'deploy/../deploy/fleet']) {
    await assert.rejects(
      readSnapshot(store, revision, { path }),
      failsWith('NOT_FOUND', /the fleet's folder is "/),
      path,
    );
  }
});

const LINK = { mode: 'symlink', content: 'deploy/fleet' } as const;

test('links, submodules and too large files are entries that say what they point at, never what they lead to', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const commit = '0123456789012345678901234567890123456789';
  const revision = await repository.commit({
    files: {
      'fleet.yaml': { mode: 'symlink', content: '../../etc/passwd' },
      clusters: { mode: 'symlink', content: '/etc' },
      policies: { mode: 'submodule', content: commit },
      'apps/shop/base': { mode: 'submodule', content: commit },
      'apps/shop/app.yaml': { mode: 'symlink', content: 'other.yaml' },
      'apps/shop/big.yaml': 'x'.repeat(101),
      'apps/shop/fits.yaml': 'x'.repeat(100),
    },
  });
  const limits = { ...SNAPSHOT_LIMITS, fileBytes: 100 };
  const { files } = await readSnapshot({ gitdir: repository.path }, revision, { limits });
  assert.deepEqual(
    files.map((file) => [file.path, file.kind, file.kind === 'file' ? file.bytes.length : file.detail]),
    [
      ['apps/shop/app.yaml', 'symlink', 'other.yaml'],
      ['apps/shop/base', 'submodule', commit],
      ['apps/shop/big.yaml', 'too-large', '101 bytes'],
      ['apps/shop/fits.yaml', 'file', 100],
      ['clusters', 'symlink', '/etc'],
      ['fleet.yaml', 'symlink', '../../etc/passwd'],
      ['policies', 'submodule', commit],
    ],
  );
});

test('modes that only old tools wrote are read as files', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const oid = await repository.blob('a: 1\n');
  const entries = ['100664', '100600', '100777'].map((mode, index) => ({ mode, name: `${index}.yaml`, oid }));
  const revision = await inApps(repository, entries);
  assert.deepEqual(show(await readSnapshot({ gitdir: repository.path }, revision)), {
    'apps/0.yaml': 'a: 1\n',
    'apps/1.yaml': 'a: 1\n',
    'apps/2.yaml': 'a: 1\n',
  });
});

test('a tree that no honest Git would write stops the reading, and the message cannot be used to write to a terminal', async (t) => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const oid = await repository.blob('x');
  const cases: readonly (readonly [title: string, entries: readonly TreeEntry[], message: RegExp])[] = [
    ['..', [{ mode: '100644', name: '..', oid }], /"apps": the entry "\.\." leads out of its folder\. Remove it/],
    ['.', [{ mode: '100644', name: '.', oid }], /leads out/],
    ['an empty name', [{ mode: '100644', name: '', oid }], /leads out/],
    ['a slash', [{ mode: '100644', name: '../../etc/x', oid }], /leads out/],
    ['.git', [{ mode: '100644', name: '.git', oid }], /Git's own folder/],
    ['.GIT', [{ mode: '100644', name: '.GIT', oid }], /Git's own folder/],
    ['git~1', [{ mode: '100644', name: 'git~1', oid }], /Git's own folder/],
    ['.git with a trailing dot', [{ mode: '100644', name: '.git.', oid }], /Git's own folder/],
    ['.git with a joiner in it', [{ mode: '100644', name: '.g\u200cit', oid }], /Git's own folder/],
    ['a line break', [{ mode: '100644', name: 'a\n::error::b', oid }], /"a\\u\{a\}::error::b" has control characters/],
    ['an escape', [{ mode: '100644', name: 'a\x1b[2Jb', oid }], /"a\\u\{1b\}\[2Jb" has control/],
    ['Latin-1', [{ mode: '100644', name: Buffer.from([0x61, 0xe9]), oid }], /not UTF-8/],
    ['a long name', [{ mode: '100644', name: 'a'.repeat(300), oid }], /more than 255 bytes/],
    [
      'a name twice',
      [
        { mode: '100644', name: 'a', oid },
        { mode: '100644', name: 'a', oid },
      ],
      /"a" is there twice/,
    ],
    ['a device', [{ mode: '60000', name: 'a', oid }], /file type 60000, which Git never writes/],
  ];
  for (const [title, entries, message] of cases) {
    await t.test(title, async () => {
      const revision = await inApps(repository, entries);
      const reading = readSnapshot({ gitdir: repository.path }, revision);
      await assert.rejects(reading, failsWith('REJECTED', message));
    });
  }
  await t.test('bytes that are no tree', async () => {
    const tree = (
      await runGit(['-C', repository.path, 'hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], {
        input: Buffer.from('100644 a'),
      })
    )
      .toString()
      .trim();
    const revision = await repository.commitTree(await repository.tree([{ mode: '40000', name: 'apps', oid: tree }]));
    await assert.rejects(readSnapshot({ gitdir: repository.path }, revision), failsWith('REJECTED', /not a tree/));
  });
});

test('a tree of ten billion files in a few kilobytes ends at the limit, and says where', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  assert.equal(await repository.tree([]), EMPTY_TREE);
  const file = { mode: '100644', oid: await repository.blob('x') };
  const leaves = [
    { ...file, suffix: '' },
    { mode: '40000', oid: EMPTY_TREE, suffix: '' },
    { ...file, suffix: '~' }, // Nothing but what editors leave, which is not read.
  ];
  for (const { suffix, ...leaf } of leaves) {
    let below = leaf;
    for (let level = 0; level < 10; level += 1) {
      const entries = Array.from({ length: 10 }, (_, index) => ({
        ...below,
        name: `d${index}${level === 0 ? suffix : ''}`,
      }));
      below = { mode: '40000', oid: await repository.tree(entries) };
    }
    const revision = await repository.commitTree(await repository.tree([{ ...below, name: 'apps' }]));
    const reading = readSnapshot({ gitdir: repository.path }, revision);
    await assert.rejects(
      reading,
      failsWith('TOO_BIG', /^"apps\/d0\/.*": here the files and folders .* more than 100000\./),
    );
  }
});

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

test('each limit ends the reading with a message that names a path', async (t) => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const deep = `apps/${'d/'.repeat(40)}x.yaml`;
  const revision = await repository.commit({ files: { [deep]: 'x', 'clusters/a': '12345', 'clusters/b': '67890' } });
  const store = { gitdir: repository.path };
  await t.test('depth', async () => {
    await assert.rejects(readSnapshot(store, revision), failsWith('TOO_BIG', /^"apps\/d.*nested more than 32 deep/));
    const limits = { ...SNAPSHOT_LIMITS, depth: 41 };
    assert.equal((await readSnapshot(store, revision, { limits })).files.length, 3);
  });
  await t.test('bytes in all', async () => {
    const limits = { ...SNAPSHOT_LIMITS, depth: 50, totalBytes: 10 };
    const reading = readSnapshot(store, revision, { limits });
    await assert.rejects(reading, failsWith('TOO_BIG', /^"clusters\/b": here .* more than 10 bytes/));
  });
  await t.test('entries', async () => {
    const limits = { ...SNAPSHOT_LIMITS, depth: 50, entries: 44 };
    await assert.rejects(readSnapshot(store, revision, { limits }), failsWith('TOO_BIG', /more than 44/));
    assert.equal((await readSnapshot(store, revision, { limits: { ...limits, entries: 45 } })).files.length, 3);
  });
});

test('an object that is missing or damaged gives no snapshot at all', async (t) => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const revision = await repository.commit({ files: { 'apps/a.yaml': 'a', 'apps/b.yaml': 'b'.repeat(5000) } });
  const blob = await repository.git('rev-parse', `${revision}:apps/b.yaml`);
  const loose = join(folder.path, 'loose.git');
  await cp(repository.path, loose, { recursive: true });
  await repository.git('repack', '-a', '-d', '-q');
  const copy = async (name: string): Promise<{ gitdir: string; pack: string }> => {
    const gitdir = join(folder.path, name);
    await cp(repository.path, gitdir, { recursive: true });
    const packs = join(gitdir, 'objects/pack');
    return { gitdir, pack: join(packs, (await readdir(packs)).find((file) => file.endsWith('.pack')) ?? '') };
  };
  await t.test('a pack that is cut short', async () => {
    const { gitdir, pack } = await copy('cut.git');
    await truncate(pack, (await stat(pack)).size - 30);
    await assert.rejects(readSnapshot({ gitdir }, revision), failsWith('CORRUPT', /damaged/));
  });
  await t.test('a pack that is gone', async () => {
    const { gitdir, pack } = await copy('gone.git');
    await rm(pack);
    await assert.rejects(readSnapshot({ gitdir }, revision), failsWith('NOT_FOUND', /no such commit/));
  });
  await t.test('pack and index gone', async () => {
    const { gitdir, pack } = await copy('both.git');
    await rm(pack);
    await rm(pack.replace(/pack$/, 'idx'));
    await assert.rejects(readSnapshot({ gitdir }, revision), failsWith('NOT_FOUND', /no such commit/));
  });
  await t.test('one file', async () => {
    const file = join(loose, 'objects', blob.slice(0, 2), blob.slice(2));
    await rm(file);
    const gone = new RegExp(`the blob ${blob} is not in the clone`);
    await assert.rejects(readSnapshot({ gitdir: loose }, revision), failsWith('CORRUPT', gone));
    await writeFile(file, 'rubbish');
    await assert.rejects(readSnapshot({ gitdir: loose }, revision), failsWith('CORRUPT', /damaged/));
  });
  await t.test('a commit that never was, and a revision that is not a commit', async () => {
    const store = { gitdir: repository.path };
    await assert.rejects(readSnapshot(store, 'f'.repeat(40)), failsWith('NOT_FOUND', /no such commit/));
    const tree = await repository.git('rev-parse', `${revision}^{tree}`);
    await assert.rejects(readSnapshot(store, tree), failsWith('NOT_FOUND', /no such commit/));
  });
  await t.test('a folder that is no repository', async () => {
    await assert.rejects(
      readSnapshot({ gitdir: join(folder.path, 'none') }, revision),
      failsWith('NOT_FOUND', /no such/),
    );
  });
});

test('every way in which Git packs objects is read, and gives what was committed', async (t) => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`apps/a${index}.yaml`, `${manifest(index % 7)}# ${index}\n`]),
  );
  await repository.commit({ files });
  const changes = { 'apps/a7.yaml': manifest(99), 'apps/long.yaml': 'line\n'.repeat(100_000) };
  const revision = await repository.commit({ files: changes });
  const expected = { ...files, ...changes };
  const packings: readonly (readonly [title: string, ...args: readonly string[]])[] = [
    ['deltas by offset', 'repack', '-adfq', '--depth=50', '--window=50'],
    ['chains of thousands of deltas', 'repack', '-adfq', '--depth=4095', '--window=300'],
    ['deltas by id', '-c', 'repack.useDeltaBaseOffset=false', 'repack', '-adfq'],
    ['nothing compressed', '-c', 'pack.compression=0', '-c', 'core.compression=0', 'repack', '-adFq'],
    ['several packs', 'repack', '-adfq', '--max-pack-size=1m'],
    ['a geometric repack with its multi-pack-index', 'repack', '-dq', '--geometric=2', '--write-midx'],
  ];
  for (const [title, ...args] of packings) {
    await t.test(title, async () => {
      await repository.git(...args);
      assert.deepEqual(show(await readSnapshot({ gitdir: repository.path }, revision)), expected);
    });
  }
});

test('a file that is over the limit is never unpacked, in whatever form it is stored', async (t) => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const zeros = new Uint8Array(64 * 1024 * 1024);
  const before = await repository.commit({ files: { 'apps/zeros.yaml': zeros } });
  zeros[0] = 1;
  const after = await repository.commit({ files: { 'apps/zeros.yaml': zeros } });
  const check = async (): Promise<void> => {
    const start = process.memoryUsage().arrayBuffers;
    for (const revision of [before, after]) {
      const { files } = await readSnapshot({ gitdir: repository.path }, revision);
      assert.deepEqual(files, [{ kind: 'too-large', path: 'apps/zeros.yaml', detail: `${zeros.length} bytes` }]);
    }
    assert.ok(process.memoryUsage().arrayBuffers - start < 10_000_000);
  };
  await t.test('a file of its own', check);
  await repository.git('-c', 'core.bigFileThreshold=1g', 'repack', '-adfq');
  await t.test('a pack', check);
});

test('a pack that is too large to hold in memory is read in parts', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  await repository.git('config', 'core.compression', '0');
  const files = { 'apps/a.yaml': manifest(1), 'apps/b.yaml': manifest(2), 'fleet.yaml': 'kind: Fleet\n' };
  const zeros = new Uint8Array(65 * 1024 * 1024);
  const revision = await repository.commit({ files: { ...files, 'zeros.bin': zeros } });
  await repository.git('repack', '-adfq');
  assert.deepEqual(show(await readSnapshot({ gitdir: repository.path }, revision)), files);
});

test('any bit that changes in a pack or its index is found, or does not matter', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`apps/${index}.yaml`, manifest(index)]));
  const revision = await repository.commit({ files });
  await repository.git('repack', '-adfq', '--depth=50');
  const packs = join(repository.path, 'objects/pack');
  const random = seeded(4711);
  let found = 0;
  for (const name of (await readdir(packs)).filter((each) => /(pack|idx)$/.test(each))) {
    const path = join(packs, name);
    const original = await readFile(path);
    await chmod(path, 0o600);
    for (let round = 0; round < 250; round += 1) {
      const bytes = Buffer.from(original);
      const position = Math.floor(random() * bytes.length);
      bytes[position] = Number(bytes[position]) ^ (1 << Math.floor(random() * 8));
      await writeFile(path, round % 10 === 0 ? bytes.subarray(0, position) : bytes);
      try {
        assert.deepEqual(show(await readSnapshot({ gitdir: repository.path }, revision)), files, `${name}:${position}`);
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        assert.ok(['CORRUPT', 'NOT_FOUND', 'TOO_BIG'].includes(error.code), error.message);
        found += 1;
      }
    }
    await writeFile(path, original);
  }
  assert.ok(found > 100, `only ${found} were found`);
});

test('two revisions share the contents of equal files when they are given one cache', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const base = await repository.commit({ files: { 'apps/a.yaml': 'same', 'apps/b.yaml': 'before' } });
  const head = await repository.commit({ files: { 'apps/b.yaml': 'after' } });
  const blobCache = new Map<string, Uint8Array>();
  const [before, after] = [
    await readSnapshot({ gitdir: repository.path }, base, { blobCache }),
    await readSnapshot({ gitdir: repository.path }, head, { blobCache }),
  ];
  assert.deepEqual(show(before), { 'apps/a.yaml': 'same', 'apps/b.yaml': 'before' });
  assert.deepEqual(show(after), { 'apps/a.yaml': 'same', 'apps/b.yaml': 'after' });
  const [a, b] = [before.files[0], after.files[0]];
  assert.ok(a?.kind === 'file' && b?.kind === 'file' && a.bytes === b.bytes);
});

test('a process that may only read the repository reads it: nothing is written, and no module needs more', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const revision = await repository.commit({ files: { 'fleet.yaml': 'kind: Fleet\n' } });
  const root = join(import.meta.dirname, '../../..');
  const modules = await realpath(join(root, 'node_modules'));
  const script = `
    import { readSnapshot } from ${JSON.stringify(join(root, 'src/source/git/read-snapshot.ts'))};
    const { files } = await readSnapshot({ gitdir: ${JSON.stringify(repository.path)} }, '${revision}');
    console.log(files.map((file) => file.path).join());
  `;
  const child = spawn(
    process.execPath,
    [
      '--permission',
      ...[join(root, 'src'), join(root, 'package.json'), join(root, 'node_modules'), modules, repository.path].map(
        (path) => `--allow-fs-read=${path}`,
      ),
      '--input-type=module-typescript',
      '--eval',
      script,
    ],
    { env: {}, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.equal(`${output}${complaint}`, 'fleet.yaml\n');
});

async function inApps(repository: GitRepository, entries: readonly TreeEntry[]): Promise<string> {
  const apps = await repository.tree(entries);
  return repository.commitTree(await repository.tree([{ mode: '40000', name: 'apps', oid: apps }]));
}

function manifest(seed: number): string {
  const lines = Array.from({ length: 40 }, (_, line) => `  key${line}: value-${(line * seed * 7919) % 1000}\n`);
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${seed}}\ndata:\n${lines.join('')}`;
}

function show(snapshot: Snapshot): Record<string, string> {
  return Object.fromEntries(
    snapshot.files.map((file) => [file.path, file.kind === 'file' ? Buffer.from(file.bytes).toString() : file.kind]),
  );
}
