/** What a commit does to a cluster: order, records, and how little is asked when nothing changed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { at, listAt, mapAt, numberAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { fleetFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type World } from './support/world.ts';

describe('A commit', () => {
  let world: World<'eu'>;

  before(async () => {
    world = await startWorld(['eu']);
  });
  after(() => world?.[Symbol.asyncDispose]());

  it('is created in the order in which objects need one another, after it was checked and recorded', async () => {
    await using fleet = await world.fleet('order');
    fleet.commit({
      'apps/shop/base/all.yaml': `
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: order}
        webhooks: []
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: order-shop}
        spec: {ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: order-shop}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: reader, namespace: order-shop}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: order-reader}
        subjects: [{kind: ServiceAccount, name: web, namespace: order-shop}]
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: order-shop}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: order-reader}
        rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: order-shop}
      `,
    });

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(writesAmong(requests)), [
      'create configmaps muster-system/order.shop → 404',
      'create namespaces muster-system',
      'create configmaps muster-system/order.shop',
      'apply namespaces order-shop/order-shop',
      'apply rbac.authorization.k8s.io/clusterroles order-reader',
      'apply serviceaccounts order-shop/web',
      'apply rbac.authorization.k8s.io/rolebindings order-shop/reader',
      'apply configmaps order-shop/settings',
      'apply services order-shop/web',
      'apply admissionregistration.k8s.io/validatingwebhookconfigurations order',
      'update configmaps muster-system/order.shop',
    ]);
    const checks = printRequests(requests).findLastIndex((line) => line.startsWith('dry-run'));
    assert.ok(checks < requests.indexOf(objectWrites(requests)[0] ?? assert.fail()), 'all is checked before any write');
    const [, second] = [await fleet.tick(), await fleet.tick()];
    assert.deepEqual(assessCluster(second), { state: 'success', text: 'in sync: 7 objects of 1 app' });
  });

  it('leaves a record that people can read, and marks every object as part of it', async () => {
    await using fleet = await world.fleet('record');
    const revision = fleet.commit({
      'apps/shop/base/all.yaml': `
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, labels: {team: a}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}]}
      `,
    });

    await fleet.sync();

    const record = await world.clusters.eu.api.get('v1', 'ConfigMap', 'muster-system', 'record.shop');
    const cluster = await fleet.get('v1', 'Namespace', 'kube-system');
    assert.deepEqual(at(record, 'data'), {
      format: '1',
      revision,
      cluster: textAt(cluster, 'metadata', 'uid'),
      clusterName: 'eu',
      objects: '2',
      prune: 'true',
      onUnplace: 'orphan',
    });
    const id = applySetId('record', 'shop');
    assert.equal(textAt(record, 'metadata', 'labels', 'applyset.kubernetes.io/id'), id);
    assert.equal(
      textAt(record, 'metadata', 'annotations', 'applyset.kubernetes.io/contains-group-kinds'),
      'ConfigMap,Service',
    );
    const settings = await fleet.get('v1', 'ConfigMap', 'settings');
    const web = await fleet.get('v1', 'Service', 'web');
    assert.deepEqual(mapAt(settings, 'metadata', 'labels'), { team: 'a', [PART_OF_LABEL]: id });
    assert.deepEqual(mapAt(web, 'metadata', 'labels'), { [PART_OF_LABEL]: id });
    const entries = (await fleet.inventory('shop'))?.entries.map((entry) => [entry.id.name, entry.uid]);
    assert.deepEqual(entries, [
      ['settings', textAt(settings, 'metadata', 'uid')],
      ['web', textAt(web, 'metadata', 'uid')],
    ]);
  });

  it('that is there already costs no request while watches are open', async () => {
    await using fleet = await world.fleet('quiet', { watching: true });
    fleet.commit(TWO_OBJECTS);
    await fleet.sync();
    await eventually(async () => {
      const watches = (await world.clusters.eu.plane.requests()).filter(
        (each) => each.verb === 'watch' && each.query['labelSelector']?.includes(applySetId('quiet', 'shop')) === true,
      );
      assert.deepEqual(watches.map((each) => each.resource).sort(), ['configmaps', 'services']);
    });

    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });

    assert.deepEqual(printRequests(requests), []);
  });

  it('that is there already costs a list of each kind without watches, and no write', async () => {
    await using fleet = await world.fleet('listing');
    fleet.commit(TWO_OBJECTS);
    await fleet.sync();

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(requests).toSorted(), [
      'list configmaps',
      'list configmaps muster-system',
      'list services',
    ]);
  });

  it('that is there already costs a restarted process who it talks to, what is served, and a list of each kind', async () => {
    await using fleet = await world.fleet('restart', { watching: true });
    fleet.commit(TWO_OBJECTS);
    await fleet.sync();
    await fleet.restart();

    const requests = await fleet.requestsDuring(() => fleet.tick());

    const asked = requests.filter((each) => each.verb !== 'watch');
    assert.deepEqual(printRequests(asked).toSorted(), [
      'get /api',
      'get /apis',
      'get namespaces kube-system/kube-system',
      'list configmaps',
      'list configmaps muster-system',
      'list services',
    ]);
  });

  it('changes the object that it is about, the record, and nothing else', async () => {
    await using fleet = await world.fleet('change', { watching: true });
    fleet.commit({
      'apps/shop/base/settings.yaml':
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {colour: blue}}',
      'apps/shop/base/other.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}',
      'apps/tools/base/tools.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: tools}}',
    });
    await fleet.sync();
    const versions = async (): Promise<readonly (string | undefined)[]> =>
      Promise.all(
        ['other', 'tools'].map(async (name) =>
          textAt(await fleet.get('v1', 'ConfigMap', name), 'metadata', 'resourceVersion'),
        ),
      );
    const before = await versions();

    const revision = fleet.commit({
      'apps/shop/base/settings.yaml':
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {colour: red}}',
    });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(writesAmong(requests)), [
      'update configmaps muster-system/change.shop',
      'apply configmaps change/settings',
      'update configmaps muster-system/change.shop',
    ]);
    assert.deepEqual(await versions(), before);
    assert.equal((await fleet.inventory('shop'))?.revision, revision);
  });

  it('of two hundred objects is listed in pages and applied once each', async () => {
    await using fleet = await world.fleet('many');
    const names = Array.from({ length: 200 }, (_, index) => `settings-${index}`);
    fleet.commit({
      'apps/shop/base/all.yaml': names
        .map((name) => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`)
        .join('\n---\n'),
    });

    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.equal(objectWrites(requests).length, 200);
    assert.equal((await fleet.inventory('shop'))?.entries.length, 200);
  });

  it('with nothing but empty and null shapes is clean at the second look', async () => {
    await using fleet = await world.fleet('shapes');
    fleet.commit({
      'apps/shop/base/all.yaml': `
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: empty, creationTimestamp: null}
        data: {}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: none, annotations: {}, labels: null}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: empty}
        data: {}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: text}
        stringData: {user: admin}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: shapes}
        rules: []
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 0
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}, creationTimestamp: null}
            spec:
              nodeSelector: {}
              containers:
                - {name: web, image: 'nginx:1', resources: {limits: {cpu: 0.2, memory: 3072Mi}, requests: {cpu: 0.1, memory: 1Gi}}, env: []}
      `,
    });
    await fleet.tick();

    const requests = await fleet.requestsDuring(() => fleet.tick());
    const again = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.deepEqual(
      printRequests(again).filter((line) => !line.startsWith('list')),
      [],
      'what is clean is not even dry-run',
    );
  });
});

describe('A custom resource', () => {
  let world: World<'eu'>;

  before(async () => {
    world = await startWorld(['eu']);
  });
  after(() => world?.[Symbol.asyncDispose]());

  it('and its definition arrive in one commit', async () => {
    await using fleet = await world.fleet('crd-one');
    fleet.commit({
      'apps/shop/base/definition.yaml': printJson(definition('one.example.com', 'Widget')),
      'apps/shop/base/widget.yaml':
        '{apiVersion: one.example.com/v1, kind: Widget, metadata: {name: a}, spec: {size: 3}}',
    });

    await fleet.sync();

    assert.equal(numberAt(await fleet.get('one.example.com/v1', 'Widget', 'a'), 'spec', 'size'), 3);
  });

  it('of one app arrives with its definition in another, in a process that knew what was served before', async () => {
    await using fleet = await world.fleet('crd-two', { watching: true });
    fleet.commit({ 'apps/other/base/other.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}' });
    await fleet.sync();

    fleet.commit({
      'apps/a-resource/base/widget.yaml':
        '{apiVersion: two.example.com/v1, kind: Widget, metadata: {name: a}, spec: {size: 3}}',
      'apps/z-definition/base/definition.yaml': printJson(definition('two.example.com', 'Widget')),
    });
    const first = await fleet.tick();

    assert.match(assessCluster(first).text, /^Widget crd-two\/a: waiting for kind Widget of "two.example.com\/v1"/);
    await fleet.sync();
    assert.equal(numberAt(await fleet.get('two.example.com/v1', 'Widget', 'a'), 'spec', 'size'), 3);
  });

  it('waits alone for a definition that is not in the repository, and comes when it is there', async () => {
    await using fleet = await world.fleet('crd-none', { watching: true });
    fleet.commit({
      'fleet.yaml': fleetFile('crd-none', {
        kinds: [{ apiVersion: 'none.example.com/v1', kind: 'Widget', namespaced: true }],
      }),
      'apps/shop/base/all.yaml': `
        apiVersion: none.example.com/v1
        kind: Widget
        metadata: {name: a}
        spec: {size: 3}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
      `,
    });
    const tick = await fleet.tick();
    assert.equal(assessCluster(tick).state, 'pending');
    assert.match(assessCluster(tick).text, /waiting for kind Widget/);
    assert.ok((await fleet.get('v1', 'ConfigMap', 'settings')) !== undefined, 'the rest of its app goes on');

    await world.clusters.eu.api.create(definition('none.example.com', 'Widget'));
    await fleet.sync();

    assert.equal(numberAt(await fleet.get('none.example.com/v1', 'Widget', 'a'), 'spec', 'size'), 3);
  });

  it('moves to a new version that its definition gets in the same commit', async () => {
    await using fleet = await world.fleet('crd-version');
    fleet.commit({
      'apps/shop/base/definition.yaml': printJson(definition('version.example.com', 'Widget')),
      'apps/shop/base/widget.yaml':
        '{apiVersion: version.example.com/v1, kind: Widget, metadata: {name: a}, spec: {size: 3}}',
    });
    await fleet.sync();
    const uid = textAt(await fleet.get('version.example.com/v1', 'Widget', 'a'), 'metadata', 'uid');

    fleet.commit({
      'apps/shop/base/definition.yaml': printJson(definition('version.example.com', 'Widget', ['v1', 'v2'])),
      'apps/shop/base/widget.yaml':
        '{apiVersion: version.example.com/v2, kind: Widget, metadata: {name: a}, spec: {size: 4}}',
    });
    await fleet.sync();

    const widget = await fleet.get('version.example.com/v2', 'Widget', 'a');
    assert.equal(numberAt(widget, 'spec', 'size'), 4);
    assert.equal(textAt(widget, 'metadata', 'uid'), uid);
    const entry = (await fleet.inventory('shop'))?.entries.find((each) => each.id.kind === 'Widget');
    assert.equal(entry?.apiVersion, 'version.example.com/v2');
    const managers = listAt(widget, 'metadata', 'managedFields').map((each) => textAt(each, 'apiVersion'));
    assert.deepEqual(managers, ['version.example.com/v2'], 'nothing is left that we own in the old version');
  });
});

const TWO_OBJECTS = {
  'apps/shop/base/all.yaml': `
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
    data: {colour: blue}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {ports: [{port: 80}]}
  `,
};

function definition(group: string, kind: string, versions: readonly string[] = ['v1']): JsonObject {
  const plural = `${kind.toLowerCase()}s`;
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name, index) => ({ name, served: true, storage: index === 0, schema })),
    },
  };
}
