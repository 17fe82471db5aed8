import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../../src/model/fleet.ts';
import {
  check,
  configOf,
  fleetWith,
  marked,
  placementFile,
  renderedOf,
  type TestFiles,
} from '../support/fleet-files.ts';

/** `apps/web/app.yaml` with this `spec` in flow style, on line 4. */
function app(spec: string): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: ${spec}\n`;
}

function web(files: TestFiles): App {
  const found = configOf(files).apps.find(({ name }) => name === 'web');
  assert.ok(found);
  return found;
}

function settings(files: TestFiles): object {
  const { namespace, drift, prune, onUnplace, suspend, timeoutMs, unprotect, dependsOn } = web(files);
  return { namespace, drift, prune, onUnplace, suspend, timeoutMs, unprotect, dependsOn };
}

test('an app needs no app.yaml: everything has a default', () => {
  assert.deepEqual(settings(fleetWith({ 'apps/web/app.yaml': undefined })), {
    namespace: undefined,
    drift: 'heal',
    prune: true,
    onUnplace: 'orphan',
    suspend: false,
    timeoutMs: 300_000,
    unprotect: [],
    dependsOn: [],
  });
  assert.deepEqual(
    settings(fleetWith({ 'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\n' })),
    settings(fleetWith({ 'apps/web/app.yaml': undefined })),
  );
});

test('every setting of an app is read', () => {
  const spec =
    '{namespace: shop, drift: report, prune: false, onUnplace: prune, suspend: true, timeout: 90s, unprotect: [Namespace], dependsOn: [other]}';
  assert.deepEqual(settings(fleetWith({ 'apps/web/app.yaml': app(spec) })), {
    namespace: 'shop',
    drift: 'report',
    prune: false,
    onUnplace: 'prune',
    suspend: true,
    timeoutMs: 90_000,
    unprotect: ['Namespace'],
    dependsOn: [{ app: 'other', origin: { file: 'apps/web/app.yaml', line: 4, column: spec.indexOf('other') + 7 } }],
  });
});

test('a time has a unit', () => {
  for (const [timeout, timeoutMs] of [
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
  ] as const) {
    assert.equal(web(fleetWith({ 'apps/web/app.yaml': app(`{timeout: ${timeout}}`) })).timeoutMs, timeoutMs);
  }
});

const UNKNOWN_IGNORE = 'UNKNOWN_FIELD: App has no field "spec.ignore.0.kinds". Did you mean "kind"?';

/** `‸` marks where the message points. */
const WRONG: readonly (readonly [spec: string, expected: string])[] = [
  ['{‸namspace: web}', 'UNKNOWN_FIELD: App has no field "spec.namspace". Did you mean "namespace"?'],
  [
    '{namespace: ‸Web}',
    'BAD_VALUE: "spec.namespace" must be lower-case letters, digits and "-", with a letter or digit at both ends.',
  ],
  ['{drift: ‸repot}', 'BAD_VALUE: "spec.drift" must be "heal" or "report". Did you mean "report"?'],
  ['{prune: ‸"false"}', 'BAD_VALUE: "spec.prune" must be true or false.'],
  ['{onUnplace: ‸keep}', 'BAD_VALUE: "spec.onUnplace" must be "orphan" or "prune".'],
  ['{timeout: ‸300}', 'BAD_VALUE: "spec.timeout" must be text. Put it in quotes.'],
  ['{timeout: ‸5min}', 'BAD_VALUE: "spec.timeout" must be a number with a unit, such as 30s, 5m or 1h.'],
  ['{unprotect: ‸Namespace}', 'BAD_VALUE: "spec.unprotect" must be a list.'],
  ['{dependsOn: ‸other}', 'BAD_VALUE: "spec.dependsOn" must be a list.'],
  ['{dependsOn: [‸othr]}', 'UNKNOWN_NAME: app "web" depends on "othr", which does not exist. Did you mean "other"?'],
  [
    '{dependsOn: [other, ‸database]}',
    'UNKNOWN_NAME: app "web" depends on "database", which does not exist. The apps are: other, web.',
  ],
  ['{dependsOn: [‸web]}', 'BAD_VALUE: apps wait for one another: web → web. Take one name out of a dependsOn.'],
  ['{adopt: ‸helm}', 'BAD_VALUE: "spec.adopt" must be a list.'],
  [
    '{adopt: [helm, ‸muster]}',
    'BAD_VALUE: "muster" is Muster itself. Name the field managers of the tool that had the objects before.',
  ],
  ['{ignore: [{‸kinds: ConfigMap, kind: ConfigMap, fields: [/data]}]}', UNKNOWN_IGNORE],
  [
    '{ignore: [‸{kind: ConfigMap}]}',
    'BAD_VALUE: a rule of spec.ignore says neither which fields nor whose. Write "fields", "managers" or both.',
  ],
  [
    '{ignore: [{kind: ConfigMap, fields: [/data, ‸.data.colour]}]}',
    'BAD_VALUE: ".data.colour" is no JSON pointer. Write "/data/colour".',
  ],
  [
    '{ignore: [{kind: ConfigMap, fields: [‸data/colour]}]}',
    'BAD_VALUE: "data/colour" is no JSON pointer. Write "/data/colour".',
  ],
  [
    '{ignore: [{kind: ConfigMap, fields: [‸""]}]}',
    'BAD_VALUE: "" is the whole object. Use the annotation muster.dev/apply: ignore.',
  ],
  [
    '{ignore: [{kind: ConfigMap, fields: [‸/metadata/name]}]}',
    'BAD_VALUE: "/metadata/name" says which object it is, and cannot be ignored. Name the fields below it, or remove it.',
  ],
  [
    '{ignore: [{kind: ConfigMap, name: ‸"a{b,c}", fields: [/data]}]}',
    'BAD_GLOB: the pattern "a{b,c}" holds braces; list the names one by one.',
  ],
  ['{‸health: []}', 'NOT_SUPPORTED: spec.health is not supported by this version of Muster. Remove it.'],
];

/** Manifests that need no namespace from the app. */
const NAMESPACED: TestFiles = {
  'apps/web/base/service.yaml': undefined,
  'apps/web/base/deployment.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: web}\n',
};

test('a wrong setting holds the app, and is named with its line and column', () => {
  for (const [spec, expected] of WRONG) {
    const { text, place } = marked(app(spec));
    const files = fleetWith({ 'apps/web/app.yaml': text, ...NAMESPACED });
    assert.deepEqual(check(files), [`apps/web/app.yaml:${place}: ${expected}`], spec);
    const states = renderedOf(files).clusters.flatMap(({ apps }) => apps.map(({ name, state }) => `${name} ${state}`));
    assert.deepEqual([...new Set(states)], ['other rendered', 'web held'], spec);
  }
});

test('apps that wait for one another are each told the whole circle', () => {
  const dependent = (name: string, other: string): TestFiles => ({
    [`apps/${name}/app.yaml`]: `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: ${name}}\nspec: {dependsOn: [${other}]}\n`,
    [`apps/${name}/placement.yaml`]: placementFile(name, '{clusters: {all: true}}'),
    [`apps/${name}/base/m.yaml`]: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: x}\n`,
  });
  const files = fleetWith({
    ...dependent('a', 'b'),
    ...dependent('b', 'c'),
    ...dependent('c', 'a'),
    ...dependent('d', 'a'),
  });
  assert.deepEqual(check(files), [
    'apps/a/app.yaml:4:20: BAD_VALUE: apps wait for one another: a → b → c → a. Take one name out of a dependsOn.',
    'apps/b/app.yaml:4:20: BAD_VALUE: apps wait for one another: b → c → a → b. Take one name out of a dependsOn.',
    'apps/c/app.yaml:4:20: BAD_VALUE: apps wait for one another: c → a → b → c. Take one name out of a dependsOn.',
  ]);
});

