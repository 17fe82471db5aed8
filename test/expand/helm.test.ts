/** Charts, rendered by the real Helm. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { at, mapAt, textAt } from '../../src/object/json.ts';
import {
  appOf,
  bodyOf,
  clusterFile,
  clusterOf,
  fleetWith,
  manifestOf,
  type TestFiles,
} from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { checkWith, helm, PINNED_FLEET, renderedWith } from './support.ts';

const BASE = 'apps/web/base';

/** `web` becomes a chart; `files` are those of the chart. */
function chartWith(files: TestFiles, more: TestFiles = {}): TestFiles {
  return fleetWith({
    'fleet.yaml': PINNED_FLEET,
    [`${BASE}/deployment.yaml`]: undefined,
    [`${BASE}/service.yaml`]: undefined,
    [`${BASE}/Chart.yaml`]: 'apiVersion: v2\nname: website\nversion: 1.0.0\n',
    ...Object.fromEntries(Object.entries(files).map(([name, file]) => [`${BASE}/${name}`, file])),
    ...more,
  });
}

const SETTINGS = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  {{- range $key, $value := .Values.data }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
`;

function dataOn(fleet: Parameters<typeof bodyOf>[0], cluster: string): JsonValue | undefined {
  return at(bodyOf(fleet, cluster, 'ConfigMap web/web'), 'data');
}

test('values come from the chart, then the app, then overlays by label, then by name', async () => {
  const fleet = await renderedWith(
    chartWith(
      { 'values.yaml': 'data: {a: chart, b: chart, c: chart, d: chart}\n', 'templates/settings.yaml': SETTINGS },
      {
        'apps/web/values.yaml': 'data: {b: app, c: app, d: app}\n',
        'apps/web/overlays/env=prod/values.yaml': 'data: {c: prod, d: prod}\n',
        'apps/web/overlays/eu/values.yaml': 'data: {d: eu}\n',
        'apps/web/overlays/eu/values-more.yaml': 'data: {a: null}\n',
      },
    ),
  );
  assert.deepEqual(fleet.diagnostics, []);
  assert.deepEqual(dataOn(fleet, 'us'), { a: 'chart', b: 'app', c: 'app', d: 'app' });
  assert.deepEqual(dataOn(fleet, 'ap'), { a: 'chart', b: 'app', c: 'prod', d: 'prod' });
  assert.deepEqual(dataOn(fleet, 'eu'), { b: 'app', c: 'prod', d: 'eu' });
});

test('a file of kind Overlay gives values by a full selector, among the overlays in their order', async () => {
  const overlay = 'apiVersion: muster.dev/v1alpha1\nkind: Overlay\nmetadata: {name: europe}\n';
  const files = chartWith(
    { 'values.yaml': 'data: {a: chart, b: chart, c: chart}\n', 'templates/settings.yaml': SETTINGS },
    {
      'apps/web/overlays/europe.yaml': `${overlay}spec: {clusters: {names: ["e*"]}, values: {data: {a: "\${cluster.name}", b: glob}}}\n`,
      'apps/web/overlays/eu/values.yaml': 'data: {b: folder}\n',
    },
  );
  const fleet = await renderedWith(files);
  assert.deepEqual(fleet.diagnostics, []);
  assert.deepEqual(dataOn(fleet, 'eu'), { a: 'eu', b: 'folder', c: 'chart' });
  assert.deepEqual(dataOn(fleet, 'us'), { a: 'chart', b: 'chart', c: 'chart' });
  const plain = { 'apps/web/overlays/europe.yaml': `${overlay}spec: {clusters: {names: [eu]}, values: {a: 1}}\n` };
  assert.deepEqual(await checkWith(fleetWith(plain)), [
    'apps/web/overlays/europe.yaml:4:41: BAD_VALUE: values are for charts, and the base of this app is none. Write patches.',
  ]);
});

test('variables are replaced in values before Helm runs, and nowhere after it', async () => {
  const fleet = await renderedWith(
    chartWith(
      {
        'values.yaml': 'data: {upper: "${cluster.region}", literal: "$${cluster.name}"}\n',
        'templates/settings.yaml': `${SETTINGS.replace('| quote', '| toString | upper | quote')}  script: 'echo \${cluster.name}'\n`,
      },
      { 'apps/web/values.yaml': 'data: {network: "${vars.network}"}\n' },
    ),
  );
  assert.deepEqual(fleet.diagnostics, []);
  assert.deepEqual(dataOn(fleet, 'us'), {
    upper: 'AMERICA',
    literal: '${CLUSTER.NAME}',
    network: 'NET-US',
    script: 'echo ${cluster.name}',
  });
});

test('a variable keeps its type where it says so, and one that is missing is an error in the file of values', async () => {
  const files = chartWith(
    { 'templates/settings.yaml': SETTINGS.replace('| quote', '| kindOf | quote') },
    {
      'apps/web/values.yaml': 'data:\n  number: ${vars.count|number}\n  text: ${vars.count}\n',
      'clusters/eu.yaml': clusterFile('eu', '{env: prod}', '  variables: {count: 3}\n'),
      'apps/web/placement.yaml':
        'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: web}\nspec: {clusters: {names: [eu, us]}}\n',
    },
  );
  const fleet = await renderedWith(files);
  assert.deepEqual(dataOn(fleet, 'eu'), { number: 'float64', text: 'string' });
  assert.equal(appOf(fleet, 'us', 'web').state, 'held', 'the cluster without the variable');
  assert.deepEqual(await checkWith(files), [
    'apps/web/values.yaml:2:11: UNKNOWN_VARIABLE: on us: variable "vars.count" is unknown: this cluster sets no variable "count". Set it in the file of the cluster.',
    'apps/web/values.yaml:3:9: UNKNOWN_VARIABLE: on us: variable "vars.count" is unknown: this cluster sets no variable "count". Set it in the file of the cluster.',
  ]);
});

test('an object comes from its template, also from the template of a chart in charts/', async () => {
  const fleet = await renderedWith(
    chartWith({
      'templates/settings.yaml': SETTINGS,
      'charts/cache/Chart.yaml': 'apiVersion: v2\nname: cache\nversion: 1.0.0\n',
      'charts/cache/templates/cache.yaml': `{{/* nothing */}}\n---\n${SETTINGS.replace('{{ .Release.Name }}', 'cache')}`,
    }),
  );
  assert.equal(manifestOf(fleet, 'eu', 'ConfigMap web/web').origin.file, `${BASE}/templates/settings.yaml`);
  assert.equal(manifestOf(fleet, 'eu', 'ConfigMap web/cache').origin.file, `${BASE}/charts/cache/templates/cache.yaml`);
});

test('definitions in crds/ are applied, and say what their kinds are', async () => {
  const fleet = await renderedWith(
    chartWith({
      'crds/widgets.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`,
      'templates/widget.yaml': 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\n',
      'templates/NOTES.txt': 'Thank you for installing {{ .Chart.Name }}.\n',
    }),
  );
  assert.deepEqual(fleet.diagnostics, []);
  const widgets = manifestOf(fleet, 'eu', 'CustomResourceDefinition widgets.example.com');
  assert.equal(widgets.origin.file, `${BASE}/crds/widgets.yaml`);
  assert.equal(manifestOf(fleet, 'eu', 'Widget web/one').id.namespace, 'web');
});

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: {{ .Values.tier }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
`;
const DIVIDED = `apiVersion: muster.dev/v1alpha1
kind: Placement
metadata: {name: web}
spec: {clusters: {all: true}, replicas: {mode: divided}}
`;

test('replicas are divided among all clusters, though the chart renders each of them differently', async () => {
  const fleet = await renderedWith(
    chartWith(
      { 'values.yaml': 'replicas: 7\ntier: "${cluster.name}"\n', 'templates/web.yaml': DEPLOYMENT },
      { 'apps/web/placement.yaml': DIVIDED },
    ),
  );
  assert.deepEqual(fleet.diagnostics, []);
  const counts = ['ap', 'eu', 'us'].map((cluster) =>
    at(bodyOf(fleet, cluster, 'Deployment web/web'), 'spec', 'replicas'),
  );
  assert.equal(
    counts.reduce((sum: number, count) => sum + Number(count), 0),
    7,
  );
  assert.equal(textAt(bodyOf(fleet, 'us', 'Deployment web/web'), 'metadata', 'labels', 'tier'), 'us');
});

test('a count that differs from cluster to cluster cannot be divided', async () => {
  const files = chartWith(
    { 'values.yaml': 'replicas: 7\ntier: front\n', 'templates/web.yaml': DEPLOYMENT },
    { 'apps/web/placement.yaml': DIVIDED, 'apps/web/overlays/eu/values.yaml': 'replicas: 9\n' },
  );
  assert.deepEqual(await checkWith(files), [
    'apps/web/placement.yaml:4:31: REPLICAS_IMPOSSIBLE: the replicas of Deployment "web" cannot be divided: its count is not the same on all clusters. Give spec.replicas.total in the placement, or take the count out of the values of some clusters.',
  ]);
});

test('an object that a chart has on some clusters only is on these alone, and patches of overlays fit what Helm prints', async () => {
  const fleet = await renderedWith(
    chartWith(
      {
        'values.yaml': 'data: {}\nextra: false\n',
        'templates/settings.yaml': SETTINGS,
        'templates/extra.yaml':
          '{{ if .Values.extra }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n{{ end }}\n',
      },
      {
        'apps/web/overlays/eu/values.yaml': 'extra: true\n',
        'apps/web/overlays/eu/settings.yaml':
          'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {patched: "${cluster.name}"}\n',
      },
    ),
  );
  const names = (cluster: string): readonly string[] => appOf(fleet, cluster, 'web').manifests.map(({ id }) => id.name);
  assert.deepEqual(names('eu'), ['extra', 'web']);
  assert.deepEqual(names('us'), ['web']);
  assert.deepEqual(dataOn(fleet, 'eu'), { patched: 'eu' });
});

test('the version of Kubernetes is that of the cluster', async () => {
  const files = chartWith(
    {
      'templates/settings.yaml': SETTINGS.replace(
        / {2}\{\{- range[\s\S]*/,
        '  kube: {{ .Capabilities.KubeVersion.Version }}\n',
      ),
    },
    {
      'clusters/eu.yaml': clusterFile('eu', '{}', '  kubernetesVersion: "1.33"\n'),
      'clusters/us.yaml': clusterFile('us', '{}', '  kubernetesVersion: v1.34.2\n'),
    },
  );
  const fleet = await renderedWith(files);
  assert.deepEqual(
    ['eu', 'us', 'ap'].map((cluster) => at(dataOn(fleet, cluster), 'kube')),
    ['v1.33.0', 'v1.34.2', 'v1.36.0'],
  );
  assert.deepEqual(await checkWith(files), [
    `warning: ${BASE}/templates/settings.yaml:1:1: MISSING_FIELD: on ap: the chart asks for the version of Kubernetes, which the cluster does not say; 1.36 is assumed. Set spec.kubernetesVersion in the file of the cluster.`,
  ]);
});

test('the namespace of the release is that of the app', async () => {
  const files = {
    'templates/settings.yaml': SETTINGS.replace(
      '  name: {{ .Release.Name }}',
      '  name: web\n  namespace: {{ .Release.Namespace }}',
    ),
  };
  assert.deepEqual((await renderedWith(chartWith(files))).diagnostics, []);
  assert.deepEqual(await checkWith(chartWith(files, { 'apps/web/app.yaml': undefined })), [
    `${BASE}/templates/settings.yaml:1:1: NO_NAMESPACE: the chart asks for the namespace of its release, and app "web" has none. Set spec.namespace in apps/web/app.yaml.`,
  ]);
});

describe('the same objects as helm template', () => {
  test('of a chart as "helm create" makes it, without its test', async () => {
    await using folder = await temporaryFolder();
    execFileSync(helm.file, ['create', join(folder.path, 'website')], { env: { HOME: folder.path } });
    const names = [
      'Chart.yaml',
      'values.yaml',
      '.helmignore',
      ...[
        '_helpers.tpl',
        'deployment.yaml',
        'hpa.yaml',
        'ingress.yaml',
        'service.yaml',
        'serviceaccount.yaml',
        'NOTES.txt',
        'tests/test-connection.yaml',
      ].map((name) => `templates/${name}`),
    ];
    const files = Object.fromEntries(
      names.map((name) => [name, readFileSync(join(folder.path, 'website', name), 'utf8')]),
    );
    await compare(files, {
      autoscaling: { enabled: true },
      ingress: { enabled: true },
      podLabels: { on: 'yes', number: '1e3' },
    });
  });

  test('of a chart with a packed chart in it', async () => {
    await using folder = await temporaryFolder();
    const sub = join(folder.path, 'cache');
    mkdirSync(join(sub, 'templates'), { recursive: true });
    writeFileSync(join(sub, 'Chart.yaml'), 'apiVersion: v2\nname: cache\nversion: 2.0.0\n');
    writeFileSync(join(sub, 'values.yaml'), 'size: 1\n');
    writeFileSync(
      join(sub, 'templates/cache.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cache}\ndata: {size: "{{ .Values.size }}"}\n',
    );
    execFileSync(helm.file, ['package', sub, '--destination', folder.path], {
      env: { HOME: folder.path },
      stdio: 'ignore',
    });
    await compare(
      {
        'Chart.yaml':
          'apiVersion: v2\nname: website\nversion: 1.0.0\ndependencies: [{name: cache, version: 2.x.x, repository: "https://charts.example.com", condition: cache.enabled}]\n',
        'charts/cache-2.0.0.tgz': readFileSync(join(folder.path, 'cache-2.0.0.tgz')),
        'templates/settings.yaml': SETTINGS,
      },
      { data: { a: 'one\n---\n# Source: x/y\n' }, cache: { enabled: true, size: 5 } },
    );
  });
});

/** Renders a chart as an app, and by Helm itself, and compares object by object. */
async function compare(files: Readonly<Record<string, string | Uint8Array>>, values: object): Promise<void> {
  await using folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, 'chart', path)), { recursive: true });
    writeFileSync(join(folder.path, 'chart', path), text);
  }
  const valuesFile = join(folder.path, 'values.json');
  writeFileSync(valuesFile, JSON.stringify(values));
  const parameters = [
    'template',
    'web',
    join(folder.path, 'chart'),
    '--namespace=web',
    '--kube-version=1.36.0',
    '--values',
    valuesFile,
    '--skip-tests',
  ];
  const printed = execFileSync(helm.file, parameters, { encoding: 'utf8', env: { HOME: folder.path } });
  const expected = parseAllDocuments(printed, { version: '1.1' }).map((document): JsonObject => document.toJS());
  const fleet = await renderedWith(chartWith(files, { 'apps/web/values.yaml': JSON.stringify(values) }));
  assert.deepEqual(
    fleet.diagnostics.filter((each) => each.severity === 'error'),
    [],
  );
  const bodies = clusterOf(fleet, 'eu')
    .apps.filter((app) => app.name === 'web')
    .flatMap((app) => app.manifests.map((manifest) => manifest.body));
  const comparable = (body: JsonObject): string => {
    const { namespace: _namespace, ...metadata } = mapAt(body, 'metadata');
    return JSON.stringify({ ...body, metadata });
  };
  assert.deepEqual(bodies.map(comparable).sort(), expected.map(comparable).sort());
  assert.ok(expected.length > 1);
}

test('a fleet with charts alone needs no kustomize', async () => {
  const fleet = await renderedWith(chartWith({ 'templates/settings.yaml': SETTINGS }), { path: helm.directory });
  assert.deepEqual(fleet.diagnostics, []);
});
