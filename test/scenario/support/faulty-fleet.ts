import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { realClock } from '../../../src/cli/real-clock.ts';
import type { Tick } from '../../../src/model/tick.ts';
import { assessCluster, isInSync } from '../../../src/report/assess-cluster.ts';
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from '../../support/fault-proxy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { MUSTER_USER } from './requests.ts';
import type { TestFleet, World } from './world.ts';

/** A fleet on one cluster, which it reaches through a proxy that fails as the test says. */
export interface FaultyFleet extends AsyncDisposable {
  readonly fleet: TestFleet<'eu'>;
  readonly proxy: FaultProxy;
  /**
   * Ticks, a minute or more apart by Muster's own clock, until it is in sync and a tick wrote nothing. Returns how many
   * it took. Fails after fifty.
   */
  settle(): Promise<number>;
  /** The monotonic clock goes on by so many milliseconds. */
  wait(ms: number): void;
}

export interface FaultyFleetOptions extends FaultProxyOptions {
  readonly watching?: boolean;
  /** Whom Muster is: YAML. Default: who may do everything. */
  readonly kubeconfig?: string;
}

/** Longer than any answer is remembered, and than any first pause of a heal. */
const BETWEEN_TICKS_MS = 6 * 60_000;
const MOST_TICKS = 50;

/** Starts one; its namespace, of the same name, is made. */
export async function startFaultyFleet(
  world: World<'eu'>,
  name: string,
  { watching = false, kubeconfig, ...options }: FaultyFleetOptions = {},
): Promise<FaultyFleet> {
  await using resources = new AsyncDisposableStack();
  const { plane } = world.clusters.eu;
  const direct = kubeconfig ?? plane.kubeconfigFor(MUSTER_USER, ['system:masters']);
  const proxy = resources.use(await startFaultProxy(direct, options));
  const folder = resources.use(await temporaryFolder());
  const path = join(folder.path, 'kubeconfig');
  await writeFile(path, proxy.kubeconfig);
  let waitedMs = 0;
  const clock = { ...realClock, monotonicMs: () => realClock.monotonicMs() + waitedMs };
  const fleet = resources.use(await world.fleet(name, { kubeconfig: path, watching, clock }));
  const wait = (ms: number): void => void (waitedMs += ms);
  const settle = async (): Promise<number> => {
    let last: Tick | undefined;
    for (let ticks = 1; ticks <= MOST_TICKS; ticks += 1) {
      const before = proxy.requests().length;
      last = await fleet.tryTick();
      const wrote = proxy
        .requests()
        .slice(before)
        .some(({ method, query }) => method !== 'GET' && !query.has('dryRun'));
      if (isInSync(last) && !wrote) return ticks;
      wait(BETWEEN_TICKS_MS);
      // Events of watches come when they want.
      if (watching) await sleep(20);
    }
    assert.fail(`${name} does not come into sync: ${assessCluster(last).text}`);
  };
  const kept = resources.move();
  return { fleet, proxy, settle, wait, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
