import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Placement } from '../../src/model/fleet.ts';
import { check, configOf, fleetWith, marked, placementFile, renderedOf } from '../support/fleet-files.ts';

function placements(content: string): readonly Placement[] {
  const { apps } = configOf(fleetWith({ 'apps/web/placement.yaml': content }));
  return apps.find(({ name }) => name === 'web')?.placements ?? [];
}

test('a placement says which objects go where, and how many replicas', () => {
  const content = `apiVersion: muster.dev/v1alpha1
kind: Placement
metadata: {name: web}
spec:
  objects:
    - {apiVersion: apps/v1, kind: Deployment, name: web, namespace: web}
    - {apiVersion: v1, kind: Service}
  clusters:
    all: true
    names: [eu, "u*"]
    matchLabels: {env: prod}
    matchExpressions: [{key: region, operator: In, values: [europe, america]}, {key: lab, operator: DoesNotExist}]
    exclude: {names: [us]}
  replicas:
    mode: divided
    total: 10
    weights: [{clusters: {names: [eu]}, weight: 2}]
    bounds: [{clusters: {names: [eu]}, min: 1, max: 5}, {clusters: {all: true}, max: 10}]
`;
  const at = (line: number, column: number): object => ({ file: 'apps/web/placement.yaml', line, column });
  const selector = { all: false, matchLabels: {}, matchExpressions: [] };
  assert.deepEqual(placements(content), [
    {
      name: 'web',
      objects: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace: 'web', origin: at(6, 7) },
        { apiVersion: 'v1', kind: 'Service', origin: at(7, 7) },
      ],
      clusters: {
        all: true,
        names: ['eu', 'u*'],
        nameOrigins: [at(10, 13), at(10, 17)],
        matchLabels: { env: 'prod' },
        matchExpressions: [
          { key: 'region', operator: 'In', values: ['europe', 'america'] },
          { key: 'lab', operator: 'DoesNotExist', values: [] },
        ],
        exclude: { ...selector, names: ['us'], nameOrigins: [at(13, 23)], origin: at(13, 5) },
        origin: at(8, 3),
      },
      replicas: {
        mode: 'divided',
        total: 10,
        weights: [
          { clusters: { ...selector, names: ['eu'], nameOrigins: [at(17, 35)], origin: at(17, 16) }, weight: 2 },
        ],
        bounds: [
          { clusters: { ...selector, names: ['eu'], nameOrigins: [at(18, 34)], origin: at(18, 15) }, min: 1, max: 5 },
          { clusters: { ...selector, all: true, origin: at(18, 58) }, min: 0, max: 10 },
        ],
        origin: at(14, 3),
      },
      origin: { ...at(1, 1), document: 0, pointer: '' },
    },
  ]);
});

