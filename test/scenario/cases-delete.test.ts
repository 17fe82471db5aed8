/** What a deletion would take along, and what only looks as if it were ours. Ids are those of the project's list of cases. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { formatId } from '../../src/object/id.ts';
import { at, mapAt, omit, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile, clusterFile, fleetFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { definition, widget } from './support/manifests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu' | 'us'>;

before(async () => {
  world = await startWorld(['eu', 'us'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

describe('A namespace that left the repository, and that its app frees from protection', () => {
  it('goes when nothing is in it any more, with what left it in the same commit', async () => {
    await using fleet = await world.fleet('space', { clusters: ['eu'] });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['Namespace'] }),
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/extra.yaml': `${namespace('space-extra')}\n---\n${configMap('inside', 'space-extra')}`,
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/extra.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), [
      'delete configmaps space-extra/inside',
      'delete namespaces space-extra/space-extra',
    ]);
    await eventually(async () => assert.equal(await fleet.get('v1', 'Namespace', 'space-extra'), undefined));
  });

  it('stays while the repository wants an object in it, also one of another app', async () => {
    await using fleet = await world.fleet('space-wanted', { clusters: ['eu'] });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['Namespace'] }),
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/extra.yaml': namespace('space-wanted-extra'),
      'apps/tools/base/inside.yaml': configMap('inside', 'space-wanted-extra'),
    });
    await fleet.sync();
    const before = await uidIn('space-wanted-extra', 'inside');

    fleet.commit({ 'apps/shop/base/extra.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.match(
      assessCluster(await fleet.tick()).text,
      /1 left the repository and stays: Namespace space-wanted-extra \(ConfigMap space-wanted-extra\/inside would go with it, and stays: the repository wants it\)$/,
    );

    fleet.commit({ 'apps/tools/base/inside.yaml': configMap('outside') });
    await fleet.tick();
    await fleet.tick();
    await eventually(async () => assert.equal(await fleet.get('v1', 'Namespace', 'space-wanted-extra'), undefined));
    assert.ok(before !== undefined);
  });

  it('stays with what is protected in it, and is let go of with what is let go of [P8]', async () => {
    await using fleet = await world.fleet('space-kept', { clusters: ['eu'] });
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'space-kept-one' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const keep = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keep', namespace: 'space-kept-two', annotations: { 'muster.dev/prune': 'false' } },
    };
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['Namespace'] }),
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/one.yaml': `${namespace('space-kept-one')}\n---\n${printJson(claim)}`,
      'apps/shop/base/two.yaml': `${namespace('space-kept-two')}\n---\n${printJson(keep)}`,
    });
    await fleet.tick();
    await fleet.tick();

    fleet.commit({ 'apps/shop/base/one.yaml': null, 'apps/shop/base/two.yaml': null });
    // More than once: what is let go of is not looked at any more.
    for (let tick = 0; tick < 3; tick += 1) await fleet.tick();

    for (const name of ['space-kept-one', 'space-kept-two']) {
      const object = await fleet.get('v1', 'Namespace', name);
      assert.equal(textAt(object, 'status', 'phase'), 'Active', name);
    }
    assert.deepEqual(await owned(fleet, 'shop'), [
      'ConfigMap space-kept/stays',
      'Namespace space-kept-one',
      'PersistentVolumeClaim space-kept-one/data',
    ]);
  });

  it('stays where an object in it changed in this moment, and could not be deleted for that', async () => {
    await using fleet = await world.fleet('space-raced', { clusters: ['eu'] });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['Namespace'] }),
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/extra.yaml': `${namespace('space-raced-extra')}\n---\n${configMap('inside', 'space-raced-extra')}`,
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/extra.yaml': null });
    await fleet.tick('eu', {
      beforeWrite: async (_number, what) => {
        if (!what.startsWith('delete ConfigMap')) return;
        const annotations = { 'muster.dev/prune': 'false' };
        const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'space-raced-extra', name: 'inside' };
        await world.clusters.eu.api.patch(target, { metadata: { annotations } });
      },
    });
    await fleet.tick();
    await fleet.tick();

    assert.ok((await uidIn('space-raced-extra', 'inside')) !== undefined);
    assert.equal(textAt(await fleet.get('v1', 'Namespace', 'space-raced-extra'), 'status', 'phase'), 'Active');
  });
});

describe('A definition that left the repository while resources of its kind remain [P10]', () => {
  it('is an error when the repository is checked, at the resource', async () => {
    await using fleet = await world.fleet('undefined', { clusters: ['eu'] });
    fleet.commit({ 'apps/shop/base/crd.yaml': definition('undefined'), 'apps/shop/base/w.yaml': widget('undefined') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/crd.yaml': null }, { errors: ['apps/shop/base/w.yaml:1: UNKNOWN_SCOPE'] });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
  });

  it('stays on the cluster where the fleet says that somebody else brings it, also when it is freed from protection', async () => {
    await using fleet = await world.fleet('brought', { clusters: ['eu'] });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['CustomResourceDefinition'] }),
      'apps/shop/base/crd.yaml': definition('brought'),
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/tools/base/w.yaml': widget('brought'),
    });
    await fleet.sync();
    const before = mapAt(await fleet.get('brought.example.com/v1', 'Widget', 'w'), 'metadata')['uid'];

    const kinds = [{ apiVersion: 'brought.example.com/v1', kind: 'Widget', namespaced: true }];
    fleet.commit({ 'fleet.yaml': fleetFile('brought', { kinds }), 'apps/shop/base/crd.yaml': null });
    await fleet.tick();
    assert.match(
      assessCluster(await fleet.tick()).text,
      /CustomResourceDefinition widgets\.brought\.example\.com \(Widget brought\/w would go with it, and stays: the repository wants it\)$/,
    );
    assert.equal(mapAt(await fleet.get('brought.example.com/v1', 'Widget', 'w'), 'metadata')['uid'], before);

    fleet.commit({ 'apps/tools/base/w.yaml': configMap('instead') });
    for (let tick = 0; tick < 3; tick += 1) await fleet.tick();
    await eventually(async () =>
      assert.equal(
        await fleet.get('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'widgets.brought.example.com'),
        undefined,
      ),
    );
  });
});

describe('What only looks as if it were ours', () => {
  it('as a copy in another namespace that has our label too, is neither recorded nor deleted [P12]', async () => {
    await using fleet = await world.fleet('copied', { clusters: ['eu'] });
    const { api } = world.clusters.eu;
    await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'copied-elsewhere' } });
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    const original = (await fleet.get('v1', 'ConfigMap', 'a')) ?? {};
    const metadata = omit(mapAt(original, 'metadata'), [
      'uid',
      'resourceVersion',
      'creationTimestamp',
      'managedFields',
    ]);
    await api.create({ ...original, metadata: { ...metadata, namespace: 'copied-elsewhere' } });

    fleet.commit({ 'apps/shop/base/a.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(objectWrites(requests)), ['delete configmaps copied/a']);
    assert.ok((await uidIn('copied-elsewhere', 'a')) !== undefined);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap copied/b']);
  });

  it('as an object that a controller made from ours and that kept its labels, stays [P12]', async () => {
    await using fleet = await world.fleet('derived', { clusters: ['eu'] });
    const { api } = world.clusters.eu;
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    const parent = mapAt(await fleet.get('v1', 'ConfigMap', 'b'), 'metadata');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'b', uid: parent['uid'] ?? '' };
    const child = { name: 'b-child', namespace: 'derived', labels: parent['labels'] ?? {}, ownerReferences: [owner] };
    await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: child });

    const requests = await fleet.requestsDuring(async () => {
      fleet.commit({ 'apps/shop/base/a.yaml': null });
      await fleet.sync();
    });

    assert.deepEqual(printRequests(objectWrites(requests)), ['delete configmaps derived/a']);
    assert.ok((await uidIn('derived', 'b-child')) !== undefined);
  });
});

describe('A cluster', () => {
  it('that leaves the repository keeps everything that is on it, and its record [P16]', async () => {
    await using fleet = await world.fleet('left');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a') });
    await using loop = fleet.control();
    const inSync = 'success: in sync: 1 object of 1 app';
    await eventually(() => {
      assert.equal(loop.statuses()['muster/eu'], inSync);
      assert.equal(loop.statuses()['muster/us'], inSync);
    });

    const requests = await fleet.requestsDuring(async () => {
      fleet.commit({ 'clusters/eu.yaml': '# gone', 'apps/shop/base/b.yaml': configMap('b') });
      await eventually(() => assert.equal(loop.statuses()['muster/us'], 'success: in sync: 2 objects of 1 app'));
    });

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap left/a']);
    assert.equal(loop.statuses()['muster/eu'], undefined);
  });

  it('that gets another name is the same cluster: nothing is made anew', async () => {
    await using fleet = await world.fleet('called', { clusters: ['eu'] });
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a') });
    await fleet.sync();
    const before = await uidIn('called', 'a');
    await using renamed = world.sameFleet('called', { clusters: ['us'] });
    const requests = await fleet.requestsDuring(async () => {
      renamed.commit({
        'clusters/us.yaml': clusterFile('us', { connection: { context: 'eu' } }),
        'apps/shop/base/a.yaml': configMap('a'),
      });
      await renamed.sync();
    });

    assert.deepEqual(printRequests(writesAmong(requests)), ['update configmaps muster-system/called.shop']);
    assert.equal(await uidIn('called', 'a'), before);
  });
});

async function uidIn(namespaceName: string, name: string): Promise<string | undefined> {
  const object = await world.clusters.eu.api.get('v1', 'ConfigMap', namespaceName, name);
  return at(object, 'metadata', 'deletionTimestamp') === undefined ? textAt(object, 'metadata', 'uid') : undefined;
}

async function owned<Name extends string>(fleet: TestFleet<Name>, app: string): Promise<readonly string[]> {
  const inventory = await fleet.inventory(app);
  return (inventory?.entries ?? []).map((entry) => formatId(entry.id)).toSorted();
}

function namespace(name: string): string {
  return printJson({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

function configMap(name: string, inNamespace = ''): string {
  const metadata: JsonObject = inNamespace === '' ? { name } : { name, namespace: inNamespace };
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
}
