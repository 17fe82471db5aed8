/**
 * Random histories of a fleet: commits, people and controllers who change the cluster, processes that die in the middle of
 * a write, and connections that fail. Whatever happened, when it is quiet the cluster is as the repository says.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { JsonObject } from '../../../src/model/json.ts';
import { applySetId, PART_OF_LABEL } from '../../../src/object/applyset.ts';
import { mapAt, printJson, textAt } from '../../../src/object/json.ts';
import { managedEntries } from '../../../src/object/managed-fields.ts';
import type { Fault } from '../../support/fault-proxy.ts';
import { page, refusal } from './fault-answers.ts';
import { type FaultyFleet, startFaultyFleet } from './faulty-fleet.ts';
import { type FileChanges, fleetFile } from './fleet-files.ts';
import type { TickHooks, World } from './world.ts';

export interface HistoryOptions {
  readonly count: number;
  readonly seed: number;
  /** Of a failure that was printed: only that one is run, and made smaller. */
  readonly path?: string;
}

/** Histories under way at once. Each waits most of its time for an answer. */
const PARALLEL = 6;

/** Lives so many histories on one cluster. Returns what the first that failed says, and how to live it again; or `''`. */
export async function checkHistories(world: World<'eu'>, { count, seed, path }: HistoryOptions): Promise<string> {
  const parallel = path === undefined ? Math.min(PARALLEL, count) : 1;
  const reports = await Promise.all(
    Array.from({ length: parallel }, async (_, index) => {
      let number = 0;
      const property = fc.asyncProperty(history, (each) => {
        number += 1;
        return live(world, `h${index}-${number}`, each);
      });
      const own = seed + index;
      const details = await fc.check(property, {
        seed: own,
        numRuns: Math.ceil((count * (index + 1)) / parallel) - Math.ceil((count * index) / parallel),
        ...(path === undefined ? { endOnFailure: true } : { path }),
      });
      if (!details.failed) return '';
      const again = `npm run histories -- --seed ${own} --path ${details.counterexamplePath}`;
      const reason = details.errorInstance instanceof Error ? details.errorInstance.stack : details.errorInstance;
      return `${await fc.asyncDefaultReportMessage(details)}\n${String(reason)}\nAgain, and smaller: ${again}`;
    }),
  );
  return reports.find((report) => report !== '') ?? '';
}

type Value<T> = T extends fc.Arbitrary<infer V> ? V : never;

/** The objects that the repository and everybody else are about. */
const POOL = ['ConfigMap/a', 'ConfigMap/b', 'ConfigMap/c', 'Secret/a', 'Secret/b'] as const;
type Key = (typeof POOL)[number];
const APPS = ['front', 'back', 'tools'] as const;

const key = fc.constantFrom(...POOL);
const app = fc.constantFrom(...APPS);
const text = fc.constantFrom('1', '2', '3');
/** Keys of `data` that the repository may set; `hand` and `other` are what a person and a controller add. */
const gitKey = fc.constantFrom('g1', 'g2');
const data = fc.dictionary(gitKey, text, { maxKeys: 2 });

const edit = fc.oneof(
  { weight: 4, arbitrary: fc.record({ edit: fc.constant('put' as const), key, app, data }) },
  { weight: 2, arbitrary: fc.record({ edit: fc.constant('remove' as const), key }) },
  { weight: 2, arbitrary: fc.record({ edit: fc.constant('move' as const), key, app }) },
  { weight: 1, arbitrary: fc.record({ edit: fc.constant('rename' as const), key, to: key }) },
  { weight: 1, arbitrary: fc.record({ edit: fc.constant('drop' as const), app }) },
);

const FAULTS = {
  cut: { kind: 'cut' },
  lost: { kind: 'lose' },
  truncated: { kind: 'truncate' },
  shortened: { kind: 'shorten' },
  conflict: refusal(409, 'Conflict'),
  gone: refusal(410, 'Expired'),
  invalid: refusal(422, 'Invalid'),
  internal: refusal(500, 'InternalError'),
  gateway: page(502),
  unavailable: refusal(503, 'ServiceUnavailable'),
  nothing: { kind: 'answer', status: 200, body: '{}' },
  lie: { kind: 'replace', status: 200, body: '{}' },
  unauthorized: refusal(401, 'Unauthorized'),
} as const satisfies Readonly<Record<string, Fault>>;

