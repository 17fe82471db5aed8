import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, listAt, textAt } from '../../src/object/json.ts';
import { formatId } from '../../src/object/id.ts';
import { appOf, bodyOf, check, fleetWith, marked, renderedOf, type TestFiles } from '../support/fleet-files.ts';

const OVERLAYS = 'apps/web/overlays';

/** A file of kind Overlay for all clusters; `patches` in flow style stands in line 6. */
function overlay(patches: string, clusters = '{all: true}', name = 'more'): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: Overlay\nmetadata: {name: ${name}}\nspec:\n  clusters: ${clusters}\n  patches: ${patches}\n`;
}

function patch(kind: string, rest: string, apiVersion = 'apps/v1'): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\n${rest}\n`;
}

/** One value of the Deployment, by cluster. */
function values(files: TestFiles, ...path: readonly string[]): object {
  const fleet = renderedOf(fleetWith(files));
  return Object.fromEntries(
    ['ap', 'eu', 'us'].map((cluster) => [cluster, at(bodyOf(fleet, cluster, 'Deployment web/web'), ...path)]),
  );
}

/** The images of the Deployment on one cluster, by container. */
function images(files: TestFiles, cluster: string): object {
  const deployment = bodyOf(renderedOf(fleetWith(files)), cluster, 'Deployment web/web');
  const containers = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  return Object.fromEntries(containers.map((each) => [textAt(each, 'name'), textAt(each, 'image')]));
}

test('an overlay changes the clusters that it selects, and no other', () => {
  const files = { [`${OVERLAYS}/eu/d.yaml`]: patch('Deployment', 'spec: {paused: true}') };
  assert.deepEqual(values(files, 'spec', 'paused'), { ap: undefined, eu: true, us: undefined });
});

test('later wins: labels first, then names, within one class by path', () => {
  const files = {
    [`${OVERLAYS}/env=prod/d.yaml`]: patch(
      'Deployment',
      'spec: {minReadySeconds: 1, revisionHistoryLimit: 1, progressDeadlineSeconds: 1, paused: true}',
    ),
    [`${OVERLAYS}/region=europe/d.yaml`]: patch(
      'Deployment',
      'spec: {revisionHistoryLimit: 2, progressDeadlineSeconds: 2}',
    ),
    [`${OVERLAYS}/a-name.yaml`]: overlay(
      '[{target: {kind: Deployment}, merge: {spec: {progressDeadlineSeconds: 3}}}]',
      '{names: [eu]}',
    ),
    [`${OVERLAYS}/eu/d.yaml`]: patch('Deployment', 'spec: {minReadySeconds: 4, paused: null}'),
  };
  const picked = ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds', 'paused'];
  const spec = at(bodyOf(renderedOf(fleetWith(files)), 'eu', 'Deployment web/web'), 'spec');
  assert.deepEqual(
    picked.map((field) => at(spec, field)),
    [4, 2, 3, undefined],
  );
});

test('a null in a merge patch removes the field, and $patch: delete the object there', () => {
  const removed = { [`${OVERLAYS}/eu/d.yaml`]: patch('Deployment', 'spec: {replicas: null}') };
  assert.deepEqual(values(removed, 'spec', 'replicas'), { ap: 3, eu: undefined, us: 3 });
  const deleted = renderedOf(fleetWith({ [`${OVERLAYS}/eu/d.yaml`]: patch('Deployment', '$patch: delete') }));
  assert.deepEqual(
    ['ap', 'eu'].map((cluster) => appOf(deleted, cluster, 'web').manifests.map(({ id }) => formatId(id))),
    [['Service web/web', 'Deployment web/web'], ['Service web/web']],
  );
});

test('lists merge by their keys, as in a kustomization', () => {
  const files = {
    [`${OVERLAYS}/eu/d.yaml`]: patch(
      'Deployment',
      'spec: {template: {spec: {containers: [{name: web, image: nginx:1.28}, {name: side, image: side:1}]}}}',
    ),
  };
  assert.deepEqual(images(files, 'eu'), { side: 'side:1', web: 'nginx:1.28' });
  assert.deepEqual(images(files, 'us'), { web: 'nginx:1.27' });
});

