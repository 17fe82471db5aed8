/**
 * What the controller costs while nothing happens: memory, and CPU of ticks that find nothing to do. The real program, on
 * three clusters with their controllers.
 *
 *     node bench/controller.ts [--objects 100,1100]
 *
 * See bench/README.md for how to read it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { createApiClient } from '../test/support/api-client.ts';
import { startControlPlanes } from '../test/support/control-plane.ts';
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
const SETTLE_MS = 45_000;
const LOOKS = 20;

/** How the controller is started: what was there before, and flags of Node.js. */
const STARTS = [
  { what: 'applied them', flags: [] },
  { what: 'started when all was there', flags: [] },
  { what: 'the same with --max-semi-space-size=4', flags: ['--max-semi-space-size=4'] },
] as const;

const { values: flags } = parseArgs({ options: { objects: { type: 'string', default: '100,1100' } } });
const sizes = flags.objects.split(',').map(Number);

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
  for (const { what, flags } of STARTS) {
    const found = await lookAt(join(folder.path, 'repo'), objects, flags);
    idle.set(what, [...(idle.get(what) ?? []), found]);
    const numbers = [found.residentMiB.toFixed(0), found.heapMiB.toFixed(0), found.tickMs.toFixed(1)];
    rows.push([String(objects), what, ...numbers, ((found.tickMs * 1000) / objects).toFixed(1)]);
    console.error(`${objects} objects on each cluster, ${what}: done`);
  }
}
const headers = [
  'objects on each of 3 clusters',
  'controller',
  'resident, MiB',
  'heap, MiB',
  'CPU a tick, ms',
  'a tick of 1,000, ms',
];
console.log(printMarkdown(headers, rows, 2));
for (const [what, founds] of idle) console.log(printGrowth(what, founds));

/** What a controller costs in which nothing happens. */
interface Idle {
  readonly residentMiB: number;
  /** What JavaScript values take of it, what is still to be collected included. */
  readonly heapMiB: number;
  /** CPU of the whole process over its number of ticks: what is around a tick is part of its price. A tick is of one cluster. */
  readonly tickMs: number;
}

async function lookAt(repository: string, objects: number, nodeFlags: readonly string[]): Promise<Idle> {
  await using controller = await startController(repository, nodeFlags);
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
  assert.equal(await countRequests(), before.asked, 'ticks that find nothing to do send nothing');
  return {
    residentMiB: median(looks.map((each) => each.residentMiB)),
    heapMiB: median(looks.map((each) => each.heapMiB)),
    tickMs: (after.cpuMs - before.cpuMs) / (after.ticks - before.ticks),
  };
}

function printGrowth(what: string, founds: readonly Idle[]): string {
  const [first, last] = [founds.at(0), founds.at(-1)];
  const further = (((sizes.at(-1) ?? 0) - (sizes.at(0) ?? 0)) * CLUSTERS.length) / 1000;
  if (first === undefined || last === undefined || further <= 0) return '';
  const grown = (last.residentMiB - first.residentMiB) / further;
  return `${what}: ${grown.toFixed(1)} MiB resident for each further 1,000 objects`;
}

interface RunningController extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
}

async function startController(repository: string, nodeFlags: readonly string[]): Promise<RunningController> {
  const parameters = ['run', `--repo=${repository}`, `--kubeconfig=${planes.kubeconfig}`, '--forge=console'];
  const child = spawn(
    process.execPath,
    [...nodeFlags, muster, ...parameters, '--listen=127.0.0.1:0', '--log-format=json', `--resync=${RESYNC}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
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
  await eventually(async () => {
    assert.equal(await metric(controller, 'muster_cluster_in_sync'), CLUSTERS.length, 'all clusters are in sync');
  });
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
  return lists.flat().filter(({ user }) => user === 'admin').length;
}
