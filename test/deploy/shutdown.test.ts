import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { decodeInventory } from '../../src/cluster/inventories.ts';
import type { InventoryEntry } from '../../src/model/observation.ts';
import { inventoryName } from '../../src/object/applyset.ts';
import { textAt } from '../../src/object/json.ts';
import { isWriteOfMuster } from '../support/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import { descendantsOf, stillRunning } from '../support/processes.ts';
import type { Replica } from './support/replica.ts';
import { slowDown } from './support/slow-admission.ts';
import { appFiles, configMap, type Fleet, NAMESPACE, startWorld, type World } from './support/world.ts';

const ENDED_WELL = { code: 0, signal: null };

describe('SIGTERM', () => {
  const resources = new AsyncDisposableStack();
  let world: World;

  before(async () => {
    world = resources.use(await startWorld());
  });
  after(() => resources.disposeAsync());

  it('in the middle of a write phase lets it come to its end, tells it, and leaves nothing to do', async () => {
    await using fleet = await world.fleet('finished');
    const asked = Promise.withResolvers<void>();
    await using slow = await slowDown(world.api.eu, fleet.name, (count) => (count > 20 ? asked.promise : sleep(0)));
    const names = namesOf(60);
    {
      await using replica = await fleet.run();
      await middleOfWriting(fleet, names, slow.begun);
      replica.kill('SIGTERM');
      await replica.says('muster ends');
      asked.resolve();
      assert.deepEqual(await replica.ended, ENDED_WELL);
      await replica.says('ended');
    }
    assert.deepEqual(await made(world, fleet), names);
    assert.deepEqual(await confirmed(world, fleet), names);
    assert.equal(fleet.status('muster/eu')?.state, 'success');
    const requests = await world.requestsDuring('eu', async () => {
      await using _next = await fleet.run();
      await fleet.inSync();
    });
    assert.deepEqual(requests.filter(isWriteOfMuster), []);
  });

  it('begins no object any more when most of its grace is over, and records what it did: who is next does the rest', async () => {
    await using fleet = await world.fleet('abandoned');
    await using slow = await slowDown(world.api.eu, fleet.name, () => sleep(100));
    const names = namesOf(300);
    {
      await using replica = await fleet.run({ args: ['--grace=2s'] });
      await middleOfWriting(fleet, names, slow.begun);
      replica.kill('SIGTERM');
      assert.deepEqual(await replica.ended, ENDED_WELL);
    }
    const done = await made(world, fleet);
    assert.ok(done.length < names.length, 'there is a rest');
    assert.deepEqual(await confirmed(world, fleet), done);
    assert.deepEqual(slow.begun.filter((name) => !done.includes(name) && name !== 'settings'), [], 'none was cut off');
    const requests = await world.requestsDuring('eu', async () => {
      await using _next = await fleet.run();
      await fleet.inSync();
    });
    const written = requests.filter((each) => isWriteOfMuster(each) && each.namespace === fleet.name);
    assert.deepEqual(written.map(({ name }) => name).toSorted(), names.filter((name) => !done.includes(name)));
  });

  it('cuts off at the end of its grace what does not come to an end: what was meant is recorded, who is next goes on', async () => {
    await using fleet = await world.fleet('cut');
    const over = Promise.withResolvers<void>();
    await using slow = await slowDown(world.api.eu, fleet.name, (count) => (count > 20 ? over.promise : sleep(0)));
    const names = namesOf(60);
    {
      await using replica = await fleet.run({ args: ['--grace=2s'] });
      await middleOfWriting(fleet, names, slow.begun);
      replica.kill('SIGTERM');
      assert.deepEqual(await replica.ended, ENDED_WELL);
      assert.ok(slow.begun.length <= 20 + 8, 'nothing was begun but the eight that are under way at once');
      assert.equal(fleet.status('muster/us')?.state, 'success', 'the other cluster had all of it');
    }
    assert.deepEqual(await recorded(world, fleet), names);
    over.resolve();
    await using _next = await fleet.run();
    await fleet.inSync();
    assert.deepEqual(await made(world, fleet), names);
    assert.deepEqual(await confirmed(world, fleet), names);
  });

  it('ends within its grace while a cluster does not answer', async () => {
    await using fleet = await world.fleet('unanswered');
    await using replica = await fleet.run({ args: ['--grace=2s'] });
    await fleet.inSync();
    await world.planes.eu.pause();
    try {
      const revision = await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'again' })));
      await replica.says('new revision', { revision });
      await fleet.reports('muster/us', 'success');
      replica.kill('SIGTERM');
      assert.deepEqual(await replica.ended, ENDED_WELL);
    } finally {
      world.planes.eu.resume();
    }
    assert.notEqual(fleet.status('muster/eu')?.state, 'error', 'that we end says nothing about the cluster');
    await using _next = await fleet.run();
    await fleet.inSync();
  });

  it('ends at once while the repository, the forge or the hub does not answer, and leaves no process behind', async () => {
    await using fleet = await world.fleet('silent');
    fleet.git.fault = { kind: 'silence' };
    await stops(fleet);
    fleet.git.fault = undefined;
    fleet.forge.intercept(() => ({ kind: 'delay', ms: 60_000 }));
    await stops(fleet, async (replica) => {
      await replica.says('status', { context: 'muster/fleet', state: 'success' });
      await eventually(() => assert.ok(fleet.forge.requests().length > 0));
    });
    fleet.forge.intercept(undefined);
    await world.planes.hub.pause();
    try {
      await using replica = await fleet.run();
      await replica.says('muster runs');
      replica.kill('SIGTERM');
      assert.deepEqual(await replica.ended, ENDED_WELL);
    } finally {
      world.planes.hub.resume();
    }
  });

  it('a second time ends at once, whatever is under way', async () => {
    await using fleet = await world.fleet('impatient');
    const over = Promise.withResolvers<void>();
    await using slow = await slowDown(world.api.eu, fleet.name, (count) => (count > 20 ? over.promise : sleep(0)));
    await using replica = await fleet.run();
    await middleOfWriting(fleet, namesOf(60), slow.begun);
    replica.kill('SIGTERM');
    await replica.says('muster ends');
    replica.kill('SIGTERM');
    assert.deepEqual(await replica.ended, { code: 130, signal: null });
    over.resolve();
  });
});

