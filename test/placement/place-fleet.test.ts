import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Weight } from '../../src/model/fleet.ts';
import { placeFleet, type PlacedFleet } from '../../src/placement/place-fleet.ts';
import { textAt } from '../../src/object/json.ts';
import {
  configOf,
  fleetWith,
  locateIn,
  placementFile,
  print,
  SMALL_FLEET,
  type TestFiles,
} from '../support/fleet-files.ts';

function place(files: TestFiles): PlacedFleet {
  return placeFleet(configOf(files), locateIn(files));
}

/** `Deployment/web=3` by cluster, for one app. */
function placed({ targets }: PlacedFleet, app: string): Readonly<Record<string, string>> {
  const entries = targets.flatMap(({ cluster, apps }) => {
    const target = apps.find((each) => each.app === app);
    if (target === undefined) return [];
    const objects = target.objects.map(({ base: { body }, replicas }) => {
      const name = `${textAt(body, 'kind') ?? ''}/${textAt(body, 'metadata', 'name') ?? ''}`;
      return replicas === undefined ? name : `${name}=${replicas}`;
    });
    return [[cluster.name, objects.join(' ')] as const];
  });
  return Object.fromEntries(entries);
}

/** The small fleet with another placement of `web`, in flow style. */
function webPlaced(spec: string, more: TestFiles = {}): TestFiles {
  return fleetWith({ 'apps/web/placement.yaml': placementFile('web', spec), ...more });
}

const BOTH = 'Deployment/web Service/web';

test('a placement puts all objects of its app on the clusters that it selects', () => {
  const fleet = place(webPlaced('{clusters: {matchLabels: {env: prod}}}'));
  assert.deepEqual(placed(fleet, 'web'), { ap: BOTH, eu: BOTH });
  assert.deepEqual(placed(fleet, 'other'), {
    ap: 'ConfigMap/settings',
    eu: 'ConfigMap/settings',
    us: 'ConfigMap/settings',
  });
  assert.deepEqual(fleet.diagnostics, []);
});

test('every cluster of the fleet has a target, also one that gets nothing', () => {
  const fleet = place(
    webPlaced('{clusters: {names: [eu]}}', {
      'apps/other/placement.yaml': placementFile('other', '{clusters: {names: [eu]}}'),
    }),
  );
  assert.deepEqual(
    fleet.targets.map(({ cluster, apps }) => [cluster.name, apps.length]),
    [
      ['ap', 0],
      ['eu', 2],
      ['us', 0],
    ],
  );
});

test('an app without a placement is an error that names the object, never silence', () => {
  const fleet = place(fleetWith({ 'apps/web/placement.yaml': undefined }));
  assert.deepEqual(print(fleet.diagnostics), [
    'apps/web/base/deployment.yaml:1:1: NO_PLACEMENT: no placement matches apps/v1 Deployment web: the app has none. Add apps/web/placement.yaml with kind: Placement; "clusters: {all: true}" puts it everywhere.',
  ]);
  assert.deepEqual(placed(fleet, 'web'), {});
});

const TWO = `${placementFile('web', '{objects: [{apiVersion: apps/v1, kind: Deployment}], clusters: {names: [eu]}}')}---
${placementFile('service', '{objects: [{apiVersion: v1, kind: Service, name: web}], clusters: {names: [eu, us]}}')}`;

test('placements can share out the objects of one app by kind and by name', () => {
  const fleet = place(fleetWith({ 'apps/web/placement.yaml': TWO }));
  assert.deepEqual(placed(fleet, 'web'), { eu: BOTH, us: 'Service/web' });
});

test('an object that no placement of its app claims is an error', () => {
  const spec = '{objects: [{apiVersion: apps/v1, kind: Deployment}], clusters: {all: true}}';
  assert.deepEqual(print(place(webPlaced(spec)).diagnostics), [
    'apps/web/base/service.yaml:1:1: NO_PLACEMENT: no placement matches v1 Service web. Add it to spec.objects of "web", or add a Placement for it.',
  ]);
});

test('an object that two placements claim is an error that names both', () => {
  const files = fleetWith({
    'apps/web/placement.yaml': `${placementFile('all', '{clusters: {all: true}}')}---
${placementFile('service', '{objects: [{apiVersion: v1, kind: Service}], clusters: {names: [eu]}}')}`,
  });
  assert.deepEqual(print(place(files).diagnostics), [
    'apps/web/placement.yaml:6:1: PLACED_TWICE: v1 Service web is claimed by placement "all" (apps/web/placement.yaml:1) and by "service" (apps/web/placement.yaml:6). Name the objects of each with spec.objects.',
  ]);
});

