/**
 * Brings objects to API servers: Muster, a bare request loop as the ceiling, kubectl, and what Flux applies with, side by side.
 *
 *     node bench/apply.ts [--clusters 1,5,20] [--objects 2000] [--apps 100] [--rounds 3] [--only WORD,…]
 *
 * See bench/README.md for how to read it. It throws where a tool did not do what it is measured for.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideProgram } from '../scripts/programs.ts';
import { textAt } from '../src/object/json.ts';
import { type ControlPlanes, startControlPlanes } from '../test/support/control-plane.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import {
  listAll,
  type MakeLoads,
  openPlace,
  type Phase,
  PHASES,
  quiet,
  verify,
  writeRevision,
} from './support/apply-place.ts';
import { type Figure, medianOf, printTargets } from './support/apply-targets.ts';
import { listTools, type Programs, type Run, type Tool, TOOL_NAMES } from './support/apply-tools.ts';
import { bundleMuster } from './support/bundle-muster.ts';
import { median, printMarkdown, printSeconds } from './support/figures.ts';
import { describeMachine } from './support/machine.ts';
import { serverCpuMs } from './support/process-facts.ts';
import { countRequests, printRequests, type RequestCounts, requestsSince, sumRequests } from './support/requests.ts';
import { APP, smallApps, workload } from './support/workload.ts';

/** What is brought where. */
interface Scenario {
  readonly title: string;
  readonly clusters: number;
  readonly loads: MakeLoads;
  /** With kube-controller-manager, and until objects are Current. */
  readonly health: boolean;
}

interface Measurement extends Run {
  readonly tool: string;
  readonly phase: Phase;
  /** On all clusters. */
  readonly objects: number;
  readonly requests: RequestCounts;
  readonly serverCpuMs: number;
}

