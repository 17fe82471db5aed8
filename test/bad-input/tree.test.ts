/**
 * What a Git tree and a folder can hold besides files (bad input, 4.2), by `muster check` on both.
 *
 * Elsewhere: 19 and 101 (kustomize and Helm) with their renderers; 113 (an app that is renamed) with the apply plan; 69
 * (APIs that a cluster's version has removed), 63 and 79 (what a tenant may touch) are no rules of Muster.
 */
import assert from 'node:assert/strict';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { type CommandOutput, runCommand } from '../support/command-line.ts';
import { SMALL_FLEET } from '../support/fleet-files.ts';
import { createGitRepository, type CommitChange, type GitRepository } from '../support/git-repository.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { configMap, linesOf, writeFiles } from './support.ts';

describe('A commit', () => {
  it('with a symbolic link where an object should be is refused for its app, with the target', async () => {
    const { code, out } = await checkCommit({
      'apps/web/base/x.yaml': { mode: 'symlink', content: '../../../../etc/passwd' },
    });

    assert.deepEqual(linesOf(out), [
      'apps/web/base/x.yaml:1:1: FILE_REFUSED: the file is a symbolic link to "../../../../etc/passwd", and links are not followed. Commit the file itself.',
    ]);
    assert.equal(code, 1);
  });

  it('with a submodule where an app should be is refused', async () => {
    const { code, out } = await checkCommit({
      'apps/web/base/vendor': { mode: 'submodule', content: '0123456789abcdef0123456789abcdef01234567' },
    });

    assert.deepEqual(linesOf(out), [
      'apps/web/base/vendor:1:1: FILE_REFUSED: the folder is a submodule, and submodules are not supported. Commit the file itself.',
    ]);
    assert.equal(code, 1);
  });

  it('with an executable file is read like any other', async () => {
    const { code, out } = await checkCommit({
      'apps/web/base/x.yaml': { mode: 'executable', content: configMap('x') },
    });

    assert.deepEqual([code, out], [0, '']);
  });

  it('with the file mode 100664 of old times is read', async () => {
    const { code, out } = await checkTree((repository, base) =>
      base('x.yaml', '100664', repository.blob(configMap('x'))),
    );

    assert.deepEqual([code, out], [0, '']);
  });

  for (const name of ['..', '.', '.git', '.GIT', 'git~1', '.g\u200cit', 'a/b']) {
    it(`with the name ${JSON.stringify(name)} in its tree is believed in nothing`, async () => {
      const { code, out, err } = await checkTree((repository, base) =>
        base(name, '100644', repository.blob(configMap('x'))),
      );

      assert.deepEqual([code, out], [2, '']);
      assert.match(
        err,
        /^muster: read revision [0-9a-f]{12}: REJECTED: "apps\/web\/base": the entry ".+" (leads out of its folder|is the name of Git's own folder)\. Remove it from the repository, and find out who put it there\.\n$/,
      );
    });
  }

  it('whose folders are 200 deep is refused', async () => {
    const { code, out, err } = await checkCommit({
      [`apps/web/base/${'a/'.repeat(200)}x.yaml`]: configMap('x'),
    });

    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /TOO_BIG: "apps\/web\/base\/[a/]+": folders are nested more than 32 deep\.\n$/);
  });

  it('that unfolds to a million files out of a few objects is refused before they are read', async () => {
    const { code, out, err } = await checkTree(async (repository, base) => {
      let oid = await repository.blob(configMap('x'));
      for (let level = 0; level < 6; level++) {
        const mode = level === 0 ? '100644' : '40000';
        oid = await repository.tree(Array.from({ length: 10 }, (_, at) => ({ mode, name: `a${at}`, oid })));
      }
      return base('bomb', '40000', oid);
    });

    assert.deepEqual([code, out], [2, '']);
    assert.match(
      err,
      /TOO_BIG: "apps\/web\/base\/bomb\/.+": here the files and folders of the fleet become more than 100000\./,
    );
  });
});

describe('A folder', () => {
  it('with a symbolic link is refused like the commit', async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, SMALL_FLEET);
    await symlink('/etc/passwd', join(folder.path, 'apps/web/base/x.yaml'));

    const { code, out } = await runCommand(['check', folder.path]);

    assert.deepEqual(linesOf(out), [
      'apps/web/base/x.yaml:1:1: FILE_REFUSED: the file is a symbolic link to "/etc/passwd", and links are not followed. Commit the file itself.',
    ]);
    assert.equal(code, 1);
  });

  it('whose apps are a link is no fleet without apps', async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, SMALL_FLEET);
    await rm(join(folder.path, 'apps'), { recursive: true });
    await symlink('/etc', join(folder.path, 'apps'));

    const { code, out } = await runCommand(['check', folder.path]);

    assert.deepEqual(linesOf(out), [
      'apps:1:1: FILE_REFUSED: the file is a symbolic link to "/etc", and links are not followed. Commit the file itself.',
      'apps:1:1: NO_APP: the fleet has no app. Add a folder apps/NAME/ with base/ and placement.yaml. To remove the last app, keep its placement.yaml and empty its base/.',
    ]);
    assert.equal(code, 1);
  });

  it('with a repository within it is refused like a submodule', async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, SMALL_FLEET);
    await mkdir(join(folder.path, 'apps/web/base/vendor/.git'), { recursive: true });

    const { code, out } = await runCommand(['check', folder.path]);

    assert.deepEqual(linesOf(out), [
      'apps/web/base/vendor:1:1: FILE_REFUSED: the folder is a submodule, and submodules are not supported. Commit the file itself.',
    ]);
    assert.equal(code, 1);
  });
});

/** `muster check` on a commit of the small fleet with these files besides. */
async function checkCommit(files: CommitChange['files']): Promise<CommandOutput> {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, '.git'), 'main');
  const revision = await repository.commit({ files: { ...SMALL_FLEET, ...files } });
  return await runCommand(['check', folder.path, '--revision', revision]);
}

/** Writes the tree of `apps/web/base` with one entry more, and those above it. */
type AddEntry = (name: string, mode: string, oid: string | Promise<string>) => Promise<string>;

/** The same with an entry that Git itself would not write, in `apps/web/base`. */
async function checkTree(
  change: (repository: GitRepository, base: AddEntry) => Promise<string>,
): Promise<CommandOutput> {
  await using folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, '.git'), 'main');
  const first = await repository.commit({ files: SMALL_FLEET });
  const withEntry = async (path: string, name: string, mode: string, oid: string): Promise<string> => {
    const listed = await repository.git('ls-tree', `${first}:${path}`);
    const entries = listed.split('\n').map((line) => {
      const [entryMode = '', , entryOid = '', entryName = ''] = line.split(/\s+/);
      return { mode: entryMode.replace(/^0/, ''), name: entryName, oid: entryOid };
    });
    const tree = await repository.tree([...entries.filter((each) => each.name !== name), { mode, name, oid }]);
    if (path === '') return tree;
    const parent = dirname(path);
    return withEntry(parent === '.' ? '' : parent, basename(path), '40000', tree);
  };
  const tree = await change(repository, async (name, mode, oid) => withEntry('apps/web/base', name, mode, await oid));
  const revision = await repository.commitTree(tree);
  return await runCommand(['check', folder.path, '--revision', revision]);
}