/** Starts one, and ends it with SIGTERM once it works and `until` is over. */
async function stops(fleet: Fleet, until: (replica: Replica) => Promise<void> = async () => {}): Promise<void> {
  await using replica = await fleet.run();
  await replica.says('the lease has a holder', { self: true });
  await until(replica);
  const children = descendantsOf(replica.pid);
  replica.kill('SIGTERM');
  assert.deepEqual(await replica.ended, ENDED_WELL);
  // One of them is the guard that the test gave it, which goes a moment after it.
  await eventually(() => assert.deepEqual(stillRunning(children), []));
}

function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `many-${String(index).padStart(3, '0')}`);
}

/** Commits an app of so many ConfigMaps, and waits until some of them are written and others are not. */
async function middleOfWriting(fleet: Fleet, names: readonly string[], begun: readonly string[]): Promise<void> {
  const manifests = names.map((name) => configMap(fleet.name, { a: 'b' }, name)).join('\n---\n');
  await fleet.inSync();
  await fleet.commit(appFiles('many', manifests));
  await eventually(() => assert.ok(begun.length > 20, 'it is in the middle'));
}

/** Names of the ConfigMaps of the app on eu, sorted. */
async function made({ api }: World, fleet: Fleet): Promise<readonly string[]> {
  const found = (await api.eu.list('v1', 'ConfigMap', fleet.name)).map((each) => textAt(each, 'metadata', 'name') ?? '');
  return found.filter((name) => name.startsWith('many-')).toSorted();
}

/** Those that the inventory on eu names. */
async function recorded(world: World, fleet: Fleet): Promise<readonly string[]> {
  return (await entries(world, fleet)).map(({ id }) => id.name).toSorted();
}

/** Those of them whose making was confirmed: they have a UID. */
async function confirmed(world: World, fleet: Fleet): Promise<readonly string[]> {
  return (await entries(world, fleet)).flatMap(({ id, uid }) => (uid === '' ? [] : id.name)).toSorted();
}

async function entries({ api }: World, fleet: Fleet): Promise<readonly InventoryEntry[]> {
  const object = await api.eu.get('v1', 'ConfigMap', NAMESPACE, inventoryName(fleet.name, 'many'));
  assert.ok(object !== undefined, 'there is an inventory');
  return decodeInventory(object).entries;
}
