/**
 * What Muster's own work costs, in this process and against one real API server: rendering, the first tick, ticks that
 * find nothing to do, a restart. CPU of this process alone; nothing of it is the server's.
 *
 *     node bench/tick.ts [--objects 1000,5000]
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { connect } from '../src/cli/connections.ts';
import { realClock } from '../src/cli/real-clock.ts';
import type { Connection } from '../src/controller.ts';
import type { RenderedFleet } from '../src/model/render.ts';
import type { Snapshot } from '../src/model/snapshot.ts';
import type { DoneTick, TickMemory } from '../src/model/tick.ts';
import { EMPTY_MEMORY, reconcileCluster, renderFleet } from '../src/reconcile.ts';
import { assessCluster } from '../src/report/assess-cluster.ts';
import { parseAnswer, printAnswer } from '../src/sandbox/render-message.ts';
import { readSettings } from '../src/settings.ts';
import { readWorktree } from '../src/source/git/read-worktree.ts';
import { createApiClient } from '../test/support/api-client.ts';
import { startControlPlanes } from '../test/support/control-plane.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { median, printMarkdown } from './support/figures.ts';
import { describeMachine } from './support/machine.ts';
import { commitFleet, fleetFiles, NAMESPACE, type Size, workload } from './support/workload.ts';

/** A step that costs a few milliseconds is repeated: the kernel counts in steps of one, and the compiler comes late. */
const REPEATS = 30;

const { values: flags } = parseArgs({ options: { objects: { type: 'string', default: '1000,5000' } } });

console.log(`${(await describeMachine()).join('\n')}\n`);
const rows: string[][] = [];
for (const objects of flags.objects.split(',').map(Number)) {
  assert.ok(objects >= 4, '--objects is a list of numbers from 4');
  rows.push(...(await measure({ configMaps: objects / 2, deployments: objects / 4, services: objects / 4 }, objects)));
}
console.log(printMarkdown(['objects in one app', 'step', 'CPU, ms', 'per 1,000', 'requests'], rows, 2));

async function measure(size: Size, objects: number): Promise<string[][]> {
  await using planes = await startControlPlanes(['bench']);
  await using folder = await temporaryFolder();
  const client = createApiClient(planes.clusters.bench.kubeconfig);
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await commitFleet(folder.path, fleetFiles(workload(size, 0), ['bench']));
  const snapshot = await readWorktree(folder.path);

  const found: string[][] = [];
  let requests = 0;
  const row = (step: string, cpuMs: number): void => {
    const numbers = [cpuMs.toFixed(1), ((cpuMs * 1000) / objects).toFixed(1), String(requests)];
    found.push([String(objects), step, ...numbers]);
    requests = 0;
  };
  const open = (): Connection => {
    const [target] = fleet.clusters;
    assert.ok(target !== undefined, 'there is a cluster');
    const settings = readSettings({ kubeconfig: planes.kubeconfig }, {});
    return connect(
      target.cluster,
      settings,
      undefined,
      () => (requests += 1),
      () => {},
    );
  };

  const [renderMs, fleet] = await cpu(() => render(snapshot));
  row('parse and render, cold', renderMs);
  const warm = await repeat(() => render(snapshot));
  row('parse and render, warm', warm);
  row('hand the render from one process to another', await repeat(() => crossProcesses(fleet)));

  let connection = open();
  const [createMs, created] = await cpu(() => tick(fleet, connection, EMPTY_MEMORY));
  assert.equal(countWritten(created.tick), objects, 'the first tick creates every object');
  row('first tick: everything is created', createMs);
  const [secondMs, second] = await cpu(() => tick(fleet, connection, created.memory));
  assert.equal(countWritten(second.tick), 0, 'the second tick writes nothing');
  row('second tick: looks at what it wrote', secondMs);
  const idleMs = await repeat(() => tick(fleet, connection, second.memory));
  assert.equal(requests, 0, 'a tick that finds nothing to do sends nothing');
  row('tick that finds nothing to do', idleMs);
  row('verdict on a tick', await repeat(() => assessCluster(second.tick)));
  await connection.close();

  connection = open();
  const [restartMs, restarted] = await cpu(() => tick(fleet, connection, EMPTY_MEMORY));
  assert.equal(countWritten(restarted.tick), 0, 'a restart writes nothing');
  row('first tick after a restart', restartMs);
  await connection.close();
  return found;
}

function render(snapshot: Snapshot): RenderedFleet {
  const result = renderFleet(snapshot);
  assert.ok(result.state === 'rendered', 'the fleet can be used');
  return result.fleet;
}

function crossProcesses(fleet: RenderedFleet): void {
  const answer = parseAnswer([...printAnswer({ state: 'rendered', fleet })]);
  assert.equal(answer?.state, 'rendered');
}

async function tick(
  rendered: RenderedFleet,
  { reader, writer }: Connection,
  memory: TickMemory,
): Promise<{ readonly tick: DoneTick; readonly memory: TickMemory }> {
  const [target] = rendered.clusters;
  assert.ok(target !== undefined, 'there is a cluster');
  const deadlineMs = realClock.monotonicMs() + 300_000;
  const input = { rendered, target, memory, leaving: new Map(), deadlineMs, readOnly: false };
  const ports = { reader, writer, clock: realClock, isHuman: () => false, mayWrite: () => true, onProgress: () => {} };
  const done = await reconcileCluster(input, ports, AbortSignal.timeout(300_000));
  assert.ok(done.tick.state === 'done', 'the tick went through');
  return { tick: done.tick, memory: done.memory };
}

function countWritten({ result }: DoneTick): number {
  return result.apps.reduce((sum, { objects }) => sum + objects.length, 0);
}

/** CPU of this process while the call ran, in milliseconds, and what the call returned. */
async function cpu<Result>(call: () => Result | Promise<Result>): Promise<readonly [number, Result]> {
  const before = process.cpuUsage();
  const result = await call();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1000, result];
}

async function repeat(call: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < REPEATS; run += 1) times.push((await cpu(call))[0]);
  return median(times);
}
