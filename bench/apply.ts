/**
 * Brings 2,000 objects to one API server: Muster, kubectl, and a bare request loop as the ceiling, side by side.
 *
 *     node bench/apply.ts [--rounds N] [--only WORD] [--controllers]
 *
 * See bench/README.md for how to read it. It throws where a tool did not do what it is measured for.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { JsonObject } from '../src/model/json.ts';
import { applySetId, PART_OF_LABEL } from '../src/object/applyset.ts';
import { mapAt, numberAt, textAt } from '../src/object/json.ts';
import { type ApiClient, createApiClient } from '../test/support/api-client.ts';
import type { AuditEntry } from '../test/support/audit-log.ts';
import { type ControlPlane, startControlPlanes } from '../test/support/control-plane.ts';
import { eventually } from '../test/support/eventually.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { bundleMuster } from './support/bundle-muster.ts';
import { median, printMarkdown, printSeconds } from './support/figures.ts';
import { describeMachine } from './support/machine.ts';
import { serverCpuMs } from './support/process-facts.ts';
import { runMeasured, type Usage } from './support/run-measured.ts';
import {
  APP,
  BASE,
  commitFleet,
  FLEET,
  fleetFiles,
  markOf,
  NAMESPACE,
  type Size,
  workload,
} from './support/workload.ts';

const SIZE: Size = { configMaps: 1000, deployments: 500, services: 500 };
const KINDS = [
  ['v1', 'ConfigMap', 'configmaps', SIZE.configMaps],
  ['apps/v1', 'Deployment', 'deployments', SIZE.deployments],
  ['v1', 'Service', 'services', SIZE.services],
] as const;
const CHANGED = KINDS.reduce((sum, [, , , count]) => sum + Math.ceil(count / 100), 0);

const PHASES = ['create', 'no-op', '1 % changed'] as const;
type Phase = (typeof PHASES)[number];

/** Where one tool does its work: a control plane that nobody used before. */
interface Place {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly muster: string;
}

interface Tool {
  readonly name: string;
  /** The program and its flags; `undefined`: the tool would send nothing, or everything again, and no number says more. */
  readonly command: (phase: Phase, place: Place) => readonly [string, ...(readonly string[])] | undefined;
  /** `muster sync --once` says by 1 that Deployments are not Current, which nothing here makes them. */
  readonly statuses: readonly number[];
}

interface Measurement extends Usage {
  readonly tool: string;
  readonly phase: Phase;
  readonly requests: string;
  readonly serverCpuMs: number;
}

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    controllers: { type: 'boolean', default: false },
  },
});

const KUBECTL = process.env['KUBECTL'] ?? 'kubectl';
const apply = (place: Place): readonly [string, ...(readonly string[])] => [
  KUBECTL,
  `--kubeconfig=${place.kubeconfig}`,
  'apply',
  '--server-side',
  `--filename=${join(place.folder, 'repo', BASE)}`,
];
const loop = (phase: Phase, { folder, kubeconfig }: Place): readonly [string, ...(readonly string[])] => {
  const requests = join(folder, phase === '1 % changed' ? 'changed.jsonl' : 'all.jsonl');
  return [process.execPath, join(import.meta.dirname, 'support', 'bare-loop.ts'), kubeconfig, requests];
};
const sync = ({ folder, kubeconfig, muster }: Place): readonly [string, ...(readonly string[])] => [
  process.execPath,
  muster,
  'sync',
  join(folder, 'repo'),
  `--kubeconfig=${kubeconfig}`,
];

const TOOLS: readonly Tool[] = [
  { name: 'muster sync --once', command: (_phase, place) => [...sync(place), '--once'], statuses: [0, 1] },
  ...(flags.controllers
    ? [{ name: 'muster sync', command: (_phase: Phase, place: Place) => sync(place), statuses: [0] }]
    : []),
  { name: 'kubectl apply --server-side', command: (_phase, place) => apply(place), statuses: [0] },
  {
    name: 'kubectl … --validate=false',
    command: (_phase, place) => [...apply(place), '--validate=false'],
    statuses: [0],
  },
  { name: 'bare loop', command: loop, statuses: [0] },
  {
    name: 'bare loop, dry-run first',
    command: (phase, place) => (phase === 'no-op' ? undefined : [...loop(phase, place), '--dry-run-first']),
    statuses: [0],
  },
];

await main();

