/** The record of what an app owns: for people, for kubectl, and for an older and a newer Muster. */
import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'node:test';
import { connect } from '../../src/cli/connections.ts';
import type { Connection } from '../../src/controller.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Inventory, InventoryEntry } from '../../src/model/observation.ts';
import { PortError } from '../../src/model/errors.ts';
import { hashText, isList, isObject, listAt, mapAt, parseJson, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { readSettings } from '../../src/settings.ts';
import { noKubectl } from '../support/kubectl.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { objectWrites, printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu'>;
let home: string;
const resources = new AsyncDisposableStack();

before(async () => {
  world = resources.use(await startWorld(['eu']));
  home = resources.use(await temporaryFolder()).path;
  await writeFile(join(home, 'kubeconfig'), world.clusters.eu.plane.kubeconfig);
});
after(() => resources.disposeAsync());

describe('kubectl', { skip: noKubectl }, () => {
  it('shows in a table how many objects of which apps are there, and of which revision', async () => {
    await using fleet = await world.fleet('table');
    const revision = fleet.commit({
      'apps/shop/base/all.yaml': `${configMap('a')}\n---\n${configMap('b')}`,
      'apps/tools/base/c.yaml': configMap('c'),
    });
    await fleet.sync();

    const columns = 'APP:.metadata.labels.muster\\.dev/app,OBJECTS:.data.objects,REVISION:.data.revision';
    const asked = ['get', 'configmaps', '-n', 'muster-system', '-l', 'muster.dev/fleet=table', '-o'];
    const { stdout, stderr } = kubectl(...asked, `custom-columns=${columns}`);

    assert.equal(stderr, '');
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/ +/)),
      [
        ['APP', 'OBJECTS', 'REVISION'],
        ['shop', '2', revision],
        ['tools', '1', revision],
      ],
    );
  });

  it('lists the objects of an app by the label that all of them have', async () => {
    await using fleet = await world.fleet('by-label');
    fleet.commit({ 'apps/shop/base/all.yaml': `${configMap('a')}\n---\n${configMap('b')}` });
    await fleet.sync();
    const id = textAt(await record('by-label'), 'metadata', 'labels', 'applyset.kubernetes.io/id') ?? '';

    const { stdout } = kubectl('get', 'configmaps', '-A', '-l', `applyset.kubernetes.io/part-of=${id}`, '-o', 'name');

    assert.deepEqual(stdout.trim().split('\n'), ['configmap/a', 'configmap/b']);
  });

  it('recognises the record as that of another tool, and refuses to prune or to apply with it', async () => {
    await using fleet = await world.fleet('foreign');
    fleet.commit({ 'apps/shop/base/all.yaml': `${configMap('a')}\n---\n${configMap('b')}` });
    await fleet.sync();
    const manifests = join(home, 'one.yaml');
    await writeFile(manifests, configMap('of-kubectl'));
    const before = await record('foreign');

    const given = ['apply', '-n', 'muster-system', '-f', manifests, '--prune', '--applyset=configmaps/foreign.shop'];
    const { status, stderr } = kubectl(...given);

    assert.notEqual(status, 0);
    assert.match(stderr, /managed by .*muster|tooling|"muster/);
    const names = (await world.clusters.eu.api.list('v1', 'ConfigMap', 'foreign')).map((each) =>
      textAt(each, 'metadata', 'name'),
    );
    assert.deepEqual(names, ['a', 'b']);
    assert.deepEqual(await record('foreign'), before);
    assert.equal(await world.clusters.eu.api.get('v1', 'ConfigMap', 'muster-system', 'of-kubectl'), undefined);
  });
});

describe('The record of a newer Muster', () => {
  it('is read as far as it can be, and never written over; what is clean is not asked about', async () => {
    await using fleet = await world.fleet('newer-record');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    await upgrade('newer-record');
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'newer-record', 'b');
    const before = await record('newer-record');
    await fleet.restart();

    const requests = await fleet.requestsDuring(async () => {
      const tick = await fleet.tick();
      assert.match(assessCluster(tick).text, /^app shop: its inventory has format 2, and this Muster reads up to 1\. /);
      const drift = tick.drift.objects.map(({ id, state }) => `${id.name} ${state}`);
      assert.deepEqual(drift, ['b missing'], 'what it can tell it tells');
    });

    assert.deepEqual(printRequests(writesAmong(requests)), []);
    assert.deepEqual(
      printRequests(requests).filter((line) => line.includes('newer-record/a')),
      [],
    );
    assert.deepEqual(await record('newer-record'), before);
  });

  it('loses no object to another app, to an app that left, or to a commit that empties it', async () => {
    await using fleet = await world.fleet('newer-moves');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/shop/base/b.yaml': configMap('b') });
    await fleet.sync();
    await upgrade('newer-moves');

    fleet.commit({
      'apps/shop/base/a.yaml': null,
      'apps/shop/base/b.yaml': null,
      'apps/tools/base/a.yaml': configMap('a'),
      'apps/tools/base/c.yaml': configMap('c'),
    });
    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });

    assert.deepEqual(printRequests(objectWrites(requests)), []);
  });

  it('with entries that cannot be read at all stops its app all the same', async () => {
    await using fleet = await world.fleet('newer-strange');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a') });
    await fleet.sync();
    await patchRecord('newer-strange', { data: { format: '7' }, binaryData: { entries: 'bm8=' } });

    fleet.commit({ 'apps/shop/base/a.yaml': configMap('b') });
    const requests = await fleet.requestsDuring(() => fleet.tick());

    assert.deepEqual(printRequests(writesAmong(requests)), []);
  });
});

