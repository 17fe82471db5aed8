/**
 * Fields that a member cluster fills in, of objects that the repository has: they stay through every commit, and are no
 * drift. Ids are those of the area `retain` in the project's list of cases.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { at, listAt, mapAt, printJson, textAt } from '../../src/object/json.ts';
import { eventually } from '../support/eventually.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

interface Case {
  readonly what: string;
  readonly object: JsonObject;
  /** Somebody fills in what Git does not have; absent: the API server or a controller does that by itself. */
  readonly fill?: (namespace: string) => Promise<unknown>;
  /** What was filled in, `undefined` until it is there. */
  readonly filled: (live: JsonObject) => JsonValue | undefined;
}

const LABELS = { app: 'web' };
const PODS = { metadata: { labels: LABELS }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };

const CASES: readonly Case[] = [
  {
    what: 'the addresses of a Service [T21]',
    object: { apiVersion: 'v1', kind: 'Service', spec: { selector: LABELS, ports: [{ port: 80 }] } },
    filled: (live) =>
      ['clusterIP', 'clusterIPs', 'ipFamilies', 'internalTrafficPolicy'].map(
        (field) => at(live, 'spec', field) ?? null,
      ),
  },
  {
    what: 'the node ports of a Service',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      spec: {
        type: 'NodePort',
        selector: LABELS,
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      },
    },
    filled: (live) => listAt(live, 'spec', 'ports').map((port) => at(port, 'nodePort') ?? null),
  },
  {
    what: 'the health check port of a Service [T05]',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector: LABELS, ports: [{ port: 80 }] },
    },
    filled: (live) => at(live, 'spec', 'healthCheckNodePort'),
  },
  {
    what: 'secrets that a controller adds to a ServiceAccount, beside those of Git [T07]',
    object: { apiVersion: 'v1', kind: 'ServiceAccount', secrets: [{ name: 'a' }] },
    fill: (namespace) =>
      edit('v1', 'ServiceAccount', namespace, {
        secrets: [{ name: 'a' }, { name: 'b-token-x' }],
        imagePullSecrets: [{ name: 'pull' }],
      }),
    filled: (live) =>
      listAt(live, 'secrets').length === 2
        ? [...listAt(live, 'secrets'), ...listAt(live, 'imagePullSecrets')].map((each) => textAt(each, 'name') ?? '')
        : undefined,
  },
  {
    what: 'the selector and the labels that a Job gets [T11]',
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { template: { ...PODS, spec: { ...PODS.spec, restartPolicy: 'Never' } } },
    },
    filled: (live) => [
      at(live, 'spec', 'selector') ?? null,
      at(live, 'spec', 'template', 'metadata', 'labels') ?? null,
    ],
  },
  {
    what: 'the token in a Secret for one [T13]',
    object: {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/service-account-token',
      metadata: { annotations: { 'kubernetes.io/service-account.name': 'default' } },
    },
    fill: (namespace) =>
      edit('v1', 'Secret', namespace, { data: { token: Buffer.from('of a controller').toString('base64') } }),
    filled: (live) => at(live, 'data', 'token'),
  },
  {
    what: 'labels, annotations and finalizers of others [T17]',
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { labels: { ours: 'yes' }, annotations: { ours: 'yes' } },
      data: { a: 'b' },
    },
    fill: (namespace) =>
      edit('v1', 'ConfigMap', namespace, {
        metadata: { labels: { theirs: 'yes' }, annotations: { theirs: 'yes' }, finalizers: ['example.com/theirs'] },
      }),
    filled: (live) =>
      ['labels', 'annotations'].every((field) => at(live, 'metadata', field, 'theirs') === 'yes')
        ? at(live, 'metadata', 'finalizers')
        : undefined,
  },
  {
    what: 'the authority that a controller puts into a webhook',
    object: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      webhooks: [
        {
          name: 'retain.example.com',
          clientConfig: { service: { namespace: 'retain', name: 'nobody' } },
          rules: [
            { apiGroups: ['retain.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothing'] },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          failurePolicy: 'Ignore',
        },
      ],
    },
    fill: () =>
      world.clusters.eu.api.patch(
        { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', name: 'it' },
        [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: Buffer.from(CERTIFICATE).toString('base64') }],
        { type: 'json', manager: 'cainjector' },
      ),
    filled: (live) => at(listAt(live, 'webhooks')[0], 'clientConfig', 'caBundle'),
  },
  {
    what: 'where a Pod runs, and what admission put into it',
    object: { apiVersion: 'v1', kind: 'Pod', spec: PODS.spec },
    filled: (live) => {
      const node = at(live, 'spec', 'nodeName');
      return node === undefined
        ? undefined
        : [node, at(live, 'spec', 'serviceAccountName') ?? null, listAt(live, 'spec', 'tolerations').length];
    },
  },
];

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

