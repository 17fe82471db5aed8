/** Objects that another tool had: all that it owned becomes ours, so that what is not in Git goes, now and later. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { listAt, mapAt, numberAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile } from './support/fleet-files.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { AUTOSCALER } from './support/manifests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** How each tool writes, and what it leaves on its objects. */
const TOOLS = [
  {
    what: 'Flux',
    name: 'flux',
    manager: 'kustomize-controller',
    operation: 'apply',
    labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
    annotations: {},
  },
  {
    what: 'Argo CD, which applied on its own side',
    name: 'argocd',
    manager: 'argocd-controller',
    operation: 'create',
    labels: { 'app.kubernetes.io/instance': 'shop' },
    annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web', [LAST_APPLIED]: '{}' },
  },
  {
    what: 'Argo CD, which applied on the server',
    name: 'argocd-ssa',
    manager: 'argocd-controller',
    operation: 'apply',
    labels: {},
    annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web' },
  },
  {
    what: 'Helm',
    name: 'helm',
    manager: 'helm',
    operation: 'create',
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'shop' },
  },
] as const;

describe('spec.adopt', () => {
  for (const tool of TOOLS) {
    it(`takes an object over from ${tool.what}: what is not in Git goes, the record of that tool with it, and nothing else`, async () => {
      await using fleet = await world.fleet(tool.name);
      const { labels, annotations, manager } = tool;
      const made = deployment(tool.name, {
        labels: { ...labels, tier: 'front' },
        annotations,
        spec: { minReadySeconds: 5, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } } },
        containers: [container('web', { A: '1', B: '2' }), container('proxy', {})],
      });
      if (tool.operation === 'apply') await world.clusters.eu.api.apply(made, { manager });
      else await create(made, manager);
      await scale(tool.name, 7);
      await world.clusters.eu.api.patch(
        webOf(tool.name),
        { metadata: { annotations: { 'example.com/seen': 'yes' } } },
        { manager: 'some-operator' },
      );
      const uid = textAt(await web(fleet), 'metadata', 'uid');

      fleet.commit({
        'apps/shop/app.yaml': appFile('shop', { adopt: [manager] }),
        'apps/shop/base/web.json': printJson(
          deployment(tool.name, { labels: {}, containers: [container('web', { B: '2', C: '3' })] }),
        ),
        'apps/shop/base/autoscaler.yaml': AUTOSCALER,
      });
      await settle(fleet);

      const live = await web(fleet);
      assert.equal(textAt(live, 'metadata', 'uid'), uid);
      assert.deepEqual(Object.keys(mapAt(live, 'metadata', 'labels')), ['applyset.kubernetes.io/part-of']);
      assert.deepEqual(mapAt(live, 'metadata', 'annotations'), { 'example.com/seen': 'yes' });
      assert.deepEqual(containersOf(live), [['web', ['B=2', 'C=3']]]);
      assert.equal(numberAt(live, 'spec', 'minReadySeconds'), undefined);
      assert.equal(mapAt(live, 'spec', 'strategy', 'rollingUpdate')['maxSurge'], '25%', 'the default is back');
      assert.equal(numberAt(live, 'spec', 'replicas'), 7);
      const managers = managersOf(live).filter((each) => each !== 'kube-controller-manager');
      assert.deepEqual(managers, ['muster', 'some-operator']);
      const quiet = await fleet.requestsDuring(() => fleet.tick());
      assert.deepEqual(
        printRequests(quiet).filter((line) => !line.startsWith('list')),
        [],
      );
    });
  }

  it('says before it writes anything what will go', async () => {
    await using fleet = await world.fleet('predicted');
    await world.clusters.eu.api.apply(settings('predicted', { colour: 'red', extra: 'yes' }), {
      manager: 'kustomize-controller',
    });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { adopt: ['kustomize-controller'], suspend: true }),
      'apps/shop/base/settings.json': printJson(settings('predicted', { colour: 'blue' })),
    });

    const requests = await fleet.requestsDuring(async () => {
      const { drift } = await fleet.tick();
      const fields = drift.objects.flatMap((each) => each.fields.filter(({ path }) => path.startsWith('/data')));
      assert.deepEqual(
        fields.map(({ path, desired, live }) => ({ path, desired, live })),
        [
          { path: '/data/colour', desired: 'blue', live: 'red' },
          { path: '/data/extra', desired: undefined, live: 'yes' },
        ],
      );
    });

    assert.deepEqual(printRequests(objectWrites(requests)), []);
  });

  it('removes also what would make an apply beside it invalid', async () => {
    await using fleet = await world.fleet('leftover');
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } };
    await world.clusters.eu.api.apply(
      deployment('leftover', { spec: { strategy }, containers: [container('web', {})] }),
      { manager: 'kustomize-controller' },
    );

    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { adopt: ['kustomize-controller'] }),
      'apps/shop/base/web.json': printJson(
        deployment('leftover', { spec: { strategy: { type: 'Recreate' } }, containers: [container('web', {})] }),
      ),
    });
    await settle(fleet);

    assert.deepEqual(mapAt(await web(fleet), 'spec', 'strategy'), { type: 'Recreate' });
  });

  it('also of objects that are ours already, as soon as it is written into the app', async () => {
    await using fleet = await world.fleet('later');
    await world.clusters.eu.api.apply(settings('later', { colour: 'blue', extra: 'yes' }), { manager: 'helm' });
    fleet.commit({ 'apps/shop/base/settings.json': printJson(settings('later', { colour: 'blue' })) });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { colour: 'blue', extra: 'yes' });

    fleet.commit({ 'apps/shop/app.yaml': appFile('shop', { adopt: ['helm'] }) });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue' });
    assert.deepEqual(managersOf(await fleet.get('v1', 'ConfigMap', 'settings')), ['muster']);
  });

  it('never takes an object that has an owner in the cluster, or belongs to another ApplySet', async () => {
    await using fleet = await world.fleet('not-ours');
    const owner = await world.clusters.eu.api.create(settings('not-ours', {}, { name: 'parent' }));
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid: textAt(owner, 'metadata', 'uid') ?? '' },
    ];
    const labels = { 'applyset.kubernetes.io/part-of': 'applyset-of-somebody-else-v1' };
    await world.clusters.eu.api.apply(settings('not-ours', { a: '1' }, { ownerReferences }), { manager: 'helm' });
    await world.clusters.eu.api.apply(settings('not-ours', { a: '1' }, { name: 'other', labels }), { manager: 'helm' });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { adopt: ['helm'] }),
      'apps/shop/base/settings.json': printJson(settings('not-ours', { a: '2' })),
      'apps/tools/app.yaml': appFile('tools', { adopt: ['helm'] }),
      'apps/tools/base/other.json': printJson(settings('not-ours', { a: '2' }, { name: 'other' })),
    });

    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    const { state, text } = assessCluster(await fleet.tick());
    assert.equal(state, 'failure');
    assert.match(text, /it is owned by ConfigMap parent/);
  });

  for (const at of ['before', 'after'] as const) {
    it(`converges when the process ends ${at} the owners changed`, async () => {
      await using fleet = await world.fleet(`killed-${at}`);
      const name = `killed-${at}`;
      await world.clusters.eu.api.apply(settings(name, { colour: 'red', extra: 'yes', gone: 'soon' }), {
        manager: 'helm',
      });
      fleet.commit({
        'apps/shop/app.yaml': appFile('shop', { adopt: ['helm'] }),
        'apps/shop/base/settings.json': printJson(settings(name, { colour: 'blue', gone: 'soon' })),
      });
      const cut = (_: number, what: string): void => {
        if (what.startsWith('transfer')) throw new Error('the power is cut');
      };
      await assert.rejects(fleet.tick('eu', { [`${at}Write`]: cut }), /the power is cut/);
      await fleet.restart();

      // Meanwhile Git gives up another field: it must not have become nobody's.
      fleet.commit({ 'apps/shop/base/settings.json': printJson(settings(name, { colour: 'blue' })) });
      await fleet.sync();

      assert.deepEqual(await data(fleet), { colour: 'blue' });
      assert.deepEqual(managersOf(await fleet.get('v1', 'ConfigMap', 'settings')), ['muster']);
    });
  }

  it('does not overwrite who owns what when somebody wrote in the meantime', async () => {
    await using fleet = await world.fleet('raced');
    await world.clusters.eu.api.apply(settings('raced', { colour: 'red' }), { manager: 'helm' });
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { adopt: ['helm'] }),
      'apps/shop/base/settings.json': printJson(settings('raced', { colour: 'blue' })),
    });

    const first = await fleet.tick('eu', {
      beforeWrite: async (_, what) => {
        if (!what.startsWith('transfer')) return;
        await world.clusters.eu.api.patch(settingsOf('raced'), { data: { seen: 'yes' } }, { manager: 'some-operator' });
      },
    });
    assert.equal(assessCluster(first).state, 'pending');
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue', seen: 'yes' });
    assert.deepEqual(managersOf(await fleet.get('v1', 'ConfigMap', 'settings')), ['muster', 'some-operator']);
  });
});

