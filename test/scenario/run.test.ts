/** The real controller with real faults: clusters that are dead or frozen, and a repository that cannot be read. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { printJson, textAt } from '../../src/object/json.ts';
import { eventually } from '../support/eventually.ts';
import { MUSTER_USER, printRequests, writesAmong } from './support/requests.ts';
import { startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu' | 'ap' | 'us'>;

before(async () => {
  world = await startWorld(['eu', 'ap', 'us']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('A controller', () => {
  it('brings the healthy cluster of three to a commit while one is dead and one frozen, and the others when they are back', async () => {
    await using stage = await startStage('faults', world, ['eu', 'ap', 'us']);
    const first = await stage.commit({ 'apps/shop/base/a.yaml': configMap('a', { version: '1' }) });
    await using muster = await stage.run();
    await eventually(() => assert.equal(stage.statuses(first)['muster/fleet'], 'success: 3/3 clusters in sync'));
    await world.clusters.us.plane.stop();
    await world.clusters.ap.plane.pause();

    const second = await stage.commit({ 'apps/shop/base/a.yaml': configMap('a', { version: '2' }) });

    await eventually(async () => assert.equal(await versionOn('eu', 'faults'), '2'));
    await eventually(async () => {
      const { 'muster/eu': eu, 'muster/us': us, 'muster/fleet': all } = await muster.statuses(second);
      assert.equal(eu, 'success: in sync: 1 object of 1 app');
      assert.match(us ?? '', /^error: https:\/\/127\.0\.0\.1:\d+: the connection was refused: nothing listens there$/);
      assert.match(all ?? '', /^error: 1\/3 clusters in sync · not reached: us \(https:\S+ the connection was refused/);
    });
    await world.clusters.us.plane.start();
    await eventually(async () => assert.equal(await versionOn('us', 'faults'), '2'));
    await eventually(async () => {
      const { 'muster/ap': ap, 'muster/fleet': all } = await muster.statuses(second);
      assert.match(ap ?? '', /^error: https:\S+ (connected, but no answer in time|no connection in time)/);
      assert.match(all ?? '', /^error: 2\/3 clusters in sync · not reached: ap \(/);
    });
    world.clusters.ap.plane.resume();
    await eventually(() => assert.equal(stage.statuses(second)['muster/fleet'], 'success: 3/3 clusters in sync'));
    assert.equal(await versionOn('ap', 'faults'), '2');
    assert.equal(await muster.end('SIGTERM'), 0);
  });

  it('deletes nothing while the repository cannot be read, says why, and goes on healing, also after a restart', async () => {
    await using stage = await startStage('unreadable', world, ['eu']);
    const revision = await stage.commit({
      'apps/shop/base/a.yaml': configMap('a', { version: '1' }),
      'apps/shop/base/b.yaml': configMap('b'),
    });
    const before = (await world.clusters.eu.plane.requests()).length;
    let muster = await stage.run();
    const saysOfFleet = (text: RegExp): Promise<void> =>
      eventually(async () => assert.match((await muster.statuses(revision))['muster/fleet'] ?? '', text));
    const isFine = /^success: 1\/1 clusters in sync$/;
    const isHealed = async (): Promise<void> => {
      const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'unreadable', name: 'a' };
      await world.clusters.eu.api.patch(target, { data: { version: 'evil' } }, { manager: 'kubectl-edit' });
      await eventually(async () => assert.equal(await versionOn('eu', 'unreadable'), '1'));
    };
    try {
      await saysOfFleet(isFine);

      await stage.git.down();
      await saysOfFleet(/^error: http:\/\/127\.0\.0\.1:\d+\/acme\/fleet\.git refuses connections\./);
      await isHealed();
      await muster.end('SIGKILL');
      muster = await stage.run();
      await isHealed();

      await stage.git.up();
      await saysOfFleet(isFine);
      stage.git.auth = { username: 'x-access-token', password: 'another' };
      await saysOfFleet(/^error: .*(credentials|token|password)/);
      stage.git.auth = undefined;
      await saysOfFleet(isFine);

      await stage.repository.deleteBranch('main');
      await saysOfFleet(/^error: .*branch/);
      await isHealed();
      await stage.repository.setBranch('main', revision);
      await saysOfFleet(isFine);

      stage.git.fault = {
        kind: 'body',
        change: () => Buffer.from('<html>a login page</html>'),
        contentType: 'text/html',
      };
      await saysOfFleet(/^error: /);
      stage.git.fault = undefined;
      await saysOfFleet(isFine);
      await eventually(() => assert.equal(stage.statuses(revision)['muster/fleet'], 'success: 1/1 clusters in sync'));
      assert.ok(stage.forge.history(revision, 'muster/fleet').some((each) => each.state === 'error'));
    } finally {
      await muster[Symbol.asyncDispose]();
    }

    const requests = (await world.clusters.eu.plane.requests()).slice(before);
    const deletes = requests.filter((each) => each.verb.startsWith('delete') && each.user === MUSTER_USER);
    assert.deepEqual(printRequests(deletes), []);
    assert.match(muster.output(), /"event":"the repository cannot be used"/);
  });

  it('that is started again on a fleet that is in sync writes nothing, neither to the cluster nor to the forge', async () => {
    await using stage = await startStage('again', world, ['eu']);
    const revision = await stage.commit({ 'apps/shop/base/a.yaml': configMap('a') });
    const inSync = (): void => {
      assert.equal(stage.statuses(revision)['muster/fleet'], 'success: 1/1 clusters in sync');
      assert.equal(stage.statuses(revision)['muster/drift'], 'success: no drift');
    };
    {
      await using muster = await stage.run();
      await eventually(inSync);
      assert.equal(await muster.end('SIGTERM'), 0);
    }
    const posts = stage.forge.history(revision).length;
    const before = (await world.clusters.eu.plane.requests()).length;

    await using muster = await stage.run();
    await eventually(async () => {
      const status: unknown = await (await fetch(`${muster.url}/readyz`)).text();
      assert.equal(status, 'ok\n');
    });
    assert.equal(await muster.end('SIGTERM'), 0);

    const requests = (await world.clusters.eu.plane.requests()).slice(before);
    assert.deepEqual(printRequests(writesAmong(requests.filter((each) => each.user === MUSTER_USER))), []);
    assert.equal(stage.forge.history(revision).length, posts);
  });

  it('keeps the clusters at the last good commit while a newer one cannot be used, and says where it is wrong', async () => {
    await using stage = await startStage('bad-commit', world, ['eu']);
    const good = await stage.commit({ 'apps/shop/base/a.yaml': configMap('a', { version: '1' }) });
    await using muster = await stage.run();
    await eventually(() => assert.equal(stage.statuses(good)['muster/fleet'], 'success: 1/1 clusters in sync'));

    const bad = await stage.commit({
      'fleet.yaml':
        'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: bad-commit}\nspec: {suspended: true}',
    });
    await eventually(() => {
      assert.match(stage.statuses(bad)['muster/fleet'] ?? '', /^failure: fleet\.yaml:4:8: UNKNOWN_FIELD: /);
    });
    const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'bad-commit', name: 'a' };
    await world.clusters.eu.api.patch(target, { data: { version: 'evil' } }, { manager: 'kubectl-edit' });
    await eventually(async () => assert.equal(await versionOn('eu', 'bad-commit'), '1'));
    assert.equal(await muster.end('SIGTERM'), 0);
  });
});

function configMap(name: string, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}

async function versionOn(cluster: 'eu' | 'ap' | 'us', namespace: string): Promise<string | undefined> {
  return textAt(await world.clusters[cluster].api.get('v1', 'ConfigMap', namespace, 'a'), 'data', 'version');
}
