/**
 * Every case of `shared/cases/federation.json` that is about files, through the whole of reading and rendering. What depends
 * on what runs at the moment cannot be in a file: these cases give it to the function that divides.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { at, listAt, mapAt, numberAt, parseJson, textAt } from '../../src/object/json.ts';
import { divideByRounding } from '../../src/placement/divide-by-rounding.ts';
import { fnv1a } from '../../src/placement/divide.ts';
import { printYaml } from '../../src/yaml/print.ts';
import { bodyOf, check, clusterFile, placementFile, renderedOf, type TestFiles } from '../support/fleet-files.ts';
import { sharedFolder } from '../support/shared.ts';
import { convert, digests } from './convert.ts';
import { deployment, federatedDeployment, fleetOf } from './tutorials.ts';

const AREAS =
  /^(replicas\/(static|kubefed)|placement|placement\/(ocm|taint)|override\/(image|args|labels|field|order|plaintext|kubefed)|policy-choice)$/;

const cases = sharedFolder('cases');
const skip = cases === undefined && 'shared/cases is not on this machine';
const table =
  cases === undefined
    ? []
    : listAt(parseJson(readFileSync(join(cases, 'federation.json'), 'utf8')), 'cases').filter((each) =>
        AREAS.test(textAt(each, 'area') ?? ''),
      );

/** Of cases that are data. */
const KINDS: Readonly<Record<string, (data: JsonObject) => void>> = {
  webster: (data) => {
    const [weights, init] = [numbers(data['weights']), numbers(data['init'])];
    const files = Object.keys(init).length === 0 ? weighted(weights, data) : grown(weights, init, data);
    assert.deepEqual(replicas(files, 'Deployment default/' + WEBSTER), numbers(data['expect']));
  },
  kubefed: (data) => {
    const [expected] = listAt(data, 'expect');
    const observed = Object.keys(mapAt(data, 'current')).length + Object.keys(mapAt(data, 'capacity')).length > 0;
    const found = observed ? plannedWith(data) : replicas(preferred(data), 'Deployment default/' + ROUNDING);
    const clusters = clusterNames(data).map((name) => name.toLowerCase());
    for (const name of clusters) assert.equal(found[name], numbers(expected)[name], name);
  },
  image: (data) => {
    const files = overridden(
      { containers: [{ name: 'app', image: data['image'] ?? null }] },
      { imageOverrider: [pick(data, ['component', 'operator', 'value'])] },
    );
    assert.equal(imageOf(files), data['expect']);
  },
  list: (data) => {
    const container = { name: 'app', image: 'nginx', args: data['list'] ?? null };
    const change = { containerName: 'app', ...pick(data, ['operator', 'value']) };
    const files = overridden({ containers: [container] }, { argsOverrider: [change] });
    assert.deepEqual(at(listAt(target(files), 'spec', 'template', 'spec', 'containers')[0], 'args'), data['expect']);
  },
  map: (data) => {
    const files = overridden(
      { containers: [{ name: 'app', image: 'nginx' }] },
      { labelsOverrider: [pick(data, ['operator', 'value'])] },
      { labels: data['map'] ?? {} },
    );
    assert.deepEqual(at(target(files), 'metadata', 'labels'), data['expect']);
  },
};

const NGINX = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nginx' };
const CONTAINERS = { containers: [{ name: 'app', image: 'nginx:1.25' }] };

/** The cluster of the cases about selection, and another one so that "no match" is not "nowhere at all". */
const P_CLUSTERS = {
  ...fleetOf(),
  'clusters/cluster1.yaml': clusterFile(
    'cluster1',
    '{foo: bar}',
    '  provider: provider1\n  region: region1\n  zones: [zone1, zone2, zone3]\n',
  ),
  'clusters/cluster2.yaml': clusterFile('cluster2', '{}', '  provider: provider2\n  region: region2\n'),
  ...deployment('nginx', 1),
};

