/**
 * Many clusters, many objects, many apps: what each costs, counted in the API servers' own audit logs. A test run has time for fewer
 * of them than `npm run scale`, which takes some minutes.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { INVENTORY_NAMESPACE, inventoryName, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { compareText } from '../../src/object/id.ts';
import { printJson, textAt } from '../../src/object/json.ts';
import type { AuditEntry } from '../support/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { printKubeconfig, readKubeconfig } from '../support/kubeconfig.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { MUSTER_USER, printRequests, requestsDuring, writesAmong } from './support/requests.ts';
import { startStage } from './support/stage.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

const FULL = process.env['SCALE'] === 'full';
const CLUSTERS = FULL ? 20 : 6;
const TALL = FULL ? 5000 : 2000;
const NARROW = FULL ? 100 : 20;

const NAMES = Array.from({ length: CLUSTERS }, (_, index) => `c${String(index + 1).padStart(2, '0')}`);
const SLOW = NAMES.at(-1) ?? '';
const OTHERS = NAMES.filter((name) => name !== SLOW);

let world: World<string>;

before(async () => {
  world = await startWorld(NAMES);
});
after(() => world?.[Symbol.asyncDispose]());

describe(`A fleet of ${CLUSTERS} clusters`, () => {
  it('does not wait for one that takes two seconds for every answer, and asks each for no more than it needs', async () => {
    const accesses = OTHERS.map((name) =>
      readKubeconfig(world.clusters[name]?.plane.kubeconfigFor(MUSTER_USER, ['system:masters']) ?? ''),
    );
    await using proxy = await startFaultProxy(
      world.clusters[SLOW]?.plane.kubeconfigFor(MUSTER_USER, ['system:masters']) ?? '',
    );
    proxy.script(() => ({ kind: 'slow', ms: 2000 }));
    await using folder = await temporaryFolder();
    const kubeconfig = join(folder.path, 'kubeconfig');
    await writeFile(kubeconfig, printKubeconfig([...accesses, readKubeconfig(proxy.kubeconfig)]));
    await using stage = await startStage('wide', { ...world, kubeconfig }, NAMES);
    const objects = FULL ? 100 : 40;
    const first = await stage.commit({ 'apps/shop/base/all.yaml': configMaps(objects) });
    await using muster = await stage.run();

    // On the forge, because that is where people look. Ten batches of eight requests, or more, are ahead of the slow one.
    await eventually(() => {
      const statuses = stage.statuses(first);
      for (const name of OTHERS)
        assert.equal(statuses[`muster/${name}`], `success: in sync: ${objects} objects of 1 app`);
      assert.equal(statuses[`muster/${SLOW}`], 'pending: not looked at yet');
    });
    proxy.script(() => ({ kind: 'pass' }));
    await eventually(() =>
      assert.equal(stage.statuses(first)['muster/fleet'], `success: ${CLUSTERS}/${CLUSTERS} clusters in sync`),
    );
    for (const name of NAMES) {
      const requests = await ofMuster(name);
      assert.deepEqual(countByKind(requests), {
        'dry-run of an object': objects,
        'apply of an object': objects,
        'write of a record': 2,
        read: 5,
      });
    }

    const second = await stage.commit({ 'README.md': 'Nothing to see.' });
    const before = await Promise.all(NAMES.map(async (name) => (await ofMuster(name)).length));
    await eventually(() =>
      assert.equal(stage.statuses(second)['muster/fleet'], `success: ${CLUSTERS}/${CLUSTERS} clusters in sync`),
    );
    const after = await Promise.all(NAMES.map(async (name) => (await ofMuster(name)).length));
    assert.deepEqual(after, before);

    const third = await stage.commit({ 'apps/shop/base/all.yaml': configMaps(objects, { 7: 'changed' }) });
    await eventually(() =>
      assert.equal(stage.statuses(third)['muster/fleet'], `success: ${CLUSTERS}/${CLUSTERS} clusters in sync`),
    );
    for (const [index, name] of NAMES.entries()) {
      // It reads the one object before it: of what is as it should be, a controller keeps hashes and no bodies.
      assert.deepEqual(printRequests((await ofMuster(name)).slice(before[index])), [
        'get configmaps wide/m7',
        'update configmaps muster-system/wide.shop',
        'apply configmaps wide/m7',
        'update configmaps muster-system/wide.shop',
      ]);
    }
    assert.equal(await muster.end('SIGTERM'), 0);
  });
});

describe(`An app of ${TALL} objects`, () => {
  const COUNT = TALL;

  it('is in one record, costs a new process one list and no write, and loses exactly the one that left', async () => {
    await using fleet = await world.fleet('tall', { clusters: ['c01'], watching: true });
    fleet.commit(inFiles('shop', COUNT));
    const requests = await requestsWhileItConverges(fleet, 'c01', COUNT, 1);
    assert.deepEqual(countByKind(requests), {
      'dry-run of an object': COUNT,
      'apply of an object': COUNT,
      'write of a record': 2,
      read: 5,
    });
    const record = await world.clusters['c01']?.api.get(
      'v1',
      'ConfigMap',
      INVENTORY_NAMESPACE,
      inventoryName('tall', 'shop'),
    );
    // What an API server stores at most is 1.5 MiB, and what it takes as a ConfigMap 1 MiB.
    assert.ok(printJson(record ?? {}).length < 1024 * 1024, `${printJson(record ?? {}).length} bytes`);

    await fleet.restart();
    const again = await fleet.requestsDuring(() => fleet.tick(), 'c01');
    assert.deepEqual(printRequests(again.filter(isNew)).toSorted(), START);

    fleet.commit(inFiles('shop', COUNT, COUNT - 3));
    const removal = await fleet.requestsDuring(() => fleet.sync());
    assert.deepEqual(printRequests(removal.filter(isNew)), [
      'update configmaps muster-system/tall.shop',
      `delete configmaps tall/m${COUNT - 3}`,
      'update configmaps muster-system/tall.shop',
    ]);
  });
});

describe(`50 apps of ${NARROW} objects`, () => {
  it('cost no more than one app of them all, but for their records', async () => {
    const apps = Array.from({ length: 50 }, (_, index) => `app-${index + 1}`);
    await using fleet = await world.fleet('many', { clusters: ['c02'], watching: true });
    fleet.commit(
      Object.fromEntries(apps.map((app) => [`apps/${app}/base/all.yaml`, configMaps(NARROW, {}, `${app}-`)])),
    );
    const requests = await requestsWhileItConverges(fleet, 'c02', 50 * NARROW, 50);
    assert.deepEqual(countByKind(requests), {
      'dry-run of an object': 50 * NARROW,
      'apply of an object': 50 * NARROW,
      'write of a record': 100,
      read: 5,
    });

    await fleet.restart();
    const again = await fleet.requestsDuring(() => fleet.tick(), 'c02');
    assert.deepEqual(printRequests(again.filter(isNew)).toSorted(), START);
  });
});

describe('A fleet of 60 apps', () => {
  it('asks for its objects by a label alone, in a URL that any proxy takes, and sees no object of anybody else', async () => {
    const apps = Array.from({ length: 60 }, (_, index) => `app-${index + 1}`);
    await using fleet = await world.fleet('wordy', { clusters: ['c03'], watching: true });
    const api = world.clusters['c03']?.api;
    assert.ok(api !== undefined);
    const labels = { [PART_OF_LABEL]: 'applyset-of-somebody-else-v1' };
    await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other', namespace: 'wordy', labels } });
    const base = (app: string): [string, string] => [`apps/${app}/base/all.yaml`, configMaps(1, {}, `${app}-`)];
    fleet.commit(Object.fromEntries(apps.map(base)));
    const start = await fleet.requestsDuring(() => fleet.tick('c03'), 'c03');
    await fleet.sync();
    const selectors = start
      .filter(({ resource }) => resource === 'configmaps')
      .map(({ query }) => query['labelSelector']);
    assert.ok(selectors.includes(PART_OF_LABEL));
    assert.ok(selectors.every((selector = '') => selector.length < 4000));
    const names = async (): Promise<readonly string[]> => {
      const { observation } = await fleet.tick('c03');
      return [...observation.objects.values()].map(({ id }) => id.name).toSorted(compareText);
    };
    const ours = apps.map((app) => `${app}-0`).toSorted(compareText);
    assert.deepEqual(await names(), ours);

    await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: 'wordy', labels } });
    // Events come in order: when this one was seen, so was the one before it.
    const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'wordy', name: 'app-7-0' };
    await api.patch(target, { data: { value: 'evil' } }, { manager: 'kubectl-edit' });
    await eventually(async () => {
      await fleet.tick('c03');
      const live = await fleet.get('v1', 'ConfigMap', 'app-7-0', 'c03');
      assert.equal(textAt(live, 'data', 'value'), 'as it was');
    });
    assert.deepEqual(await names(), ours);
    await fleet.sync();

    fleet.commit(Object.fromEntries([base('app-61')]));
    const more = await fleet.requestsDuring(() => fleet.tick('c03'), 'c03');
    assert.deepEqual(printRequests(more.filter(isNew)), [
      'list configmaps',
      'dry-run configmaps wordy/app-61-0',
      'create configmaps muster-system/wordy.app-61',
      'apply configmaps wordy/app-61-0',
      'update configmaps muster-system/wordy.app-61',
    ]);
    const quiet = await fleet.requestsDuring(() => fleet.sync(), 'c03');
    assert.deepEqual(printRequests(quiet), []);
  });
});

/** What a new process asks of a cluster where all of it is ConfigMaps. */
const START = [
  'get /api',
  'get /apis',
  'get namespaces kube-system/kube-system',
  'list configmaps',
  'list configmaps muster-system',
];

