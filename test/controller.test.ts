/** Whom the loop ticks, and what it makes of what it saw: on clusters in memory, that stop where a test wants. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { realClock } from '../src/cli/real-clock.ts';
import { type Controller, CONTROLLER_LIMITS, type ControllerLimits, createController } from '../src/controller.ts';
import type { Manifest } from '../src/model/manifest.ts';
import type { RenderedFleet } from '../src/model/render.ts';
import { assessCluster, isInSync } from '../src/report/assess-cluster.ts';
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

test('A list of clusters that was over the limit stays over it when one of them was approved and is left', async () => {
  const [eu, us, ap] = [memoryCluster('eu'), memoryCluster('us'), memoryCluster('ap')];
  await using loop = startLoop({ eu, us, ap });
  const all = { eu: [configMap('a')], us: [configMap('a')], ap: [configMap('a')] };
  loop.controller.setFleet(fleet('one', all, { onUnplace: 'prune' }));
  await eventually(() => assert.deepEqual(reasonsOf(loop), ['eu in sync', 'us in sync', 'ap in sync']));

  loop.controller.setFleet(fleet('two', { ...all, eu: undefined, us: undefined }));
  const waits = /^muster approve (\S+) \(the app leaves 2 clusters, and 1 may be left without approval\)$/;
  await eventually(() => assert.match(approvalOf(loop, 'eu'), waits));
  await eventually(() => assert.match(approvalOf(loop, 'us'), waits));
  const approvals = [waits.exec(approvalOf(loop, 'eu'))?.[1] ?? ''];
  loop.controller.setFleet(fleet('three', { ...all, eu: undefined, us: undefined }, { approvals }));
  await eventually(() => assert.deepEqual([eu.inventories.size, eu.objects.size], [0, 0]));

  loop.controller.setFleet(fleet('four', { ...all, eu: undefined, us: undefined }, { approvals }));
  await eventually(() => assert.match(approvalOf(loop, 'us'), waits));
  assert.deepEqual([us.inventories.size, us.objects.size], [1, 1]);
});

test('Who looks at some clusters alone does not know how many an app leaves', async () => {
  const [eu, us] = [memoryCluster('eu'), memoryCluster('us')];
  await using loop = startLoop({ eu, us });
  loop.controller.setFleet(fleet('one', { eu: [configMap('a')], us: [configMap('a')] }, { onUnplace: 'prune' }));
  await eventually(() => assert.deepEqual(reasonsOf(loop), ['eu in sync', 'us in sync']));
  await using narrow = startLoop({ eu });

  const both = fleet('two', { eu: undefined, us: undefined });
  narrow.controller.setFleet({ ...both, clusters: both.clusters.slice(0, 1) });

  const waits = /\(nobody knows yet how many clusters the app leaves: us was not read\)$/;
  await eventually(() => assert.match(approvalOf(narrow, 'eu'), waits));
  assert.equal(eu.objects.size, 1);
});

test('A cluster whose look ends in a bug is not said to be in sync any more, and the others go on', async () => {
  let isBroken = false;
  const eu = memoryCluster('eu', () => {
    if (isBroken) throw new TypeError('x is undefined');
  });
  await using loop = startLoop({ eu, us: memoryCluster('us') });
  const both = { eu: [configMap('a')], us: [configMap('a')] };
  loop.controller.setFleet(fleet('one', both));
  await eventually(() => assert.deepEqual(reasonsOf(loop), ['eu in sync', 'us in sync']));

  isBroken = true;
  loop.controller.lookNow();

  const said = { state: 'error', text: 'cluster eu: a bug in Muster keeps it from being looked after. See the log' };
  await eventually(() => assert.deepEqual(assessCluster(loop.controller.state().ticks.get('eu')), said));
  assert.ok(loop.bugs.length > 0 && isInSync(loop.controller.state().ticks.get('us')));
  isBroken = false;
  await eventually(() => assert.deepEqual(reasonsOf(loop), ['eu in sync', 'us in sync']));
});

for (const [how, change] of [
  ['their files are corrected', { eu: 'server-eu', us: 'server-us' }],
  ['what their credentials lead to is corrected', { eu: 'eu', us: 'us' }],
] as const) {
  test(`Two clusters whose connections were swapped are found again when ${how}`, async () => {
    const servers: Record<string, MemoryCluster> = {
      eu: memoryCluster('us'),
      us: memoryCluster('eu'),
      'server-eu': memoryCluster('eu'),
      'server-us': memoryCluster('us'),
    };
    await using loop = startLoop(servers);
    loop.controller.setFleet(fleet('one', { eu: [], us: [] }));
    await eventually(() => assert.deepEqual(reasonsOf(loop), ['eu in sync', 'us in sync']));

    Object.assign(servers, { eu: memoryCluster('eu'), us: memoryCluster('us') });
    loop.controller.setFleet(fleet('two', { eu: [], us: [] }, { contexts: change }));

    await eventually(() => assert.deepEqual(reasonsOf(loop), ['eu in sync', 'us in sync']));
  });
}

/** How each cluster stands, in short. */
function reasonsOf({ controller }: Loop): readonly string[] {
  return [...controller.state().ticks].map(([name, tick]) => `${name} ${isInSync(tick) ? 'in sync' : 'behind'}`);
}

/** What a cluster waits for, of people. */
function approvalOf({ controller }: Loop, cluster: string): string {
  return assessCluster(controller.state().ticks.get(cluster)).text.replace(`app ${APP}: `, '');
}

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
        const current = (): MemoryCluster => {
          const server = servers[connection.kind === 'context' ? connection.context : ''];
          assert.ok(server !== undefined, 'the test has this server');
          return server;
        };
        return {
          get reader() {
            return current().reader;
          },
          get writer() {
            return current().writer;
          },
          close: async () => {},
        };
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

interface FleetChanges {
  readonly onUnplace?: 'prune';
  readonly approvals?: readonly string[];
  /** By cluster. */
  readonly contexts?: Readonly<Record<string, string>>;
}

/** The app on these clusters; `undefined`: it is not placed there. Their contexts are called like them, where nothing else is said. */
function fleet(
  revision: string,
  clusters: Readonly<Record<string, readonly Manifest[] | undefined>>,
  { onUnplace, approvals = [], contexts = {} }: FleetChanges = {},
): RenderedFleet {
  const app = onUnplace === undefined ? {} : { onUnplace };
  return {
    revision,
    fleet: fleetOf({ approvals }),
    apps: [APP],
    clusterNames: Object.keys(clusters),
    clusters: Object.entries(clusters).map(([name, manifests]) =>
      targetOf(manifests === undefined ? [] : [renderedApp(manifests, app)], {
        name,
        connection: { kind: 'context', context: contexts[name] ?? name },
      }),
    ),
    diagnostics: [],
  };
}