describe('A commit leaves alone', () => {
  for (const [index, { what, object, fill, filled }] of CASES.entries()) {
    it(what, async () => {
      const namespace = `retain-${index}`;
      await using fleet = await world.fleet(namespace);
      const { apiVersion, kind } = object;
      assert.ok(typeof apiVersion === 'string' && typeof kind === 'string');
      const read = async (): Promise<JsonObject> => (await live(fleet, apiVersion, kind)) ?? {};
      fleet.commit({ 'apps/shop/base/it.yaml': named(object) });
      await fleet.tick();
      await fill?.(namespace);
      const before = await eventually(async () => filled(await read()) ?? assert.fail('nobody filled it in'));
      const { uid } = mapAt(await read(), 'metadata');
      // What was filled in makes no drift.
      const quiet = await fleet.requestsDuring(async () => {
        const tick = await fleet.tick();
        assert.deepEqual(
          tick.drift.objects.flatMap(({ fields }) => fields.map(({ path }) => path)),
          [],
        );
      });
      assert.deepEqual(printRequests(objectWrites(quiet)), []);

      fleet.commit({ 'apps/shop/base/it.yaml': named(object, { changed: 'by-Git' }) });
      const requests = await fleet.requestsDuring(async () => {
        await fleet.tick();
        await fleet.tick();
      });

      assert.equal(objectWrites(requests).length, 1, printRequests(requests).join('\n'));
      assert.equal(at(await read(), 'metadata', 'labels', 'changed'), 'by-Git');
      assert.equal(mapAt(await read(), 'metadata')['uid'], uid);
      assert.deepEqual(filled(await read()), before);
      await release(namespace, kind);
    });
  }

  it('the volume of a claim, and the claim of a volume, that found one another [T09]', async () => {
    await using fleet = await world.fleet('retain-volume');
    const spec = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
    const volume = (labels: JsonObject): string =>
      printJson({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'retain-volume', labels },
        spec: { ...spec, capacity: { storage: '1Gi' }, hostPath: { path: '/nowhere' } },
      });
    const claim = (labels: JsonObject): string =>
      printJson({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'it', labels },
        spec: { ...spec, resources: { requests: { storage: '1Gi' } } },
      });
    const read = async (): Promise<readonly JsonValue[]> => {
      const { api } = world.clusters.eu;
      const [bound, volumes] = [
        await api.get('v1', 'PersistentVolumeClaim', 'retain-volume', 'it'),
        await api.get('v1', 'PersistentVolume', '', 'retain-volume'),
      ];
      return [at(bound, 'spec', 'volumeName') ?? null, at(volumes, 'spec', 'claimRef', 'uid') ?? null];
    };
    fleet.commit({ 'apps/shop/base/v.yaml': volume({}), 'apps/shop/base/c.yaml': claim({}) });
    await fleet.tick();
    await eventually(async () => assert.ok((await read()).every((each) => each !== null)));
    const before = await read();

    const label = { changed: 'by-Git' };
    fleet.commit({ 'apps/shop/base/v.yaml': volume(label), 'apps/shop/base/c.yaml': claim(label) });
    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.equal(objectWrites(requests).length, 2, printRequests(requests).join('\n'));
    assert.deepEqual(await read(), before);
  });

  it('nothing that was ours and left Git: a label, an annotation, an item of a list [T15]', async () => {
    await using fleet = await world.fleet('retain-ours');
    const before = {
      labels: { x: '1', y: '1' },
      annotations: { x: '1', y: '1' },
      finalizers: ['example.com/x', 'example.com/y'],
    };
    fleet.commit({ 'apps/shop/base/it.yaml': named({ apiVersion: 'v1', kind: 'ConfigMap', metadata: before }) });
    await fleet.sync();

    const after = { labels: { y: '1' }, annotations: { y: '1' }, finalizers: ['example.com/y'] };
    fleet.commit({ 'apps/shop/base/it.yaml': named({ apiVersion: 'v1', kind: 'ConfigMap', metadata: after }) });
    await fleet.sync();

    const metadata = mapAt(await fleet.get('v1', 'ConfigMap', 'it'), 'metadata');
    assert.deepEqual(metadata['annotations'], { y: '1' });
    assert.deepEqual(metadata['finalizers'], ['example.com/y']);
    assert.deepEqual(Object.keys(mapAt(metadata, 'labels')).toSorted(), ['applyset.kubernetes.io/part-of', 'y']);
    await release('retain-ours', 'ConfigMap');
  });
});

function live(fleet: TestFleet<'eu'>, apiVersion: string, kind: string): Promise<JsonObject | undefined> {
  const namespace = kind === 'ValidatingWebhookConfiguration' ? '' : fleet.name;
  return world.clusters.eu.api.get(apiVersion, kind, namespace, 'it');
}

/** As a controller of the cluster, which is no person. */
function edit(apiVersion: string, kind: string, namespace: string, patch: JsonObject): Promise<JsonObject> {
  return world.clusters.eu.api.patch({ apiVersion, kind, namespace, name: 'it' }, patch, {
    manager: 'some-controller',
  });
}

/** What a finalizer holds would hold the namespace when the server ends. */
async function release(namespace: string, kind: string): Promise<void> {
  if (kind === 'ConfigMap') await edit('v1', kind, namespace, { metadata: { finalizers: null } });
}

function named(object: JsonObject, labels: JsonObject = {}): string {
  const metadata = mapAt(object, 'metadata');
  return printJson({
    ...object,
    metadata: { ...metadata, name: 'it', labels: { ...mapAt(metadata, 'labels'), ...labels } },
  });
}
