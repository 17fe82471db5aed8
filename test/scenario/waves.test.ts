/** People's order: what comes later waits until what comes earlier is there and works. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { printJson } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile } from './support/fleet-files.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

/** Comes to life only where `ready` is set: the hollow node takes no Pod that asks for a label it has not. */
function web(name: string, ready: boolean): string {
  return printJson({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          ...(ready ? {} : { nodeSelector: { 'example.com/nowhere': 'yes' } }),
          containers: [{ name, image: 'web:1' }],
        },
      },
    },
  });
}

describe('A wave', () => {
  it('waits until the wave before it is Current, at its first time and at every commit', async () => {
    await using fleet = await world.fleet('waves');
    const second = (data: JsonObject): string =>
      printJson({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'second', annotations: { 'muster.dev/wave': '1' } },
        data,
      });
    fleet.commit({ 'apps/shop/base/first.yaml': web('first', false), 'apps/shop/base/second.yaml': second({}) });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(objectWrites(requests)), ['apply apps/deployments waves/first']);
    assert.match(assessCluster(await fleet.tick()).text, /waiting for wave 0: Deployment waves\/first/);

    fleet.commit({ 'apps/shop/base/first.yaml': web('first', true) });
    await fleet.sync();
    assert.ok((await fleet.get('v1', 'ConfigMap', 'second')) !== undefined);

    fleet.commit({
      'apps/shop/base/first.yaml': web('first', false),
      'apps/shop/base/second.yaml': second({ a: '1' }),
    });
    const later = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(objectWrites(later)), ['apply apps/deployments waves/first']);
    fleet.commit({ 'apps/shop/base/first.yaml': web('first', true) });
    await fleet.sync();
  });

  it('deletes what left only after its last wave', async () => {
    await using fleet = await world.fleet('waves-delete');
    fleet.commit({
      'apps/shop/base/first.yaml': web('first', true),
      'apps/shop/base/goes.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: goes}}',
    });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/first.yaml': web('first', false),
      'apps/shop/base/goes.yaml': null,
      'apps/shop/base/second.yaml':
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: second, annotations: {muster.dev/wave: '1'}}}",
    });
    await fleet.tick();
    await fleet.tick();
    assert.ok((await fleet.get('v1', 'ConfigMap', 'goes')) !== undefined);

    fleet.commit({ 'apps/shop/base/first.yaml': web('first', true) });
    await fleet.sync();
    assert.equal(await fleet.get('v1', 'ConfigMap', 'goes'), undefined);
  });
});

describe('An app that depends on another', () => {
  it('waits until the other is Current on the same cluster, and says for what', async () => {
    await using fleet = await world.fleet('depends');
    fleet.commit({
      'apps/base/base/web.yaml': web('web', false),
      'apps/app/app.yaml': appFile('app', { dependsOn: ['base'] }),
      'apps/app/base/settings.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}',
    });

    await fleet.tick();
    await eventually(async () => {
      assert.match(
        assessCluster(await fleet.tick()).text,
        /^app app: waiting for app "base": Deployment depends\/web is not Current/,
      );
    });
    assert.equal(await fleet.get('v1', 'ConfigMap', 'settings'), undefined);

    fleet.commit({ 'apps/base/base/web.yaml': web('web', true) });
    await fleet.sync();
    assert.ok((await fleet.get('v1', 'ConfigMap', 'settings')) !== undefined);
  });
});
