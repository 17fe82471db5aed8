import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../../src/object/json.ts';
import {
  bodyOf,
  check,
  clusterFile,
  manifestOf,
  marked,
  placementFile,
  renderedOf,
  type TestFiles,
} from '../support/fleet-files.ts';
import { deployment, federatedDeployment, fleetOf } from './tutorials.ts';

const BASE: TestFiles = { ...fleetOf('m1', 'm2'), ...deployment('nginx', 4) };

/** A PropagationPolicy for Deployment nginx; `rest` follows in `spec`, in flow style on line 6. */
function policy(rest: string, kind = 'PropagationPolicy'): string {
  return `apiVersion: policy.karmada.io/v1alpha1
kind: ${kind}
metadata: {name: p}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: nginx}]
${rest === '' ? '' : `  ${rest}\n`}`;
}

function override(overriders: string): string {
  return policy(`overrideRules: [{overriders: {${overriders}}}]`, 'OverridePolicy');
}

function preference(spec: string): TestFiles {
  return {
    'policies/object.yaml': federatedDeployment('').split('  overrides:')[0],
    'policies/p.yaml': `apiVersion: scheduling.kubefed.io/v1alpha1
kind: ReplicaSchedulingPreference
metadata: {name: test-deployment}
spec: ${spec}
`,
  };
}

/** What stands behind the place, for a file in which `‸` marks it. */
function refusal(text: string, more: TestFiles = {}): string {
  const { text: content, place } = marked(text);
  const lines = check({ ...BASE, ...more, 'policies/p.yaml': content });
  const own = lines.filter((line) => line.replace('warning: ', '').startsWith(`policies/p.yaml:${place}: `));
  assert.equal(own.length, 1, `no message at ${place}: ${lines.join('\n')}`);
  return (own[0] ?? '').replace(`policies/p.yaml:${place}: `, '');
}

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  // Unknown names, with the right one
  [policy('‸placment: {}'), /^UNKNOWN_FIELD: .* no field "spec.placment". Did you mean "placement"\?/],
  [
    policy('placement: {clusterAffinity: {‸clusterName: [m1]}}'),
    /^UNKNOWN_FIELD: .*"spec.placement.clusterAffinity.clusterName". Did you mean "clusterNames"\?/,
  ],
  [override('‸plainText: []'), /^UNKNOWN_FIELD: .*Did you mean "plaintext"\?/],
  [
    policy('').replace('PropagationPolicy', '‸PropogationPolicy'),
    /^NOT_SUPPORTED: .*Did you mean "PropagationPolicy"\?/,
  ],
  [policy('').replace('policy.karmada.io/v1alpha1', '‸policy.karmada.io/v1'), /^UNKNOWN_KIND: .*v1alpha1/],
  // Known, and not honoured: by name, with the reason
  [policy('‸propagateDeps: true'), /^NOT_SUPPORTED: spec.propagateDeps is not supported: /],
  [policy('‸failover: {application: {}}'), /^NOT_SUPPORTED: spec.failover is not supported: /],
  [policy('‸activationPreference: Lazy'), /^NOT_SUPPORTED: spec.activationPreference/],
  [policy('‸conflictResolution: Overwrite'), /^NOT_SUPPORTED: spec.conflictResolution.*muster.dev\/force/],
  [policy('‸schedulerName: mine'), /^NOT_SUPPORTED: spec.schedulerName is not supported: there is no scheduler "mine"/],
  [policy('suspension: {‸scheduling: true}'), /^NOT_SUPPORTED: spec.suspension.scheduling/],
  [policy('‸schedulePriority: {}'), /^NOT_SUPPORTED: spec.schedulePriority/],
  [policy('placement: {‸workloadAffinity: {}}'), /^NOT_SUPPORTED: spec.placement.workloadAffinity/],
  [
    policy('placement: {replicaScheduling: {weightPreference: {‸dynamicWeight: AvailableReplicas}}}'),
    /^NOT_SUPPORTED: .*dynamicWeight is not supported: it needs the free capacity.*staticWeightList/,
  ],
  [
    policy('placement: {replicaScheduling: {‸replicaDivisionPreference: Aggregated}}'),
    /^NOT_SUPPORTED: .*replicaDivisionPreference is not supported: "Aggregated"/,
  ],
  [policy('placement: {spreadConstraints: [{‸spreadByLabel: rack}]}'), /^NOT_SUPPORTED: .*spreadByLabel/],
  [
    policy('placement: {clusterTolerations: [{key: a, operator: Exists, ‸tolerationSeconds: 5}]}'),
    /^NOT_SUPPORTED: .*tolerationSeconds is not supported: it is a matter of time/,
  ],
  [
    policy('placement: {spreadConstraints: [‸{spreadByField: cluster, maxGroups: 1}]}'),
    /^NOT_SUPPORTED: PropagationPolicy default\/p selects 2 clusters \(m1, m2\) and may spread over at most 1/,
  ],
  [
    policy('placement: {spreadConstraints: [‸{spreadByField: cluster, minGroups: 3}]}'),
    /^NO_CLUSTER_MATCHES: .*must spread over at least 3/,
  ],
  [policy('dependentOverrides: [‸o]'), /^UNKNOWN_NAME: .*depends on override policy "o", which does not exist/],
  // Contradictions
  [
    policy('placement: {clusterAffinity: {}, ‸clusterAffinities: [{affinityName: a}]}').replace(
      '‸clusterAffinities: ',
      'clusterAffinities: ‸',
    ),
    /^BAD_VALUE: clusterAffinity and clusterAffinities exclude each other/,
  ],
  [
    policy('').replace('name: nginx', 'name: nginx, namespace: ‸other'),
    /^BAD_VALUE: a policy in namespace "default" selects objects of that namespace only, not of "other"/,
  ],
  [override('fieldOverrider: [‸{fieldPath: /data/x}]'), /^BAD_VALUE: a fieldOverrider has either json or yaml/],
];

