/** Answers that were true once, events that come twice or late, and registrations that lead to one place. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import type { Fault } from '../support/fault-proxy.ts';
import { startFaultyFleet } from './support/faulty-fleet.ts';
import { clusterFile } from './support/fleet-files.ts';
import { MUSTER_USER, objectWrites, printRequests } from './support/requests.ts';
import { refusal } from './support/fault-answers.ts';
import { startWorld, type World } from './support/world.ts';

const PASS: Fault = { kind: 'pass' };

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

describe('Reads that are five answers old, after a restart [K21]', { concurrency: true }, () => {
  for (const watching of [false, true]) {
    it(`delete nothing and take nothing back, ${watching ? 'with watches' : 'without watches'}; and all is well when they end`, async () => {
      const name = `stale-${watching}`;
      await using faulty = await startFaultyFleet(world, name, { watching });
      const { fleet, proxy } = faulty;
      const { api } = world.clusters.eu;
      let current = '';
      for (let version = 1; version <= 6; version += 1) {
        current = fleet.commit({
          'apps/shop/base/keep.yaml': configMap('keep', { version: String(version) }),
          'apps/shop/base/came.yaml': version < 3 ? null : configMap('came'),
          'apps/shop/base/gone.yaml': version < 5 ? configMap('gone') : null,
        });
        await faulty.settle();
      }
      // Somebody else's by now, and in the old answers ours.
      const gone = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'gone', namespace: name } };
      await api.create({ ...gone, data: { of: 'somebody' } });
      const before = await uids(name);
      await fleet.restart();

      proxy.script(({ method, isWatch, path }) =>
        method === 'GET' && !isWatch && !path.startsWith('/api/v1/namespaces/kube-system') && !DISCOVERY.includes(path)
          ? { kind: 'stale', answers: 5 }
          : PASS,
      );
      const { plane } = world.clusters.eu;
      const seen = (await plane.requests()).length;
      const believed: (readonly string[])[] = [];
      for (let tick = 0; tick < 4; tick += 1) {
        const made = await fleet.tryTick();
        if (made.state === 'done')
          believed.push([...made.observation.inventories.values()].map((each) => each.revision));
        faulty.wait(10 * 60_000);
        assert.equal(await versionOf(name), '6', 'nothing goes back');
      }

      // Watches bring it up to date by and by.
      assert.ok(believed[0]?.includes(current) === false, 'what it read was old');
      const asked = (await plane.requests()).slice(seen).filter((each) => each.user === MUSTER_USER);
      const deleted = objectWrites(asked).filter((each) => each.verb === 'delete' && each.namespace === name);
      assert.deepEqual(printRequests(deleted.filter((each) => each.code < 400)), []);
      assert.deepEqual(await uids(name), before);
      fleet.commit({ 'apps/shop/base/keep.yaml': configMap('keep', { version: '7' }) });
      for (let tick = 0; tick < 2; tick += 1) await fleet.tryTick();
      proxy.script(() => PASS);
      await faulty.settle();
      assert.equal(await versionOf(name), '7');
      assert.deepEqual(await uids(name), before);
      const entries = (await fleet.inventory('shop'))?.entries ?? [];
      assert.deepEqual(entries.map(({ id }) => id.name).toSorted(), ['came', 'keep']);
    });
  }
});

describe('Watches', { concurrency: true }, () => {
  it('that tell everything twice and out of order lose nothing, and bring nothing old back [K19]', async () => {
    await using faulty = await startFaultyFleet(world, 'repeated', { watching: true });
    const { fleet, proxy } = faulty;
    proxy.script(({ isWatch }) => (isWatch ? { kind: 'repeat' } : PASS));
    fleet.commit({ 'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }) });
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/eu'], 'success: in sync: 1 object of 1 app'));

    for (let version = 2; version <= 3; version += 1) {
      await edit('repeated', `by hand ${version}`);
      await eventually(async () => assert.equal(await versionOf('repeated'), String(version - 1)));
      fleet.commit({ 'apps/shop/base/keep.yaml': configMap('keep', { version: String(version) }) });
      await eventually(async () => assert.equal(await versionOf('repeated'), String(version)));
    }
    await eventually(() => assert.equal(loop.statuses()['muster/eu'], 'success: in sync: 1 object of 1 app'));
  });

  for (const [what, fault] of [
    ['an event that says 410', event('ERROR', { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired' })],
    ['410 in place of a stream', refusal(410, 'Expired')],
    ['an event that is no JSON', { kind: 'answer', status: 200, body: '<html>\n' }],
    ['an event without an object', { kind: 'answer', status: 200, body: '{"type":"MODIFIED"}\n' }],
    ['a type of event that nobody knows', event('SOMETHING', { kind: 'ConfigMap', metadata: { name: 'keep' } })],
  ] as const) {
    it(`that begin with ${what} are opened anew after a list, and not again and again at once [K9]`, async () => {
      const name = `watch-${what.replaceAll(/\W+/g, '-').toLowerCase()}`.slice(0, 40).replace(/-$/, '');
      await using faulty = await startFaultyFleet(world, name, { watching: true });
      const { fleet, proxy } = faulty;
      const broken = new Map<string, number>();
      proxy.script(({ isWatch, path }) => {
        const times = (broken.get(path) ?? 0) + 1;
        if (!isWatch || times > 2) return PASS;
        broken.set(path, times);
        return fault;
      });
      fleet.commit({ 'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }) });
      await using loop = fleet.control();
      await eventually(() => assert.equal(loop.statuses()['muster/eu'], 'success: in sync: 1 object of 1 app'));
      await eventually(() => assert.deepEqual([...broken.values()], [2, 2]));

      await edit(name, 'by hand');

      await eventually(async () => assert.equal(await versionOf(name), '1'));
      const lists = proxy.requests().filter(({ isWatch, path }) => !isWatch && path === '/api/v1/configmaps');
      assert.ok(lists.length <= 12, `${lists.length} lists`);
    });
  }
});

describe('An object that no API server can store [K33]', () => {
  it('is refused with its size and the limit before it is sent, with its app, and no other', async () => {
    await using faulty = await startFaultyFleet(world, 'giant');
    const { fleet, proxy } = faulty;
    const text = 'x'.repeat(900_000);
    fleet.commit({
      // A file may not be so large; what an overlay adds to it may.
      'apps/shop/base/giant.yaml': printJson({ ...parsed('giant'), binaryData: { a: text } }),
      'apps/shop/base/small.yaml': configMap('small'),
      'apps/shop/overlays/more.yaml': printJson({
        apiVersion: 'muster.dev/v1alpha1',
        kind: 'Overlay',
        metadata: { name: 'more' },
        spec: {
          clusters: { all: true },
          patches: [{ target: { kind: 'ConfigMap', name: 'giant' }, merge: { binaryData: { b: text } } }],
        },
      }),
      'apps/tools/base/a.yaml': configMap('a'),
    });
    await fleet.tick();
    const verdict = assessCluster(await fleet.tick());

    assert.equal(verdict.state, 'failure');
    assert.match(
      verdict.text,
      /^app shop: ConfigMap giant\/giant: it takes 1800\d{3} bytes, and the limit of an object is 1572864\. Split it$/,
    );
    assert.ok(!proxy.requests().some(({ method, path }) => method === 'PATCH' && path.endsWith('/giant')));
    assert.deepEqual(Object.keys(await uids('giant')), ['a']);
  });
});

describe('Two registrations that lead to one cluster [K31]', () => {
  it('are an error that names both, and the second one writes nothing', async () => {
    await using fleet = await world.fleet('same');
    fleet.commit({
      'clusters/copy.yaml': clusterFile('copy', { connection: { context: 'eu' } }),
      'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }),
    });
    await using loop = fleet.control();
    await eventually(() => {
      const { 'muster/eu': one, 'muster/copy': other, 'muster/fleet': all } = loop.statuses();
      const wrong = [one, other].find((each) => each?.startsWith('error') === true) ?? '';
      assert.match(
        wrong,
        /the connection of "(eu|copy)" leads to the API server of "(eu|copy)": nothing is done as "(eu|copy)"/,
      );
      assert.ok([one, other].includes('success: in sync: 1 object of 1 app'), `${one} · ${other}`);
      assert.match(all ?? '', /^error: /);
    });
  });
});

const DISCOVERY = ['/api', '/apis'];

function event(type: string, object: JsonObject): Fault {
  return { kind: 'answer', status: 200, body: `${printJson({ type, object })}\n` };
}

async function versionOf(namespace: string): Promise<string | undefined> {
  return textAt(mapAt(await world.clusters.eu.api.get('v1', 'ConfigMap', namespace, 'keep'), 'data'), 'version');
}

async function edit(namespace: string, version: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'keep' };
  await world.clusters.eu.api.patch(target, { data: { version } }, { manager: 'kubectl-edit' });
}

async function uids(namespace: string): Promise<Readonly<Record<string, string>>> {
  const found = await world.clusters.eu.api.list('v1', 'ConfigMap', namespace);
  return Object.fromEntries(
    found.map((each) => [textAt(each, 'metadata', 'name') ?? '', textAt(each, 'metadata', 'uid') ?? '']),
  );
}

function parsed(name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
}

function configMap(name: string, data: JsonObject = {}): string {
  return printJson({ ...parsed(name), data });
}
