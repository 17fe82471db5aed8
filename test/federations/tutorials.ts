/** Files as people copy them from the tutorials of Karmada and KubeFed, each with the rest of a small fleet around it. */
import { clusterFile, type TestFiles } from '../support/fleet-files.ts';

const FLEET = `apiVersion: muster.dev/v1alpha1
kind: Fleet
metadata: {name: test}
spec: {defaults: {namespace: default}}
`;

/** A fleet with these clusters, and nothing else. */
export function fleetOf(...names: readonly string[]): TestFiles {
  const clusters = names.map((name) => [`clusters/${name}.yaml`, clusterFile(name, '{}')] as const);
  return { 'fleet.yaml': FLEET, ...Object.fromEntries(clusters) };
}

/** A Deployment in `base/` of the app of its name. `metadata` and `container` are more lines of each, indented. */
export function deployment(name: string, replicas: number, container = '', metadata = ''): TestFiles {
  return {
    [`apps/${name}/base/deployment.yaml`]: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app: ${name}
${metadata}spec:
  replicas: ${replicas}
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: ${name}
          image: nginx:1.25
${container}`,
  };
}

/** KubeFed: an object with overrides on one of its two clusters. `args` is a line of the container, or none. */
export function federatedDeployment(args: string): string {
  return `apiVersion: types.kubefed.io/v1beta1
kind: FederatedDeployment
metadata:
  name: test-deployment
  namespace: default
spec:
  template:
    metadata:
      labels:
        app: nginx
      annotations:
        team: web
    spec:
      replicas: 3
      selector:
        matchLabels:
          app: nginx
      template:
        metadata:
          labels:
            app: nginx
        spec:
          containers:
            - image: nginx
              name: nginx
${args}  placement:
    clusters:
      - name: cluster2
      - name: cluster1
  overrides:
    - clusterName: cluster1
      clusterOverrides:
        - path: "/spec/replicas"
          value: 5
        - path: "/spec/template/spec/containers/0/image"
          value: "nginx:1.17.0-alpine"
        - path: "/metadata/annotations"
          op: "add"
          value:
            foo: bar
        - path: "/metadata/annotations/foo"
          op: "remove"
        - path: "/spec/template/spec/containers/0/args/0"
          op: "add"
          value: "-q"
`;
}

const KUBEFED: TestFiles = {
  ...fleetOf('cluster1', 'cluster2'),
  'policies/federated.yaml': federatedDeployment('              args: ["-g", "daemon off;"]\n'),
};

const PROPAGATION_NGINX = `apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata:
  name: example-policy
spec:
  resourceSelectors:
    - apiVersion: apps/v1
      kind: Deployment
      name: nginx
  placement:
    clusterAffinity:
      clusterNames:
        - member1
`;

const OVERRIDE_NGINX = `apiVersion: policy.karmada.io/v1alpha1
kind: OverridePolicy
metadata:
  name: example-override
  namespace: default
spec:
  resourceSelectors:
    - apiVersion: apps/v1
      kind: Deployment
      name: nginx
  overrideRules:
    - targetCluster:
        clusterNames:
          - member1
      overriders:
        plaintext:
          - path: "/metadata/annotations"
            operator: add
            value:
              foo: bar
`;

const NGINX: TestFiles = {
  ...fleetOf('member1', 'member2'),
  ...deployment('nginx', 2),
  'policies/propagationpolicy.yaml': PROPAGATION_NGINX,
};

/** Karmada: a Deployment and a Service divided by weights. */
export function helloPolicy(weights: Readonly<Record<string, number>>): string {
  const list = Object.entries(weights).map(
    ([cluster, weight]) => `          - targetCluster:
              clusterNames:
                - ${cluster}
            weight: ${weight}
`,
  );
  return `apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata:
  name: hello
spec:
  resourceSelectors:
    - apiVersion: apps/v1
      kind: Deployment
      name: hello
    - apiVersion: v1
      kind: Service
      name: hello
  placement:
    clusterAffinity:
      clusterNames:
        - eu
        - ap
        - us
    replicaScheduling:
      replicaDivisionPreference: Weighted
      replicaSchedulingType: Divided
      weightPreference:
        staticWeightList:
${list.join('')}`;
}

/** The fleet of {@link helloPolicy}. */
export function hello(replicas: number, weights: Readonly<Record<string, number>>): TestFiles {
  return {
    ...fleetOf('eu', 'ap', 'us'),
    ...deployment('hello', replicas),
    'apps/hello/base/service.yaml': `apiVersion: v1
kind: Service
metadata:
  name: hello
spec:
  selector:
    app: hello
  ports:
    - port: 80
`,
    'policies/hello.yaml': helloPolicy(weights),
  };
}

/** The five, by what they show. */
export const TUTORIALS = {
  'a FederatedDeployment with overrides': KUBEFED,
  'a PropagationPolicy for one cluster': NGINX,
  'an OverridePolicy': { ...NGINX, 'policies/overridepolicy.yaml': OVERRIDE_NGINX },
  'equal weights': hello(3, { eu: 1, ap: 1, us: 1 }),
  'unequal weights': hello(10, { us: 2, ap: 1, eu: 2 }),
} satisfies Readonly<Record<string, TestFiles>>;