test('JSON patches are RFC 6902, and see what came before them', () => {
  const files = {
    [`${OVERLAYS}/more.yaml`]: overlay(`
    - target: {kind: Deployment, name: web}
      merge: {metadata: {annotations: {a: b}}}
    - target: {kind: Deployment, name: web}
      ops:
        - {op: test, path: /metadata/annotations/a, value: b}
        - {op: add, path: /metadata/annotations/c, value: d}
        - {op: replace, path: /spec/template/spec/containers/0/image, value: "nginx:\${cluster.name}"}`),
  };
  assert.deepEqual(values(files, 'metadata', 'annotations', 'c'), { ap: 'd', eu: 'd', us: 'd' });
  assert.deepEqual(images(files, 'eu'), { web: 'nginx:eu' });
});

test('a target can be a class of objects: then all of them are changed', () => {
  const files = {
    [`${OVERLAYS}/more.yaml`]: overlay(
      '[{target: {labelSelector: "app=web"}, merge: {metadata: {annotations: {a: b}}}}, {target: {version: v1}, merge: {metadata: {annotations: {c: d}}}}]',
    ),
  };
  const fleet = renderedOf(fleetWith(files));
  assert.deepEqual(at(bodyOf(fleet, 'eu', 'Deployment web/web'), 'metadata', 'annotations'), { a: 'b', c: 'd' });
  assert.deepEqual(at(bodyOf(fleet, 'eu', 'Service web/web'), 'metadata', 'annotations'), { c: 'd' });
});

test('resources of an overlay exist only where it applies, and later overlays can change them', () => {
  const files = {
    [`${OVERLAYS}/env=prod/resources/map.yaml`]:
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {where: "${cluster.name}"}\n',
    [`${OVERLAYS}/eu/map.yaml`]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {more: eu}\n',
  };
  const fleet = renderedOf(fleetWith(files));
  assert.deepEqual(bodyOf(fleet, 'ap', 'ConfigMap web/extra')['data'], { where: 'ap' });
  assert.deepEqual(bodyOf(fleet, 'eu', 'ConfigMap web/extra')['data'], { where: 'eu', more: 'eu' });
  assert.equal(appOf(fleet, 'us', 'web').manifests.length, 2);
});

test('the layers that made an object are kept with it', () => {
  const files = {
    [`${OVERLAYS}/env=prod/d.yaml`]: patch('Deployment', 'spec: {paused: true}'),
    [`${OVERLAYS}/more.yaml`]: overlay(
      '[{target: {kind: Service}, merge: {metadata: {labels: {a: b}}}}, {target: {kind: Deployment}, merge: {metadata: {labels: {a: b}}}}]',
    ),
    [`${OVERLAYS}/eu/resources/map.yaml`]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n',
  };
  const app = appOf(renderedOf(fleetWith(files)), 'eu', 'web');
  const layers = app.manifests.map(({ id, origin, by, overlays }) => [
    formatId(id),
    ...[origin, by, ...overlays].map(({ file, line }) => `${file.slice('apps/web/'.length)}:${line}`),
  ]);
  assert.deepEqual(layers, [
    ['ConfigMap web/extra', 'overlays/eu/resources/map.yaml:1', 'overlays/eu/resources/map.yaml:1'],
    ['Service web/web', 'base/service.yaml:1', 'placement.yaml:4', 'overlays/more.yaml:6'],
    [
      'Deployment web/web',
      'base/deployment.yaml:1',
      'placement.yaml:4',
      'overlays/env=prod/d.yaml:1',
      'overlays/more.yaml:6',
    ],
  ]);
});