/** Of cases that are told. */
const RUNNERS: Readonly<Record<string, () => void>> = {
  R35: () => {
    const gold = (name: string): TestFiles => ({ [`clusters/${name}.yaml`]: clusterFile(name, '{group: gold}') });
    const weights = [
      { targetCluster: { labelSelector: { matchLabels: { group: 'gold' } } }, weight: 2 },
      { targetCluster: { clusterNames: ['m1'] }, weight: 5 },
    ];
    const files = { ...fleetOf(), ...gold('m1'), ...gold('m2'), ...deployment('nginx', 7), ...divided({}, weights) };
    assert.deepEqual(replicas(files, 'Deployment default/nginx'), { m1: 5, m2: 2 });
  },
  R37: () => {
    const weights = [{ targetCluster: { clusterNames: ['m3'] }, weight: 4 }];
    const affinity = { clusterNames: ['m1', 'm2'] };
    const files = { ...fleetOf('m1', 'm2', 'm3'), ...deployment('nginx', 4), ...divided(affinity, weights) };
    assert.deepEqual(replicas(files, 'Deployment default/nginx'), { m1: 2, m2: 2 });
  },
  // Containers for initialisation and CronJobs are changed here, and a warning says so (design 3).
  O11: () => {
    const pod = {
      initContainers: [{ name: 'init', image: 'busybox:1' }],
      containers: [
        { name: 'a', image: 'nginx:1' },
        { name: 'b', image: 'redis:1' },
      ],
    };
    const job = { schedule: '@daily', jobTemplate: { spec: { template: { spec: pod } } } };
    const files = {
      ...overridden(pod, { imageOverrider: [{ component: 'Registry', operator: 'replace', value: 'local' }] }),
      'apps/nginx/base/job.yaml': printYaml({
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'nginx', namespace: 'default' },
        spec: job,
      }),
      'policies/place.yaml': propagation({ resourceSelectors: [NGINX, { apiVersion: 'batch/v1', kind: 'CronJob' }] }),
      'policies/override.yaml': override('all', [
        { overriders: { imageOverrider: [{ component: 'Registry', operator: 'replace', value: 'local' }] } },
      ]),
    };
    const fleet = renderSame(files);
    const changed = ['local/busybox:1', 'local/nginx:1', 'local/redis:1'];
    assert.deepEqual(
      imagesOf(at(bodyOf(fleet, 'm1', 'Deployment default/nginx'), 'spec', 'template', 'spec')),
      changed,
    );
    const template = at(
      bodyOf(fleet, 'm1', 'CronJob default/nginx'),
      'spec',
      'jobTemplate',
      'spec',
      'template',
      'spec',
    );
    assert.deepEqual(imagesOf(template), changed);
    assert.equal(codes(files).filter((code) => code === 'warning DIFFERENT_HERE').length, 2);
  },
  // The text around the value stays as it is, so no line end comes to the end (design 3).
  O19: () => {
    const overrider = {
      fieldPath: '/data/test.yaml',
      yaml: [{ subPath: '/key/key1', operator: 'replace', value: 'updated_value' }],
    };
    const data = { 'test.yaml': 'key:\n  key1: value' };
    assert.deepEqual(at(bodyOf(renderSame(configMap(data, overrider)), 'm1', 'ConfigMap default/nginx'), 'data'), {
      'test.yaml': 'key:\n  key1: updated_value',
    });
  },
  O21: () => {
    const data = { 'test.yaml': 'key: value', number: 'text' };
    for (const fieldPath of ['/data', '/metadata/generation', '/data/absent']) {
      const overrider = { fieldPath, yaml: [{ subPath: '/key', operator: 'replace', value: 'x' }] };
      const files = configMap(data, overrider, { clusterNames: ['m1'] });
      const fleet = renderedOf(files);
      assert.deepEqual(codes(files), ['error PATCH_FAILED'], fieldPath);
      assert.deepEqual(
        fleet.clusters.map(({ apps }) => apps.map(({ state }) => state)),
        [['held'], ['rendered']],
        fieldPath,
      );
    }
  },
  O22: () => {
    const mark = (value: string): object => ({
      plaintext: [{ path: '/metadata/annotations/order', operator: 'replace', value }],
    });
    const append = (value: string): object => ({
      imageOverrider: [{ component: 'Repository', operator: 'add', value: `-${value}` }],
      ...mark(value),
    });
    const files = {
      ...overridden(CONTAINERS, {}, { annotations: { order: '' } }),
      'policies/override.yaml': override(
        'p1',
        [
          { targetCluster: { clusterNames: ['m1', 'm2'] }, overriders: append('o1') },
          { targetCluster: { clusterNames: ['m2'] }, overriders: append('o2') },
        ],
        [NGINX],
      ),
      'policies/a.yaml': override('p2', [{ overriders: append('o3') }]),
    };
    const fleet = renderSame(files);
    const result = (cluster: string): readonly JsonValue[] => {
      const body = bodyOf(fleet, cluster, 'Deployment default/nginx');
      return [...imagesOf(at(body, 'spec', 'template', 'spec')), at(body, 'metadata', 'annotations', 'order') ?? null];
    };
    assert.deepEqual(result('m1'), ['nginx-o3-o1:1.25', 'o1']);
    assert.deepEqual(result('m2'), ['nginx-o3-o1-o2:1.25', 'o2']);
  },
  O24: () => {
    const path = '/spec/template/spec/containers/0/image';
    const files = overridden(CONTAINERS, {
      plaintext: [{ path, operator: 'replace', value: 'plain:1' }],
      imageOverrider: [{ component: 'Tag', operator: 'replace', value: '2' }],
    });
    assert.equal(imageOf(files), 'plain:1');
  },
  O26: () => {
    const plaintext = [
      { path: '/spec/replicas', operator: 'replace', value: 5 },
      { path: '/spec/template/spec/containers/0/image', operator: 'replace', value: 'nginx:1.17' },
      { path: '/metadata/annotations', operator: 'add', value: { foo: 'bar' } },
      { path: '/metadata/annotations/foo', operator: 'remove' },
      { path: '/spec/template/spec/containers/0/args/0', operator: 'add', value: '-q' },
    ];
    const containers = [{ name: 'app', image: 'nginx', args: ['x'] }];
    const body = target(overridden({ containers }, { plaintext }, { annotations: { team: 'web' } }));
    assert.deepEqual(at(body, 'spec', 'replicas'), 5);
    assert.deepEqual(at(body, 'metadata', 'annotations'), {});
    const changed = [{ name: 'app', image: 'nginx:1.17', args: ['-q', 'x'] }];
    assert.deepEqual(at(body, 'spec', 'template', 'spec', 'containers'), changed);
  },
  O28: () => {
    const plaintext = [{ path: '/metadata/annotations/foo', operator: 'remove' }];
    const files = overridden(CONTAINERS, { plaintext }, { annotations: { other: 'x' } });
    assert.deepEqual(codes(files), ['error PATCH_FAILED']);
  },
  O29: () => {
    const files = {
      ...fleetOf('cluster1', 'cluster2'),
      'policies/f.yaml': federatedDeployment('              args: [x]\n'),
    };
    const body = bodyOf(renderSame(files), 'cluster1', 'Deployment default/test-deployment');
    assert.equal(at(body, 'spec', 'replicas'), 5);
  },
  O31: () => {
    for (const path of ['/metadata/name', '/metadata/namespace', '/metadata/generateName', '/kind', '/apiVersion']) {
      const text = federatedDeployment('              args: [x]\n').replace('"/spec/replicas"', `"${path}"`);
      assert.deepEqual(codes({ ...fleetOf('cluster1', 'cluster2'), 'policies/f.yaml': text }), [
        'error IDENTITY_CHANGED',
      ]);
    }
  },
  P01: () => assert.deepEqual(selected({}), ['cluster1', 'cluster2']),
  P03: () => assert.deepEqual(selected({ clusterNames: ['cluster2'] }), ['cluster2']),
  P05: () => {
    const matchExpressions = [
      { key: 'provider', operator: 'In', values: ['provider1'] },
      { key: 'region', operator: 'In', values: ['region1'] },
    ];
    assert.deepEqual(selected({ fieldSelector: { matchExpressions } }), ['cluster1']);
  },
  P07: () => {
    const matchExpressions = [{ key: 'zone', operator: 'NotIn', values: ['zone1'] }];
    assert.deepEqual(selected({ fieldSelector: { matchExpressions } }), ['cluster2']);
  },
  // Nothing is placed, and the reason is said: a key that is no field of a cluster can only be a slip.
  P09: () => {
    const matchExpressions = [{ key: 'foo', operator: 'In', values: ['bar'] }];
    const files = { ...P_CLUSTERS, ...affinity({ fieldSelector: { matchExpressions } }) };
    assert.deepEqual(codes(files), ['error BAD_VALUE']);
  },
  P27: () => assert.deepEqual(federated('clusters: [{name: c1}], clusterSelector: {}'), ['c1']),
  P29: () => assert.deepEqual(federated('clusters: [], clusterSelector: {}'), []),
  P31: () => assert.deepEqual(federated('clusterSelector: {matchLabels: {foo: bar}}'), ['c2']),
  P33: () =>
    assert.deepEqual(
      native(
        '{matchExpressions: [{key: location, operator: In, values: [europe]}, {key: env, operator: In, values: [prod]}]}',
      ),
      ['c1'],
    ),
  P35: () => {
    const version = (value: string): string =>
      `{matchExpressions: [{key: version, operator: Gt, values: ["${value}"]}]}`;
    assert.deepEqual(native(version('14')), ['c1']);
    assert.deepEqual(native(version('15')), []);
  },
  // What runs there already is not known to a render: it leaves as onUnplace says, which is "orphan", so it stays.
  P23: () => {
    const files = tainted('', { c1: '{key: a, effect: NoSchedule}', c2: '{key: a, effect: PreferNoSchedule}' });
    assert.deepEqual(placedOn(files), ['c2']);
    assert.deepEqual(codes(files), ['warning DIFFERENT_HERE']);
  },
  P37: () => refusesOcm('{numberOfClusters: 3}'),
  P39: () => {
    const taints = {
      c1: '{key: key1, value: value1, effect: NoSchedule}',
      c2: '{key: key2, effect: NoSchedule}',
      c3: '',
    };
    const files = tainted('clusterTolerations: [{key: key1, operator: Equal, value: value1}]', taints);
    assert.deepEqual(placedOn(files), ['c1', 'c3']);
  },
  P41: () => refusesOcm('{decisionStrategy: {groupStrategy: {}}}'),
  P43: () => {
    const files = tainted('clusterTolerations: [{operator: Equal, value: x}]', { c1: '' });
    assert.match(check(files).join('\n'), /toleration: if the key is empty, the operator must be Exists/);
    assert.deepEqual(codes(files), ['error BAD_VALUE']);
  },
  S01: () => {
    const labels = { apiVersion: 'apps/v1', kind: 'Deployment', labelSelector: { matchLabels: { app: 'nginx' } } };
    const all = { apiVersion: 'apps/v1', kind: 'Deployment' };
    assert.equal(chosen({ a: { on: [all] }, b: { on: [labels] }, c: { on: [NGINX] } }), 'c');
    assert.equal(chosen({ a: { on: [all] }, b: { on: [labels] } }), 'b');
  },
  S03: () => assert.equal(chosen({ p1: { on: [NGINX], priority: 1 }, p2: { on: [BY_LABEL], priority: 2 } }), 'p2'),
  S05: () => assert.equal(chosen({ a: { on: [BY_LABEL] }, b: { on: [NGINX], priority: -1 } }), 'a'),
  S07: () => assert.equal(chosen({ abc: { on: [NGINX] }, ab: { on: [NGINX] } }), 'ab'),
  // Which policy came first is not in a repository: the higher priority applies, and a warning says where that differs.
  S09: () => {
    const old = { on: [NGINX], priority: 1 };
    const files = (preemption: object): TestFiles =>
      choice({ old, young: { on: [NGINX], priority: 2, ...preemption } });
    assert.deepEqual(codes(files({})), ['warning DIFFERENT_HERE']);
    assert.deepEqual(codes(files({ preemption: 'Always' })), []);
    assert.equal(chosen({ old, young: { on: [NGINX], priority: 2 } }), 'young');
  },
  S11: () => {
    const files = { ...fleetOf('m1'), ...deployment('nginx', 1) };
    assert.deepEqual(codes(files), ['error NO_PLACEMENT']);
  },
};

