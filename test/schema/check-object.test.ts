import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appOf, check, clusterFile, clusterOf, fleetWith, marked, renderedOf } from '../support/fleet-files.ts';

const FILE = 'apps/web/base/object.yaml';

/** What `muster check` says of one object in an app; the mark `‸` is where. */
function says(text: string, rest = ''): readonly string[] {
  const clusters = Object.fromEntries(
    ['ap', 'eu', 'us'].map((name) => [`clusters/${name}.yaml`, clusterFile(name, '{env: prod}', rest)]),
  );
  const variables = rest.includes('variables') ? {} : { 'apps/other/base/settings.yaml': PLAIN };
  return check(fleetWith({ ...clusters, ...variables, [FILE]: text }));
}

const PLAIN = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, namespace: web}\n';

interface Case {
  readonly what: string;
  readonly text: string;
  readonly expected: string;
}

const CASES: readonly Case[] = [
  {
    what: 'a misspelt field: the nearest right name',
    text: `apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  ‸prots: [{port: 80}]
`,
    expected: 'UNKNOWN_FIELD: spec has no field "prots" in v1 Service. Did you mean "ports"?',
  },
  {
    what: 'a field of an item of a list',
    text: `apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  ports:
    - port: 80
    - port: 81
      ‸TargetPort: 8080
`,
    expected: 'UNKNOWN_FIELD: spec.ports[1] has no field "TargetPort" in v1 Service. Did you mean "targetPort"?',
  },
  {
    what: 'a field that is not indented enough',
    text: `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  selector: {}
  template:
    ‸containers: [{name: a}]
    spec: {containers: [{name: a}]}
`,
    expected:
      'UNKNOWN_FIELD: spec.template has no field "containers" in apps/v1 Deployment. It is a field of "spec.template.spec": look at the indentation.',
  },
  {
    what: 'a field that is indented too much',
    text: `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  selector: {}
  template:
    spec:
      containers: [{name: a}]
      ‸replicas: 3
`,
    expected:
      'UNKNOWN_FIELD: spec.template.spec has no field "replicas" in apps/v1 Deployment. It is a field of "spec": look at the indentation.',
  },
  {
    what: 'a field at the root that no object has',
    text: `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
‸spec: {a: b}
`,
    expected:
      'UNKNOWN_FIELD: the object has no field "spec" in v1 ConfigMap. It has: apiVersion, binaryData, data, immutable, kind, metadata.',
  },
  {
    what: 'a number where text must be',
    text: `apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, env: [{name: A, value: ‸1}]}]}
`,
    expected: 'BAD_VALUE: spec.containers[0].env[0].value is a number, and must be text in v1 Pod. Put it in quotes.',
  },
  {
    what: 'text where a number must be',
    text: `apiVersion: v1
kind: Service
metadata: {name: a}
spec: {ports: [{port: ‸"80"}]}
`,
    expected:
      'BAD_VALUE: spec.ports[0].port is text, and must be a whole number in v1 Service. Write it without quotes.',
  },
  {
    what: 'a map where a list must be',
    text: `apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  ports:
    ‸port: 80
`,
    expected: 'BAD_VALUE: spec.ports is a map, and must be a list in v1 Service. Begin each item with "- ".',
  },
  {
    what: 'a fraction where a whole number must be',
    text: `apiVersion: v1
kind: Service
metadata: {name: a}
spec: {ports: [{port: ‸80.5}]}
`,
    expected: 'BAD_VALUE: spec.ports[0].port is a fraction, and must be a whole number in v1 Service.',
  },
  {
    what: 'a value that is none of those allowed',
    text: `apiVersion: v1
kind: Service
metadata: {name: a}
spec: {type: ‸Loadbalancer}
`,
    expected:
      'BAD_VALUE: spec.type is "Loadbalancer", and must be one of ClusterIP, ExternalName, LoadBalancer, NodePort. Did you mean "LoadBalancer"?',
  },
  {
    what: 'a quantity with a unit that Kubernetes does not have',
    text: `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: a}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: ‸10GB}}}
`,
    expected:
      'BAD_VALUE: spec.resources.requests.storage is no quantity. Write a number with a unit of Kubernetes or none: 500m, 0.5, 512Mi, 2G.',
  },
  {
    what: 'a required field that is missing: the map that lacks it',
    text: `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
‸spec:
  template: {spec: {containers: [{name: a}]}}
`,
    expected: 'MISSING_FIELD: spec has no "selector", which apps/v1 Deployment requires. Set "selector".',
  },
  {
    what: 'a required field of an item that is null',
    text: `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec: {rules: [{http: {paths: [{path: /, ‸pathType: null, backend: {service: {name: a}}}]}}]}
`,
    expected:
      'MISSING_FIELD: spec.rules[0].http.paths[0] has no "pathType", which networking.k8s.io/v1 Ingress requires. Set "pathType".',
  },
  {
    what: 'a required field that is misspelt: one mistake, said once',
    text: `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  ‸container: [{name: a}]
`,
    expected: 'UNKNOWN_FIELD: spec has no field "container" in v1 Pod. Did you mean "containers"?',
  },
];