test('a selector of objects that matches none suggests the nearest', () => {
  const cases: readonly (readonly [selector: string, expected: string])[] = [
    [
      '{apiVersion: apps/v1, kind: Deployment, name: wbe}',
      'names apps/v1 Deployment wbe, which the app does not have. Did you mean Deployment web?',
    ],
    [
      '{apiVersion: apps/v1, kind: Deploymnet}',
      'names apps/v1 Deploymnet, which the app does not have. Did you mean Deployment?',
    ],
    ['{apiVersion: v1, kind: Deployment}', 'names v1 Deployment, which the app does not have.'],
    [
      '{apiVersion: apps/v1, kind: Deployment, name: web, namespace: shop}',
      'names apps/v1 Deployment web, which the app does not have.',
    ],
  ];
  for (const [selector, expected] of cases) {
    const { diagnostics } = place(
      webPlaced(
        `{objects: [${selector}, {apiVersion: v1, kind: Service}, {apiVersion: apps/v1, kind: Deployment}], clusters: {all: true}}`,
      ),
    );
    assert.deepEqual(print(diagnostics), [`apps/web/placement.yaml:4:18: NO_TARGET: placement "web" ${expected}`]);
  }
});

test('the version of the API in a selector of objects does not count, its group does', () => {
  const spec =
    '{objects: [{apiVersion: apps/v1beta1, kind: Deployment}, {apiVersion: v1, kind: Service}], clusters: {names: [eu]}}';
  assert.deepEqual(placed(place(webPlaced(spec)), 'web'), { eu: BOTH });
});

test('an object of the app’s own namespace is selected by that namespace', () => {
  const spec =
    '{objects: [{apiVersion: apps/v1, kind: Deployment, namespace: web}, {apiVersion: v1, kind: Service}], clusters: {names: [eu]}}';
  assert.deepEqual(placed(place(webPlaced(spec)), 'web'), { eu: BOTH });
});

test('a placement that selects no cluster is an error with what there is, at the name if it is about one', () => {
  const cases: readonly (readonly [clusters: string, expected: string])[] = [
    ['{names: [eu, ‸uss]}', 'UNKNOWN_NAME: placement "web": there is no cluster "uss". Did you mean "us"?'],
    [
      '{names: [‸"af-*"]}',
      'NO_CLUSTER_MATCHES: placement "web": the pattern "af-*" matches no cluster. The fleet has: ap, eu, us.',
    ],
    [
      '{names: [‸"[ae]u"]}',
      'BAD_GLOB: placement "web": the pattern "[ae]u" holds brackets; ? matches any one character, or list the names one by one.',
    ],
    [
      '{matchLabels: {region: erope}}',
      'NO_CLUSTER_MATCHES: placement "web" selects no cluster: none has region=erope. Known values of region: america, asia, europe.',
    ],
    [
      '{names: [eu], exclude: {names: [eu]}}',
      'NO_CLUSTER_MATCHES: placement "web" selects no cluster: no cluster fits all of its parts. The fleet has: ap, eu, us.',
    ],
    [
      '{all: true, exclude: {names: [‸mars]}}',
      'UNKNOWN_NAME: placement "web": there is no cluster "mars". The fleet has: ap, eu, us.',
    ],
  ];
  for (const [clusters, expected] of cases) {
    const spec = `{clusters: ${clusters}}`;
    const fleet = place(webPlaced(spec.replace('‸', '')));
    const column = 'spec: '.length + (spec.includes('‸') ? spec.indexOf('‸') : 1) + 1;
    assert.deepEqual(print(fleet.diagnostics), [`apps/web/placement.yaml:4:${column}: ${expected}`]);
    assert.deepEqual(placed(fleet, 'web'), {}, 'nothing of the app is placed');
    assert.deepEqual(Object.keys(placed(fleet, 'other')), ['ap', 'eu', 'us'], 'the other app is not concerned');
  }
});

