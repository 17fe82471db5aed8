/** Whom the loop ticks, and what it makes of what it saw: on clusters in memory, that stop where a test wants. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { realClock } from '../src/cli/real-clock.ts';
import { type Controller, CONTROLLER_LIMITS, type ControllerLimits, createController } from '../src/controller.ts';
import type { Cluster } from '../src/model/fleet.ts';
import type { Manifest } from '../src/model/manifest.ts';
import type { RenderedFleet } from '../src/model/render.ts';
import { isInSync } from '../src/report/assess-cluster.ts';
import { eventually } from './support/eventually.ts';
import { type MemoryCluster, memoryCluster } from './support/memory-cluster.ts';
import { APP, fleetOf, manifest, renderedApp, targetOf } from './support/objects.ts';

test('A cluster that left the fleet while it waited for its turn is neither read nor written', async () => {
  const gate = createGate();
  const [first, second] = [memoryCluster('first', gate.pass), memoryCluster('second')];
  await using loop = startLoop({ a: first, b: second }, gate, { parallelTicks: 1 });
  gate.hold('identify');
  loop.controller.setFleet(fleet('one', { a: [configMap('a')], b: [configMap('b')] }));
  await gate.held();
  await turns();

  loop.controller.setFleet(fleet('two', { a: [configMap('a')] }));
  gate.open();

  await eventually(() => assert.ok(isInSync(loop.controller.state().ticks.get('a'))));
  assert.deepEqual([second.reads, second.writes], [[], []]);
});

test('A renamed cluster is looked at when its old name is done, which begins nothing more and records what it did', async () => {
  const gate = createGate();
  const server = memoryCluster('server', gate.pass);
  await using loop = startLoop({ eu: server, eu1: server }, gate);
  gate.hold('apply ConfigMap shop/first');
  const before = [configMap('first'), configMap('second', { 'muster.dev/wave': '1' })];
  loop.controller.setFleet(fleet('one', { eu: before }));
  await gate.held();
  const reads = server.reads.length;

  loop.controller.setFleet(fleet('two', { eu1: [configMap('first'), configMap('new')] }));
  await turns();
  assert.equal(server.reads.length, reads, 'nobody reads what is still being written');
  gate.open();

  await eventually(() => assert.ok(isInSync(loop.controller.state().ticks.get('eu1'))));
  assert.deepEqual(server.writes, [
    'store web',
    'apply ConfigMap shop/first',
    'store web',
    'store web',
    'apply ConfigMap shop/new',
    'store web',
  ]);
  assert.equal(server.inventories.get(APP)?.clusterName, 'eu1');
});

test('The end waits also for what left the fleet', async () => {
  const gate = createGate();
  const server = memoryCluster('server', gate.pass);
  await using loop = startLoop({ eu: server }, gate);
  gate.hold('apply ConfigMap shop/a');
  loop.controller.setFleet(fleet('one', { eu: [configMap('a')] }));
  await gate.held();
  loop.controller.setFleet(fleet('two', {}));

  const ended = loop.controller.close(60_000).then(() => [...server.writes]);
  gate.open();

  assert.deepEqual(await ended, ['store web', 'apply ConfigMap shop/a', 'store web']);
});

/** Everything that needs no answer from outside has happened. */
async function turns(): Promise<void> {
  for (let count = 0; count < 50; count += 1) await turn();
}

/** Stops calls of one kind, for as long as a test wants. */
interface Gate {
  readonly pass: (what: string) => Promise<void>;
  hold(what: string): void;
  /** Resolves when a call is held. */
  held(): Promise<void>;
  open(): void;
}

function createGate(): Gate {
  let closed = '';
  let waiting = Promise.withResolvers<void>();
  let opened = Promise.withResolvers<void>();
  return {
    pass: async (what) => {
      if (what !== closed) return;
      waiting.resolve();
      await opened.promise;
    },
    hold: (what) => {
      closed = what;
      waiting = Promise.withResolvers();
      opened = Promise.withResolvers();
    },
    held: () => waiting.promise,
    open: () => {
      closed = '';
      opened.resolve();
    },
  };
}

interface Loop extends AsyncDisposable {
  readonly controller: Controller;
  readonly bugs: readonly unknown[];
}

/** Nothing is to be found only because everything is looked at now and then. */
const QUICK: ControllerLimits = {
  ...CONTROLLER_LIMITS,
  resyncMs: 3_600_000,
  debounceMs: 5,
  lookAgainMs: [5, 20],
  retryMs: [5, 20],
};

/** A controller over these clusters, by the context of their connection. */
function startLoop(
  servers: Readonly<Record<string, MemoryCluster>>,
  gate: Gate = createGate(),
  limits: Partial<ControllerLimits> = {},
): Loop {
  const bugs: unknown[] = [];
  const controller = createController(
    {
      connect: ({ connection }) => {
        const server = servers[connection.kind === 'context' ? connection.context : ''];
        assert.ok(server !== undefined, 'the test has this server');
        return { reader: server.reader, writer: server.writer, close: async () => {} };
      },
      clock: realClock,
      mayWrite: () => true,
      isHuman: () => false,
      isInSync,
      onProgress: () => {},
      onState: () => {},
      onBug: (_cluster, error) => bugs.push(error),
    },
    { ...QUICK, ...limits },
  );
  const close = (): Promise<void> => {
    gate.open();
    return controller.close(10_000);
  };
  return { controller, bugs, [Symbol.asyncDispose]: close };
}

function configMap(name: string, annotations: Readonly<Record<string, string>> = {}): Manifest {
  return manifest(
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop', annotations } }),
  );
}

/** The app on these clusters, whose contexts are called like them unless `more` says otherwise. */
function fleet(
  revision: string,
  clusters: Readonly<Record<string, readonly Manifest[]>>,
  more: Readonly<Record<string, Partial<Cluster>>> = {},
): RenderedFleet {
  const names = Object.keys(clusters);
  return {
    revision,
    fleet: fleetOf(),
    apps: [APP],
    clusterNames: names,
    clusters: Object.entries(clusters).map(([name, manifests]) =>
      targetOf([renderedApp(manifests)], { name, connection: { kind: 'context', context: name }, ...more[name] }),
    ),
    diagnostics: [],
  };
}
