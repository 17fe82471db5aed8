/** The real program, killed without warning in the middle of what it writes: the next one ends what was begun. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { decodeInventory } from '../../src/cluster/inventories.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { eventually } from '../support/eventually.ts';
import { runMuster } from './support/muster.ts';
import { MUSTER_USER, writesAmong } from './support/requests.ts';
import { type Stage, startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';
import { putUpGate, type WriteGate } from './support/write-gate.ts';

const FLEET = 'kill';

/** `keep` changes, `goes-*` leave, `new-*` come: seven writes with the record before and after. */
const FIRST = {
  'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }),
  'apps/shop/base/goes.yaml': `${configMap('goes-1')}\n---\n${configMap('goes-2')}`,
};
const SECOND = {
  'apps/shop/base/keep.yaml': configMap('keep', { version: '2' }),
  'apps/shop/base/new.yaml': `
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: new-1}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: new-2}
    spec: {ports: [{port: 80}]}
  `,
};

describe('kill -9', () => {
  let world: World<'eu'>;
  let stage: Stage;
  let gate: WriteGate;

  before(async () => {
    world = await startWorld(['eu']);
    stage = await startStage(FLEET, world, ['eu']);
    await world.clusters.eu.api.create(object('of-nobody'));
    await stage.commit(SECOND);
    gate = await putUpGate(world.clusters.eu, 'kill-gate', [FLEET, 'muster-system']);
  });
  after(async () => {
    await gate?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const points = [
    { when: 'before the first write', passing: 0, last: 'refused' },
    { when: 'when the record is written and its answer is on the way', passing: 0, last: 'done' },
    { when: 'between the applies', passing: 2, last: 'refused' },
    { when: 'when a deletion is done and its answer is on the way', passing: 4, last: 'done' },
    { when: 'before the record is closed', passing: 6, last: 'refused' },
  ] as const;

  for (const { when, passing, last } of points) {
    it(`of muster run ${when} loses nothing and leaves nothing behind`, async () => {
      await backToFirst();
      {
        const held = gate.holdAfter(passing);
        await using muster = await stage.run();
        await held;
        if (last === 'done') {
          // Standing still, it cannot learn that the write was done.
          const before = (await writes()).length;
          await muster.freeze();
          gate.open('done');
          await eventually(async () => assert.ok((await writes()).length > before));
        }
        assert.equal(await muster.end('SIGKILL'), null);
        gate.open('refused');
      }

      await using muster = await stage.run();
      await assertEnd();
      assert.equal(await muster.end('SIGTERM'), 0);
    });
  }

  it('of muster sync in the middle is ended by the next muster sync', async () => {
    await backToFirst();
    const held = gate.holdAfter(3);
    const controller = new AbortController();
    const killed = runMuster(['sync', ...stage.flags], stage.environment, controller.signal);
    await held;
    controller.abort();
    await killed;
    gate.open('refused');

    const { code, out } = await runMuster(['sync', ...stage.flags], stage.environment);

    assert.equal(code, 0, out);
    await assertEnd();
  });

  it('is not needed: SIGTERM in the middle of a write phase ends it properly', async () => {
    await backToFirst();
    const held = gate.holdAfter(2);
    await using muster = await stage.run();
    await held;

    muster.signal('SIGTERM');
    await eventually(() => assert.match(muster.output(), /"event":"muster ends"/));
    gate.open('done');

    assert.equal(await muster.ended, 0);
    await assertEnd();
  });

  /** Without processes: what is killed is to find the commit before its own. */
  async function backToFirst(): Promise<void> {
    await using fleet = world.sameFleet(FLEET);
    fleet.commit(FIRST);
    await fleet.sync();
  }

  async function writes(): Promise<readonly unknown[]> {
    const requests = await world.clusters.eu.plane.requests();
    return writesAmong(requests.filter((each) => each.user === MUSTER_USER));
  }

  /** As if there had been no kill. */
  async function assertEnd(): Promise<void> {
    const { api } = world.clusters.eu;
    await eventually(async () => {
      const configMaps = await api.list('v1', 'ConfigMap', FLEET);
      const names = configMaps.map((each) => textAt(each, 'metadata', 'name'));
      assert.deepEqual(names, ['keep', 'new-1', 'of-nobody']);
      const keep = await api.get('v1', 'ConfigMap', FLEET, 'keep');
      assert.deepEqual(mapAt(keep, 'data'), { version: '2' });
      const selector = `${PART_OF_LABEL}=${applySetId(FLEET, 'shop')}`;
      const labelled = await Promise.all(['ConfigMap', 'Service'].map((kind) => api.list('v1', kind, FLEET, selector)));
      const record = await api.get('v1', 'ConfigMap', 'muster-system', `${FLEET}.shop`);
      assert.deepEqual(
        decodeInventory(record ?? {})
          .entries.map((entry) => `${entry.id.name} ${entry.uid}`)
          .toSorted(),
        labelled
          .flat()
          .map((each) => `${textAt(each, 'metadata', 'name')} ${textAt(each, 'metadata', 'uid')}`)
          .toSorted(),
      );
      assert.equal(labelled.flat().length, 3);
    });
  }
});

function configMap(name: string, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}

function object(name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: FLEET } };
}
