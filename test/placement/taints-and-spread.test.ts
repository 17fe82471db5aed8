import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  check,
  clusterFile,
  fleetWith,
  marked,
  placementFile,
  renderedOf,
  type TestFiles,
} from '../support/fleet-files.ts';

/** The small fleet with other clusters: `eu` and `ap` in regions and zones, `us` in none. */
function fleet(spec: string, taints: Readonly<Record<string, string>> = {}): TestFiles {
  const taint = (name: string): string => (taints[name] === undefined ? '' : `  taints: [${taints[name]}]\n`);
  return fleetWith({
    'clusters/ap.yaml': clusterFile(
      'ap',
      '{size: "9"}',
      `  provider: big\n  region: asia\n  zones: [a1]\n${taint('ap')}`,
    ),
    'clusters/eu.yaml': clusterFile(
      'eu',
      '{size: "10"}',
      `  provider: big\n  region: europe\n  zones: [e1, e2]\n${taint('eu')}`,
    ),
    'clusters/us.yaml': clusterFile('us', '{size: large}', `  provider: small\n${taint('us')}`),
    'apps/other/placement.yaml': placementFile('other', '{clusters: {all: true}, tolerations: [{operator: Exists}]}'),
    'apps/web/placement.yaml': placementFile('web', spec),
  });
}

function clusters(files: TestFiles): readonly string[] {
  const there = renderedOf(files).clusters.filter(({ apps }) =>
    apps.some(({ name, state }) => name === 'web' && state === 'rendered'),
  );
  return there.map(({ cluster }) => cluster.name);
}

test('clusters are selected by what they say of themselves, and labels as numbers', () => {
  const by = (selector: string): readonly string[] => clusters(fleet(`{clusters: {${selector}}}`));
  assert.deepEqual(by('matchFields: [{key: provider, operator: In, values: [big]}]'), ['ap', 'eu']);
  assert.deepEqual(by('matchFields: [{key: region, operator: DoesNotExist}]'), ['us']);
  assert.deepEqual(by('matchFields: [{key: zone, operator: In, values: [e1]}]'), []);
  assert.deepEqual(by('matchFields: [{key: zone, operator: In, values: [e1, e2, e3]}]'), ['eu']);
  assert.deepEqual(by('matchFields: [{key: zone, operator: NotIn, values: [e1]}]'), ['ap', 'us']);
  assert.deepEqual(by('matchExpressions: [{key: size, operator: Gt, values: ["9"]}]'), ['eu']);
  assert.deepEqual(by('matchExpressions: [{key: size, operator: Lt, values: ["10"]}]'), ['ap']);
});

test('a comparison needs one whole number', () => {
  const { text, place } = marked(
    placementFile('web', '{clusters: {matchExpressions: [{key: size, operator: ‸Gt, values: [big]}]}}'),
  );
  assert.deepEqual(check(fleetWith({ 'apps/web/placement.yaml': text })), [
    `apps/web/placement.yaml:${place}: BAD_VALUE: operator Gt needs one value, a whole number in quotes.`,
  ]);
});

test('a taint keeps every placement away that does not tolerate it', () => {
  const taints = {
    ap: '{key: new, effect: NoExecute}',
    eu: '{key: old, value: "1", effect: NoSchedule}',
    us: '{key: busy, effect: PreferNoSchedule}',
  };
  const tolerating = (list: string): readonly string[] =>
    clusters(fleet(`{clusters: {all: true}, tolerations: [${list}]}`, taints));
  assert.deepEqual(tolerating(''), ['us']);
  assert.deepEqual(tolerating('{key: new, operator: Exists}'), ['ap', 'us']);
  assert.deepEqual(tolerating('{key: new, operator: Exists, effect: NoSchedule}'), ['us']);
  assert.deepEqual(tolerating('{key: old, value: "1"}'), ['eu', 'us']);
  assert.deepEqual(tolerating('{key: old, value: "2"}'), ['us']);
  assert.deepEqual(tolerating('{operator: Exists}'), ['ap', 'eu', 'us']);
});

test('a taint that leaves nothing of a selection is an error', () => {
  const files = fleet('{clusters: {names: [eu]}}', { eu: '{key: old, effect: NoSchedule}' });
  assert.deepEqual(check(files), [
    'apps/web/placement.yaml:4:8: NO_CLUSTER_MATCHES: placement "web" selects only clusters with a taint that it does not tolerate: eu has the taint old:NoSchedule. Add a toleration, or take the taint from the cluster.',
  ]);
});

test('a spread asks for groups, and leaves out clusters that are in none', () => {
  const spread = (rules: string): TestFiles => fleet(`{clusters: {all: true}, spread: [${rules}]}`);
  assert.deepEqual(clusters(spread('{by: region, min: 2}')), ['ap', 'eu']);
  assert.deepEqual(check(spread('{by: region, min: 3}')), [
    'apps/web/placement.yaml:4:40: NO_CLUSTER_MATCHES: placement "web" selects 2 regions (asia, europe) and must spread over at least 3. Select more, or lower the minimum.',
  ]);
  assert.deepEqual(check(spread('{by: cluster, max: 2}')), [
    'apps/web/placement.yaml:4:40: NOT_SUPPORTED: placement "web" selects 3 clusters (ap, eu, us) and may spread over at most 2: which to take depends on free capacity, which is not known here. Select those that should have it.',
  ]);
});
