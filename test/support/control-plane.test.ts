import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { provideControlPlane } from '../../scripts/control-plane.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { listAt, textAt } from '../../src/object/json.ts';
import { ApiError, createApiClient } from './api-client.ts';
import { prepareApiServer, randomPort, startApiServer } from './api-server.ts';
import { createAuthority } from './certificates.ts';
import { type ControlPlanes, startControlPlanes } from './control-plane.ts';
import { eventually } from './eventually.ts';

describe('Two control planes', () => {
  let planes: ControlPlanes<'eu' | 'us'>;

  before(async () => {
    planes = await startControlPlanes(['eu', 'us']);
  });
  after(() => planes?.[Symbol.asyncDispose]());

  it('have one kubeconfig with a context for each', () => {
    const config: JsonValue = parse(readFileSync(planes.kubeconfig, 'utf8'));
    const { eu, us } = planes.clusters;
    const contexts = listAt(config, 'contexts').map((each) => textAt(each, 'name'));
    const servers = listAt(config, 'clusters').map((each) => textAt(each, 'cluster', 'server'));
    assert.deepEqual(contexts, ['eu', 'us']);
    assert.deepEqual(servers, [eu.url, us.url]);
  });

  it('are two clusters: each has its own objects, identity and authority', async () => {
    const eu = createApiClient(planes.clusters.eu.kubeconfig);
    const us = createApiClient(planes.clusters.us.kubeconfig);
    await eu.create(configMap('only-in-eu'));

    assert.equal(textAt(await eu.get('v1', 'ConfigMap', 'default', 'only-in-eu'), 'metadata', 'name'), 'only-in-eu');
    assert.ok((await eu.list('v1', 'ConfigMap')).every((each) => each['kind'] === 'ConfigMap'));
    assert.equal(await us.get('v1', 'ConfigMap', 'default', 'only-in-eu'), undefined);
    const uid = async (client: typeof eu): Promise<string | undefined> =>
      textAt(await client.get('v1', 'Namespace', '', 'kube-system'), 'metadata', 'uid');
    assert.notEqual(await uid(eu), await uid(us));
    assert.notEqual(planes.clusters.eu.ca, planes.clusters.us.ca);
  });

  it('know a user by name and groups, and allow what RBAC allows', async () => {
    const admin = createApiClient(planes.clusters.eu.kubeconfig);
    const jane = createApiClient(planes.clusters.eu.kubeconfigFor('jane', ['developers', 'testers']));
    const review = await jane.create({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
    assert.equal(textAt(review, 'status', 'userInfo', 'username'), 'jane');
    assert.deepEqual(listAt(review, 'status', 'userInfo', 'groups'), ['developers', 'testers', 'system:authenticated']);

    await assert.rejects(jane.list('v1', 'ConfigMap', 'default'), hasStatus(403));
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'developers', namespace: 'default' } };
    await admin.apply({
      ...rbac,
      kind: 'Role',
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
    });
    await admin.apply({
      ...rbac,
      kind: 'RoleBinding',
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'developers' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'developers' }],
    });
    await eventually(() => jane.list('v1', 'ConfigMap', 'default')); // The server learns of new rules by a watch.
  });

  it('do not accept an expired certificate, nor one of another cluster', async () => {
    const { eu, us } = planes.clusters;
    const expired = createApiClient(eu.kubeconfigFor('jane', ['system:masters'], { expired: true }));
    await assert.rejects(expired.request('GET', '/api'), hasStatus(401));

    const ofUs = us.kubeconfigFor('jane', ['system:masters'], { ca: eu.ca });
    const stranger = createApiClient(ofUs.replace(us.url, eu.url));
    await assert.rejects(stranger.request('GET', '/api'), hasStatus(401));
  });

  it('are not believed by a client that trusts another authority: no request arrives', async () => {
    const { eu, us } = planes.clusters;
    const client = createApiClient(eu.kubeconfigFor('mallory', ['system:masters'], { ca: us.ca }));
    await assert.rejects(client.request('GET', '/api'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    assert.ok((await eu.requests()).every((each) => each.user !== 'mallory'));
  });

  it('tell which requests arrived', async () => {
    const { us } = planes.clusters;
    const client = createApiClient(us.kubeconfigFor('muster', ['system:masters']));
    await client.list('v1', 'Namespace', '', 'a=b');
    await client.apply(configMap('told'), { manager: 'muster', force: true, dryRun: true });
    await client.get('v1', 'ConfigMap', 'default', 'told');
    await client.apply(configMap('told'), { manager: 'muster' });
    await client.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'told' },
      { data: { a: 'b' } },
    );
    await client.delete('v1', 'ConfigMap', 'default', 'told');
    await assert.rejects(client.create(configMap('Not_A_Name')), hasStatus(422));

    const requests = (await us.requests()).filter((each) => each.user === 'muster');
    assert.deepEqual(
      requests.map(({ verb, resource, namespace, name, code }) =>
        [verb, resource, `${namespace}/${name}`, code].join(' '),
      ),
      [
        'get /api/v1 / 200',
        'list namespaces / 200',
        'patch configmaps default/told 201',
        'get configmaps default/told 404',
        'patch configmaps default/told 201',
        'patch configmaps default/told 200',
        'delete configmaps default/told 200',
        'create configmaps default/Not_A_Name 422',
      ],
    );
    assert.deepEqual(requests[1]?.query, { labelSelector: 'a=b' });
    assert.deepEqual(requests[2]?.query, {
      fieldManager: 'muster',
      fieldValidation: 'Strict',
      force: 'true',
      dryRun: 'All',
    });
  });

  it('tell of a request as soon as its answer is here, short or long, and of a watch once', async () => {
    const { us } = planes.clusters;
    const client = createApiClient(us.kubeconfigFor('hurry', ['system:masters']));
    const ofHurry = async (): Promise<number> => (await us.requests()).filter((each) => each.user === 'hurry').length;
    for (let count = 1; count <= 40; count++) {
      await client.request('GET', count % 2 === 0 ? '/version' : '/openapi/v2');
      assert.equal(await ofHurry(), count);
    }
    const stop = new AbortController();
    for await (const { object } of client.watch('v1', 'Namespace', stop.signal)) {
      if (textAt(object, 'metadata', 'name') === 'default') break;
    }
    stop.abort();
    assert.equal(await ofHurry(), 42); // With the discovery of v1.
  });

  it('pause: nothing is answered, and everything when they resume', async () => {
    const { eu, us } = planes.clusters;
    const client = createApiClient(eu.kubeconfig);
    await client.request('GET', '/version');
    await eu.pause();
    const answer = client.request('GET', '/version');
    const first = await Promise.race([answer.then(() => 'answered'), sleep(500, 'silence')]);
    assert.equal(first, 'silence');
    await createApiClient(us.kubeconfig).request('GET', '/version');
    eu.resume();
    assert.equal(textAt(await answer, 'major'), '1');
  });

  it('stop: connections are refused; start: the same address, data and users', async () => {
    const { eu } = planes.clusters;
    const client = createApiClient(eu.kubeconfig);
    await client.create(configMap('kept'));
    const before = (await eu.requests()).length;
    await eu.stop();
    await assert.rejects(createApiClient(eu.kubeconfig).request('GET', '/version'), { code: 'ECONNREFUSED' });
    await eu.start();
    assert.ok(await client.get('v1', 'ConfigMap', 'default', 'kept'));
    assert.equal((await eu.requests()).length, before + 1);
  });

  it('stop also when they are paused', async () => {
    const { us } = planes.clusters;
    await us.pause();
    await us.stop();
    await us.start();
    assert.ok(await createApiClient(us.kubeconfig).get('v1', 'Namespace', '', 'default'));
  });
});

