/** Who holds which field: what Git says arrives exactly, what it no longer says goes, and what others hold stays theirs. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { at, isObject, listAt, mapAt, numberAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { listLost, listTaken } from '../../src/report/list-lost.ts';
import type { Target } from '../support/api-client.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { AUTOSCALER } from './support/manifests.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('What Git says', () => {
  it('of a NetworkPolicy arrives with the field "from", which a client with typed models would lose', async () => {
    await using fleet = await world.fleet('policy');
    const spec: JsonObject = {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }, { ipBlock: { cidr: '10.0.0.0/8' } }],
          ports: [{ port: 'http', protocol: 'TCP' }],
        },
      ],
    };
    fleet.commit({
      'apps/shop/base/policy.json': printJson({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web' },
        spec,
      }),
    });

    await fleet.sync();

    assert.deepEqual(mapAt(await fleet.get('networking.k8s.io/v1', 'NetworkPolicy', 'web'), 'spec'), spec);
  });

  it('of a custom resource arrives to the last digit, fields that no schema knows included', async () => {
    await using fleet = await world.fleet('exact');
    fleet.commit({
      'apps/shop/base/definition.json': printJson(LEDGER),
      'apps/shop/base/ledger.yaml': `
        apiVersion: exact.example.com/v1
        kind: Ledger
        metadata: {name: main}
        spec:
          balance: 9007199254740993
          limit: -9223372036854775808
          rate: 0.1
          default: {enum: [a, null, 1], $ref: '#/x', int: 7}
          empty: {}
          none: []
          nested: {from: [{x-kubernetes-anything: true}]}
      `,
    });

    await fleet.sync();

    const { spec } = (await fleet.get('exact.example.com/v1', 'Ledger', 'main')) ?? {};
    assert.deepEqual(spec, {
      balance: 9007199254740993n,
      limit: -9223372036854775808n,
      rate: 0.1,
      default: { enum: ['a', null, 1], $ref: '#/x', int: 7 },
      empty: {},
      none: [],
      nested: { from: [{ 'x-kubernetes-anything': true }] },
    });
    const requests = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(
      printRequests(requests).filter((line) => !line.startsWith('list')),
      [],
    );
  });

  it('and says no more goes from the cluster: a field, a key of a map, an item of a list, and nothing beside them', async () => {
    await using fleet = await world.fleet('removed');
    const deployment = (container: string, spec: string): string => `
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        replicas: 0
        ${spec}
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            containers:
              - ${container}
              - {name: proxy, image: 'proxy:1'}
    `;
    fleet.commit({
      'apps/shop/base/web.yaml': deployment(
        "{name: web, image: 'web:1', env: [{name: A, value: '1'}, {name: B, value: '2'}], ports: [{containerPort: 80}, {containerPort: 81}]}",
        'minReadySeconds: 5',
      ),
      'apps/shop/base/settings.yaml': `
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, labels: {team: a, tier: web}, annotations: {note: x}}
        data: {colour: blue, size: large}
      `,
    });
    await fleet.tick();

    fleet.commit({
      'apps/shop/base/web.yaml': deployment(
        "{name: web, image: 'web:1', env: [{name: B, value: '2'}], ports: [{containerPort: 80}]}",
        '',
      ),
      'apps/shop/base/settings.yaml': `
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, labels: {team: a}}
        data: {size: large}
      `,
    });
    await fleet.tick();

    const web = await fleet.get('apps/v1', 'Deployment', 'web');
    assert.equal(numberAt(web, 'spec', 'minReadySeconds'), undefined);
    const [container, proxy] = listAt(web, 'spec', 'template', 'spec', 'containers');
    assert.deepEqual(listAt(container, 'env'), [{ name: 'B', value: '2' }]);
    assert.deepEqual(listAt(container, 'ports'), [{ containerPort: 80, protocol: 'TCP' }]);
    assert.equal(textAt(proxy, 'image'), 'proxy:1');
    const settings = await fleet.get('v1', 'ConfigMap', 'settings');
    assert.deepEqual(mapAt(settings, 'data'), { size: 'large' });
    assert.deepEqual(Object.keys(mapAt(settings, 'metadata', 'labels')).sort(), [
      'applyset.kubernetes.io/part-of',
      'team',
    ]);
    assert.deepEqual(mapAt(settings, 'metadata', 'annotations'), {});
  });

  it('and says no more goes also where somebody had changed it by hand and was healed', async () => {
    await using fleet = await world.fleet('removed-healed');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue', size: 'large' }) });
    await fleet.sync();
    await world.clusters.eu.api.patch(
      target('removed-healed'),
      { data: { colour: 'red' } },
      { manager: 'kubectl-edit' },
    );
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ size: 'large' }) });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { size: 'large' });
  });
});

describe('A field of another controller', () => {
  it('stays, is left out of what is sent, and is named as lost for as long as it is', async () => {
    await using fleet = await world.fleet('lost');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue', size: 'large' }) });
    await fleet.sync();
    await world.clusters.eu.api.apply(ownedByOperator('lost', { colour: 'red' }), { manager: 'operator', force: true });

    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue', size: 'small' }) });
    await fleet.tick();
    const second = await fleet.tick();

    assert.deepEqual(await data(fleet), { colour: 'red', size: 'small' });
    assert.deepEqual(await managersOf(fleet, 'f:colour'), ['operator']);
    assert.deepEqual(listLost(second), [
      { app: 'shop', object: 'ConfigMap lost/settings', path: '/data/colour', manager: 'operator' },
    ]);
    assert.equal(assessCluster(second).state, 'success', 'it is no failure');
    assert.deepEqual(second.drift.objects, [], 'and no drift');
  });

  it('comes back as soon as nobody holds it any more', async () => {
    await using fleet = await world.fleet('released');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue', size: 'large' }) });
    await fleet.sync();
    await world.clusters.eu.api.apply(ownedByOperator('released', { colour: 'red' }), {
      manager: 'operator',
      force: true,
    });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'red', size: 'large' });

    await world.clusters.eu.api.apply(ownedByOperator('released', {}), { manager: 'operator' });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue', size: 'large' });
  });

  it('is taken with muster.dev/force, and only that object is forced', async () => {
    await using fleet = await world.fleet('force');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue' }) });
    await fleet.sync();
    await world.clusters.eu.api.apply(ownedByOperator('force', { colour: 'red' }), {
      manager: 'operator',
      force: true,
    });
    await fleet.sync();

    fleet.commit({
      'apps/shop/base/settings.yaml': settings({ colour: 'blue' }, { 'muster.dev/force': 'true' }),
    });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue' });
    assert.deepEqual(await managersOf(fleet, 'f:colour'), ['muster']);
  });

  it('that Git does not set is no concern of ours: it stays through every commit, and is no drift', async () => {
    await using fleet = await world.fleet('foreign');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue' }) });
    await fleet.sync();
    await world.clusters.eu.api.patch(
      target('foreign'),
      { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }, data: { injected: 'yes' } },
      { manager: 'operator' },
    );

    const quiet = await fleet.requestsDuring(() => fleet.tick());
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'red' }) });
    await fleet.sync();

    assert.deepEqual(printRequests(objectWrites(quiet)), []);
    assert.deepEqual(await data(fleet), { colour: 'red', injected: 'yes' });
  });
});

describe('An empty map', () => {
  it('that Git sets and another controller fills is no drift', async () => {
    await using fleet = await world.fleet('empty');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({}, {}) });
    await fleet.sync();
    const patch = { metadata: { annotations: { 'example.com/revision': '1' } }, data: { injected: 'yes' } };
    await world.clusters.eu.api.patch(target('empty'), patch, { manager: 'operator' });

    const tick = await fleet.tick();
    await fleet.tick();
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(
      tick.drift.objects.filter((each) => each.cause === 'drift'),
      [],
    );
    assert.deepEqual(await data(fleet), { injected: 'yes' });
    assert.deepEqual(
      printRequests(requests).filter((line) => !line.startsWith('list')),
      [],
    );
  });
});

describe('Our own entry in managedFields', () => {
  it('that somebody wiped is written again, and nothing else changes', async () => {
    await using fleet = await world.fleet('wiped');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue' }) });
    await fleet.sync();
    await world.clusters.eu.api.patch(target('wiped'), { metadata: { managedFields: [{}] } }, { manager: 'operator' });
    assert.deepEqual(await managersOf(fleet, 'f:colour'), []);

    const tick = await fleet.tick();

    assert.deepEqual(
      tick.drift.objects.filter((each) => each.cause === 'drift'),
      [],
    );
    assert.ok((await managersOf(fleet, 'f:colour')).includes('muster'));
    assert.deepEqual(await data(fleet), { colour: 'blue' });
  });
});

describe('An autoscaled Deployment', () => {
  const web = (image: string): string => `
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: '${image}'}]}
  `;
  const scale = (namespace: string, replicas: number): Promise<JsonObject> =>
    world.clusters.eu.api.patch(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' },
      { spec: { replicas } },
      { manager: 'kube-controller-manager', subresource: 'scale' },
    );

  it("gets Git's count when it is created, and keeps the autoscaler's from then on", async () => {
    await using fleet = await world.fleet('scaled');
    fleet.commit({ 'apps/shop/base/web.yaml': web('web:1'), 'apps/shop/base/autoscaler.yaml': AUTOSCALER });
    await fleet.tick();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 3);

    await scale('scaled', 7);
    const look = await fleet.tick();
    assert.deepEqual(look.drift.objects, [], 'to be scaled is no drift');
    fleet.commit({ 'apps/shop/base/web.yaml': web('web:2') });
    await fleet.tick();

    const live = await fleet.get('apps/v1', 'Deployment', 'web');
    assert.equal(numberAt(live, 'spec', 'replicas'), 7);
    assert.equal(textAt(listAt(live, 'spec', 'template', 'spec', 'containers')[0], 'image'), 'web:2');
    await scale('scaled', 5);
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 5);
  });

  it('keeps its count while it is handed over, and does not fall to one', async () => {
    await using fleet = await world.fleet('handover');
    fleet.commit({ 'apps/shop/base/web.yaml': web('web:1') });
    await fleet.tick();

    fleet.commit({ 'apps/shop/base/autoscaler.yaml': AUTOSCALER });
    await fleet.tick();
    fleet.commit({ 'apps/shop/base/web.yaml': web('web:2') });
    await fleet.tick();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 3);

    await scale('handover', 8);
    fleet.commit({ 'apps/shop/base/web.yaml': web('web:3') });
    await fleet.tick();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 8);
  });

  it('names the count as lost when its autoscaler leaves the repository: nobody may scale it in silence', async () => {
    await using fleet = await world.fleet('unscaled');
    fleet.commit({ 'apps/shop/base/web.yaml': web('web:1'), 'apps/shop/base/autoscaler.yaml': AUTOSCALER });
    await fleet.tick();
    await scale('unscaled', 7);
    await fleet.tick();

    fleet.commit({ 'apps/shop/base/autoscaler.yaml': null });
    const tick = await fleet.tick();

    assert.equal(await fleet.get('autoscaling/v2', 'HorizontalPodAutoscaler', 'web'), undefined);
    assert.deepEqual(listLost(tick), [
      {
        app: 'shop',
        object: 'Deployment unscaled/web',
        path: '/spec/replicas',
        manager: 'kube-controller-manager',
      },
    ]);
  });
});

describe('An object that was there before', () => {
  it('made by kubectl is adopted: Git decides over its own fields, and all others stay', async () => {
    await using fleet = await world.fleet('adopt');
    const applied: JsonObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', labels: { team: 'a' }, annotations: { note: 'by hand' } },
      data: { colour: 'red', extra: 'yes' },
    };
    await world.clusters.eu.api.request(
      'POST',
      '/api/v1/namespaces/adopt/configmaps?fieldManager=kubectl-client-side-apply',
      {
        ...applied,
        metadata: {
          ...mapAt(applied, 'metadata'),
          annotations: { note: 'by hand', 'kubectl.kubernetes.io/last-applied-configuration': printJson(applied) },
        },
      },
    );
    const before = await fleet.get('v1', 'ConfigMap', 'settings');

    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue', size: 'large' }) });
    await fleet.sync();

    const after = await fleet.get('v1', 'ConfigMap', 'settings');
    assert.equal(textAt(after, 'metadata', 'uid'), textAt(before, 'metadata', 'uid'));
    assert.deepEqual(mapAt(after, 'data'), { colour: 'blue', extra: 'yes', size: 'large' });
    assert.equal(textAt(after, 'metadata', 'annotations', 'note'), 'by hand');
    assert.equal(textAt(after, 'metadata', 'labels', 'team'), 'a');
    assert.equal((await fleet.inventory('shop'))?.entries[0]?.uid, textAt(before, 'metadata', 'uid'));
  });

  it('and is exactly as Git says is adopted with nothing but our label', async () => {
    await using fleet = await world.fleet('adopt-same');
    await world.clusters.eu.api.request('POST', '/api/v1/namespaces/adopt-same/configmaps?fieldManager=operator', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { colour: 'blue' },
    });

    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue' }) });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue' });
    assert.deepEqual(await managersOf(fleet, 'f:colour'), ['muster', 'operator']);
  });

  it('and belongs to another ApplySet is refused by its name, with its whole app', async () => {
    await using fleet = await world.fleet('other-set');
    await world.clusters.eu.api.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'settings',
        namespace: 'other-set',
        labels: { 'applyset.kubernetes.io/part-of': 'applyset-of-somebody-else-v1' },
      },
      data: { colour: 'red' },
    });
    fleet.commit({
      'apps/shop/base/settings.yaml': settings({ colour: 'blue' }),
      'apps/shop/base/more.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: more}}',
    });

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.deepEqual(assessCluster(await fleet.tick()), {
      state: 'failure',
      text: 'app shop: ConfigMap other-set/settings: it belongs to another ApplySet (label applyset.kubernetes.io/part-of=applyset-of-somebody-else-v1). Remove it there, or remove the label',
    });
  });

  it('and has an owner in the cluster is refused by the name of the owner', async () => {
    await using fleet = await world.fleet('owner');
    const owner = await world.clusters.eu.api.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'parent', namespace: 'owner' },
    });
    await world.clusters.eu.api.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'settings',
        namespace: 'owner',
        ownerReferences: [
          { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid: textAt(owner, 'metadata', 'uid') ?? '' },
        ],
      },
      data: { colour: 'red' },
    });

    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue' }) });
    const tick = await fleet.tick();

    assert.match(assessCluster(tick).text, /ConfigMap owner\/settings: it is owned by ConfigMap parent/);
    assert.deepEqual(await data(fleet), { colour: 'red' });
  });

  it('stays as it is with muster.dev/apply: create-only or ignore, and create-only comes back when it is gone', async () => {
    await using fleet = await world.fleet('create-only');
    fleet.commit({
      'apps/shop/base/settings.yaml': settings({ colour: 'blue' }, { 'muster.dev/apply': 'create-only' }),
      'apps/shop/base/ignored.yaml':
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: ignored, annotations: {muster.dev/apply: ignore}}, data: {a: '1'}}",
    });
    await fleet.sync();
    assert.equal(await fleet.get('v1', 'ConfigMap', 'ignored'), undefined);

    await world.clusters.eu.api.patch(target('create-only'), { data: { colour: 'red' } }, { manager: 'kubectl-edit' });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'red' }, 'an edit stays');
    fleet.commit({
      'apps/shop/base/settings.yaml': settings({ colour: 'green' }, { 'muster.dev/apply': 'create-only' }),
    });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'red' }, 'a commit changes nothing');
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'create-only', 'settings');
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'green' });
  });
});

describe('A field that a person changed', () => {
  it('is taken back, and who looks for the edit finds a line about it', async () => {
    await using fleet = await world.fleet('taken');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'blue', size: 'large' }) });
    await fleet.sync();
    await world.clusters.eu.api.patch(target('taken'), { data: { colour: 'red' } }, { manager: 'kubectl-edit' });

    const tick = await fleet.tick();

    assert.deepEqual(await data(fleet), { colour: 'blue', size: 'large' });
    assert.deepEqual(listTaken(tick), [
      { app: 'shop', object: 'ConfigMap taken/settings', path: '/data/colour', manager: 'kubectl-edit' },
    ]);
    assert.deepEqual(listTaken(await fleet.tick()), []);
  });
});

describe('An object with muster.dev/apply', () => {
  const ignore = { 'muster.dev/apply': 'ignore' };

  it('ignore stays when it leaves the repository, also where it was applied once; create-only goes', async () => {
    await using fleet = await world.fleet('hands-off');
    const once = printJson({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'once', annotations: { 'muster.dev/apply': 'create-only' } },
    });
    fleet.commit({
      'apps/shop/base/settings.yaml': settings({ colour: 'blue' }),
      'apps/shop/base/once.yaml': once,
      'apps/shop/base/more.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: more}}',
    });
    await fleet.sync();
    fleet.commit({ 'apps/shop/base/settings.yaml': settings({ colour: 'red' }, ignore) });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'blue' });

    fleet.commit({ 'apps/shop/base/settings.yaml': null, 'apps/shop/base/once.yaml': null });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue' });
    assert.equal(await fleet.get('v1', 'ConfigMap', 'once'), undefined);
  });
});

interface Gettable {
  get(apiVersion: string, kind: string, name: string): Promise<JsonObject | undefined>;
}

/** A manifest of the ConfigMap `settings`. */
function settings(data: JsonObject, annotations: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', annotations }, data });
}

function target(namespace: string): Target {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
}

function ownedByOperator(namespace: string, data: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data };
}

async function data(fleet: Gettable): Promise<JsonObject> {
  return mapAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'data');
}

/** Who holds a key of the data of `settings`. */
async function managersOf(fleet: Gettable, step: string): Promise<readonly string[]> {
  const entries: readonly JsonValue[] = listAt(
    await fleet.get('v1', 'ConfigMap', 'settings'),
    'metadata',
    'managedFields',
  );
  return entries
    .filter((each) => isObject(at(each, 'fieldsV1', 'f:data', step)))
    .map((each) => textAt(each, 'manager') ?? '')
    .toSorted();
}

const LEDGER: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ledgers.exact.example.com' },
  spec: {
    group: 'exact.example.com',
    scope: 'Namespaced',
    names: { kind: 'Ledger', plural: 'ledgers', singular: 'ledger', listKind: 'LedgerList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};
