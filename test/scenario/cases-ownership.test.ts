/** Facts about whose a field is, collected from other projects: takeover, skip policies, ignore rules. Ids in brackets. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isObject, listAt, mapAt, numberAt, printJson, textAt } from '../../src/object/json.ts';
import { appliedFields } from '../../src/object/managed-fields.ts';
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

/** How an object came to be there before Git gives up a field of it. `adopt`: what the app says of it. */
const HISTORIES: readonly {
  readonly what: string;
  readonly adopt?: readonly string[];
  /** What Git says besides. */
  readonly annotations?: JsonObject;
  /** Before the first commit. */
  readonly past?: (object: JsonObject) => Promise<unknown>;
  /** Between the commit that has the field and the one that has not. */
  readonly meanwhile?: (object: JsonObject, fleet: TestFleet<'eu'>) => Promise<unknown>;
}[] = [
  { what: 'it was made from Git' },
  { what: 'it was made by kubectl create', past: (object) => create(object, 'kubectl-create') },
  {
    what: 'it was applied by kubectl on its own side',
    past: (object) =>
      create(withAnnotations(object, { [LAST_APPLIED]: printJson(object) }), 'kubectl-client-side-apply'),
  },
  { what: 'it was applied by kubectl on the server', past: (object) => applyAs(object, 'kubectl') },
  {
    what: 'it was applied by kubectl on both sides',
    past: async (object) => {
      await create(withAnnotations(object, { [LAST_APPLIED]: printJson(object) }), 'kubectl-client-side-apply');
      await applyAs(object, 'kubectl');
    },
  },
  { what: 'it was made before managers were recorded', past: (object) => create(object, 'before-first-apply') },
  { what: 'it was edited by hand and healed', meanwhile: (object) => edit(object, 'kubectl-edit') },
  { what: 'it was applied by hand beside Git', meanwhile: (object) => applyAs(object, 'kubectl') },
  { what: 'it was Helm’s', adopt: ['helm'], past: (object) => create(object, 'helm') },
  { what: 'it was Helm’s, which applied on the server', adopt: ['helm'], past: (object) => applyAs(object, 'helm') },
  {
    what: 'it was Flux’s',
    adopt: ['kustomize-controller'],
    past: (object) => applyAs(object, 'kustomize-controller'),
  },
  {
    what: 'it was Flux’s, and kubectl’s before',
    adopt: ['kustomize-controller'],
    past: async (object) => {
      await create(withAnnotations(object, { [LAST_APPLIED]: printJson(object) }), 'kubectl-client-side-apply');
      await applyAs(object, 'kustomize-controller');
    },
  },
  {
    what: 'it was Argo CD’s, which applied on its own side',
    adopt: ['argocd-controller'],
    past: (object) => create(withAnnotations(object, { [LAST_APPLIED]: '{}' }), 'argocd-controller'),
  },
  {
    what: 'it was Argo CD’s, which applied on the server',
    adopt: ['argocd-controller'],
    past: (object) => applyAs(object, 'argocd-controller'),
  },
  {
    what: 'a former tool went on while Git had it',
    adopt: ['kustomize-controller'],
    meanwhile: (object) => applyAs(object, 'kustomize-controller'),
  },
  {
    what: 'another controller held the field, and the object is forced',
    annotations: { 'muster.dev/force': 'true' },
    meanwhile: (object) =>
      world.clusters.eu.api.apply(
        { ...reference(object), spec: { minReadySeconds: 9 } },
        { manager: 'some-operator', force: true },
      ),
  },
  {
    what: 'somebody wiped the record of fields',
    meanwhile: (object) => patch(object, { metadata: { managedFields: [{}] } }, 'some-operator'),
  },
  {
    what: 'its inventory was lost',
    meanwhile: (_, fleet) => world.clusters.eu.api.delete('v1', 'ConfigMap', 'muster-system', `${fleet.name}.shop`),
  },
];