describe('An object of kubectl', () => {
  /** As `kubectl apply` on the client's side makes it. */
  const applied = (object: JsonObject): Promise<JsonValue> => {
    const metadata = mapAt(object, 'metadata');
    const annotations = { ...mapAt(metadata, 'annotations'), [LAST_APPLIED]: printJson(object) };
    return create({ ...object, metadata: { ...metadata, annotations } }, 'kubectl-client-side-apply');
  };

  it('that was applied on the client gives up what Git gives up later, and its copy of the manifest; what Git never had stays', async () => {
    await using fleet = await world.fleet('csa');
    const first = deployment('csa', {
      labels: { team: 'a', tier: 'front' },
      spec: { minReadySeconds: 5 },
      containers: [container('web', { A: '1', B: '2' }), container('proxy', {})],
    });
    await applied(first);
    await world.clusters.eu.api.patch(
      webOf('csa'),
      { metadata: { labels: { edited: 'yes' } }, spec: { progressDeadlineSeconds: 99 } },
      { manager: 'kubectl-edit' },
    );
    fleet.commit({ 'apps/shop/base/web.json': printJson(first) });
    await settle(fleet);
    assert.equal(textAt(await web(fleet), 'metadata', 'annotations', LAST_APPLIED), undefined);

    fleet.commit({
      'apps/shop/base/web.json': printJson(
        deployment('csa', { labels: { team: 'a' }, containers: [container('web', { B: '2' })] }),
      ),
    });
    await settle(fleet);

    const live = await web(fleet);
    assert.deepEqual(Object.keys(mapAt(live, 'metadata', 'labels')).sort(), [
      'applyset.kubernetes.io/part-of',
      'edited',
      'team',
    ]);
    assert.deepEqual(containersOf(live), [['web', ['B=2']]]);
    assert.equal(numberAt(live, 'spec', 'minReadySeconds'), undefined);
    assert.equal(numberAt(live, 'spec', 'progressDeadlineSeconds'), 99);
  });

  it('that was applied on the server gives up what Git gives up later', async () => {
    await using fleet = await world.fleet('ssa');
    await world.clusters.eu.api.apply(settings('ssa', { colour: 'blue', size: 'large', own: 'yes' }), {
      manager: 'kubectl',
    });
    fleet.commit({ 'apps/shop/base/settings.json': printJson(settings('ssa', { colour: 'blue', size: 'large' })) });
    await fleet.sync();

    fleet.commit({ 'apps/shop/base/settings.json': printJson(settings('ssa', { colour: 'blue' })) });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue', own: 'yes' });
  });

  it('that was applied by hand again, beside Git, still gives up what Git gives up', async () => {
    await using fleet = await world.fleet('again');
    const both = settings('again', { colour: 'blue', size: 'large' });
    fleet.commit({ 'apps/shop/base/settings.json': printJson(both) });
    await fleet.sync();
    await world.clusters.eu.api.apply(both, { manager: 'kubectl' });

    fleet.commit({ 'apps/shop/base/settings.json': printJson(settings('again', { colour: 'blue' })) });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { colour: 'blue' });
  });

  it('keeps the count of its autoscaler, whoever set it last', async () => {
    await using fleet = await world.fleet('csa-scaled');
    const made = deployment('csa-scaled', { spec: { replicas: 6 }, containers: [container('web', {})] });
    await applied(made);

    fleet.commit({
      'apps/shop/base/web.json': printJson(deployment('csa-scaled', { containers: [container('web', {})] })),
      'apps/shop/base/autoscaler.yaml': AUTOSCALER,
    });
    await settle(fleet);

    assert.equal(numberAt(await web(fleet), 'spec', 'replicas'), 6);
  });
});