/** What stands in the file, where it is there: the title of the test. */
const titles = new Map(
  table.map((each) => [textAt(each, 'id') ?? '', `${textAt(each, 'setup') ?? ''}: ${textAt(each, 'expect') ?? ''}`]),
);

for (const [id, run] of Object.entries(RUNNERS)) test(`${id}: ${titles.get(id) ?? ''}`, run);

for (const each of table) {
  const id = textAt(each, 'id') ?? '';
  if (Object.hasOwn(RUNNERS, id)) continue;
  test(`${id}: ${titles.get(id) ?? ''}`, () => {
    const data = mapAt(each, 'data');
    const run = KINDS[textAt(data, 'kind') ?? ''];
    assert.ok(run !== undefined, `nothing here runs case ${id}`);
    run(data);
  });
}

test('the cases of all areas are there, and each that is told has its test', { skip }, () => {
  assert.equal(new Set(table.map((each) => textAt(each, 'area'))).size, 13);
  for (const id of Object.keys(RUNNERS)) assert.ok(titles.has(id), `there is no case ${id}`);
});

const BY_LABEL = { apiVersion: 'apps/v1', kind: 'Deployment', labelSelector: { matchLabels: { app: 'nginx' } } };

/** Renders, and asserts that the converted fleet renders to the same. */
function renderSame(files: TestFiles): ReturnType<typeof renderedOf> {
  assert.deepEqual(digests(convert(files)), digests(files));
  return renderedOf(files);
}

