/** Order, others who write, and credentials that allow little. Ids are those of the project's list of cases. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { realClock } from '../../src/cli/real-clock.ts';
import { statusDocument } from '../../src/cli/status-document.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt, parseJson, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { appFile, fleetFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { definition, widget } from './support/manifests.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu'>;
let home: string;
const resources = new AsyncDisposableStack();

before(async () => {
  world = resources.use(await startWorld(['eu'], { controllerManager: true }));
  home = resources.use(await temporaryFolder()).path;
});
after(() => resources.disposeAsync());

describe('A commit', () => {
  it('that brings a definition and a resource of it fails at no time on its way [A1, A3]', async () => {
    await using fleet = await world.fleet('brings');
    fleet.commit({
      'apps/shop/base/1-widget.yaml': widget('brings', { metadata: { name: 'w', namespace: 'brings-new' } }),
      'apps/shop/base/2-settings.yaml': configMap('settings', {
        metadata: { name: 'settings', namespace: 'brings-new' },
      }),
      'apps/shop/base/3-definition.yaml': definition('brings'),
      'apps/shop/base/4-namespace.yaml': printJson({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'brings-new' },
      }),
    });

    const requests = await fleet.requestsDuring(() =>
      eventually(async () => {
        const { state, text } = assessCluster(await fleet.tick());
        assert.ok(state === 'success' || state === 'pending', `${state}: ${text}`);
        assert.equal(state, 'success', text);
      }),
    );

    const writes = printRequests(objectWrites(requests));
    assert.deepEqual(writes.slice(0, 2).toSorted(), [
      'apply apiextensions.k8s.io/customresourcedefinitions widgets.brings.example.com',
      'apply namespaces brings-new/brings-new',
    ]);
    assert.deepEqual(writes.slice(2), [
      'apply configmaps brings-new/settings',
      'apply brings.example.com/widgets brings-new/w',
    ]);
  });

  it('with a resource whose definition somebody brings later waits for it, and is done as soon as it is there [K7]', async () => {
    await using fleet = await world.fleet('later');
    const kinds = [{ apiVersion: 'later.example.com/v1', kind: 'Widget', namespaced: true }];
    fleet.commit({
      'fleet.yaml': fleetFile('later', { kinds }),
      'apps/shop/base/w.yaml': widget('later'),
      'apps/shop/base/a.yaml': configMap('a'),
    });
    await using loop = fleet.control();
    await eventually(() =>
      assert.equal(
        loop.statuses()['muster/eu'],
        'pending: Widget later/w: waiting for kind Widget of "later.example.com/v1": the cluster does not serve it, +1',
      ),
    );
    assert.ok((await fleet.get('v1', 'ConfigMap', 'a')) !== undefined, 'the rest of its app goes on');

    await world.clusters.eu.api.create(parsed(definition('later')));

    await eventually(() => assert.equal(loop.statuses()['muster/eu'], 'success: in sync: 2 objects of 1 app'));
  });

  it('with one wave is done when it is applied; how healthy it is stands for itself [A7]', async () => {
    await using fleet = await world.fleet('unhealthy');
    fleet.commit({ 'apps/shop/base/claim.yaml': UNBOUND, 'apps/shop/base/a.yaml': configMap('a') });

    const requests = await fleet.requestsDuring(() => fleet.tick());
    const second = await fleet.requestsDuring(async () => {
      assert.equal(assessCluster(await fleet.tick()).state, 'pending');
    });

    assert.equal(objectWrites(requests).length, 2);
    assert.deepEqual(printRequests(objectWrites(second)), []);
  });

  it('deletes nothing before the last wave is applied, and the one before it is Current [A9]', async () => {
    await using fleet = await world.fleet('last');
    fleet.commit({ 'apps/shop/base/old.yaml': configMap('old'), 'apps/shop/base/a.yaml': configMap('a') });
    await fleet.sync();

    const late = { metadata: { name: 'late', annotations: { 'muster.dev/wave': '1' } } };
    fleet.commit({
      'apps/shop/base/old.yaml': null,
      'apps/shop/base/claim.yaml': UNBOUND,
      'apps/shop/base/late.yaml': configMap('late', late),
    });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      assert.match(assessCluster(await fleet.tick()).text, /waiting for wave 0: PersistentVolumeClaim last\/unbound/);
    });
    assert.deepEqual(printRequests(objectWrites(requests)), ['apply persistentvolumeclaims last/unbound']);

    fleet.commit({ 'apps/shop/base/claim.yaml': null, 'apps/shop/app.yaml': appFile('shop', { unprotect: CLAIMS }) });
    await eventually(() => fleet.sync());
    assert.equal(await fleet.get('v1', 'ConfigMap', 'old'), undefined);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'late')) !== undefined);
  });

  it('whose first wave somebody deletes while the second waits makes it again, and does not wait for ever [A5]', async () => {
    await using fleet = await world.fleet('midstep');
    const late = { metadata: { name: 'late', annotations: { 'muster.dev/wave': '1' } } };
    fleet.commit({ 'apps/shop/base/claim.yaml': UNBOUND, 'apps/shop/base/late.yaml': configMap('late', late) });
    await fleet.tick();
    const { api } = world.clusters.eu;
    await api.delete('v1', 'PersistentVolumeClaim', 'midstep', 'unbound');
    await eventually(async () => assert.equal(await fleet.get('v1', 'PersistentVolumeClaim', 'unbound'), undefined));

    const tick = await fleet.tick();

    assert.deepEqual(
      tick.drift.objects.map(({ id, state }) => `${id.name} ${state}`),
      ['unbound missing', 'late absent'],
    );
    assert.ok((await fleet.get('v1', 'PersistentVolumeClaim', 'unbound')) !== undefined);
    assert.equal(await fleet.get('v1', 'ConfigMap', 'late'), undefined);
  });
});

describe('An object that two apps want', () => {
  it('is an error of both files before anything is written, and stays as it is until one of them has it no more', async () => {
    await using fleet = await world.fleet('both');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a', { data: { of: 'shop' } }) });
    await fleet.sync();

    const errors = ['apps/shop/base/a.yaml:1: DUPLICATE_OBJECT', 'apps/tools/base/same.yaml:1: DUPLICATE_OBJECT'];
    const same = { 'apps/tools/base/same.yaml': configMap('a', { data: { of: 'tools' } }) };
    fleet.commit({ ...same, 'apps/tools/base/b.yaml': configMap('b') }, { errors });
    const requests = await fleet.requestsDuring(async () => {
      const { state, text } = assessCluster(await fleet.tick());
      assert.equal(state, 'failure');
      assert.match(text, /apps\/shop\/base\/a\.yaml:1:1: DUPLICATE_OBJECT: .*apps\/tools\/base\/same\.yaml:1/);
    });
    assert.deepEqual(printRequests(writesAmong(requests)), []);
    const { uid } = mapAt(await fleet.get('v1', 'ConfigMap', 'a'), 'metadata');

    fleet.commit({ 'apps/shop/base/a.yaml': configMap('c') });
    await fleet.sync();

    const moved = await fleet.get('v1', 'ConfigMap', 'a');
    assert.deepEqual([textAt(moved, 'data', 'of'), mapAt(moved, 'metadata')['uid']], ['tools', uid]);
  });
});

describe('Somebody who writes the same field again and again', () => {
  it('is fought less and less, is named with the field, and is forgotten when that stops [A23, K27]', async () => {
    let waitedMs = 0;
    const clock = { ...realClock, monotonicMs: () => realClock.monotonicMs() + waitedMs };
    await using fleet = await world.fleet('fight', { clock });
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a', { data: { colour: 'blue' } }) });
    await fleet.sync();
    const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'fight', name: 'a' };
    const edit = (colour: string): Promise<JsonObject> =>
      world.clusters.eu.api.patch(target, { data: { colour } }, { manager: 'kubectl-edit' });

    // Once a second for more than three minutes.
    const texts = new Set<string>();
    const requests = await fleet.requestsDuring(async () => {
      for (let second = 0; second < 200; second += 1) {
        waitedMs += 1000;
        await edit(`red-${second}`);
        const { text } = assessCluster(await fleet.tick());
        if (text.includes('a fight')) texts.add(text);
      }
    });

    assert.deepEqual(
      [...texts].toSorted(),
      [3, 4, 5].map(
        (times) =>
          `ConfigMap fight/a: a fight: "kubectl-edit" changes /data/colour whenever "muster" puts it right, ${times} times in a row; healing waits`,
      ),
    );
    assert.equal(objectWrites(requests).length, 5, 'at 1, 3, 9, 27 and 81 seconds, give or take one');

    waitedMs += 6 * 60_000;
    await fleet.tick();
    assert.equal(assessCluster(await fleet.tick()).state, 'success');
    waitedMs += 11 * 60_000;
    await edit('green');
    await fleet.tick();
    assert.equal(
      textAt(await fleet.get('v1', 'ConfigMap', 'a'), 'data', 'colour'),
      'blue',
      'at once, as the first time',
    );
  });
});

describe('Credentials', () => {
  it('for one namespace are enough for what is in it: its kinds are listed there, and what leaves it goes [A27]', async () => {
    await using fleet = world.sameFleet('single', { kubeconfig: await credentialsOf('single', NAMESPACED) });
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    const done = await eventually(() => fleet.sync());
    const tick = done.eu;
    assert.deepEqual(
      [...tick.observation.kinds.values()].map((kind) => (kind.state === 'listed' ? kind.namespaces : kind)),
      [['single']],
    );
    const state = { head: tick.revision, ticks: new Map([['eu', tick]]), healed: new Map() };
    const fleetState = { ...state, live: { ...LIVE, revision: tick.revision, clusters: [tick.target] } };
    const clusters = mapAt(parseJson(statusDocument(fleetState)), 'clusters', 'eu');
    assert.deepEqual(clusters['listedOnlyIn'], { ConfigMap: ['single'] });
    await fleet.restart();

    fleet.commit({ 'apps/shop/base/b.yaml': null });
    const writes = await writesOf('single', () => fleet.sync());

    assert.deepEqual(
      writes.filter((line) => !line.includes('muster-system')),
      ['delete configmaps single/b'],
    );
  });

  it('that may list a kind nowhere prove nothing: it is unknown, and stays [A27]', async () => {
    const rules = NAMESPACED.map((rule) => ({ ...rule, verbs: ['get', 'create', 'patch', 'delete'] }));
    const kubeconfig = await credentialsOf('blind', rules);
    await using admin = world.sameFleet('blind');
    admin.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await admin.sync();
    await using fleet = world.sameFleet('blind', { kubeconfig });
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a', { data: { version: '2' } }) });

    const writes = await writesOf('blind', async () => {
      const { state, text } = assessCluster(await fleet.tick());
      assert.equal(state, 'error');
      assert.match(text, /configmaps is forbidden: User "blind" cannot list resource "configmaps"/);
    });

    assert.deepEqual(writes, []);
    assert.equal((await fleet.inventory('shop'))?.entries.length, 2);
  });

  it('that do not allow one kind name it and write nothing of it; what they allow goes on [A15]', async () => {
    await using fleet = world.sameFleet('narrow', { kubeconfig: await credentialsOf('narrow', NAMESPACED) });
    fleet.commit({
      'apps/shop/base/a.yaml': configMap('a'),
      'apps/shop/base/s.yaml': printJson({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }),
      'apps/tools/base/b.yaml': configMap('b'),
    });

    const writes = await writesOf('narrow', async () => {
      await fleet.tick();
      const { state, text } = assessCluster(await fleet.tick());
      assert.equal(state, 'error');
      assert.match(text, /Secret narrow\/s: secrets is forbidden: User "narrow" cannot list resource "secrets"/);
    });

    assert.ok(writes.length > 0 && !writes.some((line) => line.includes('secrets')), writes.join('\n'));
    assert.ok((await fleet.get('v1', 'ConfigMap', 'b')) !== undefined, 'what they allow goes on');
  });
});

const LIVE = {
  fleet: {
    name: 'single',
    defaults: { drift: 'heal', prune: true, onUnplace: 'orphan' },
    suspend: false,
    guards: { maxDelete: 5, maxDeletePercent: 30, maxLeaveClusters: 1, protect: [] },
    approvals: [],
    kinds: [],
    origin: { file: 'fleet.yaml', line: 1, column: 1 },
  },
  apps: ['shop'],
  clusterNames: ['eu'],
  diagnostics: [],
} as const;

const RBAC = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const API_GROUP = 'rbac.authorization.k8s.io';
const CLAIMS = ['PersistentVolumeClaim'];

const NAMESPACED: readonly JsonObject[] = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }];

/** A kubeconfig of a user who may do so much in the namespace of that name and in ours, and else only see which cluster it is. */
async function credentialsOf(user: string, rules: readonly JsonObject[]): Promise<string> {
  const { api, plane } = world.clusters.eu;
  const subjects = [{ apiGroup: API_GROUP, kind: 'User', name: user }];
  const identity = { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] };
  await api.apply({ ...RBAC, kind: 'ClusterRole', metadata: { name: user }, rules: [identity] });
  const clusterRole = { apiGroup: API_GROUP, kind: 'ClusterRole', name: user };
  await api.apply({ ...RBAC, kind: 'ClusterRoleBinding', metadata: { name: user }, roleRef: clusterRole, subjects });
  for (const namespace of [user, 'muster-system']) {
    await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const metadata = { name: user, namespace };
    const own = namespace === user ? rules : NAMESPACED;
    await api.apply({ ...RBAC, kind: 'Role', metadata, rules: own });
    const roleRef = { apiGroup: API_GROUP, kind: 'Role', name: user };
    await api.apply({ ...RBAC, kind: 'RoleBinding', metadata, roleRef, subjects });
  }
  const path = join(home, user);
  await writeFile(path, plane.kubeconfigFor(user, []));
  return path;
}

/** What a user changed while `call` ran. */
async function writesOf(user: string, call: () => Promise<unknown>): Promise<readonly string[]> {
  const { plane } = world.clusters.eu;
  const before = (await plane.requests()).length;
  await call();
  const asked = (await plane.requests()).slice(before).filter((each) => each.user === user);
  assert.ok(asked.length > 0, `${user} asked nothing`);
  return printRequests(writesAmong(asked));
}

/** It is Pending for ever: nobody provides a volume. */
const UNBOUND = printJson({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'unbound' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

function configMap(name: string, more: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });
}

function parsed(text: string): JsonObject {
  return mapAt({ value: parseJson(text) }, 'value');
}