describe('A field that leaves Git leaves the cluster, and the count of an autoscaler stays', () => {
  for (const [index, { what, adopt, annotations = {}, past, meanwhile }] of HISTORIES.entries()) {
    it(`where ${what}`, async () => {
      const name = `history-${index}`;
      await using fleet = await world.fleet(name);
      const full: JsonObject = { minReadySeconds: 5, progressDeadlineSeconds: 77 };
      const files = (spec: JsonObject, env: readonly string[], labels: JsonObject): Record<string, string> => ({
        ...(adopt && { 'apps/shop/app.yaml': appFile('shop', { adopt }) }),
        'apps/shop/base/web.json': printJson(web(name, spec, env, labels, annotations)),
        'apps/shop/base/autoscaler.yaml': AUTOSCALER,
      });
      const whole = web(name, { replicas: 3, ...full }, ['A', 'B'], { team: 'a', tier: 'front' }, annotations);
      await past?.(whole);
      if (past !== undefined) await scale(name, 7);

      fleet.commit(files({ replicas: 3, ...full }, ['A', 'B'], { team: 'a', tier: 'front' }));
      await settle(fleet);
      if (past === undefined) await scale(name, 7);
      await patch(whole, { metadata: { labels: { theirs: 'yes' } } }, 'some-operator');
      await settle(fleet);
      const { replicas: _, ...rest } = mapAt(whole, 'spec');
      await meanwhile?.({ ...whole, spec: rest }, fleet);
      await settle(fleet);
      assert.equal(numberAt(await get(fleet), 'spec', 'replicas'), 7);
      const uid = textAt(await get(fleet), 'metadata', 'uid');

      fleet.commit(files({ replicas: 3, progressDeadlineSeconds: 77 }, ['B'], { team: 'a' }));
      await settle(fleet);

      const live = await get(fleet);
      assert.equal(numberAt(live, 'spec', 'minReadySeconds'), undefined);
      assert.equal(numberAt(live, 'spec', 'progressDeadlineSeconds'), 77);
      const [container] = listAt(live, 'spec', 'template', 'spec', 'containers');
      assert.deepEqual(listAt(container, 'env'), [{ name: 'B', value: '1' }]);
      const labels = Object.keys(mapAt(live, 'metadata', 'labels')).toSorted();
      assert.deepEqual(labels, ['applyset.kubernetes.io/part-of', 'team', 'theirs']);
      assert.equal(numberAt(live, 'spec', 'replicas'), 7);
      assert.equal(textAt(live, 'metadata', 'uid'), uid);
      const quiet = await fleet.requestsDuring(() => fleet.tick());
      assert.deepEqual(printRequests(objectWrites(quiet)), []);
    });
  }
});

describe('An object of kubectl', () => {
  for (const { what, name, past } of [
    {
      what: 'that applied on its own side',
      name: 'client',
      past: (object: JsonObject) =>
        create(withAnnotations(object, { [LAST_APPLIED]: printJson(object) }), 'kubectl-client-side-apply'),
    },
    { what: 'that applied on the server', name: 'server', past: (object: JsonObject) => applyAs(object, 'kubectl') },
    { what: 'that created it', name: 'created', past: (object: JsonObject) => create(object, 'kubectl-create') },
  ]) {
    it(`${what} is configured, and only we are named in its record of fields [T26–T28]`, async () => {
      await using fleet = await world.fleet(`kubectl-${name}`);
      await past(settings(fleet.name, { a: '0' }, { note: 'n' }));

      fleet.commit({ 'apps/shop/base/settings.json': printJson(settings(fleet.name, { a: '1' }, { note: 'n' })) });
      await fleet.sync();

      const live = await fleet.get('v1', 'ConfigMap', 'settings');
      assert.deepEqual(managersOf(live), ['muster']);
      assert.deepEqual(mapAt(live, 'data'), { a: '1' });
      assert.deepEqual(mapAt(live, 'metadata', 'annotations'), { note: 'n' });
    });
  }

  it('whose manager is taken off the list of people is configured, and it is still named [T29]', async () => {
    await using fleet = await world.fleet('kubectl-kept', { humans: 'nobody' });
    await applyAs(settings('kubectl-kept', { a: '1' }), 'kubectl');

    fleet.commit({ 'apps/shop/base/settings.json': printJson(settings('kubectl-kept', { a: '1', b: '2' })) });
    await fleet.sync();

    assert.deepEqual(managersOf(await fleet.get('v1', 'ConfigMap', 'settings')), ['kubectl', 'muster']);
  });
});

