import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Overlay } from '../../src/model/fleet.ts';
import { check, configOf, fleetWith, marked, renderedOf, type TestFiles } from '../support/fleet-files.ts';

function overlays(files: TestFiles): readonly Overlay[] {
  return configOf(fleetWith(files)).apps.find(({ name }) => name === 'web')?.overlays ?? [];
}

/** A file of kind Overlay; `spec` in flow style stands in line 4. */
function overlay(spec: string, name = 'more'): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: Overlay\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

const PATCH = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true}\n';

test('the name of an overlay folder says for which clusters: a cluster, a glob, or a label', () => {
  const selectors: readonly (readonly [folder: string, expected: object])[] = [
    ['eu', { names: ['eu'], matchLabels: {} }],
    ['u*', { names: ['u*'], matchLabels: {} }],
    ['region=europe', { names: undefined, matchLabels: { region: 'europe' } }],
  ];
  for (const [folder, expected] of selectors) {
    const [only] = overlays({ [`apps/web/overlays/${folder}/patch.yaml`]: PATCH });
    assert.equal(only?.name, folder);
    assert.deepEqual({ names: only.clusters.names, matchLabels: only.clusters.matchLabels }, expected);
  }
});

test('files of a folder are partial objects for the object that they name, those below resources/ whole ones', () => {
  const [eu] = overlays({
    'apps/web/overlays/eu/patch.yaml': `${PATCH}---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\n`,
    'apps/web/overlays/eu/resources/more/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: only-eu}\n',
    'apps/web/overlays/eu/README.md': 'why',
  });
  assert.deepEqual(
    eu?.patches.map(({ kind, target, source }) => ({ kind, target, line: source.line })),
    [
      {
        kind: 'merge',
        target: { group: 'apps', version: 'v1', kind: 'Deployment', name: 'web', single: true },
        line: 1,
      },
      {
        kind: 'merge',
        target: { group: '', version: 'v1', kind: 'Service', name: 'web', namespace: 'web', single: true },
        line: 6,
      },
    ],
  );
  assert.deepEqual(
    eu?.resources.map(({ body }) => body['kind']),
    ['ConfigMap'],
  );
});

test('an Overlay has a full selector, and patches with targets', () => {
  const [more] = overlays({
    'apps/web/overlays/more.yaml': overlay(`
  clusters: {matchLabels: {env: prod}}
  patches:
    - target: {group: apps, version: v1, kind: Deployment, name: web, namespace: web, labelSelector: "app=web, tier==front"}
      ops: [{op: remove, path: /spec/replicas}]
    - target: {kind: Deployment}
      merge: {spec: {paused: true}}`),
  });
  assert.deepEqual(more?.clusters.matchLabels, { env: 'prod' });
  assert.deepEqual(
    more?.patches.map(({ kind, target, contentPointer, source }) => ({
      kind,
      target,
      contentPointer,
      line: source.line,
    })),
    [
      {
        kind: 'json',
        target: {
          group: 'apps',
          version: 'v1',
          kind: 'Deployment',
          name: 'web',
          namespace: 'web',
          matchLabels: { app: 'web', tier: 'front' },
          single: false,
        },
        contentPointer: '/spec/patches/0/ops',
        line: 7,
      },
      {
        kind: 'merge',
        target: { kind: 'Deployment', single: false },
        contentPointer: '/spec/patches/1/merge',
        line: 9,
      },
    ],
  );
});

test('overlays by label come before those by name, each in the order of their paths: the more special wins', () => {
  const files = {
    'apps/web/overlays/a.yaml': overlay(
      '{clusters: {names: [eu]}, patches: [{target: {kind: Deployment}, merge: {}}]}',
      'by-name',
    ),
    'apps/web/overlays/b.yaml': overlay(
      '{clusters: {all: true}, patches: [{target: {kind: Deployment}, merge: {}}]}',
      'by-all',
    ),
    'apps/web/overlays/c.yaml': overlay(
      '{clusters: {names: [eu], matchLabels: {env: prod}}, patches: [{target: {kind: Deployment}, merge: {}}]}',
      'by-both',
    ),
    'apps/web/overlays/eu/p.yaml': PATCH,
    'apps/web/overlays/region=europe/p.yaml': PATCH,
    'apps/web/overlays/e*/p.yaml': PATCH,
  };
  assert.deepEqual(
    overlays(files).map(({ name }) => name),
    ['by-all', 'by-both', 'e*', 'region=europe', 'by-name', 'eu'],
  );
});

