/** Facts about an applier, collected from other projects: order, idempotence, and what cannot be changed. Ids in brackets. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { DoneTick } from '../../src/model/tick.ts';
import { formatId } from '../../src/object/id.ts';
import { listAt, mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile } from './support/fleet-files.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

describe('A set of eight kinds', () => {
  const set = (fleet: string, key: string): string => `
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: ${fleet}-shop}
    spec: {ports: [{port: 80}]}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: token, namespace: ${fleet}-shop}
    stringData: {token: abc}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: ${fleet}-shop}
    data: {key: ${key}}
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: web, namespace: ${fleet}-shop}
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata: {name: ${fleet}}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${fleet}}
    subjects: [{kind: ServiceAccount, name: web, namespace: ${fleet}-shop}]
    ---
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: ${fleet}}
    provisioner: example.com/none
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata: {name: ${fleet}}
    rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: ${fleet}-shop}
  `;

  it('is created in the order in which they need one another [T01], and not touched by a second look or a new process [T02]', async () => {
    await using fleet = await world.fleet('eight');
    fleet.commit({ 'apps/shop/base/all.yaml': set('eight', 'a') });

    let tick: DoneTick | undefined;
    const requests = await fleet.requestsDuring(async () => {
      tick = await fleet.tick();
    });

    const kinds = objectWrites(requests).map(({ resource }) => resource.replace(/^.*\//, ''));
    const steps = [
      ['namespaces'],
      ['clusterroles', 'storageclasses'],
      ['serviceaccounts'],
      ['clusterrolebindings'],
      ['configmaps', 'secrets'],
      ['services'],
    ];
    let from = 0;
    const found = steps.map((step) => kinds.slice(from, (from += step.length)).toSorted());
    assert.deepEqual(found, steps);
    assert.deepEqual(new Set(outcomes(tick).values()), new Set(['created']));
    assert.equal(outcomes(tick).size, 8);
    for (const again of ['a second look', 'a new process']) {
      if (again === 'a new process') await fleet.restart();
      const quiet = await fleet.requestsDuring(async () => {
        tick = await fleet.tick();
      });
      assert.deepEqual(new Set(outcomes(tick).values()), new Set(['unchanged']), again);
      assert.deepEqual(printRequests(objectWrites(quiet)), [], again);
    }
  });

  it('of which one changed has one that is configured, and seven that are unchanged [T03]', async () => {
    await using fleet = await world.fleet('one-of-eight');
    fleet.commit({ 'apps/shop/base/all.yaml': set('one-of-eight', 'a') });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/all.yaml': set('one-of-eight', 'val') });
    const made = outcomes(await fleet.tick());

    assert.equal(made.get('ConfigMap one-of-eight-shop/settings'), 'configured');
    assert.equal([...made.values()].filter((each) => each === 'unchanged').length, 7);
    const live = await world.clusters.eu.api.get('v1', 'ConfigMap', 'one-of-eight-shop', 'settings');
    assert.deepEqual(mapAt(live, 'data'), { key: 'val' });
  });

  it('of which some drifted and some were deleted is whole again, and the others were not touched [T04]', async () => {
    await using fleet = await world.fleet('some-of-eight');
    fleet.commit({ 'apps/shop/base/all.yaml': set('some-of-eight', 'a') });
    await fleet.sync();
    const { api } = world.clusters.eu;
    const namespace = 'some-of-eight-shop';
    await api.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' },
      { data: { key: 'edited' } },
      { manager: 'kubectl-edit' },
    );
    await api.delete('v1', 'Service', namespace, 'web');
    await api.delete('rbac.authorization.k8s.io/v1', 'ClusterRole', '', 'some-of-eight');

    const made = outcomes(await fleet.tick());

    const changed = [...made].flatMap(([id, outcome]) => (outcome === 'unchanged' ? [] : [`${id}: ${outcome}`]));
    assert.deepEqual(changed.toSorted(), [
      'ClusterRole some-of-eight: created',
      'ConfigMap some-of-eight-shop/settings: configured',
      'Service some-of-eight-shop/web: created',
    ]);
    assert.equal(made.size, 8);
    assert.deepEqual(mapAt(await api.get('v1', 'ConfigMap', namespace, 'settings'), 'data'), { key: 'a' });
  });
});

describe('A namespace on a kind that has none', () => {
  it('is an error before any cluster is asked: it would be a second name of the same object [T05]', async () => {
    await using fleet = await world.fleet('spurious');
    fleet.commit(
      {
        'apps/shop/base/class.yaml':
          '{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: spurious, namespace: spurious}, provisioner: example.com/none}',
      },
      { errors: ['apps/shop/base/class.yaml:1: NAMESPACE_ON_CLUSTER_SCOPED'] },
    );

    await fleet.tick();

    assert.equal(await world.clusters.eu.api.get('storage.k8s.io/v1', 'StorageClass', '', 'spurious'), undefined);
  });

  it('is not given to it by the namespace of the app, and its name in the record has none [T06, T35]', async () => {
    await using fleet = await world.fleet('injected');
    const { api } = world.clusters.eu;
    await api.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'injected-was-there' },
      rules: [],
    });
    const role = (name: string, annotations: JsonObject): string =>
      printJson({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name, annotations },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      });
    fleet.commit({
      'apps/shop/base/role.json': role('injected', {}),
      'apps/shop/base/there.json': role('injected-was-there', { 'muster.dev/apply': 'create-only' }),
      'apps/shop/base/settings.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}',
    });

    const made = outcomes(await fleet.tick());

    assert.equal(made.get('ClusterRole injected-was-there'), 'skipped');
    const ids = (await fleet.inventory('shop'))?.entries.map(({ id }) => `${id.kind} ${id.namespace}/${id.name}`);
    assert.deepEqual(ids, ['ConfigMap injected/settings', 'ClusterRole /injected']);
    const there = await api.get('rbac.authorization.k8s.io/v1', 'ClusterRole', '', 'injected-was-there');
    assert.deepEqual(listAt(there, 'rules'), []);
    await fleet.sync();
    assert.deepEqual(new Set(outcomes(await fleet.tick()).values()), new Set(['unchanged', 'skipped']));
  });
});

describe('A Secret', () => {
  it('written as stringData is unchanged at the second look, and arrives when it changes [T08]', async () => {
    await using fleet = await world.fleet('string-data');
    const secret = (data: string): string =>
      `{apiVersion: v1, kind: Secret, metadata: {name: token}, stringData: ${data}}`;
    fleet.commit({ 'apps/shop/base/token.yaml': secret('{a: one, b: two}') });
    await fleet.tick();
    const quiet = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(quiet)), []);

    fleet.commit({ 'apps/shop/base/token.yaml': secret('{a: three, b: two}') });
    await fleet.sync();

    const data = mapAt(await fleet.get('v1', 'Secret', 'token'), 'data');
    assert.deepEqual(data, {
      a: Buffer.from('three').toString('base64'),
      b: Buffer.from('two').toString('base64'),
    });
  });
});

describe('A stage of people', () => {
  it('may put a Role before the definition and the resource of the same commit [T11]', async () => {
    await using fleet = await world.fleet('staged');
    fleet.commit({
      'apps/shop/base/role.yaml': `
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader, annotations: {muster.dev/wave: '-1'}}
        rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
      `,
      'apps/shop/base/definition.json': printJson(definition('staged.example.com')),
      'apps/shop/base/widget.yaml': '{apiVersion: staged.example.com/v1, kind: Widget, metadata: {name: a}}',
    });

    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(
      printRequests(objectWrites(requests)).map((line) => line.split(' ')[1]),
      [
        'rbac.authorization.k8s.io/roles',
        'apiextensions.k8s.io/customresourcedefinitions',
        'staged.example.com/widgets',
      ],
    );
  });

  it('goes on after it failed where it stood still, and what was there is not applied again [T14]', async () => {
    await using fleet = await world.fleet('stages');
    const staged = (name: string, wave: number, image: string): string =>
      printJson({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, annotations: { 'muster.dev/wave': String(wave), 'muster.dev/on-immutable': 'recreate' } },
        spec: {
          backoffLimit: 0,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image }] } },
        },
      });
    fleet.commit({
      'apps/shop/base/one.json': staged('one', 1, 'a:1'),
      'apps/shop/base/two.json': staged('two', 2, 'a:failing'),
      'apps/shop/base/three.json': staged('three', 3, 'a:1'),
    });
    await eventually(async () => {
      assert.match(assessCluster(await fleet.tick()).text, /^Job stages\/two .*BackoffLimitExceeded|^Job stages\/two /);
      assert.equal(assessCluster(await fleet.tick()).state, 'failure');
    });
    assert.equal(await fleet.get('batch/v1', 'Job', 'three'), undefined);
    const uid = textAt(await fleet.get('batch/v1', 'Job', 'one'), 'metadata', 'uid');

    fleet.commit({ 'apps/shop/base/two.json': staged('two', 2, 'a:2') });
    await fleet.sync();

    assert.ok((await fleet.get('batch/v1', 'Job', 'three')) !== undefined);
    assert.equal(textAt(await fleet.get('batch/v1', 'Job', 'one'), 'metadata', 'uid'), uid);
  });
});

describe('A record of fields', () => {
  it('under a version that is gone, ours or of another’s status, is written anew entry by entry [T10, T12, T13]', async () => {
    await using fleet = await world.fleet('stale');
    const group = 'stale.example.com';
    const widget = (version: string, size: number): string =>
      printJson({ apiVersion: `${group}/${version}`, kind: 'Widget', metadata: { name: 'a' }, spec: { size } });
    const file = 'apps/shop/base/definition.json';
    fleet.commit({
      [file]: printJson(definition(group, ['v1beta1', 'v1'])),
      'apps/shop/base/widget.json': widget('v1', 1),
    });
    await fleet.sync();
    await world.clusters.eu.api.apply(
      {
        apiVersion: `${group}/v1beta1`,
        kind: 'Widget',
        metadata: { name: 'a', namespace: 'stale' },
        status: { seen: 'yes' },
      },
      { manager: 'some-operator', subresource: 'status' },
    );
    fleet.commit({ [file]: printJson(definition(group, ['v1'])) });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/widget.json': widget('v1', 2) });
    await fleet.sync();

    const live = await fleet.get(`${group}/v1`, 'Widget', 'a');
    assert.deepEqual(mapAt(live, 'spec'), { size: 2 });
    assert.deepEqual(mapAt(live, 'status'), { seen: 'yes' });
    assert.deepEqual(
      listAt(live, 'metadata', 'managedFields')
        .map((each) => `${textAt(each, 'manager')} ${textAt(each, 'apiVersion')}`)
        .toSorted(),
      [`muster ${group}/v1`, `some-operator ${group}/v1`],
    );
  });
});

describe('A definition that somebody deleted', () => {
  it('takes its resources along: they wait, nothing else is touched, and they come back with it [T15]', async () => {
    await using fleet = await world.fleet('undefined');
    const group = 'undefined.example.com';
    const { api } = world.clusters.eu;
    await api.create(definition(group));
    fleet.commit({
      'fleet.yaml': printJson({
        apiVersion: 'muster.dev/v1alpha1',
        kind: 'Fleet',
        metadata: { name: 'undefined' },
        spec: {
          defaults: { namespace: 'undefined' },
          kinds: [{ apiVersion: `${group}/v1`, kind: 'Widget', namespaced: true }],
        },
      }),
      'apps/shop/base/widget.json': printJson({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'a' } }),
      'apps/shop/base/settings.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}',
    });
    await fleet.sync();

    await api.delete('apiextensions.k8s.io/v1', 'CustomResourceDefinition', '', `widgets.${group}`);
    await fleet.restart();
    await eventually(async () =>
      assert.match(assessCluster(await fleet.tick()).text, /^Widget undefined\/a: waiting for kind Widget/),
    );
    const quiet = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(quiet)), []);
    assert.equal((await fleet.inventory('shop'))?.entries.length, 2);

    await eventually(() => api.create(definition(group)));
    await eventually(() => fleet.sync());
    assert.ok((await fleet.get(`${group}/v1`, 'Widget', 'a')) !== undefined);
  });

  it('and whose resources left the repository too leaves nothing in the record, and holds up no deletion [T72]', async () => {
    await using fleet = await world.fleet('undefined-left');
    const group = 'undefined-left.example.com';
    const { api } = world.clusters.eu;
    fleet.commit({
      'apps/crds/base/definition.json': printJson(definition(group)),
      'apps/shop/base/widget.json': printJson({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'a' } }),
      'apps/shop/base/goes.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: goes}}',
      'apps/shop/base/stays.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: stays}}',
    });
    await fleet.sync();

    fleet.commit({
      'apps/crds/base/definition.json': null,
      'apps/shop/base/widget.json': null,
      'apps/shop/base/goes.yaml': null,
    });
    await api.delete('apiextensions.k8s.io/v1', 'CustomResourceDefinition', '', `widgets.${group}`);
    await eventually(async () => {
      await fleet.tick();
      assert.deepEqual(
        (await fleet.inventory('shop'))?.entries.map(({ id }) => id.name),
        ['stays'],
      );
      assert.equal(await fleet.inventory('crds'), undefined);
    });

    assert.equal(await fleet.get('v1', 'ConfigMap', 'goes'), undefined);
  });
});

/** Changes that API servers take from no existing object, kind by kind. */
const IMMUTABLE: readonly {
  readonly kind: string;
  readonly apiVersion: string;
  readonly field: RegExp;
  readonly object: (value: 0 | 1) => JsonObject;
}[] = [
  {
    kind: 'Secret',
    apiVersion: 'v1',
    field: /data/,
    object: (value) => ({ immutable: true, data: { token: Buffer.from(`${value}`).toString('base64') } }),
  },
  {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    field: /data/,
    object: (value) => ({ immutable: true, data: { a: `${value}` } }),
  },
  {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    field: /spec/,
    object: (value) => ({
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: `none-${value}`,
        resources: { requests: { storage: '1Gi' } },
      },
    }),
  },
  {
    kind: 'Job',
    apiVersion: 'batch/v1',
    field: /spec\.template/,
    object: (value) => ({
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: `a:${value}` }] } } },
    }),
  },
  {
    kind: 'StatefulSet',
    apiVersion: 'apps/v1',
    field: /spec/,
    object: (value) => ({
      spec: {
        replicas: 1,
        serviceName: `service-${value}`,
        selector: { matchLabels: { app: 'x' } },
        template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
      },
    }),
  },
  {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    field: /spec\.selector/,
    object: (value) => ({
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: `x${value}` } },
        template: { metadata: { labels: { app: `x${value}` } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
      },
    }),
  },
  {
    kind: 'DaemonSet',
    apiVersion: 'apps/v1',
    field: /spec\.selector/,
    object: (value) => ({
      spec: {
        selector: { matchLabels: { app: `y${value}` } },
        template: { metadata: { labels: { app: `y${value}` } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
      },
    }),
  },
  {
    kind: 'Service',
    apiVersion: 'v1',
    field: /spec\.clusterIP/,
    object: (value) => ({ spec: { clusterIP: `10.96.77.${76 + value}`, ports: [{ port: 80 }] } }),
  },
  {
    kind: 'RoleBinding',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    field: /roleRef/,
    object: (value) => ({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: value === 0 ? 'view' : 'edit' },
      subjects: [],
    }),
  },
  {
    kind: 'ClusterRoleBinding',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    field: /roleRef/,
    object: (value) => ({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: value === 0 ? 'view' : 'edit' },
      subjects: [],
    }),
  },
  {
    kind: 'StorageClass',
    apiVersion: 'storage.k8s.io/v1',
    field: /provisioner/,
    object: (value) => ({ provisioner: `example.com/p${value}` }),
  },
  {
    kind: 'PriorityClass',
    apiVersion: 'scheduling.k8s.io/v1',
    field: /value/i,
    object: (value) => ({ value: 10 + value }),
  },
];