describe('What a manager adds', () => {
  it('goes if an app adopts it, also later and again; what another adds stays [T30, T31]', async () => {
    await using fleet = await world.fleet('adds');
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { adopt: ['listed'] }),
      'apps/shop/base/settings.json': printJson(settings('adds', { key1: 'a' })),
    });
    await fleet.sync();
    for (const round of ['1', '2']) {
      await patch(settings('adds', {}), { data: { 'bad-key': round } }, 'listed');
      await patch(settings('adds', {}), { data: { key2: round } }, 'unlisted');

      await eventually(async () => {
        await fleet.tick();
        assert.deepEqual(await data(fleet), { key1: 'a', key2: round });
      });
    }
    const live = await fleet.get('v1', 'ConfigMap', 'settings');
    assert.deepEqual(managersOf(live), ['muster', 'unlisted']);
    const quiet = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(objectWrites(quiet)), []);
  });

  it('wakes the loop, if an app adopts it', async () => {
    await using fleet = await world.fleet('adds-loop');
    fleet.commit({
      'apps/shop/app.yaml': appFile('shop', { adopt: ['listed'] }),
      'apps/shop/base/settings.json': printJson(settings('adds-loop', { key1: 'a' })),
    });
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/fleet'], 'success: 1/1 clusters in sync'));

    await patch(settings('adds-loop', {}), { data: { 'bad-key': 'x' } }, 'listed');

    await eventually(async () => assert.deepEqual(await data(fleet), { key1: 'a' }));
  });
});

describe('muster.dev/apply', () => {
  it('ignore keeps an edit for as long as it stands, and not a look longer [T32, T33]', async () => {
    await using fleet = await world.fleet('excluded');
    const manifest = (annotations: JsonObject): Record<string, string> => ({
      'apps/shop/base/settings.json': printJson(settings('excluded', { a: 'git' }, annotations)),
      'apps/shop/base/other.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}',
    });
    fleet.commit(manifest({}));
    await fleet.sync();
    await patch(settings('excluded', {}), { data: { a: 'edited' } }, 'kubectl-edit');

    fleet.commit(manifest({ 'muster.dev/apply': 'ignore' }));
    const requests = await fleet.requestsDuring(() => fleet.sync());
    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.deepEqual(await data(fleet), { a: 'edited' });

    fleet.commit(manifest({}));
    await fleet.sync();
    assert.deepEqual(await data(fleet), { a: 'git' });
    assert.deepEqual((await fleet.inventory('shop'))?.entries.map(({ id }) => id.name).toSorted(), [
      'other',
      'settings',
    ]);
  });

  it('create-only of what was there before is in sync, asks nothing at each look, and holds up neither wave nor app [T34]', async () => {
    await using fleet = await world.fleet('there-before');
    await create(settings('there-before', { a: 'theirs' }), 'some-operator');
    fleet.commit({
      'apps/shop/base/settings.json': printJson(
        settings('there-before', { a: 'git' }, { 'muster.dev/apply': 'create-only' }),
      ),
      'apps/shop/base/later.yaml':
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: later, annotations: {muster.dev/wave: '1'}}}",
      'apps/shop/base/ignored.yaml':
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: ignored, annotations: {muster.dev/apply: ignore}}}',
      'apps/tools/app.yaml': appFile('tools', { dependsOn: ['shop'] }),
      'apps/tools/base/tools.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: tools}}',
    });

    await fleet.sync();

    assert.deepEqual(await data(fleet), { a: 'theirs' });
    assert.ok((await fleet.get('v1', 'ConfigMap', 'tools')) !== undefined);
    const quiet = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(quiet).toSorted(), ['list configmaps', 'list configmaps muster-system']);
  });

  it('create-only of what somebody edited holds up neither wave nor app', async () => {
    await using fleet = await world.fleet('edited-after');
    fleet.commit({
      'apps/shop/base/settings.json': printJson(
        settings('edited-after', { a: 'git' }, { 'muster.dev/apply': 'create-only' }),
      ),
    });
    await fleet.sync();
    await patch(settings('edited-after', {}), { data: { a: 'edited' } }, 'kubectl-edit');

    fleet.commit({
      'apps/tools/app.yaml': appFile('tools', { dependsOn: ['shop'] }),
      'apps/tools/base/tools.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: tools}}',
    });
    await fleet.sync();

    assert.deepEqual(await data(fleet), { a: 'edited' });
  });

  it('has exact values: another spelling is an error with its place, not a default [T36, T37]', async () => {
    await using fleet = await world.fleet('spelling');
    const manifest = (value: string): string =>
      printJson(settings('spelling', { a: '1' }, { 'muster.dev/apply': value }));
    for (const value of ['Ignore', 'IGNORE', 'IfNotPresent', 'disabled', '']) {
      fleet.commit(
        { 'apps/shop/base/settings.json': manifest(value) },
        { errors: ['apps/shop/base/settings.json:1: BAD_ANNOTATION'] },
      );
      await fleet.tick();
      assert.equal(await fleet.get('v1', 'ConfigMap', 'settings'), undefined, value);
    }
  });
});