test('many apps that each depend on all before them are no circle, and no work either', () => {
  const names = Array.from({ length: 60 }, (_, index) => `app-${String(index).padStart(2, '0')}`);
  const apps = names.flatMap((name, index): readonly (readonly [string, string])[] => [
    [
      `apps/${name}/app.yaml`,
      `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: ${name}}\nspec: {dependsOn: [${names.slice(0, index).join(', ')}]}\n`,
    ],
    [`apps/${name}/placement.yaml`, placementFile(name, '{clusters: {all: true}}')],
    [`apps/${name}/base/m.yaml`, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: x}\n`],
  ]);
  assert.deepEqual(check(fleetWith(Object.fromEntries(apps))), []);
});

test('the folder names the app', () => {
  const files = fleetWith({
    'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: shop}\nspec: {namespace: web}\n',
  });
  assert.deepEqual(check(files), [
    'apps/web/app.yaml:3:18: BAD_NAME: the app is called "shop", and its folder "web". The folder names the app. Make them equal.',
  ]);
});

test('a folder’s name makes names of objects and labels, so it is short and plain', () => {
  const good = ['a', 'shop-2', 'x'.repeat(50)];
  const bad = ['Shop', 'shop_1', '-shop', 'shop-', 'shop.web', 'x'.repeat(51), 'größe'];
  for (const name of [...good, ...bad]) {
    const lines = check(
      fleetWith({
        [`apps/${name}/placement.yaml`]: placementFile('p', '{clusters: {all: true}}'),
        [`apps/${name}/base/m.yaml`]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: x}\n',
      }),
    );
    const expected = `apps/${name}/base/m.yaml:1:1: BAD_NAME: "${name}" is no name of an app. Name the folder with at most 50 lower-case letters, digits and "-".`;
    assert.deepEqual(lines, good.includes(name) ? [] : [expected]);
  }
});

test('one App and one name for each placement: the second is an error that names the first', () => {
  const files = fleetWith({
    'apps/web/b.yaml': `${app('{}')}---\n${placementFile('web', '{clusters: {names: [eu]}}')}`,
  });
  assert.deepEqual(
    check(files).filter((line) => line.includes('DUPLICATE')),
    [
      'apps/web/b.yaml:2:7: DUPLICATE_NAME: there is a second App; the first stands in apps/web/app.yaml:1. Remove one of them.',
      'apps/web/placement.yaml:1:1: DUPLICATE_NAME: there is another placement "web" in apps/web/b.yaml:6. Give each a name of its own.',
    ],
  );
});

test('App and placements may stand in one file of any name', () => {
  const files = fleetWith({
    'apps/web/app.yaml': undefined,
    'apps/web/placement.yaml': undefined,
    'apps/web/all.yml': `${app('{namespace: web}')}---\n${placementFile('web', '{clusters: {names: [eu]}}')}`,
  });
  assert.deepEqual(check(files), []);
  assert.equal(web(files).placements[0]?.name, 'web');
});

const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: more}\n';
const MISPLACED: readonly (readonly [path: string, content: string, expected: string])[] = [
  [
    'apps/web/deployment.yaml',
    DEPLOYMENT,
    '2:7: MISPLACED_FILE: Deployment of "apps/v1" has no meaning in apps/web/. apps/web/ takes App and Placement of muster.dev/v1alpha1; manifests belong to base/.',
  ],
  [
    'apps/web/manifests/deployment.yaml',
    DEPLOYMENT,
    '1:1: MISPLACED_FILE: nothing reads the folder "manifests" of an app. Manifests belong to base/, changes for some clusters to overlays/.',
  ],
  [
    'apps/web/overlay/eu/deployment.yaml',
    DEPLOYMENT,
    '1:1: MISPLACED_FILE: nothing reads the folder "overlay" of an app. Manifests belong to base/, changes for some clusters to overlays/.',
  ],
  [
    'apps/web/base/placement.yaml',
    placementFile('p', '{clusters: {all: true}}'),
    '2:7: MISPLACED_FILE: kind Placement has no meaning in a folder of manifests. It belongs to apps/NAME/.',
  ],
  [
    'apps/web/base/typo.yaml',
    'apiVersion: muster.dev/v1alpha1\nkind: Placment\nmetadata: {name: x}\n',
    '2:7: UNKNOWN_KIND: Muster has no kind "Placment". Did you mean "Placement"?',
  ],
  [
    'apps/web/overlays/deployment.yaml',
    DEPLOYMENT,
    '2:7: MISPLACED_FILE: Deployment of "apps/v1" has no meaning in apps/web/overlays/. apps/web/overlays/ takes Overlay of muster.dev/v1alpha1.',
  ],
  [
    'apps/web/cluster.yaml',
    'apiVersion: muster.dev/v1alpha1\nkind: Cluster\nmetadata: {name: x}\n',
    '2:7: MISPLACED_FILE: kind Cluster has no meaning in apps/web/. It belongs to clusters/.',
  ],
  [
    'apps/web/overlay.yaml',
    'apiVersion: muster.dev/v1alpha1\nkind: Overlay\nmetadata: {name: x}\n',
    '2:7: MISPLACED_FILE: kind Overlay has no meaning in apps/web/. It belongs to apps/NAME/overlays/.',
  ],
  [
    'apps/web/text.yaml',
    'just text\n',
    '1:1: NOT_A_MANIFEST: the document is no map. apps/web/ takes App and Placement of muster.dev/v1alpha1; manifests belong to base/.',
  ],
  [
    'apps/web/nothing.yaml',
    'metadata: {name: x}\n',
    '1:1: MISPLACED_FILE: a document without kind has no meaning in apps/web/. apps/web/ takes App and Placement of muster.dev/v1alpha1; manifests belong to base/.',
  ],
];

test('what lies where nothing reads it is an error, never silence', () => {
  for (const [path, content, expected] of MISPLACED)
    assert.deepEqual(check(fleetWith({ [path]: content })), [`${path}:${expected}`]);
});

test('an app without manifests is warned of, whether its files are absent or hold only comments', () => {
  const empty = { 'apps/web/base/deployment.yaml': undefined, 'apps/web/base/service.yaml': undefined };
  const expected = [
    'warning: apps/web/app.yaml:1:1: EMPTY_APP: app "web" has no manifests. Put them into apps/web/base/.',
  ];
  assert.deepEqual(check(fleetWith(empty)), expected);
  assert.deepEqual(
    check(fleetWith({ ...empty, 'apps/web/base/a.yaml': '# later\n', 'apps/web/base/b.yaml': '---\n---\n' })),
    expected,
  );
});

test('an app whose only file is broken is not called empty', () => {
  const files = fleetWith({ 'apps/web/base/deployment.yaml': undefined, 'apps/web/base/service.yaml': 'kind: {\n' });
  const lines = check(files);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^apps\/web\/base\/service\.yaml:1:7: YAML_SYNTAX/);
});

test('objects that exist on some clusters only are manifests too', () => {
  const files = fleetWith({
    'apps/web/base/deployment.yaml': undefined,
    'apps/web/base/service.yaml': undefined,
    'apps/web/overlays/eu/resources/job.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: only-eu}\n',
  });
  assert.deepEqual(check(files), []);
});