function codes(files: TestFiles): readonly string[] {
  return check(files).map((line) => {
    const [, severity, code] = /^(warning: )?[^ ]+ ([A-Z_]+):/.exec(line) ?? [];
    return `${severity === undefined ? 'error' : 'warning'} ${code ?? line}`;
  });
}

function replicas(files: TestFiles, object: string): Readonly<Record<string, number | undefined>> {
  const fleet = renderSame(files);
  const there = fleet.clusters.filter(({ apps }) => apps.some(({ manifests }) => manifests.length > 0));
  return Object.fromEntries(
    there.map(({ cluster: { name } }) => [name, numberAt(bodyOf(fleet, name, object), 'spec', 'replicas')]),
  );
}

/** With lower-case names, as clusters have. */
function numbers(value: JsonValue | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(mapAt({ value: value ?? {} }, 'value')).map(([key, item]) => [key.toLowerCase(), Number(item)]),
  );
}

function document(apiVersion: string, kind: string, name: string, spec: unknown): string {
  // oxlint-disable-next-line no-unsafe-type-assertion -- plain values, written in this file
  return printYaml({ apiVersion, kind, metadata: { name, namespace: 'default' }, spec: spec as JsonValue });
}

function propagation(spec: object, name = 'nginx'): string {
  return document('policy.karmada.io/v1alpha1', 'PropagationPolicy', name, { resourceSelectors: [NGINX], ...spec });
}

