/** What the API server would refuse holds its app back whole, before anything is written, and no other app. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mapAt, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { clusterFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

const GOOD = '{apiVersion: v1, kind: ConfigMap, metadata: {name: good}}';

/** Of such a cluster Muster does not know what it takes: it warns, and leaves the judgement to the API server. */
const NEWER = { 'clusters/eu.yaml': clusterFile('eu', { kubernetesVersion: '1.99' }) };

describe('An invalid manifest', () => {
  const cases = [
    {
      what: 'with an unknown field',
      name: 'unknown',
      manifest: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {prots: [{port: 80}]}}',
      status: /^app shop: Service unknown\/web: \.spec\.prots: field not declared in schema$/,
    },
    {
      what: 'with a value of another type',
      name: 'type',
      manifest: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: eighty}]}}',
      status: /^app shop: Service type\/web: \.spec\.ports\[.*\]\.port: expected numeric \(int or float\), got string$/,
    },
    {
      what: 'with a value that the API server does not allow',
      name: 'value',
      manifest: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 99999}]}}',
      status: /Service value\/web: .*spec\.ports\[0\]\.port.*between 1 and 65535/,
    },
    {
      what: 'in a namespace that does not exist',
      name: 'no-namespace',
      manifest:
        '{apiVersion: v1, kind: Service, metadata: {name: web, namespace: nowhere}, spec: {ports: [{port: 80}]}}',
      status: /Service nowhere\/web: namespace "nowhere" does not exist on this cluster\. Add a Namespace manifest/,
    },
  ] as const;

  for (const { what, name, manifest, status } of cases) {
    it(`${what} holds its app back whole, and no other`, async () => {
      await using fleet = await world.fleet(name);
      fleet.commit({
        ...NEWER,
        'apps/shop/base/web.yaml': manifest,
        'apps/shop/base/good.yaml': GOOD,
        'apps/tools/base/tools.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: tools}}',
      });

      const requests = await fleet.requestsDuring(async () => {
        await fleet.tick();
        await fleet.tick();
      });

      assert.deepEqual(printRequests(objectWrites(requests)), [`apply configmaps ${name}/tools`]);
      assert.equal(await fleet.inventory('shop'), undefined, 'not even a record is written');
      const verdict = assessCluster(await fleet.tick());
      assert.equal(verdict.state, 'failure');
      assert.match(verdict.text, status);
    });
  }

  it('is one of several that are all found at once', async () => {
    await using fleet = await world.fleet('several');
    fleet.commit({
      ...NEWER,
      'apps/shop/base/a.yaml': '{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {prots: []}}',
      'apps/shop/base/b.yaml': '{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {ports: [{port: 99999}]}}',
      'apps/shop/base/good.yaml': GOOD,
    });

    const tick = await fleet.tick();

    const refused = tick.plan.apps[0]?.skipped.filter((each) => each.outcome === 'refused');
    assert.deepEqual(
      refused?.map((each) => each.id.name),
      ['a', 'b'],
    );
    assert.match(assessCluster(tick).text, /^app shop: Service several\/a: .*, \+1$/);
  });

  it('that does not fit its kind is found before any cluster is asked, and holds its app back', async () => {
    await using fleet = await world.fleet('render');
    fleet.commit(
      {
        'apps/shop/base/web.yaml': '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {prots: []}}',
        'apps/shop/base/good.yaml': GOOD,
        'apps/tools/base/tools.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: tools}}',
      },
      { errors: ['apps/shop/base/web.yaml:1: UNKNOWN_FIELD'] },
    );

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), ['apply configmaps render/tools']);
    assert.equal(assessCluster(await fleet.tick()).state, 'failure');
  });

  it('in a namespace of the same commit is found before anything is written', async () => {
    await using fleet = await world.fleet('new-namespace');
    fleet.commit({
      'apps/shop/base/namespace.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: new-namespace-shop}}',
      'apps/shop/base/web.yaml':
        '{apiVersion: v1, kind: Service, metadata: {name: web, namespace: new-namespace-shop}, spec: {ports: [{port: 99999}]}}',
    });

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /Service new-namespace-shop\/web: .*between 1 and 65535/);
  });

  it('in a namespace of the same commit is found also where only its name is wrong', async () => {
    await using fleet = await world.fleet('new-name');
    fleet.commit({
      'apps/shop/base/namespace.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: new-name-shop}}',
      'apps/shop/base/web.yaml':
        '{apiVersion: v1, kind: Service, metadata: {name: web.server, namespace: new-name-shop}, spec: {ports: [{port: 80}]}}',
    });

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /Service new-name-shop\/web\.server: .*metadata\.name/);
  });

  it('in a namespace of the same commit is not taken for an object of its name in another namespace', async () => {
    await using fleet = await world.fleet('same-name');
    await world.clusters.eu.api.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'same-name', namespace: 'default' },
      type: 'Opaque',
      immutable: true,
      stringData: { a: 'x' },
    });
    fleet.commit({
      'apps/shop/base/namespace.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: same-name-shop}}',
      'apps/shop/base/secret.yaml':
        '{apiVersion: v1, kind: Secret, metadata: {name: same-name, namespace: same-name-shop}, type: example.com/other, data: {b: eA==}}',
    });

    await fleet.sync();

    const secret = await world.clusters.eu.api.get('v1', 'Secret', 'same-name-shop', 'same-name');
    assert.deepEqual(mapAt(secret, 'data'), { b: 'eA==' });
  });
});

