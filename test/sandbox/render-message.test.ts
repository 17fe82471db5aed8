import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RenderedFleet } from '../../src/model/render.ts';
import { createRenderCache, renderFleet } from '../../src/reconcile.ts';
import { noPartsReceived, noPartsSent, parseAnswer, printAnswer } from '../../src/sandbox/render-message.ts';

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

test('what crossed with an answer before does not cross again', () => {
  const sent = noPartsSent();
  const first = [...printAnswer({ state: 'rendered', fleet: render({ eu: 'verbose', us: 'quiet' }) }, sent)];
  const fleet = render({ eu: 'verbose', us: 'quiet' });
  const again = [...printAnswer({ state: 'rendered', fleet }, sent)];
  const same = [...printAnswer({ state: 'rendered', fleet }, sent)];

  assert.equal(first.length, again.length, 'a fleet rendered without a cache has only new objects');
  assert.equal(same.length, 3, 'the same objects are named by their numbers');
});

test('answers that follow each other come out as they went in, whatever came before', () => {
  const level = fc.constantFrom('verbose', 'quiet', 'silent');
  const levels = fc.record({ eu: level, us: level, ap: level }, { requiredKeys: [] });
  const nonEmpty = levels.filter((each) => Object.keys(each).length > 0);
  const property = fc.property(fc.array(nonEmpty, { minLength: 2, maxLength: 8 }), (history) => {
    const [cache, sent, received] = [createRenderCache(), noPartsSent(), noPartsReceived()];
    for (const each of history) {
      const fleet = render(each, cache);
      const lines = [...printAnswer({ state: 'rendered', fleet }, sent)].map((line) => line.trimEnd());
      assert.deepEqual(parseAnswer(lines, received), { state: 'rendered', fleet });
    }
    assert.deepEqual([...received.parts.keys()], [...sent.numbers.values()], 'both sides keep the same parts');
  });
  fc.assert(property, { seed: 1, numRuns: 50 });
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
    ['{"state":"rendered","fleet":{}}', '{"clusters":[5],"kept":[]}', '"end"'],
    ['{"state":"rendered","fleet":{}}', '{"app":{"manifests":[0]}}', '{"clusters":[],"kept":[]}', '"end"'],
    ['{"state":"rendered","fleet":{}}', 'Segmentation fault', '"end"'],
  ]) {
    assert.equal(parseAnswer(lines), undefined, lines.join(' '));
  }
});

function print(fleet: RenderedFleet): readonly string[] {
  return [...printAnswer({ state: 'rendered', fleet })].map((line) => line.trimEnd());
}

/** A ConfigMap that is the same everywhere and one that holds each cluster's variable `level`. */
function render(levels: Readonly<Record<string, string>>, cache = createRenderCache()): RenderedFleet {
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
      oid: `${path} ${text}`,
      bytes: Buffer.from(text),
    })),
  };
  const result = renderFleet(snapshot, cache);
  assert.ok(result.state === 'rendered', JSON.stringify(result));
  assert.deepEqual(result.fleet.diagnostics, []);
  return result.fleet;
}