const DIVIDED: readonly (readonly [rule: string, expected: Record<string, number>])[] = [
  ['{mode: divided}', { ap: 1, eu: 1, us: 1 }],
  [
    '{mode: divided, total: 10, weights: [{clusters: {names: [us]}, weight: 2}, {clusters: {names: [ap]}, weight: 1}, {clusters: {names: [eu]}, weight: 2}]}',
    { ap: 2, eu: 4, us: 4 },
  ],
  // The first match wins; what no weight names weighs 0, and still keeps the object.
  [
    '{mode: divided, weights: [{clusters: {names: [us]}, weight: 1}, {clusters: {matchLabels: {env: test}}, weight: 100}]}',
    { ap: 0, eu: 0, us: 3 },
  ],
  [
    '{mode: divided, weights: [{clusters: {names: [us]}, weight: 0}, {clusters: {all: true}, weight: 1}], total: 4}',
    { ap: 2, eu: 2, us: 0 },
  ],
  ['{mode: divided, total: 9, bounds: [{clusters: {names: [us]}, min: 5}]}', { ap: 2, eu: 2, us: 5 }],
  ['{mode: divided, total: 9, bounds: [{clusters: {names: [us]}, max: 1}]}', { ap: 4, eu: 4, us: 1 }],
  ['{mode: divided, total: 0}', { ap: 0, eu: 0, us: 0 }],
  // A minimum holds also for a cluster that weighs 0.
  [
    '{mode: divided, weights: [{clusters: {names: [eu]}, weight: 1}], bounds: [{clusters: {names: [ap]}, min: 1}]}',
    { ap: 1, eu: 2, us: 0 },
  ],
];

test('divided: one count is shared out, and a cluster that gets none keeps the object with 0', () => {
  for (const [rule, expected] of DIVIDED) {
    const fleet = place(webPlaced(`{clusters: {all: true}, replicas: ${rule}}`));
    assert.deepEqual(print(fleet.diagnostics), [], rule);
    const wanted = Object.fromEntries(
      Object.entries(expected).map(([cluster, count]) => [cluster, `Deployment/web=${count} Service/web`]),
    );
    assert.deepEqual(placed(fleet, 'web'), wanted, rule);
  }
});

test('duplicated: every cluster runs the object’s own count, which nobody writes down twice', () => {
  assert.deepEqual(placed(place(webPlaced('{clusters: {all: true}, replicas: {mode: duplicated}}')), 'web'), {
    ap: BOTH,
    eu: BOTH,
    us: BOTH,
  });
});

/** A workload in place of the Deployment. */
function workload(apiVersion: string, kind: string, spec: string): TestFiles {
  return {
    'apps/web/base/deployment.yaml': `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\nspec: ${spec}\n`,
    'apps/web/base/service.yaml': undefined,
  };
}

test('the count of each kind that has one is divided, and an object without a count counts 1', () => {
  const cases: readonly (readonly [apiVersion: string, kind: string, spec: string, expected: number])[] = [
    ['apps/v1', 'StatefulSet', '{replicas: 5}', 5],
    ['apps/v1', 'ReplicaSet', '{replicas: 5}', 5],
    ['v1', 'ReplicationController', '{replicas: 5}', 5],
    ['batch/v1', 'Job', '{parallelism: 5}', 5],
    ['apps/v1', 'Deployment', '{}', 1],
  ];
  for (const [apiVersion, kind, spec, expected] of cases) {
    const fleet = place(
      webPlaced('{clusters: {names: [eu]}, replicas: {mode: divided}}', workload(apiVersion, kind, spec)),
    );
    assert.deepEqual(placed(fleet, 'web'), { eu: `${kind}/web=${expected}` });
  }
});

test('a count that is no whole number cannot be divided: a variable has a value only on a cluster', () => {
  const cases: readonly (readonly [count: string, shown: string])[] = [
    ['"${vars.replicas|number}"', '"${vars.replicas|number}"'],
    ['"3"', '"3"'],
    ['-1', '-1'],
    ['1.5', '1.5'],
    ['100001', '100001'],
    ['null', 'null'],
  ];
  for (const [count, shown] of cases) {
    const fleet = place(
      webPlaced(
        '{clusters: {all: true}, replicas: {mode: divided}}',
        workload('apps/v1', 'Deployment', `{replicas: ${count}}`),
      ),
    );
    assert.deepEqual(print(fleet.diagnostics), [
      `apps/web/base/deployment.yaml:4:18: REPLICAS_IMPOSSIBLE: the replicas of Deployment "web" cannot be divided: spec.replicas is ${shown}. Write a whole number from 0 to 100000, or give spec.replicas.total in the placement.`,
    ]);
  }
});

