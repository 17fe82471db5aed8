import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashJson } from '../../src/object/json.ts';
import {
  check,
  clusterFile,
  configOf,
  fleetWith,
  marked,
  placementFile,
  renderedOf,
  renderFiles,
  SMALL_FLEET,
  type TestFiles,
} from '../support/fleet-files.ts';

/** What keeps a revision from being used. */
function unusable(files: TestFiles): readonly string[] {
  assert.equal(renderFiles(files).state, 'unusable');
  return check(files);
}

/** A fleet file; `spec` in flow style stands in line 4. */
function fleetFile(spec: string): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: ${spec}\n`;
}

function withSpec(spec: string): TestFiles {
  return fleetWith({ 'fleet.yaml': fleetFile(spec) });
}

test('a fleet file says the settings, and everything has a default', () => {
  assert.deepEqual(configOf(SMALL_FLEET).fleet, {
    name: 'test',
    defaults: { drift: 'heal', prune: true, onUnplace: 'orphan' },
    suspend: false,
    guards: {
      maxDelete: 5,
      maxDeletePercent: 30,
      maxLeaveClusters: 1,
      protect: ['CustomResourceDefinition', 'Namespace', 'PersistentVolumeClaim'],
    },
    approvals: [],
    kinds: [],
    origin: { file: 'fleet.yaml', line: 1, column: 1, document: 0, pointer: '' },
  });
});

test('every setting is read', () => {
  const { fleet } = configOf(
    withSpec(`
  defaults: {namespace: shared, drift: report, prune: false, onUnplace: prune}
  suspend: true
  guards: {maxDelete: 0, maxDeletePercent: 100, maxLeaveClusters: 3, protect: [Secret]}
  approvals: ["sha256:0123456789abcdef0123456789abcdef"]
  kinds: [{apiVersion: example.com/v1, kind: Widget, namespaced: true}]`),
  );
  assert.deepEqual(fleet.defaults, { namespace: 'shared', drift: 'report', prune: false, onUnplace: 'prune' });
  assert.equal(fleet.suspend, true);
  assert.deepEqual(fleet.guards, { maxDelete: 0, maxDeletePercent: 100, maxLeaveClusters: 3, protect: ['Secret'] });
  assert.deepEqual(fleet.approvals, ['sha256:0123456789abcdef0123456789abcdef']);
  assert.deepEqual(fleet.kinds, [{ group: 'example.com', kind: 'Widget', namespaced: true }]);
});

test('defaults of the fleet hold for apps that do not say otherwise', () => {
  const { apps } = configOf(
    fleetWith({
      ...withSpec('{defaults: {drift: report, prune: false, onUnplace: prune}}'),
      'apps/web/app.yaml':
        'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web, prune: true}\n',
    }),
  );
  assert.deepEqual(
    apps.map(({ name, drift, prune, onUnplace }) => ({ name, drift, prune, onUnplace })),
    [
      { name: 'other', drift: 'report', prune: false, onUnplace: 'prune' },
      { name: 'web', drift: 'report', prune: true, onUnplace: 'prune' },
    ],
  );
});

/** `‸` marks where the message points. */
const WRONG_SPECS: readonly (readonly [spec: string, expected: string])[] = [
  ['{‸suspnd: true}', 'UNKNOWN_FIELD: Fleet has no field "spec.suspnd". Did you mean "suspend"?'],
  [
    '{‸interval: 5m}',
    'UNKNOWN_FIELD: Fleet has no field "spec.interval". Known are: defaults, suspend, guards, approvals, kinds, tools, rollout, dns.',
  ],
  ['{suspend: ‸"yes"}', 'BAD_VALUE: "spec.suspend" must be true or false.'],
  ['{defaults: {drift: ‸heel}}', 'BAD_VALUE: "spec.defaults.drift" must be "heal" or "report". Did you mean "heal"?'],
  ['{defaults: {onUnplace: ‸delete}}', 'BAD_VALUE: "spec.defaults.onUnplace" must be "orphan" or "prune".'],
  [
    '{defaults: {‸namespce: x}}',
    'UNKNOWN_FIELD: Fleet has no field "spec.defaults.namespce". Did you mean "namespace"?',
  ],
  [
    '{defaults: {namespace: ‸Shared}}',
    'BAD_VALUE: "spec.defaults.namespace" must be lower-case letters, digits and "-", with a letter or digit at both ends.',
  ],
  ['{guards: {maxDelete: ‸-1}}', 'BAD_VALUE: "spec.guards.maxDelete" must be at least 0.'],
  ['{guards: {maxDelete: ‸1.5}}', 'BAD_VALUE: "spec.guards.maxDelete" must be a whole number.'],
  ['{guards: {maxDelete: ‸"5"}}', 'BAD_VALUE: "spec.guards.maxDelete" must be a number.'],
  ['{guards: {maxDeletePercent: ‸101}}', 'BAD_VALUE: "spec.guards.maxDeletePercent" must be at most 100.'],
  ['{guards: {protect: ‸Secret}}', 'BAD_VALUE: "spec.guards.protect" must be a list.'],
  ['{guards: {protect: [‸""]}}', 'BAD_VALUE: "spec.guards.protect.0" must not be empty.'],
  [
    '{approvals: [‸yes-please]}',
    'BAD_VALUE: "spec.approvals.0" must be a digest such as "sha256:…", as the status prints it.',
  ],
  [
    '{kinds: [‸{kind: Widget, namespaced: true}]}',
    'MISSING_FIELD: Fleet needs "spec.kinds.0.apiVersion", which must be text.',
  ],
  [
    '{kinds: [‸{apiVersion: a/v1, kind: Widget}]}',
    'MISSING_FIELD: Fleet needs "spec.kinds.0.namespaced", which must be true or false.',
  ],
  ['‸[]', 'BAD_VALUE: "spec" must be a map.'],
  ['{‸rollout: {waves: []}}', 'NOT_SUPPORTED: spec.rollout is not supported by this version of Muster. Remove it.'],
  ['{‸dns: {domain: example.com}}', 'NOT_SUPPORTED: spec.dns is not supported by this version of Muster. Remove it.'],
];

test('a wrong setting makes the revision unusable, and is named with its line and column', () => {
  for (const [spec, expected] of WRONG_SPECS) {
    const { text, place } = marked(fleetFile(spec));
    assert.deepEqual(unusable(fleetWith({ 'fleet.yaml': text })), [`fleet.yaml:${place}: ${expected}`], spec);
  }
});

test('all that is wrong in a document is said at once', () => {
  assert.deepEqual(unusable(withSpec('{suspnd: true, guards: {maxDelete: many}}')), [
    'fleet.yaml:4:8: UNKNOWN_FIELD: Fleet has no field "spec.suspnd". Did you mean "suspend"?',
    'fleet.yaml:4:42: BAD_VALUE: "spec.guards.maxDelete" must be a number.',
  ]);
});

const WRONG_FILES: readonly (readonly [content: string, expected: readonly string[]])[] = [
  [
    'apiVersion: muster.dev/v1\nkind: Fleet\nmetadata: {name: test}\n',
    ['fleet.yaml:1:13: UNKNOWN_KIND: Fleet has no version "muster.dev/v1". Write apiVersion: muster.dev/v1alpha1.'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Flet\nmetadata: {name: test}\n',
    ['fleet.yaml:2:7: UNKNOWN_KIND: Muster has no kind "Flet". Did you mean "Fleet"?'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Rollout\nmetadata: {name: test}\n',
    [
      'fleet.yaml:2:7: UNKNOWN_KIND: Muster has no kind "Rollout". Its kinds are Fleet, Cluster, App, Placement, Overlay.',
    ],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Cluster\nmetadata: {name: test}\n',
    ['fleet.yaml:2:7: MISPLACED_FILE: kind Cluster has no meaning in fleet.yaml. It belongs to clusters/.'],
  ],
  [
    'kind: Fleet\nmetadata: {name: test}\n',
    [
      'fleet.yaml:1:7: MISPLACED_FILE: Fleet of "" has no meaning in fleet.yaml. fleet.yaml takes Fleet of muster.dev/v1alpha1.',
    ],
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: test}\n',
    [
      'fleet.yaml:2:7: MISPLACED_FILE: ConfigMap of "v1" has no meaning in fleet.yaml. fleet.yaml takes Fleet of muster.dev/v1alpha1.',
    ],
  ],
  [
    '- a\n- b\n',
    ['fleet.yaml:1:1: NOT_A_MANIFEST: the document is no map. fleet.yaml takes Fleet of muster.dev/v1alpha1.'],
  ],
  [
    '',
    [
      'fleet.yaml:1:1: NO_FLEET_FILE: the file is empty. Write apiVersion: muster.dev/v1alpha1, kind: Fleet and metadata.name.',
    ],
  ],
  [
    '# nothing\n---\n',
    [
      'fleet.yaml:1:1: NO_FLEET_FILE: the file is empty. Write apiVersion: muster.dev/v1alpha1, kind: Fleet and metadata.name.',
    ],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\n',
    ['fleet.yaml:1:1: MISSING_FIELD: Fleet needs "metadata", which must be a map.'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {}\n',
    ['fleet.yaml:3:1: MISSING_FIELD: Fleet needs "metadata.name", which must be text.'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: 5}\n',
    ['fleet.yaml:3:18: BAD_VALUE: "metadata.name" must be text. Put it in quotes.'],
  ],
  [
    `apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: ${'a'.repeat(51)}}\n`,
    ['fleet.yaml:3:18: BAD_VALUE: "metadata.name" must have at most 50 characters.'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test, label: {}}\n',
    ['fleet.yaml:3:24: UNKNOWN_FIELD: Fleet has no field "metadata.label". Did you mean "labels"?'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nstatus: {}\n',
    ['fleet.yaml:4:1: UNKNOWN_FIELD: Fleet has no field "status". Known are: apiVersion, kind, metadata, spec.'],
  ],
  [
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: a}\n---\napiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: b}\n',
    ['fleet.yaml:5:1: DUPLICATE_NAME: there is a second Fleet. Keep one of them.'],
  ],
];

test('a fleet file that is something else is refused with what belongs there', () => {
  for (const [content, expected] of WRONG_FILES)
    assert.deepEqual(unusable(fleetWith({ 'fleet.yaml': content })), expected, content);
});

test('a broken fleet file is called broken, not empty', () => {
  const [first = '', ...more] = unusable(
    fleetWith({ 'fleet.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: [Fleet\n' }),
  );
  assert.match(first, /^fleet\.yaml:2:7: YAML_SYNTAX: /);
  assert.deepEqual(more, []);
});

test('a byte order mark and Windows line ends are no matter', () => {
  const content = '\uFEFFapiVersion: muster.dev/v1alpha1\r\nkind: Fleet\r\nmetadata: {name: windows}\r\n';
  assert.equal(configOf(fleetWith({ 'fleet.yaml': content })).fleet.name, 'windows');
});

test('JSON is as good as YAML', () => {
  const content = '{"apiVersion": "muster.dev/v1alpha1", "kind": "Fleet", "metadata": {"name": "json"}}';
  assert.equal(configOf(fleetWith({ 'fleet.yaml': undefined, 'fleet.json': content })).fleet.name, 'json');
});

test('without fleet.yaml there is no fleet, and a name that was meant to be it is suggested', () => {
  assert.deepEqual(unusable(fleetWith({ 'fleet.yaml': undefined })), [
    'fleet.yaml:1:1: NO_FLEET_FILE: there is no fleet.yaml. Add a file fleet.yaml with kind: Fleet, or name the folder that holds it.',
  ]);
  for (const name of ['Fleet.yaml', 'fleets.yaml', 'fleet.YAML']) {
    assert.deepEqual(unusable(fleetWith({ 'fleet.yaml': undefined, [name]: SMALL_FLEET['fleet.yaml'] })), [
      `fleet.yaml:1:1: NO_FLEET_FILE: there is no fleet.yaml. Rename "${name}" to fleet.yaml.`,
    ]);
  }
});

test('two fleet files are one too many', () => {
  assert.deepEqual(unusable(fleetWith({ 'fleet.yml': SMALL_FLEET['fleet.yaml'] })), [
    'fleet.yml:1:1: DUPLICATE_NAME: there is also fleet.yaml. Keep one of them.',
  ]);
});

const clustersGone = { 'clusters/ap.yaml': undefined, 'clusters/eu.yaml': undefined, 'clusters/us.yaml': undefined };

test('a fleet without a cluster cannot be used: whoever lost its clusters must not lose its apps', () => {
  const help = 'the fleet has no cluster. Add a file clusters/NAME.yaml with kind: Cluster.';
  assert.deepEqual(unusable(fleetWith(clustersGone)), [`clusters:1:1: NO_CLUSTER: ${help}`]);
  const empty = fleetWith({ ...clustersGone, 'clusters/eu.yaml': '# eu was here\n' });
  assert.deepEqual(unusable(empty), [`clusters/eu.yaml:1:1: NO_CLUSTER: ${help}`]);
});

test('clusters that could not be read are not called absent', () => {
  const [first = '', ...more] = unusable(fleetWith({ ...clustersGone, 'clusters/eu.yaml': 'kind: {\n' }));
  assert.match(first, /^clusters\/eu\.yaml:1:7: YAML_SYNTAX/);
  assert.deepEqual(more, []);
});

test('a fleet without an app cannot be used: read as a wish, a renamed folder would delete everything', () => {
  const files = Object.fromEntries(Object.entries(SMALL_FLEET).filter(([path]) => !path.startsWith('apps/')));
  assert.deepEqual(unusable(files), [
    'apps:1:1: NO_APP: the fleet has no app. Add a folder apps/NAME/ with base/ and placement.yaml. To remove the last app, keep its placement.yaml and empty its base/.',
  ]);
});

test('an empty folder is more likely the wrong one than a fleet without anything: one line', () => {
  assert.deepEqual(unusable({}), [
    'fleet.yaml:1:1: NO_FLEET_FILE: there is no fleet.yaml. Add a file fleet.yaml with kind: Fleet, or name the folder that holds it.',
  ]);
});

test('a wrong fleet file hides nothing of what is wrong elsewhere, and stands before what stops less', () => {
  const files = fleetWith({
    'fleet.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {}\n',
    'clusters/eu.yaml': clusterFile('eu', '{}', '  regoin: europe\n'),
    'apps/other/base/settings.yaml': '- no map\n',
  });
  assert.deepEqual(
    unusable(files).map((line) => line.split(' ').slice(0, 2).join(' ')),
    [
      'clusters/eu.yaml:8:3: UNKNOWN_FIELD:',
      'fleet.yaml:3:1: MISSING_FIELD:',
      'apps/other/base/settings.yaml:1:1: NOT_A_MANIFEST:',
    ],
  );
});

test('links, submodules and files over the limit are refused by name, for their app or for the whole fleet', () => {
  const link = { kind: 'symlink', detail: '/etc/passwd' } as const;
  const cases: readonly (readonly [path: string, file: TestFiles[string], expected: string])[] = [
    [
      'apps/web/base/link.yaml',
      link,
      'FILE_REFUSED: the file is a symbolic link to "/etc/passwd", and links are not followed. Commit the file itself.',
    ],
    [
      'apps/web/vendor',
      { kind: 'submodule', detail: '0123' },
      'FILE_REFUSED: the folder is a submodule, and submodules are not supported. Commit the file itself.',
    ],
    [
      'apps/web/base/big.yaml',
      { kind: 'too-large', detail: '6000000 bytes' },
      'TOO_LARGE: the file is too large: 6000000 bytes. Split the file, or move it out of the fleet.',
    ],
  ];
  for (const [path, file, expected] of cases) {
    const files = fleetWith({ [path]: file });
    assert.deepEqual(check(files), [`${path}:1:1: ${expected}`]);
    assert.deepEqual(states(files, 'web'), 'held', path);
    assert.deepEqual(states(files, 'other'), 'rendered', path);
  }
  for (const path of ['apps', 'apps/web', 'clusters', 'clusters/link.yaml', 'policies/link.yaml']) {
    const files = Object.fromEntries(Object.entries(SMALL_FLEET).filter(([name]) => !name.startsWith(`${path}/`)));
    const [first] = unusable({ ...files, [path]: link });
    assert.equal(
      first,
      `${path}:1:1: FILE_REFUSED: the file is a symbolic link to "/etc/passwd", and links are not followed. Commit the file itself.`,
    );
  }
});

/** `rendered` or `held`, the same on every cluster. */
function states(files: TestFiles, app: string): string {
  const all = renderedOf(files).clusters.flatMap(({ apps }) =>
    apps.filter((each) => each.name === app).map((each) => each.state),
  );
  return [...new Set(all)].join(' ');
}

test('names that differ in case only are warned of: many machines can hold only one', () => {
  const files = fleetWith({ 'apps/web/base/Service.yaml': '# nothing\n', 'apps/other/BASE/x.txt': 'nothing' });
  assert.deepEqual(check(files), [
    'warning: apps/other/base:1:1: DUPLICATE_NAME: "apps/other/BASE" differs from "apps/other/base" in upper and lower case only. Rename one of them: many machines can hold only one.',
    'warning: apps/web/base/service.yaml:1:1: DUPLICATE_NAME: "apps/web/base/Service.yaml" differs from "apps/web/base/service.yaml" in upper and lower case only. Rename one of them: many machines can hold only one.',
  ]);
});

test('a wrong policy makes the revision unusable: it may be about any app', () => {
  const policy =
    'apiVersion: policy.karmada.io/v1alpha1\nkind: PropagationPolicy\nmetadata: {name: web}\nspec:\n  resourceSelectrs: []\n';
  assert.deepEqual(unusable(fleetWith({ 'policies/web.yaml': policy })), [
    'policies/web.yaml:4:1: MISSING_FIELD: PropagationPolicy needs "spec.resourceSelectors", which must be a list.',
    'policies/web.yaml:5:3: UNKNOWN_FIELD: PropagationPolicy has no field "spec.resourceSelectrs". Did you mean "resourceSelectors"?',
  ]);
});

test('a file directly in apps/ belongs to no app, and may be one that moved: nothing is touched', () => {
  assert.deepEqual(unusable(fleetWith({ 'apps/web.yaml': SMALL_FLEET['apps/web/base/service.yaml'] })), [
    'apps/web.yaml:1:1: MISPLACED_FILE: a file directly in apps/ belongs to no app. Move it to apps/NAME/base/.',
  ]);
});

test('files that are no manifests are nobody’s business', () => {
  const files = fleetWith({
    'apps/README.md': '# hello',
    'apps/web/README.md': '{{',
    'apps/web/base/notes.txt': '\t',
    'clusters/OWNERS': 'me',
  });
  assert.deepEqual(check(files), []);
});

/** The meaning of every object of an app, by cluster. */
function meaning(files: TestFiles, app: string): readonly string[] {
  return renderedOf(files).clusters.map(({ cluster, apps }) => {
    const found = apps.find((each) => each.name === app);
    return `${cluster.name} ${hashJson(found?.manifests.map((each) => each.hash) ?? [])}`;
  });
}

const BROKEN_APPS: TestFiles = {
  'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespce: web}\n',
  'apps/web/placement.yaml': placementFile('web', '{clusters: {names: [mars]}}'),
  'apps/web/base/service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: web\n',
  'apps/web/base/deployment.yaml': 'apiVersion: example.com/v1\nkind: Unknown\nmetadata: {name: x}\n',
  'apps/web/overlays/eu/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: nobody}\n',
  'apps/web/overlays/mars/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n',
  'apps/web/base/link.yaml': { kind: 'symlink', detail: 'elsewhere' },
};

test('an error in one app changes nothing about any other', () => {
  const before = meaning(SMALL_FLEET, 'other');
  for (const [path, content] of Object.entries(BROKEN_APPS)) {
    const files = fleetWith({ [path]: content });
    assert.deepEqual(meaning(files, 'other'), before, path);
    assert.ok(
      check(files).some((line) => line.startsWith(path.split('/').slice(0, 2).join('/'))),
      path,
    );
    assert.ok(
      renderedOf(files).diagnostics.every((each) => each.app === 'web'),
      path,
    );
  }
});

test('an app with an error is held on every cluster, also where no placement would put it', () => {
  const files = fleetWith({
    'apps/web/placement.yaml': placementFile('web', '{clusters: {names: [eu]}}'),
    'apps/web/base/service.yaml': 'kind: {\n',
  });
  const { clusters } = renderedOf(files);
  assert.deepEqual(
    clusters.map(
      ({ cluster, apps }) => `${cluster.name} ${apps.find((each) => each.name === 'web')?.state ?? 'nothing'}`,
    ),
    ['ap held', 'eu held', 'us held'],
  );
});

test('an app that cannot be called so is still there, so that nothing of it is taken for removed', () => {
  const files = Object.fromEntries(
    Object.entries(SMALL_FLEET).map(([path, file]) => [path.replace('apps/web/', 'apps/Web Shop/'), file]),
  );
  assert.deepEqual(renderedOf(files).apps, ['Web Shop', 'other']);
  assert.ok(
    check(files).includes(
      'apps/Web Shop/app.yaml:1:1: BAD_NAME: "Web Shop" is no name of an app. Name the folder with at most 50 lower-case letters, digits and "-".',
    ),
  );
});

test('apps, clusters and overlays come sorted, whatever the order of files', () => {
  const reversed = Object.fromEntries(Object.entries(SMALL_FLEET).toReversed());
  assert.deepEqual(configOf(reversed), configOf(SMALL_FLEET));
});

test('clusters may stand in folders, and several in one file', () => {
  const files = fleetWith({
    ...clustersGone,
    'clusters/prod/all.yaml': [clusterFile('b', '{}'), clusterFile('a', '{}')].join('---\n'),
  });
  assert.deepEqual(
    configOf(files).clusters.map(({ name, origin }) => `${name} ${origin.file}:${origin.line}`),
    ['a clusters/prod/all.yaml:9', 'b clusters/prod/all.yaml:1'],
  );
});

test('a file whose ending is in upper case holds back its app: what it held before it was renamed is not pruned', () => {
  for (const [path, ending] of [
    ['base/service', '.YAML'],
    ['base/deep/service', '.Json'],
    ['overlays/eu/service', '.Yml'],
    ['overlays/eu/resources/service', '.YAML'],
    ['service', '.YML'],
  ] as const) {
    const file = `apps/web/${path}${ending}`;
    const renamed = { 'apps/web/base/service.yaml': undefined, [file]: SMALL_FLEET['apps/web/base/service.yaml'] };
    const says = `${file}:1:1: BAD_NAME: the file is not read: its name ends in "${ending}", and upper and lower case count. Rename it so that it ends in "${ending.toLowerCase()}".`;
    assert.deepEqual(check(fleetWith(renamed)), [says]);
    const states = renderedOf(fleetWith(renamed)).clusters.map(({ apps }) =>
      apps.map(({ name, state }) => `${name} ${state}`),
    );
    const held = ['other rendered', 'web held'];
    assert.deepEqual(states, [held, held, held], file);
  }
});

test('such a file of a cluster or a policy concerns the whole fleet', () => {
  const cluster = { 'clusters/eu.yaml': undefined, 'clusters/eu.YAML': SMALL_FLEET['clusters/eu.yaml'] };
  assert.match(unusable(fleetWith(cluster)).join(), /^clusters\/eu.YAML:1:1: BAD_NAME: the file is not read/);
  assert.match(unusable(fleetWith({ 'policies/p.Yaml': '' })).join(), /^policies\/p.Yaml:1:1: BAD_NAME/);
  assert.match(unusable(fleetWith({ 'apps/web.JSON': '' })).join(), /^apps\/web.JSON:1:1: BAD_NAME/);
});

test('what kustomize and Helm read may be called as they like', () => {
  const kustomized = {
    'apps/web/base/kustomization.yaml':
      'resources: [deployment.yaml, service.yaml]\nconfigMapGenerator: [{name: c, files: [../config/a.JSON]}]\n',
    'apps/web/base/notes.YAML': '',
    'apps/web/config/a.JSON': '{}',
  };
  assert.ok(!check(fleetWith(kustomized)).some((line) => line.includes('BAD_NAME')));
});
