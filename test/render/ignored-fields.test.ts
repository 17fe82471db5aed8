/** What it costs to look for ignore rules that do nothing; what is said of them: `render-targets.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemo, type Memo } from '../../src/memo.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { withCustomResources } from '../../src/object/merge-keys.ts';
import { renderFleet } from '../../src/reconcile.ts';
import { checkIgnoreRules } from '../../src/render/ignored-fields.ts';
import {
  appOf,
  configOf,
  fleetWith,
  manifestOf,
  renderedOf,
  snapshotOf,
  type TestFiles,
} from '../support/fleet-files.ts';

/** With a rule for a field that Git does not have, as that of whatever an autoscaler owns. */
const FILES = fleetWith({
  'apps/web/app.yaml':
    'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web, ignore: [{kind: Deployment, name: "w*", fields: [/spec/paused]}]}\n',
});

const MORE = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: other}\n';

test('a manifest that many clusters have is looked at once, whatever app of a cluster it stands in', () => {
  const app = configOf(FILES).apps.find(({ name }) => name === 'web');
  assert.ok(app);
  const fleet = renderedOf(FILES);
  const rendered = appOf(fleet, 'eu', 'web');
  const { body, ...rest } = manifestOf(fleet, 'eu', 'Deployment web/web');
  let looks = 0;
  const watched: Manifest = {
    ...rest,
    get body() {
      looks += 1;
      return body;
    },
  };
  const clusters = Array.from({ length: 100 }, () => ({ ...rendered, manifests: [watched] }));

  assert.deepEqual(checkIgnoreRules(app, clusters, withCustomResources([])), []);
  assert.equal(looks, 2, 'for the field itself, and for one of nearly that name');
});

test('a field that none of very many manifests has is not looked for in all of them', () => {
  const app = configOf(FILES).apps.find(({ name }) => name === 'web');
  assert.ok(app);
  const rendered = appOf(renderedOf(FILES), 'eu', 'web');
  const wide = Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [`key${index}`, '']));
  const manifests = rendered.manifests.flatMap((manifest) =>
    Array.from({ length: 2_000 }, () => ({ ...manifest, body: { ...manifest.body, wide } })),
  );

  // Every place of every manifest would be compared: 16 million times.
  assert.deepEqual(checkIgnoreRules(app, [{ ...rendered, manifests }], withCustomResources([])), []);
});

test('the rules of an app are looked at again only where the app came out differently', () => {
  const made: string[] = [];
  const cache = { parsed: new Map(), memo: counting(createMemo(), made) };
  const turn = (changes: TestFiles): number => {
    made.length = 0;
    assert.equal(renderFleet(snapshotOf({ ...FILES, ...changes }), cache).state, 'rendered');
    return made.filter((name) => name === 'ignore rules of web').length;
  };

  assert.equal(turn({}), 1);
  assert.equal(turn({ 'apps/other/base/more.yaml': MORE }), 0);
  assert.equal(turn({ 'apps/web/base/service.yaml': undefined }), 1);
});

/** Writes down the name of every scope that is made anew. */
function counting(memo: Memo, made: string[]): Memo {
  return {
    share: (what, inputs, make) => memo.share(what, inputs, make),
    scope: (name, inputs, make) =>
      memo.scope(name, inputs, (inner) => {
        made.push(name);
        return make(counting(inner, made));
      }),
  };
}