const accident = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ accident: 'none' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      accident: fc.constant('crash' as const),
      when: fc.constantFrom('before' as const, 'after' as const),
      write: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      accident: fc.constant('fault' as const),
      request: fc.integer({ min: 1, max: 20 }),
      // oxlint-disable-next-line no-unsafe-type-assertion -- the keys of a constant
      fault: fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])),
    }),
  },
);

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant('commit' as const),
      edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ step: fc.constant('tick' as const), accident }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant('edit' as const),
      key,
      by: fc.constantFrom('person' as const, 'controller' as const),
      text,
      // Also a field that the repository may set.
      takes: fc.option(gitKey, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('unlabel' as const), key }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('create' as const), key, text }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('restart' as const) }) },
);

const history = fc.record({ watching: fc.boolean(), steps: fc.array(step, { minLength: 3, maxLength: 14 }) });

/** What we know of an object without asking Muster. */
interface Known {
  uid: string;
  /** Made by others, and never in the repository since. */
  foreign: boolean;
  /** Fields that others added and the repository never names. */
  added: Record<string, string>;
}

interface Story {
  readonly name: string;
  readonly world: World<'eu'>;
  readonly faulty: FaultyFleet;
  /** The repository: which app has which object, with which data. */
  readonly wanted: Map<Key, { readonly app: string; readonly data: Readonly<Record<string, string>> }>;
  readonly known: Map<Key, Known>;
}

async function live(world: World<'eu'>, name: string, { watching, steps }: Value<typeof history>): Promise<void> {
  await using faulty = await startFaultyFleet(world, name, { watching });
  const story: Story = { name, world, faulty, wanted: new Map(), known: new Map() };
  await world.clusters.eu.api.create(objectOf(story, 'ConfigMap/of-nobody', { by: 'hand' }));
  const ofNobody = await get(story, 'ConfigMap/of-nobody');
  commit(story);
  for (const each of steps) await act(story, each);
  await answerWhatIsAsked(story);
  await faulty.settle();
  // Deletions that were under way, and events of watches, come to their end.
  if (watching) await sleep(20);

  assert.deepEqual(await get(story, 'ConfigMap/of-nobody'), ofNobody, 'nobody touched what is of nobody');
  for (const each of POOL) await assertObject(story, each);
  for (const each of APPS) await assertInventory(story, each);
  await assertQuiet(story, watching);
}

async function act(story: Story, each: Value<typeof step>): Promise<void> {
  switch (each.step) {
    case 'commit':
      for (const change of each.edits) applyEdit(story, change);
      return commit(story);
    case 'tick':
      return tick(story, each.accident);
    case 'edit':
      return editByHand(story, each.key, each.by, each.text, each.takes);
    case 'delete':
      await deleteByHand(story, each.key);
      return;
    case 'unlabel':
      return unlabel(story, each.key);
    case 'create':
      return createByHand(story, each.key, each.text);
    case 'restart':
      return story.faulty.fleet.restart();
  }
}

function applyEdit({ wanted }: Story, change: Value<typeof edit>): void {
  switch (change.edit) {
    case 'put':
      wanted.set(change.key, { app: change.app, data: change.data });
      return;
    case 'remove':
      wanted.delete(change.key);
      return;
    case 'move': {
      const old = wanted.get(change.key);
      if (old !== undefined) wanted.set(change.key, { ...old, app: change.app });
      return;
    }
    case 'rename': {
      const old = wanted.get(change.key);
      if (old === undefined || wanted.has(change.to)) return;
      wanted.delete(change.key);
      wanted.set(change.to, old);
      return;
    }
    case 'drop':
      for (const [each, { app: owner }] of wanted) if (owner === change.app) wanted.delete(each);
  }
}

function commit({ faulty: { fleet }, name, wanted, known }: Story): void {
  const bases = POOL.map((each) => [each, wanted.get(each)] as const);
  const paths = APPS.flatMap((owner) => POOL.map((each) => [pathOf(owner, each), null] as const));
  const changes: FileChanges = {
    // What may be deleted without approval is another test.
    'fleet.yaml': fleetFile(name, { guards: { maxDelete: 1000 } }),
    // A fleet without an app is refused: nobody empties a fleet on purpose.
    'apps/always/base/a.yaml': manifest('ConfigMap/always', {}),
    ...Object.fromEntries(paths),
    ...Object.fromEntries(
      bases.flatMap(([each, want]) =>
        want === undefined ? [] : [[pathOf(want.app, each), manifest(each, want.data)] as const],
      ),
    ),
  };
  fleet.commit(changes);
  for (const each of wanted.keys()) {
    const own = known.get(each);
    if (own !== undefined) own.foreign = false;
  }
}