describe('A field that cannot be changed', { concurrency: 4 }, () => {
  for (const { kind, apiVersion, field, object } of IMMUTABLE) {
    const name = `fixed-${kind.toLowerCase()}`;
    const files = (value: 0 | 1, annotations: JsonObject): Record<string, string> => ({
      'apps/shop/app.yaml': appFile('shop', { unprotect: ['PersistentVolumeClaim'] }),
      'apps/shop/base/fixed.json': printJson({
        apiVersion,
        kind,
        metadata: { name, annotations },
        ...object(value),
      }),
      'apps/shop/base/other.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}',
    });
    const get = (): Promise<JsonObject | undefined> =>
      world.clusters.eu.api.get(apiVersion, kind, CLUSTER_SCOPED.includes(kind) ? '' : name, name);

    it(`of a ${kind} is named, and changes with the object being made anew where that is asked for [T16–T20, T22]`, async () => {
      await using fleet = await world.fleet(name);
      fleet.commit(files(0, {}));
      await settle(fleet);
      const before = await get();
      const other = textAt(await fleet.get('v1', 'ConfigMap', 'other'), 'metadata', 'resourceVersion');

      fleet.commit(files(1, {}));
      const { state, text } = await eventually(async () => {
        const verdict = assessCluster(await fleet.tick());
        assert.equal(verdict.state, 'failure', verdict.text);
        return verdict;
      });
      assert.equal(state, 'failure');
      assert.match(text, new RegExp(`${kind} \\S*${name}: .*${field.source}.*muster\\.dev/on-immutable: recreate$`));
      assert.equal(textAt(await get(), 'metadata', 'uid'), textAt(before, 'metadata', 'uid'));

      fleet.commit(files(1, { 'muster.dev/on-immutable': 'recreate' }));
      await settle(fleet);
      const live = await get();
      assert.notEqual(textAt(live, 'metadata', 'uid'), textAt(before, 'metadata', 'uid'));
      assert.match(printJson(live ?? {}), new RegExp(markOf(object(1))));
      assert.equal(textAt(await fleet.get('v1', 'ConfigMap', 'other'), 'metadata', 'resourceVersion'), other);
    });
  }
});