async function main(): Promise<void> {
  const tools = TOOLS.filter(({ name }) => name.includes(flags.only));
  const rounds = Number(flags.rounds);
  assert.ok(tools.length > 0, `no tool has "${flags.only}" in its name`);
  assert.ok(rounds >= 1, '--rounds is a whole number from 1');
  const machine = [...(await describeMachine()), `kubectl     ${kubectlVersion()}`];
  const controllers = flags.controllers ? 'with kube-controller-manager' : 'no controllers';
  console.log(`${machine.join('\n')}\n`);
  console.log(
    `${SIZE.configMaps} ConfigMaps, ${SIZE.deployments} Deployments of 0 replicas, ${SIZE.services} Services; ${controllers}; medians of ${rounds} rounds (range)\n`,
  );
  await using folder = await temporaryFolder();
  const muster = await bundleMuster(join(folder.path, 'muster'));
  const measurements: Measurement[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Another one begins in each round: who comes first has the emptier machine, or the colder caches.
    for (const tool of [...tools.slice(round % tools.length), ...tools.slice(0, round % tools.length)]) {
      measurements.push(...(await measureTool(tool, muster)));
      console.error(`round ${round + 1} of ${rounds}: ${tool.name} done`);
    }
  }
  console.log(printMeasurements(tools, measurements));
  console.log(printRatios(measurements));
}

/** All phases of one tool on a control plane of its own, each verified. */
async function measureTool(tool: Tool, muster: string): Promise<readonly Measurement[]> {
  await using planes = await startControlPlanes(['bench'], { controllerManager: flags.controllers });
  await using folder = await temporaryFolder();
  const cluster = planes.clusters.bench;
  // Another user than the tools: its requests are not counted.
  const client = createApiClient(cluster.kubeconfigFor('bench', ['system:masters']));
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  const place: Place = { folder: folder.path, kubeconfig: planes.kubeconfig, muster };
  const measurements: Measurement[] = [];
  for (const phase of PHASES) {
    const command = tool.command(phase, place);
    if (command === undefined) continue;
    if (phase !== 'no-op') await prepare(phase, place);
    await quiet(cluster);
    const before = await listAll(client);
    const seen = (await cluster.requests()).length;
    const serverBeganMs = serverCpuMs();
    const run = await runMeasured(command);
    const serverMs = serverCpuMs() - serverBeganMs;
    assert.ok(
      tool.statuses.includes(run.status),
      `${tool.name}, ${phase}: ended with ${run.status}\n${run.stdout}${run.stderr}`,
    );
    verify(`${tool.name}, ${phase}`, phase, before, await listAll(client));
    const requests = countRequests((await cluster.requests()).slice(seen));
    measurements.push({ ...run, tool: tool.name, phase, requests, serverCpuMs: serverMs });
  }
  return measurements;
}

/** Writes what is to be applied: as a commit, as files, and as requests. */
async function prepare(phase: Phase, { folder }: Place): Promise<void> {
  const first = workload(SIZE, 0);
  const objects = phase === 'create' ? first : workload(SIZE, 1);
  await commitFleet(join(folder, 'repo'), fleetFiles(objects, ['bench']));
  const requests = objects.map(requestOf);
  const old = new Set(first.map(requestOf));
  await writeFile(join(folder, 'all.jsonl'), requests.join(''));
  await writeFile(join(folder, 'changed.jsonl'), requests.filter((request) => !old.has(request)).join(''));
}

/** The line of {@link file://./support/bare-loop.ts}: the body that Muster sends. */
function requestOf(object: JsonObject): string {
  const [apiVersion = '', , plural] = KINDS.find((each) => each[1] === object['kind']) ?? [];
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const metadata = mapAt(object, 'metadata');
  const labels = { ...mapAt(metadata, 'labels'), [PART_OF_LABEL]: applySetId(FLEET, APP) };
  const body = JSON.stringify({ ...object, metadata: { ...metadata, labels } });
  return `${JSON.stringify({ path: `${base}/namespaces/${NAMESPACE}/${plural}/${textAt(metadata, 'name')}`, body })}\n`;
}

/** Controllers have done with what came before: what they still do would count against the next phase. */
async function quiet(cluster: ControlPlane): Promise<void> {
  if (!flags.controllers) return;
  const client = createApiClient(cluster.kubeconfigFor('bench', ['system:masters']));
  await eventually(async () => {
    const deployments = await client.list('apps/v1', 'Deployment', NAMESPACE);
    const behind = deployments.filter(
      (each) => numberAt(each, 'status', 'observedGeneration') !== numberAt(each, 'metadata', 'generation'),
    );
    assert.equal(behind.length, 0, 'every Deployment was looked at by its controller');
  });
}

interface Listed {
  readonly mark: string | undefined;
  /** Changes with each write of what the object should be: status is not it. */
  readonly state: string;
}

