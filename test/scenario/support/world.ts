import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeInventory } from '../../../src/cluster/inventories.ts';
import { connect, humanManagers } from '../../../src/cli/connections.ts';
import { realClock } from '../../../src/cli/real-clock.ts';
import {
  type Connection,
  type Controller,
  CONTROLLER_LIMITS,
  type ControllerLimits,
  createController,
} from '../../../src/controller.ts';
import type { FleetState } from '../../../src/model/fleet-state.ts';
import type { Inventory } from '../../../src/model/observation.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { ClusterWriter, Clock } from '../../../src/model/ports.ts';
import type { RenderedFleet } from '../../../src/model/render.ts';
import type { DoneTick, Tick, TickMemory } from '../../../src/model/tick.ts';
import { INVENTORY_NAMESPACE, inventoryName } from '../../../src/object/applyset.ts';
import { formatId } from '../../../src/object/id.ts';
import { EMPTY_MEMORY, reconcileCluster, renderFleet } from '../../../src/reconcile.ts';
import { assessCluster, isInSync } from '../../../src/report/assess-cluster.ts';
import { summarize } from '../../../src/report/summarize.ts';
import { readSettings } from '../../../src/settings.ts';
import { type ApiClient, createApiClient } from '../../support/api-client.ts';
import type { AuditEntry } from '../../support/audit-log.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlanes } from '../../support/control-plane.ts';
import { startHollowNode } from '../../support/hollow-node.ts';
import { printKubeconfig, readKubeconfig } from '../../support/kubeconfig.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { changeFiles, type FileChanges, type Files, snapshotOf } from './fleet-files.ts';
import { MUSTER_USER, requestsDuring } from './requests.ts';

/** Clusters that the tests of a file share. Each test has a fleet and a namespace of its own. */
export interface World<Name extends string> extends AsyncDisposable {
  readonly clusters: Readonly<Record<Name, WorldCluster>>;
  /** Path of a kubeconfig with a context for each cluster, as Muster uses it. */
  readonly kubeconfig: string;
  /** A fleet on all clusters, or on some, and its namespace on them. */
  fleet(name: string, options?: FleetOptions<Name>): Promise<TestFleet<Name>>;
  /** Another Muster with the same fleet, whose namespace is there. */
  sameFleet(name: string, options?: FleetOptions<Name>): TestFleet<Name>;
}

export interface WorldCluster {
  readonly plane: ControlPlane;
  /** As its administrator. */
  readonly api: ApiClient;
}

export interface FleetOptions<Name extends string> {
  readonly clusters?: readonly Name[];
  /** Keep what was listed up to date by watches, as the controller does; else every tick lists, as `muster sync` does. */
  readonly watching?: boolean;
  /** Who Muster is on the clusters: a path. */
  readonly kubeconfig?: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Field managers that are people, as `--human-managers` has them. */
  readonly humans?: string;
}

/** One repository and the passes over its clusters, without processes: the real adapters, and nothing else. */
export interface TestFleet<Name extends string> extends AsyncDisposable {
  readonly name: string;
  /**
   * Changes files and makes that the newest commit: its revision. What does not render fails the test, but for `errors`,
   * as `FILE:LINE: CODE`.
   */
  commit(changes: FileChanges, expected?: { readonly errors: readonly string[] }): string;
  /** One pass over one cluster (the first, where none is named). Fails where the cluster could not be read. */
  tick(cluster?: Name, hooks?: TickHooks): Promise<DoneTick>;
  /** The same, whatever comes of it. */
  tryTick(cluster?: Name, hooks?: TickHooks): Promise<Tick>;
  /** Ticks all clusters until they are in sync and a tick wrote nothing. Returns the last tick of each. */
  sync(): Promise<Readonly<Record<Name, DoneTick>>>;
  /** The controller's own loop over all clusters, with watches; it gets every later commit too. Disposing ends it. */
  control(): RunningLoop;
  /** As if the process had ended and another begun: nothing is remembered, and nothing is connected. */
  restart(): Promise<void>;
  /** What Muster asked of a cluster while `call` ran. */
  requestsDuring(call: () => Promise<unknown>, cluster?: Name): Promise<readonly AuditEntry[]>;
  /** An object of a cluster, in the fleet's namespace if it has one. */
  get(apiVersion: string, kind: string, name: string, cluster?: Name): Promise<JsonObject | undefined>;
  /** What a cluster says that an app owns; `undefined`: it has no record. */
  inventory(app: string, cluster?: Name): Promise<Inventory | undefined>;
}

