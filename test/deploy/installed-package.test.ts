import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { at, isObject, listAt, mapAt, parseJson } from '../../src/object/json.ts';
import { VERSION } from '../../src/version.ts';
import type { AuditEntry } from '../support/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { installPackage } from './support/installed.ts';
import type { Replica } from './support/replica.ts';
import { appFiles, configMap, NAMESPACE, readInstall, startWorld, USER, type World } from './support/world.ts';

const RBAC = 'rbac.authorization.k8s.io';

describe('the installed package', () => {
  const resources = new AsyncDisposableStack();
  let world: World;
  let program: string;
  let folder: string;

  before(async () => {
    folder = resources.use(await temporaryFolder()).path;
    [world, program] = await Promise.all([startWorld(), installPackage(folder)]);
    resources.use(world);
  });
  after(() => resources.disposeAsync());

  it('brings two members to what the repository says, with exactly the rights that it installs', async () => {
    await using fleet = await world.fleet('installed', { checkForge: true });
    const requests = await world.requestsDuring('hub', async () => {
      await using replica = await fleet.run({ program });
      const started = await replica.says('muster runs');
      assert.deepEqual(pick(started, ['version', 'hub', 'namespace', 'leaderElect', 'repository']), {
        version: VERSION,
        hub: world.planes.hub.url,
        namespace: NAMESPACE,
        leaderElect: true,
        repository: fleet.git.urlOf(fleet.repository),
      });
      await fleet.inSync();
      for (const cluster of ['eu', 'us'] as const) {
        const settings = await world.api[cluster].get('v1', 'ConfigMap', fleet.name, 'settings');
        assert.deepEqual(mapAt(settings, 'data'), { greeting: 'hello' });
      }
      await fleet.reports('muster/fleet', 'success', /^2\/2 clusters in sync$/);
      await fleet.reports('muster/eu', 'success', /^in sync: 1 object of 1 app$/);
      await end(replica);
    });
    const own = requests.filter((each) => each.user === USER);
    const rules = listAt(await roleOfMuster(), 'rules').filter(isObject);
    assert.deepEqual(
      own.filter((each) => !rules.some((rule) => allows(rule, each))),
      [],
      'nothing was asked for that the role does not name',
    );
    assert.deepEqual(
      own.filter((each) => each.code === 401 || each.code === 403),
      [],
    );
    for (const rule of rules.flatMap(byVerb))
      assert.ok(
        own.some((each) => allows(rule, each)),
        `${JSON.stringify(rule)} is not needed`,
      );
  });

  it('keeps the hub itself, with the rights that its app needs there', async () => {
    await using fleet = await world.fleet('hub-itself', {
      clusters: { hub: { connection: { inCluster: true } } },
    });
    await world.api.hub.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: fleet.name } });
    await using _rights = await grantOnHub(world, [
      // Which cluster it is, the inventories in muster-system, and the objects of the app, listed in all namespaces.
      { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
      },
    ]);
    const requests = await world.requestsDuring('hub', async () => {
      await using replica = await fleet.run({ program });
      await fleet.inSync();
      await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'hello again' })));
      await fleet.inSync();
      await end(replica);
    });
    const settings = await world.api.hub.get('v1', 'ConfigMap', fleet.name, 'settings');
    assert.deepEqual(mapAt(settings, 'data'), { greeting: 'hello again' });
    assert.deepEqual(
      requests.filter((each) => each.user === USER && (each.code === 401 || each.code === 403)),
      [],
    );
  });

  it('is ready when Git and one cluster were read, and stays it; who waits is ready when it saw the lease', async () => {
    await using fleet = await world.fleet('ready');
    await using _frozen = await frozen(world, ['eu', 'us']);
    fleet.git.fault = { kind: 'status', status: 503 };
    await using first = await fleet.run({ program, pod: 'first' });
    await first.says('the lease has a holder', { self: true });
    assert.deepEqual(await first.get('/readyz'), { status: 503, text: 'the repository was not read yet\n' });
    await using second = await fleet.run({ program, pod: 'second' });
    await isReady(second);
    fleet.git.fault = undefined;
    await eventually(async () => {
      assert.deepEqual(await first.get('/readyz'), { status: 503, text: 'no cluster was read yet\n' });
    });
    world.planes.eu.resume();
    await isReady(first);

    await world.planes.eu.pause();
    const revision = await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'new' })));
    await first.says('new revision', { revision });
    await isReady(first);
    world.planes.eu.resume();
    world.planes.us.resume();
    await fleet.inSync();

    const [own, other] = [await document(first), await document(second)];
    assert.deepEqual(own['replica'], { identity: await first.identity(), leads: true, holder: await first.identity() });
    assert.deepEqual(other['replica'], {
      identity: await second.identity(),
      leads: false,
      holder: await first.identity(),
    });
    assert.match(await metric(first, 'muster_leader'), / 1$/);
    assert.match(await metric(second, 'muster_leader'), / 0$/);
  });

  it('serves its state, its metrics and its health', async () => {
    await using fleet = await world.fleet('served');
    await using replica = await fleet.run({ program });
    await fleet.inSync();
    assert.deepEqual(await replica.get('/healthz'), { status: 200, text: 'ok\n' });

    const status = await document(replica);
    assert.equal(status['apiVersion'], 'muster.dev/v1alpha1');
    assert.equal(status['kind'], 'Status');
    assert.equal(status['head'], status['live']);
    assert.deepEqual(status['errors'], []);
    assert.deepEqual(Object.keys(mapAt(status, 'clusters')), ['eu', 'us']);
    assert.deepEqual(pick(mapAt(status, 'clusters', 'eu'), ['state', 'text', 'apps']), {
      state: 'success',
      text: 'in sync: 1 object of 1 app',
      apps: { web: { state: 'rendered', objects: 1 } },
    });
    const [report] = listAt(status, 'statuses');
    const contexts = listAt(report, 'statuses').map((each) => at(each, 'context'));
    assert.deepEqual(contexts, ['muster/fleet', 'muster/eu', 'muster/us', 'muster/drift']);

    const { text } = await replica.get('/metrics');
    const ours = text.replace(/^(?:#|nodejs_).*\n/gm, '');
    for (const line of METRICS) assert.match(ours, line);
  });

  it(
    'needs nothing that an image does not have: any user, no HOME, no /tmp, nothing to write to but its cache',
    { skip: process.getuid?.() === 0 ? false : 'only root can be somebody else' },
    async () => {
      await using fleet = await world.fleet('bare');
      const uid = 200_000 + (process.pid % 100_000);
      const directory = join(fleet.folder, 'pod');
      const cache = join(directory, 'cache');
      await mkdir(cache, { recursive: true });
      await chown(cache, uid, uid);
      for (const path of [fleet.folder, folder, fleet.serviceAccount, dirname(fleet.tokenFile)]) await chmod(path, 0o755);
      await using replica = await fleet.run({
        program: '/usr/bin/setpriv',
        before: [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs', program],
        directory,
        env: { TMPDIR: '/nonexistent' },
      });
      await fleet.inSync();
      const written = spawnSync('find', [tmpdir(), '/dev/shm', '/var/tmp', '-user', String(uid)], { encoding: 'utf8' });
      const elsewhere = written.stdout.split('\n').filter((path) => path !== '' && !path.startsWith(cache));
      assert.deepEqual(elsewhere, [], 'files outside of the cache');
      await end(replica);
    },
  );

  it('says what is missing where a Pod has no token of its service account', async () => {
    await using fleet = await world.fleet('no-token');
    const env = { MUSTER_SERVICE_ACCOUNT: join(folder, 'nowhere') };
    await using replica = await fleet.run({ program, env });
    assert.deepEqual(await replica.ended, { code: 2, signal: null });
    const said = /nowhere\/token: BAD_CREDENTIALS: the file cannot be read \(ENOENT\)\. Does the Pod mount the token/;
    assert.match(replica.output(), said);
  });
});

/** API servers that stand still until somebody resumes them, or the test is over. */
async function frozen({ planes }: World, names: readonly ('eu' | 'us')[]): Promise<AsyncDisposable> {
  for (const name of names) await planes[name].pause();
  return {
    [Symbol.asyncDispose]: () => {
      for (const name of names) planes[name].resume();
      return Promise.resolve();
    },
  };
}

/** The names of design 4, with their labels. */
const METRICS = [
  /^muster_tick_duration_seconds_count\{cluster="eu",result="done"\} \d+$/m,
  /^muster_apply_total\{cluster="eu",action="created"\} 1$/m,
  /^muster_drift_objects\{cluster="eu",app="web"\} 0$/m,
  /^muster_cluster_up\{cluster="us"\} 1$/m,
  /^muster_git_head_age_seconds \d/m,
  /^muster_last_sync_timestamp_seconds\{cluster="us"\} \d+/m,
  /^muster_api_requests_total\{cluster="hub",verb="GET",code="200"\} \d+$/m,
  /^muster_api_requests_total\{cluster="eu",verb="PATCH",code="201"\} \d+$/m,
  /^muster_leader 1$/m,
  /^process_resident_memory_bytes \d/m,
];

async function end(replica: Replica): Promise<void> {
  replica.kill('SIGTERM');
  assert.deepEqual(await replica.ended, { code: 0, signal: null }, replica.output());
}

async function isReady(replica: Replica): Promise<void> {
  await eventually(async () => assert.deepEqual(await replica.get('/readyz'), { status: 200, text: 'ok\n' }));
}

async function document(replica: Replica): Promise<JsonObject> {
  const { status, text } = await replica.get('/api/v1/status');
  assert.equal(status, 200);
  const value = parseJson(text);
  assert.ok(isObject(value));
  return value;
}

async function metric(replica: Replica, name: string): Promise<string> {
  const { text } = await replica.get('/metrics');
  return text.split('\n').find((line) => line.startsWith(`${name} `)) ?? '';
}

function pick(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, object[key] ?? null]));
}

