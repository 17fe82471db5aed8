import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { parseJson, printJson } from '../../src/object/json.ts';
import { createRest } from '../../src/sandbox/resting-manifests.ts';

test('a manifest that rests says what it said, also to who copies, compares or prints it', () => {
  const [resting] = rest([manifest('web', 'hello')]);

  const expected: JsonObject = {
    id: { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'web' },
    apiVersion: 'v1',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'web', namespace: 'shop' },
      data: { text: 'hello', count: 12345678901234567890n },
    },
    hash: 'hash of web',
    origin: { file: 'apps/web/base/web.yaml', line: 1, column: 1 },
    by: { file: 'apps/web/placement.yaml', line: 4, column: 3 },
    overlays: [],
    autoscaled: true,
    ignored: [{ fields: ['/data/text'] }],
    adopt: ['helm'],
    policy: { apply: 'always', wave: 0, force: false, recreate: false },
  };
  assert.deepEqual(resting, expected);
  assert.deepEqual({ ...resting }, expected);
  assert.deepEqual(parseJson(print(resting)), expected);
});

test('each of many manifests comes to life as itself, whatever is in their texts and however long they are', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', 'a\r\nb', 'x'.repeat(40_000)));
  const property = fc.property(fc.array(text, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (texts, random) => {
    const resting = rest(texts.map((each, index) => manifest(`item-${index}`, each)));
    for (const number of texts.length === 0 ? [] : random.take(30)) {
      const index = number % texts.length;
      assert.equal(textOf(resting[index]), texts[index]);
    }
  });
  fc.assert(property, { seed: 1, numRuns: 50 });
});

test('what came to life is let go when nobody looks any more, and comes to life again', async () => {
  const resting = rest([manifest('web', 'hello')]);
  const seen = new WeakRef(resting[0]?.body ?? {});
  assert.ok(seen.deref() !== undefined);

  await collectGarbage();

  assert.equal(seen.deref(), undefined);
  assert.equal(textOf(resting[0]), 'hello');
});

test('manifests of one kind, namespace and policy have them in memory once', () => {
  const [a, b] = rest([manifest('a', ''), manifest('b', '')]);

  assert.equal(a?.policy, b?.policy);
});

function rest(manifests: readonly JsonObject[]): readonly Manifest[] {
  const shelf = createRest();
  const resting = manifests.map((each) => {
    const line = printJson({ manifest: each });
    const value = parseJson(printJson(each));
    assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value));
    // oxlint-disable-next-line no-unsafe-type-assertion -- it was a map
    return shelf.lay(value as JsonObject, line);
  });
  shelf.end();
  return resting;
}

function manifest(name: string, text: string): JsonObject {
  return {
    id: { group: '', kind: 'ConfigMap', namespace: 'shop', name },
    apiVersion: 'v1',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'shop' },
      data: { text, count: 12345678901234567890n },
    },
    hash: `hash of ${name}`,
    origin: { file: `apps/web/base/${name}.yaml`, line: 1, column: 1 },
    by: { file: 'apps/web/placement.yaml', line: 4, column: 3 },
    overlays: [],
    autoscaled: true,
    ignored: [{ fields: ['/data/text'] }],
    adopt: ['helm'],
    policy: { apply: 'always', wave: 0, force: false, recreate: false },
  };
}

function textOf(resting: Manifest | undefined): unknown {
  const data = resting?.body['data'];
  return typeof data === 'object' && data !== null && 'text' in data ? data['text'] : undefined;
}

function print(value: Manifest | undefined): string {
  // oxlint-disable-next-line no-unsafe-type-assertion -- plain values of the model are JSON values
  return printJson(value as unknown as JsonObject);
}

/** In a turn of its own: what a WeakRef was asked for stays until the turn ends. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  assert.ok(typeof collect === 'function');
  await turn();
  collect();
}
