/** Nothing is written to the wrong cluster, by the slower of two, or after the power went; and what was begun is ended. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { formatId } from '../../src/object/id.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { clusterFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type TestFleet, type TickHooks, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('The wrong cluster', () => {
  it('by the UID that its file names gets nothing, and says which it is', async () => {
    await using fleet = await world.fleet('pinned');
    const uid = textAt(await fleet.get('v1', 'Namespace', 'kube-system'), 'metadata', 'uid') ?? '';
    fleet.commit({
      'clusters/eu.yaml': clusterFile('eu', { uid: 'of-another-cluster' }),
      'apps/shop/base/a.yaml': configMap('a'),
    });

    const requests = await fleet.requestsDuring(async () => {
      const verdict = assessCluster(await fleet.tryTick());
      assert.deepEqual(verdict, {
        state: 'error',
        text: `cluster eu: this is another cluster: kube-system has UID ${uid}, and spec.uid says of-another-cluster. Correct its connection, or spec.uid`,
      });
    });

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    fleet.commit({ 'clusters/eu.yaml': clusterFile('eu', { uid }) });
    await fleet.sync();
  });

  it('by the UID in any of its records, as after a restored backup, gets nothing of any app, not even of a new one', async () => {
    await using fleet = await world.fleet('restored');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    await world.clusters.eu.api.patch(record('restored.shop'), { data: { cluster: 'of-another-cluster' } });
    await fleet.restart();

    fleet.commit({ 'apps/shop/base/a.yaml': null, 'apps/new/base/c.yaml': configMap('c') });
    const requests = await fleet.requestsDuring(async () => {
      const verdict = assessCluster(await fleet.tryTick());
      assert.equal(verdict.state, 'error');
      assert.match(
        verdict.text,
        /this is another cluster: kube-system has UID \S+, and app "shop" was put on of-another-cluster\. /,
      );
    });

    assert.deepEqual(printRequests(writesAmong(requests)), []);
  });
});

describe('A record', () => {
  it('that cannot be read stops its app, and no other', async () => {
    await using fleet = await world.fleet('garbled');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/b.yaml': configMap('b') });
    await fleet.sync();
    await world.clusters.eu.api.patch(record('garbled.shop'), { binaryData: { entries: 'bm8=' } });

    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a2'), 'apps/tools/base/b.yaml': configMap('b2') });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), [
      'apply configmaps garbled/b2',
      'delete configmaps garbled/b',
    ]);
    assert.match(
      assessCluster(await fleet.tick()).text,
      /^app shop: its inventory was changed by hand and cannot be read/,
    );
  });

  it('of a newer Muster stops its app', async () => {
    await using fleet = await world.fleet('newer');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a') });
    await fleet.sync();
    await world.clusters.eu.api.patch(record('newer.shop'), { data: { format: '2' } });

    fleet.commit({ 'apps/shop/base/a.yaml': configMap('b') });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.match(
      assessCluster(await fleet.tick()).text,
      /^app shop: its inventory has format 2, and this Muster reads up to 1/,
    );
  });

  it('that somebody deleted costs nothing but the memory of it: all objects are adopted again', async () => {
    await using fleet = await world.fleet('no-record');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    const before = await ownedUids(fleet);
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'muster-system', 'no-record.shop');

    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(await ownedUids(fleet), before);
    assert.deepEqual(
      printRequests(requests).filter((line) => line.startsWith('delete')),
      [],
    );
  });
});

describe('Of two that write to one cluster', () => {
  it('the slower loses the race for the record, and so it writes nothing else', async () => {
    await using slow = await world.fleet('two');
    await using quick = world.sameFleet('two');
    const files = { 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') };
    slow.commit(files);
    quick.commit(files);
    await slow.sync();

    slow.commit({ 'apps/shop/base/a.yaml': configMap('a', { from: 'slow' }), 'apps/shop/base/b.yaml': null });
    quick.commit({
      'apps/shop/base/a.yaml': configMap('a', { from: 'quick' }),
      'apps/shop/base/c.yaml': configMap('c'),
    });
    const writes: string[] = [];
    const tick = await slow.tick('eu', {
      beforeWrite: async (number, what) => {
        writes.push(what);
        if (number === 1) await quick.sync();
      },
    });

    assert.deepEqual(writes, ['store inventory shop'], 'it lost, and so it wrote nothing else');
    assert.match(assessCluster(tick).text, /somebody else wrote it since it was read/);
    assert.equal(textAt(await slow.get('v1', 'ConfigMap', 'a'), 'data', 'from'), 'quick');
    assert.ok((await slow.get('v1', 'ConfigMap', 'b')) !== undefined);
  });

  it('the slower loses also where there was no record yet', async () => {
    await using slow = await world.fleet('two-new');
    await using quick = world.sameFleet('two-new');
    slow.commit({ 'apps/shop/base/a.yaml': configMap('a', { from: 'slow' }) });
    quick.commit({ 'apps/shop/base/a.yaml': configMap('a', { from: 'quick' }) });

    const tick = await slow.tick('eu', {
      beforeWrite: async (number) => {
        if (number === 1) await quick.sync();
      },
    });

    assert.match(assessCluster(tick).text, /somebody else wrote it since it was read/);
    assert.equal(textAt(await slow.get('v1', 'ConfigMap', 'a'), 'data', 'from'), 'quick');
  });

  it('the one that stood still after it had won deletes nothing that changed since, and what it overwrote is put right', async () => {
    await using slow = await world.fleet('two-late');
    await using quick = world.sameFleet('two-late');
    const files = { 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') };
    slow.commit(files);
    quick.commit(files);
    await slow.sync();

    slow.commit({ 'apps/shop/base/a.yaml': configMap('a', { from: 'slow' }), 'apps/shop/base/b.yaml': null });
    quick.commit({
      'apps/shop/base/a.yaml': configMap('a', { from: 'quick' }),
      'apps/shop/base/b.yaml': configMap('b', { from: 'quick' }),
    });
    const tick = await slow.tick('eu', {
      beforeWrite: async (number) => {
        if (number === 2) await quick.sync();
      },
    });

    assert.match(assessCluster(tick).text, /somebody else wrote it since it was read/);
    assert.equal(textAt(await slow.get('v1', 'ConfigMap', 'b'), 'data', 'from'), 'quick');
    await quick.sync();
    assert.equal(textAt(await slow.get('v1', 'ConfigMap', 'a'), 'data', 'from'), 'quick');
    assert.equal((await quick.inventory('shop'))?.entries.length, 2);
  });
});

describe('A power cut', () => {
  /** `keep` changes, `goes-*` leave, `new-*` come: each kind of write is in it. */
  const first = {
    'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }),
    'apps/shop/base/goes.yaml': `${configMap('goes-1')}\n---\n${configMap('goes-2')}`,
  };
  const second = {
    'apps/shop/base/keep.yaml': configMap('keep', { version: '2' }),
    'apps/shop/base/goes.yaml': null,
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

  for (const when of ['before', 'after'] as const) {
    it(`${when} any write of a commit loses and leaves nothing behind: the next process ends it`, async () => {
      let cuts = 0;
      for (let number = 1; ; number += 1) {
        await using fleet = await world.fleet(`cut-${when}-${number}`);
        await world.clusters.eu.api.create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'of-nobody', namespace: fleet.name },
        });
        fleet.commit(first);
        await fleet.sync();
        fleet.commit(second);

        const cut = await isCut(fleet, cutAt(when, number));
        if (!cut) break;
        cuts += 1;
        await fleet.restart();
        await fleet.sync();

        await assertEnd(fleet);
      }
      assert.equal(cuts, 7, 'the record, three applies, two deletes, and the record again');
    });
  }

  it('in the middle of a commit that is taken back leaves nothing of it behind', async () => {
    for (let number = 2; number <= 5; number += 1) {
      await using fleet = await world.fleet(`cut-back-${number}`);
      fleet.commit(first);
      await fleet.sync();
      fleet.commit(second);
      assert.ok(await isCut(fleet, cutAt('after', number)));
      await fleet.restart();

      fleet.commit({ ...first, 'apps/shop/base/new.yaml': null });
      await fleet.sync();

      const names = (await world.clusters.eu.api.list('v1', 'ConfigMap', fleet.name)).map((each) =>
        textAt(each, 'metadata', 'name'),
      );
      assert.deepEqual(names, ['goes-1', 'goes-2', 'keep']);
      assert.equal(await fleet.get('v1', 'Service', 'new-2'), undefined);
      assert.equal((await fleet.inventory('shop'))?.entries.length, 3);
    }
  });

  class PowerCut extends Error {}

  /** From this write on nothing is sent, or nothing comes back. */
  function cutAt(when: 'before' | 'after', number: number): TickHooks {
    let isOff = false;
    const cut = (): never => {
      isOff = true;
      throw new PowerCut();
    };
    return {
      beforeWrite: (each) => void ((isOff || (when === 'before' && each === number)) && cut()),
      afterWrite: (each) => void ((isOff || (when === 'after' && each === number)) && cut()),
    };
  }

  async function isCut(fleet: TestFleet<'eu'>, hooks: TickHooks): Promise<boolean> {
    try {
      await fleet.tick('eu', hooks);
      return false;
    } catch (error) {
      if (error instanceof PowerCut) return true;
      throw error;
    }
  }

  /** As if there had been no cut. */
  async function assertEnd(fleet: TestFleet<'eu'>): Promise<void> {
    const { api } = world.clusters.eu;
    const configMaps = await api.list('v1', 'ConfigMap', fleet.name);
    const names = configMaps.map((each) => textAt(each, 'metadata', 'name'));
    assert.deepEqual(names, ['keep', 'new-1', 'of-nobody'], fleet.name);
    assert.deepEqual(mapAt(await fleet.get('v1', 'ConfigMap', 'keep'), 'data'), { version: '2' });
    assert.ok((await fleet.get('v1', 'Service', 'new-2')) !== undefined);
    const selector = `${PART_OF_LABEL}=${applySetId(fleet.name, 'shop')}`;
    const labelled = await Promise.all(
      ['ConfigMap', 'Service'].map((kind) => api.list('v1', kind, fleet.name, selector)),
    );
    const uids = labelled.flat().map((each) => textAt(each, 'metadata', 'uid') ?? '');
    assert.deepEqual(Object.values(await ownedUids(fleet)).toSorted(), uids.toSorted());
    const requests = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(writesAmong(requests)), []);
  }
});

function configMap(name: string, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}

function record(name: string): { apiVersion: string; kind: string; namespace: string; name: string } {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'muster-system', name };
}

async function ownedUids(fleet: TestFleet<'eu'>): Promise<Readonly<Record<string, string>>> {
  const inventory = await fleet.inventory('shop');
  return Object.fromEntries((inventory?.entries ?? []).map((entry) => [formatId(entry.id), entry.uid]));
}