for (const { what, text: source, expected } of CASES) {
  test(what, () => {
    const { text, place } = marked(source);
    assert.deepEqual(
      says(text).filter((line) => !line.startsWith('warning: ')),
      [`${FILE}:${place}: ${expected}`],
    );
  });
}

test('what API servers take is no problem: quantities as numbers, ports by name, null, an empty status in a template', () => {
  const lines = says(`apiVersion: apps/v1
kind: StatefulSet
metadata: {name: a, creationTimestamp: null, labels: null}
spec:
  selector: {matchLabels: {a: b}}
  serviceName: ""
  template:
    metadata: {creationTimestamp: null, labels: {a: b}}
    spec:
      nodeSelector: null
      containers:
        - name: a
          resources: {requests: {cpu: 1, memory: 1e3}, limits: {cpu: 0.5, memory: 128974848}}
          livenessProbe: {httpGet: {port: http}}
          readinessProbe: {httpGet: {port: 80}}
          imagePullPolicy: ""
  volumeClaimTemplates: [{metadata: {name: a}, spec: {accessModes: [ReadWriteOnce]}, status: {}}]
`);
  assert.deepEqual(lines, []);
});

test('a value of a Secret is in no message', () => {
  const { text, place } = marked(`apiVersion: v1
kind: Secret
metadata: {name: a}
data: {password: ‸hunter2!}
`);
  const lines = says(text).filter((line) => !line.startsWith('warning: '));
  assert.deepEqual(lines, [
    `${FILE}:${place}: BAD_VALUE: data.password is no base64. Encode the value; a Secret takes it as it is under "stringData".`,
  ]);
});

test('a variable that nothing defines is one mistake: what it leaves behind is not judged', () => {
  const text = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: "${vars.port|number}"}]}\n';
  assert.deepEqual(
    says(text).map((line) => line.split(': ')[1]),
    ['UNKNOWN_VARIABLE'],
  );
});

test('an error holds the app back on the clusters that would get the object, and nothing else', () => {
  const fleet = renderedOf(
    fleetWith({
      'apps/web/overlays/eu/service.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {tipe: NodePort}\n',
    }),
  );
  assert.deepEqual(
    ['ap', 'eu', 'us'].map((cluster) => appOf(fleet, cluster, 'web').state),
    ['rendered', 'held', 'rendered'],
  );
  assert.deepEqual(
    clusterOf(fleet, 'eu').apps.map(({ name, state }) => `${name} ${state}`),
    ['other rendered', 'web held'],
  );
});

test('an object that is never sent is not judged', () => {
  assert.deepEqual(
    says(
      'apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {muster.dev/apply: ignore}}\nspec: {prots: []}\n',
    ),
    [],
  );
});

test('a hundred wrong fields are not a hundred messages', () => {
  const fields = Array.from({ length: 100 }, (_, index) => `  wrong${index}: 1\n`).join('');
  assert.equal(says(`apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n${fields}`).length, 20);
});
