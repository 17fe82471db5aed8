import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { mergeDiagnostics } from '../../src/render/merge-diagnostics.ts';
import { placeFleet } from '../../src/placement/place-fleet.ts';
import { configOf, fleetWith, locateIn, placementFile, print } from '../support/fleet-files.ts';

/** App `web` on eu and us, `other` on all three. */
const files = fleetWith({ 'apps/web/placement.yaml': placementFile('web', '{clusters: {names: [eu, us]}}') });
const { targets } = placeFleet(configOf(files), locateIn(files));

function diagnostic(parts: Partial<Omit<Diagnostic, 'origin'>> & { readonly at?: string }): Diagnostic {
  const { at = 'a.yaml:1:1', ...rest } = parts;
  const [file = '', line, column] = at.split(':');
  return {
    code: 'BAD_VALUE',
    severity: 'error',
    message: 'wrong',
    ...rest,
    origin: { file, line: Number(line), column: Number(column) },
  };
}

function merged(...diagnostics: readonly Diagnostic[]): readonly string[] {
  return print(mergeDiagnostics(diagnostics, targets));
}

test('what is wrong on every cluster that has the app is said once, without a cluster', () => {
  const everywhere = ['eu', 'us'].map((cluster) => diagnostic({ app: 'web', cluster }));
  assert.deepEqual(merged(...everywhere), ['a.yaml:1:1: BAD_VALUE: wrong.']);
});

test('what is wrong on some of them names each', () => {
  const some = ['us', 'ap'].map((cluster) => diagnostic({ app: 'other', cluster }));
  assert.deepEqual(merged(...some), ['a.yaml:1:1: BAD_VALUE: on ap: wrong.', 'a.yaml:1:1: BAD_VALUE: on us: wrong.']);
});

test('the same thing said twice is said once, and what is said of all is not said of one', () => {
  assert.deepEqual(merged(diagnostic({ app: 'web' }), diagnostic({ app: 'web' })), ['a.yaml:1:1: BAD_VALUE: wrong.']);
  assert.deepEqual(merged(diagnostic({ app: 'web', cluster: 'eu' }), diagnostic({ app: 'web' })), [
    'a.yaml:1:1: BAD_VALUE: wrong.',
  ]);
  assert.deepEqual(merged(diagnostic({ app: 'web', cluster: 'eu' }), diagnostic({ app: 'web', cluster: 'eu' })), [
    'a.yaml:1:1: BAD_VALUE: on eu: wrong.',
  ]);
});

test('two places, two messages, two codes and two apps are different things', () => {
  const all = [
    diagnostic({ app: 'web' }),
    diagnostic({ app: 'web', at: 'a.yaml:1:2' }),
    diagnostic({ app: 'web', message: 'other' }),
    diagnostic({ app: 'web', code: 'BAD_NAME' }),
    diagnostic({ app: 'other' }),
    diagnostic({ app: 'web', severity: 'warning' }),
  ];
  assert.equal(merged(...all).length, all.length);
});

test('worst first: what stops everything, what stops an app, warnings; then by file, line, column and cluster', () => {
  const lines = merged(
    diagnostic({ severity: 'warning', at: 'a.yaml:1:1' }),
    diagnostic({ app: 'web', at: 'b.yaml:10:1' }),
    diagnostic({ app: 'web', at: 'b.yaml:9:2' }),
    diagnostic({ app: 'web', at: 'b.yaml:9:1' }),
    diagnostic({ app: 'other', at: 'B.yaml:9:1', cluster: 'us' }),
    diagnostic({ app: 'other', at: 'B.yaml:9:1', cluster: 'eu' }),
    diagnostic({ at: 'z.yaml:1:1' }),
  );
  assert.deepEqual(
    lines.map((line) => line.replace(': wrong.', '')),
    [
      'z.yaml:1:1: BAD_VALUE',
      'B.yaml:9:1: BAD_VALUE: on eu',
      'B.yaml:9:1: BAD_VALUE: on us',
      'b.yaml:9:1: BAD_VALUE',
      'b.yaml:9:2: BAD_VALUE',
      'b.yaml:10:1: BAD_VALUE',
      'warning: a.yaml:1:1: BAD_VALUE',
    ],
  );
});

test('which clusters have an app is looked up once for all diagnostics, and only where several clusters have the same', () => {
  let looks = 0;
  const watched = targets.map(({ cluster, apps }) => ({
    cluster,
    get apps() {
      looks += 1;
      return apps;
    },
  }));
  const many = (clusters: readonly string[]): readonly Diagnostic[] =>
    Array.from({ length: 100 }, (_, line) =>
      clusters.map((cluster) => diagnostic({ app: 'other', cluster, at: `a.yaml:${line + 1}:1` })),
    ).flat();
  assert.equal(mergeDiagnostics(many(['eu']), watched).length, 100);
  assert.equal(looks, 0);
  assert.equal(mergeDiagnostics(many(['ap', 'eu', 'us']), watched).length, 100);
  assert.equal(looks, 3);
});