describe('An ignore rule', () => {
  const rule = (ignore: JsonObject, more: JsonObject = {}): Record<string, string> => ({
    'apps/shop/app.yaml': appFile('shop', { ignore: [ignore], ...more }),
  });
  const git = (namespace: string, content: JsonObject): Record<string, string> => ({
    'apps/shop/base/settings.json': printJson(settings(namespace, content)),
  });

  it('gives Git’s value to a new object, and leaves what another holds by then to it [T38–T40]', async () => {
    await using fleet = await world.fleet('rule-new');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/key1'] }),
      ...git('rule-new', { key1: 'git', key2: 'git' }),
    });
    await fleet.sync();
    assert.deepEqual(await data(fleet), { key1: 'git', key2: 'git' });
    assert.deepEqual(await ours(fleet), ['key1', 'key2']);

    await patch(settings('rule-new', {}), { data: { key1: 'edited' } }, 'some-operator');
    fleet.commit(git('rule-new', { key1: 'git', key2: 'changed' }));
    await fleet.sync();

    assert.deepEqual(await data(fleet), { key1: 'edited', key2: 'changed' });
    assert.deepEqual(await ours(fleet), ['key2']);
    assert.deepEqual(managersOf(await fleet.get('v1', 'ConfigMap', 'settings')), ['muster', 'some-operator']);
  });

  it('over what alone is different is no write, and no change of who owns what [T41]', async () => {
    await using fleet = await world.fleet('rule-only');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/key1'] }),
      ...git('rule-only', { key1: 'git', key2: 'git' }),
    });
    await fleet.sync();
    await applyAs(settings('rule-only', { key1: 'edited' }), 'some-operator');
    await fleet.sync();
    const before = await fleet.get('v1', 'ConfigMap', 'settings');

    const requests = await fleet.requestsDuring(() => fleet.tick());
    fleet.commit(git('rule-only', { key1: 'another', key2: 'git' }));
    const { result } = await fleet.tick();

    assert.deepEqual(printRequests(objectWrites(requests)), []);
    assert.deepEqual(
      result.apps.flatMap((app) => app.objects.map(({ outcome }) => outcome)),
      ['unchanged'],
    );
    assert.deepEqual(await fleet.get('v1', 'ConfigMap', 'settings'), before);
  });

  it('for a field that is absent on one side or both leaves it as it is [T42]', async () => {
    await using fleet = await world.fleet('rule-absent');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/nowhere', '/binaryData/x', '/data/key1'] }),
      ...git('rule-absent', { key1: 'git', key2: 'git' }),
    });
    await fleet.sync();
    await patch(settings('rule-absent', {}), { data: { nowhere: 'theirs', key1: null } }, 'some-operator');
    await fleet.sync();
    fleet.commit(git('rule-absent', { key1: 'git', key2: 'changed' }));
    await fleet.sync();

    assert.deepEqual(await data(fleet), { key2: 'changed', nowhere: 'theirs' });
  });

  it('over a field that cannot be changed keeps it ours while it did not drift, and a commit of it is no failure [T43, T44]', async () => {
    await using fleet = await world.fleet('rule-fixed');
    const files = (app: string, image: string): Record<string, string> => {
      const object = web('rule-fixed', { selector: { matchLabels: { app } } }, [], {});
      const containers = [{ name: 'web', image }];
      const template = { metadata: { labels: { app: 'web', more: 'x' } }, spec: { containers } };
      return { 'apps/shop/base/web.json': printJson({ ...object, spec: { ...mapAt(object, 'spec'), template } }) };
    };
    fleet.commit({ ...rule({ kind: 'Deployment', fields: ['/spec/selector'] }), ...files('web', 'web:1') });
    await settle(fleet);
    fleet.commit(files('web', 'web:2'));
    await settle(fleet);
    const isOurs = async (): Promise<boolean> =>
      isObject(mapAt(appliedFields((await get(fleet)) ?? {}, 'muster'), 'f:spec')['f:selector']);
    assert.ok(await isOurs());

    fleet.commit(files('renamed', 'web:3'));
    await settle(fleet);

    const live = await get(fleet);
    assert.equal(textAt(listAt(live, 'spec', 'template', 'spec', 'containers')[0], 'image'), 'web:3');
    assert.deepEqual(mapAt(live, 'spec', 'selector', 'matchLabels'), { app: 'web' });
    assert.ok(await isOurs());
  });

  it('for another kind or name concerns nothing else [T45, T46]', async () => {
    for (const [index, other] of [
      { kind: 'Secret', fields: ['/data/key1'] },
      { kind: 'ConfigMap', name: 'nonexistent', fields: ['/data/key1'] },
      { kind: 'ConfigMap', namespace: 'elsewhere', fields: ['/data/key1'] },
      { kind: 'ConfigMap', group: 'apps', fields: ['/data/key1'] },
    ].entries()) {
      const name = `rule-scope-${index}`;
      await using fleet = await world.fleet(name);
      fleet.commit({
        ...rule(other),
        ...git(name, { key1: 'git' }),
        'apps/shop/base/secret.yaml': '{apiVersion: v1, kind: Secret, metadata: {name: other}, data: {key1: YQ==}}',
      });
      await fleet.sync();

      fleet.commit(git(name, { key1: 'changed' }));
      await fleet.sync();

      assert.deepEqual(await data(fleet), { key1: 'changed' });
    }
  });

  it('for what an adopted manager holds: its entry goes, its value stays and is ours [T47]', async () => {
    await using fleet = await world.fleet('rule-adopt');
    fleet.commit({
      ...rule({ kind: 'ConfigMap', fields: ['/data/key1'] }, { adopt: ['other'] }),
      ...git('rule-adopt', { key1: 'git', key2: 'git' }),
    });
    await fleet.sync();
    await applyAs(settings('rule-adopt', { key1: 'theirs' }), 'other');

    fleet.commit(git('rule-adopt', { key1: 'git', key2: 'changed' }));
    await fleet.sync();

    assert.deepEqual(await data(fleet), { key1: 'theirs', key2: 'changed' });
    assert.deepEqual(managersOf(await fleet.get('v1', 'ConfigMap', 'settings')), ['muster']);
    assert.deepEqual(await ours(fleet), ['key1', 'key2']);
  });
});

