/** A mistake of ours in the tick of one cluster: the process lives, the other clusters go on, and it is tried again. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, humanManagers } from '../../src/cli/connections.ts';
import { realClock } from '../../src/cli/real-clock.ts';
import { type Connection, CONTROLLER_LIMITS, createController } from '../../src/controller.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { renderFleet } from '../../src/reconcile.ts';
import { isInSync } from '../../src/report/assess-cluster.ts';
import { readSettings } from '../../src/settings.ts';
import { eventually } from '../support/eventually.ts';
import { changeFiles, snapshotOf } from './support/fleet-files.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu' | 'us'>;

before(async () => {
  world = await startWorld(['eu', 'us']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('A bug in the tick of one cluster [P16]', () => {
  it('is told, ends nothing, stops no other cluster, and is over when it no longer happens', async () => {
    await using _namespaces = await world.fleet('bug');
    const settings = readSettings({ kubeconfig: world.kubeconfig }, {});
    const bugs: string[] = [];
    let isBroken = true;
    /** As a promise that rejects, and as an exception outside of any promise. */
    const broken = (connection: Connection): Connection => ({
      ...connection,
      reader: {
        ...connection.reader,
        inventories: (fleet, signal) => {
          if (!isBroken) return connection.reader.inventories(fleet, signal);
          if (bugs.length % 2 === 0) throw new TypeError('a bug at once');
          return Promise.reject(new TypeError('a bug later'));
        },
      },
    });
    const controller = createController(
      {
        connect: (cluster, onChange) => {
          const connection = connect(cluster, settings, undefined, () => {}, onChange);
          return cluster.name === 'us' ? broken(connection) : connection;
        },
        clock: realClock,
        mayWrite: () => true,
        isHuman: humanManagers(settings),
        isInSync,
        onProgress: () => {},
        onState: () => {},
        onBug: (cluster, error) => bugs.push(`${cluster}: ${error instanceof Error ? error.message : 'no error'}`),
      },
      { ...CONTROLLER_LIMITS, debounceMs: 20, lookAgainMs: [50, 500], retryMs: [50, 500] },
    );
    await using resources = new AsyncDisposableStack();
    resources.defer(() => controller.close(5000));
    const base = printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { is: 'there' } });
    const result = renderFleet(snapshotOf(changeFiles({}, { 'apps/shop/base/a.yaml': base }, 'bug', ['eu', 'us'])));
    assert.ok(result.state === 'rendered');

    controller.setFleet(result.fleet);

    await eventually(() => assert.ok(bugs.length >= 3, 'it is tried again'));
    assert.deepEqual([...new Set(bugs)].toSorted(), ['us: a bug at once', 'us: a bug later']);
    await eventually(() => assert.ok(isInSync(controller.state().ticks.get('eu'))));
    assert.equal(await written('us'), undefined);
    isBroken = false;
    await eventually(() => assert.ok(isInSync(controller.state().ticks.get('us'))));
    assert.equal(await written('us'), 'there');
  });
});

async function written(cluster: 'eu' | 'us'): Promise<string | undefined> {
  return textAt(mapAt(await world.clusters[cluster].api.get('v1', 'ConfigMap', 'bug', 'a'), 'data'), 'is');
}
