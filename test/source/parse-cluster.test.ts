import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  check,
  clusterFile,
  configOf,
  fleetWith,
  marked,
  renderFiles,
  type TestFiles,
} from '../support/fleet-files.ts';

/** Cluster `eu` with this `spec` in flow style, on line 4. */
function cluster(spec: string, metadata = '{name: eu}'): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: Cluster\nmetadata: ${metadata}\nspec: ${spec}\n`;
}

function unusable(files: TestFiles): readonly string[] {
  assert.equal(renderFiles(files).state, 'unusable');
  return check(files);
}

test('a cluster says who it is, where it is and what is special about it', () => {
  const content = `apiVersion: muster.dev/v1alpha1
kind: Cluster
metadata: {name: eu, labels: {region: eu, env: prod}}
spec:
  connection: {secretRef: {name: eu-kubeconfig}}
  endpoints: [https://vip:6443, "https://[2001:db8::1]:6443/prefix"]
  provider: linode
  region: eu
  zones: [eu-west-1a]
  uid: 6f1c
  kubernetesVersion: "1.36"
  variables: {network: network3, replicas: 3, debug: false}
  suspend: true
`;
  const { clusters } = configOf(fleetWith({ 'clusters/eu.yaml': content }));
  assert.deepEqual(
    clusters.find(({ name }) => name === 'eu'),
    {
      name: 'eu',
      labels: { region: 'eu', env: 'prod' },
      connection: { kind: 'secret', name: 'eu-kubeconfig' },
      endpoints: ['https://vip:6443', 'https://[2001:db8::1]:6443/prefix'],
      provider: 'linode',
      region: 'eu',
      zones: ['eu-west-1a'],
      uid: '6f1c',
      kubernetesVersion: '1.36',
      variables: { network: 'network3', replicas: 3, debug: false },
      suspend: true,
      origin: { file: 'clusters/eu.yaml', line: 1, column: 1, document: 0, pointer: '' },
    },
  );
});

test('credentials come from exactly one place', () => {
  const kinds: readonly (readonly [connection: string, kind: string])[] = [
    ['{context: eu}', 'context'],
    ['{secretRef: {name: eu}}', 'secret'],
    ['{inCluster: true}', 'in-cluster'],
  ];
  for (const [connection, kind] of kinds) {
    const { clusters } = configOf(fleetWith({ 'clusters/eu.yaml': cluster(`{connection: ${connection}}`) }));
    assert.equal(clusters.find(({ name }) => name === 'eu')?.connection.kind, kind);
  }
});

/** `‸` marks where the message points. */
const WRONG: readonly (readonly [spec: string, expected: string])[] = [
  ['{connection: ‸{}}', 'BAD_VALUE: connection needs exactly one of secretRef, context and inCluster.'],
  [
    '{connection: ‸{context: eu, inCluster: true}}',
    'BAD_VALUE: connection needs exactly one of secretRef, context and inCluster.',
  ],
  [
    '{connection: {‸contxt: eu}}',
    'UNKNOWN_FIELD: Cluster has no field "spec.connection.contxt". Did you mean "context"?',
  ],
  ['{connection: {context: ‸7}}', 'BAD_VALUE: "spec.connection.context" must be text. Put it in quotes.'],
  ['{connection: {inCluster: ‸false}}', 'BAD_VALUE: "spec.connection.inCluster" must be true.'],
  [
    '{connection: {‸secretRef: {}}}',
    'MISSING_FIELD: Cluster needs "spec.connection.secretRef.name", which must be text.',
  ],
  [
    '{connection: {context: eu}, ‸token: abc}',
    'UNKNOWN_FIELD: Cluster has no field "spec.token". Known are: connection, endpoints, provider, region, zones, taints, uid, kubernetesVersion, variables, suspend.',
  ],
  [
    '{connection: {context: eu}, endpoints: [‸vip:6443]}',
    'BAD_VALUE: "spec.endpoints.0" must be an address such as https://host:6443.',
  ],
  ['{connection: {context: eu}, endpoints: ‸https://vip}', 'BAD_VALUE: "spec.endpoints" must be a list.'],
  [
    '{connection: {context: eu}, kubernetesVersion: ‸1.36}',
    'BAD_VALUE: "spec.kubernetesVersion" must be text. Put it in quotes.',
  ],
  [
    '{connection: {context: eu}, kubernetesVersion: ‸"2"}',
    'BAD_VALUE: "spec.kubernetesVersion" must be a version such as "1.36".',
  ],
  [
    '{connection: {context: eu}, variables: {a: ‸[1]}}',
    'BAD_VALUE: "spec.variables.a" must be text, a number, true or false.',
  ],
  [
    '{connection: {context: eu}, variables: {a: ‸null}}',
    'BAD_VALUE: "spec.variables.a" must be text, a number, true or false.',
  ],
  ['{connection: {context: eu}, zones: [a, ‸2]}', 'BAD_VALUE: "spec.zones.1" must be text. Put it in quotes.'],
  ['{connection: {context: eu}, region: ‸""}', 'BAD_VALUE: "spec.region" must not be empty.'],
];

test('a wrong cluster makes the revision unusable: placement and division of every app depend on it', () => {
  for (const [spec, expected] of WRONG) {
    const { text, place } = marked(cluster(spec));
    assert.deepEqual(
      unusable(fleetWith({ 'clusters/eu.yaml': text })),
      [`clusters/eu.yaml:${place}: ${expected}`],
      spec,
    );
  }
});

test('a cluster without spec or connection says what it needs', () => {
  assert.deepEqual(unusable(fleetWith({ 'clusters/eu.yaml': cluster('{}') })), [
    'clusters/eu.yaml:4:1: MISSING_FIELD: Cluster needs "spec.connection", which must be a map.',
  ]);
  const content = 'apiVersion: muster.dev/v1alpha1\nkind: Cluster\nmetadata: {name: eu}\n';
  assert.deepEqual(unusable(fleetWith({ 'clusters/eu.yaml': content })), [
    'clusters/eu.yaml:1:1: MISSING_FIELD: Cluster needs "spec", which must be a map.',
  ]);
});

const NAME = 'must be lower-case letters, digits and "-", with a letter or digit at both ends';

test('the name of a cluster is a label of RFC 1123, so that it fits file names, labels and statuses', () => {
  const names: readonly (readonly [metadata: string, expected: string])[] = [
    ['{name: ‸EU}', `BAD_VALUE: "metadata.name" ${NAME}.`],
    ['{name: ‸eu.west}', `BAD_VALUE: "metadata.name" ${NAME}.`],
    ['{name: ‸eu/west}', `BAD_VALUE: "metadata.name" ${NAME}.`],
    ['{name: ‸eu-}', `BAD_VALUE: "metadata.name" ${NAME}.`],
    ['{name: ‸""}', `BAD_VALUE: "metadata.name" ${NAME}.`],
    [`{name: ‸${'e'.repeat(64)}}`, 'BAD_VALUE: "metadata.name" must have at most 63 characters.'],
    ['{name: ‸on}', 'BAD_VALUE: "metadata.name" must be text. Put it in quotes.'],
    ['‸{}', 'MISSING_FIELD: Cluster needs "metadata.name", which must be text.'],
  ];
  for (const [metadata, expected] of names) {
    const { text, place } = marked(cluster('{connection: {context: eu}}', metadata));
    const lines = unusable(fleetWith({ 'clusters/eu.yaml': text }));
    const where = metadata === '‸{}' ? '3:1' : place;
    assert.ok(lines.includes(`clusters/eu.yaml:${where}: ${expected}`), lines.join('\n'));
  }
});

test('a cluster cannot take the name of a status that the fleet has itself', () => {
  for (const name of ['fleet', 'drift']) {
    assert.deepEqual(unusable(fleetWith({ 'clusters/more.yaml': clusterFile(name, '{}') })), [
      `clusters/more.yaml:4:9: BAD_NAME: a cluster cannot be called "${name}": the commit status muster/${name} is the fleet's own. Give it another name.`,
    ]);
  }
});