/** Ticks until nothing is left to write. No controller runs here: Deployments never become Current. */
async function settle(fleet: TestFleet<'eu'>): Promise<void> {
  for (let looks = 0; looks < 9; looks++) {
    const tick = await fleet.tick();
    assert.notEqual(assessCluster(tick).state, 'failure', assessCluster(tick).text);
    if (tick.result.apps.every((app) => app.objects.length === 0)) return;
  }
  assert.fail('it does not come to rest');
}

function web(
  namespace: string,
  spec: JsonObject,
  env: readonly string[],
  labels: JsonObject,
  annotations: JsonObject = {},
): JsonObject {
  const list = env.map((name) => ({ name, value: '1' }));
  const containers = [{ name: 'web', image: 'web:1', ...(list.length === 0 ? {} : { env: list }) }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace, labels, annotations },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
      ...spec,
    },
  };
}

function settings(namespace: string, content: JsonObject, annotations: JsonObject = {}): JsonObject {
  const metadata = { name: 'settings', namespace, annotations };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: content };
}

function withAnnotations(object: JsonObject, annotations: JsonObject): JsonObject {
  const metadata = mapAt(object, 'metadata');
  return { ...object, metadata: { ...metadata, annotations: { ...mapAt(metadata, 'annotations'), ...annotations } } };
}