const { values: flags } = parseArgs({
  options: {
    clusters: { type: 'string', default: '1,5,20' },
    objects: { type: 'string', default: '2000' },
    apps: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});

await main();

async function main(): Promise<void> {
  const rounds = Number(flags.rounds);
  assert.ok(rounds >= 1, '--rounds is a whole number from 1');
  const kubectl = process.env['KUBECTL'] ?? 'kubectl';
  const { file: fluxSsa, version } = await provideProgram('flux-ssa', console.error);
  const machine = [...(await describeMachine()), `kubectl     ${kubectlVersion(kubectl)}`, `pkg/ssa     ${version}`];
  console.log(`${machine.join('\n')}\n`);
  await using folder = await temporaryFolder();
  const muster = await bundleMuster(join(folder.path, 'muster'));
  const measured = new Map<Scenario, readonly Measurement[]>();
  for (const scenario of listScenarios()) {
    const found = await measureScenario(scenario, { muster, kubectl, fluxSsa, health: scenario.health }, rounds);
    measured.set(scenario, found);
    console.log(`## ${scenario.title}\n\n${printMeasurements(found)}`);
  }
  const figures = (matches: (scenario: Scenario) => boolean): Figure =>
    figureOf([...measured].flatMap(([scenario, found]) => (matches(scenario) ? found : [])));
  const targets = printTargets({
    one: figures(({ clusters, health }) => clusters === 1 && !health),
    twenty: figures(({ clusters }) => clusters === 20),
    apps: figures(({ health }) => health),
  });
  console.log(targets);
}

/** The same number of objects in all, on however many clusters; and many small apps on one. */
function listScenarios(): readonly Scenario[] {
  const objects = Number(flags.objects);
  const apps = Number(flags.apps);
  const counts = flags.clusters.split(',').filter((text) => text !== '');
  const loads = counts.map((text): Scenario => {
    const clusters = Number(text);
    const each = objects / clusters;
    assert.ok(Number.isInteger(each / 4), '--objects is a multiple of four times each number of --clusters');
    const size = { configMaps: each / 2, deployments: each / 4, services: each / 4 };
    const one: MakeLoads = (revision, site) => [{ app: APP, objects: workload(size, revision, site) }];
    const what = `${size.configMaps} ConfigMaps, ${size.deployments} Deployments of 0 replicas, ${size.services} Services`;
    const where = clusters === 1 ? 'one cluster' : `each of ${clusters} clusters`;
    return { title: `One app with ${what} on ${where}`, clusters, health: false, loads: one };
  });
  if (apps === 0) return loads;
  const title = `${apps} apps with a ServiceAccount, a ConfigMap, a Deployment of 0 replicas and a Service each on one cluster with kube-controller-manager, until all are Current`;
  return [...loads, { title, clusters: 1, health: true, loads: (revision, site) => smallApps(apps, revision, site) }];
}

/** All tools in turns, on control planes that are new in each round. */
async function measureScenario(
  scenario: Scenario,
  programs: Programs,
  rounds: number,
): Promise<readonly Measurement[]> {
  const words = flags.only.split(',');
  const tools = listTools(programs).filter(
    ({ name, scope }) => words.some((word) => name.includes(word)) && (scenario.clusters === 1 || scope.manyClusters),
  );
  const names = Array.from({ length: scenario.clusters }, (_cluster, index) => `c${index}`);
  const measurements: Measurement[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using planes = await startControlPlanes(names, { controllerManager: scenario.health });
    await using folder = await temporaryFolder();
    // Another one begins in each round: who comes first has the emptier machine, or the colder caches.
    const turn = round % tools.length;
    for (const [index, tool] of [...tools.slice(turn), ...tools.slice(0, turn)].entries()) {
      if (round >= tool.scope.rounds) continue;
      const namespace = `load-${index}`;
      const found = await measureTool(tool, planes, scenario, join(folder.path, namespace), namespace);
      measurements.push(...found);
      const seconds = found.map(({ phase, wallMs }) => `${phase} ${(wallMs / 1000).toFixed(2)} s`).join(', ');
      console.error(`${scenario.clusters} clusters, round ${round + 1} of ${rounds}, ${tool.name}: ${seconds}`);
    }
  }
  return measurements;
}

/** All phases of one tool in a place of its own, each verified. */
async function measureTool(
  tool: Tool,
  planes: ControlPlanes<string>,
  { loads, health }: Scenario,
  folder: string,
  namespace: string,
): Promise<readonly Measurement[]> {
  const place = await openPlace(planes, folder, namespace, loads);
  await using session = await tool.open(place);
  const measurements: Measurement[] = [];
  for (const phase of PHASES) {
    await session.prepare?.(phase);
    if (health) await quiet(planes, place);
    const before = await listAll(planes, place);
    const asked = await countRequests(planes);
    const beganMs = serverCpuMs();
    const run = await session.run(phase, async () => {
      if (phase === 'create' || phase === '1 % changed') await writeRevision(place, loads, phase === 'create' ? 0 : 1);
    });
    const serverMs = serverCpuMs() - beganMs;
    const requests = requestsSince(asked, await countRequests(planes));
    verify(`${tool.name}, ${phase}`, phase, place, before, await listAll(planes, place));
    const objects = place.objects * place.clusters.length;
    if (run !== undefined)
      measurements.push({ ...run, tool: tool.name, phase, objects, requests, serverCpuMs: serverMs });
  }
  return measurements;
}

function printMeasurements(measurements: readonly Measurement[]): string {
  const names = [...new Set(measurements.map(({ tool }) => tool))];
  const rows = PHASES.flatMap((phase) =>
    names.flatMap((name) => {
      const own = measurements.filter((each) => each.tool === name && each.phase === phase);
      const [first] = own;
      if (first === undefined) return [];
      const seconds = (values: readonly number[]): string => (median(values) / 1000).toFixed(2);
      return [
        [
          phase,
          name,
          printRequests(first.requests),
          (sumRequests(first.requests) / first.objects).toFixed(3),
          String(own.length),
          phase === 'no-op' && first.tool === TOOL_NAMES.controller
            ? '–'
            : printSeconds(own.map((each) => each.wallMs)),
          first.renderMs === undefined ? '' : seconds(own.map((each) => each.renderMs ?? 0)),
          seconds(own.map((each) => each.cpuMs)),
          seconds(own.map((each) => each.serverCpuMs)),
          median(own.map((each) => each.peakMiB)).toFixed(0),
        ],
      ];
    }),
  );
  const counts = ['phase', 'tool', 'requests', 'per object', 'rounds'];
  return printMarkdown(
    [...counts, 'wall, s', 'of it render, s', 'client CPU, s', 'server CPU, s', 'peak, MiB'],
    rows,
    3,
  );
}

function figureOf(measurements: readonly Measurement[]): Figure {
  return (tool, phase) => {
    const own = measurements.filter((each) => each.tool === tool && each.phase === phase);
    const [first] = own;
    if (first === undefined) return undefined;
    return {
      wallMs: median(own.map((each) => each.wallMs)),
      requests: Math.max(...own.map((each) => sumRequests(each.requests))),
      tickMs: medianOf(own.flatMap(({ tickMs, objects }) => (tickMs === undefined ? [] : [(tickMs * 1000) / objects]))),
    };
  };
}

function kubectlVersion(kubectl: string): string {
  const { stdout, error } = spawnSync(kubectl, ['version', '--client', '--output=json'], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${kubectl} cannot be run (${error.message}). Name another with KUBECTL.`);
  return textAt(JSON.parse(stdout), 'clientVersion', 'gitVersion') ?? 'unknown';
}
