import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { renderInstall } from '../../scripts/install-yaml.ts';
import { OPTIONS } from '../../src/settings.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { isObject, listAt, mapAt, numberAt, textAt } from '../../src/object/json.ts';
import { VERSION } from '../../src/version.ts';
import { type ApiClient, ApiError, createApiClient } from '../support/api-client.ts';
import { type ControlPlane, startControlPlanes } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { startHollowNode } from '../support/hollow-node.ts';
import { noKubectl } from '../support/kubectl.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { NAMESPACE, readInstall } from './support/world.ts';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy');

test('deploy/install.yaml is what Muster renders of the folder', () => {
  assert.equal(readFileSync(join(DEPLOY, 'install.yaml'), 'utf8'), renderInstall());
});

test('kustomize makes the same objects of the folder', { skip: noKubectl }, async () => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', DEPLOY], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const kustomized = parseAllDocuments(stdout).map((document): JsonObject => document.toJS());
  assert.deepEqual(kustomized.toSorted(byId), (await readInstall()).toSorted(byId));
});

test('the image has the version of the package', async () => {
  assert.equal(textAt(await container(), 'image'), `ghcr.io/muster-dev/muster:${VERSION}`);
});

test('every argument and variable of the container is one that "muster run" knows', async () => {
  const { args, variables } = await containerSettings();
  const options = Object.values(OPTIONS);
  const flags = options.map((option) => `--${option.flag}`);
  const known = options.flatMap((option) => ('env' in option ? [option.env] : []));
  for (const arg of args.slice(1)) assert.ok(flags.includes(arg.split('=')[0] ?? ''), arg);
  for (const name of variables) assert.ok((known as readonly string[]).includes(name), name);
  assert.equal(args[0], 'run');
});

test('what Muster may take to end, the node waits for', async () => {
  const { args } = await containerSettings();
  const grace = Number(/^--grace=(\d+)s$/.exec(args.find((arg) => arg.startsWith('--grace')) ?? '')?.[1]);
  const waits = numberAt(await find('Deployment'), 'spec', 'template', 'spec', 'terminationGracePeriodSeconds') ?? 0;
  // Then five seconds for the statuses, and a lease to give back.
  assert.ok(waits >= grace + 10, `${waits} s for a grace of ${grace} s`);
});