/** No watch, and no further page of a list. */
function isNew({ verb, query }: AuditEntry): boolean {
  return verb !== 'watch' && !('continue' in query);
}

/** The controller's own loop, until the status says that all of it is there. */
async function requestsWhileItConverges(
  fleet: TestFleet<string>,
  cluster: string,
  objects: number,
  apps: number,
): Promise<readonly AuditEntry[]> {
  const plane = world.clusters[cluster]?.plane;
  assert.ok(plane !== undefined);
  return requestsDuring(plane, async () => {
    await using loop = fleet.control();
    const text = `success: in sync: ${objects} objects of ${apps} ${apps === 1 ? 'app' : 'apps'}`;
    // Ten thousand requests take longer on a busy machine than anything else that a test waits for.
    const isThere = (): boolean => loop.statuses()[`muster/${cluster}`] === text;
    for (let seconds = 0; seconds < 300 && !isThere(); seconds += 1) await sleep(1000);
    assert.equal(loop.statuses()[`muster/${cluster}`], text);
  });
}

/** All that Muster has asked of a cluster, but for watches. */
async function ofMuster(name: string): Promise<readonly AuditEntry[]> {
  const requests = (await world.clusters[name]?.plane.requests()) ?? [];
  return requests.filter(({ user, verb }) => user === MUSTER_USER && verb !== 'watch');
}

