import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { at, isObject, listAt, numberAt, textAt } from '../../src/object/json.ts';
import { compareText } from '../../src/object/id.ts';
import { type ApiClient, ApiError, createApiClient } from './api-client.ts';
import { type ControlPlanes, startControlPlanes } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { startHollowNode } from './hollow-node.ts';

describe('With a controller manager and a hollow node, workloads come to life', () => {
  let planes: ControlPlanes<'eu'>;
  let node: AsyncDisposable;
  let client: ApiClient;

  before(async () => {
    planes = await startControlPlanes(['eu'], { controllerManager: true });
    node = await startHollowNode(planes.clusters.eu);
    client = createApiClient(planes.clusters.eu.kubeconfig);
  });
  after(async () => {
    await node?.[Symbol.asyncDispose]();
    await planes?.[Symbol.asyncDispose]();
  });

  // All at once: most of the time of each is waiting, ten seconds of it for a namespace.
  describe('all kinds at once', { concurrency: true }, () => {
    it('a Deployment becomes available, and its Pods go when it is scaled down', async () => {
      await client.apply(workload('apps/v1', 'Deployment', 'web', { replicas: 3 }));
      await eventually(async () =>
        assert.equal(await statusOf('apps/v1', 'Deployment', 'web', 'availableReplicas'), 3),
      );

      await client.patch(
        { apiVersion: 'apps/v1', kind: 'Deployment', ...DEFAULT, name: 'web' },
        { spec: { replicas: 1 } },
      );
      await eventually(async () => assert.equal((await podsOf('web')).length, 1));
    });

    it('a Deployment whose new image does not exist keeps its old Pods and makes no progress', async () => {
      await client.apply(workload('apps/v1', 'Deployment', 'shop', { replicas: 2 }));
      await eventually(async () =>
        assert.equal(await statusOf('apps/v1', 'Deployment', 'shop', 'availableReplicas'), 2),
      );

      await client.apply(workload('apps/v1', 'Deployment', 'shop', { replicas: 2 }, { image: 'nginx:missing' }));
      await eventually(async () => {
        const states = (await podsOf('shop')).map(
          (pod) => textAt(listAt(pod, 'status', 'containerStatuses')[0], 'image') ?? '',
        );
        assert.deepEqual(states.toSorted(compareText), ['nginx:1', 'nginx:1', 'nginx:missing']);
      });
      assert.equal(await statusOf('apps/v1', 'Deployment', 'shop', 'availableReplicas'), 2);
      assert.equal(await statusOf('apps/v1', 'Deployment', 'shop', 'updatedReplicas'), 1);
    });

    it('a DaemonSet has one ready Pod', async () => {
      await client.apply(workload('apps/v1', 'DaemonSet', 'agent', {}));
      await eventually(async () => assert.equal(await statusOf('apps/v1', 'DaemonSet', 'agent', 'numberAvailable'), 1));
    });

    it('a StatefulSet starts its Pods one after the other', async () => {
      await client.apply(workload('apps/v1', 'StatefulSet', 'db', { replicas: 2, serviceName: 'db' }));
      await eventually(async () =>
        assert.equal(await statusOf('apps/v1', 'StatefulSet', 'db', 'availableReplicas'), 2),
      );
    });

    it('a Job completes, and fails when its image says so', async () => {
      const never = { restartPolicy: 'Never' };
      await client.apply(job('migrate', {}, never));
      await client.apply(job('broken', { backoffLimit: 0 }, { ...never, image: 'nginx:failing' }));
      await eventually(async () => assert.ok((await conditionsOf('migrate')).includes('Complete')));
      await eventually(async () => assert.ok((await conditionsOf('broken')).includes('Failed')));
    });

    it('a Pod that selects another node waits for ever', async () => {
      await client.apply(workload('apps/v1', 'Deployment', 'gpu', { replicas: 1 }, { nodeSelector: { gpu: 'yes' } }));
      await eventually(async () => assert.equal((await podsOf('gpu')).length, 1));
      await client.apply(workload('apps/v1', 'Deployment', 'later', { replicas: 1 }));
      await eventually(async () =>
        assert.equal(await statusOf('apps/v1', 'Deployment', 'later', 'availableReplicas'), 1),
      );
      assert.equal(textAt((await podsOf('gpu'))[0], 'status', 'phase'), 'Pending');
    });

    it('a ServiceAccount gets a token', async () => {
      await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'robots' } });
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const token = await eventually(() =>
        client.request('POST', '/api/v1/namespaces/robots/serviceaccounts/default/token', request),
      );
      assert.match(textAt(token, 'status', 'token') ?? '', /^ey/);
    });

    it('Pod security is enforced', async () => {
      const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
      await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'strict', labels } });
      await eventually(() => assertExists('ServiceAccount', 'strict', 'default'));
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root', namespace: 'strict' } };
      await assert.rejects(
        client.create({ ...pod, spec: { containers: [{ name: 'main', image: 'nginx:1' }] } }),
        (error) => error instanceof ApiError && error.status === 403 && /violates PodSecurity/.test(error.message),
      );
    });

    it('a deleted Namespace takes all that is in it along', async () => {
      await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } });
      await client.apply(workload('apps/v1', 'Deployment', 'web', { replicas: 2 }, { namespace: 'old' }));
      await eventually(async () => assert.equal((await client.list('v1', 'Pod', 'old')).length, 2));

      await client.delete('v1', 'Namespace', '', 'old');
      await eventually(async () => assert.equal(await client.get('v1', 'Namespace', '', 'old'), undefined));
      assert.deepEqual(await client.list('v1', 'Pod', 'old'), []);
    });

    it('deleting an owner deletes what it owns', async () => {
      await client.apply(workload('apps/v1', 'Deployment', 'gone', { replicas: 2 }));
      await eventually(async () => assert.equal((await podsOf('gone')).length, 2));
      await client.delete('apps/v1', 'Deployment', 'default', 'gone');
      await eventually(async () => assert.deepEqual(await podsOf('gone'), []));
    });
  });

  it('the node lives through a restart of the API server', async () => {
    await planes.clusters.eu.stop();
    await planes.clusters.eu.start();
    await client.apply(workload('apps/v1', 'Deployment', 'after', { replicas: 1 }));
    await eventually(async () =>
      assert.equal(await statusOf('apps/v1', 'Deployment', 'after', 'availableReplicas'), 1),
    );
  });

  async function statusOf(apiVersion: string, kind: string, name: string, field: string): Promise<number | undefined> {
    return numberAt(await client.get(apiVersion, kind, 'default', name), 'status', field);
  }

  async function podsOf(app: string): Promise<readonly JsonObject[]> {
    return client.list('v1', 'Pod', 'default', `app=${app}`);
  }

  async function conditionsOf(name: string): Promise<readonly (string | undefined)[]> {
    const found = listAt(await client.get('batch/v1', 'Job', 'default', name), 'status', 'conditions');
    return found.filter((each) => at(each, 'status') === 'True').map((each) => textAt(each, 'type'));
  }

  async function assertExists(kind: string, namespace: string, name: string): Promise<void> {
    assert.ok(isObject(await client.get('v1', kind, namespace, name)));
  }
});

const DEFAULT = { namespace: 'default' };

interface Variation {
  readonly namespace?: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly nodeSelector?: JsonObject;
}

function workload(
  apiVersion: string,
  kind: string,
  name: string,
  spec: JsonObject,
  { namespace = 'default', image = 'nginx:1', ...pod }: Variation = {},
): JsonObject {
  const labels = { app: name };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      ...spec,
      ...(kind === 'Job' ? {} : { selector: { matchLabels: labels } }),
      template: { metadata: { labels }, spec: { ...pod, containers: [{ name: 'main', image }] } },
    },
  };
}

function job(name: string, spec: JsonObject, variation: Variation): JsonObject {
  return workload('batch/v1', 'Job', name, spec, variation);
}