async function roleOfMuster(): Promise<JsonObject> {
  return (await readInstall()).find((each) => each['kind'] === 'Role') ?? {};
}

/** A rule for each of its verbs. */
function byVerb(rule: JsonObject): readonly JsonObject[] {
  return words(rule, 'verbs').map((verb) => ({ ...rule, verbs: [verb] }));
}

/** Whether an RBAC rule names a request: `coordination.k8s.io/leases` is the audit log's word for group and resource. */
function allows(rule: JsonObject, { verb, resource, namespace, name }: AuditEntry): boolean {
  const resources = words(rule, 'apiGroups').flatMap((group) =>
    words(rule, 'resources').map((each) => (group === '' ? each : `${group}/${each}`)),
  );
  const names = listAt(rule, 'resourceNames');
  return (
    namespace === NAMESPACE &&
    resources.includes(resource) &&
    listAt(rule, 'verbs').includes(verb) &&
    (names.length === 0 || names.includes(name))
  );
}

function words(rule: JsonObject, field: string): readonly string[] {
  return listAt(rule, field).filter((each) => typeof each === 'string');
}

/** A ClusterRole for the service account of Muster in the hub, until it is disposed. */
async function grantOnHub({ api }: World, rules: readonly JsonObject[]): Promise<AsyncDisposable> {
  const metadata = { name: 'muster-apps' };
  await api.hub.apply({ apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata, rules });
  await api.hub.apply({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: 'muster', namespace: NAMESPACE }],
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await api.hub.delete(`${RBAC}/v1`, 'ClusterRoleBinding', '', metadata.name);
    },
  };
}