describe('on a real API server', () => {
  const resources = new AsyncDisposableStack();
  let hub: ControlPlane;
  let api: ApiClient;

  before(async () => {
    const planes = resources.use(await startControlPlanes(['hub'], { controllerManager: true }));
    hub = planes.clusters.hub;
    api = createApiClient(hub.kubeconfig);
    resources.use(await startHollowNode(hub));
    for (const object of await readInstall()) await api.apply(object, { manager: 'kubectl' });
  });
  after(() => resources.disposeAsync());

  it('deploy/install.yaml applies with strict validation, and both Pods become ready under "restricted"', async () => {
    const pods = await eventually(async () => {
      const found = await api.list('v1', 'Pod', NAMESPACE);
      assert.equal(found.length, 2);
      for (const pod of found) {
        const ready = listAt(pod, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Ready');
        assert.equal(textAt(ready, 'status'), 'True');
      }
      return found;
    });
    for (const pod of pods) assert.equal(textAt(pod, 'spec', 'serviceAccountName'), 'muster');
    const namespace = await api.get('v1', 'Namespace', '', NAMESPACE);
    assert.equal(mapAt(namespace, 'metadata', 'labels')['pod-security.kubernetes.io/enforce'], 'restricted');
  });

  it('applying it again changes nothing', async () => {
    const versions = async (): Promise<readonly string[]> =>
      Promise.all(
        (await readInstall()).map(async (object) => {
          const applied = await api.apply(object, { manager: 'kubectl' });
          return `${textAt(object, 'kind')} ${textAt(applied, 'metadata', 'uid')} ${numberAt(applied, 'metadata', 'generation')}`;
        }),
      );
    assert.deepEqual(await versions(), await versions());
  });

  it('the PodDisruptionBudget and the Service find these Pods', async () => {
    await eventually(async () => {
      const budget = await api.get('policy/v1', 'PodDisruptionBudget', NAMESPACE, 'muster');
      assert.equal(numberAt(budget, 'status', 'expectedPods'), 2);
      assert.equal(numberAt(budget, 'status', 'disruptionsAllowed'), 1);
      const slices = await api.list('discovery.k8s.io/v1', 'EndpointSlice', NAMESPACE);
      assert.equal(slices.flatMap((slice) => listAt(slice, 'endpoints')).length, 2);
    });
  });

  it('kubectl applies the file in its order, to a cluster that has nothing', { skip: noKubectl }, async () => {
    await using planes = await startControlPlanes(['bare']);
    await using folder = await temporaryFolder();
    const kubeconfig = join(folder.path, 'kubeconfig');
    writeFileSync(kubeconfig, planes.clusters.bare.kubeconfig, { mode: 0o600 });
    const args = ['--kubeconfig', kubeconfig, 'apply', '--validate=strict', '-f', join(DEPLOY, 'install.yaml')];
    const { status, stdout, stderr } = spawnSync('kubectl', args, { encoding: 'utf8', env: { ...process.env, HOME: folder.path } });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '', 'no warning of Pod Security either');
    assert.equal(stdout.trim().split('\n').length, (await readInstall()).length);
  });

  /** Each field that "restricted" asks for, taken out: what a test of admission must be able to see. */
  const WEAKENED: readonly (readonly [field: string, change: (spec: JsonObject) => JsonObject])[] = [
    ['allowPrivilegeEscalation', (spec) => withContainer(spec, { securityContext: { capabilities: { drop: ['ALL'] } } })],
    ['capabilities', (spec) => withContainer(spec, { securityContext: { allowPrivilegeEscalation: false } })],
    ['runAsNonRoot', (spec) => ({ ...spec, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } })],
    ['seccompProfile', (spec) => ({ ...spec, securityContext: { runAsNonRoot: true, runAsUser: 65532 } })],
  ];
  it('the same Deployment with privilege escalation gets no Pod', async () => {
    const deployment = await find('Deployment');
    const spec = mapAt(deployment, 'spec');
    const labels = { app: 'weaker' };
    const podSpec = withContainer(mapAt(spec, 'template', 'spec'), { securityContext: {} });
    await api.apply({
      ...deployment,
      metadata: { name: 'weaker', namespace: NAMESPACE },
      spec: { ...spec, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
    });
    await eventually(async () => {
      const weaker = await api.get('apps/v1', 'Deployment', NAMESPACE, 'weaker');
      const failure = listAt(weaker, 'status', 'conditions').find((each) => textAt(each, 'type') === 'ReplicaFailure');
      assert.match(textAt(failure, 'message') ?? '', /violates PodSecurity "restricted:latest"/);
    });
    assert.deepEqual(await api.list('v1', 'Pod', NAMESPACE, 'app=weaker'), []);
  });

  for (const [field, change] of WEAKENED) {
    it(`a Pod like ours without ${field} is refused there, and ours is not`, async () => {
      const spec = mapAt(await find('Deployment'), 'spec', 'template', 'spec');
      const pod = (name: string, spec: JsonObject): JsonObject => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: NAMESPACE },
        spec,
      });
      await api.apply(pod('as-it-is', spec), { dryRun: true });
      await assert.rejects(api.apply(pod('weaker', change(spec)), { dryRun: true }), (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.status, 403);
        assert.match(error.message, new RegExp(`violates PodSecurity "restricted:latest": .*${field}`));
        return true;
      });
    });
  }
});

function byId(a: JsonObject, b: JsonObject): number {
  const key = (object: JsonObject): string => `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'name')}`;
  return key(a) < key(b) ? -1 : 1;
}

async function find(kind: string): Promise<JsonObject> {
  const found = (await readInstall()).find((each) => each['kind'] === kind);
  assert.ok(found !== undefined, kind);
  return found;
}

async function container(): Promise<JsonObject> {
  const [first] = listAt(await find('Deployment'), 'spec', 'template', 'spec', 'containers');
  assert.ok(isObject(first));
  return first;
}

async function containerSettings(): Promise<{ readonly args: readonly string[]; readonly variables: readonly string[] }> {
  const args = listAt(await container(), 'args').map(String);
  const own = listAt(await container(), 'env').map((each) => textAt(each, 'name') ?? '');
  return { args, variables: [...own, ...Object.keys(mapAt(await find('ConfigMap'), 'data'))] };
}

function withContainer(spec: JsonObject, change: JsonObject): JsonObject {
  return { ...spec, containers: listAt(spec, 'containers').map((each) => ({ ...(isObject(each) ? each : {}), ...change })) };
}