describe('A refusal', () => {
  it('for a value that is nonsense is not taken for one of a fixed field: nothing is deleted for it [T21]', async () => {
    await using fleet = await world.fleet('nonsense-type');
    const service = (spec: JsonObject): string =>
      printJson({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', annotations: { 'muster.dev/on-immutable': 'recreate' } },
        spec,
      });
    fleet.commit({ 'apps/shop/base/web.json': service({ ports: [{ port: 80 }] }) });
    await fleet.sync();
    const uid = textAt(await fleet.get('v1', 'Service', 'web'), 'metadata', 'uid');

    fleet.commit({ 'apps/shop/base/web.json': service({ ports: [{ port: 80 }], clusterIP: '10.96.300.1' }) });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      assert.equal(assessCluster(await fleet.tick()).state, 'failure');
    });

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.equal(textAt(await fleet.get('v1', 'Service', 'web'), 'metadata', 'uid'), uid);
  });

  it('by a rule over the old value, as a definition can have one, is of a fixed field', async () => {
    await using fleet = await world.fleet('fixed-rule');
    const group = 'fixed-rule.example.com';
    const widget = (size: number): string =>
      printJson({
        apiVersion: `${group}/v1`,
        kind: 'Widget',
        metadata: { name: 'a', annotations: { 'muster.dev/on-immutable': 'recreate' } },
        spec: { size },
      });
    fleet.commit({
      'apps/shop/base/definition.json': printJson(
        definition(group, ['v1'], { 'x-kubernetes-validations': [{ rule: 'self.size == oldSelf.size' }] }),
      ),
      'apps/shop/base/widget.json': widget(1),
    });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/widget.json': widget(2) });
    await fleet.sync();

    assert.deepEqual(mapAt(await fleet.get(`${group}/v1`, 'Widget', 'a'), 'spec'), { size: 2 });
  });
});

