/** Facts about deletion, collected from other projects: what goes, what stays, and how a whole app, cluster or fleet leaves. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { formatId } from '../../src/object/id.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile, clusterFile, fleetFile, placementFile } from './support/fleet-files.ts';
import { printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu' | 'us'>;

before(async () => {
  world = await startWorld(['eu', 'us'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

function onEu(name: string): Promise<TestFleet<'eu'>> {
  return world.fleet(name, { clusters: ['eu'] });
}

describe('A revision', () => {
  it('that brings, changes and drops objects leaves exactly the last ones, whatever is between [T60]', async () => {
    await using fleet = await onEu('turns');
    for (const names of [['a', 'b'], ['b', 'c'], ['c'], ['a', 'c', 'd'], ['d']]) {
      fleet.commit({
        'apps/shop/base/all.yaml': names.map((name) => configMap(name, {}, { turn: names.join('') })).join('\n---\n'),
      });
      await fleet.sync();
      assert.deepEqual(await namesIn('turns'), names);
      assert.deepEqual(
        (await owned(fleet, 'shop')).map((each) => each.replace('ConfigMap turns/', '')),
        names,
      );
    }
  });

  it('in which an object has another name makes the new one and deletes the old one, but for what must stay [T61]', async () => {
    await using fleet = await onEu('renamed-secret');
    const secret = (name: string): string =>
      `{apiVersion: v1, kind: Secret, metadata: {name: ${name}}, data: {a: YQ==}}`;
    const stays = configMap('stays', { 'muster.dev/prune': 'false' });
    fleet.commit({
      'apps/shop/base/secret.yaml': secret('v1'),
      'apps/shop/base/stays.yaml': stays,
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/secret.yaml': secret('v2') });
    await fleet.sync();
    assert.equal(await fleet.get('v1', 'Secret', 'v1'), undefined);
    assert.ok((await fleet.get('v1', 'Secret', 'v2')) !== undefined);

    fleet.commit({ 'apps/shop/base/secret.yaml': null, 'apps/shop/base/stays.yaml': null });
    await fleet.sync();
    assert.equal(await fleet.get('v1', 'Secret', 'v2'), undefined);
    assert.deepEqual(await namesIn('renamed-secret'), ['stays', 'tools']);
    assert.equal(await fleet.inventory('shop'), undefined);
  });

  it('without any manifest empties the record, one with an empty kustomization too, and the next one fills it again [T63]', async () => {
    await using fleet = await onEu('empty');
    const two = { 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') };
    fleet.commit({ ...two, 'apps/tools/base/tools.yaml': configMap('tools') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/a.yaml': null, 'apps/shop/base/b.yaml': null });
    await fleet.sync();
    assert.equal((await owned(fleet, 'shop')).length, 0);
    assert.deepEqual(await namesIn('empty'), ['tools']);

    fleet.commit({ 'apps/shop/app.yaml': appFile('shop', {}) });
    await fleet.sync();
    assert.equal((await owned(fleet, 'shop')).length, 0);

    fleet.commit(two);
    await fleet.sync();
    assert.equal((await owned(fleet, 'shop')).length, 2);
  });

  it('that drops more than the budget allows drops nothing, also where it drops everything [T70]', async () => {
    await using fleet = await onEu('all-gone');
    const seven = Object.fromEntries(
      [1, 2, 3, 4, 5, 6, 7].map((each) => [`apps/shop/base/a${each}.yaml`, configMap(`a${each}`)]),
    );
    fleet.commit(seven);
    await fleet.sync();

    fleet.commit({
      ...Object.fromEntries(Object.keys(seven).map((path) => [path, null])),
      'apps/tools/base/tools.yaml': configMap('tools', { 'muster.dev/apply': 'ignore' }),
    });
    const requests = await fleet.requestsDuring(async () => {
      const { text } = assessCluster(await fleet.tick());
      assert.match(
        text,
        /^app shop: muster approve sha256:\w+ \(7 of 7 objects would be deleted, and 5 may be without approval\)/,
      );
    });

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.equal((await namesIn('all-gone')).length, 7);
  });
});

describe('A deletion', () => {
  it('that is refused once is said, its object stays in the record, and it goes the next time [T65]', async () => {
    await using fleet = await onEu('refused-once');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/goes.yaml': configMap('goes') });
    await fleet.sync();
    for (const object of denial('refused-once')) await world.clusters.eu.api.apply(object);
    const probe = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe', namespace: 'refused-once' } };
    await world.clusters.eu.api.apply(probe);
    await eventually(async () =>
      assert.rejects(
        world.clusters.eu.api.delete('v1', 'ConfigMap', 'refused-once', 'probe', { dryRun: ['All'] }),
        /not now/,
      ),
    );

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const verdict = assessCluster(await fleet.tick());
    assert.equal(verdict.state, 'failure');
    assert.match(verdict.text, /^ConfigMap refused-once\/goes: .*not now/);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap refused-once/goes', 'ConfigMap refused-once/stays']);

    const [, { metadata }] = denial('refused-once');
    await world.clusters.eu.api.delete(
      'admissionregistration.k8s.io/v1',
      'ValidatingAdmissionPolicyBinding',
      '',
      textAt({ metadata: metadata ?? {} }, 'metadata', 'name') ?? '',
    );
    await eventually(() => fleet.sync());
    assert.equal(await fleet.get('v1', 'ConfigMap', 'goes'), undefined);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap refused-once/stays']);
  });

  it('of a whole app leaves what is ignored, and takes what is create-only [T67]', async () => {
    await using fleet = await onEu('whole-app');
    fleet.commit({
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/ignored.yaml': configMap('ignored'),
      'apps/shop/base/once.yaml': configMap('once', { 'muster.dev/apply': 'create-only' }),
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();
    fleet.commit({ 'apps/shop/base/ignored.yaml': configMap('ignored', { 'muster.dev/apply': 'ignore' }) });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/a.yaml': null,
      'apps/shop/base/ignored.yaml': null,
      'apps/shop/base/once.yaml': null,
    });
    await fleet.sync();

    assert.deepEqual(await namesIn('whole-app'), ['ignored', 'tools']);
    assert.equal(await fleet.inventory('shop'), undefined);
  });

  it('of an object in a namespace that somebody deleted is no failure: both are gone [T64]', async () => {
    await using fleet = await onEu('namespace-gone');
    const { api } = world.clusters.eu;
    await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'namespace-gone-extra' } });
    fleet.commit({
      'apps/shop/base/a.yaml':
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: namespace-gone-extra}}',
      'apps/shop/base/stays.yaml': configMap('stays'),
    });
    await fleet.sync();
    await api.delete('v1', 'Namespace', '', 'namespace-gone-extra');

    fleet.commit({ 'apps/shop/base/a.yaml': null });
    await eventually(() => fleet.sync());

    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap namespace-gone/stays']);
  });

  it('of what people re-created, and of what another app has by now, does not happen [T62, T66]', async () => {
    await using fleet = await onEu('others');
    const { api } = world.clusters.eu;
    fleet.commit({
      'apps/shop/base/all.yaml': ['moves', 'recreated', 'stays'].map((name) => configMap(name)).join('\n---\n'),
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();
    await api.delete('v1', 'ConfigMap', 'others', 'recreated');
    await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'recreated', namespace: 'others' } });
    const uid = textAt(await fleet.get('v1', 'ConfigMap', 'moves'), 'metadata', 'uid');

    fleet.commit({ 'apps/shop/base/all.yaml': configMap('stays'), 'apps/tools/base/moves.yaml': configMap('moves') });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.ok(!printRequests(requests).some((line) => line.startsWith('delete')), printRequests(requests).join('\n'));
    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'moves'), 'metadata', 'uid'), uid);
    assert.deepEqual(await namesIn('others'), ['moves', 'recreated', 'stays', 'tools']);
  });

  it('after a stage that failed takes what the stage before had made, when the commit is taken back [T73]', async () => {
    await using fleet = await onEu('stage-failed');
    const invalidLater = (wave: number): string =>
      printJson({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'fails', annotations: { 'muster.dev/wave': String(wave) } },
        spec: {
          backoffLimit: 0,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:failing' }] } },
        },
      });
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays') });
    await fleet.sync();
    fleet.commit({ 'apps/shop/base/one.yaml': configMap('one'), 'apps/shop/base/fails.json': invalidLater(4) });
    await eventually(async () => assert.equal(assessCluster(await fleet.tick()).state, 'failure'));
    assert.ok((await fleet.get('v1', 'ConfigMap', 'one')) !== undefined);

    fleet.commit({ 'apps/shop/base/one.yaml': null, 'apps/shop/base/fails.json': null });
    await eventually(() => fleet.sync());

    assert.deepEqual(await namesIn('stage-failed'), ['stays']);
    assert.equal(await fleet.get('batch/v1', 'Job', 'fails'), undefined);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap stage-failed/stays']);
  });
});

describe('What is suspended', () => {
  it('as a cluster is read and reported and nothing is written there, and the other cluster goes on', async () => {
    await using fleet = await world.fleet('suspended-cluster');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a', {}, { v: '1' }), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    const edit = { data: { v: 'edited' } };
    await world.clusters.eu.api.patch(target('suspended-cluster', 'a'), edit, { manager: 'kubectl-edit' });

    fleet.commit({
      'clusters/eu.yaml': clusterFile('eu', { suspend: true }),
      'apps/shop/base/a.yaml': configMap('a', {}, { v: '1' }),
      'apps/shop/base/b.yaml': null,
      'apps/shop/base/c.yaml': configMap('c'),
    });
    const requests = await fleet.requestsDuring(async () => {
      const tick = await fleet.tick('eu');
      assert.match(assessCluster(tick).text, /^app shop: the cluster is suspended/);
      assert.deepEqual(
        tick.drift.objects.filter(({ cause }) => cause === 'drift').map(({ id }) => id.name),
        ['a'],
      );
    }, 'eu');
    assert.deepEqual(printRequests(writesAmong(requests)), []);

    await eventually(async () => {
      await fleet.tick('us');
      assert.equal(await fleet.get('v1', 'ConfigMap', 'b', 'us'), undefined);
      assert.ok((await fleet.get('v1', 'ConfigMap', 'c', 'us')) !== undefined);
    });
    fleet.commit({ 'clusters/eu.yaml': clusterFile('eu') });
    await fleet.sync();
    assert.deepEqual(await namesIn('suspended-cluster'), ['a', 'c']);
    assert.deepEqual(mapAt(await fleet.get('v1', 'ConfigMap', 'a'), 'data'), { v: '1' });
  });

  it('as a fleet keeps the objects of an app that leaves meanwhile, until it goes on', async () => {
    await using fleet = await onEu('suspended-all');
    const fleetWith = (suspend: boolean): string =>
      fleetFile('suspended-all', { defaults: { namespace: 'suspended-all' }, suspend });
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/tools.yaml': configMap('tools') });
    await fleet.sync();

    fleet.commit({ 'fleet.yaml': fleetWith(true), 'apps/shop/base/a.yaml': null });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(writesAmong(requests)), []);

    fleet.commit({ 'fleet.yaml': fleetWith(false) });
    await fleet.sync();
    assert.deepEqual(await namesIn('suspended-all'), ['tools']);
  });

  for (const restarted of [false, true]) {
    it(`as an app, and then leaves the repository, leaves its objects there, also ${restarted ? 'after' : 'without'} a restart [T69]`, async () => {
      const name = `suspended-left-${restarted}`;
      await using fleet = await onEu(name);
      fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/tools.yaml': configMap('tools') });
      await fleet.sync();
      fleet.commit({ 'apps/shop/app.yaml': appFile('shop', { suspend: true }) });
      await fleet.tick();
      await fleet.tick();
      if (restarted) await fleet.restart();

      fleet.commit({ 'apps/shop/app.yaml': null, 'apps/shop/base/a.yaml': null });
      await fleet.sync();

      assert.deepEqual(await namesIn(name), ['a', 'tools']);
      assert.equal(await fleet.inventory('shop'), undefined);
    });
  }
});

describe('A suspended app', () => {
  it('that leaves a cluster is left alone there until it goes on, whatever onUnplace says', async () => {
    await using fleet = await world.fleet('suspended-unplaced');
    const app = (suspend: boolean): string => appFile('shop', { onUnplace: 'prune', suspend });
    fleet.commit({
      'apps/shop/app.yaml': app(false),
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/fleet'], 'success: 2/2 clusters in sync'));

    fleet.commit({
      'apps/shop/app.yaml': app(true),
      'apps/shop/placement.yaml': placementFile('shop', { names: ['us'] }),
    });
    await eventually(() =>
      assert.match(loop.statuses()['muster/eu'] ?? '', /^pending: app shop: the app is suspended/),
    );
    assert.deepEqual(await namesIn('suspended-unplaced'), ['a', 'tools']);

    fleet.commit({ 'apps/shop/app.yaml': app(false) });
    await eventually(async () => assert.deepEqual(await namesIn('suspended-unplaced'), ['tools']));
    assert.deepEqual(await namesIn('suspended-unplaced', 'us'), ['a', 'tools']);
  });

  it('is written nothing but once a note into our own record, which goes when it goes on', async () => {
    await using fleet = await onEu('suspended-note');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a') });
    await fleet.sync();
    fleet.commit({ 'apps/shop/app.yaml': appFile('shop', { suspend: true }), 'apps/shop/base/b.yaml': configMap('b') });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
      await fleet.restart();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(writesAmong(requests)), ['update configmaps muster-system/suspended-note.shop']);
    assert.equal((await fleet.inventory('shop'))?.suspended, true);

    fleet.commit({ 'apps/shop/app.yaml': null });
    await fleet.sync();
    assert.equal((await fleet.inventory('shop'))?.suspended, undefined);
  });
});

describe('A cluster', () => {
  it('whose file leaves the repository is not asked any more, and keeps everything', async () => {
    await using fleet = await onEu('cluster-left');
    const { api } = world.clusters.us;
    await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'cluster-left' } });
    fleet.commit({ 'clusters/us.yaml': clusterFile('us'), 'apps/shop/base/a.yaml': configMap('a') });
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/fleet'], 'success: 2/2 clusters in sync'));

    const before = await api.list('v1', 'ConfigMap', 'muster-system');
    fleet.commit({ 'clusters/us.yaml': null, 'apps/shop/base/a.yaml': null, 'apps/shop/base/b.yaml': configMap('b') });
    await eventually(async () => {
      assert.equal(loop.statuses()['muster/fleet'], 'success: 1/1 clusters in sync');
      assert.equal(await fleet.get('v1', 'ConfigMap', 'a'), undefined);
    });

    assert.deepEqual(await namesIn('cluster-left'), ['b']);
    assert.deepEqual(await namesIn('cluster-left', 'us'), ['a']);
    assert.deepEqual(await api.list('v1', 'ConfigMap', 'muster-system'), before);
  });

  it('that was away gets its deletions when it is back: of an object, of an app, and of an app that left it', async () => {
    await using fleet = await world.fleet('away');
    fleet.commit({
      'fleet.yaml': fleetFile('away', { defaults: { namespace: 'away', onUnplace: 'prune' } }),
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/b.yaml': configMap('b'),
      'apps/gone/base/gone.yaml': configMap('gone'),
      'apps/moved/base/moved.yaml': configMap('moved'),
    });
    await fleet.sync();
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/fleet'], 'success: 2/2 clusters in sync'));
    await world.clusters.us.plane.stop();

    fleet.commit({
      'apps/shop/base/b.yaml': null,
      'apps/gone/base/gone.yaml': null,
      'apps/moved/placement.yaml': placementFile('moved', { names: ['eu'] }),
    });
    await eventually(async () => assert.deepEqual(await namesIn('away'), ['a', 'moved']));
    await eventually(() => assert.match(loop.statuses()['muster/us'] ?? '', /^error: /));

    await world.clusters.us.plane.start();
    await eventually(async () => assert.deepEqual(await namesIn('away', 'us'), ['a']));
    await eventually(() => assert.equal(loop.statuses()['muster/fleet'], 'success: 2/2 clusters in sync'));
    assert.deepEqual(await namesIn('away'), ['a', 'moved']);
  });
});

function configMap(name: string, annotations: JsonObject = {}, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, annotations }, data });
}

function target(namespace: string, name: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name };
}

/** ConfigMaps of a namespace, without the one that every namespace has. */
async function namesIn(namespace: string, cluster: 'eu' | 'us' = 'eu'): Promise<readonly string[]> {
  const items = await world.clusters[cluster].api.list('v1', 'ConfigMap', namespace);
  return items
    .map((each) => textAt(each, 'metadata', 'name') ?? '')
    .filter((each) => each !== 'kube-root-ca.crt')
    .toSorted();
}

async function owned<Name extends string>(
  fleet: TestFleet<Name>,
  app: string,
  cluster?: Name,
): Promise<readonly string[]> {
  const inventory = await fleet.inventory(app, cluster);
  return (inventory?.entries ?? []).map((entry) => formatId(entry.id)).toSorted();
}

/** A policy that lets nobody delete a ConfigMap in a namespace: itself, and what binds it. */
function denial(namespace: string): readonly [JsonObject, JsonObject] {
  const base = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: `no-deletion.${namespace}` } };
  const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['DELETE'] };
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return [
    {
      ...base,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        matchConstraints: { resourceRules: [rule], namespaceSelector },
        validations: [{ expression: 'false', message: 'not now' }],
      },
    },
    {
      ...base,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: base.metadata.name, validationActions: ['Deny'] },
    },
  ];
}