/** `‸` marks where the message points. */
const WRONG_TARGETS: readonly (readonly [patches: string, expected: string])[] = [
  [
    '[{target: ‸{kind: Deploymnet, name: web}, merge: {}}]',
    'NO_TARGET: the patch for Deploymnet web matches no object of the app. Did you mean Deployment web?',
  ],
  [
    '[{target: {kind: Service}, merge: {}}, {target: ‸{kind: Deployment, name: wbe}, ops: []}]',
    'NO_TARGET: the patch for Deployment wbe matches no object of the app. Did you mean Deployment web?',
  ],
  [
    '[{target: ‸{group: batch, kind: Job}, merge: {}}]',
    'NO_TARGET: the patch for batch Job matches no object of the app. The app has: Deployment web, Service web.',
  ],
  [
    '[{target: ‸{kind: Deployment, labelSelector: "app=wbe"}, merge: {}}]',
    'NO_TARGET: the patch for Deployment app=wbe matches no object of the app. The app has apps/v1 Deployment web in namespace "web" with labels app=web.',
  ],
  [
    '[{target: ‸{kind: Deployment, version: v1beta1}, merge: {}}]',
    'NO_TARGET: the patch for v1beta1 Deployment matches no object of the app. The app has apps/v1 Deployment web in namespace "web".',
  ],
  [
    '[{target: ‸{kind: Deployment, namespace: shop}, merge: {}}]',
    'NO_TARGET: the patch for Deployment shop matches no object of the app. The app has apps/v1 Deployment web in namespace "web".',
  ],
  [
    '[{target: ‸{name: web}, merge: {}}]',
    'AMBIGUOUS_TARGET: the patch for any kind web matches 2 objects: apps/web/base/deployment.yaml:1 and apps/web/base/service.yaml:1. Add the namespace, or the API group.',
  ],
];

test('a target that matches nothing is a slip, and one that names an object must match one', () => {
  for (const [patches, expected] of WRONG_TARGETS) {
    const { text, place } = marked(overlay(patches));
    const errors = check(fleetWith({ [`${OVERLAYS}/more.yaml`]: text })).filter((line) => !line.startsWith('warning'));
    assert.deepEqual(errors, [`${OVERLAYS}/more.yaml:${place}: ${expected}`], patches);
  }
});

test('a target by the app’s own namespace matches what will be in it', () => {
  const files = {
    [`${OVERLAYS}/more.yaml`]: overlay('[{target: {kind: Deployment, namespace: web}, merge: {spec: {paused: true}}}]'),
  };
  assert.deepEqual(values(files, 'spec', 'paused'), { ap: true, eu: true, us: true });
});

test('a partial object that is not in the base is a slip, and the nearest is suggested', () => {
  const cases: readonly (readonly [content: string, expected: string])[] = [
    [
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ‸wbe}\n',
      'NO_TARGET: the patch for apps/v1 Deployment wbe matches no object of the app. Did you mean Deployment web?',
    ],
    [
      'apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: ‸web}\n',
      'NO_TARGET: the patch for apps/v1beta1 Deployment web matches no object of the app. The app has apps/v1 Deployment web in namespace "web".',
    ],
    [
      'apiVersion: v1\nkind: Service\nmetadata: {name: ‸web, namespace: shop}\n',
      'NO_TARGET: the patch for v1 Service shop/web matches no object of the app. The app has v1 Service web in namespace "web".',
    ],
  ];
  for (const [content, expected] of cases) {
    const { text, place } = marked(content);
    assert.deepEqual(
      check(fleetWith({ [`${OVERLAYS}/eu/d.yaml`]: text })),
      [`${OVERLAYS}/eu/d.yaml:${place}: ${expected.replace(/^(\w+:)/, '$1 on eu:')}`],
      content,
    );
  }
});

/** Errors of JSON patches: `‸` marks the operation's field that is wrong. */
const WRONG_OPS: readonly (readonly [op: string, expected: RegExp])[] = [
  ['{op: replace, path: ‸/spec/replica, value: 1}', /^PATCH_FAILED: .*Did you mean "\/spec\/replicas"/],
  ['{op: remove, path: ‸/spec/nothing}', /^PATCH_FAILED: /],
  ['{op: test, path: /spec/replicas, value: ‸4}', /^PATCH_FAILED: /],
  ['{op: replace, path: ‸/kind, value: StatefulSet}', /^IDENTITY_CHANGED: /],
  ['{op: ‸replaces, path: /spec/replicas, value: 1}', /^PATCH_FAILED: .*Did you mean "replace"/],
  ['‸{op: add, path: /spec/paused}', /^PATCH_FAILED: /],
  ['{op: add, path: ‸spec/paused, value: true}', /^PATCH_FAILED: /],
];

