/**
 * Whatever fails between Muster and an API server, and at whichever request: the end is the same as if nothing had.
 *
 * Of each fault some requests are tried, by a seed that is printed. `FAULTS=all` tries each request of the run,
 * `FAULTS_SEED=n` repeats a choice.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mapLimited } from '../../src/concurrency.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt, printJson, textAt } from '../../src/object/json.ts';
import type { Decide, Fault, ProxiedRequest } from '../support/fault-proxy.ts';
import { seeded } from '../support/seeded.ts';
import { page, refusal } from './support/fault-answers.ts';
import { type FaultyFleet, startFaultyFleet } from './support/faulty-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const SEED = Number(process.env['FAULTS_SEED'] ?? 1);
const ALL = process.env['FAULTS'] === 'all';
/** Requests tried of each fault. */
const SAMPLES = 4;

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu']);
});
after(() => world?.[Symbol.asyncDispose]());

/** What one request gets instead of its answer. */
const FAULTS: Readonly<Record<string, Fault>> = {
  '409 Conflict': refusal(409, 'Conflict'),
  '410 Gone': refusal(410, 'Expired'),
  '422 Invalid': refusal(422, 'Invalid'),
  '429 with Retry-After': { ...refusal(429, 'TooManyRequests'), headers: { 'retry-after': '1' } },
  '500 of a full etcd': refusal(500, 'InternalError', 'etcdserver: mvcc: database space exceeded'),
  '502 of a load balancer': page(502),
  '503 with Retry-After': { ...refusal(503, 'ServiceUnavailable'), headers: { 'retry-after': '1' } },
  '504 of the API server': refusal(504, 'Timeout'),
  '401 once': refusal(401, 'Unauthorized'),
  '403 once': refusal(403, 'Forbidden'),
  '404 of nothing': {
    kind: 'answer',
    status: 404,
    headers: { 'content-type': 'text/plain' },
    body: '404 page not found',
  },
  '200 with a page': page(200),
  '200 with a failure': refusal(200, 'InternalError'),
  '200 with an empty object': { kind: 'answer', status: 200, body: '{}' },
  '200 with an empty list': { kind: 'answer', status: 200, body: '{"kind":"List","metadata":{},"items":[]}' },
  '200 with what should be compressed': {
    kind: 'answer',
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: '\u001f\u008b\b no gzip',
  },
  '200 without a body': { kind: 'answer', status: 200, body: '' },
  '200 with a page, though it was done': { ...page(200), kind: 'replace' },
  '502, though it was done': { ...page(502), kind: 'replace' },
  'half of an answer': { kind: 'truncate' },
  'half of an answer that says it is whole': { kind: 'shorten' },
  'a connection that is cut': { kind: 'cut' },
  'a lost answer': { kind: 'lose' },
  'no answer for ever': { kind: 'hang' },
  'a slow answer': { kind: 'slow', ms: 300 },
};

/** `keep` changes, `goes-*` leave, `new-*` come: each kind of write is in it. */
const FIRST = {
  'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }),
  'apps/shop/base/goes.yaml': `${configMap('goes-1')}\n---\n${configMap('goes-2')}`,
};
const SECOND = {
  'apps/shop/base/keep.yaml': configMap('keep', { version: '2' }),
  'apps/shop/base/goes.yaml': null,
  'apps/shop/base/new.yaml': `
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: new-1}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: new-2}
    spec: {ports: [{port: 80}]}
  `,
};

