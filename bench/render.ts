/**
 * What it costs to render a large fleet, and to render it again after one change; beside it kustomize for some of its clusters.
 *
 *     node bench/render.ts [--clusters 500] [--apps 40] [--rounds 3] [--kustomize 10]
 *
 * See bench/README.md for how to read it. It throws where the two do not come to the same objects.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { JsonValue } from '../src/model/json.ts';
import { canonical } from '../src/object/json.ts';
import { renderFleet } from '../src/reconcile.ts';
import { createRenderer, RENDER_LIMITS, type Renderer } from '../src/sandbox/render-revision.ts';
import { readSnapshot } from '../src/source/git/read-snapshot.ts';
import { createGitRepository } from '../test/support/git-repository.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { median, printMarkdown, printSeconds } from './support/figures.ts';
import { appName, clusterName, generateFleet, OBJECTS_PER_APP } from './support/generated-fleet.ts';
import { writeKustomizations } from './support/kustomize-fleet.ts';
import { describeHost } from './support/machine.ts';
import type { RenderReport } from './support/render-steps.ts';
import { runMeasured, type Usage } from './support/run-measured.ts';

/** The first render after a change is compiled while it runs; a controller that lives for days does not see that again. */
const REPEATS = 30;

const { values: flags } = parseArgs({
  options: {
    clusters: { type: 'string', default: '500' },
    apps: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '3' },
    kustomize: { type: 'string', default: '10' },
  },
});
const [clusters, apps, rounds] = [Number(flags.clusters), Number(flags.apps), Number(flags.rounds)];
const KUBECTL = process.env['KUBECTL'] ?? 'kubectl';

assert.ok(clusters >= 10 && apps >= 5 && rounds >= 1, 'at least 10 clusters, 5 apps and 1 round');
console.log(`${describeHost().join('\n')}\n`);
await using folder = await temporaryFolder();
const repository = await createGitRepository(join(folder.path, 'fleet.git'), 'main');
const revision = await repository.commit({ files: generateFleet({ clusters, apps }) });

const cold: (Usage & RenderReport)[] = [];
for (let round = 0; round < rounds; round += 1) {
  cold.push(await renderInProcess(0));
  console.error(`cold render ${round + 1} of ${rounds} done`);
}
const warm = await renderInProcess(REPEATS);
const [first] = cold;
assert.ok(first !== undefined, 'there is a round');
const coldMs = median(cold.map((each) => each.coldMs));
console.log(
  `${clusters} clusters × ${apps} apps × ${OBJECTS_PER_APP} objects: ${first.objects} objects, ${first.distinct} of them different\n`,
);
console.log(
  printMarkdown(
    ['step', 'seconds', 'objects/s', 'peak, MiB'],
    [
      ['read from Git', printSeconds(cold.map((each) => each.readMs)), '', ''],
      [
        'parse, place and render, cold',
        printSeconds(cold.map((each) => each.coldMs)),
        ((first.objects / coldMs) * 1000).toFixed(0),
        median(cold.map((each) => each.peakMiB)).toFixed(0),
      ],
    ],
  ),
);
console.log(
  printMarkdown(
    ['again, after a change to', 'clusters changed', 'median, ms', 'CPU, ms', 'first, ms', 'slowest other, ms'],
    warm.changes.map(({ what, clusters: changed, cpuMs, timesMs: [start = Number.NaN, ...rest] }) => [
      what,
      String(changed),
      median(rest).toFixed(1),
      median(cpuMs).toFixed(1),
      start.toFixed(1),
      Math.max(...rest).toFixed(1),
    ]),
  ),
);
console.log(`peak of all changes: ${warm.peakMiB.toFixed(0)} MiB\n`);
await measureController();
await compareWithKustomize(Number(flags.kustomize));

async function renderInProcess(repeats: number): Promise<Usage & RenderReport> {
  const program = join(import.meta.dirname, 'support', 'render-steps.ts');
  const run = await runMeasured([process.execPath, program, repository.path, revision, String(repeats)]);
  assert.equal(run.status, 0, run.stderr);
  // oxlint-disable-next-line no-unsafe-type-assertion -- render-steps.ts wrote it
  return { ...run, ...(JSON.parse(run.stdout) as RenderReport) };
}