function override(name: string, overrideRules: readonly object[], resourceSelectors?: readonly object[]): string {
  const selectors = resourceSelectors === undefined ? {} : { resourceSelectors };
  return document('policy.karmada.io/v1alpha1', 'OverridePolicy', name, { ...selectors, overrideRules });
}

/** Ties go by a hash of the object: in these cases in the order of the clusters' names. */
const WEBSTER = firstName((name) => fnv1a(`apps/Deployment/default/${name}`) % 2 === 0);

/** In KubeFed they go by a hash of cluster and object: in these cases against the order of the names. */
const ROUNDING = firstName((name) => {
  const hashes = ['a', 'b', 'c', 'd'].map((cluster) => fnv1(`${cluster}default/${name}`));
  return hashes.every((hash, index) => index === 0 || hash < (hashes[index - 1] ?? 0));
});

function firstName(fits: (name: string) => boolean): string {
  for (let number = 1; number < 1_000; number += 1) if (fits(`web-${number}`)) return `web-${number}`;
  return assert.fail('no name has this hash');
}

/** From its definition, to choose a name by it. */
function fnv1(text: string): number {
  return [...new TextEncoder().encode(text)].reduce(
    (hash, byte) => (Math.imul(hash, 0x01000193) ^ byte) >>> 0,
    0x811c9dc5,
  );
}

function weighted(weights: Readonly<Record<string, number>>, data: JsonObject): TestFiles {
  const list = Object.entries(weights).map(([name, weight]) => ({ targetCluster: { clusterNames: [name] }, weight }));
  const selector = { ...NGINX, name: WEBSTER };
  return {
    ...fleetOf(...Object.keys(weights)),
    ...deployment(WEBSTER, Number(data['replicas'])),
    ...divided({}, list, selector),
  };
}

function divided(clusterAffinity: object, staticWeightList: readonly object[], selector: object = NGINX): TestFiles {
  const replicaScheduling = {
    replicaSchedulingType: 'Divided',
    replicaDivisionPreference: 'Weighted',
    weightPreference: { staticWeightList },
  };
  const spec = { resourceSelectors: [selector], placement: { clusterAffinity, replicaScheduling } };
  return { 'policies/place.yaml': propagation(spec) };
}

