import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatId } from '../../src/object/id.ts';
import { at, numberAt } from '../../src/object/json.ts';
import { bodyOf, check, renderedOf, type TestFiles } from '../support/fleet-files.ts';
import { deployment, federatedDeployment, fleetOf, hello, TUTORIALS } from './tutorials.ts';

/** The objects of each cluster that has any. */
function objects(files: TestFiles): Readonly<Record<string, readonly string[]>> {
  const entries = renderedOf(files).clusters.map(({ cluster, apps }) => [
    cluster.name,
    apps.flatMap((app) => app.manifests.map(({ id }) => formatId(id))),
  ]);
  return Object.fromEntries(entries.filter(([, list]) => list?.length !== 0));
}

/** Replicas of the Deployment `hello` by cluster. */
function replicas(files: TestFiles): Readonly<Record<string, number | undefined>> {
  const fleet = renderedOf(files);
  const count = (cluster: string): number | undefined =>
    numberAt(bodyOf(fleet, cluster, 'Deployment default/hello'), 'spec', 'replicas');
  return Object.fromEntries(fleet.clusters.map(({ cluster }) => [cluster.name, count(cluster.name)]));
}

test('the five tutorials have no errors and no warnings', () => {
  for (const [name, files] of Object.entries(TUTORIALS)) assert.deepEqual(check(files), [], name);
});

test('a FederatedDeployment is an object with a placement and with overrides, each as RFC 6902 says', () => {
  const fleet = renderedOf(TUTORIALS['a FederatedDeployment with overrides']);
  const name = 'Deployment default/test-deployment';
  assert.deepEqual(bodyOf(fleet, 'cluster1', name), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    // To add a map where there is one replaces it: "team" is gone.
    metadata: { name: 'test-deployment', namespace: 'default', labels: { app: 'nginx' }, annotations: {} },
    spec: {
      replicas: 5,
      selector: { matchLabels: { app: 'nginx' } },
      template: {
        metadata: { labels: { app: 'nginx' } },
        spec: {
          containers: [{ image: 'nginx:1.17.0-alpine', name: 'nginx', args: ['-q', '-g', 'daemon off;'] }],
        },
      },
    },
  });
  const other = bodyOf(fleet, 'cluster2', name);
  assert.deepEqual(at(other, 'metadata', 'annotations'), { team: 'web' });
  assert.deepEqual(at(other, 'spec', 'replicas'), 3);
});

test('an override below args is refused where the template has no args, with file, line and reason', () => {
  const files = {
    ...fleetOf('cluster1', 'cluster2'),
    'policies/federated.yaml': federatedDeployment(''),
  };
  assert.deepEqual(check(files), [
    'policies/federated.yaml:43:17: PATCH_FAILED: on cluster1: add "/spec/template/spec/containers/0/args/0": "args" is absent in "/spec/template/spec/containers/0". Add "/spec/template/spec/containers/0/args" first, with {} or [] as its value.',
  ]);
});

test('a PropagationPolicy places a Deployment on one cluster only', () => {
  assert.deepEqual(objects(TUTORIALS['a PropagationPolicy for one cluster']), {
    member1: ['Deployment default/nginx'],
  });
});

test('an OverridePolicy adds the map of annotations there', () => {
  const body = bodyOf(renderedOf(TUTORIALS['an OverridePolicy']), 'member1', 'Deployment default/nginx');
  assert.deepEqual(at(body, 'metadata', 'annotations'), { foo: 'bar' });
});

test('a Deployment is divided by weights, and a Service of the same policy is on every cluster', () => {
  assert.deepEqual(replicas(TUTORIALS['equal weights']), { ap: 1, eu: 1, us: 1 });
  assert.deepEqual(replicas(TUTORIALS['unequal weights']), { ap: 2, eu: 4, us: 4 });
  const services = Object.values(objects(TUTORIALS['equal weights']));
  assert.deepEqual(services.length, 3);
  for (const list of services) assert.ok(list.includes('Service default/hello'));
});

test('ten replicas by equal weights are 4, 3 and 3, and which cluster has 4 depends on the object alone', () => {
  const first = replicas(hello(10, { eu: 1, ap: 1, us: 1 }));
  assert.deepEqual(Object.values(first).map(String).toSorted(), ['3', '3', '4']);
  assert.deepEqual(replicas(hello(10, { us: 1, ap: 1, eu: 1 })), first);
});

test('the same files work from the folder of an app', () => {
  const { 'policies/propagationpolicy.yaml': policy, ...rest } = TUTORIALS['a PropagationPolicy for one cluster'];
  assert.ok(policy !== undefined);
  const files = { ...rest, 'apps/nginx/policy.yaml': policy };
  assert.deepEqual(check(files), []);
  assert.deepEqual(objects(files), { member1: ['Deployment default/nginx'] });
});

test('a policy in the folder of an app is about that app alone', () => {
  const { 'policies/propagationpolicy.yaml': policy, ...rest } = TUTORIALS['a PropagationPolicy for one cluster'];
  const files = { ...rest, ...deployment('other', 1), 'apps/other/policy.yaml': policy };
  assert.deepEqual(
    check(files).map((line) => line.split(':').slice(0, 5).join(':').replace('warning: ', '')),
    [
      'apps/nginx/base/deployment.yaml:1:1: NO_PLACEMENT: no placement matches apps/v1 Deployment nginx',
      'apps/other/base/deployment.yaml:1:1: NO_PLACEMENT: no placement matches apps/v1 Deployment other',
      'apps/other/policy.yaml:7:7: NO_TARGET',
    ],
  );
});