/** Commit by commit, through the child process: Git, rendering, and the way back into the process that applies. */
async function measureController(): Promise<void> {
  const path = `apps/${appName(1)}/overlays/${clusterName(4)}/deployment.yaml`;
  const text = generateFleet({ clusters, apps })[path] ?? '';
  const render = async (renderer: Renderer, turn: string): Promise<number> => {
    const edited = text.replace(/value: site.*/, `value: ${turn}`);
    const next = await repository.commit({ files: { [path]: edited } });
    const began = performance.now();
    const request = { gitdir: repository.path, revision: next, path: '' };
    const result = await renderer.render(request, AbortSignal.timeout(300_000));
    assert.equal(result.state, 'rendered');
    return performance.now() - began;
  };
  const firstMs: number[] = [];
  const nextMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using renderer = createRenderer(RENDER_LIMITS, { path: '', cacheFolder: '' });
    firstMs.push(await render(renderer, `first-${round}`));
    for (let turn = 0; turn < 5; turn += 1) nextMs.push(await render(renderer, `next-${round}-${turn}`));
  }
  console.log(
    printMarkdown(
      ['a commit to one overlay, as the controller sees it', 'seconds'],
      [
        ['in a new child process', printSeconds(firstMs)],
        ['in the child that rendered the commit before', printSeconds(nextMs)],
      ],
    ),
  );
}

async function compareWithKustomize(count: number): Promise<void> {
  if (count === 0) return;
  const version = kustomizeVersion();
  if (version === undefined) {
    console.log(`kustomize is not measured: ${KUBECTL} cannot be run. Name another with KUBECTL.`);
    return;
  }
  const step = Math.max(1, Math.floor(clusters / count));
  const chosen = Array.from({ length: Math.min(count, clusters) }, (_item, index) => index * step);
  const folders = await writeKustomizations(join(folder.path, 'kustomize'), chosen, apps);
  const runs: Usage[] = [];
  for (const [index, path] of folders.entries()) {
    const run = await runMeasured([KUBECTL, 'kustomize', path]);
    assert.equal(run.status, 0, run.stderr);
    if (index === 0) assert.deepEqual(objectsIn(run.stdout), await objectsOf(clusterName(chosen[0] ?? 0)));
    runs.push(run);
  }
  const each = median(runs.map((run) => run.wallMs));
  console.log(
    printMarkdown(
      ['tool', 'seconds per cluster', `seconds for ${clusters} clusters`],
      [
        ['muster', (coldMs / 1000 / clusters).toFixed(4), (coldMs / 1000).toFixed(2)],
        [
          `kubectl kustomize (${version})`,
          printSeconds(runs.map((run) => run.wallMs)),
          `${((each * clusters) / 1000).toFixed(0)} (extrapolated from ${runs.length})`,
        ],
      ],
    ),
  );
  console.log(`kubectl kustomize takes ${((each * clusters) / coldMs).toFixed(0)} × the time of muster per cluster`);
}

function kustomizeVersion(): string | undefined {
  const { status } = spawnSync(KUBECTL, ['kustomize', '--help']);
  if (status !== 0) return undefined;
  return /Kustomize Version: (\S+)/.exec(execFileSync(KUBECTL, ['version', '--client'], { encoding: 'utf8' }))?.[1];
}

/** What Muster gives a cluster, in an order that does not depend on who prints it. */
async function objectsOf(cluster: string): Promise<readonly string[]> {
  const result = renderFleet(await readSnapshot({ gitdir: repository.path }, revision));
  assert.ok(result.state === 'rendered', 'the fleet can be used');
  const own = result.fleet.clusters.find((each) => each.cluster.name === cluster);
  return (own?.apps ?? []).flatMap((app) => app.manifests.map(({ body }) => canonical(body))).sort();
}

function objectsIn(yaml: string): readonly string[] {
  const values = parseAllDocuments(yaml).map((document): JsonValue => document.toJS());
  return values.map(canonical).sort();
}
