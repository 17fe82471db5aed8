/** A digest depends on what was committed, and on nothing else: not on order, machine, language or time zone. */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { SnapshotFile } from '../../src/model/snapshot.ts';
import { mapAt, parseJson, textAt } from '../../src/object/json.ts';
import { renderFleet } from '../../src/reconcile.ts';
import { readWorktree } from '../../src/source/git/read-worktree.ts';
import { runMuster } from '../scenario/support/muster.ts';
import { writeFiles } from '../bad-input/support.ts';
import { runCommand } from '../support/command-line.ts';
import { clusterFile, fleetWith, marked, SMALL_FLEET } from '../support/fleet-files.ts';
import { createWorktree } from '../support/git-worktree.ts';
import { seeded } from '../support/seeded.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'fleet-repo');

describe('A digest is the same', () => {
  it('in whatever order the files are listed', async () => {
    const snapshot = await readWorktree(EXAMPLE);
    const expected = digestsOf(snapshot.files);

    for (let seed = 1; seed <= 5; seed++) {
      const random = seeded(seed);
      const shuffled = snapshot.files
        .map((file) => ({ file, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ file }) => file);
      assert.notDeepEqual(shuffled, snapshot.files);
      assert.deepEqual(digestsOf(shuffled), expected, `seed ${seed}`);
    }
  });

  it('in a folder, in its commit, and in a folder where the files were written in another order', async () => {
    await using work = await createWorktree((path) => cp(EXAMPLE, path, { recursive: true }));
    await using copy = await temporaryFolder();
    const { files } = await readWorktree(EXAMPLE);
    for (const { path } of files.toReversed()) {
      await mkdir(dirname(join(copy.path, path)), { recursive: true });
      await writeFile(join(copy.path, path), await readFile(join(EXAMPLE, path)));
    }

    const { out } = await runCommand(['render', EXAMPLE]);

    assert.equal((await runCommand(['render', work.path])).out, out);
    assert.equal((await runCommand(['render', work.path, '--revision', 'HEAD'])).out, out);
    assert.equal((await runCommand(['render', copy.path])).out, out);
  });

  it('in Turkish and at the edge of the time zones', async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, TURKISH_FLEET);
    const here = await runMuster(['render', folder.path], { LANG: 'C', TZ: 'UTC' });

    const there = await runMuster(['render', folder.path], {
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
      TZ: 'Pacific/Kiritimati',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ASSERT_TURKISH)}`,
    });

    assert.deepEqual(there, here);
    assert.equal(here.code, 0, here.err);
    assert.match(here.out, /name: I\b[^]*name: i\b/);
  });
});

describe('A variable that one cluster of a hundred lacks', () => {
  it('is one error at its place, and nothing changes for the other 99', async () => {
    const { text, place } = marked(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  network: ‸"${vars.network}"\n',
    );
    const names = Array.from({ length: 100 }, (_, at) => `c${String(at).padStart(3, '0')}`);
    const fleet = (lacks: string): Readonly<Record<string, string>> => ({
      'fleet.yaml': SMALL_FLEET['fleet.yaml'],
      'apps/web/app.yaml': SMALL_FLEET['apps/web/app.yaml'],
      'apps/web/placement.yaml': SMALL_FLEET['apps/web/placement.yaml'],
      'apps/web/base/settings.yaml': text,
      ...Object.fromEntries(
        names.map((name) => [
          `clusters/${name}.yaml`,
          clusterFile(name, '{}', `  variables: {${name === lacks ? 'netwrok' : 'network'}: net-${name}}\n`),
        ]),
      ),
    });
    const [whole, broken] = [await renderFiles(fleet('')), await renderFiles(fleet('c042'))];

    assert.deepEqual([whole.code, whole.err], [0, '']);
    assert.equal(broken.code, 1);
    assert.equal(
      broken.err,
      `apps/web/base/settings.yaml:${place}: UNKNOWN_VARIABLE: on c042: variable "vars.network" is unknown: this cluster sets no variable "network". Did you mean "\${vars.netwrok}"?\n`,
    );
    const changed = names.filter((name) => whole.digests[name] !== broken.digests[name]);
    assert.equal(Object.keys(whole.digests).length, 100);
    assert.deepEqual(changed, ['c042']);
  });
});

/** Names that sort and change case otherwise in Turkish than elsewhere. */
const TURKISH_FLEET = fleetWith(
  Object.fromEntries([
    ...['istanbul', 'izmir', 'igdir'].map((name) => [`clusters/${name}.yaml`, clusterFile(name, '{title: I}')]),
    ...['I', 'i', 'ı', 'z', 'ä', 'Z'].map((name, at) => [
      `apps/other/base/${name}-${at}.yaml`,
      `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "${name}"}\nrules: []\n`,
    ]),
  ]),
);

/** Run in the process first: that the language and the time zone are really what they should be. */
const ASSERT_TURKISH = `
  import assert from 'node:assert/strict';
  assert.equal(Intl.Collator().resolvedOptions().locale, 'tr-TR');
  assert.deepEqual(['I', 'i', 'ı'].sort(Intl.Collator().compare), ['ı', 'I', 'i']);
  assert.equal(new Date(2026, 0, 1).getTimezoneOffset(), -14 * 60);
`;

function digestsOf(files: readonly SnapshotFile[]): Readonly<Record<string, string>> {
  const result = renderFleet({ revision: 'worktree', files });
  assert.ok(result.state === 'rendered');
  assert.deepEqual(result.fleet.diagnostics, []);
  return Object.fromEntries(result.fleet.clusters.map(({ cluster, digest }) => [cluster.name, digest]));
}

async function renderFiles(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly err: string; readonly digests: Readonly<Record<string, string>> }> {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, files);
  const { code, out, err } = await runCommand(['render', folder.path, '-o', 'json']);
  const clusters = Object.entries(mapAt(parseJson(out), 'clusters'));
  return {
    code,
    err,
    digests: Object.fromEntries(clusters.map(([name, each]) => [name, textAt(each, 'digest') ?? ''])),
  };
}