test('what cannot be honoured is refused by name, at its line and column', () => {
  for (const [text, message] of REFUSED) {
    assert.match(refusal(text), message, text);
  }
});

/** Every place where a file of another federation names a cluster, with a pattern in it. */
const PATTERNS: readonly string[] = [
  policy('placement: {clusterAffinity: {clusterNames: [m1, ‸"*"]}}'),
  policy('placement: {clusterAffinity: {exclude: [‸"m?"]}}'),
  policy('placement: {clusterAffinities: [{affinityName: a, clusterNames: [‸"m*"]}]}'),
  policy(
    'placement: {replicaScheduling: {weightPreference: {staticWeightList: [{targetCluster: {clusterNames: [‸"*"]}, weight: 1}]}}}',
  ),
  policy('suspension: {dispatchingOnClusters: {clusterNames: [‸"m*"]}}'),
  override('labelsOverrider: []').replace('overriders:', 'targetCluster: {clusterNames: [‸"*"]}, overriders:'),
  `apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: c, namespace: default}
spec:
  template: {data: {a: b}}
  placement: {clusters: [{name: ‸"*"}]}
`,
  `apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: c, namespace: default}
spec:
  template: {data: {a: b}}
  placement: {clusterSelector: {}}
  overrides: [{clusterName: ‸"m*", clusterOverrides: [{path: /data/a, value: c}]}]
`,
];

test('a pattern for clusters, which selects nothing in Karmada and KubeFed, is refused wherever they name one', () => {
  for (const text of PATTERNS) {
    assert.match(refusal(text), /^BAD_VALUE: "\S+" is no name of a cluster: names are exact.*one by one/, text);
  }
});

test('of the names of a ReplicaSchedulingPreference only "*" alone, which KubeFed knows, is no name of a cluster', () => {
  const spec = (name: string): TestFiles =>
    preference(
      `{targetKind: FederatedDeployment, totalReplicas: 4, rebalance: true, clusters: {"${name}": {weight: 1}}}`,
    );
  const fleet = fleetOf('cluster1', 'cluster2');
  assert.deepEqual(check({ ...fleet, ...spec('*') }), []);
  assert.match(
    check({ ...fleet, ...spec('cluster*') }).join(),
    /policies\/p.yaml:4:\d+: BAD_VALUE: "cluster\*" is no name/,
  );
});