/** Seats that are held already are minima: only our own Placement can say them. */
function grown(
  weights: Readonly<Record<string, number>>,
  init: Readonly<Record<string, number>>,
  data: JsonObject,
): TestFiles {
  const names = [...new Set([...Object.keys(weights), ...Object.keys(init)])];
  const total = Number(data['replicas']) + Object.values(init).reduce((sum, each) => sum + each, 0);
  const weightList = Object.entries(weights).map(
    ([name, weight]) => `{clusters: {names: [${name}]}, weight: ${weight}}`,
  );
  const bounds = Object.entries(init).map(([name, min]) => `{clusters: {names: [${name}]}, min: ${min}}`);
  const rule = `{mode: divided, total: ${total}, weights: [${weightList.join(', ')}], bounds: [${bounds.join(', ')}]}`;
  return {
    ...fleetOf(...names),
    ...deployment(WEBSTER, 1),
    [`apps/${WEBSTER}/placement.yaml`]: placementFile('web', `{clusters: {all: true}, replicas: ${rule}}`),
  };
}

function preferred(data: JsonObject): TestFiles {
  const names = clusterNames(data).map((name) => name.toLowerCase());
  const prefs = Object.entries(mapAt(data, 'prefs')).map(([name, value]) => [name.toLowerCase(), value] as const);
  const known = [...new Set([...names, ...prefs.map(([name]) => name)])].filter((name) => name !== '*');
  const clusters = prefs.map(([name, value]) => {
    const { min, max, weight } = { min: at(value, 'min'), max: at(value, 'max'), weight: at(value, 'weight') };
    const bounds = {
      ...(min === undefined ? {} : { minReplicas: min }),
      ...(max === undefined ? {} : { maxReplicas: max }),
    };
    return [name, { ...bounds, ...(weight === undefined ? {} : { weight }) }] as const;
  });
  const template = {
    spec: {
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: CONTAINERS },
    },
  };
  return {
    ...fleetOf(...known),
    'policies/object.yaml': document('types.kubefed.io/v1beta1', 'FederatedDeployment', ROUNDING, {
      template,
      placement: { clusters: names.map((name) => ({ name })) },
    }),
    'policies/preference.yaml': document('scheduling.kubefed.io/v1alpha1', 'ReplicaSchedulingPreference', ROUNDING, {
      targetKind: 'FederatedDeployment',
      totalReplicas: data['total'],
      rebalance: data['rebalance'],
      intersectWithClusterSelector: true,
      clusters: Object.fromEntries(clusters),
    }),
  };
}

function clusterNames(data: JsonObject): readonly string[] {
  return listAt(data, 'clusters').filter((name) => typeof name === 'string');
}

/** What runs and what fits is known at run time only. The key of these cases is empty, and the names are theirs. */
function plannedWith(data: JsonObject): Readonly<Record<string, number>> {
  const prefs = mapAt(data, 'prefs');
  const shares = clusterNames(data).map((cluster) => {
    const own = prefs[cluster] ?? prefs['*'];
    const [weight, min] = [numberAt(own, 'weight') ?? 0, numberAt(own, 'min') ?? 0];
    return { cluster, weight, min, max: own === undefined ? 0 : (numberAt(own, 'max') ?? Infinity) };
  });
  const observed = (field: string): ReadonlyMap<string, number> =>
    new Map(Object.entries(mapAt(data, field)).map(([name, count]) => [name, Number(count)]));
  const observation = { running: observed('current'), capacity: observed('capacity') };
  const { replicas: found } = divideByRounding(Number(data['total']), shares, '', observation);
  return Object.fromEntries([...found].map(([name, count]) => [name.toLowerCase(), count]));
}

/** A Deployment `nginx` on m1 and m2, and an OverridePolicy for it. */
function overridden(pod: JsonObject, overriders: object, metadata: JsonObject = {}): TestFiles {
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'nginx', namespace: 'default', ...metadata },
    spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: pod } },
  };
  const withCount = { ...body, spec: { replicas: 1, ...body.spec } };
  return {
    ...fleetOf('m1', 'm2'),
    'apps/nginx/base/deployment.yaml': printYaml(withCount),
    'policies/place.yaml': propagation({}),
    'policies/override.yaml': override('nginx', [{ overriders }], [NGINX]),
  };
}

function configMap(data: JsonObject, fieldOverrider: object, targetCluster: object = {}): TestFiles {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nginx' };
  const metadata = { name: 'nginx', namespace: 'default' };
  return {
    ...fleetOf('m1', 'm2'),
    'apps/nginx/base/config.yaml': printYaml({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }),
    'policies/place.yaml': propagation({ resourceSelectors: [object] }),
    'policies/override.yaml': override(
      'x',
      [{ targetCluster, overriders: { fieldOverrider: [fieldOverrider] } }],
      [object],
    ),
  };
}