describe('Starting', () => {
  it('removes all files when it is disposed', async () => {
    const planes = await startControlPlanes([]);
    const folder = dirname(planes.kubeconfig);
    assert.ok(existsSync(folder));
    await planes[Symbol.asyncDispose]();
    assert.ok(!existsSync(folder));
  });

  it('finds another port when somebody else sits on the first', async () => {
    await using planes = await startControlPlanes([]);
    const folder = dirname(planes.kubeconfig);
    const connections: Socket[] = [];
    const taken = createServer((socket) => connections.push(socket)).listen(0, '127.0.0.1'); // It never answers.
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const ports = [address.port, address.port];
    const settings = {
      program: (await provideControlPlane({ onProgress: console.error })).apiserver,
      folder,
      name: 'third-time',
      etcdUrl: `unix://${join(folder, 'localhost:2379')}`,
      authority: createAuthority('test'),
    };
    await prepareApiServer(settings);
    const server = await startApiServer(settings, () => ports.shift() ?? randomPort());
    taken.close();
    for (const each of connections) each.destroy();
    await server.process.kill();
    assert.notEqual(server.port, address.port);
    assert.deepEqual(ports, []);
  });

  it('says the last words of a server that does not start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'muster-test-'));
    const settings = { program: '/bin/cat', folder, name: 'eu', etcdUrl: '', authority: createAuthority('test') };
    await assert.rejects(
      startApiServer(settings),
      /^Error: kube-apiserver did not become ready.*\n.*unrecognized option/,
    );
    await rm(folder, { recursive: true });
  });
});

function configMap(name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } };
}

function hasStatus(status: number): (error: unknown) => boolean {
  return (error) => error instanceof ApiError && error.status === status;
}
