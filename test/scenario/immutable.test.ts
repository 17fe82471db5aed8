/** Changes that an API server allows only to a new object, and objects that nobody may lose by a slip. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile, fleetFile } from './support/fleet-files.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

const RECREATE = { 'muster.dev/on-immutable': 'recreate' };
const CONFIRM = { 'muster.dev/confirm-delete': 'true' };

describe('A change of a field that cannot be changed', () => {
  it('fails with the field and what to do, and deletes nothing that does not ask for it', async () => {
    await using fleet = await world.fleet('asks-not');
    fleet.commit({ 'apps/shop/base/token.json': sealed('YQ=='), 'apps/shop/base/plain.json': plain('1') });
    await fleet.sync();
    const uid = await uidOf(fleet, 'ConfigMap', 'sealed');

    fleet.commit({ 'apps/shop/base/token.json': sealed('Yg=='), 'apps/shop/base/plain.json': plain('2') });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.equal(await uidOf(fleet, 'ConfigMap', 'sealed'), uid);
    const { state, text } = assessCluster(await fleet.tick());
    assert.equal(state, 'failure');
    assert.match(text, /ConfigMap asks-not\/sealed: .*data: Forbidden: field is immutable when `immutable` is set/);
    assert.match(
      text,
      /Change it back, or let Muster delete it and make it anew with muster\.dev\/on-immutable: recreate$/,
    );
  });

  it('says what to do also where it is the only change, and is not tried again at each look', async () => {
    await using fleet = await world.fleet('alone');
    fleet.commit({ 'apps/shop/base/token.json': sealed('YQ==') });
    await fleet.sync();
    fleet.commit({ 'apps/shop/base/token.json': sealed('Yg==') });
    const remedy = /muster\.dev\/on-immutable: recreate$/;
    assert.match(assessCluster(await fleet.tick()).text, remedy);

    const requests = await fleet.requestsDuring(async () => {
      assert.match(assessCluster(await fleet.tick()).text, remedy);
    });
    assert.deepEqual(printRequests(objectWrites(requests)), []);
  });

  it('makes the object anew where it asks for that, and leaves all others as they are', async () => {
    await using fleet = await world.fleet('anew');
    fleet.commit({
      'apps/shop/base/token.json': sealed('YQ==', RECREATE, 'Secret'),
      'apps/shop/base/plain.json': plain('1'),
      'apps/shop/base/binding.json': binding('anew', 'view', RECREATE),
    });
    await fleet.sync();
    const [token, other] = [await uidOf(fleet, 'Secret', 'sealed'), await uidOf(fleet, 'ConfigMap', 'plain')];

    fleet.commit({
      'apps/shop/base/token.json': sealed('Yg==', RECREATE, 'Secret'),
      'apps/shop/base/binding.json': binding('anew', 'edit', RECREATE),
    });
    const first = await fleet.tick();
    assert.equal(assessCluster(first).state, 'pending');
    assert.doesNotMatch(JSON.stringify(first.drift), /Y[Qg]==/, 'no value of a Secret is shown');
    await fleet.sync();

    assert.deepEqual(mapAt(await fleet.get('v1', 'Secret', 'sealed'), 'data'), { token: 'Yg==' });
    assert.notEqual(await uidOf(fleet, 'Secret', 'sealed'), token);
    assert.equal(await uidOf(fleet, 'ConfigMap', 'plain'), other);
    const role = await world.clusters.eu.api.get('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', '', 'anew');
    assert.equal(textAt(role, 'roleRef', 'name'), 'edit');
    assert.equal((await fleet.inventory('shop'))?.entries.length, 3);
  });

  it('deletes with proof of which object is meant, and only after everything else was applied', async () => {
    await using fleet = await world.fleet('in-order');
    fleet.commit({
      'apps/shop/base/token.json': sealed('YQ==', RECREATE),
      'apps/shop/base/plain.json': plain('1'),
      'apps/shop/base/old.json': plain('1', 'old'),
    });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/token.json': sealed('Yg==', RECREATE),
      'apps/shop/base/plain.json': plain('2'),
      'apps/shop/base/old.json': null,
    });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(objectWrites(requests)), [
      'apply configmaps in-order/plain',
      'delete configmaps in-order/sealed',
      'apply configmaps in-order/sealed',
      'delete configmaps in-order/old',
    ]);
  });

  it('deletes nothing while another object of the app would be refused', async () => {
    await using fleet = await world.fleet('peer');
    fleet.commit({ 'apps/shop/base/token.json': sealed('YQ==', RECREATE) });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/token.json': sealed('Yg==', RECREATE),
      'apps/shop/base/web.yaml':
        '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 99999}]}}',
    });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /Service peer\/web: /);
  });

  it('deletes nothing where the new object would be refused for something else', async () => {
    await using fleet = await world.fleet('nonsense');
    const role = (kind: string, name: string): string =>
      printJson({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'web', annotations: RECREATE },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      });
    fleet.commit({ 'apps/shop/base/role.json': role('Role', 'a') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/role.json': role('Nonsense', 'a') });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /RoleBinding nonsense\/web: .*roleRef\.kind/);
  });

  it('deletes nothing where a policy would refuse the new object', async () => {
    await using fleet = await world.fleet('policy');
    fleet.commit({ 'apps/shop/base/token.json': sealed('YQ==', RECREATE) });
    await fleet.sync();
    for (const object of denial('policy')) await world.clusters.eu.api.apply(object);
    await eventually(() =>
      assert.rejects(
        world.clusters.eu.api.apply(
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'policy' } },
          { dryRun: true },
        ),
        /nothing new here/,
      ),
    );

    fleet.commit({ 'apps/shop/base/token.json': sealed('Yg==', RECREATE) });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /To make it anew is refused too: .*nothing new here/);
  });

  it('waits for a finalizer over the ticks, names it, fails after the timeout of its app, and holds up no other', async () => {
    await using fleet = await world.fleet('stuck');
    const files = (value: string, shop: string) => ({
      'apps/shop/app.yaml': appFile('shop', { timeout: '1ms' }),
      'apps/shop/base/token.json': sealed(value, RECREATE),
      'apps/tools/base/plain.json': plain(shop),
    });
    fleet.commit(files('YQ==', '1'));
    await fleet.sync();
    const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'stuck', name: 'sealed' };
    await world.clusters.eu.api.patch(target, { metadata: { finalizers: ['example.com/slow'] } });

    fleet.commit(files('Yg==', '2'));
    await fleet.tick();
    await fleet.tick();
    const { state, text } = assessCluster(await fleet.tick());

    assert.equal(state, 'failure');
    assert.match(
      text,
      /ConfigMap stuck\/sealed waiting for example\.com\/slow, longer than the 0\.001 s of its app's timeout/,
    );
    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'plain'), 'data', 'a'), '2');
    const quiet = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(quiet)), [], 'it is not deleted again and again');

    await world.clusters.eu.api.patch(target, { metadata: { finalizers: null } });
    await fleet.sync();
    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'sealed'), 'data', 'token'), 'Yg==');
  });

  it('is carried through when the process ends between the deletion and the new object', async () => {
    await using fleet = await world.fleet('cut');
    fleet.commit({ 'apps/shop/base/token.json': sealed('YQ==', RECREATE) });
    await fleet.sync();
    fleet.commit({ 'apps/shop/base/token.json': sealed('Yg==', RECREATE) });
    const cut = (_: number, what: string): void => {
      if (what.startsWith('delete')) throw new Error('the power is cut');
    };
    await assert.rejects(fleet.tick('eu', { afterWrite: cut }), /the power is cut/);
    await fleet.restart();

    await fleet.sync();

    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'sealed'), 'data', 'token'), 'Yg==');
  });

  it('of an object that is not ours yet, or of a protected kind, deletes nothing', async () => {
    await using fleet = await world.fleet('not-yet');
    const path = '/api/v1/namespaces/not-yet/configmaps?fieldManager=kubectl-create';
    await world.clusters.eu.api.request('POST', path, JSON.parse(sealed('YQ==')));
    fleet.commit({ 'apps/shop/base/token.json': sealed('Yg==', RECREATE) });
    const requests = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /it was there before Muster and is not ours yet/);

    fleet.commit({ 'apps/shop/base/token.json': null, 'apps/data/base/claim.json': claim('ReadWriteOnce') });
    await fleet.tick();
    fleet.commit({ 'apps/data/base/claim.json': claim('ReadWriteMany') });
    const later = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(later)), []);
    assert.match(assessCluster(await fleet.tick()).text, /PersistentVolumeClaim is protected/);
  });
});

describe('muster.dev/confirm-delete', () => {
  it('lets an object that left the repository wait until somebody approved exactly that, and no other wait with it', async () => {
    await using fleet = await world.fleet('confirm');
    fleet.commit({ 'apps/shop/base/a.json': plain('1', 'a', CONFIRM), 'apps/shop/base/b.json': plain('1', 'b') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/a.json': null, 'apps/shop/base/b.json': null, 'apps/shop/base/c.json': plain('1') });
    await fleet.tick();
    const tick = await fleet.tick();
    const { text } = assessCluster(tick);
    assert.match(text, /muster approve sha256:\w+ \(ConfigMap confirm\/a must be confirmed before deletion/);
    assert.ok((await uidOf(fleet, 'ConfigMap', 'a')) !== undefined);
    assert.equal(await uidOf(fleet, 'ConfigMap', 'b'), undefined);

    const digest = tick.plan.apps[0]?.approval?.digest ?? '';
    fleet.commit({ 'fleet.yaml': fleetFile('confirm', { approvals: [digest], defaults: { namespace: 'confirm' } }) });
    await fleet.sync();
    assert.equal(await uidOf(fleet, 'ConfigMap', 'a'), undefined);
  });

  it('lets an object wait also before it is deleted to be made anew', async () => {
    await using fleet = await world.fleet('confirm-anew');
    fleet.commit({ 'apps/shop/base/token.json': sealed('YQ==', { ...RECREATE, ...CONFIRM }) });
    await fleet.sync();
    fleet.commit({ 'apps/shop/base/token.json': sealed('Yg==', { ...RECREATE, ...CONFIRM }) });
    await fleet.tick();
    const tick = await fleet.tick();
    assert.match(assessCluster(tick).text, /muster approve sha256:/);
    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'sealed'), 'data', 'token'), 'YQ==');

    const digest = tick.plan.apps[0]?.approval?.digest ?? '';
    fleet.commit({
      'fleet.yaml': fleetFile('confirm-anew', { approvals: [digest], defaults: { namespace: 'confirm-anew' } }),
    });
    await fleet.sync();
    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'sealed'), 'data', 'token'), 'Yg==');
  });
});

/** A ConfigMap or Secret whose data cannot be changed. */
function sealed(token: string, annotations: JsonObject = {}, kind = 'ConfigMap'): string {
  const metadata = { name: 'sealed', annotations };
  return printJson({ apiVersion: 'v1', kind, metadata, immutable: true, data: { token } });
}

function plain(a: string, name = 'plain', annotations: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, annotations }, data: { a } });
}

function binding(name: string, role: string, annotations: JsonObject): string {
  return printJson({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name, annotations },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ada' }],
  });
}

function claim(mode: string): string {
  return printJson({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', annotations: RECREATE },
    spec: { accessModes: [mode], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
  });
}

/** A policy that lets nobody create a ConfigMap in a namespace. */
function denial(namespace: string): readonly JsonObject[] {
  const base = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: `nothing-new.${namespace}` } };
  const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] };
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const policyName = base.metadata.name;
  return [
    {
      ...base,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        matchConstraints: { resourceRules: [rule], namespaceSelector },
        validations: [{ expression: 'false', message: 'nothing new here' }],
      },
    },
    { ...base, kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName, validationActions: ['Deny'] } },
  ];
}

async function uidOf(fleet: TestFleet<'eu'>, kind: string, name: string): Promise<string | undefined> {
  return textAt(await fleet.get('v1', kind, name), 'metadata', 'uid');
}