test('an operation that does not fit is reported at its own line and column', () => {
  for (const [op, expected] of WRONG_OPS) {
    const { text, place } = marked(
      overlay(
        `\n    - target: {kind: Deployment}\n      ops:\n        - {op: add, path: /spec/minReadySeconds, value: 1}\n        - ${op}`,
      ),
    );
    const [first = '', ...more] = check(fleetWith({ [`${OVERLAYS}/more.yaml`]: text }));
    assert.deepEqual(more, [], op);
    const start = `${OVERLAYS}/more.yaml:${place}: `;
    assert.equal(first.slice(0, start.length), start, `${op}: ${first}`);
    assert.match(first.slice(start.length), expected);
  }
});

test('a merge patch that does not fit is reported where it goes wrong', () => {
  const { text, place } = marked(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - ‸image: nginx:1.28
`);
  const [first = '', ...more] = check(fleetWith({ [`${OVERLAYS}/eu/d.yaml`]: text }));
  assert.deepEqual(more, []);
  assert.match(first, new RegExp(`^${OVERLAYS}/eu/d\\.yaml:${place}: PATCH_FAILED: on eu: .*name`));
});

test('a field that a patch breaks is reported in the patch, not in the base', () => {
  const merge = marked(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    version: ‸1.10
`);
  assert.deepEqual(check(fleetWith({ [`${OVERLAYS}/eu/d.yaml`]: merge.text })), [
    `${OVERLAYS}/eu/d.yaml:${merge.place}: BAD_VALUE: on eu: the value of "version" is the number 1.1, and must be text. Put it in quotes.`,
  ]);
  const ops = marked(
    overlay(
      '\n    - target: {kind: Deployment}\n      ops:\n        - {op: add, path: /metadata/annotations, value: {a: b, count: ‸5}}',
    ),
  );
  assert.deepEqual(check(fleetWith({ [`${OVERLAYS}/more.yaml`]: ops.text })), [
    `${OVERLAYS}/more.yaml:${ops.place}: BAD_VALUE: the value of "count" is the number 5, and must be text. Put it in quotes.`,
  ]);
});

test('the last patch that sets a field answers for it', () => {
  const good = patch('Deployment', 'metadata: {name: web, labels: {version: "1"}}').replace(
    'metadata: {name: web}\n',
    '',
  );
  const bad = marked(
    overlay('[{target: {kind: Deployment}, merge: {metadata: {labels: {version: ‸2}}}}]', '{names: [eu]}'),
  );
  const files = { [`${OVERLAYS}/env=prod/d.yaml`]: good, [`${OVERLAYS}/z.yaml`]: bad.text };
  assert.deepEqual(check(fleetWith(files)), [
    `${OVERLAYS}/z.yaml:${bad.place}: BAD_VALUE: on eu: the value of "version" is the number 2, and must be text. Put it in quotes.`,
  ]);
});

test('an overlay that sets a divided count is an error where it does so, by merge or by operation', () => {
  const placement = {
    'apps/web/placement.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: web}\nspec:\n  clusters: {all: true}\n  replicas: {mode: divided}\n',
  };
  const help =
    'REPLICAS_DIVIDED: an overlay sets spec.replicas, which the placement at apps/web/placement.yaml:6 divides. Change the weights of the placement, or take the field out of the overlay.';
  const merge = marked(patch('Deployment', 'spec: {replicas: ‸7}'));
  assert.deepEqual(check(fleetWith({ ...placement, [`${OVERLAYS}/eu/d.yaml`]: merge.text })), [
    `${OVERLAYS}/eu/d.yaml:${merge.place}: ${help.replace(': an', ': on eu: an')}`,
  ]);
  const ops = marked(
    overlay(
      '[{target: {kind: Service}, merge: {}}, {target: {kind: Deployment}, ops: [{op: replace, path: /spec/replicas, value: ‸7}]}]',
    ),
  );
  assert.deepEqual(check(fleetWith({ ...placement, [`${OVERLAYS}/more.yaml`]: ops.text })), [
    `${OVERLAYS}/more.yaml:${ops.place}: ${help}`,
  ]);
  const same = fleetWith({
    ...placement,
    [`${OVERLAYS}/eu/d.yaml`]: patch('Deployment', 'spec: {replicas: 3, paused: true}'),
  });
  assert.deepEqual(check(same), [], 'repeating the base’s own count changes nothing');
});
