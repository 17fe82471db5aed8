/** What must come in an order: Jobs that run once, deadlines that outlive the process, and servers behind an API. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { Clock } from '../../src/model/ports.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { appFile } from './support/fleet-files.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

describe('A Job that runs once, in a wave before a Deployment', () => {
  it('is waited for, and does not run again when its TTL removed it, nor after a restart, nor for another commit [T79]', async () => {
    await using fleet = await world.fleet('once');
    fleet.commit({ 'apps/shop/base/job.json': job('a:1', 0), 'apps/shop/base/web.json': web('web:1', true) });
    const requests = await fleet.requestsDuring(() => fleet.sync());
    assert.deepEqual(printRequests(objectWrites(requests)), [
      'apply batch/jobs once/migrate',
      'apply apps/deployments once/web',
    ]);
    await eventually(async () => assert.equal(await jobOf(fleet), undefined));

    const quiet = await fleet.requestsDuring(async () => {
      assert.deepEqual((await fleet.tick()).drift.objects, []);
      assert.deepEqual(assessCluster(await fleet.tick()), { state: 'success', text: 'in sync: 2 objects of 1 app' });
      await fleet.restart();
      await fleet.sync();
      fleet.commit({ 'apps/shop/base/web.json': web('web:2', true) });
      await fleet.sync();
    });

    assert.deepEqual(printRequests(objectWrites(quiet)), ['apply apps/deployments once/web']);
  });

  it('runs again when Git changes it, and leaves the record with its manifest', async () => {
    await using fleet = await world.fleet('twice');
    fleet.commit({ 'apps/shop/base/job.json': job('a:1', 0), 'apps/shop/base/web.json': web('web:1', true) });
    await fleet.sync();
    await eventually(async () => assert.equal(await jobOf(fleet), undefined));

    fleet.commit({ 'apps/shop/base/job.json': job('a:2', 0) });
    const requests = await fleet.requestsDuring(() => fleet.sync());
    assert.deepEqual(printRequests(objectWrites(requests)), ['apply batch/jobs twice/migrate']);

    await eventually(async () => assert.equal(await jobOf(fleet), undefined));
    fleet.commit({ 'apps/shop/base/job.json': null });
    await fleet.sync();
    assert.deepEqual(
      (await fleet.inventory('shop'))?.entries.map(({ id }) => id.kind),
      ['Deployment'],
    );
  });

  it('and failed opens no wave when its TTL removed it, also to a process that did not see it: it runs again', async () => {
    await using fleet = await world.fleet('failed-once');
    fleet.commit({ 'apps/shop/base/job.json': job('a:failing', 1000), 'apps/shop/base/web.json': web('web:1', true) });
    await eventually(async () => assert.equal(assessCluster(await fleet.tick()).state, 'failure'));
    const uid = textAt(await jobOf(fleet), 'metadata', 'uid');
    await fleet.restart();
    // As the controller of TTLs does it, in its own time.
    await world.clusters.eu.api.delete('batch/v1', 'Job', 'failed-once', 'migrate');

    await eventually(async () => {
      await fleet.tick();
      const live = await jobOf(fleet);
      assert.ok(live !== undefined);
      assert.notEqual(textAt(live, 'metadata', 'uid'), uid);
    });

    assert.equal(await fleet.get('apps/v1', 'Deployment', 'web'), undefined);
  });

  it('and has no TTL is missing when it is gone, and runs again', async () => {
    await using fleet = await world.fleet('no-ttl');
    fleet.commit({ 'apps/shop/base/job.json': job('a:1'), 'apps/shop/base/web.json': web('web:1', true) });
    await fleet.sync();
    await world.clusters.eu.api.delete('batch/v1', 'Job', 'no-ttl', 'migrate');
    await eventually(async () => assert.equal(await jobOf(fleet), undefined));

    const { drift } = await fleet.tick();

    assert.deepEqual(
      drift.objects.map(({ id, state }) => [id.kind, state]),
      [['Job', 'missing']],
    );
    await fleet.sync();
    assert.ok((await jobOf(fleet)) !== undefined);
  });
});

describe('The deadline of a wave', () => {
  it('counts from its write also in a process that began later, and from anew for what was there in between', async () => {
    const clock = movableClock();
    await using fleet = await world.fleet('deadline', { clock });
    const timeout = { 'apps/shop/app.yaml': appFile('shop', { timeout: '10m' }) };
    fleet.commit({ ...timeout, 'apps/shop/base/web.json': web('web:1', false) });
    await fleet.tick();
    clock.pass(9);
    assert.match(assessCluster(await fleet.tick()).text, /^Deployment deadline\/web /);

    await fleet.restart();
    assert.equal(assessCluster(await fleet.tick()).state, 'pending');
    clock.pass(2);
    const late = assessCluster(await fleet.tick());
    assert.equal(late.state, 'failure', late.text);
    assert.match(late.text, /longer than the 600 s of its app's timeout$/);
    await fleet.restart();
    const again = assessCluster(await fleet.tick());
    assert.equal(again.state, 'failure', 'to begin again is no new try');

    fleet.commit({ 'apps/shop/base/web.json': web('web:1', true) });
    await fleet.sync();
    const record = await fleet.inventory('shop');
    assert.deepEqual(
      record?.entries.map(({ since }) => since),
      [undefined],
    );
    clock.pass(60);
    await world.clusters.eu.api.patch(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'deadline', name: 'web' },
      { metadata: { labels: { seen: 'yes' } } },
      { manager: 'some-operator' },
    );
    for (const pod of await world.clusters.eu.api.list('v1', 'Pod', 'deadline')) {
      await world.clusters.eu.api.delete('v1', 'Pod', 'deadline', textAt(pod, 'metadata', 'name') ?? '');
    }
    await fleet.restart();
    assert.notEqual(assessCluster(await fleet.tick()).state, 'failure', 'a Pod that is made anew has its own time');
  });

  it('is in the record as long as something is on its way, and a tick that changes nothing writes nothing', async () => {
    await using fleet = await world.fleet('deadline-quiet');
    fleet.commit({
      'apps/shop/base/web.json': web('web:1', false),
      'apps/shop/base/settings.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}',
    });
    await fleet.tick();
    await fleet.tick();
    const since = async (): Promise<readonly string[]> =>
      ((await fleet.inventory('shop'))?.entries ?? []).flatMap((entry) =>
        entry.since === undefined ? [] : entry.id.kind,
      );
    assert.deepEqual(await since(), ['Deployment']);

    const quiet = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
      await fleet.restart();
      await fleet.tick();
    });
    assert.deepEqual(printRequests(writesAmong(quiet)), []);

    fleet.commit({ 'apps/shop/base/web.json': web('web:1', true) });
    await fleet.sync();
    assert.deepEqual(await since(), []);
    const later = await fleet.requestsDuring(() => fleet.tick());
    assert.deepEqual(printRequests(writesAmong(later)), []);
  });

  it('of an object that is made anew counts through a restart while a finalizer holds the old one [T24, T25]', async () => {
    const clock = movableClock();
    await using fleet = await world.fleet('deadline-stuck', { clock });
    const settings = (a: string): string =>
      printJson({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', annotations: { 'muster.dev/on-immutable': 'recreate' } },
        immutable: true,
        data: { a },
      });
    fleet.commit({ 'apps/shop/base/settings.json': settings('1') });
    await fleet.sync();
    const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'deadline-stuck', name: 'settings' };
    await world.clusters.eu.api.patch(target, { metadata: { finalizers: ['example.com/slow'] } });
    fleet.commit({ 'apps/shop/base/settings.json': settings('2') });
    await fleet.tick();
    await fleet.tick();
    clock.pass(6);
    await fleet.restart();

    const { state, text } = assessCluster(await fleet.tick());

    assert.equal(state, 'failure', text);
    assert.match(text, /waiting for example\.com\/slow, longer than the 300 s of its app's timeout/);
    await world.clusters.eu.api.patch(target, { metadata: { finalizers: null } });
    await fleet.sync();
    assert.deepEqual(mapAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'data'), { a: '2' });
  });
});

/** A clock that a test puts forward, as if minutes had passed. */
function movableClock(): Clock & { pass(minutes: number): void } {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    monotonicMs: () => performance.now() + aheadMs,
    pass: (minutes) => (aheadMs += minutes * 60_000),
  };
}

/** One that ends at once; without `ttl` it stays. */
function job(image: string, ttl?: number): string {
  return printJson({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate' },
    spec: {
      backoffLimit: 0,
      ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }),
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image }] } },
    },
  });
}

/** In wave 1. Comes to life only where `ready` is set: the hollow node takes no Pod that asks for a label it has not. */
function web(image: string, ready: boolean): string {
  return printJson({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', annotations: { 'muster.dev/wave': '1' } },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          ...(ready ? {} : { nodeSelector: { 'example.com/nowhere': 'yes' } }),
          containers: [{ name: 'web', image }],
        },
      },
    },
  });
}

function jobOf(fleet: TestFleet<'eu'>): Promise<JsonObject | undefined> {
  return fleet.get('batch/v1', 'Job', 'migrate');
}