/** `‸` marks where the message points. */
const WRONG: readonly (readonly [spec: string, expected: string])[] = [
  [
    '{clusters: ‸{}}',
    'NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
  ],
  [
    '{clusters: ‸{matchLabels: {}}}',
    'NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
  ],
  [
    '{clusters: ‸{exclude: {names: [eu]}}}',
    'NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
  ],
  [
    '{clusters: {all: true, exclude: ‸{}}}',
    'NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
  ],
  ['{clusters: {all: ‸false}}', 'BAD_VALUE: "spec.clusters.all" must be true.'],
  ['{clusters: {names: ‸[]}}', 'BAD_VALUE: "spec.clusters.names" must not be empty.'],
  ['{clusters: {names: ‸eu}}', 'BAD_VALUE: "spec.clusters.names" must be a list.'],
  ['{clusters: {names: [‸on]}}', 'BAD_VALUE: "spec.clusters.names.0" must be text. Put it in quotes.'],
  [
    '{clusters: {‸matchLabel: {env: prod}}}',
    'UNKNOWN_FIELD: Placement has no field "spec.clusters.matchLabel". Did you mean "matchLabels"?',
  ],
  [
    '{clusters: {matchLabels: {canary: ‸true}}}',
    'BAD_VALUE: "spec.clusters.matchLabels.canary" must be text. Put it in quotes.',
  ],
  [
    '{clusters: {all: true, exclude: {‸exclude: {}, names: [eu]}}}',
    'UNKNOWN_FIELD: Placement has no field "spec.clusters.exclude.exclude". Known are: all, names, matchLabels, matchExpressions, matchFields.',
  ],
  [
    '{clusters: {matchExpressions: [{key: region, operator: ‸in, values: [a]}]}}',
    'BAD_VALUE: "spec.clusters.matchExpressions.0.operator" must be "In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt". Did you mean "In"?',
  ],
  ['{clusters: {matchExpressions: [{key: region, operator: ‸In}]}}', 'BAD_VALUE: operator In needs values.'],
  [
    '{clusters: {matchExpressions: [{key: region, operator: ‸NotIn, values: []}]}}',
    'BAD_VALUE: operator NotIn needs values.',
  ],
  [
    '{clusters: {matchExpressions: [{key: region, operator: ‸Exists, values: [a]}]}}',
    'BAD_VALUE: operator Exists takes no values.',
  ],
  [
    '{clusters: {matchExpressions: [‸{operator: Exists}]}}',
    'MISSING_FIELD: Placement needs "spec.clusters.matchExpressions.0.key", which must be text.',
  ],
  ['{clusters: ‸[eu]}', 'BAD_VALUE: "spec.clusters" must be a map.'],
  ['{clusters: {all: true}, objects: ‸[]}', 'BAD_VALUE: "spec.objects" must not be empty.'],
  [
    '{clusters: {all: true}, objects: [‸{apiVersion: v1}]}',
    'MISSING_FIELD: Placement needs "spec.objects.0.kind", which must be text.',
  ],
  [
    '{clusters: {all: true}, objects: [{apiVersion: v1, kind: Service, ‸labels: {}}]}',
    'UNKNOWN_FIELD: Placement has no field "spec.objects.0.labels". Known are: apiVersion, kind, name, namespace.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: ‸divide}}',
    'BAD_VALUE: "spec.replicas.mode" must be "duplicated" or "divided". Did you mean "divided"?',
  ],
  [
    '{clusters: {all: true}, ‸replicas: {total: 5}}',
    'MISSING_FIELD: Placement needs "spec.replicas.mode", which must be "duplicated" or "divided".',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: ‸duplicated, total: 5}}',
    'BAD_VALUE: mode duplicated takes no total, method, weights or bounds. Write "mode: divided", or remove them.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, total: ‸-1}}',
    'BAD_VALUE: "spec.replicas.total" must be at least 0.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, total: ‸100001}}',
    'BAD_VALUE: "spec.replicas.total" must be at most 100000.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, total: ‸"5"}}',
    'BAD_VALUE: "spec.replicas.total" must be a number.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, weights: ‸[]}}',
    'BAD_VALUE: "spec.replicas.weights" must not be empty.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, weights: [{clusters: {all: true}, weight: ‸1.5}]}}',
    'BAD_VALUE: "spec.replicas.weights.0.weight" must be a whole number.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, weights: [{clusters: {all: true}, weight: ‸1000001}]}}',
    'BAD_VALUE: "spec.replicas.weights.0.weight" must be at most 1000000.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, bounds: [‸{clusters: {all: true}, min: 3, max: 2}]}}',
    'BAD_VALUE: min 3 is more than max 2.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, bounds: [{clusters: ‸{}, min: 3}]}}',
    'NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
  ],
  [
    '{clusters: {all: true}, replicas: {mode: divided, ‸strategy: x}}',
    'UNKNOWN_FIELD: Placement has no field "spec.replicas.strategy". Known are: mode, method, total, weights, otherwiseEven, bounds.',
  ],
];

test('a wrong placement holds its app, and is named with its line and column', () => {
  for (const [spec, expected] of WRONG) {
    const { text, place } = marked(placementFile('web', spec));
    const files = fleetWith({ 'apps/web/placement.yaml': text });
    const errors = check(files).filter((line) => !line.startsWith('warning: '));
    assert.deepEqual(errors, [`apps/web/placement.yaml:${place}: ${expected}`], spec);
    assert.ok(
      renderedOf(files).clusters.every(({ apps }) => apps.find(({ name }) => name === 'web')?.state === 'held'),
    );
  }
});
