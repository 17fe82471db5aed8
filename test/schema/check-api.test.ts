import assert from 'node:assert/strict';
import { after, before, describe, it, test } from 'node:test';
import { listAt, mapAt, textAt } from '../../src/object/json.ts';
import { checkApi, KNOWN_MINOR, minorOf } from '../../src/schema/check-api.ts';
import { type ApiClient, createApiClient } from '../support/api-client.ts';
import { type ControlPlanes, startControlPlanes } from '../support/control-plane.ts';
import { check, clusterFile, fleetWith, marked } from '../support/fleet-files.ts';

const CASES = [
  ['apps/v1', 'Deployment', 9, undefined],
  ['apps/v1', 'Deployment', 36, undefined],
  ['extensions/v1beta1', 'Deployment', 15, undefined],
  ['extensions/v1beta1', 'Deployment', 16, 'extensions/v1beta1 Deployment is gone since Kubernetes 1.16. Use apps/v1.'],
  ['policy/v1beta1', 'PodSecurityPolicy', 24, undefined],
  [
    'policy/v1beta1',
    'PodSecurityPolicy',
    25,
    'policy/v1beta1 PodSecurityPolicy is gone since Kubernetes 1.25. Label namespaces for Pod Security Admission instead.',
  ],
  ['batch/v1beta1', 'CronJob', 24, undefined],
  ['batch/v1beta1', 'CronJob', 25, 'batch/v1beta1 CronJob is gone since Kubernetes 1.25. Use batch/v1.'],
  ['autoscaling/v2beta2', 'HorizontalPodAutoscaler', 25, undefined],
  [
    'autoscaling/v2beta2',
    'HorizontalPodAutoscaler',
    26,
    'autoscaling/v2beta2 HorizontalPodAutoscaler is gone since Kubernetes 1.26. Use autoscaling/v2.',
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1beta2',
    'FlowSchema',
    29,
    'flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema is gone since Kubernetes 1.29. Use flowcontrol.apiserver.k8s.io/v1.',
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1beta3',
    'FlowSchema',
    32,
    'flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema is gone since Kubernetes 1.32. Use flowcontrol.apiserver.k8s.io/v1.',
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1',
    'FlowSchema',
    28,
    'flowcontrol.apiserver.k8s.io/v1 FlowSchema exists since Kubernetes 1.29, and the cluster runs 1.28. Use flowcontrol.apiserver.k8s.io/v1beta3.',
  ],
  [
    'resource.k8s.io/v1',
    'ResourceClaim',
    30,
    'resource.k8s.io/v1 ResourceClaim exists since Kubernetes 1.34, and the cluster runs 1.30. Place it on newer clusters only.',
  ],
  ['apps/v2', 'Deployment', 36, 'Kubernetes has no apps/v2 Deployment. Use apps/v1.'],
  ['v2', 'Service', 36, 'Kubernetes has no v2 Service. Use v1.'],
  ['apps/v2', 'Deployment', 99, undefined],
  ['example.com/v1', 'Deployment', 36, undefined],
] as const;

for (const [apiVersion, kind, minor, expected] of CASES) {
  test(`${apiVersion} ${kind} on Kubernetes 1.${minor} is ${expected === undefined ? 'served' : 'not served'}`, () => {
    const found = checkApi(apiVersion, kind, minor);
    assert.equal(found === undefined ? undefined : `${found.message}. ${found.help ?? ''}`, expected);
  });
}

test('versions are read as cluster files write them', () => {
  assert.deepEqual(['1.24', 'v1.24', '1.24.3', 'v1.9'].map(minorOf), [24, 24, 24, 9]);
});

test('each cluster is judged by the version that it declares, and by the newest where it declares none', () => {
  const { text, place } = marked(
    'apiVersion: ‸batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\nspec: {whatever: it was}\n',
  );
  const version = (each: string): string => `  kubernetesVersion: "${each}"\n  variables: {network: a}\n`;
  const lines = check(
    fleetWith({
      'clusters/ap.yaml': clusterFile('ap', '{env: prod}', version('1.24')),
      'clusters/eu.yaml': clusterFile('eu', '{env: prod}', version('1.25')),
      'clusters/us.yaml': clusterFile('us', '{env: prod}'),
      'apps/web/base/cron.yaml': text,
    }),
  );
  const error = 'API_NOT_SERVED: on CLUSTER: batch/v1beta1 CronJob is gone since Kubernetes 1.25. Use batch/v1.';
  assert.deepEqual(
    lines,
    ['eu', 'us'].map((name) => `apps/web/base/cron.yaml:${place}: ${error.replace('CLUSTER', name)}`),
  );
});

test('on a cluster that is newer than what Muster knows, a field that it does not know is a warning', () => {
  const files = fleetWith({
    ...Object.fromEntries(
      ['ap', 'eu', 'us'].map((name) => [
        `clusters/${name}.yaml`,
        clusterFile(name, '{env: prod}', `  kubernetesVersion: "1.${KNOWN_MINOR + 1}"\n`),
      ]),
    ),
    'apps/web/base/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nnewField: 1\n',
  });
  assert.deepEqual(check(files), [
    `warning: apps/web/base/map.yaml:4:1: UNKNOWN_FIELD: the object has no field "newField" in v1 ConfigMap, as far as Kubernetes 1.${KNOWN_MINOR} goes. It has: apiVersion, binaryData, data, immutable, kind, metadata.`,
  ]);
});

describe('The table of versions agrees with a real API server that serves everything it can', () => {
  let planes: ControlPlanes<'all'>;
  let client: ApiClient;
  before(async () => {
    planes = await startControlPlanes(['all'], { apiServerFlags: { 'runtime-config': 'api/all=true' } });
    client = createApiClient(planes.clusters.all.kubeconfig);
  });
  after(() => planes?.[Symbol.asyncDispose]());

  it('what it serves is not said to be gone, and what is said to be served it serves', async () => {
    const served = new Set<string>();
    for (const path of Object.keys(mapAt(await client.request('GET', '/openapi/v3'), 'paths'))) {
      if (!/^(api|apis\/[^/]+)\/v[^/]+$/.test(path)) continue;
      for (const each of listAt(await client.request('GET', `/${path}`), 'resources')) {
        if (textAt(each, 'name')?.includes('/') !== true)
          served.add(`${path.replace(/^apis?\//, '')} ${textAt(each, 'kind')}`);
      }
    }
    const version = textAt(await client.request('GET', '/version'), 'minor');
    assert.equal(Number(version), KNOWN_MINOR);
    for (const api of served) {
      const [apiVersion = '', kind = ''] = api.split(' ');
      assert.equal(checkApi(apiVersion, kind, KNOWN_MINOR), undefined, api);
    }
    for (const [apiVersion, kind, minor, expected] of CASES) {
      if (minor !== KNOWN_MINOR || apiVersion.startsWith('example.com/')) continue;
      assert.equal(served.has(`${apiVersion} ${kind}`), expected === undefined, `${apiVersion} ${kind}`);
    }
  });
});