class PowerCut extends Error {}

async function tick({ faulty: { fleet, proxy }, wanted, name }: Story, each: Value<typeof accident>): Promise<void> {
  const sent: string[] = [];
  proxy.script(({ number, method, path }) => {
    if (method === 'DELETE') sent.push(path);
    return each.accident === 'fault' && number === each.request ? FAULTS[each.fault] : { kind: 'pass' };
  });
  try {
    await fleet.tryTick('eu', each.accident === 'crash' ? cutAt(each.when, each.write) : {});
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    await fleet.restart();
  }
  proxy.script(() => ({ kind: 'pass' }));
  const wrong = [...wanted.keys()].filter((want) => sent.includes(apiPath(name, want)));
  assert.deepEqual(wrong, [], 'nothing that the repository wants is deleted');
}

/** From this write on nothing is sent, or nothing comes back. */
function cutAt(when: 'before' | 'after', write: number): TickHooks {
  let isOff = false;
  const cut = (): never => {
    isOff = true;
    throw new PowerCut();
  };
  return {
    beforeWrite: (each) => void ((isOff || (when === 'before' && each === write)) && cut()),
    afterWrite: (each) => void ((isOff || (when === 'after' && each === write)) && cut()),
  };
}

/** A person overwrites with kubectl; a controller takes its fields by force. Both also add a field of their own. */
async function editByHand(
  story: Story,
  each: Key,
  by: 'person' | 'controller',
  value: string,
  takes: string | undefined,
): Promise<void> {
  const { api } = story.world.clusters.eu;
  const object = await get(story, each);
  if (object === undefined) return;
  const added = by === 'person' ? 'hand' : 'other';
  const fields = { [added]: value, ...(takes === undefined ? {} : { [takes]: `${by} ${value}` }) };
  const changed = objectOf(story, each, fields);
  if (by === 'controller') await api.apply(changed, { manager: 'other-controller', force: true });
  else {
    const [kind = '', name = ''] = each.split('/');
    const target = { apiVersion: 'v1', kind, namespace: story.name, name };
    await api.patch(target, { data: mapAt(changed, 'data') }, { manager: 'kubectl-edit' });
  }
  const known = know(story, each, object);
  known.added = { ...known.added, [added]: value };
}

async function deleteByHand(story: Story, each: Key): Promise<void> {
  const [kind = '', name = ''] = each.split('/');
  await story.world.clusters.eu.api.delete('v1', kind, story.name, name);
  story.known.delete(each);
}

async function unlabel(story: Story, each: Key): Promise<void> {
  if ((await get(story, each)) === undefined) return;
  const [kind = '', name = ''] = each.split('/');
  const target = { apiVersion: 'v1', kind, namespace: story.name, name };
  const patch = { metadata: { labels: { [PART_OF_LABEL]: null } } };
  await story.world.clusters.eu.api.patch(target, patch, { manager: 'kubectl-label' });
}

async function createByHand(story: Story, each: Key, value: string): Promise<void> {
  if ((await get(story, each)) !== undefined) return;
  const object = await story.world.clusters.eu.api.create(objectOf(story, each, { hand: value, g1: `made ${value}` }));
  const foreign = !story.wanted.has(each);
  story.known.set(each, { uid: uidOf(object), foreign, added: { hand: value } });
}

function know({ known }: Story, each: Key, object: JsonObject): Known {
  const old = known.get(each);
  if (old?.uid === uidOf(object)) return old;
  const fresh = { uid: uidOf(object), foreign: false, added: {} };
  known.set(each, fresh);
  return fresh;
}

/** What lost its label and should go is kept until a person decides: this one deletes it. */
async function answerWhatIsAsked(story: Story): Promise<void> {
  for (const each of POOL) {
    const object = await get(story, each);
    if (object === undefined || story.wanted.has(each) || story.known.get(each)?.foreign === true) continue;
    if (textAt(object, 'metadata', 'labels', PART_OF_LABEL) === undefined) await deleteByHand(story, each);
  }
}

async function assertObject(story: Story, each: Key): Promise<void> {
  const object = await get(story, each);
  const want = story.wanted.get(each);
  const known = story.known.get(each);
  if (known !== undefined && object !== undefined && known.uid === uidOf(object)) assertAdded(each, object, known);
  if (want === undefined) {
    if (known?.foreign === true)
      assert.equal(object && uidOf(object), known.uid, `${each} was made by others, and stays`);
    else assert.equal(object, undefined, `${each} left the repository`);
    return;
  }
  assert.ok(object !== undefined, `${each} is there`);
  const label = textAt(object, 'metadata', 'labels', PART_OF_LABEL);
  assert.equal(label, applySetId(story.name, want.app), `${each} carries the label of its app`);
  assertFields(each, object, want.data);
}

