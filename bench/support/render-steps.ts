/**
 * A process that renders a fleet cold and then again after changes, as the controller's child does it. A process of its
 * own, so that its memory can be measured.
 *
 *     node bench/support/render-steps.ts GITDIR REVISION REPEATS
 *
 * Prints one {@link RenderReport} as JSON. With REPEATS 0 it renders once.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { RenderedFleet } from '../../src/model/render.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { createRenderCache, type RenderCache, renderFleet } from '../../src/reconcile.ts';
import { readSnapshot } from '../../src/source/git/read-snapshot.ts';
import { appName, clusterName } from './generated-fleet.ts';

export interface RenderReport {
  readonly objects: number;
  /** Objects that are in memory once, however many clusters have them. */
  readonly distinct: number;
  /** Out of the Git repository. */
  readonly readMs: number;
  readonly coldMs: number;
  readonly changes: readonly ChangeReport[];
}

export interface ChangeReport {
  readonly what: string;
  /** Clusters that get something else. */
  readonly clusters: number;
  readonly timesMs: readonly number[];
  /** Of the whole process, also of threads that collect garbage. */
  readonly cpuMs: readonly number[];
}

/** One line of one file, another in each turn. */
interface Change {
  readonly what: string;
  readonly path: string;
  readonly edit: (text: string, turn: number) => string;
}

const APP = `apps/${appName(1)}`;
const CHANGES: readonly Change[] = [
  {
    what: 'the overlay of one cluster',
    path: `${APP}/overlays/${clusterName(4)}/deployment.yaml`,
    edit: (text, turn) => text.replace(/value: site.*/, `value: site-${turn}`),
  },
  {
    what: 'the overlay of one label group',
    path: `${APP}/overlays/group=group-4/deployment.yaml`,
    edit: (text, turn) => text.replace(/replicas: .*/, `replicas: ${10 + turn}`),
  },
  {
    what: 'one base file',
    path: `${APP}/base/deployment.yaml`,
    edit: (text, turn) => text.replace(/(image: .*:).*/, `$12.0.${turn}`),
  },
  {
    what: 'one placement',
    path: `${APP}/placement.yaml`,
    edit: (text, turn) =>
      text.replace(/clusters:[^]*/, `clusters:\n    all: true\n    exclude: {names: [${clusterName(turn)}]}\n`),
  },
];

const [gitdir = '', revision = '', repeats = '0'] = process.argv.slice(2);
const cache = createRenderCache();
const [readMs, first] = await timed(() => readSnapshot({ gitdir }, revision));
let snapshot = first;
const [coldMs, cold] = await timed(() => render(snapshot, cache));
const manifests = cold.clusters.flatMap(({ apps }) => apps.flatMap((app) => app.manifests));
const changes: ChangeReport[] = [];
let fleet = cold;
if (Number(repeats) > 0) for (const change of CHANGES) changes.push(await measure(change));
if (changes.length > 0) {
  assert.deepEqual(digests(fleet), digests(render(snapshot, createRenderCache())), 'a cold render comes to the same');
}
const report: RenderReport = { objects: manifests.length, distinct: new Set(manifests).size, readMs, coldMs, changes };
console.log(JSON.stringify(report));

async function measure(change: Change): Promise<ChangeReport> {
  const timesMs: number[] = [];
  const cpuMs: number[] = [];
  let clusters = 0;
  for (let turn = 0; turn < Number(repeats); turn += 1) {
    snapshot = edited(snapshot, change, turn);
    const before = digests(fleet);
    const cpuBefore = process.cpuUsage();
    const [ms, after] = await timed(() => render(snapshot, cache));
    const { user, system } = process.cpuUsage(cpuBefore);
    timesMs.push(ms);
    cpuMs.push((user + system) / 1000);
    fleet = after;
    clusters = digests(fleet).filter((digest, index) => digest !== before[index]).length;
    assert.ok(clusters > 0, `${change.what} changes something`);
  }
  return { what: change.what, clusters, timesMs, cpuMs };
}

function edited(before: Snapshot, { path, edit }: Change, turn: number): Snapshot {
  const files = before.files.map((file) => {
    if (file.path !== path || file.kind !== 'file') return file;
    const bytes = Buffer.from(edit(Buffer.from(file.bytes).toString(), turn));
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    assert.notEqual(oid, file.oid, `the edit of ${path} changes it`);
    return { ...file, oid, bytes };
  });
  return { revision: before.revision, files };
}

function render(from: Snapshot, into: RenderCache): RenderedFleet {
  const result = renderFleet(from, into);
  assert.ok(result.state === 'rendered', 'the fleet can be used');
  const errors = result.fleet.diagnostics.filter((each) => each.severity === 'error');
  assert.deepEqual(errors, []);
  return result.fleet;
}

function digests({ clusters }: RenderedFleet): readonly string[] {
  return clusters.map(({ digest }) => digest);
}

async function timed<Result>(call: () => Result | Promise<Result>): Promise<readonly [number, Result]> {
  const began = performance.now();
  const result = await call();
  return [performance.now() - began, result];
}
