/** Fields that are Git's only until their object is there: what becomes of them afterwards is not our business. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { isObject, listAt, mapAt, numberAt, printJson, textAt } from '../../src/object/json.ts';
import { appliedFields } from '../../src/object/managed-fields.ts';
import { listLost } from '../../src/report/list-lost.ts';
import { appFile } from './support/fleet-files.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('A field that a rule ignores', () => {
  it('is as Git says when its object is created, is no drift when somebody changes it, and stays through later commits', async () => {
    await using fleet = await world.fleet('edited');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/colour'] }),
      ...settings({ colour: 'blue', size: 'm' }),
    });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'blue', size: 'm' });

    await edit('edited', { colour: 'red' }, 'kubectl-edit');
    const tick = await fleet.tick();
    assert.deepEqual(tick.drift.objects, []);
    const quiet = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(quiet)), []);

    fleet.commit(settings({ colour: 'green', size: 'l' }));
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'red', size: 'l' });
    assert.deepEqual(listLost(await fleet.tick()), []);
  });

  it('and is ours keeps its live value when Git changes it', async () => {
    await using fleet = await world.fleet('ours');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/colour'] }),
      ...settings({ colour: 'blue', size: 'm' }),
    });
    await fleet.sync();

    fleet.commit(settings({ colour: 'green', size: 'l' }));
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue', size: 'l' });
    assert.deepEqual(await ours(fleet), ['colour', 'size']);
  });

  it('goes when Git has it no more, if it is ours', async () => {
    await using fleet = await world.fleet('gone');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/colour'] }),
      ...settings({ colour: 'blue', size: 'm' }),
    });
    await fleet.sync();

    fleet.commit(settings({ size: 'm' }));
    await fleet.sync();

    assert.deepEqual(await data(fleet), { size: 'm' });
  });

  it('stays as it is also with muster.dev/force, and is taken back as soon as the rule is gone', async () => {
    await using fleet = await world.fleet('forced');
    const force = { 'muster.dev/force': 'true' };
    fleet.commit({ ...rule({ kind: 'ConfigMap', fields: ['/data/colour'] }), ...settings({ colour: 'blue' }, force) });
    await fleet.sync();
    await edit('forced', { colour: 'red' }, 'some-operator');
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'red' });

    fleet.commit({ 'apps/shop/app.yaml': appFile('shop', {}) });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue' });
  });

  it('for one manager is left to that one only', async () => {
    await using fleet = await world.fleet('managers');
    const managers = ['injector'];
    fleet.commit({
      ...rule({ kind: 'ConfigMap', name: 'set*', fields: ['/data/colour'], managers }),
      ...settings({ colour: 'blue' }),
    });
    await fleet.sync();
    await edit('managers', { colour: 'red' }, 'kubectl-edit');
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'blue' });

    await edit('managers', { colour: 'green' }, 'injector');
    const { drift } = await fleet.tick();

    assert.deepEqual(drift.objects, []);
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'green' });
    assert.deepEqual(listLost(await fleet.tick()), []);
  });

  it('is any that a manager holds, where a rule names managers alone', async () => {
    await using fleet = await world.fleet('all-of');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', managers: ['kubectl-patch'] }),
      ...settings({ colour: 'blue', size: 'm' }),
    });
    await fleet.sync();
    await edit('all-of', { colour: 'red' }, 'kubectl-patch');
    await edit('all-of', { size: 'xl' }, 'kubectl-edit');

    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'red', size: 'm' });
  });

  it('of a manager that is adopted keeps its live value, and becomes ours', async () => {
    await using fleet = await world.fleet('adopted');
    const metadata = { name: 'settings', namespace: 'adopted' };
    await world.clusters.eu.api.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { colour: 'red', size: 's', extra: 'yes' } },
      { manager: 'helm' },
    );

    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', {
        adopt: ['helm'],
        ignore: [{ kind: 'ConfigMap', fields: ['/data/colour'] }],
      }),
      ...settings({ colour: 'blue', size: 'm' }),
    });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'red', size: 'm' });
    assert.deepEqual(await ours(fleet), ['colour', 'size']);
  });

  it('may be an item of a list or in one, by position or name, and an immutable one that is ours is sent as it is', async () => {
    await using fleet = await world.fleet('listed');
    const fields = [
      '/spec/selector',
      '/spec/template/spec/containers/web/image',
      '/spec/template/spec/containers/1/env',
    ];
    fleet.commit({ ...rule({ group: 'apps', kind: 'Deployment', fields }), ...web('1', 2) });
    await fleet.tick();
    const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:hotfix' }] } } } };
    await world.clusters.eu.api.patch(deployment('listed'), image, { manager: 'kubectl-set', type: 'strategic' });

    fleet.commit(web('2', 4));
    await fleet.tick();
    await fleet.tick();

    const live = await fleet.get('apps/v1', 'Deployment', 'web');
    const containers = listAt(live, 'spec', 'template', 'spec', 'containers');
    assert.deepEqual(
      containers.map((each) => [textAt(each, 'image'), listAt(each, 'env')]),
      [
        ['web:hotfix', [{ name: 'VERSION', value: '2' }]],
        ['proxy:2', [{ name: 'VERSION', value: '1' }]],
      ],
    );
    assert.equal(numberAt(live, 'spec', 'replicas'), 4);
    assert.ok(
      isObject(mapAt(appliedFields(live ?? {}, 'muster'), 'f:spec')['f:selector']),
      'the selector is still ours',
    );
  });

  it('and is a replica count outlives its line in Git: it does not fall to one', async () => {
    await using fleet = await world.fleet('count');
    fleet.commit({ ...rule({ kind: 'Deployment', fields: ['/spec/replicas'] }), ...web('1', 5) });
    await fleet.tick();

    fleet.commit(web('2'));
    await fleet.tick();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 5);

    await world.clusters.eu.api.patch(
      deployment('count'),
      { spec: { replicas: 8 } },
      { manager: 'kube-controller-manager', subresource: 'scale' },
    );
    fleet.commit(web('3', 2));
    await fleet.tick();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 8);
  });
});

function rule(ignore: JsonObject): Readonly<Record<string, string>> {
  return { 'apps/shop/app.yaml': appFile('shop', { ignore: [ignore] }) };
}

function settings(content: JsonObject, annotations: JsonObject = {}): Readonly<Record<string, string>> {
  const metadata = { name: 'settings', annotations };
  return {
    'apps/shop/base/settings.json': printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: content }),
  };
}

/** A Deployment with two containers of a version; without a count where none is given. */
function web(version: string, replicas?: number): Readonly<Record<string, string>> {
  const labels = { app: 'web' };
  const containers = ['web', 'proxy'].map((name) => ({
    name,
    image: `${name}:${version}`,
    env: [{ name: 'VERSION', value: version }],
  }));
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { ...(replicas !== undefined && { replicas }), selector: { matchLabels: labels }, template };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec };
  return { 'apps/shop/base/web.json': printJson(object) };
}

async function edit(namespace: string, content: JsonObject, manager: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
  await world.clusters.eu.api.patch(target, { data: content }, { manager });
}

function deployment(namespace: string) {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };
}

async function data(fleet: TestFleet<'eu'>): Promise<JsonObject> {
  return mapAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'data');
}

/** Keys of the data of `settings` that we own. */
async function ours(fleet: TestFleet<'eu'>): Promise<readonly string[]> {
  const live = await fleet.get('v1', 'ConfigMap', 'settings');
  return Object.keys(mapAt(appliedFields(live ?? {}, 'muster'), 'f:data')).map((step) => step.slice(2));
}
