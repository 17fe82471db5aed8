import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { textAt } from '../../src/object/json.ts';
import { type AuditEntry, isWriteOfMuster } from '../support/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import type { Replica } from './support/replica.ts';
import { slowDown } from './support/slow-admission.ts';
import { appFiles, configMap, type Fleet, NAMESPACE, startWorld, type World } from './support/world.ts';

describe('of two replicas', () => {
  const resources = new AsyncDisposableStack();
  let world: World;

  before(async () => {
    world = resources.use(await startWorld());
  });
  after(() => resources.disposeAsync());

  it('one works; when it is killed the other takes over, and touches nothing that is in sync', async () => {
    await using fleet = await world.fleet('killed');
    await using first = await leader(fleet, 'first', '3s');
    await fleet.inSync();
    await using second = await standby(fleet, 'second', '3s');
    const told = fleet.forge.requests().length;
    const during = await requestsOnMembers(world, async () => {
      first.kill('SIGKILL');
      await second.says('the lease has a holder', { self: true });
      await isReady(second);
      await eventually(async () => assert.match((await second.get('/metrics')).text, /^muster_cluster_in_sync\{cluster="us"\} 1$/m));
    });
    assert.ok(during.some((each) => each.agent.includes('second')), 'it looked');
    assert.deepEqual(during.filter(isWriteOfMuster), []);
    const posts = fleet.forge.requests().slice(told).filter((each) => each.method === 'POST');
    assert.deepEqual(posts, [], 'what stands on the commit is right, so nothing is told');

    const revision = await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'from the second' })));
    await second.says('new revision', { revision });
    await fleet.inSync();
  });

  it('one that froze in the middle of a write phase writes nothing when it wakes: another took over', async () => {
    await using fleet = await world.fleet('frozen');
    await using slow = await slowDown(world.api.eu, fleet.name, () => sleep(100));
    const tokens = { first: `${fleet.token}-first`, second: `${fleet.token}-second` };
    for (const token of Object.values(tokens)) fleet.forge.grant(token, { statuses: 'write', issues: 'none' });
    await using first = await leader(fleet, 'first', '3s', await forgeToken(fleet, tokens.first));
    await using second = await standby(fleet, 'second', '3s', await forgeToken(fleet, tokens.second));
    await fleet.inSync();

    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    await fleet.commit(appFiles('many', manyConfigMaps(fleet, names)));
    await eventually(() => assert.ok(slow.begun.length > 20, 'it is in the middle'));
    await first.freeze();
    await second.says('the lease has a holder', { self: true });
    await fleet.inSync();

    const told = fleet.forge.requests().length;
    const during = await requestsOnMembers(world, async () => {
      first.kill('SIGCONT');
      assert.deepEqual(await first.ended, { code: 1, signal: null });
    });
    const identity = await first.identity();
    assert.deepEqual(
      during.filter((each) => isWriteOfMuster(each) && each.agent.includes(identity)),
      [],
    );
    assert.deepEqual(
      fleet.forge.requests().slice(told).filter((each) => each.token === tokens.first && each.method === 'POST'),
      [],
    );
    await first.says('the lease was lost: nothing is written any more');
  });

  it('one that is asked to end gives the lease back, so that the other need not wait', async () => {
    await using fleet = await world.fleet('given-back');
    await using first = await leader(fleet, 'first', '15s');
    await fleet.inSync();
    await using second = await standby(fleet, 'second', '15s');
    first.kill('SIGTERM');
    assert.deepEqual(await first.ended, { code: 0, signal: null });
    assert.notEqual(await holder(world), await first.identity());
    await second.says('the lease has a holder', { self: true });
    await isReady(second);
  });

  it('one that waits for the lease ends at once when it is asked to, and takes nothing along', async () => {
    await using fleet = await world.fleet('waiting');
    await using first = await leader(fleet, 'first', '15s');
    await using second = await standby(fleet, 'second', '15s');
    second.kill('SIGTERM');
    assert.deepEqual(await second.ended, { code: 0, signal: null });
    assert.equal(await holder(world), await first.identity());
  });

  it('one that cannot reach the hub for longer than the lease ends in the middle of a write phase; who is next ends it', async () => {
    await using fleet = await world.fleet('cut-off');
    const over = Promise.withResolvers<void>();
    await using slow = await slowDown(world.api.eu, fleet.name, (count) => (count > 20 ? over.promise : sleep(0)));
    await using first = await leader(fleet, 'first', '3s');
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    await fleet.commit(appFiles('many', manyConfigMaps(fleet, names)));
    await eventually(() => assert.ok(slow.begun.length > 20, 'it is in the middle'));
    await world.planes.hub.pause();
    try {
      await first.says('the lease was lost: nothing is written any more', { holder: await first.identity() });
      assert.deepEqual(await first.ended, { code: 1, signal: null });
    } finally {
      world.planes.hub.resume();
    }
    over.resolve();
    assert.ok(new Set(slow.begun).size < names.length, 'it did not go on to the end');
    const done = await versions(world, fleet);
    await using _second = await leader(fleet, 'second', '3s');
    await fleet.inSync();
    const all = await versions(world, fleet);
    assert.deepEqual([...all.keys()].toSorted(), [...names, 'settings'].toSorted());
    assert.deepEqual(new Map([...all].filter(([name]) => done.has(name))), done, 'what was there is as it was');
  });

  it('one that works keeps the lease while the hub is started anew, and goes on with the members meanwhile', async () => {
    await using fleet = await world.fleet('hub-restart');
    await using replica = await leader(fleet, 'only', '60s');
    await fleet.inSync();
    await world.planes.hub.stop();
    await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'meanwhile' })));
    await fleet.inSync();
    await replica.says('the lease cannot be used', { code: 'UNREACHABLE' });
    await world.planes.hub.start();
    await replica.says('the lease can be used again');
    assert.equal(await holder(world), await replica.identity());
    assert.equal(replica.isRunning(), true);
  });
});

