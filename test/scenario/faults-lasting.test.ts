/** Faults that last: who is not concerned goes on, nothing is deleted meanwhile, and all is well when they end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { createAuthority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import type { Fault } from '../support/fault-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startTunnel } from '../support/tunnel.ts';
import { page, refusal } from './support/fault-answers.ts';
import { startFaultyFleet } from './support/faulty-fleet.ts';
import { MUSTER_USER } from './support/requests.ts';
import { startWorld, type World } from './support/world.ts';

const PASS: Fault = { kind: 'pass' };

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('Watches', { concurrency: true }, () => {
  it('are all open behind a load balancer that speaks HTTP/1.1 only', async () => {
    await using faulty = await startFaultyFleet(world, 'http1', { watching: true, onlyHttp1: true });
    faulty.fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('Secret', 'b'),
    });
    await faulty.settle();

    await eventually(() => {
      const watched = faulty.proxy.requests().filter(({ isWatch }) => isWatch);
      assert.deepEqual(watched.map(({ path }) => path).toSorted(), [
        '/api/v1/configmaps',
        '/api/v1/namespaces/muster-system/configmaps',
        '/api/v1/secrets',
      ]);
    });
  });

  it('that are cut are opened again, and what happened meanwhile is found', async () => {
    await using faulty = await startFaultyFleet(world, 'watch-cut', { watching: true });
    const { fleet, proxy } = faulty;
    fleet.commit({ 'apps/shop/base/a.yaml': object('ConfigMap', 'a', { colour: 'blue' }) });
    await using _loop = fleet.control();
    await eventually(async () => assert.equal(await colour('watch-cut'), 'blue'));

    for (const each of ['red', 'green', 'grey']) {
      proxy.cutWatches();
      await edit('watch-cut', each);
      await eventually(async () => assert.equal(await colour('watch-cut'), 'blue'));
    }
  });

  it('that tell nothing do not keep a lost answer from being found out', async () => {
    await using faulty = await startFaultyFleet(world, 'watch-silent', { watching: true });
    const { fleet, proxy } = faulty;
    let lost = '';
    proxy.script(({ isWatch, method, path }) => {
      if (isWatch) return { kind: 'silent' };
      if (method === 'GET' || lost === 'lost' || !path.includes('muster-system')) return PASS;
      lost = 'lost';
      return { kind: 'lose' };
    });
    fleet.commit({ 'apps/shop/base/a.yaml': object('ConfigMap', 'a') });

    const ticks = await faulty.settle();

    assert.equal(lost, 'lost');
    assert.ok(ticks <= 5, `${ticks} ticks`);
  });

  it('that are all refused are no reason to list again and again', async () => {
    await using faulty = await startFaultyFleet(world, 'watch-refused', { watching: true });
    const { fleet, proxy } = faulty;
    proxy.script(({ isWatch }) => (isWatch ? refusal(403, 'Forbidden') : PASS));
    fleet.commit({ 'apps/shop/base/a.yaml': object('ConfigMap', 'a', { colour: 'blue' }) });
    await using _loop = fleet.control();
    await eventually(async () => assert.equal(await colour('watch-refused'), 'blue'));

    await sleep(4000);

    const lists = proxy.requests().filter(({ isWatch, path }) => !isWatch && path === '/api/v1/configmaps');
    assert.ok(lists.length <= 16, `${lists.length} lists`);
    await edit('watch-refused', 'red');
    await eventually(async () => assert.equal(await colour('watch-refused'), 'blue'));
  });

  it('and requests whose connection stands still are given up, and come back over a new one', async () => {
    const { plane } = world.clusters.eu;
    await using tunnel = await startTunnel(plane.kubeconfigFor(MUSTER_USER, ['system:masters']));
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'kubeconfig');
    await writeFile(path, tunnel.kubeconfig);
    await using fleet = await world.fleet('frozen', { kubeconfig: path });
    fleet.commit({ 'apps/shop/base/a.yaml': object('ConfigMap', 'a', { colour: 'blue' }) });
    await using _loop = fleet.control();
    await eventually(async () => assert.equal(await colour('frozen'), 'blue'));

    tunnel.freeze();
    await edit('frozen', 'red');

    await eventually(async () => assert.equal(await colour('frozen'), 'blue'));
  });
});

describe('A list', { concurrency: true }, () => {
  it('of one kind that fails keeps what it would delete, and stops no other kind', async () => {
    for (const [index, fault] of [refusal(500, 'InternalError'), page(502), { kind: 'shorten' } as const].entries()) {
      const name = `kind-${index}`;
      await using faulty = await startFaultyFleet(world, name);
      const { fleet, proxy } = faulty;
      fleet.commit({
        'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
        'apps/shop/base/b.yaml': object('Secret', 'b'),
        'apps/tools/base/c.yaml': object('ConfigMap', 'c'),
      });
      await faulty.settle();

      proxy.script(({ path }) => (path === '/api/v1/secrets' ? fault : PASS));
      fleet.commit({
        'apps/shop/base/a.yaml': object('ConfigMap', 'a', { version: '2' }),
        'apps/shop/base/b.yaml': null,
        'apps/tools/base/c.yaml': null,
        'apps/tools/base/d.yaml': object('ConfigMap', 'd'),
      });
      await fleet.tick();
      const tick = await fleet.tick();

      assert.match(assessCluster(tick).text, /Secret .* is not deleted: its kind could not be read/);
      assert.deepEqual(await names(name), ['ConfigMap/a', 'ConfigMap/d', 'Secret/b']);
      proxy.script(() => PASS);
      await faulty.settle();
      assert.deepEqual(await names(name), ['ConfigMap/a', 'ConfigMap/d']);
    }
  });

  it('that is always too old at its second page is not begun for ever, and counts for nothing', async () => {
    await using faulty = await startFaultyFleet(world, 'too-old');
    const { fleet, proxy } = faulty;
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('ConfigMap', 'b'),
    });
    await faulty.settle();

    const half = {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { continue: 'more', resourceVersion: '1' },
      items: [],
    };
    proxy.script(({ path, query }) => {
      if (path !== '/api/v1/configmaps') return PASS;
      return query.has('continue') ? refusal(410, 'Expired') : { kind: 'answer', status: 200, body: printJson(half) };
    });
    fleet.commit({ 'apps/shop/base/b.yaml': null });
    const tick = await fleet.tryTick();

    assert.equal(assessCluster(tick).state, 'error');
    assert.ok(proxy.requests().length < 20, `${proxy.requests().length} requests`);
    assert.deepEqual(await names('too-old'), ['ConfigMap/a', 'ConfigMap/b']);
    proxy.script(() => PASS);
    await faulty.settle();
    assert.deepEqual(await names('too-old'), ['ConfigMap/a']);
  });
});

describe('Discovery', { concurrency: true }, () => {
  it('that says it knows nothing makes nothing gone: what we own stays in the record', async () => {
    await using faulty = await startFaultyFleet(world, 'nothing-known');
    const { fleet, proxy } = faulty;
    fleet.commit({ 'apps/shop/base/a.yaml': object('ConfigMap', 'a'), 'apps/shop/base/b.yaml': object('Secret', 'b') });
    await faulty.settle();
    await fleet.restart();

    for (const body of ['{}', '{"kind":"Status","status":"Failure"}', '']) {
      proxy.script(({ path }) => (['/api', '/apis'].includes(path) ? { kind: 'answer', status: 200, body } : PASS));
      fleet.commit({ 'apps/shop/base/b.yaml': null });
      assert.equal(assessCluster(await fleet.tryTick()).state, 'error');
    }

    assert.equal((await fleet.inventory('shop'))?.entries.length, 2);
    proxy.script(() => PASS);
    await faulty.settle();
    assert.deepEqual(await names('nothing-known'), ['ConfigMap/a']);
  });

  it('of a group whose own server is down stops that group, and nothing else', async () => {
    const { api } = world.clusters.eu;
    await api.create({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.dead.example.com' },
      spec: {
        group: 'dead.example.com',
        version: 'v1',
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        service: { namespace: 'default', name: 'nobody' },
        insecureSkipTLSVerify: true,
      },
    });
    await using faulty = await startFaultyFleet(world, 'dead-group');
    faulty.fleet.commit({
      'fleet.yaml': printJson({
        apiVersion: 'muster.dev/v1alpha1',
        kind: 'Fleet',
        metadata: { name: 'dead-group' },
        spec: {
          defaults: { namespace: 'dead-group' },
          kinds: [{ apiVersion: 'dead.example.com/v1', kind: 'Widget', namespaced: true }],
        },
      }),
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/w.yaml': printJson({
        apiVersion: 'dead.example.com/v1',
        kind: 'Widget',
        metadata: { name: 'w' },
      }),
      'apps/tools/base/c.yaml': object('ConfigMap', 'c'),
    });

    await eventually(async () => {
      const { text } = assessCluster(await faulty.fleet.tick());
      assert.match(text, /Widget dead-group\/w: .*dead\.example\.com.*does not answer/);
    });
    assert.deepEqual(await names('dead-group'), ['ConfigMap/a', 'ConfigMap/c']);
    await api.delete('apiregistration.k8s.io/v1', 'APIService', '', 'v1.dead.example.com');
  });
});

describe('Writes', { concurrency: true }, () => {
  it('that all fail, as those to a full etcd, are followed by no deletion', async () => {
    await using faulty = await startFaultyFleet(world, 'full');
    const { fleet, proxy } = faulty;
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('ConfigMap', 'b'),
    });
    await faulty.settle();

    const full = refusal(500, 'InternalError', 'etcdserver: mvcc: database space exceeded');
    // A dry-run writes nothing, and passes also where the database is full.
    proxy.script(({ method, query }) => (method === 'GET' || query.has('dryRun') ? PASS : full));
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a', { version: '2' }),
      'apps/shop/base/b.yaml': null,
    });
    for (let tick = 0; tick < 3; tick += 1) assert.notEqual(assessCluster(await fleet.tryTick()).state, 'success');

    assert.deepEqual(
      proxy.requests().filter(({ method }) => method === 'DELETE'),
      [],
    );
    proxy.script(() => PASS);
    await faulty.settle();
    assert.deepEqual(await names('full'), ['ConfigMap/a']);
  });

  it('to a namespace that is being deleted wait for it, and fill it anew when it is gone', async () => {
    const { api } = world.clusters.eu;
    await using faulty = await startFaultyFleet(world, 'ending');
    const { fleet, proxy } = faulty;
    const spaces = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending-soon' } };
    const inside = (name: string): string =>
      printJson({ ...parsed('ConfigMap', name), metadata: { name, namespace: 'ending-soon' } });
    fleet.commit({ 'apps/shop/base/namespace.yaml': printJson(spaces), 'apps/shop/base/a.yaml': inside('a') });
    await faulty.settle();
    // Without a controller manager nobody empties it: it ends when the test lets it.
    await api.delete('v1', 'Namespace', '', 'ending-soon');

    fleet.commit({ 'apps/shop/base/b.yaml': inside('b') });
    const first = assessCluster(await fleet.tick());
    assert.equal(first.state, 'pending', first.text);
    assert.match(first.text, /deletion/);
    proxy.script(() => PASS);
    await fleet.tick();
    await fleet.tick();
    const refused = proxy.requests().filter(({ method }) => method !== 'GET');
    assert.deepEqual(refused, [], 'nothing is asked that can only be refused');

    await api.delete('v1', 'ConfigMap', 'ending-soon', 'a');
    await api.request('PUT', '/api/v1/namespaces/ending-soon/finalize', { ...spaces, spec: { finalizers: [] } });
    await eventually(async () => assert.equal(await api.get('v1', 'Namespace', '', 'ending-soon'), undefined));
    await faulty.settle();
    assert.deepEqual(await names('ending-soon'), ['ConfigMap/a', 'ConfigMap/b']);
  });

  it('behind an admission webhook that is down hold back their app by its name, and no other', async () => {
    await using faulty = await startFaultyFleet(world, 'no-webhook');
    const { fleet } = faulty;
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('ConfigMap', 'b'),
    });
    await faulty.settle();
    const remove = await addWebhook('no-webhook', 'https://127.0.0.1:9/', 5);

    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a', { version: '2' }),
      'apps/shop/base/b.yaml': null,
      'apps/tools/base/s.yaml': object('Secret', 's'),
    });
    await fleet.tick();
    const verdict = assessCluster(await fleet.tick());

    assert.equal(verdict.state, 'failure');
    assert.match(verdict.text, /ConfigMap no-webhook\/a: .*failed calling webhook "no-webhook\.example\.com"/);
    assert.deepEqual(await names('no-webhook'), ['ConfigMap/a', 'ConfigMap/b', 'Secret/s']);
    await remove();
    await faulty.settle();
    assert.deepEqual(await names('no-webhook'), ['ConfigMap/a', 'Secret/s']);
  });

  it('behind an admission webhook that hangs hold back their app when its time is over, and no other', async () => {
    const authority = createAuthority('muster-test-webhook');
    const { certificate, key } = authority.issueServer({ commonName: '127.0.0.1' });
    const webhook = createServer({ cert: certificate, key }, () => {});
    using resources = new DisposableStack();
    resources.defer(() => {
      webhook.closeAllConnections();
      webhook.close();
    });
    webhook.listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
    const { port } = webhook.address() as AddressInfo;
    await using faulty = await startFaultyFleet(world, 'slow-webhook');
    const { fleet } = faulty;
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('ConfigMap', 'b'),
    });
    await faulty.settle();
    // Longer than an API server may be silent otherwise: up to 30 s are allowed for a webhook.
    const remove = await addWebhook('slow-webhook', `https://127.0.0.1:${port}/`, 18, authority.certificate);

    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a', { version: '2' }),
      'apps/shop/base/b.yaml': null,
      'apps/shop/base/c.yaml': object('ConfigMap', 'c'),
      'apps/tools/base/s.yaml': object('Secret', 's'),
    });
    const verdict = assessCluster(await fleet.tick());

    assert.equal(verdict.state, 'failure', verdict.text);
    assert.match(verdict.text, /failed calling webhook "slow-webhook\.example\.com"/);
    assert.deepEqual(await names('slow-webhook'), ['ConfigMap/a', 'ConfigMap/b', 'Secret/s']);
    await remove();
    await faulty.settle();
  });
});

describe('Credentials', { concurrency: true }, () => {
  it('that are not accepted for a while stop everything, and are tried again', async () => {
    await using faulty = await startFaultyFleet(world, 'refused');
    const { fleet, proxy } = faulty;
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('ConfigMap', 'b'),
    });
    await faulty.settle();

    proxy.script(() => refusal(401, 'Unauthorized'));
    fleet.commit({ 'apps/shop/base/b.yaml': null });
    for (let tick = 0; tick < 3; tick += 1) {
      const verdict = assessCluster(await fleet.tryTick());
      assert.equal(verdict.state, 'error');
      assert.match(verdict.text, /credentials/);
    }

    assert.deepEqual(await names('refused'), ['ConfigMap/a', 'ConfigMap/b']);
    proxy.script(() => PASS);
    await faulty.settle();
    assert.deepEqual(await names('refused'), ['ConfigMap/a']);
  });

  it('that expired say so and write nothing; renewed ones are read without a restart', async () => {
    const { plane } = world.clusters.eu;
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'kubeconfig');
    const groups = ['system:masters'];
    await writeFile(path, plane.kubeconfigFor(MUSTER_USER, groups));
    await using fleet = await world.fleet('expired', { kubeconfig: path });
    fleet.commit({
      'apps/shop/base/a.yaml': object('ConfigMap', 'a'),
      'apps/shop/base/b.yaml': object('ConfigMap', 'b'),
    });
    await fleet.sync();
    await writeFile(path, plane.kubeconfigFor(MUSTER_USER, groups, { expired: true }));
    await fleet.restart();

    fleet.commit({ 'apps/shop/base/b.yaml': null });
    const verdict = assessCluster(await fleet.tryTick());
    assert.equal(verdict.state, 'error');
    assert.match(verdict.text, /expired/);
    assert.deepEqual(await names('expired'), ['ConfigMap/a', 'ConfigMap/b']);

    await writeFile(path, plane.kubeconfigFor(MUSTER_USER, groups));
    await fleet.sync();
    assert.deepEqual(await names('expired'), ['ConfigMap/a']);
  });
});

/** A webhook before ConfigMaps of a namespace, for Muster alone; fails closed. Returns what takes it away. */
async function addWebhook(
  namespace: string,
  url: string,
  timeoutSeconds: number,
  ca = '',
): Promise<() => Promise<unknown>> {
  const { api } = world.clusters.eu;
  const rule = {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resources: ['configmaps'],
  };
  const webhook = {
    name: `${namespace}.example.com`,
    clientConfig: { url, ...(ca === '' ? {} : { caBundle: Buffer.from(ca).toString('base64') }) },
    rules: [rule],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds,
    failurePolicy: 'Fail',
  };
  const kind = 'ValidatingWebhookConfiguration';
  const apiVersion = 'admissionregistration.k8s.io/v1';
  await api.create({ apiVersion, kind, metadata: { name: namespace }, webhooks: [webhook] });
  // The API server hears of it a moment later.
  const probe = { ...parsed('ConfigMap', 'probe'), metadata: { name: 'probe', namespace } };
  if (timeoutSeconds < 10) await eventually(() => assert.rejects(api.apply(probe, { dryRun: true }), /webhook/));
  else await sleep(2000);
  return () => api.delete(apiVersion, kind, '', namespace);
}

/** ConfigMaps and Secrets of a namespace: `Secret/b`. */
async function names(namespace: string): Promise<readonly string[]> {
  const { api } = world.clusters.eu;
  const objects = await Promise.all(['ConfigMap', 'Secret'].map((kind) => api.list('v1', kind, namespace)));
  return objects
    .flat()
    .map((each) => `${textAt(each, 'kind')}/${textAt(each, 'metadata', 'name')}`)
    .toSorted();
}

async function colour(namespace: string): Promise<string | undefined> {
  return textAt(mapAt(await world.clusters.eu.api.get('v1', 'ConfigMap', namespace, 'a'), 'data'), 'colour');
}

async function edit(namespace: string, value: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
  await world.clusters.eu.api.patch(target, { data: { colour: value } }, { manager: 'kubectl-edit' });
}

function parsed(kind: string, name: string): JsonObject {
  return { apiVersion: 'v1', kind, metadata: { name } };
}

function object(kind: 'ConfigMap' | 'Secret', name: string, data: JsonObject = {}): string {
  return printJson({ ...parsed(kind, name), data });
}
