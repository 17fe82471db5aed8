/** What a pass makes of a cluster that answers in part, and what it remembers for the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApplyPlan } from '../src/model/apply.ts';
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

test('An object whose body cannot be read is unknown, and the others go on', async () => {
  const cluster = memoryCluster(UID, (what) => {
    if (what === 'get ConfigMap shop/a') throw says('UNAVAILABLE', 'conversion webhook failed');
  });
  const { body: _, ...facts } = liveOf(A);
  record(cluster, A, facts);

  const { plan } = await startPasses(cluster)([configMap('a', '2'), configMap('b', '2')]);

  assert.deepEqual(unknownOf(plan), ['a: conversion webhook failed']);
  assert.deepEqual([...cluster.objects.values()].map(({ id }) => id.name).sort(), ['a', 'b']);
});

test('An owned object that is not listed and cannot be asked for by name is neither missing nor gone', async () => {
  let isDown = true;
  const cluster = memoryCluster(UID, (what) => {
    if (isDown && what === 'get ConfigMap shop/a') throw says('UNAVAILABLE', 'etcd says no');
  });
  record(cluster, A);
  cluster.objects.clear();
  const look = startPasses(cluster);

  const wanted = await look([A]);
  const left = await look([]);

  assert.deepEqual(unknownOf(wanted.plan), ['a: etcd says no']);
  assert.deepEqual([wanted.drift.objects, wanted.health.objects[0]?.health.state], [[], 'Unknown']);
  const reasons = left.plan.apps.flatMap(({ kept }) => kept.map(({ reason }) => reason));
  assert.deepEqual(reasons, ['it could not be read: etcd says no']);
  isDown = false;
  assert.equal((await look([])).plan.apps[0]?.gone.length, 1, 'it is asked for again at once');
});

test('A dry-run that has no answer in time is of its kind alone, as long as the API server answers otherwise', async () => {
  const hangs = { operation: 'dry-run', unanswered: true } as const;
  let isDead = false;
  const cluster = memoryCluster(UID, (what) => {
    if (what === 'dry-run ConfigMap shop/a') throw says('UNREACHABLE', 'no answer in time', hangs);
    if (isDead && what === 'discover') throw says('UNREACHABLE', 'no answer in time');
  });
  const manifests = [A, configMap('b', '1'), secret('c')];
  const look = startPasses(cluster);

  const { plan } = await look(manifests);

  assert.match(unknownOf(plan)[0] ?? '', /^a: a dry-run has no answer in time, while the API server answers otherwise/);
  assert.ok(cluster.writes.includes('apply Secret shop/c'));
  isDead = true;
  await assert.rejects(look(manifests), /no answer in time/);
});

test('A connection that breaks is of the cluster', async () => {
  const cluster = memoryCluster(UID, (what) => {
    if (what === 'dry-run ConfigMap shop/a')
      throw says('UNREACHABLE', 'the connection was cut', { operation: 'dry-run' });
  });
  await assert.rejects(startPasses(cluster)([A, secret('c')]), /the connection was cut/);
  assert.deepEqual(cluster.writes, []);
});

function unknownOf({ apps }: ApplyPlan): readonly string[] {
  const skipped = apps.flatMap((app) => app.skipped);
  return skipped.flatMap(({ id, outcome, reason }) => (outcome === 'unknown' ? [`${id.name}: ${reason}`] : []));
}

function secret(name: string): Manifest {
  return manifest(`{apiVersion: v1, kind: Secret, metadata: {name: ${name}, namespace: shop}}`);
}

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