/** Its kind and name, and nothing else. */
function reference(object: JsonObject): JsonObject {
  const { apiVersion = '', kind = '' } = object;
  const [name, namespace] = [textAt(object, 'metadata', 'name') ?? '', textAt(object, 'metadata', 'namespace') ?? ''];
  return { apiVersion, kind, metadata: { name, namespace } };
}

function create(object: JsonObject, manager: string): Promise<JsonValue> {
  const namespace = textAt(object, 'metadata', 'namespace') ?? '';
  const collection = object['kind'] === 'Deployment' ? '/apis/apps/v1/' : '/api/v1/';
  const plural = object['kind'] === 'Deployment' ? 'deployments' : 'configmaps';
  const path = `${collection}namespaces/${namespace}/${plural}?fieldManager=${manager}`;
  return world.clusters.eu.api.request('POST', path, object);
}

function applyAs(object: JsonObject, manager: string): Promise<JsonObject> {
  return world.clusters.eu.api.apply(object, { manager, force: true });
}

function patch(object: JsonObject, change: JsonObject, manager: string): Promise<JsonObject> {
  const namespace = textAt(object, 'metadata', 'namespace') ?? '';
  const name = textAt(object, 'metadata', 'name') ?? '';
  const target = {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace,
    name,
  };
  return world.clusters.eu.api.patch(target, change, { manager });
}

function edit(object: JsonObject, manager: string): Promise<JsonObject> {
  return patch(object, { metadata: { labels: { tier: 'edited' } }, spec: { minReadySeconds: 50 } }, manager);
}

function scale(namespace: string, replicas: number): Promise<JsonObject> {
  return world.clusters.eu.api.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' },
    { spec: { replicas } },
    { manager: 'kube-controller-manager', subresource: 'scale' },
  );
}

function get(fleet: TestFleet<'eu'>): Promise<JsonObject | undefined> {
  return fleet.get('apps/v1', 'Deployment', 'web');
}

async function data(fleet: TestFleet<'eu'>): Promise<JsonObject> {
  return mapAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'data');
}

/** Keys of the data of `settings` that we own. */
async function ours(fleet: TestFleet<'eu'>): Promise<readonly string[]> {
  const live = await fleet.get('v1', 'ConfigMap', 'settings');
  return Object.keys(mapAt(appliedFields(live ?? {}, 'muster'), 'f:data')).map((step) => step.slice(2));
}

/** Who is named in the record of fields, once for each entry. */
function managersOf(live: JsonObject | undefined): readonly string[] {
  return listAt(live, 'metadata', 'managedFields')
    .map((each) => textAt(each, 'manager') ?? '')
    .toSorted();
}