describe('A commit that creates, changes and deletes ends as if nothing had happened', { concurrency: 5 }, () => {
  const random = seeded(SEED);
  console.log(`faults: FAULTS_SEED=${SEED}`);
  /** Of a run without faults, by whether it watches. */
  const counts = new Map<boolean, number>();

  before(async () => {
    for (const watching of [false, true]) {
      const { requests } = await runThrough(`whole-${watching}`, watching, () => ({ kind: 'pass' }));
      counts.set(watching, requests.length);
    }
  });

  Object.entries(FAULTS).forEach(([what, fault], index) => {
    it(`where one request gets ${what}`, async () => {
      const cases = [false, true].flatMap((watching) => positions(counts.get(watching) ?? 0, watching));
      let hits = 0;
      await mapLimited(cases, SAMPLES, async ({ watching, position }) => {
        const name = `f-${index}-${position}-${watching ? 'watch' : 'list'}`;
        await runThrough(name, watching, ({ number }) => {
          hits += number === position ? 1 : 0;
          return number === position ? fault : { kind: 'pass' };
        });
      });
      // Events of watches make a run one or two requests longer or shorter, no more.
      assert.ok(hits > 0 && hits >= cases.length - 4, `${hits} of ${cases.length} faults were in their runs`);
    });
  });

  for (const what of [
    '500 of a full etcd',
    'a lost answer',
    'a connection that is cut',
    '409 Conflict',
    '200 with an empty object',
  ] as const) {
    it(`where each request gets ${what} the first time`, async () => {
      for (const watching of [false, true]) {
        const met = new Set<string>();
        await runThrough(
          `each-${Object.keys(FAULTS).indexOf(what)}-${watching}`,
          watching,
          ({ method, path, isWatch, query }) => {
            const key = `${method} ${path} ${isWatch} ${query.get('dryRun')}`;
            const isNew = !met.has(key);
            met.add(key);
            return isNew ? (FAULTS[what] ?? { kind: 'pass' }) : { kind: 'pass' };
          },
        );
      }
    });
  }

  function positions(count: number, watching: boolean): readonly { watching: boolean; position: number }[] {
    assert.ok(count > 0);
    const all = Array.from({ length: count }, (_, index) => index + 1);
    const some = all.map((position) => ({ position, order: random() })).toSorted((a, b) => a.order - b.order);
    const chosen = ALL ? all : some.slice(0, SAMPLES / 2).map(({ position }) => position);
    return chosen.map((position) => ({ watching, position }));
  }
});

/** One commit under a script of faults, from a cluster in sync to a cluster in sync; and everything that must hold then. */
async function runThrough(
  name: string,
  watching: boolean,
  decide: Decide,
): Promise<{ readonly requests: readonly ProxiedRequest[] }> {
  await using faulty = await startFaultyFleet(world, name, { watching });
  const { fleet, proxy } = faulty;
  const metadata = { name: 'of-nobody', namespace: name };
  await world.clusters.eu.api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { by: 'hand' } });
  fleet.commit(FIRST);
  await faulty.settle();
  const before = await uids(name);
  await fleet.restart();
  fleet.commit(SECOND);
  proxy.script(decide);

  await faulty.settle();
  const requests = [...proxy.requests()];

  assert.deepEqual(
    await contents(name),
    {
      'ConfigMap/keep': { version: '2' },
      'ConfigMap/new-1': {},
      'ConfigMap/of-nobody': { by: 'hand' },
      'Service/new-2': {},
    },
    name,
  );
  const after = await uids(name);
  for (const kept of ['ConfigMap/keep', 'ConfigMap/of-nobody'])
    assert.equal(after[kept], before[kept], `${name}: ${kept} was made anew`);
  const deleted = requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('/').at(-1) ?? '');
  assert.deepEqual([...new Set(deleted)].toSorted(), ['goes-1', 'goes-2'], name);
  await assertExact(faulty, ['ConfigMap/keep', 'ConfigMap/new-1', 'Service/new-2'], watching);
  return { requests };
}

/** The record names exactly these, with their UIDs; and one more tick has nothing to ask, or to write without watches. */
async function assertExact({ fleet, proxy }: FaultyFleet, owned: readonly string[], watching: boolean): Promise<void> {
  const all = await uids(fleet.name);
  const inventory = await fleet.inventory('shop');
  const recorded = inventory?.entries.map(({ id, uid }) => [`${id.kind}/${id.name}`, uid] as const) ?? [];
  assert.deepEqual(
    Object.fromEntries(recorded),
    Object.fromEntries(owned.map((each) => [each, all[each]])),
    fleet.name,
  );
  proxy.script(() => ({ kind: 'pass' }));
  await fleet.tick();
  const asked = proxy.requests().filter(({ isWatch, method }) => !isWatch && (watching || method !== 'GET'));
  assert.deepEqual(
    asked.map(({ method, path }) => `${method} ${path}`),
    [],
    fleet.name,
  );
}

async function objects(namespace: string): Promise<readonly JsonObject[]> {
  const { api } = world.clusters.eu;
  return (await Promise.all(['ConfigMap', 'Service'].map((kind) => api.list('v1', kind, namespace)))).flat();
}

async function contents(namespace: string): Promise<Readonly<Record<string, JsonObject>>> {
  return Object.fromEntries((await objects(namespace)).map((each) => [keyOf(each), mapAt(each, 'data')]));
}

async function uids(namespace: string): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(
    (await objects(namespace)).map((each) => [keyOf(each), textAt(each, 'metadata', 'uid') ?? '']),
  );
}

function keyOf(object: JsonObject): string {
  return `${textAt(object, 'kind')}/${textAt(object, 'metadata', 'name')}`;
}

function configMap(name: string, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}
