/** A render with the cache of an earlier revision is the same as one without, and shares what did not change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Memo } from '../../src/memo.ts';
import type { ExpansionAnswers, ExpansionRequest } from '../../src/model/expansion.ts';
import type { RenderedFleet } from '../../src/model/render.ts';
import { createRenderCache, listExpansions, renderFleet, type RenderCache } from '../../src/reconcile.ts';
import {
  appOf,
  clusterFile,
  clusterOf,
  fleetWith,
  manifestOf,
  placementFile,
  SMALL_FLEET,
  snapshotOf,
  type TestFile,
  type TestFiles,
} from '../support/fleet-files.ts';

const own = (kind: string, name: string, spec: string): string =>
  `apiVersion: muster.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const configMap = (name: string, data: string, rest = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${rest}}\ndata: ${data}\n`;
const deployment = (image: string, rest = ''): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "${image}"}]}}
${rest}`;
const autoscaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 9}
`;
const widgetDefinition = (scope: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: ${scope}
  versions: []
`;
const patch = (spec: string, kind = 'Deployment', apiVersion = 'apps/v1'): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\nspec: ${spec}\n`;

/**
 * What each file can be; every history goes through some of it. Right and wrong, so that mistakes come and go; and what
 * one file says decides what others mean: scopes, namespaces, variables, labels.
 */