describe('A change that the API server refuses', () => {
  const secret = (value: string): string =>
    `{apiVersion: v1, kind: Secret, metadata: {name: token}, immutable: true, data: {token: ${value}}}`;

  it('holds back the other changes and the removals of its app', async () => {
    await using fleet = await world.fleet('immutable');
    fleet.commit({
      'apps/shop/base/secret.yaml': secret('YQ=='),
      'apps/shop/base/good.yaml': GOOD,
      'apps/shop/base/old.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: old}}',
    });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/secret.yaml': secret('Yg=='),
      'apps/shop/base/good.yaml': "{apiVersion: v1, kind: ConfigMap, metadata: {name: good}, data: {a: '1'}}",
      'apps/shop/base/old.yaml': null,
    });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.match(assessCluster(await fleet.tick()).text, /^app shop: Secret immutable\/token: /);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'old')) !== undefined);
  });

  it('alone is sent once, changes nothing, and is not sent again at each look', async () => {
    await using fleet = await world.fleet('alone');
    fleet.commit({ 'apps/shop/base/secret.yaml': secret('YQ=='), 'apps/shop/base/good.yaml': GOOD });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/secret.yaml': secret('Yg==') });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
      await fleet.tick();
    });

    assert.deepEqual(printRequests(objectWrites(requests)), ['apply secrets alone/token → 422']);
    const tick = await fleet.tick();
    assert.equal(assessCluster(tick).state, 'failure');
    assert.match(assessCluster(tick).text, /Secret alone\/token: /);
    fleet.commit({ 'apps/shop/base/secret.yaml': secret('YQ==') });
    await fleet.sync();
  });

  it('only when it is written leaves what was made and removes nothing; a revert takes it back', async () => {
    await using fleet = await world.fleet('half');
    const service = (name: string): string =>
      `{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30777}]}}`;
    fleet.commit({
      'apps/shop/base/good.yaml': GOOD,
      'apps/shop/base/old.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: old}}',
    });
    await fleet.sync();

    // Each of the two is fine alone, so a dry-run cannot tell.
    fleet.commit({
      'apps/shop/base/a.yaml': service('a'),
      'apps/shop/base/b.yaml': service('b'),
      'apps/shop/base/old.yaml': null,
    });
    const tick = await fleet.tick();

    assert.equal(assessCluster(tick).state, 'failure');
    assert.match(assessCluster(tick).text, /Service half\/[ab]: .*provided port is already allocated/);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'old')) !== undefined, 'nothing is removed');
    fleet.commit({ 'apps/shop/base/a.yaml': null, 'apps/shop/base/b.yaml': null });
    await fleet.sync();
    assert.equal(await fleet.get('v1', 'Service', 'a'), undefined);
    assert.equal(await fleet.get('v1', 'Service', 'b'), undefined);
    assert.equal(await fleet.get('v1', 'ConfigMap', 'old'), undefined);
    assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'good'), 'metadata', 'name'), 'good');
  });
});