/** `‸` marks where the message points. */
const WRONG: readonly (readonly [spec: string, expected: string])[] = [
  ['{clusters: {all: true}, patches: ‸[]}', 'BAD_VALUE: "spec.patches" must not be empty.'],
  ['{‸clusters: {all: true}}', 'MISSING_FIELD: Overlay needs "spec.patches", which must be a list.'],
  ['{clusters: {all: true}, patches: ‸{target: {kind: Deployment}}}', 'BAD_VALUE: "spec.patches" must be a list.'],
  [
    '{clusters: ‸{}, patches: [{target: {kind: Deployment}, merge: {}}]}',
    'NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
  ],
  [
    '{clusters: {all: true}, patches: [‸{target: {kind: Deployment}}]}',
    'BAD_VALUE: a patch has either ops (RFC 6902) or merge.',
  ],
  [
    '{clusters: {all: true}, patches: [‸{target: {kind: Deployment}, ops: [], merge: {}}]}',
    'BAD_VALUE: a patch has either ops (RFC 6902) or merge.',
  ],
  [
    '{clusters: {all: true}, patches: [{target: ‸{}, merge: {spec: {paused: true}}}]}',
    'BAD_VALUE: the target names nothing. Name at least a kind.',
  ],
  [
    '{clusters: {all: true}, patches: [{target: {‸kinds: Deployment}, merge: {}}]}',
    'UNKNOWN_FIELD: Overlay has no field "spec.patches.0.target.kinds". Did you mean "kind"?',
  ],
  [
    '{clusters: {all: true}, patches: [{target: {kind: Deployment, labelSelector: ‸"app in (a)"}, merge: {}}]}',
    'BAD_VALUE: "app in (a)" is no list of labels. Write key=value, separated by commas.',
  ],
  [
    '{clusters: {all: true}, patches: [{target: {kind: Deployment, labelSelector: ‸"app!=web"}, merge: {}}]}',
    'BAD_VALUE: "app!=web" is no list of labels. Write key=value, separated by commas.',
  ],
  [
    '{clusters: {all: true}, patches: [{target: {kind: Deployment}, ops: ‸{op: remove}}]}',
    'BAD_VALUE: "spec.patches.0.ops" must be a list.',
  ],
  [
    '{clusters: {all: true}, patches: [{target: {kind: Deployment}, merge: ‸[]}]}',
    'BAD_VALUE: "spec.patches.0.merge" must be a map.',
  ],
  [
    '{clusters: {all: true}, patches: [{target: {kind: Deployment}, merge: ‸null}]}',
    'BAD_VALUE: "spec.patches.0.merge" must be a map.',
  ],
  [
    '{clusters: {all: true}, patches: [{‸targets: {}, target: {kind: Deployment}, merge: {}}]}',
    'UNKNOWN_FIELD: Overlay has no field "spec.patches.0.targets". Did you mean "target"?',
  ],
  [
    '{clusters: {all: true}, ‸priority: 1, patches: [{target: {kind: Deployment}, merge: {}}]}',
    'UNKNOWN_FIELD: Overlay has no field "spec.priority". Known are: clusters, afterReplicas, patches, values.',
  ],
];

test('a wrong Overlay holds its app, and is named with its line and column', () => {
  for (const [spec, expected] of WRONG) {
    const { text, place } = marked(overlay(spec));
    const files = fleetWith({ 'apps/web/overlays/more.yaml': text });
    const where = spec.startsWith('{‸clusters') ? '4:1' : place;
    assert.deepEqual(check(files), [`apps/web/overlays/more.yaml:${where}: ${expected}`], spec);
    assert.ok(
      renderedOf(files).clusters.every(({ apps }) => apps.find(({ name }) => name === 'web')?.state === 'held'),
    );
  }
});

const WRONG_FILES: readonly (readonly [path: string, content: string, expected: string])[] = [
  [
    'eu/patch.yaml',
    'spec: {paused: true}\n',
    '1:1: NOT_A_MANIFEST: a patch is a partial object: it needs apiVersion, kind and metadata.name. For JSON patches write a file of kind Overlay.',
  ],
  [
    'eu/patch.yaml',
    '- op: remove\n  path: /spec/replicas\n',
    '1:1: NOT_A_MANIFEST: a patch is a partial object: it needs apiVersion, kind and metadata.name. For JSON patches write a file of kind Overlay.',
  ],
  [
    'eu/patch.yaml',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: 5}\n',
    '1:1: NOT_A_MANIFEST: a patch is a partial object: it needs apiVersion, kind and metadata.name. For JSON patches write a file of kind Overlay.',
  ],
  [
    'eu/deep/patch.yaml',
    PATCH,
    '1:1: MISPLACED_FILE: an overlay folder holds patches, and below resources/ whole objects. Move the file to apps/web/overlays/eu/ or apps/web/overlays/eu/resources/.',
  ],
  [
    'eu/resources/map.yaml',
    'kind: ConfigMap\n',
    '1:1: NOT_A_MANIFEST: apiVersion is missing or is no text, so this is no Kubernetes object. Set apiVersion.',
  ],
  [
    'eu/more.yaml',
    overlay('{}'),
    '2:7: MISPLACED_FILE: kind Overlay has no meaning in a folder of patches. It belongs to apps/NAME/overlays/.',
  ],
  [
    'eu/resources/more.yaml',
    overlay('{}'),
    '2:7: MISPLACED_FILE: kind Overlay has no meaning in a folder of manifests. It belongs to apps/NAME/overlays/.',
  ],
];

test('a file in an overlay folder that is neither a patch nor below resources/ is refused', () => {
  for (const [path, content, expected] of WRONG_FILES) {
    assert.deepEqual(check(fleetWith({ [`apps/web/overlays/${path}`]: content })), [
      `apps/web/overlays/${path}:${expected}`,
    ]);
  }
});

test('two Overlays of one name are an error that names both', () => {
  const spec = '{clusters: {all: true}, patches: [{target: {kind: Deployment}, merge: {}}]}';
  assert.deepEqual(
    check(fleetWith({ 'apps/web/overlays/a.yaml': overlay(spec), 'apps/web/overlays/b.yaml': overlay(spec) })),
    [
      'apps/web/overlays/b.yaml:1:1: DUPLICATE_NAME: there is another overlay "more" in apps/web/overlays/a.yaml:1. Give each a name of its own.',
    ],
  );
});