function countByKind(requests: readonly AuditEntry[]): Readonly<Record<string, number>> {
  const counts = { 'dry-run of an object': 0, 'apply of an object': 0, 'write of a record': 0, read: 0 };
  for (const each of requests.filter(isNew)) {
    if (each.query['dryRun'] === 'All') counts['dry-run of an object'] += 1;
    else if (writesAmong([each]).length === 0) counts.read += 1;
    else if (each.verb === 'patch') counts['apply of an object'] += 1;
    // The first record on a cluster also makes their namespace.
    else if (each.resource === 'configmaps' && each.code < 400) counts['write of a record'] += 1;
  }
  return counts;
}

/** ConfigMaps `m0`, `m1`, … as documents of one file. */
function configMaps(count: number, values: Readonly<Record<number, string>> = {}, prefix = 'm', from = 0): string {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return printJson({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `${prefix}${number}` },
      data: { value: values[number] ?? 'as it was' },
    });
  }).join('\n---\n');
}

/** The same in files of 1,000, which is as much as one may hold. `without`: the number of one that is left out. */
function inFiles(app: string, count: number, without?: number): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from({ length: Math.ceil(count / 1000) }, (_, file) => {
      const documents = configMaps(1000, {}, 'm', file * 1000).split('\n---\n');
      const kept = documents.filter((_text, index) => file * 1000 + index !== without);
      return [`apps/${app}/base/${file}.yaml`, kept.join('\n---\n')];
    }),
  );
}