test('a total that does not fit its bounds is an error with the numbers', () => {
  const cases: readonly (readonly [rule: string, expected: string])[] = [
    [
      '{mode: divided, bounds: [{clusters: {all: true}, min: 2}]}',
      '3 replicas are fewer than the minima add up to (6)',
    ],
    ['{mode: divided, bounds: [{clusters: {all: true}, max: 0}]}', '3 replicas are more than the maxima add up to (0)'],
    [
      '{mode: divided, weights: [{clusters: {all: true}, weight: 0}]}',
      '3 of 3 replicas have no place: all weights are 0',
    ],
  ];
  for (const [rule, expected] of cases) {
    assert.deepEqual(print(place(webPlaced(`{clusters: {all: true}, replicas: ${rule}}`)).diagnostics), [
      `apps/web/placement.yaml:4:31: REPLICAS_IMPOSSIBLE: the replicas of Deployment "web" cannot be divided: ${expected}. Change the total, the weights or the bounds.`,
    ]);
  }
});

test('a weight or a bound for no cluster of the fleet is a slip, whether by name or by label', () => {
  const cases: readonly (readonly [rule: string, column: number, expected: string])[] = [
    [
      '{mode: divided, weights: [{clusters: {names: [uss]}, weight: 1}]}',
      87,
      'UNKNOWN_NAME: a weight of placement "web": there is no cluster "uss". Did you mean "us"?',
    ],
    [
      '{mode: divided, weights: [{clusters: {matchLabels: {env: prd}}, weight: 1}, {clusters: {all: true}, weight: 1}]}',
      68,
      'NO_CLUSTER_MATCHES: a weight of placement "web" selects no cluster: none has env=prd. Known values of env: prod, test.',
    ],
    [
      '{mode: divided, bounds: [{clusters: {names: ["x*"]}, min: 1}]}',
      86,
      'NO_CLUSTER_MATCHES: a bound of placement "web": the pattern "x*" matches no cluster. The fleet has: ap, eu, us.',
    ],
  ];
  for (const [rule, column, expected] of cases) {
    const { diagnostics } = place(webPlaced(`{clusters: {all: true}, replicas: ${rule}}`));
    assert.deepEqual(print(diagnostics), [`apps/web/placement.yaml:4:${column}: ${expected}`]);
  }
});

test('a placement that divides objects without a count says that it does nothing', () => {
  const spec = '{objects: [{apiVersion: v1, kind: Service}], clusters: {all: true}, replicas: {mode: divided}}';
  const files = webPlaced(spec, { 'apps/web/base/deployment.yaml': undefined });
  const fleet = place(files);
  assert.deepEqual(print(fleet.diagnostics), [
    'warning: apps/web/placement.yaml:4:75: REPLICAS_IMPOSSIBLE: placement "web" divides replicas, and none of its objects has a count. Counts have Deployment, StatefulSet, ReplicaSet, ReplicationController and Job.',
  ]);
  assert.deepEqual(placed(fleet, 'web'), { ap: 'Service/web', eu: 'Service/web', us: 'Service/web' });
});

test('what decided is kept with each object: the clusters, or the rule that divides', () => {
  const { targets } = place(webPlaced('\n  clusters: {names: [eu]}\n  replicas: {mode: divided}'));
  const objects = targets.flatMap(({ apps }) =>
    apps.filter(({ app }) => app === 'web').flatMap((each) => each.objects),
  );
  assert.deepEqual(
    objects.map(({ by }) => `${by.file}:${by.line}:${by.column}`),
    ['apps/web/placement.yaml:6:3', 'apps/web/placement.yaml:5:3'],
  );
});