test('a cluster that does not exist is a slip, in every kind', () => {
  const names = policy('placement: {clusterAffinity: {clusterNames: [m1, m22]}}');
  assert.match(
    check({ ...BASE, 'policies/p.yaml': names }).join(),
    /UNKNOWN_NAME: PropagationPolicy default\/p: there is no cluster "m22"/,
  );
  const object = federatedDeployment('').split('  overrides:')[0];
  const files = { ...fleetOf('cluster1', 'cluster3'), 'policies/object.yaml': object };
  assert.match(
    check(files).join(),
    /UNKNOWN_NAME: FederatedDeployment default\/test-deployment: there is no cluster "cluster2"/,
  );
});

test('an object that a policy and a placement of ours select is an error that names both', () => {
  const files = {
    ...BASE,
    'policies/p.yaml': policy(''),
    'apps/nginx/placement.yaml': placementFile('mine', '{clusters: {all: true}}'),
  };
  assert.deepEqual(check(files), [
    'policies/p.yaml:1:1: PLACED_TWICE: apps/v1 Deployment nginx is claimed by placement "mine" (apps/nginx/placement.yaml:1) and by PropagationPolicy default/p (policies/p.yaml:1). Keep one of them for this object.',
  ]);
});

test('a policy without a namespace belongs to default, and says where the object is that it misses', () => {
  const base = { ...BASE, 'policies/p.yaml': policy('') };
  assert.deepEqual(check(base), []);
  const app = 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: nginx}\nspec: {namespace: web}\n';
  assert.deepEqual(check({ ...base, 'apps/nginx/app.yaml': app }), [
    'apps/nginx/base/deployment.yaml:1:1: NO_PLACEMENT: no placement matches apps/v1 Deployment nginx: the app has none. Add apps/nginx/placement.yaml with kind: Placement; "clusters: {all: true}" puts it everywhere.',
    'warning: policies/p.yaml:5:23: NO_TARGET: PropagationPolicy default/p selects Deployment default/nginx, which no app has. There is Deployment web/nginx: the policy must be of its namespace.',
  ]);
  const wide = { ...base, 'apps/nginx/app.yaml': app, 'policies/p.yaml': policy('', 'ClusterPropagationPolicy') };
  assert.deepEqual(check(wide), []);
});

test('what kubectl printed is read: a List, and what only a server sets', () => {
  const printed = `apiVersion: v1
kind: List
items:
  - apiVersion: policy.karmada.io/v1alpha1
    kind: PropagationPolicy
    metadata:
      name: p
      namespace: default
      uid: 0a1b
      resourceVersion: "7"
      generation: 1
      creationTimestamp: "2026-01-01T00:00:00Z"
    spec:
      conflictResolution: Abort
      priority: 0
      preemption: Never
      schedulerName: default-scheduler
      resourceSelectors:
        - {apiVersion: apps/v1, kind: Deployment, name: nginx, namespace: default}
      placement:
        clusterTolerations:
          - {key: cluster.karmada.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}
          - {key: cluster.karmada.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 300}
`;
  assert.deepEqual(check({ ...BASE, 'policies/p.yaml': printed }), []);
});

test('suspension and preserving become what Muster calls so', () => {
  const rest = 'preserveResourcesOnDeletion: true\n  suspension: {dispatchingOnClusters: {clusterNames: [m2]}}';
  const fleet = renderedOf({ ...BASE, 'policies/p.yaml': policy(rest) });
  const annotations = (cluster: string): unknown =>
    at(bodyOf(fleet, cluster, 'Deployment default/nginx'), 'metadata', 'annotations');
  assert.deepEqual(annotations('m1'), { 'muster.dev/prune': 'false' });
  assert.deepEqual(annotations('m2'), { 'muster.dev/prune': 'false', 'muster.dev/apply': 'ignore' });
  assert.equal(manifestOf(fleet, 'm2', 'Deployment default/nginx').policy.apply, 'ignore');
});

test('an override of Karmada may set a count that a policy divides, because it comes after the division', () => {
  const rest = 'placement: {replicaScheduling: {replicaSchedulingType: Divided}}';
  const files = {
    ...BASE,
    'policies/p.yaml': policy(rest),
    'policies/o.yaml': override('plaintext: [{path: /spec/replicas, operator: replace, value: 9}]').replace(
      'overriders:',
      'targetCluster: {clusterNames: [m2]}, overriders:',
    ),
  };
  const fleet = renderedOf(files);
  const count = (cluster: string): unknown =>
    at(bodyOf(fleet, cluster, 'Deployment default/nginx'), 'spec', 'replicas');
  assert.deepEqual([count('m1'), count('m2')], [2, 9]);
});

