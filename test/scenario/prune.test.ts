/** What left the repository goes, and nothing else; and only with every proof. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { DoneTick } from '../../src/model/tick.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { formatId } from '../../src/object/id.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { appFile, clusterFile, fleetFile, placementFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu' | 'us'>;

before(async () => {
  world = await startWorld(['eu', 'us'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

/** A fleet on `eu` alone. */
function onEu(name: string): Promise<TestFleet<'eu'>> {
  return world.fleet(name, { clusters: ['eu'] });
}

describe('An object that left the repository', () => {
  it('is deleted, in the reverse of the order in which it was made, and nothing else is touched', async () => {
    await using fleet = await onEu('exactly');
    await world.clusters.eu.api.create(object('exactly', 'of-nobody'));
    fleet.commit({
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/goes.yaml': `
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: goes}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: goes}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: goes}
        spec: {ports: [{port: 80}]}
      `,
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(writesAmong(requests)), [
      'update configmaps muster-system/exactly.shop',
      'delete services exactly/goes',
      'delete configmaps exactly/goes',
      'delete serviceaccounts exactly/goes',
      'update configmaps muster-system/exactly.shop',
    ]);
    assert.deepEqual(await names(fleet), ['kube-root-ca.crt', 'of-nobody', 'stays', 'tools']);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap exactly/stays']);
  });

  it('and was renamed is replaced: the new name comes first, then the old one goes', async () => {
    await using fleet = await onEu('renamed');
    fleet.commit({ 'apps/shop/base/settings.yaml': configMap('old') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/settings.yaml': configMap('new') });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(objectWrites(requests)), [
      'apply configmaps renamed/new',
      'delete configmaps renamed/old',
    ]);
  });

  it('takes its dependents along: the Pods of a Job do not stay behind', async () => {
    await using fleet = await onEu('job');
    fleet.commit({
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/job.yaml': `
        apiVersion: batch/v1
        kind: Job
        metadata: {name: work}
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: work, image: 'work:1'}]
      `,
    });
    const pods = async (): Promise<number> => (await world.clusters.eu.api.list('v1', 'Pod', 'job')).length;
    await fleet.tick();
    await eventually(async () => assert.equal(await pods(), 1));

    fleet.commit({ 'apps/shop/base/job.yaml': null });
    await fleet.sync();

    await eventually(async () => assert.equal(await pods(), 0));
  });

  it('and changed since it was looked at is not deleted before it is looked at again', async () => {
    await using fleet = await onEu('changed');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/goes.yaml': configMap('goes') });
    await fleet.sync();
    const { uid } = mapAt(await fleet.get('v1', 'ConfigMap', 'goes'), 'metadata');

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const tick = await fleet.tick('eu', {
      beforeWrite: async (_number, what) => {
        if (what !== 'delete ConfigMap changed/goes') return;
        await world.clusters.eu.api.patch(target('changed', 'goes'), { data: { saved: 'here' } });
      },
    });

    assert.equal(mapAt(await fleet.get('v1', 'ConfigMap', 'goes'), 'metadata')['uid'], uid);
    assert.deepEqual(assessCluster(tick), {
      state: 'pending',
      text: 'ConfigMap changed/goes: it changed in this moment, and is looked at again',
    });
  });

  it('and was replaced since it was looked at is another object, which stays for good', async () => {
    await using fleet = await onEu('replaced-late');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/goes.yaml': configMap('goes') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    await fleet.tick('eu', {
      beforeWrite: async (_number, what) => {
        if (what !== 'delete ConfigMap replaced-late/goes') return;
        await world.clusters.eu.api.delete('v1', 'ConfigMap', 'replaced-late', 'goes');
        await world.clusters.eu.api.create(object('replaced-late', 'goes'));
      },
    });
    await fleet.sync();

    assert.ok((await fleet.get('v1', 'ConfigMap', 'goes')) !== undefined);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap replaced-late/stays']);
  });

  it('and was replaced by somebody else long before stays, and leaves the record', async () => {
    await using fleet = await onEu('replaced');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/goes.yaml': configMap('goes') });
    await fleet.sync();
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'replaced', 'goes');
    await world.clusters.eu.api.create(object('replaced', 'goes'));

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'goes')) !== undefined);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap replaced/stays']);
  });

  it('and is gone already only leaves the record', async () => {
    await using fleet = await onEu('gone');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/goes.yaml': configMap('goes') });
    await fleet.sync();
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'gone', 'goes');

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(writesAmong(requests)), ['update configmaps muster-system/gone.shop']);
  });

  it('and is held by a finalizer is asked to go once, and stays in the record until it is gone', async () => {
    await using fleet = await onEu('finalizer');
    fleet.commit({
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/goes.yaml':
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: goes, finalizers: [example.com/wait]}}',
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(objectWrites(requests)), ['delete configmaps finalizer/goes']);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap finalizer/goes', 'ConfigMap finalizer/stays']);
    assert.equal(
      assessCluster(await fleet.tick()).text,
      'ConfigMap finalizer/goes is not deleted: its deletion is under way',
    );

    await world.clusters.eu.api.patch(target('finalizer', 'goes'), { metadata: { finalizers: null } });
    await fleet.sync();
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap finalizer/stays']);
  });

  it('and that we may not delete stays in the record, and goes when we may', async () => {
    await using fleet = await world.fleet('denied', { clusters: ['eu'], kubeconfig: await kubeconfigOf('denied') });
    const { api } = world.clusters.eu;
    const rule = (verbs: readonly string[]): JsonObject => ({ apiGroups: ['*'], resources: ['*'], verbs });
    const role = (verbs: readonly string[]): Promise<JsonObject> =>
      api.apply({ ...RBAC, kind: 'ClusterRole', metadata: { name: 'denied' }, rules: [rule(verbs)] });
    const most = ['get', 'list', 'watch', 'create', 'update', 'patch'];
    await role(most);
    await bind('denied');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/goes.yaml': configMap('goes') });
    await eventually(() => fleet.sync());

    fleet.commit({ 'apps/shop/base/goes.yaml': null });
    const verdict = assessCluster(await fleet.tick());
    assert.equal(verdict.state, 'failure');
    assert.match(verdict.text, /^ConfigMap denied\/goes: configmaps "goes" is forbidden: User "denied" cannot delete/);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap denied/goes', 'ConfigMap denied/stays']);

    await role([...most, 'delete']);
    await fleet.sync();
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap denied/stays']);
  });

  it('stays while its kind cannot be listed, and the other kinds go on', async () => {
    await using fleet = await world.fleet('unlisted', { clusters: ['eu'], kubeconfig: await kubeconfigOf('unlisted') });
    const { api } = world.clusters.eu;
    const role = (services: readonly string[]): Promise<JsonObject> =>
      api.apply({
        ...RBAC,
        kind: 'ClusterRole',
        metadata: { name: 'unlisted' },
        rules: [
          { apiGroups: [''], resources: ['configmaps', 'namespaces'], verbs: ['*'] },
          { apiGroups: [''], resources: ['services'], verbs: services },
        ],
      });
    await role(['*']);
    await bind('unlisted');
    fleet.commit({
      'apps/shop/base/goes.yaml': configMap('goes'),
      'apps/shop/base/service.yaml':
        '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}',
      'apps/shop/base/stays.yaml': configMap('stays'),
    });
    await eventually(() => fleet.sync());

    await role(['get', 'create', 'patch', 'delete']);
    fleet.commit({
      'apps/shop/base/goes.yaml': null,
      'apps/shop/base/service.yaml': null,
      'apps/shop/base/new.yaml': configMap('new'),
    });
    await eventually(async () =>
      assert.match(assessCluster(await fleet.tick()).text, /Service unlisted\/web is not deleted/),
    );

    assert.match(
      assessCluster(await fleet.tick()).text,
      /^Service unlisted\/web is not deleted: its kind could not be read: services is forbidden: User "unlisted" cannot list/,
    );
    assert.ok((await fleet.get('v1', 'Service', 'web')) !== undefined);
    assert.deepEqual(await names(fleet), ['kube-root-ca.crt', 'new', 'stays']);
    await role(['*']);
    await eventually(() => fleet.sync());
    assert.equal(await fleet.get('v1', 'Service', 'web'), undefined);
  });

  it('stays while another object of its app waits: nothing is deleted before everything is applied', async () => {
    await using fleet = await onEu('waits');
    const settings = fleetFile('waits', {
      kinds: [{ apiVersion: 'waits.example.com/v1', kind: 'Widget', namespaced: true }],
    });
    fleet.commit({
      'fleet.yaml': settings,
      'apps/shop/base/goes.yaml': configMap('goes'),
      'apps/shop/base/stays.yaml': configMap('stays'),
    });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/goes.yaml': null,
      'apps/shop/base/widget.yaml': '{apiVersion: waits.example.com/v1, kind: Widget, metadata: {name: a}}',
    });
    await fleet.tick();
    await fleet.tick();
    assert.ok((await fleet.get('v1', 'ConfigMap', 'goes')) !== undefined);

    fleet.commit({ 'apps/shop/base/widget.yaml': null });
    await fleet.sync();
    assert.equal(await fleet.get('v1', 'ConfigMap', 'goes'), undefined);
  });
});

describe('A guard', () => {
  it('keeps what is annotated muster.dev/prune: "false", and lets go of it', async () => {
    await using fleet = await onEu('keep');
    fleet.commit({
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/kept.yaml': configMap('kept', { 'muster.dev/prune': 'false' }),
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/kept.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'kept')) !== undefined);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap keep/stays']);
  });

  it('keeps what somebody annotated so in the cluster', async () => {
    await using fleet = await onEu('keep-live');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/kept.yaml': configMap('kept') });
    await fleet.sync();
    const annotations = { 'muster.dev/prune': 'false' };
    await world.clusters.eu.api.patch(target('keep-live', 'kept'), { metadata: { annotations } });

    fleet.commit({ 'apps/shop/base/kept.yaml': null });
    await fleet.sync();

    assert.ok((await fleet.get('v1', 'ConfigMap', 'kept')) !== undefined);
  });

  it('keeps an object that got an owner in the cluster, and says so', async () => {
    await using fleet = await onEu('owned');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/kept.yaml': configMap('kept') });
    await fleet.sync();
    const uid = textAt(await fleet.get('v1', 'ConfigMap', 'stays'), 'metadata', 'uid') ?? '';
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'stays', uid }];
    await world.clusters.eu.api.patch(target('owned', 'kept'), { metadata: { ownerReferences } });

    fleet.commit({ 'apps/shop/base/kept.yaml': null });
    await fleet.tick();

    assert.equal(
      assessCluster(await fleet.tick()).text,
      'ConfigMap owned/kept is not deleted: it is owned by ConfigMap stays',
    );
    assert.ok((await fleet.get('v1', 'ConfigMap', 'kept')) !== undefined);
  });

  it('keeps an object whose ownership label somebody changed, and says so', async () => {
    await using fleet = await onEu('relabelled');
    fleet.commit({ 'apps/shop/base/stays.yaml': configMap('stays'), 'apps/shop/base/kept.yaml': configMap('kept') });
    await fleet.sync();
    await world.clusters.eu.api.patch(target('relabelled', 'kept'), {
      metadata: { labels: { 'applyset.kubernetes.io/part-of': null } },
    });

    fleet.commit({ 'apps/shop/base/kept.yaml': null });
    await fleet.tick();

    assert.equal(
      assessCluster(await fleet.tick()).text,
      'ConfigMap relabelled/kept is not deleted: its ownership label was changed by hand',
    );
    assert.ok((await fleet.get('v1', 'ConfigMap', 'kept')) !== undefined);
  });

  it('keeps protected kinds until the app frees them, kind by kind', async () => {
    await using fleet = await onEu('protected');
    fleet.commit({
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/kept.yaml': `
        apiVersion: v1
        kind: Namespace
        metadata: {name: protected-extra}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      `,
    });
    await fleet.tick();
    await fleet.tick();

    fleet.commit({ 'apps/shop/base/kept.yaml': null });
    const requests = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.match(
      assessCluster(await fleet.tick()).text,
      /^in sync: 1 object of 1 app; 2 left the repository and stay: \S+ \S+ \(\w+ is protected\. List the kind in spec\.unprotect/,
    );

    fleet.commit({ 'apps/shop/app.yaml': appFile('shop', { unprotect: ['PersistentVolumeClaim'] }) });
    await fleet.tick();
    await eventually(async () => {
      assert.equal(await fleet.get('v1', 'PersistentVolumeClaim', 'data'), undefined);
    });
    const namespace = await fleet.get('v1', 'Namespace', 'protected-extra');
    assert.equal(textAt(namespace, 'status', 'phase'), 'Active');
  });

  it('keeps to what an app said of protected kinds when it leaves the repository, and says how to change it', async () => {
    await using fleet = await onEu('leaves');
    const files = (app: string, unprotect: readonly string[]): Record<string, string> => ({
      [`apps/${app}/app.yaml`]: appFile(app, { unprotect }),
      [`apps/${app}/base/all.yaml`]: `{apiVersion: v1, kind: Namespace, metadata: {name: of-${app}}}`,
    });
    fleet.commit({
      ...files('free', ['Namespace']),
      ...files('bound', []),
      'apps/shop/base/stays.yaml': configMap('stays'),
    });
    await fleet.sync();

    fleet.commit(
      Object.fromEntries(['free', 'bound'].flatMap((app) => Object.keys(files(app, [])).map((path) => [path, null]))),
    );
    await fleet.tick();
    await eventually(async () => assert.equal(await fleet.get('v1', 'Namespace', 'of-free'), undefined));
    assert.match(
      assessCluster(await fleet.tick()).text,
      /1 left the repository and stays: Namespace of-bound \(Namespace is protected\. List the kind in spec\.unprotect of the app, which has to come back for that,/,
    );
  });

  it('keeps the namespaces that a cluster cannot do without, whatever the app says', async () => {
    await using fleet = await onEu('system');
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['Namespace'] }),
      'apps/shop/base/stays.yaml': configMap('stays'),
      'apps/shop/base/namespace.yaml':
        '{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {team: a}}}',
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/namespace.yaml': null });
    await fleet.tick();

    assert.match(
      assessCluster(await fleet.tick()).text,
      /^in sync: 1 object of 1 app; 1 left the repository and stays: Namespace default \(the cluster cannot do without it\)$/,
    );
    assert.equal(textAt(await fleet.get('v1', 'Namespace', 'default'), 'status', 'phase'), 'Active');
  });

  it('keeps everything of an app with prune: false, also when the whole app leaves', async () => {
    await using fleet = await onEu('no-prune');
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { prune: false }),
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/b.yaml': configMap('b'),
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/a.yaml': null });
    await fleet.sync();
    fleet.commit({ 'apps/shop/app.yaml': null, 'apps/shop/base/b.yaml': null });
    await fleet.restart();
    await fleet.sync();

    assert.deepEqual(await names(fleet), ['a', 'b', 'kube-root-ca.crt', 'tools']);
    assert.equal(await fleet.inventory('shop'), undefined);
  });
});

describe('The budget', () => {
  const budget = (approvals: readonly string[] = []): string =>
    fleetFile('budget', { guards: { maxDelete: 1, maxDeletePercent: 0 }, approvals });
  const three = { 'apps/shop/base/a.yaml': null, 'apps/shop/base/b.yaml': null, 'apps/shop/base/c.yaml': null };

  it('holds more deletions than it allows under a digest, over restarts, until exactly they are approved', async () => {
    await using fleet = await onEu('budget');
    fleet.commit({
      'fleet.yaml': budget(),
      ...Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`apps/shop/base/${name}.yaml`, configMap(name)])),
    });
    await fleet.sync();

    const revision = fleet.commit(three);
    const held = await fleet.tick();
    const digest = digestOf(held);
    assert.deepEqual(assessCluster(held), {
      state: 'pending',
      text: `app shop: muster approve ${digest} (3 of 5 objects would be deleted, and 1 may be without approval)`,
    });
    await fleet.restart();
    assert.equal(digestOf(await fleet.tick()), digest, 'the same list has the same digest');
    assert.deepEqual(await names(fleet), ['a', 'b', 'c', 'd', 'e', 'kube-root-ca.crt']);

    fleet.commit({ 'fleet.yaml': budget([`sha256:${'0'.repeat(32)}`]) });
    await fleet.tick();
    assert.equal((await names(fleet)).length, 6, 'another digest approves nothing');

    fleet.commit({ 'fleet.yaml': budget([digest]), 'apps/shop/base/d.yaml': null });
    const changed = await fleet.tick();
    assert.notEqual(digestOf(changed), digest, 'a longer list is another one');
    assert.equal((await names(fleet)).length, 6, 'and the old approval approves nothing of it');

    fleet.commit({ 'apps/shop/base/d.yaml': configMap('d') });
    await fleet.sync();
    assert.deepEqual(await names(fleet), ['d', 'e', 'kube-root-ca.crt']);
    assert.notEqual(revision, '');
  });

  it('lets the applies of the commit through while the deletions wait', async () => {
    await using fleet = await onEu('budget-apply');
    const settings = fleetFile('budget-apply', { guards: { maxDelete: 0, maxDeletePercent: 0 } });
    fleet.commit({ 'fleet.yaml': settings, 'apps/shop/base/a.yaml': configMap('a') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/a.yaml': null, 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.tick();

    assert.deepEqual(await names(fleet), ['a', 'b', 'kube-root-ca.crt']);
  });

  it('counts for an app that leaves the repository with all its objects', async () => {
    await using fleet = await onEu('budget-app');
    const settings = (approvals: readonly string[]): string =>
      fleetFile('budget-app', { guards: { maxDelete: 2, maxDeletePercent: 0 }, approvals });
    fleet.commit({
      'fleet.yaml': settings([]),
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/b.yaml': configMap('b'),
      'apps/shop/base/c.yaml': configMap('c'),
      'apps/small/base/d.yaml': configMap('d'),
      'apps/tools/base/tools.yaml': configMap('tools'),
    });
    await fleet.sync();

    fleet.commit({ ...three, 'apps/small/base/d.yaml': null });
    const tick = await fleet.tick();
    assert.deepEqual(await names(fleet), ['a', 'b', 'c', 'kube-root-ca.crt', 'tools'], 'the small app is within it');

    fleet.commit({ 'fleet.yaml': settings([digestOf(tick)]) });
    await fleet.sync();
    assert.deepEqual(await names(fleet), ['kube-root-ca.crt', 'tools']);
    assert.equal(await fleet.inventory('shop'), undefined);
    assert.equal(await fleet.inventory('small'), undefined);
  });
});

describe('An app that is not placed on a cluster any more', () => {
  it('leaves its objects there, unmanaged, unless it says otherwise', async () => {
    await using fleet = await world.fleet('orphan');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/tools.yaml': configMap('tools') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/placement.yaml': placementFile('shop', { names: ['us'] }) });
    await fleet.sync();

    assert.ok((await fleet.get('v1', 'ConfigMap', 'a', 'eu')) !== undefined);
    assert.equal(await fleet.inventory('shop', 'eu'), undefined);
    assert.deepEqual(await owned(fleet, 'shop', 'us'), ['ConfigMap orphan/a']);
  });

  it('and prunes on unplacing goes from one cluster at once, and from two only with approval', async () => {
    await using fleet = await world.fleet('unplaced');
    const settings = (approvals: readonly string[]): string =>
      fleetFile('unplaced', { defaults: { namespace: 'unplaced', onUnplace: 'prune' }, approvals });
    fleet.commit({
      'fleet.yaml': settings([]),
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/tools/base/tools.yaml': configMap('tools'),
      'apps/tools/placement.yaml': placementFile('tools', { names: ['eu', 'us'] }),
    });
    await fleet.sync();
    await using loop = fleet.control();

    fleet.commit({ 'apps/shop/placement.yaml': placementFile('shop', { names: ['us'] }) });
    await eventually(async () => assert.equal(await fleet.get('v1', 'ConfigMap', 'a', 'eu'), undefined));
    assert.ok((await fleet.get('v1', 'ConfigMap', 'a', 'us')) !== undefined);
    fleet.commit({ 'apps/shop/placement.yaml': placementFile('shop', { names: ['eu', 'us'] }) });
    await eventually(() => assert.equal(loop.statuses()['muster/fleet'], 'success: 2/2 clusters in sync'));

    // A placement must select something: a third cluster, which nobody can reach.
    fleet.commit({
      'clusters/none.yaml': clusterFile('none'),
      'apps/shop/placement.yaml': placementFile('shop', { names: ['none'] }),
    });
    const statuses = await eventually(() => {
      const { 'muster/eu': eu = '', 'muster/us': us = '' } = loop.statuses();
      for (const text of [eu, us]) {
        assert.match(
          text,
          /^pending: app shop: muster approve sha256:\w{32} \(the app leaves 2 clusters, and 1 may be left without approval\)/,
        );
      }
      return [eu, us];
    });
    assert.ok((await fleet.get('v1', 'ConfigMap', 'a', 'eu')) !== undefined);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'a', 'us')) !== undefined);

    const digests = statuses.map((text) => /sha256:\w+/.exec(text)?.[0] ?? assert.fail());
    fleet.commit({ 'fleet.yaml': settings(digests) });
    await eventually(async () => {
      assert.equal(await fleet.get('v1', 'ConfigMap', 'a', 'eu'), undefined);
      assert.equal(await fleet.get('v1', 'ConfigMap', 'a', 'us'), undefined);
    });
  });
});

describe('An object that moves', () => {
  it('with its whole app to another name keeps its identity', async () => {
    await using fleet = await onEu('rename-app');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    const before = await uids(fleet);

    fleet.commit({
      'apps/shop/base/a.yaml': null,
      'apps/shop/base/b.yaml': null,
      'apps/store/base/a.yaml': configMap('a'),
      'apps/store/base/b.yaml': configMap('b'),
    });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(await uids(fleet), before);
    assert.deepEqual(printRequests(objectWrites(requests)).toSorted(), [
      'apply configmaps rename-app/a',
      'apply configmaps rename-app/b',
    ]);
    assert.deepEqual(await owned(fleet, 'store'), ['ConfigMap rename-app/a', 'ConfigMap rename-app/b']);
    assert.equal(await fleet.inventory('shop'), undefined);
  });

  it('from an app that stays to another keeps its identity, whatever the old app says of pruning', async () => {
    await using fleet = await onEu('move');
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { prune: false }),
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/b.yaml': configMap('b'),
      'apps/tools/base/c.yaml': configMap('c'),
    });
    await fleet.sync();
    const before = await uids(fleet);

    fleet.commit({ 'apps/shop/base/a.yaml': null, 'apps/tools/base/a.yaml': configMap('a', {}, { moved: 'yes' }) });
    await fleet.sync();

    assert.deepEqual(await uids(fleet), before);
    assert.deepEqual(await owned(fleet, 'tools'), ['ConfigMap move/a', 'ConfigMap move/c']);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap move/b']);
  });

  it('unchanged, a moment after it was looked at, gets the label of the app that it moved to', async () => {
    await using fleet = await onEu('move-soon');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/c.yaml': configMap('c') });
    await fleet.sync();
    // Without its record it is looked at again, and the answer is remembered.
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'muster-system', 'move-soon.shop');
    await fleet.tick();

    fleet.commit({ 'apps/shop/base/a.yaml': null, 'apps/tools/base/a.yaml': configMap('a') });
    await fleet.sync();

    const labels = mapAt(await fleet.get('v1', 'ConfigMap', 'a'), 'metadata', 'labels');
    assert.equal(labels[PART_OF_LABEL], applySetId('move-soon', 'tools'));
  });

  it('to an app that is held back stays with the old one until the new one can take it', async () => {
    await using fleet = await onEu('move-late');
    fleet.commit({
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/b.yaml': configMap('b'),
      'apps/tools/base/c.yaml': configMap('c'),
    });
    await fleet.sync();
    const before = await uids(fleet);
    const invalid = '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 99999}]}}';

    fleet.commit({
      'apps/shop/base/a.yaml': null,
      'apps/tools/base/a.yaml': configMap('a'),
      'apps/tools/base/invalid.yaml': invalid,
    });
    await fleet.tick();
    await fleet.tick();
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap move-late/a', 'ConfigMap move-late/b']);
    await fleet.restart();
    fleet.commit({ 'apps/tools/base/invalid.yaml': null });
    await fleet.sync();

    assert.deepEqual(await uids(fleet), before);
    assert.deepEqual(await owned(fleet, 'tools'), ['ConfigMap move-late/a', 'ConfigMap move-late/c']);
    assert.deepEqual(await owned(fleet, 'shop'), ['ConfigMap move-late/b']);
  });

  it('to an app that cannot be rendered stays where it is, and so does everything that leaves meanwhile', async () => {
    await using fleet = await onEu('move-broken');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/c.yaml': configMap('c') });
    await fleet.sync();
    const before = await uids(fleet);

    const broken = '{apiVersion: v1, kind: ConfigMap, metadata: {name: b, generateName: oops}}';
    fleet.commit(
      { 'apps/shop/base/a.yaml': null, 'apps/store/base/a.yaml': configMap('a'), 'apps/store/base/b.yaml': broken },
      { errors: ['apps/store/base/b.yaml:1: NOT_DECLARATIVE'] },
    );
    const requests = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(requests)), []);
    fleet.commit({ 'apps/store/base/b.yaml': null });
    await fleet.sync();

    assert.deepEqual(await uids(fleet), before);
    assert.deepEqual(await owned(fleet, 'store'), ['ConfigMap move-broken/a']);
  });

  it('to another API group is the same object, and is not deleted under its old name', async () => {
    await using fleet = await onEu('group');
    // Events are the one kind that a present API server still serves in two groups.
    const facts = {
      metadata: { name: 'happened' },
      type: 'Normal',
      reason: 'Tested',
      action: 'Test',
      reportingInstance: 'test',
      eventTime: '2026-01-01T00:00:00.000000Z',
    };
    const about = { kind: 'ConfigMap', namespace: 'group', name: 'a' };
    const settings = fleetFile('group', {
      kinds: [{ apiVersion: 'events.k8s.io/v1', kind: 'Event', namespaced: true }],
    });
    fleet.commit({
      'fleet.yaml': settings,
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/event.json': printJson({
        apiVersion: 'v1',
        kind: 'Event',
        ...facts,
        reportingComponent: 'example.com/test',
        involvedObject: about,
      }),
    });
    await fleet.sync();
    const uid = textAt(await fleet.get('v1', 'Event', 'happened'), 'metadata', 'uid');

    fleet.commit({
      'apps/shop/base/event.json': printJson({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        ...facts,
        reportingController: 'example.com/test',
        regarding: about,
      }),
    });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(
      printRequests(requests).filter((line) => line.startsWith('delete')),
      [],
    );
    assert.equal(textAt(await fleet.get('events.k8s.io/v1', 'Event', 'happened'), 'metadata', 'uid'), uid);
    assert.equal((await fleet.inventory('shop'))?.entries.length, 2);
  });
});

const RBAC = { apiVersion: 'rbac.authorization.k8s.io/v1' };

/** A kubeconfig of a user who may do what the ClusterRole of the same name says. */
async function kubeconfigOf(user: string): Promise<string> {
  const folder = await temporaryFolder();
  after(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'kubeconfig');
  await writeFile(path, world.clusters.eu.plane.kubeconfigFor(user, []));
  return path;
}

function bind(user: string): Promise<JsonObject> {
  return world.clusters.eu.api.apply({
    ...RBAC,
    kind: 'ClusterRoleBinding',
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: user },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
}

function configMap(name: string, annotations: JsonObject = {}, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, annotations }, data });
}

function object(namespace: string, name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } };
}

function target(
  namespace: string,
  name: string,
): { apiVersion: string; kind: string; namespace: string; name: string } {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name };
}

/** ConfigMaps in the namespace of a fleet on `eu`. */
async function names(fleet: { readonly name: string }): Promise<readonly string[]> {
  const items = await world.clusters.eu.api.list('v1', 'ConfigMap', fleet.name);
  return items.map((each) => textAt(each, 'metadata', 'name') ?? '').toSorted();
}

async function uids(fleet: { readonly name: string }): Promise<Readonly<Record<string, string>>> {
  const items = await world.clusters.eu.api.list('v1', 'ConfigMap', fleet.name);
  return Object.fromEntries(
    items.map((each) => [textAt(each, 'metadata', 'name') ?? '', textAt(each, 'metadata', 'uid') ?? '']),
  );
}

async function owned<Name extends string>(
  fleet: TestFleet<Name>,
  app: string,
  cluster?: Name,
): Promise<readonly string[]> {
  const inventory = await fleet.inventory(app, cluster);
  return (inventory?.entries ?? []).map((entry) => formatId(entry.id)).toSorted();
}

function digestOf(tick: DoneTick): string {
  return tick.plan.apps.find((app) => app.approval !== undefined)?.approval?.digest ?? assert.fail('nothing waits');
}