const CLUSTER_SCOPED = ['ClusterRoleBinding', 'StorageClass', 'PriorityClass'];

/** The value that tells the new object from the old one. */
function markOf(object: JsonObject): string {
  const text = printJson(object);
  const marks = /none-1|a:1"|service-1|x1|y1|10\.96\.77\.77|edit|p1|11|"MQ=="|"a":"1"/.exec(text);
  return marks?.[0] ?? assert.fail(text);
}

/** Ticks until nothing is left to write: some objects here never become Current (a claim that nobody binds). */
async function settle(fleet: TestFleet<'eu'>): Promise<void> {
  await eventually(async () => {
    const { plan, result } = await fleet.tick();
    assert.deepEqual(
      result.apps.filter((app) => app.objects.length > 0),
      [],
    );
    assert.ok(
      plan.apps.every((app) => app.blocked === undefined && app.skipped.every((each) => each.outcome !== 'waiting')),
    );
  });
}

/** What became of each object of a tick. */
function outcomes(tick: DoneTick | undefined): ReadonlyMap<string, string> {
  const skipped = tick?.plan.apps.flatMap((app) => app.skipped) ?? [];
  const written = tick?.result.apps.flatMap((app) => app.objects) ?? [];
  return new Map([...skipped, ...written].map(({ id, outcome }) => [formatId(id), outcome]));
}

function definition(group: string, versions: readonly string[] = ['v1'], spec: JsonObject = {}): JsonObject {
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { size: { type: 'integer' } }, ...spec },
        status: { type: 'object', properties: { seen: { type: 'string' } } },
      },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === 'v1',
        schema,
        subresources: { status: {} },
      })),
    },
  };
}