test('the older form of an OverridePolicy is read, and both forms together are refused', () => {
  const labels = 'overriders: {labelsOverrider: [{operator: add, value: {tier: front}}]}';
  const old = policy(`targetCluster: {clusterNames: [m1]}\n  ${labels}`, 'OverridePolicy');
  const fleet = renderedOf({ ...BASE, 'policies/p.yaml': policy(''), 'policies/o.yaml': old });
  const label = (cluster: string): unknown =>
    at(bodyOf(fleet, cluster, 'Deployment default/nginx'), 'metadata', 'labels', 'tier');
  assert.deepEqual([label('m1'), label('m2')], ['front', undefined]);
  const both = policy(`${labels}\n  overrideRules: ‸[{overriders: {}}]`, 'OverridePolicy');
  assert.match(refusal(both), /^BAD_VALUE: overrideRules and the older/);
});

test('a preference and an override of the same count, and a preference without its object, are errors', () => {
  const spec = '{targetKind: FederatedDeployment, totalReplicas: 4, rebalance: true}';
  const fleet = { ...fleetOf('cluster1', 'cluster2') };
  assert.deepEqual(check({ ...fleet, ...preference(spec) }), []);
  const files = {
    ...fleet,
    ...preference(spec),
    'policies/object.yaml': federatedDeployment('              args: [x]\n'),
  };
  assert.deepEqual(check(files), [
    'policies/object.yaml:34:17: REPLICAS_DIVIDED: an override sets spec.replicas, which ReplicaSchedulingPreference default/test-deployment (policies/p.yaml:1) divides. Change the preference, or remove the override.',
  ]);
  const { 'policies/object.yaml': _object, ...alone } = preference(spec);
  assert.match(
    check({ ...BASE, 'policies/q.yaml': policy(''), ...alone }).join(),
    /policies\/p.yaml:3:18: NO_TARGET: .*which does not exist/,
  );
});

test('an object of KubeFed is only where its FederatedNamespace is', () => {
  const namespace = `apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: default, namespace: default}
spec: {placement: {clusterSelector: {matchLabels: {env: prod}}}}
`;
  const files = {
    ...fleetOf('cluster1'),
    'clusters/cluster2.yaml': clusterFile('cluster2', '{env: prod}'),
    'policies/object.yaml': federatedDeployment('').split('  overrides:')[0],
    'policies/namespace.yaml': namespace,
  };
  const names = renderedOf(files).clusters.map(({ cluster, apps }) => [cluster.name, apps.map(({ name }) => name)]);
  assert.deepEqual(names, [
    ['cluster1', []],
    ['cluster2', ['default', 'test-deployment']],
  ]);
});

test('any kind can be federated; one that is not known needs its API', () => {
  const widget = (api: string): string => `apiVersion: types.kubefed.io/v1beta1
kind: FederatedWidget
metadata: {name: w, namespace: default}
spec:
  template: {${api}spec: {size: 1}}
  placement: {clusterSelector: {}}
`;
  const fleet =
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: t}\nspec: {kinds: [{apiVersion: example.com/v1, kind: Widget, namespaced: true}]}\n';
  const files = { ...fleetOf('m1'), 'fleet.yaml': fleet };
  const known = { ...files, 'policies/w.yaml': widget('apiVersion: example.com/v1, ') };
  assert.deepEqual(bodyOf(renderedOf(known), 'm1', 'Widget default/w'), {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'default' },
    spec: { size: 1 },
  });
  assert.match(
    check({ ...files, 'policies/w.yaml': widget('') }).join(),
    /policies\/w.yaml:5:13: UNKNOWN_KIND: which API "Widget" belongs to/,
  );
});

test('other federations have no place in policies/ for manifests and for kinds of ours', () => {
  const manifest = 'apiVersion: v1\nkind: ‸ConfigMap\nmetadata: {name: x}\n';
  assert.match(refusal(manifest), /^MISPLACED_FILE: ConfigMap of "v1" has no meaning in policies\/.*apps\/NAME\/base/);
});