describe('An API version', () => {
  for (const { what, name, isKept } of [
    { what: 'that is still served', name: 'kept', isKept: true },
    { what: 'that is gone', name: 'dropped', isKept: false },
  ]) {
    it(`${what} hides nothing: a field that leaves Git with the new version goes, and others keep theirs`, async () => {
      await using fleet = await world.fleet(name);
      const kind = `${name}.example.com`;
      const ledger = (version: string, spec: JsonObject): string =>
        printJson({ apiVersion: `${kind}/${version}`, kind: 'Ledger', metadata: { name: 'main' }, spec });
      fleet.commit({
        'apps/shop/base/definition.json': printJson(definition(kind, ['v1beta1', 'v1'])),
        'apps/shop/base/ledger.json': ledger('v1beta1', { a: '1', b: '2', list: ['x'] }),
      });
      await fleet.sync();
      const target = { apiVersion: `${kind}/v1beta1`, kind: 'Ledger', namespace: name, name: 'main' };
      await world.clusters.eu.api.patch(
        target,
        { status: { seen: 'yes' } },
        { manager: 'some-operator', subresource: 'status' },
      );
      await world.clusters.eu.api.patch(target, { spec: { c: '3' } }, { manager: 'some-operator' });

      fleet.commit({
        'apps/shop/base/definition.json': printJson(definition(kind, isKept ? ['v1beta1', 'v1'] : ['v1'])),
        'apps/shop/base/ledger.json': ledger('v1', { a: '1' }),
      });
      await fleet.sync();

      const live = await fleet.get(`${kind}/v1`, 'Ledger', 'main');
      assert.deepEqual(mapAt(live, 'spec'), { a: '1', c: '3' });
      assert.deepEqual(mapAt(live, 'status'), { seen: 'yes' });
      assert.deepEqual(managersOf(live), ['muster', 'some-operator', 'some-operator']);
    });
  }

  it('that went while nothing else changed is no reason to fail at the next commit', async () => {
    await using fleet = await world.fleet('went');
    const ledger = (spec: JsonObject): string =>
      printJson({ apiVersion: 'went.example.com/v1', kind: 'Ledger', metadata: { name: 'main' }, spec });
    fleet.commit({ 'apps/crds/base/definition.json': printJson(definition('went.example.com', ['v1beta1', 'v1'])) });
    await fleet.sync();
    await world.clusters.eu.api.apply(
      {
        apiVersion: 'went.example.com/v1beta1',
        kind: 'Ledger',
        metadata: { name: 'main', namespace: 'went' },
        spec: { c: '3' },
      },
      { manager: 'some-operator' },
    );
    fleet.commit({ 'apps/shop/base/ledger.json': ledger({ a: '1', b: '2' }) });
    await fleet.sync();
    fleet.commit({ 'apps/crds/base/definition.json': printJson(definition('went.example.com', ['v1'])) });
    await fleet.sync();
    await eventually(async () => {
      const own = { apiVersion: 'went.example.com/v1', kind: 'Ledger', metadata: { name: 'main', namespace: 'went' } };
      await assert.rejects(
        world.clusters.eu.api.apply(own, { manager: 'test', dryRun: true }),
        /invalid group\/version/,
      );
    });

    fleet.commit({ 'apps/shop/base/ledger.json': ledger({ a: '1' }) });
    await fleet.sync();

    assert.deepEqual(mapAt(await fleet.get('went.example.com/v1', 'Ledger', 'main'), 'spec'), { a: '1', c: '3' });
  });
});