describe('The record of an older Muster', () => {
  it('is brought up to date by one write of its own, and no object is written [P18]', async () => {
    await using fleet = await world.fleet('older');
    fleet.commit({ 'apps/shop/base/a.yaml': configMap('a'), 'apps/tools/base/c.yaml': configMap('c') });
    await fleet.sync();
    // As it was before it named its cluster.
    await patchRecord('older', { data: { clusterName: null } });
    await fleet.restart();

    const requests = await fleet.requestsDuring(() => fleet.sync());

    assert.deepEqual(printRequests(writesAmong(requests)), ['update configmaps muster-system/older.shop']);
    assert.deepEqual(
      printRequests(requests).filter((line) => line.startsWith('dry-run')),
      [],
    );
    assert.equal((await fleet.inventory('shop'))?.clusterName, 'eu');
  });
});

describe('A large record', () => {
  it('of 5,000 objects is stored and read back whole', async () => {
    await using connection = open();
    const inventory = inventoryOf('large', 5_000);

    const stored = await connection.port.writer.putInventory('sizes', inventory, AbortSignal.timeout(20_000));

    const [found] = await connection.port.reader.inventories('sizes', AbortSignal.timeout(20_000));
    assert.deepEqual(found, stored);
    const object = await world.clusters.eu.api.get('v1', 'ConfigMap', 'muster-system', 'sizes.large');
    assert.equal(textAt(object, 'data', 'objects'), '5000');
  });

  it('that is larger than an object may be is refused with its size and the limit, before it is sent', async () => {
    await using connection = open();
    const requests = await world.clusters.eu.plane.requests();

    await assert.rejects(
      connection.port.writer.putInventory('sizes', inventoryOf('huge', 30_000), AbortSignal.timeout(20_000)),
      (error) =>
        error instanceof PortError &&
        error.code === 'TOO_BIG' &&
        /^its inventory of 30000 objects takes \d+ bytes, and the limit is 1048576\. Split the app$/.test(
          error.safeMessage,
        ),
    );

    const sent = (await world.clusters.eu.plane.requests()).slice(requests.length);
    assert.deepEqual(printRequests(writesAmong(sent).filter((each) => each.name === 'sizes.huge')), []);
  });
});

function open(): AsyncDisposable & { readonly port: Connection } {
  const settings = readSettings({ kubeconfig: world.kubeconfig }, {});
  const cluster = {
    name: 'eu',
    labels: {},
    connection: { kind: 'context', context: 'eu' },
    endpoints: [],
    zones: [],
    variables: {},
    suspend: false,
    origin: { file: '', line: 1, column: 1 },
  } as const;
  const port = connect(cluster, settings, undefined, () => {}, undefined);
  return { port, [Symbol.asyncDispose]: () => port.close() };
}

/** Names, UIDs and hashes as different from one another as real ones. */
function inventoryOf(app: string, count: number): Inventory {
  const entries = Array.from({ length: count }, (_, index): InventoryEntry => {
    const [a, b, c] = ['uid', 'desired', 'owned'].map((what) => hashText(`${what} ${index}`));
    const uid = Buffer.from(a ?? '', 'base64url')
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    const id = { group: '', kind: 'ConfigMap', namespace: `team-${index % 50}`, name: `settings-${index}` };
    return { id, apiVersion: 'v1', uid, desiredHash: b ?? '', ownedHash: c ?? '' };
  });
  const base = { app, revision: 'a'.repeat(40), clusterUid: 'uid', clusterName: 'eu', resourceVersion: '' };
  return { ...base, prune: true, onUnplace: 'orphan', entries };
}

/** As a later release may write it: another number, one more column, one more field. */
async function upgrade(fleet: string): Promise<void> {
  const object = await record(fleet);
  const packed = Buffer.from(textAt(object, 'binaryData', 'entries') ?? '', 'base64');
  const rows = listAt({ rows: parseJson(gunzipSync(packed).toString('utf8')) }, 'rows');
  const longer = rows.map((row) => (isList(row) ? [...row, 'something new'] : row));
  const entries = gzipSync(printJson(longer)).toString('base64');
  await patchRecord(fleet, { data: { format: '2', somethingNew: 'yes' }, binaryData: { entries } });
}

async function record(fleet: string): Promise<JsonObject> {
  const object = await world.clusters.eu.api.get('v1', 'ConfigMap', 'muster-system', `${fleet}.shop`);
  assert.ok(isObject(object) && Object.keys(mapAt(object, 'data')).length > 0);
  return object;
}

function patchRecord(fleet: string, patch: JsonObject): Promise<JsonObject> {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'muster-system', name: `${fleet}.shop` };
  return world.clusters.eu.api.patch(target, patch);
}

function kubectl(...parameters: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync('kubectl', parameters, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'kubeconfig'), KUBECTL_APPLYSET: 'true' },
  });
}

function configMap(name: string): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
}