/** By kind and name. */
type Listing = ReadonlyMap<string, Listed>;

async function listAll(client: ApiClient): Promise<Listing> {
  const lists = await Promise.all(
    KINDS.map(async ([apiVersion, kind]) => {
      const items = await client.list(apiVersion, kind, NAMESPACE);
      const ours = items.filter((item) => textAt(item, 'metadata', 'name')?.startsWith('item-') === true);
      return ours.map((item): readonly [string, Listed] => {
        const generation = numberAt(item, 'metadata', 'generation');
        const state = generation === undefined ? textAt(item, 'metadata', 'resourceVersion') : String(generation);
        const uid = textAt(item, 'metadata', 'uid') ?? '';
        return [`${kind} ${textAt(item, 'metadata', 'name') ?? ''}`, { mark: markOf(item), state: `${uid} ${state}` }];
      });
    }),
  );
  return new Map(lists.flat());
}

/** Each phase did what it is measured for, to exactly the objects that it concerns. */
function verify(what: string, phase: Phase, before: Listing, after: Listing): void {
  for (const [, kind, , count] of KINDS) {
    const found = [...after.keys()].filter((key) => key.startsWith(`${kind} `)).length;
    assert.equal(found, count, `${what}: so many objects of kind ${kind} are there`);
  }
  const written = [...after].filter(([key, { state }]) => before.get(key)?.state !== state);
  const marks = Map.groupBy(after.values(), ({ mark }) => mark);
  const changed = phase === '1 % changed' ? CHANGED : 0;
  assert.equal(written.length, { create: after.size, 'no-op': 0, '1 % changed': CHANGED }[phase], `${what}: written`);
  assert.equal(marks.get('changed')?.length ?? 0, changed, `${what}: objects of the second revision`);
  assert.equal(marks.get('first')?.length ?? 0, after.size - changed, `${what}: objects of the first revision`);
}

/** `2000 apply, 2000 dry-run, 9 read, 2 other`. */
function countRequests(entries: readonly AuditEntry[]): string {
  const ours = entries.filter(({ user }) => user === 'admin');
  const names = ours.map(({ verb, query }) => {
    if (verb === 'patch') return query['dryRun'] === undefined ? 'apply' : 'dry-run';
    return verb === 'get' || verb === 'list' ? 'read' : 'other';
  });
  const counts = ['apply', 'dry-run', 'read', 'other'].map((name) => [
    name,
    names.filter((each) => each === name).length,
  ]);
  return counts.flatMap(([name, count]) => (count === 0 ? [] : [`${count} ${name}`])).join(', ');
}

function printMeasurements(tools: readonly Tool[], measurements: readonly Measurement[]): string {
  const rows = PHASES.flatMap((phase) =>
    tools.flatMap(({ name }) => {
      const own = measurements.filter((each) => each.tool === name && each.phase === phase);
      const [first] = own;
      if (first === undefined) return [];
      return [
        [
          phase,
          name,
          first.requests,
          printSeconds(own.map((each) => each.wallMs)),
          (median(own.map((each) => each.cpuMs)) / 1000).toFixed(2),
          (median(own.map((each) => each.serverCpuMs)) / 1000).toFixed(2),
          median(own.map((each) => each.peakMiB)).toFixed(0),
        ],
      ];
    }),
  );
  return printMarkdown(
    ['phase', 'tool', 'requests', 'wall, s', 'client CPU, s', 'server CPU, s', 'peak, MiB'],
    rows,
    3,
  );
}

/** Wall times of Muster over those of the others: within one run, so that a slow or busy machine counts for all. */
function printRatios(measurements: readonly Measurement[]): string {
  const wall = (tool: string, phase: Phase): number | undefined => {
    const own = measurements.filter((each) => each.tool === tool && each.phase === phase);
    return own.length === 0 ? undefined : median(own.map((each) => each.wallMs));
  };
  const lines = TOOLS.slice(1).flatMap(({ name }) =>
    PHASES.flatMap((phase) => {
      const [own, other] = [wall('muster sync --once', phase), wall(name, phase)];
      return own === undefined || other === undefined
        ? []
        : [`muster sync --once takes ${(own / other).toFixed(2)} × the time of "${name}" for ${phase}`];
    }),
  );
  return lines.join('\n');
}

function kubectlVersion(): string {
  const { stdout, error } = spawnSync(KUBECTL, ['version', '--client', '--output=json'], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${KUBECTL} cannot be run (${error.message}). Name another with KUBECTL.`);
  return textAt(JSON.parse(stdout), 'clientVersion', 'gitVersion') ?? 'unknown';
}