const VARIANTS: Readonly<Record<string, readonly TestFile[]>> = {
  'fleet.yaml': [
    own('Fleet', 'test', '{}'),
    own('Fleet', 'test', '{defaults: {namespace: shared, prune: false}}'),
    own('Fleet', 'test', '{kinds: [{apiVersion: example.com/v1, kind: Widget, namespaced: false}]}'),
    own('Fleet', 'test', '{defaults: {drift: nonsense}}'),
  ],
  'clusters/ap.yaml': [
    clusterFile('ap', '{region: asia, env: prod}', '  variables: {network: net-ap, size: 3}\n'),
    clusterFile('ap', '{region: asia, env: prod}', '  variables: {netwrk: net-ap}\n'),
    clusterFile('ap', '{region: europe, env: test}', '  region: asia\n  variables: {network: other, size: "3"}\n'),
    clusterFile('ap', '{}', '  variables: {network: net-ap, size: many}\n  kubernetesVersion: "1.30"\n'),
  ],
  'clusters/eu.yaml': [
    clusterFile('eu', '{region: europe, env: prod}', '  region: europe\n  variables: {network: net-eu, size: 3}\n'),
    clusterFile('eu', '{region: europe, env: prod}', '  suspend: true\n  kubernetesVersion: "1.20"\n'),
    clusterFile('eu', '{region: europe, env: prod}', '  variables: {metwork: net-eu}\n'),
  ],
  'clusters/new.yaml': [undefined, clusterFile('new', '{region: europe}'), 'no: cluster\n'],
  'apps/web/app.yaml': [
    own('App', 'web', '{namespace: web}'),
    own('App', 'web', '{namespace: web, dependsOn: [other], suspend: true}'),
    own('App', 'web', '{namespace: web, dependsOn: [nobody]}'),
    undefined,
  ],
  'apps/web/placement.yaml': [
    placementFile('web', '{clusters: {all: true}}'),
    placementFile('web', '{clusters: {matchLabels: {region: europe}}}'),
    placementFile('web', '{clusters: {all: true}, replicas: {mode: divided, total: 7}}'),
    placementFile('web', '{clusters: {names: [nowhere]}}'),
    `# a comment moves every line\n${placementFile('web', '{clusters: {all: true}}')}`,
  ],
  'apps/web/base/deployment.yaml': [
    deployment('nginx:1.27'),
    deployment('nginx:${vars.network}'),
    deployment('nginx:1.28', '---\n' + configMap('extra', '{a: "${cluster.labels.env}"}')),
    deployment('nginx:1.27', 'status: {replicas: 3}\n'),
    'kind: [unfinished\n',
    undefined,
  ],
  'apps/web/base/settings.yaml': [
    configMap('settings', '{size: "${vars.size}", name: "${cluster.name}"}'),
    configMap('settings', '{size: "$${vars.size}"}'),
    `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: "\${vars.size|number}"}]}\n`,
    configMap('settings', '{}', ', annotations: {muster.dev/wave: "-1"}'),
    { kind: 'symlink', detail: '/etc/passwd' },
    undefined,
  ],
  'apps/web/base/autoscaler.yaml': [undefined, autoscaler],
  'apps/web/base/widget.yaml': [undefined, 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {}\n'],
  'apps/web/overlays/eu/a.yaml': [
    undefined,
    patch('{template: {spec: {containers: [{name: web, image: "nginx:${cluster.name}"}]}}}'),
    patch('{replicas: 2}'),
    patch('{}', 'StatefulSet'),
    '$patch: delete\n' + patch('{}'),
  ],
  'apps/web/overlays/eu/resources/more.yaml': [
    undefined,
    configMap('more', '{network: "${vars.network}"}'),
    configMap('settings', '{}'),
    configMap('settings', '{}', ', namespace: other'),
  ],
  'apps/web/overlays/region=europe/a.yaml': [
    undefined,
    patch('{template: {spec: {containers: [{name: web, env: [{name: NET, value: "${vars.network}"}]}]}}}'),
    patch('{paused: true}'),
  ],
  'apps/web/overlays/named.yaml': [
    undefined,
    own(
      'Overlay',
      'named',
      '{clusters: {names: ["*"]}, patches: [{target: {kind: ConfigMap}, ops: [{op: add, path: /data/x, value: "${cluster.name}"}]}]}',
    ),
    own(
      'Overlay',
      'named',
      '{clusters: {names: [eu, ap]}, patches: [{target: {kind: Deployment}, merge: {spec: {paused: false}}}]}',
    ),
    own('Overlay', 'named', '{clusters: {names: [us]}, patches: []}'),
  ],
  'apps/other/base/settings.yaml': [
    configMap('settings', '{greeting: "hello from ${cluster.name}"}', ', namespace: other'),
    configMap('settings', '{greeting: "hello from ${vars.network}"}', ', namespace: other'),
    configMap('settings', '{greeting: hello}', ', namespace: web'),
    configMap('settings', '{greeting: hello}'),
  ],
  'apps/third/placement.yaml': [undefined, placementFile('third', '{clusters: {names: [us, eu]}}')],
  'apps/third/base/definition.yaml': [undefined, widgetDefinition('Namespaced'), widgetDefinition('Cluster')],
  'apps/third/base/moved.yaml': [undefined, configMap('settings', '{greeting: hello}')],
  'apps/built/base/kustomization.yaml': ['resources: [one.yaml]\n', 'resources: [one.yaml, ../../other/base]\n'],
  'apps/built/base/one.yaml': [configMap('built', '{a: "1"}', ', namespace: built'), configMap('built', '{a: "2"}')],
  'apps/chart/values.yaml': ['network: ${vars.network}\n', 'size: "1"\n', 'size: ${vars.size}\n'],
  'apps/chart/overlays/eu/values.yaml': [undefined, 'size: "2"\n'],
  'apps/theirs/base/more.yaml': [undefined, configMap('more', '{}', ', namespace: theirs')],
  'policies/place.yaml': [
    karmada('PropagationPolicy', 'theirs', '', '  placement: {clusterAffinity: {clusterNames: [eu]}}'),
    karmada('PropagationPolicy', 'other', ', name: settings', '  placement: {}'),
    undefined,
  ],
  'policies/change.yaml': [
    karmada('OverridePolicy', 'theirs', '', '  overriders: {labelsOverrider: [{operator: add, value: {a: "1"}}]}'),
    karmada(
      'OverridePolicy',
      'theirs',
      ', name: more',
      '  overriders: {labelsOverrider: [{operator: add, value: {a: "2"}}]}',
    ),
    undefined,
  ],
  'policies/namespace.yaml': [
    undefined,
    federated('FederatedNamespace', 'fed', '{clusters: [{name: eu}, {name: us}]}'),
  ],
  'policies/object.yaml': [
    federated('FederatedConfigMap', 'fed', '{clusterSelector: {}}'),
    federated('FederatedConfigMap', 'fed', '{clusters: [{name: us}]}'),
    undefined,
  ],
};

function karmada(kind: string, namespace: string, name: string, spec: string): string {
  return `apiVersion: policy.karmada.io/v1alpha1\nkind: ${kind}\nmetadata: {name: p, namespace: ${namespace}}\nspec:\n  resourceSelectors: [{apiVersion: v1, kind: ConfigMap${name}}]\n${spec}\n`;
}

function federated(kind: string, name: string, placement: string): string {
  const template = kind === 'FederatedNamespace' ? '' : '  template: {data: {a: b}}\n';
  return `apiVersion: types.kubefed.io/v1beta1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: fed}\nspec:\n${template}  placement: ${placement}\n`;
}

/** A kustomization, a chart whose values differ from cluster to cluster, and an app that policies of others place. */
const BUILT: TestFiles = {
  'apps/theirs/base/one.yaml': configMap('one', '{}', ', namespace: theirs'),
  'policies/place.yaml': karmada('PropagationPolicy', 'theirs', '', '  placement: {}'),
  'policies/object.yaml': federated('FederatedConfigMap', 'fed', '{clusterSelector: {}}'),
  'apps/built/base/kustomization.yaml': 'resources: [one.yaml]\n',
  'apps/built/base/one.yaml': configMap('built', '{a: "1"}', ', namespace: built'),
  'apps/built/placement.yaml': placementFile('built', '{clusters: {all: true}}'),
  'apps/chart/base/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
  'apps/chart/base/templates/one.yaml': 'a template\n',
  'apps/chart/values.yaml': 'network: ${vars.network}\n',
  'apps/chart/placement.yaml': placementFile('chart', '{clusters: {all: true}}'),
};

/** Stands for both programs: resources one after the other, and a chart that prints its values. */
function answer({ tool, files, chart }: ExpansionRequest): string {
  if (tool === 'helm') {
    const values = Object.fromEntries((chart?.values ?? []).map((text, index) => [`v${index}`, text]));
    return ['plain', JSON.stringify(values)]
      .map((data, index) => configMap(`chart-${index}`, data === 'plain' ? '{}' : data, ', namespace: chart'))
      .map((text) => `---\n# Source: chart/templates/one.yaml\n${text}`)
      .join('');
  }
  const resources = files.filter(({ path }) => !path.endsWith('kustomization.yaml'));
  return resources.map(({ bytes }) => new TextDecoder().decode(bytes)).join('---\n');
}

/** All answers that a revision needs, as new values each time. */
function answersFor(files: TestFiles, cache?: RenderCache): ExpansionAnswers {
  return new Map(
    listExpansions(snapshotOf(files), cache).map((request) => [
      request.key,
      { state: 'rendered', tool: request.tool, version: '1.0.0', text: answer(request) },
    ]),
  );
}

const change = fc
  .constantFrom(...Object.keys(VARIANTS))
  .chain((path) => fc.constantFrom(...(VARIANTS[path] ?? [])).map((file): TestFiles => ({ [path]: file })));
const commit = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes): TestFiles => Object.assign({}, ...changes));

