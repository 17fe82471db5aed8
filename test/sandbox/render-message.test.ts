import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RenderedFleet } from '../../src/model/render.ts';
import { renderFleet } from '../../src/reconcile.ts';
import { parseAnswer, printAnswer } from '../../src/sandbox/render-message.ts';

test('a rendered fleet comes out of the other process as it went in', () => {
  const fleet = render({ eu: 'verbose', us: 'quiet', ap: 'verbose' });

  assert.deepEqual(parseAnswer(print(fleet)), { state: 'rendered', fleet });
});

test('clusters that get the same manifest share one in memory, and it is printed once', () => {
  const lines = print(render({ eu: 'verbose', us: 'quiet', ap: 'verbose' }));
  const answer = parseAnswer(lines);

  assert.ok(answer?.state === 'rendered');
  const [ap, eu, us] = answer.fleet.clusters.map((cluster) => cluster.apps[0]?.manifests);
  assert.equal(ap?.[1], eu?.[1], 'ap and eu have one log configuration');
  assert.notEqual(us?.[1], eu?.[1], 'us has another');
  assert.equal(us?.[0], eu?.[0], 'the banner is the same everywhere');
  assert.equal(lines.filter((line) => line.includes('welcome')).length, 1);
});

test('an answer without its end is none', () => {
  const lines = print(render({ eu: 'verbose' }));

  assert.equal(parseAnswer(lines.slice(0, -1)), undefined);
});

test('an answer that was cut in a line is none', () => {
  const lines = print(render({ eu: 'verbose' }));

  assert.equal(parseAnswer([...lines.slice(0, 2), (lines[2] ?? '').slice(0, 20), 'end']), undefined);
});

test('an answer in which a cluster has a manifest that was not printed is none', () => {
  const lines = print(render({ eu: 'verbose' }));
  const manifest = lines.findIndex((line) => line.startsWith('{"manifest"'));

  assert.equal(parseAnswer(lines.toSpliced(manifest, 1)), undefined);
});

test('what is no answer at all is none', () => {
  for (const lines of [
    [],
    [''],
    ['"end"'],
    ['null', '"end"'],
    ['[]', '"end"'],
    ['{"state":"rendered"}', '"end"'],
    ['{"state":"rendered","fleet":[]}', '"end"'],
    ['{"state":"else","fleet":{}}', '"end"'],
    ['{"state":"rendered","fleet":{}}', '{"cluster":{"apps":[5]}}', '"end"'],
    ['{"state":"rendered","fleet":{}}', '{"cluster":{"apps":[{"manifests":[0]}]}}', '"end"'],
    ['{"state":"rendered","fleet":{}}', 'Segmentation fault', '"end"'],
  ]) {
    assert.equal(parseAnswer(lines), undefined, lines.join(' '));
  }
});

function print(fleet: RenderedFleet): readonly string[] {
  return [...printAnswer({ state: 'rendered', fleet })].map((line) => line.trimEnd());
}

/** A ConfigMap that is the same everywhere and one that holds each cluster's variable `level`. */
function render(levels: Readonly<Record<string, string>>): RenderedFleet {
  const files: Record<string, string> = {
    'fleet.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\n',
    'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web}\n',
    'apps/web/placement.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: web}\nspec: {clusters: {all: true}}\n',
    'apps/web/base/banner.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: banner}\ndata: {text: welcome}\n',
    'apps/web/base/log.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: log}\ndata: {level: "${vars.level}"}\n',
  };
  for (const [name, level] of Object.entries(levels)) {
    files[`clusters/${name}.yaml`] =
      `apiVersion: muster.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: {connection: {context: ${name}}, variables: {level: ${level}}}\n`;
  }
  const snapshot = {
    revision: '0123456789abcdef0123456789abcdef01234567',
    files: Object.entries(files).map(([path, text]) => ({
      kind: 'file' as const,
      path,
      oid: path,
      bytes: Buffer.from(text),
    })),
  };
  const result = renderFleet(snapshot);
  assert.ok(result.state === 'rendered', JSON.stringify(result));
  assert.deepEqual(result.fleet.diagnostics, []);
  return result.fleet;
}