test('labels are text, as in Kubernetes', () => {
  const { text, place } = marked(cluster('{connection: {context: eu}}', '{name: eu, labels: {canary: ‸true}}'));
  assert.deepEqual(unusable(fleetWith({ 'clusters/eu.yaml': text })), [
    `clusters/eu.yaml:${place}: BAD_VALUE: "metadata.labels.canary" must be text. Put it in quotes.`,
  ]);
});

test('two clusters of one name are an error that names both', () => {
  assert.deepEqual(unusable(fleetWith({ 'clusters/europe.yaml': clusterFile('eu', '{}') })), [
    'clusters/europe.yaml:1:1: DUPLICATE_NAME: there is another cluster "eu" in clusters/eu.yaml:1. Give each a name of its own.',
  ]);
});

test('only clusters stand in clusters/', () => {
  const cases: readonly (readonly [content: string, expected: string])[] = [
    [
      'apiVersion: v1\nkind: Secret\nmetadata: {name: eu}\n',
      'clusters/more.yaml:2:7: MISPLACED_FILE: Secret of "v1" has no meaning in clusters/. clusters/ takes Cluster of muster.dev/v1alpha1.',
    ],
    [
      'apiVersion: muster.dev/v1alpha1\nkind: Clutser\nmetadata: {name: eu}\n',
      'clusters/more.yaml:2:7: UNKNOWN_KIND: Muster has no kind "Clutser". Did you mean "Cluster"?',
    ],
    [
      'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: eu}\n',
      'clusters/more.yaml:2:7: MISPLACED_FILE: kind Fleet has no meaning in clusters/. It belongs to fleet.yaml.',
    ],
    [
      'just text\n',
      'clusters/more.yaml:1:1: NOT_A_MANIFEST: the document is no map. clusters/ takes Cluster of muster.dev/v1alpha1.',
    ],
  ];
  for (const [content, expected] of cases)
    assert.deepEqual(unusable(fleetWith({ 'clusters/more.yaml': content })), [expected]);
});
