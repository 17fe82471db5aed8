/** What a pass makes of a cluster that answers in part, and what it remembers for the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../src/model/manifest.ts';
import type { Clock } from '../src/model/ports.ts';
import type { DoneTick, TickMemory } from '../src/model/tick.ts';
import { idKey } from '../src/object/id.ts';
import { EMPTY_MEMORY, reconcileCluster } from '../src/reconcile.ts';
import { type MemoryCluster, memoryCluster, says } from './support/memory-cluster.ts';
import { APP, entryOf, inventoryOf, liveOf, manifest, renderedApp, targetOf } from './support/objects.ts';
import { renderedFleet } from './support/ticks.ts';

const A = configMap('a', '1');
const UID = 'server';

test('What was not asked for is not remembered as missing: without its label it stays when its kind can be listed again', async () => {
  let isRefused = true;
  const cluster = memoryCluster(UID, (what) => {
    if (isRefused && what === 'list ConfigMap') throw says('FORBIDDEN', 'no');
  });
  const { partOf: _, ...unlabelled } = liveOf(A);
  record(cluster, A, unlabelled);
  const look = startPasses(cluster);

  await look([]);
  isRefused = false;
  const { plan } = await look([]);

  const reasons = plan.apps.flatMap(({ kept }) => kept.map(({ reason }) => reason));
  assert.deepEqual(reasons, ['its ownership label was changed by hand']);
  assert.equal(cluster.inventories.get(APP)?.entries.length, 1);
});

test('Healing is forgotten with the revision that was healed, with the object, and when nothing happened for long', async () => {
  const cluster = memoryCluster(UID);
  const look = startPasses(cluster);
  const heal = async (): Promise<void> => {
    await look([A]);
    cluster.objects.clear();
    await look([A]);
    assert.deepEqual([...look.memory().heals.keys()], [idKey(A.id)]);
  };

  await heal();
  await look([configMap('a', '2')]);
  assert.deepEqual(look.memory().heals, new Map(), 'another revision');

  await heal();
  await look([]);
  assert.deepEqual(look.memory().heals, new Map(), 'it left');

  await heal();
  look.wait(11 * 60_000);
  await look([A]);
  assert.deepEqual(look.memory().heals, new Map(), 'it is stable');
});

function configMap(name: string, version: string): Manifest {
  return manifest(`
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: shop}
data: {version: "${version}"}
`);
}

/** The object is there, and clean as far as the inventory says. */
function record(cluster: MemoryCluster, of: Manifest, live = liveOf(of)): void {
  cluster.objects.set(idKey(of.id), live);
  cluster.inventories.set(APP, inventoryOf([entryOf(of)], { clusterUid: UID, resourceVersion: '' }));
}

interface Passes {
  /** One pass over a cluster that should have these objects. */
  (manifests: readonly Manifest[]): Promise<DoneTick>;
  memory(): TickMemory;
  wait(ms: number): void;
}

function startPasses(cluster: MemoryCluster): Passes {
  let memory = EMPTY_MEMORY;
  let nowMs = 1_000_000;
  const clock: Clock = { now: () => 0, monotonicMs: () => nowMs };
  const look = async (manifests: readonly Manifest[]): Promise<DoneTick> => {
    const target = targetOf([renderedApp(manifests)]);
    const rendered = { ...renderedFleet(['eu']), clusters: [target] };
    const deadlineMs = Number.POSITIVE_INFINITY;
    const input = { rendered, target, memory, leaving: new Map(), deadlineMs, readOnly: false };
    const { reader, writer } = cluster;
    const ports = { reader, writer, clock, mayWrite: () => true, isHuman: () => false, onProgress: () => {} };
    const { tick, memory: next } = await reconcileCluster(input, ports, AbortSignal.timeout(30_000));
    memory = next;
    assert.ok(tick.state === 'done', tick.state === 'failed' ? tick.failure.safeMessage : '');
    return tick;
  };
  return Object.assign(look, { memory: () => memory, wait: (ms: number) => void (nowMs += ms) });
}
