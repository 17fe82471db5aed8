import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster, ClusterSelector, LabelExpression } from '../../src/model/fleet.ts';
import { explainEmpty, matchesCluster, selectClusters } from '../../src/placement/select-clusters.ts';

const NOWHERE = { file: 'placement.yaml', line: 1, column: 1 };

function cluster(name: string, labels: Readonly<Record<string, string>> = {}): Cluster {
  return {
    name,
    labels,
    connection: { kind: 'in-cluster' },
    endpoints: [],
    zones: [],
    variables: {},
    suspend: false,
    origin: NOWHERE,
  };
}

function selector(parts: Partial<Omit<ClusterSelector, 'origin'>>): ClusterSelector {
  return { all: false, matchLabels: {}, matchExpressions: [], ...parts, origin: NOWHERE };
}

const FLEET = [
  cluster('ap', { region: 'asia', env: 'prod' }),
  cluster('eu', { region: 'europe', env: 'prod' }),
  cluster('us-east', { region: 'america', env: 'prod' }),
  cluster('us-test', { region: 'america', env: 'test', lab: '' }),
];

function names(parts: Partial<Omit<ClusterSelector, 'origin'>>): string {
  return selectClusters(selector(parts), FLEET)
    .clusters.map((each) => each.name)
    .join(' ');
}

const SELECTIONS: readonly (readonly [Partial<Omit<ClusterSelector, 'origin'>>, expected: string, why: string])[] = [
  [{ all: true }, 'ap eu us-east us-test', 'every cluster, said aloud'],
  [{ names: ['eu'] }, 'eu', 'a name'],
  [{ names: ['us-east', 'ap'] }, 'ap us-east', 'names, in the order of the fleet'],
  [{ names: ['us-*'] }, 'us-east us-test', 'a glob'],
  [{ names: ['?p', 'eu'] }, 'ap eu', 'a sign for one character'],
  [{ names: ['*'] }, 'ap eu us-east us-test', 'any name'],
  [{ matchLabels: { env: 'prod' } }, 'ap eu us-east', 'a label'],
  [{ matchLabels: { env: 'prod', region: 'america' } }, 'us-east', 'labels are ANDed'],
  [{ matchLabels: { lab: '' } }, 'us-test', 'an empty value is a value'],
  [{ names: ['us-*'], matchLabels: { env: 'prod' } }, 'us-east', 'parts are ANDed'],
  [{ names: ['us-*'], matchLabels: { region: 'europe' } }, '', 'and can select nothing'],
  [{ all: true, exclude: selector({ names: ['us-*'] }) }, 'ap eu', 'exclude wins'],
  [{ names: ['eu'], exclude: selector({ names: ['eu'] }) }, '', 'also over a name'],
  [{ all: true, exclude: selector({ matchLabels: { env: 'prod' } }) }, 'us-test', 'exclude takes labels'],
  [
    { all: true, exclude: selector({ names: ['us-*'], matchLabels: { env: 'test' } }) },
    'ap eu us-east',
    'parts of exclude are ANDed too',
  ],
];

test('a selector selects the clusters that fit all of its parts and are not excluded', () => {
  for (const [parts, expected, why] of SELECTIONS) assert.equal(names(parts), expected, why);
});

const EXPRESSIONS: readonly (readonly [LabelExpression, expected: string])[] = [
  [{ key: 'region', operator: 'In', values: ['asia', 'europe'] }, 'ap eu'],
  [{ key: 'region', operator: 'NotIn', values: ['asia', 'europe'] }, 'us-east us-test'],
  // Kubernetes: NotIn also matches where the key is absent.
  [{ key: 'lab', operator: 'NotIn', values: ['x'] }, 'ap eu us-east us-test'],
  [{ key: 'lab', operator: 'NotIn', values: [''] }, 'ap eu us-east'],
  [{ key: 'lab', operator: 'In', values: ['x'] }, ''],
  [{ key: 'lab', operator: 'Exists', values: [] }, 'us-test'],
  [{ key: 'lab', operator: 'DoesNotExist', values: [] }, 'ap eu us-east'],
];

