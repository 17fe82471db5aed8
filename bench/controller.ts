/**
 * What the controller costs while nothing happens: memory, and CPU of ticks that find nothing to do. The real program, on
 * three clusters with their controllers.
 *
 *     node bench/controller.ts [--objects 100,1100] [--rounds 3]
 *
 * See bench/README.md for how to read it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { createApiClient } from '../test/support/api-client.ts';
import { startControlPlanes } from '../test/support/control-plane.ts';
import { descendantsOf } from '../test/support/processes.ts';
import { eventually } from '../test/support/eventually.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { bundleMuster } from './support/bundle-muster.ts';
import { median, printMarkdown } from './support/figures.ts';
import { describeMachine } from './support/machine.ts';
import { cpuMsOf, residentMiB } from './support/process-facts.ts';
import { commitFleet, fleetFiles, NAMESPACE, workload } from './support/workload.ts';

const CLUSTERS = ['a', 'b', 'c'] as const;

/** Sixty times as often as by default: what an hour leaves behind, and what collecting it costs, is seen in a minute. */
const RESYNC = '1s';
/** So long that the collector has been all around also where a tick leaves little behind: else that one looks small. */
const SETTLE_MS = 80_000;
const LOOKS = 15;

/** Thousands of objects to create on a machine that others load take longer than what a test waits for. */
const CONVERGE_MS = 5 * 60_000;

/** On a machine that others load a watch or a connection may break, and is made anew: that is no tick's doing. */
const READING = ['get', 'list', 'watch'];

/** Issue 6: with the smallest fleet, and for each further 1,000 live objects. In MB, not MiB. */
const TARGET_MB = 200;
const FURTHER_TARGET_MB = 2;
/** The same: CPU of a tick that finds nothing to do, for 1,000 objects. */
const TICK_TARGET_MS = 25;
const MB_PER_MIB = 2 ** 20 / 1e6;

const { values: flags } = parseArgs({
  options: { objects: { type: 'string', default: '100,1100' }, rounds: { type: 'string', default: '3' } },
});
const sizes = flags.objects.split(',').map(Number);

/** How the controller is started: what was there before, and the environment. Objects are made only once. */
const STARTS = [
  { what: 'applied them', environment: {}, rounds: 1 },
  { what: 'started when all was there', environment: {}, rounds: Number(flags.rounds) },
  { what: 'the same, as the image starts it', environment: imageEnvironment(), rounds: Number(flags.rounds) },
] as const;

console.log(`${(await describeMachine()).join('\n')}\n`);
await using folder = await temporaryFolder();
const muster = await bundleMuster(join(folder.path, 'muster'));
await using planes = await startControlPlanes(CLUSTERS, { controllerManager: true });
for (const name of CLUSTERS) {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await createApiClient(planes.clusters[name].kubeconfigFor('bench', ['system:masters'])).create(namespace);
}
const rows: string[][] = [];
const idle = new Map<string, Idle[]>();
for (const objects of sizes) {
  assert.ok(objects >= 4 && objects % 4 === 0, '--objects is a list of multiples of 4');
  const size = { configMaps: objects / 2, deployments: objects / 4, services: objects / 4 };
  await commitFleet(join(folder.path, 'repo'), fleetFiles(workload(size, 0), CLUSTERS));
  for (const { what, environment, rounds } of STARTS) {
    const found: Idle[] = [];
    for (let round = 0; round < rounds; round += 1) {
      found.push(await lookAt(join(folder.path, 'repo'), objects, environment));
      console.error(`${objects} objects on each cluster, ${what}: ${round + 1} of ${rounds}`);
    }
    idle.set(what, [...(idle.get(what) ?? []), medianOf(found)]);
    rows.push([String(objects), what, ...printIdle(found, objects)]);
  }
}
const headers = [
  'objects on each of 3 clusters',
  'controller',
  'resident, MiB',
  'heap, MiB',
  'child that renders, MiB',
  'CPU a tick, ms',
  'a tick of 1,000, ms',
];
console.log(printMarkdown(headers, rows, 2));
console.log(printMarkdown(['controller', 'what', 'measured', 'target', ''], [...idle].flatMap(targetRows), 2));

/** What a controller costs in which nothing happens. */
interface Idle {
  readonly residentMiB: number;
  /** What JavaScript values take of it, what is still to be collected included. */
  readonly heapMiB: number;
  /** It ends ten minutes after the last revision, and is in no other figure. */
  readonly childMiB: number;
  /** CPU of the whole process over its number of ticks: what is around a tick is part of its price. A tick is of one cluster. */
  readonly tickMs: number;
}

function medianOf(found: readonly Idle[]): Idle {
  const of = (field: keyof Idle): number => median(found.map((each) => each[field]));
  return { residentMiB: of('residentMiB'), heapMiB: of('heapMiB'), childMiB: of('childMiB'), tickMs: of('tickMs') };
}

function printIdle(found: readonly Idle[], objects: number): readonly string[] {
  const { residentMiB, heapMiB, childMiB, tickMs } = medianOf(found);
  const all = found.map((each) => each.residentMiB);
  const range = found.length === 1 ? '' : ` (${Math.min(...all).toFixed(0)}–${Math.max(...all).toFixed(0)})`;
  const perThousand = ((tickMs * 1000) / objects).toFixed(1);
  return [residentMiB.toFixed(0) + range, heapMiB.toFixed(0), childMiB.toFixed(0), tickMs.toFixed(1), perThousand];
}