/** Remembers nothing, not even between two clusters. */
const FORGETFUL: Memo = { share: (_what, _inputs, make) => make(), scope: (_name, _inputs, make) => make(FORGETFUL) };

test('under any history, a render with what earlier revisions left is, byte for byte, one that shares nothing', () => {
  let usable = 0;
  const property = fc.property(fc.array(commit, { minLength: 1, maxLength: 8 }), (history) => {
    const cache = createRenderCache();
    const first = fleetWith(BUILT);
    renderFleet(snapshotOf(first), cache, answersFor(first, cache));
    for (const index of history.keys()) {
      const files = Object.assign({}, first, ...history.slice(0, index + 1));
      const warm = renderFleet(snapshotOf(files), cache, answersFor(files, cache));
      const alone = renderFleet(snapshotOf(files), { parsed: new Map(), memo: FORGETFUL }, answersFor(files));
      assert.equal(JSON.stringify(warm), JSON.stringify(alone));
      if (warm.state === 'rendered') usable += 1;
    }
  });
  fc.assert(property, { seed: 1, numRuns: 200 });
  assert.ok(usable > 200, `only ${usable} of the revisions could be rendered, so little was shown`);
});

test('a change to the overlay of one cluster leaves every other cluster the very object that it was', () => {
  const cache = createRenderCache();
  const before = render(SMALL_FLEET, cache);
  const after = render(fleetWith({ 'apps/web/overlays/eu/a.yaml': patch('{paused: true}') }), cache);

  assert.equal(clusterOf(after, 'ap'), clusterOf(before, 'ap'));
  assert.equal(clusterOf(after, 'us'), clusterOf(before, 'us'));
  assert.notEqual(clusterOf(after, 'eu').digest, clusterOf(before, 'eu').digest);
  assert.equal(appOf(after, 'eu', 'other'), appOf(before, 'eu', 'other'));
  assert.equal(manifestOf(after, 'eu', 'Service web/web'), manifestOf(before, 'eu', 'Service web/web'));
});

test('a change to one base file leaves the other objects of the app the very objects that they were', () => {
  const cache = createRenderCache();
  const before = render(SMALL_FLEET, cache);
  const after = render(fleetWith({ 'apps/web/base/deployment.yaml': deployment('nginx:1.28') }), cache);

  for (const cluster of ['ap', 'eu', 'us']) {
    assert.notEqual(clusterOf(after, cluster).digest, clusterOf(before, cluster).digest);
    assert.equal(manifestOf(after, cluster, 'Service web/web'), manifestOf(before, cluster, 'Service web/web'));
    assert.equal(appOf(after, cluster, 'other'), appOf(before, cluster, 'other'));
  }
});

