import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SNAPSHOT_LIMITS } from '../../../src/source/git/collect-files.ts';
import { compareSnapshots } from '../../../src/source/git/compare-snapshots.ts';
import { readSnapshot } from '../../../src/source/git/read-snapshot.ts';
import { readWorktree } from '../../../src/source/git/read-worktree.ts';
import { createGitRepository, runGit } from '../../support/git-repository.ts';
import { failsWith } from '../../support/fails-with.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a commit and a clean checkout of it give the same files', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const revision = await repository.commit({
    files: {
      'README.md': 'not read',
      'fleet/fleet.yaml': 'kind: Fleet\n',
      'fleet/apps/shop/base/deployment.yaml': 'kind: Deployment\n',
      'fleet/apps/shop/base/empty.yaml': '',
      'fleet/apps/shop/base/crlf.yaml': 'a: 1\r\n',
      'fleet/apps/shop/base/binary': Uint8Array.from([0, 255, 10, 13]),
      'fleet/apps/shop/base/run.sh': { mode: 'executable', content: '#!/bin/sh\n' },
      'fleet/apps/shop/link.yaml': { mode: 'symlink', content: '../../../README.md' },
      'fleet/apps/shop/big.yaml': 'x'.repeat(101),
      'fleet/apps/shop/deployment.yaml~': 'litter',
      'fleet/clusters': { mode: 'symlink', content: '/etc' },
      'fleet/apps/Ünï/a b.yaml': 'a: 1\n',
    },
  });
  const clone = join(folder.path, 'clone');
  await runGit(['clone', '-q', repository.path, clone]);
  const limits = { ...SNAPSHOT_LIMITS, fileBytes: 100 };
  const committed = await readSnapshot({ gitdir: repository.path }, revision, { path: 'fleet', limits });
  const checkedOut = await readWorktree(join(clone, 'fleet'), limits);
  assert.equal(checkedOut.revision, 'worktree');
  assert.equal(committed.files.length, 10);
  assert.deepEqual(checkedOut.files, committed.files);
  assert.deepEqual(compareSnapshots(committed, checkedOut), []);
});

test('uncommitted changes are the paths that differ', async () => {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'a.git'), 'main');
  const revision = await repository.commit({
    files: { 'fleet.yaml': '1', 'apps/a.yaml': 'a', 'apps/b.yaml': 'b', 'apps/c.yaml': 'c', 'apps/d.yaml': 'd' },
  });
  const clone = join(folder.path, 'clone');
  await runGit(['clone', '-q', repository.path, clone]);
  await writeFile(join(clone, 'apps/a.yaml'), 'changed');
  await rm(join(clone, 'apps/b.yaml'));
  await rm(join(clone, 'apps/d.yaml'));
  await symlink('c.yaml', join(clone, 'apps/d.yaml'));
  await writeFile(join(clone, 'apps/new.yaml'), 'new');
  await writeFile(join(clone, 'notes.txt'), 'outside the places of a fleet');
  const committed = await readSnapshot({ gitdir: join(clone, '.git') }, revision);
  const onDisk = await readWorktree(clone);
  const expected = ['apps/a.yaml', 'apps/b.yaml', 'apps/d.yaml', 'apps/new.yaml'];
  assert.deepEqual(compareSnapshots(committed, onDisk), expected);
  assert.deepEqual(compareSnapshots(onDisk, committed), expected);
});

test('links are entries and are never followed, and a repository within is one too', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'secret'), 'secret');
  const fleet = join(folder.path, 'fleet');
  await mkdir(join(fleet, 'apps/shop/vendor/.git'), { recursive: true });
  await writeFile(join(fleet, 'apps/shop/vendor/x.yaml'), 'not read');
  await symlink('../../../secret', join(fleet, 'apps/shop/link.yaml'));
  await symlink(folder.path, join(fleet, 'policies'));
  const { files } = await readWorktree(fleet);
  assert.deepEqual(files, [
    { kind: 'symlink', path: 'apps/shop/link.yaml', detail: '../../../secret' },
    { kind: 'submodule', path: 'apps/shop/vendor', detail: 'a repository of its own' },
    { kind: 'symlink', path: 'policies', detail: folder.path },
  ]);
});

test('what is neither file nor folder stops the reading instead of blocking it', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'apps'));
  assert.equal(spawnSync('mkfifo', [join(folder.path, 'ignored'), join(folder.path, 'apps/pipe.yaml')]).status, 0);
  await assert.rejects(readWorktree(folder.path), failsWith('REJECTED', /^"apps\/pipe\.yaml" is neither a file nor/));
  await rm(join(folder.path, 'apps/pipe.yaml'));
  assert.deepEqual((await readWorktree(folder.path)).files, []);
});

test('names on a disk are judged like names in a tree', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'apps'));
  const name = Buffer.concat([Buffer.from(join(folder.path, 'apps/')), Buffer.from([0x61, 0xe9])]);
  await writeFile(name, 'Latin-1');
  await assert.rejects(readWorktree(folder.path), failsWith('REJECTED', /"apps": the entry .* not UTF-8/));
  await rm(name);
  await writeFile(join(folder.path, 'apps/a\nb'), 'x');
  await assert.rejects(readWorktree(folder.path), failsWith('REJECTED', /control characters/));
});

test('limits hold, and a folder that is not there is said to be', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'apps'));
  await writeFile(join(folder.path, 'apps/a.yaml'), '12345');
  await writeFile(join(folder.path, 'apps/b.yaml'), '67890');
  const limited = (limits: Partial<typeof SNAPSHOT_LIMITS>): Promise<unknown> =>
    readWorktree(folder.path, { ...SNAPSHOT_LIMITS, ...limits });
  await assert.rejects(limited({ totalBytes: 9 }), failsWith('TOO_BIG', /^"apps\/b\.yaml": here/));
  await assert.rejects(limited({ entries: 2 }), failsWith('TOO_BIG', /more than 2\./));
  await assert.rejects(
    readWorktree(join(folder.path, 'none')),
    failsWith('NOT_FOUND', /none cannot be read \(ENOENT\)/),
  );
});
