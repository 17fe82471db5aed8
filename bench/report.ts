/**
 * What it costs to report a change of one line in a large fleet: `muster diff`, and the Action as GitHub runs it.
 *
 *     node bench/report.ts [--clusters 100] [--apps 20] [--rounds 5]
 *
 * See bench/README.md for how to read it. It throws where a report does not say what changed.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGitRepository, runGit } from '../test/support/git-repository.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { bundleMuster } from './support/bundle-muster.ts';
import { median, printMarkdown, printSeconds } from './support/figures.ts';
import { appName, clusterName, generateFleet, OBJECTS_PER_APP } from './support/generated-fleet.ts';
import { describeHost } from './support/machine.ts';
import { type MeasuredRun, runMeasured } from './support/run-measured.ts';

const ROOT = join(import.meta.dirname, '..');
const { values: flags } = parseArgs({
  options: {
    clusters: { type: 'string', default: '100' },
    apps: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
  },
});
const [clusters, apps, rounds] = [Number(flags.clusters), Number(flags.apps), Number(flags.rounds)];
assert.ok(clusters >= 10 && apps >= 5 && rounds >= 1, 'at least 10 clusters, 5 apps and 1 round');

/** One line each, and how many clusters get something else by it. */
const CHANGES = [
  {
    what: 'the overlay of one cluster',
    path: `apps/${appName(1)}/overlays/${clusterName(4)}/deployment.yaml`,
    edit: (text: string) => text.replace(/value: site.*/, 'value: elsewhere'),
    changed: 1,
  },
  {
    what: 'one base file',
    path: `apps/${appName(1)}/base/deployment.yaml`,
    edit: (text: string) => text.replace(/(image: .*:).*/, '$12.0.0'),
    changed: clusters,
  },
] as const;

console.log(`${describeHost().join('\n')}\n`);
console.log(
  `${clusters} clusters × ${apps} apps × ${OBJECTS_PER_APP} objects, one line changed; medians of ${rounds} rounds (range)\n`,
);
await using folder = await temporaryFolder();
const muster = await bundleMuster(join(folder.path, 'muster'));
const action = await bundleAction(join(folder.path, 'action'));
const rows: string[][] = [];
for (const [index, change] of CHANGES.entries()) {
  const files = generateFleet({ clusters, apps });
  const repository = await createGitRepository(join(folder.path, `origin-${index}.git`), 'main');
  await repository.commit({ files });
  await repository.commit({ files: { [change.path]: change.edit(files[change.path] ?? '') } });
  const workspace = join(folder.path, `workspace-${index}`);
  await runGit(['clone', '--quiet', repository.path, workspace]);
  const runs: Record<'muster diff' | 'Action', MeasuredRun[]> = { 'muster diff': [], Action: [] };
  for (let round = 0; round < rounds; round += 1) {
    runs['muster diff'].push(await runDiff(workspace, change.changed));
    runs.Action.push(await runAction(workspace, change.changed));
    console.error(`${change.what}: round ${round + 1} of ${rounds} done`);
  }
  for (const [tool, own] of Object.entries(runs)) {
    rows.push([
      change.what,
      tool,
      printSeconds(own.map((each) => each.wallMs)),
      (median(own.map((each) => each.cpuMs)) / 1000).toFixed(2),
      median(own.map((each) => each.peakMiB)).toFixed(0),
    ]);
  }
}
console.log(printMarkdown(['one line of', 'program', 'wall, s', 'CPU, s', 'peak of a process, MiB'], rows, 2));

async function runDiff(workspace: string, changed: number): Promise<MeasuredRun> {
  const run = await runMeasured([process.execPath, muster, 'diff', workspace, '--base', 'HEAD^', '--output', 'json']);
  assert.equal(run.status, 1, `muster diff: something changes\n${run.stderr}`);
  // oxlint-disable-next-line no-unsafe-type-assertion -- docs/diff.md has its form
  const report = JSON.parse(run.stdout) as { readonly clusters: readonly { readonly changes: number }[] };
  assert.equal(report.clusters.filter((cluster) => cluster.changes > 0).length, changed, 'clusters that change');
  return run;
}

async function runAction(workspace: string, changed: number): Promise<MeasuredRun> {
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const env = {
    PATH: process.env['PATH'],
    INPUT_PATH: '.',
    INPUT_COMMENT: 'false',
    'INPUT_FAIL-ON': 'error',
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: 'acme/fleet',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: await file('event.json', '{}'),
    GITHUB_OUTPUT: await file('output', ''),
    GITHUB_STEP_SUMMARY: await file('summary.md', ''),
    RUNNER_TEMP: folder.path,
  };
  const run = await runMeasured([process.execPath, action], env);
  assert.equal(run.status, 0, `the Action\n${run.stdout}${run.stderr}`);
  const outputs = await readFile(env.GITHUB_OUTPUT, 'utf8');
  const names = /^clusters<<(\S+)\n(.*)\n\1$/m.exec(outputs)?.[2] ?? '';
  assert.equal(names.split(',').filter((name) => name !== '').length, changed, 'clusters that change');
  return run;
}

/** As it is committed to `action/dist` at a release, of the sources that are here. */
async function bundleAction(out: string): Promise<string> {
  await mkdir(out, { recursive: true });
  await copyFile(join(ROOT, 'package.json'), join(out, 'package.json')); // It says that they are modules.
  const build = [join(ROOT, 'scripts', 'build.ts'), '--action', '--out', join(out, 'dist')];
  execFileSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'pipe'] });
  return join(out, 'dist', 'index.js');
}