export interface RunningLoop extends AsyncDisposable {
  state(): FleetState;
  /** The statuses that stand on the live commit, by context: `success: in sync: 2 objects of 1 app`. */
  statuses(): Readonly<Record<string, string>>;
  lookNow(): void;
}

/** What happens in the middle of a tick. */
export interface TickHooks {
  /** Before the write of this number (from 1) is sent. What it throws ends everything, like a power cut. */
  readonly beforeWrite?: (number: number, what: string) => void | Promise<void>;
  /** After the API server has answered it, before Muster knows. */
  readonly afterWrite?: (number: number, what: string) => void | Promise<void>;
}

/** Starts clusters; with `controllerManager` each has a hollow node too, so that workloads come to life. */
export async function startWorld<const Name extends string>(
  names: readonly Name[],
  options: ControlPlaneOptions = {},
): Promise<World<Name>> {
  await using resources = new AsyncDisposableStack();
  const planes = resources.use(await startControlPlanes(names, options));
  if (options.controllerManager === true) {
    for (const name of names) resources.use(await startHollowNode(planes.clusters[name]));
  }
  const folder = resources.use(await temporaryFolder());
  const kubeconfig = join(folder.path, 'kubeconfig');
  const accesses = names.map((name) =>
    readKubeconfig(planes.clusters[name].kubeconfigFor(MUSTER_USER, ['system:masters'])),
  );
  await writeFile(kubeconfig, printKubeconfig(accesses));
  const entries = names.map((name) => {
    const plane = planes.clusters[name];
    return [name, { plane, api: createApiClient(plane.kubeconfig) }] as const;
  });
  // oxlint-disable-next-line no-unsafe-type-assertion -- one entry for each name
  const clusters = Object.fromEntries(entries) as Record<Name, WorldCluster>;
  const sameFleet: World<Name>['sameFleet'] = (name, options = {}) =>
    createFleet(name, options.clusters ?? names, clusters, { kubeconfig, ...options });
  const kept = resources.move();
  return {
    clusters,
    kubeconfig,
    fleet: async (name, options = {}) => {
      for (const each of options.clusters ?? names) {
        await clusters[each].api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      }
      return sameFleet(name, options);
    },
    sameFleet,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Everything about one cluster that a process would keep. */
interface Member {
  connection: Connection | undefined;
  memory: TickMemory;
}

function createFleet<Name extends string>(
  fleet: string,
  names: readonly Name[],
  clusters: Readonly<Record<Name, WorldCluster>>,
  { watching = false, kubeconfig, clock = realClock, humans }: FleetOptions<Name> & { readonly kubeconfig: string },
): TestFleet<Name> {
  const settings = readSettings({ kubeconfig, ...(humans === undefined ? {} : { 'human-managers': humans }) }, {});
  const isHuman = humanManagers(settings);
  const members = new Map<Name, Member>();
  let files: Files = {};
  let rendered: RenderedFleet | undefined;
  let controller: Controller | undefined;
  const first = names[0];
  assert.ok(first !== undefined);

  const tryTick: TestFleet<Name>['tryTick'] = async (name = first, hooks = {}) => {
    assert.ok(rendered !== undefined, 'something was committed');
    const target = rendered.clusters.find(({ cluster }) => cluster.name === name);
    assert.ok(target !== undefined, `cluster ${name} is in the repository`);
    const member = members.get(name) ?? { connection: undefined, memory: EMPTY_MEMORY };
    members.set(name, member);
    member.connection ??= connect(target.cluster, settings, undefined, () => {}, watching ? () => {} : undefined);
    const input = {
      rendered,
      target,
      memory: member.memory,
      leaving: new Map(),
      deadlineMs: Number.POSITIVE_INFINITY,
      readOnly: false,
    };
    const writer = hookedWriter(member.connection.writer, hooks);
    const { reader } = member.connection;
    const ports = { reader, writer, clock, isHuman, mayWrite: () => true, onProgress: () => {} };
    const { tick, memory } = await reconcileCluster(input, ports, AbortSignal.timeout(30_000));
    member.memory = memory;
    return tick;
  };

  const tick: TestFleet<Name>['tick'] = async (name, hooks) => {
    const made = await tryTick(name, hooks);
    assert.ok(made.state === 'done', made.state === 'failed' ? made.failure.safeMessage : '');
    return made;
  };

  const restart = async (): Promise<void> => {
    const connections = [...members.values()].flatMap(({ connection }) => connection ?? []);
    members.clear();
    await Promise.all(connections.map((each) => each.close()));
  };

  const inNamespace = (kind: string): string => (CLUSTER_SCOPED.includes(kind) ? '' : fleet);
  return {
    name: fleet,
    commit: (changes, expected = { errors: [] }) => {
      files = changeFiles(files, changes, fleet, names);
      const result = renderFleet(snapshotOf(files));
      assert.ok(result.state === 'rendered', result.state === 'unusable' ? printProblems(result.diagnostics) : '');
      const errors = result.fleet.diagnostics.filter((each) => each.severity === 'error');
      const lines = errors.map(({ origin, code }) => `${origin.file}:${origin.line}: ${code}`);
      assert.deepEqual(lines, expected.errors, printProblems(errors));
      ({ fleet: rendered } = result);
      controller?.setFleet(rendered);
      return rendered.revision;
    },
    tick,
    tryTick,
    sync: async () => {
      const ticks = await Promise.all(names.map(async (name) => [name, await syncOne(() => tick(name))] as const));
      // oxlint-disable-next-line no-unsafe-type-assertion -- one entry for each name
      return Object.fromEntries(ticks) as Record<Name, DoneTick>;
    },
    control: () => {
      assert.ok(rendered !== undefined && controller === undefined, 'something was committed, and no loop runs');
      const own = createController(
        {
          connect: (cluster, onChange) => connect(cluster, settings, undefined, () => {}, onChange),
          clock: realClock,
          mayWrite: () => true,
          isHuman,
          isInSync,
          onProgress: () => {},
          onState: () => {},
          onBug: (cluster, error) => console.error(`a bug in the tick of ${cluster}`, error),
        },
        QUICK,
      );
      controller = own;
      own.setFleet(rendered);
      return {
        state: () => own.state(),
        statuses: () =>
          Object.fromEntries(
            summarize(own.state()).flatMap(({ statuses }) =>
              statuses.map(({ context, state, description }) => [context, `${state}: ${description}`] as const),
            ),
          ),
        lookNow: () => own.lookNow(),
        [Symbol.asyncDispose]: async () => {
          controller = undefined;
          await own.close(10_000);
        },
      };
    },
    restart,
    requestsDuring: (call, name = first) => requestsDuring(clusters[name].plane, call),
    get: (apiVersion, kind, name, cluster = first) =>
      clusters[cluster].api.get(apiVersion, kind, inNamespace(kind), name),
    inventory: async (app, cluster = first) => {
      const object = await clusters[cluster].api.get('v1', 'ConfigMap', INVENTORY_NAMESPACE, inventoryName(fleet, app));
      return object === undefined ? undefined : decodeInventory(object);
    },
    [Symbol.asyncDispose]: restart,
  };
}

/** Nobody wants to wait in a test; and nothing is to be found only because everything is looked at now and then. */
const QUICK: ControllerLimits = {
  ...CONTROLLER_LIMITS,
  resyncMs: 3_600_000,
  debounceMs: 20,
  lookAgainMs: [50, 500],
  retryMs: [50, 500],
};

/** Kinds without namespaces that these tests use. */
const CLUSTER_SCOPED = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'PriorityClass',
  'CustomResourceDefinition',
  'APIService',
];

async function syncOne(tick: () => Promise<DoneTick>): Promise<DoneTick> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const made = await tick();
    const wrote = made.result.apps.some((app) => app.objects.length > 0);
    if (isInSync(made) && !wrote) return made;
    assert.ok(performance.now() < deadline, `it does not come into sync: ${assessCluster(made).text}`);
    await sleep(50);
  }
}

function hookedWriter(writer: ClusterWriter, { beforeWrite, afterWrite }: TickHooks): ClusterWriter {
  let count = 0;
  const hooked = async <Result>(what: string, write: () => Promise<Result>): Promise<Result> => {
    count += 1;
    const number = count;
    await beforeWrite?.(number, what);
    const result = await write();
    await afterWrite?.(number, what);
    return result;
  };
  return {
    apply: (request, signal) => hooked(`apply ${formatId(request.id)}`, () => writer.apply(request, signal)),
    transfer: (action, signal) => hooked(`transfer ${formatId(action.id)}`, () => writer.transfer(action, signal)),
    delete: (action, signal) => hooked(`delete ${formatId(action.id)}`, () => writer.delete(action, signal)),
    putInventory: (fleet, inventory, signal) =>
      hooked(`store inventory ${inventory.app}`, () => writer.putInventory(fleet, inventory, signal)),
  };
}

function printProblems(diagnostics: readonly { readonly message: string }[]): string {
  return diagnostics.map(({ message }) => message).join('\n');
}