test('expressions mean what they mean in label selectors of Kubernetes', () => {
  for (const [expression, expected] of EXPRESSIONS) {
    assert.equal(names({ matchExpressions: [expression] }), expected, JSON.stringify(expression));
  }
  const both = EXPRESSIONS.slice(0, 2).map(([expression]) => expression);
  assert.equal(names({ matchExpressions: both }), '', 'expressions are ANDed');
});

test('labels are own properties: a cluster does not carry what every JavaScript object has', () => {
  assert.equal(names({ matchExpressions: [{ key: 'constructor', operator: 'Exists', values: [] }] }), '');
  assert.equal(
    names({ matchExpressions: [{ key: 'toString', operator: 'DoesNotExist', values: [] }] }),
    'ap eu us-east us-test',
  );
});

function problems(parts: Partial<Omit<ClusterSelector, 'origin'>>, clusters = FLEET): readonly string[] {
  return selectClusters(selector(parts), clusters).problems.map(({ code, message, help }) =>
    [code, message, ...(help === undefined ? [] : [help])].join(' | '),
  );
}

test('a name that no cluster has is a slip, and the nearest one is suggested', () => {
  assert.deepEqual(problems({ names: ['us-eest'] }), [
    'UNKNOWN_NAME | there is no cluster "us-eest" | Did you mean "us-east"?',
  ]);
  assert.deepEqual(problems({ names: ['mars'] }), [
    'UNKNOWN_NAME | there is no cluster "mars" | The fleet has: ap, eu, us-east, us-test.',
  ]);
  assert.deepEqual(problems({ names: ['EU'] }), ['UNKNOWN_NAME | there is no cluster "EU" | Did you mean "eu"?']);
  assert.deepEqual(problems({ all: true, exclude: selector({ names: ['us-tset'] }) }), [
    'UNKNOWN_NAME | there is no cluster "us-tset" | Did you mean "us-test"?',
  ]);
});

test('a pattern that matches no cluster, and one that is no pattern for names, are slips too', () => {
  assert.deepEqual(problems({ names: ['eu', 'af-*'] }), [
    'NO_CLUSTER_MATCHES | the pattern "af-*" matches no cluster | The fleet has: ap, eu, us-east, us-test.',
  ]);
  assert.deepEqual(problems({ names: ['{eu,ap}'] }), [
    'BAD_GLOB | the pattern "{eu,ap}" holds braces; list the names one by one',
  ]);
});

test('in a large fleet a message names only the first clusters', () => {
  const large = Array.from({ length: 100 }, (_, index) => cluster(`c${String(index).padStart(3, '0')}`));
  const [problem = ''] = problems({ names: ['elsewhere'] }, large);
  assert.match(problem, /The fleet has: c000, c001, .*, c019 and 80 more\.$/);
});

test('an empty selection says what there would have been', () => {
  const cases: readonly (readonly [Partial<Omit<ClusterSelector, 'origin'>>, string])[] = [
    [{ matchLabels: { region: 'eruope' } }, 'none has region=eruope. Known values of region: america, asia, europe'],
    [{ matchLabels: { zone: 'a' } }, 'no cluster has a label "zone"'],
    [
      { matchLabels: { region: 'europe', env: 'test' } },
      'no cluster fits all of its parts. The fleet has: ap, eu, us-east, us-test',
    ],
  ];
  for (const [parts, expected] of cases) assert.equal(explainEmpty(selector(parts), FLEET), expected);
});

test('whether one cluster matches agrees with what is selected', () => {
  for (const [parts] of SELECTIONS) {
    const matching = FLEET.filter((each) => matchesCluster(selector(parts), each)).map((each) => each.name);
    assert.equal(matching.join(' '), names(parts));
  }
});
