import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findRepository, readHead, resolveRevision } from '../../../src/source/git/local.ts';
import { readSnapshot } from '../../../src/source/git/read-snapshot.ts';
import { createGitRepository, runGit } from '../../support/git-repository.ts';
import { failsWith } from '../../support/fails-with.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('the repository of a folder is found from anywhere in it, and says where in it the folder is', async () => {
  await using folder = await temporaryFolder();
  const clone = join(folder.path, 'clone');
  await runGit(['init', '-q', '-b', 'main', clone]);
  await mkdir(join(clone, 'deploy/fleet'), { recursive: true });
  await symlink(join(clone, 'deploy'), join(folder.path, 'link'));
  const found = { gitdir: join(clone, '.git'), worktreeRoot: clone };
  assert.deepEqual(await findRepository(clone), { ...found, prefix: '' });
  assert.deepEqual(await findRepository(join(clone, 'deploy/fleet')), { ...found, prefix: 'deploy/fleet' });
  assert.deepEqual(await findRepository(join(folder.path, 'link/fleet')), { ...found, prefix: 'deploy/fleet' });
  assert.equal(await findRepository(folder.path), undefined);
  await assert.rejects(
    findRepository(join(folder.path, 'none')),
    failsWith('NOT_FOUND', /none cannot be read \(ENOENT\)/),
  );
});

test('a linked worktree has its own HEAD, and the branches and objects of its main repository', async () => {
  await using folder = await temporaryFolder();
  const { clone, revisions } = await history(folder.path);
  const worktree = join(folder.path, 'linked');
  await runGit(['-C', clone, 'worktree', 'add', '-q', '-b', 'topic', worktree, 'HEAD~1']);
  const repository = await findRepository(join(worktree, 'apps'));
  assert.ok(repository);
  assert.equal(repository.gitdir, join(clone, '.git/worktrees/linked'));
  assert.equal(repository.prefix, 'apps');
  assert.deepEqual(await readHead(repository), { revision: revisions[1], branch: 'topic' });
  assert.equal(await resolveRevision(repository, 'main'), revisions[2]);
  assert.equal((await readSnapshot(repository, revisions[2])).files.length, 3);
});

test('HEAD tells a branch, a commit without a branch, and a repository without a commit apart', async () => {
  await using folder = await temporaryFolder();
  const { clone, revisions } = await history(folder.path);
  const repository = { gitdir: join(clone, '.git') };
  assert.deepEqual(await readHead(repository), { revision: revisions[2], branch: 'main' });
  await runGit(['-C', clone, 'checkout', '-q', 'HEAD~1']);
  assert.deepEqual(await readHead(repository), { revision: revisions[1], branch: undefined });
  const empty = join(folder.path, 'empty');
  await runGit(['init', '-q', '-b', 'feature/x', empty]);
  assert.deepEqual(await readHead({ gitdir: join(empty, '.git') }), { revision: undefined, branch: 'feature/x' });
});

test('a revision is what Git takes it for', async (t) => {
  await using folder = await temporaryFolder();
  const { clone, revisions } = await history(folder.path);
  const git = async (...args: string[]): Promise<string> => (await runGit(['-C', clone, ...args])).toString().trim();
  await git('tag', 'light', 'HEAD~1');
  await git('tag', '-a', '-m', 'annotated', 'v1.0', 'HEAD~1');
  await git('tag', '-a', '-m', 'of a tag', 'v1.0-signed-off', 'v1.0');
  await git('checkout', '-q', '-b', 'side', 'HEAD~2');
  await git('commit', '-q', '--allow-empty', '-m', 'side');
  await git('checkout', '-q', 'main');
  await git('merge', '-q', '--no-ff', '-m', 'merge', 'side');
  await git('branch', 'feature/a');
  await git('branch', 'abcd');
  const named = 'HEAD @ main refs/heads/main heads/main origin/main origin remotes/origin/main ORIG_HEAD light v1.0';
  const more = 'v1.0^{} v1.0^{commit} v1.0-signed-off tags/light feature/a abcd side HEAD^ HEAD^1 HEAD^2 HEAD^0 HEAD~';
  const steps = 'HEAD~0 HEAD~2 HEAD~1^1 HEAD^2~1 HEAD^^ @~1 v1.0~1';
  const [first, second, third] = revisions;
  const ids = [first, second.slice(0, 7), `${second.slice(0, 12)}~1`, third.toUpperCase().slice(0, 10)];
  const asked = [...`${named} ${more} ${steps}`.split(' '), ...ids];
  const repository = { gitdir: join(clone, '.git') };
  const ask = async (title: string): Promise<void> => {
    for (const rev of asked) {
      await t.test(`${rev}, ${title}`, async () => {
        assert.equal(
          await resolveRevision(repository, rev),
          await git('rev-parse', '--verify', '-q', `${rev}^{commit}`),
        );
      });
    }
  };
  await ask('refs and objects in files of their own');
  await git('gc', '-q');
  await ask('refs and objects packed');
});