test('clusters share an app where nothing sets them apart, and single objects where something does', () => {
  const files = fleetWith({ 'apps/web/overlays/eu/a.yaml': patch('{paused: true}') });
  const fleet = render(files, createRenderCache());

  assert.equal(appOf(fleet, 'ap', 'web'), appOf(fleet, 'us', 'web'));
  assert.notEqual(appOf(fleet, 'ap', 'web'), appOf(fleet, 'eu', 'web'));
  assert.equal(manifestOf(fleet, 'ap', 'Service web/web'), manifestOf(fleet, 'eu', 'Service web/web'));
});

test('a variable sets clusters apart by its value, not by being theirs', () => {
  const files = fleetWith({
    'clusters/us.yaml': clusterFile('us', '{}', '  variables: {network: net-eu}\n'),
    'apps/other/base/settings.yaml': configMap('settings', '{network: "${vars.network}"}', ', namespace: other'),
  });
  const fleet = render(files, createRenderCache());

  assert.equal(appOf(fleet, 'us', 'other'), appOf(fleet, 'eu', 'other'));
  assert.notEqual(appOf(fleet, 'ap', 'other'), appOf(fleet, 'eu', 'other'));
});

test('a file under another name says where its objects come from now', () => {
  const cache = createRenderCache();
  render(SMALL_FLEET, cache);
  const service = SMALL_FLEET['apps/web/base/service.yaml'];
  const moved = { 'apps/web/base/service.yaml': undefined, 'apps/web/base/moved.yaml': service };
  const { origin } = manifestOf(render(fleetWith(moved), cache), 'eu', 'Service web/web');

  assert.equal(origin.file, 'apps/web/base/moved.yaml');
});

test('a change elsewhere leaves an app that a program renders or a policy places the very object that it was', () => {
  const cache = createRenderCache();
  const before = render(fleetWith(BUILT), cache);
  const elsewhere = fleetWith({ ...BUILT, 'apps/web/base/deployment.yaml': deployment('nginx:1.28') });
  const after = render(elsewhere, cache);

  for (const cluster of ['ap', 'eu', 'us']) {
    for (const app of ['built', 'chart', 'theirs', 'fed']) {
      assert.equal(appOf(before, cluster, app).state, 'rendered');
      assert.equal(appOf(after, cluster, app), appOf(before, cluster, app));
    }
    assert.notEqual(appOf(after, cluster, 'web'), appOf(before, cluster, 'web'));
  }
  const changed = render(
    { ...elsewhere, 'apps/built/base/one.yaml': configMap('built', '{}', ', namespace: b') },
    cache,
  );
  assert.notEqual(appOf(changed, 'eu', 'built'), appOf(before, 'eu', 'built'));
  assert.equal(appOf(changed, 'eu', 'chart'), appOf(before, 'eu', 'chart'));
});

test('what a chart prints as before for some clusters stays the very object there', () => {
  const cache = createRenderCache();
  const values = (size: string): TestFiles => fleetWith({ ...BUILT, 'apps/chart/overlays/eu/values.yaml': size });
  const before = render(values('size: "1"\n'), cache);
  const after = render(values('size: "2"\n'), cache);

  for (const object of ['ConfigMap chart/chart-0', 'ConfigMap chart/chart-1']) {
    assert.equal(manifestOf(after, 'us', object), manifestOf(before, 'us', object));
  }
  assert.equal(manifestOf(after, 'eu', 'ConfigMap chart/chart-0'), manifestOf(before, 'eu', 'ConfigMap chart/chart-0'));
  assert.notEqual(
    manifestOf(after, 'eu', 'ConfigMap chart/chart-1'),
    manifestOf(before, 'eu', 'ConfigMap chart/chart-1'),
  );
});

test('of the revisions before the last one nothing is kept', () => {
  const cache = createRenderCache();
  for (let turn = 0; turn < 5; turn += 1) {
    render(fleetWith({ 'apps/web/base/deployment.yaml': deployment(`nginx:1.${turn}`) }), cache);
  }

  assert.equal(cache.parsed.size, Object.keys(SMALL_FLEET).length);
});

function render(files: TestFiles, cache: RenderCache): RenderedFleet {
  const result = renderFleet(snapshotOf(files), cache, answersFor(files, cache));
  assert.equal(result.state, 'rendered');
  return result.fleet;
}