async function leader(fleet: Fleet, pod: string, lease: string, env: Record<string, string> = {}): Promise<Replica> {
  const replica = await fleet.run({ pod, lease, env });
  await replica.says('the lease has a holder', { self: true });
  return replica;
}

/** Runs, and has seen that somebody else holds the lease. */
async function standby(fleet: Fleet, pod: string, lease: string, env: Record<string, string> = {}): Promise<Replica> {
  const replica = await fleet.run({ pod, lease, env });
  await replica.says('the lease has a holder', { self: false });
  await isReady(replica);
  return replica;
}

async function isReady(replica: Replica): Promise<void> {
  await eventually(async () => assert.deepEqual(await replica.get('/readyz'), { status: 200, text: 'ok\n' }));
}

async function forgeToken(fleet: Fleet, token: string): Promise<Record<string, string>> {
  const file = join(fleet.folder, token);
  await writeFile(file, token);
  return { MUSTER_FORGE_TOKEN_FILE: file };
}

async function requestsOnMembers(world: World, call: () => Promise<unknown>): Promise<readonly AuditEntry[]> {
  let ofUs: readonly AuditEntry[] = [];
  const ofEu = await world.requestsDuring('eu', async () => {
    ofUs = await world.requestsDuring('us', call);
  });
  return [...ofEu, ...ofUs];
}

async function holder({ api }: World): Promise<string | undefined> {
  return textAt(await api.hub.get('coordination.k8s.io/v1', 'Lease', NAMESPACE, 'muster'), 'spec', 'holderIdentity');
}

/** ResourceVersions of the ConfigMaps on eu, by name. */
async function versions({ api }: World, fleet: Fleet): Promise<ReadonlyMap<string, string>> {
  const found = await api.eu.list('v1', 'ConfigMap', fleet.name);
  const read = (object: JsonObject, field: string): string => textAt(object, 'metadata', field) ?? '';
  return new Map(found.map((each) => [read(each, 'name'), read(each, 'resourceVersion')]));
}

function manyConfigMaps(fleet: Fleet, names: readonly string[]): string {
  return names.map((name) => configMap(fleet.name, { a: 'b' }, name)).join('\n---\n');
}