function assertAdded(each: Key, object: JsonObject, { added }: Known): void {
  const live = decode(each, mapAt(object, 'data'));
  for (const [field, value] of Object.entries(added))
    assert.equal(live[field], value, `${each}: ${field} is of others`);
}

/** As the repository says, but for what another controller holds; and nothing is left of what it says no more. */
function assertFields(each: Key, object: JsonObject, desired: Readonly<Record<string, string>>): void {
  const live = decode(each, mapAt(object, 'data'));
  const holders = (field: string): readonly string[] =>
    managedEntries(object)
      .filter(({ fields }) => Object.hasOwn(mapAt(fields, 'f:data'), `f:${field}`))
      .map(({ manager }) => manager);
  for (const [field, value] of Object.entries(desired)) {
    if (live[field] === value) continue;
    const strangers = holders(field).filter((manager) => !manager.startsWith('kubectl') && manager !== 'muster');
    assert.ok(strangers.length > 0, `${each}: ${field} is ${live[field]}, and should be ${value}`);
    assert.ok(!holders(field).includes('muster'), `${each}: ${field} is left to ${strangers.join()}`);
  }
  const ours = Object.keys(live).filter((field) => holders(field).includes('muster') && !(field in desired));
  assert.deepEqual(ours, [], `${each}: what the repository says no more is not ours any more`);
}

async function assertInventory(story: Story, owner: (typeof APPS)[number]): Promise<void> {
  const own = POOL.filter((each) => story.wanted.get(each)?.app === owner);
  const inventory = await story.faulty.fleet.inventory(owner);
  const entries = inventory?.entries.map(({ id, uid }) => `${id.kind}/${id.name} ${uid}`) ?? [];
  const objects = await Promise.all(own.map(async (each) => `${each} ${uidOf((await get(story, each)) ?? {})}`));
  assert.deepEqual(entries.toSorted(), objects.toSorted(), `the record of ${owner} is exact`);
  if (own.length === 0) assert.equal(inventory, undefined, `${owner} has no record`);
}

async function assertQuiet({ faulty: { fleet, proxy } }: Story, watching: boolean): Promise<void> {
  proxy.script(() => ({ kind: 'pass' }));
  await fleet.tick();
  const asked = proxy.requests().filter(({ method, isWatch }) => !isWatch && (watching || method !== 'GET'));
  assert.deepEqual(
    asked.map(({ method, path, query }) => `${method} ${path}?${query.toString()}`),
    [],
    'one more tick asks nothing',
  );
}

async function get(story: Story, each: string): Promise<JsonObject | undefined> {
  const [kind = '', name = ''] = each.split('/');
  return story.world.clusters.eu.api.get('v1', kind, story.name, name);
}

function uidOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'uid') ?? '';
}

function objectOf(story: Story, each: string, values: Readonly<Record<string, string>>): JsonObject {
  const [kind = '', name = ''] = each.split('/');
  return { apiVersion: 'v1', kind, metadata: { name, namespace: story.name }, data: encode(each, values) };
}

function manifest(each: string, values: Readonly<Record<string, string>>): string {
  const [kind = '', name = ''] = each.split('/');
  return printJson({ apiVersion: 'v1', kind, metadata: { name }, data: encode(each, values) });
}

function pathOf(owner: string, each: Key): string {
  return `apps/${owner}/base/${each.replace('/', '-').toLowerCase()}.yaml`;
}

function apiPath(namespace: string, each: Key): string {
  const [kind = '', name = ''] = each.split('/');
  return `/api/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
}

/** Secrets hold base64. */
function encode(each: string, values: Readonly<Record<string, string>>): JsonObject {
  const code = (value: string): string => (each.startsWith('Secret') ? Buffer.from(value).toString('base64') : value);
  return Object.fromEntries(Object.entries(values).map(([field, value]) => [field, code(value)]));
}

function decode(each: string, values: JsonObject): Readonly<Record<string, string>> {
  const code = (value: string): string => (each.startsWith('Secret') ? Buffer.from(value, 'base64').toString() : value);
  return Object.fromEntries(
    Object.entries(values).map(([field, value]) => [field, code(typeof value === 'string' ? value : printJson(value))]),
  );
}