test('an overlay that selects no cluster is an error, by whatever it selects', () => {
  const patch = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n';
  const overlay = (clusters: string): string => `apiVersion: muster.dev/v1alpha1
kind: Overlay
metadata: {name: more}
spec:
  clusters: ${clusters}
  patches: [{target: {kind: Deployment}, merge: {spec: {paused: true}}}]
`;
  const cases: readonly (readonly [path: string, content: string, expected: string])[] = [
    [
      'apps/web/overlays/eus/d.yaml',
      patch,
      'apps/web/overlays/eus/d.yaml:1:1: UNKNOWN_NAME: overlay "eus": there is no cluster "eus". Did you mean "eu"?',
    ],
    [
      'apps/web/overlays/region=erope/d.yaml',
      patch,
      'apps/web/overlays/region=erope/d.yaml:1:1: NO_CLUSTER_MATCHES: overlay "region=erope" selects no cluster: none has region=erope. Known values of region: america, asia, europe.',
    ],
    [
      'apps/web/overlays/zone=a/d.yaml',
      patch,
      'apps/web/overlays/zone=a/d.yaml:1:1: NO_CLUSTER_MATCHES: overlay "zone=a" selects no cluster: no cluster has a label "zone".',
    ],
    [
      'apps/web/overlays/more.yaml',
      overlay('{names: [mars]}'),
      'apps/web/overlays/more.yaml:5:22: UNKNOWN_NAME: overlay "more": there is no cluster "mars". The fleet has: ap, eu, us.',
    ],
    [
      'apps/web/overlays/more.yaml',
      overlay('{matchExpressions: [{key: env, operator: DoesNotExist}]}'),
      'apps/web/overlays/more.yaml:5:3: NO_CLUSTER_MATCHES: overlay "more" selects no cluster: no cluster fits all of its parts. The fleet has: ap, eu, us.',
    ],
  ];
  for (const [path, content, expected] of cases)
    assert.deepEqual(print(place(fleetWith({ [path]: content })).diagnostics), [expected]);
});

test('an overlay never widens a placement: one for clusters without the app is a warning', () => {
  const files = webPlaced('{clusters: {names: [eu]}}', {
    'apps/web/overlays/us/d.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n',
  });
  const fleet = place(files);
  assert.deepEqual(print(fleet.diagnostics), [
    'warning: apps/web/overlays/us/d.yaml:1:1: NO_CLUSTER_MATCHES: overlay "us" has no effect: the app is not placed on us. An overlay never widens a placement.',
  ]);
  assert.deepEqual(placed(fleet, 'web'), { eu: BOTH });
});

test('an app that waits for an app that is not there on a cluster would wait for ever: a warning says where', () => {
  const files = fleetWith({
    'apps/web/app.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec:\n  namespace: web\n  dependsOn:\n    - other\n',
    'apps/other/placement.yaml': placementFile('other', '{clusters: {names: [eu]}}'),
  });
  assert.deepEqual(print(place(files).diagnostics), [
    'warning: apps/web/app.yaml:7:7: NO_PLACEMENT: app "web" waits for app "other", which no placement puts on ap, us. Place "other" there too, or take it out of dependsOn.',
  ]);
});

test('the order of files changes no placement', () => {
  const reversed = Object.fromEntries(Object.entries(SMALL_FLEET).toReversed());
  assert.deepEqual(
    place(reversed).targets.map(({ apps }) => apps),
    place(SMALL_FLEET).targets.map(({ apps }) => apps),
  );
});

test('what a rule gives each cluster is found once, however many objects are divided', () => {
  const looks = (objects: number): number => {
    const names = Array.from({ length: objects }, (_, index) => `web-${index}`);
    const deployments = names.map(
      (name) =>
        `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: web}\nspec: {replicas: 4}\n`,
    );
    const weights = '[{clusters: {names: [eu]}, weight: 2}, {clusters: {all: true}, weight: 1}]';
    const config = configOf(
      fleetWith({
        'apps/web/base/deployment.yaml': deployments.join('---\n'),
        'apps/web/placement.yaml': placementFile(
          'web',
          `{clusters: {all: true}, replicas: {mode: divided, weights: ${weights}}}`,
        ),
      }),
    );
    let count = 0;
    const watched = ({ clusters, weight }: Weight): Weight => ({
      weight,
      get clusters() {
        count += 1;
        return clusters;
      },
    });
    const apps = config.apps.map((app) => ({
      ...app,
      placements: app.placements.map(({ replicas, ...rest }) => ({
        ...rest,
        ...(replicas === undefined ? {} : { replicas: { ...replicas, weights: replicas.weights?.map(watched) ?? [] } }),
      })),
    }));
    assert.deepEqual(placeFleet({ ...config, apps }, locateIn({})).diagnostics, []);
    return count;
  };

  assert.equal(looks(20), looks(1));
});