/** Ticks until nothing is left to write. No controller runs here: Deployments never become Current. */
async function settle(fleet: TestFleet<'eu'>): Promise<void> {
  for (let looks = 0; looks < 9; looks++) {
    const { plan } = await fleet.tick();
    const isDone = plan.apps.every((app) => app.intent === undefined && app.blocked === undefined);
    if (isDone) return;
  }
  assert.fail('it does not come to rest');
}

interface DeploymentParts {
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  readonly spec?: JsonObject;
  readonly containers: readonly JsonObject[];
}

function deployment(namespace: string, { labels, annotations, spec, containers }: DeploymentParts): JsonObject {
  const metadata = { name: 'web', namespace, ...(labels && { labels }), ...(annotations && { annotations }) };
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers } };
  const selector = { matchLabels: { app: 'web' } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { ...spec, selector, template } };
}

function container(name: string, env: Readonly<Record<string, string>>): JsonObject {
  const list = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  return { name, image: `${name}:1`, ...(list.length === 0 ? {} : { env: list }) };
}

function settings(namespace: string, content: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace, ...metadata }, data: content };
}

function definition(group: string, versions: readonly string[]): JsonObject {
  const text = { type: 'string' };
  const spec = {
    type: 'object',
    properties: { a: text, b: text, c: text, list: { type: 'array', items: text } },
  };
  const status = { type: 'object', properties: { seen: text } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `ledgers.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Ledger', plural: 'ledgers', singular: 'ledger', listKind: 'LedgerList' },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === 'v1',
        schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
        subresources: { status: {} },
      })),
    },
  };
}

function create(object: JsonObject, manager: string): Promise<JsonValue> {
  const namespace = textAt(object, 'metadata', 'namespace') ?? '';
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments?fieldManager=${manager}`;
  return world.clusters.eu.api.request('POST', path, object);
}

function scale(namespace: string, replicas: number): Promise<JsonObject> {
  return world.clusters.eu.api.patch(
    webOf(namespace),
    { spec: { replicas } },
    { manager: 'kube-controller-manager', subresource: 'scale' },
  );
}

function webOf(namespace: string) {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };
}

function settingsOf(namespace: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
}

function web(fleet: TestFleet<'eu'>): Promise<JsonObject | undefined> {
  return fleet.get('apps/v1', 'Deployment', 'web');
}

async function data(fleet: TestFleet<'eu'>): Promise<JsonObject> {
  return mapAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'data');
}

/** Names of the containers, each with its environment. */
function containersOf(live: JsonObject | undefined): readonly JsonValue[] {
  return listAt(live, 'spec', 'template', 'spec', 'containers').map((each) => [
    textAt(each, 'name') ?? '',
    listAt(each, 'env').map((entry) => `${textAt(entry, 'name')}=${textAt(entry, 'value')}`),
  ]);
}

/** Who is named in the record of fields, once for each entry. */
function managersOf(live: JsonObject | undefined): readonly string[] {
  return listAt(live, 'metadata', 'managedFields')
    .map((each) => textAt(each, 'manager') ?? '')
    .toSorted();
}