function target(files: TestFiles): JsonObject {
  return bodyOf(renderSame(files), 'm1', 'Deployment default/nginx');
}

function imageOf(files: TestFiles): string | undefined {
  return imagesOf(at(target(files), 'spec', 'template', 'spec'))[0];
}

function imagesOf(pod: JsonValue | undefined): readonly string[] {
  return ['initContainers', 'containers'].flatMap((list) =>
    listAt(pod, list).map((each) => textAt(each, 'image') ?? ''),
  );
}

function pick(data: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(data).filter(([key]) => keys.includes(key)));
}

function affinity(clusterAffinity: object): TestFiles {
  return { 'policies/place.yaml': propagation({ placement: { clusterAffinity } }) };
}

function selected(clusterAffinity: object): readonly string[] {
  return placedOn({ ...P_CLUSTERS, ...affinity(clusterAffinity) });
}

function placedOn(files: TestFiles): readonly string[] {
  const there = renderSame(files).clusters.filter(({ apps }) => apps.some(({ manifests }) => manifests.length > 0));
  return there.map(({ cluster }) => cluster.name);
}

function federated(placement: string): readonly string[] {
  const text = federatedDeployment('').split('  placement:')[0] ?? '';
  return placedOn({
    ...fleetOf('c1'),
    // An object that is nowhere has no native form, and a fleet needs an app.
    'apps/other/placement.yaml': placementFile('other', '{clusters: {all: true}}'),
    'clusters/c2.yaml': clusterFile('c2', '{foo: bar}'),
    'policies/object.yaml': `${text}  placement: {${placement}}\n`,
  });
}

/** Federation v1 said it in an annotation; the selector itself is one of ours. */
function native(selector: string): readonly string[] {
  return placedOnNative({
    ...fleetOf('c2'),
    'clusters/c1.yaml': clusterFile('c1', '{location: europe, env: prod, version: "15"}'),
    ...deployment('nginx', 1),
    'apps/nginx/placement.yaml': placementFile('nginx', `{clusters: ${selector}}`),
  });
}

function placedOnNative(files: TestFiles): readonly string[] {
  const there = renderedOf(files).clusters.filter(({ apps }) => apps.some(({ manifests }) => manifests.length > 0));
  return there.map(({ cluster }) => cluster.name);
}

function tainted(placement: string, taints: Readonly<Record<string, string>>): TestFiles {
  const clusters = Object.entries(taints).map(
    ([name, taint]) => [`clusters/${name}.yaml`, clusterFile(name, '{}', `  taints: [${taint}]\n`)] as const,
  );
  const policy = propagation({}).trimEnd();
  return {
    ...fleetOf(),
    ...Object.fromEntries(clusters),
    ...deployment('nginx', 1),
    'policies/place.yaml': `${policy}\n  placement: {${placement}}\n`,
  };
}

/** Kinds of Open Cluster Management are refused by name, with the place: they are not among those that are read. */
function refusesOcm(spec: string): void {
  const file = `apiVersion: cluster.open-cluster-management.io/v1beta1\nkind: Placement\nmetadata: {name: p}\nspec: ${spec}\n`;
  assert.match(
    check({ ...fleetOf('c1'), ...deployment('nginx', 1), 'policies/ocm.yaml': file }).join('\n'),
    /^policies\/ocm\.yaml:2:7: NOT_SUPPORTED: Placement of "cluster\.open-cluster-management\.io\/v1beta1" is not supported/m,
  );
}

interface Choice {
  readonly on: readonly object[];
  readonly priority?: number;
}

/** Each policy puts the Deployment on the cluster of its own name. */
function choice(policies: Readonly<Record<string, Choice>>): TestFiles {
  const files = Object.entries(policies).map(([name, { on, ...rest }]) => {
    const placement = { clusterAffinity: { clusterNames: [name] } };
    return [`policies/${name}.yaml`, propagation({ resourceSelectors: on, placement, ...rest }, name)] as const;
  });
  return { ...fleetOf(...Object.keys(policies)), ...deployment('nginx', 1), ...Object.fromEntries(files) };
}

function chosen(policies: Readonly<Record<string, Choice>>): string {
  return placedOn(choice(policies)).join();
}