test('a revision that does not exist is NOT_FOUND, with the name that was probably meant', async (t) => {
  await using folder = await temporaryFolder();
  const { clone, revisions } = await history(folder.path);
  const repository = { gitdir: join(clone, '.git') };
  const cases: readonly (readonly [rev: string, message: RegExp])[] = [
    ['mian', /has no revision "mian"\. Did you mean "main"\?$/],
    ['something-else', /has no revision "something-else"\. Name a branch/],
    ['origin/mainn', /Did you mean "origin\/main"\?/],
    ['main..topic', /is a range\. Name one/],
    ['HEAD~3', /"HEAD~3" does not exist: [0-9a-f]{12} is the first commit\.$/],
    ['HEAD^2', /has 1 parent\.$/],
    ['0'.repeat(40), /the commit 0{40} is not in this clone\. Fetch it first\.$/],
    ['0000000', /has no revision "0000000"/],
    ['../../../../etc/passwd', /is a range/],
    ['/etc/passwd', /has no revision/],
    ['config', /has no revision/],
    ['', /has no revision ""/],
    ['a\nb', /has no revision "a\\u\{a\}b"/],
    ['HEAD:apps', /has no revision/],
    [`${revisions[2]}^{tree}`, /has no revision/],
  ];
  for (const [rev, message] of cases) {
    await t.test(JSON.stringify(rev), async () => {
      await assert.rejects(resolveRevision(repository, rev), failsWith('NOT_FOUND', message));
    });
  }
});

test('what a partial or shallow clone lacks is explained', async () => {
  await using folder = await temporaryFolder();
  const { clone, revisions } = await history(folder.path);
  const shallow = join(folder.path, 'shallow');
  await runGit(['clone', '-q', '--depth=1', `file://${clone}`, shallow]);
  const repository = { gitdir: join(shallow, '.git') };
  assert.equal(await resolveRevision(repository, 'HEAD'), revisions[2]);
  await assert.rejects(
    resolveRevision(repository, 'HEAD~1'),
    failsWith(
      'NOT_FOUND',
      new RegExp(`^"HEAD~1": the commit ${revisions[1]} is not in this clone\\. It is a shallow clone: run`),
    ),
  );
  await runGit(['-C', clone, 'config', 'uploadpack.allowFilter', 'true']);
  const partial = join(folder.path, 'partial');
  await runGit(['clone', '-q', '--no-checkout', '--filter=blob:none', `file://${clone}`, partial]);
  await assert.rejects(
    readSnapshot({ gitdir: join(partial, '.git') }, revisions[2]),
    failsWith('CORRUPT', /the blob [0-9a-f]{40} is not in the clone\. It is a partial clone: run/),
  );
  const borrowed = join(folder.path, 'borrowed');
  await runGit(['clone', '-q', '--shared', clone, borrowed]);
  await assert.rejects(
    readSnapshot({ gitdir: join(borrowed, '.git') }, revisions[2]),
    failsWith('NOT_FOUND', /It borrows objects from another repository/),
  );
});

test('refs in a format that is not read are said to be, instead of missing', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, '.git/reftable'), { recursive: true });
  await writeFile(join(folder.path, '.git/HEAD'), 'ref: refs/heads/.invalid\n');
  await assert.rejects(readHead({ gitdir: join(folder.path, '.git') }), failsWith('REJECTED', /reftable format/));
});

/** A clone with three commits on `main`. */
async function history(
  folder: string,
): Promise<{ readonly clone: string; readonly revisions: readonly [string, string, string] }> {
  const repository = await createGitRepository(join(folder, 'origin.git'), 'main');
  const revisions = [
    await repository.commit({ files: { 'fleet.yaml': '1' } }),
    await repository.commit({ files: { 'apps/a.yaml': '2' } }),
    await repository.commit({ files: { 'apps/b.yaml': '3' } }),
  ] as const;
  const clone = join(folder, 'clone');
  await runGit(['clone', '-q', repository.path, clone]);
  return { clone, revisions };
}