/** Variables that the image sets: part of how a controller is started there. */
function imageEnvironment(): Readonly<Record<string, string>> {
  const file = readFileSync(join(import.meta.dirname, '..', 'Dockerfile'), 'utf8');
  const settings = [...file.matchAll(/^ENV (.+)$/gm)].flatMap(([, text = '']) => text.split(' '));
  return Object.fromEntries(settings.map((each) => [each.split('=')[0] ?? '', each.slice(each.indexOf('=') + 1)]));
}

async function lookAt(
  repository: string,
  objects: number,
  environment: Readonly<Record<string, string>>,
): Promise<Idle> {
  await using controller = await startController(repository, environment);
  await inSync(controller, objects);
  await sleep(SETTLE_MS);
  const ticks = (): Promise<number> => metric(controller, 'muster_tick_duration_seconds_count');
  const before = { asked: await countRequests(), ticks: await ticks(), cpuMs: cpuMsOf(controller.pid) };
  const looks: { readonly residentMiB: number; readonly heapMiB: number }[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    await sleep(1000);
    const heapMiB = (await metric(controller, 'nodejs_heap_size_used_bytes')) / 2 ** 20;
    looks.push({ residentMiB: residentMiB(controller.pid), heapMiB });
  }
  const after = { ticks: await ticks(), cpuMs: cpuMsOf(controller.pid) };
  assert.ok(after.ticks - before.ticks > LOOKS, 'there were ticks');
  assert.equal(await countRequests(), before.asked, 'ticks that find nothing to do ask for nothing');
  return {
    residentMiB: median(looks.map((each) => each.residentMiB)),
    heapMiB: median(looks.map((each) => each.heapMiB)),
    childMiB: descendantsOf(controller.pid).reduce((sum, pid) => sum + residentMiB(pid), 0),
    tickMs: (after.cpuMs - before.cpuMs) / (after.ticks - before.ticks),
  };
}

function targetRows([what, founds]: readonly [string, readonly Idle[]]): string[][] {
  const [first, last] = [founds.at(0), founds.at(-1)];
  const [fewest = 0, most = 0] = [sizes.at(0), sizes.at(-1)];
  const further = ((most - fewest) * CLUSTERS.length) / 1000;
  if (first === undefined || last === undefined) return [];
  const rowOf = (name: string, value: number, target: number, unit: string): string[] => {
    return [what, name, `${value.toFixed(1)} ${unit}`, `${target} ${unit}`, value < target ? 'met' : 'not met'];
  };
  const grown = (last.residentMiB - first.residentMiB) * MB_PER_MIB;
  const tickMs = (last.tickMs * 1000) / most;
  return [
    rowOf(`resident with 3 clusters × ${fewest}`, first.residentMiB * MB_PER_MIB, TARGET_MB, 'MB'),
    ...(further > 0 ? [rowOf('for each further 1,000 objects', grown / further, FURTHER_TARGET_MB, 'MB')] : []),
    rowOf(`CPU a tick of 1,000, with ${most}`, tickMs, TICK_TARGET_MS, 'ms'),
  ];
}

interface RunningController extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
}

async function startController(
  repository: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningController> {
  const parameters = ['run', `--repo=${repository}`, `--kubeconfig=${planes.kubeconfig}`, '--forge=console'];
  const child = spawn(
    process.execPath,
    [muster, ...parameters, '--listen=127.0.0.1:0', '--log-format=json', `--resync=${RESYNC}`],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
  );
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (part: Buffer) => (log = log.length > 4000 ? log : log + part.toString()));
  const url = await eventually(() => {
    assert.equal(child.exitCode, null, `the controller ended: ${log}`);
    const found = /"listen":"([^"]+)"/.exec(log)?.[1];
    assert.ok(found !== undefined, 'the controller says where it listens');
    return found;
  });
  return {
    pid: Number(child.pid),
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** All clusters are in sync with all of their objects, and this is no leftover of a controller before. */
async function inSync(controller: RunningController, objects: number): Promise<void> {
  const deadlineMs = performance.now() + CONVERGE_MS;
  while ((await metric(controller, 'muster_cluster_in_sync')) < CLUSTERS.length) {
    assert.ok(performance.now() < deadlineMs, 'all clusters are in sync');
    await sleep(200);
  }
  for (const name of CLUSTERS) {
    const client = createApiClient(planes.clusters[name].kubeconfigFor('bench', ['system:masters']));
    const kinds = [
      ['v1', 'ConfigMap'],
      ['apps/v1', 'Deployment'],
      ['v1', 'Service'],
    ] as const;
    const lists = await Promise.all(kinds.map(([apiVersion, kind]) => client.list(apiVersion, kind, NAMESPACE)));
    const ours = lists.flat().filter((object) => JSON.stringify(object).includes('"name":"item-'));
    assert.equal(ours.length, objects, `all objects are on cluster ${name}`);
  }
}

/** The sum over all labels. */
async function metric({ url }: RunningController, name: string): Promise<number> {
  const { body } = await request(`${url}/metrics`);
  const lines = (await body.text()).split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function countRequests(): Promise<number> {
  const lists = await Promise.all(CLUSTERS.map((name) => planes.clusters[name].requests()));
  return lists.flat().filter(({ user, verb }) => user === 'admin' && !READING.includes(verb)).length;
}
