import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { applyPlan } from '../../src/apply/apply-plan.ts';
import { type Fence, fencedWriter } from '../../src/apply/fenced-writer.ts';
import { withIntent } from '../../src/apply/inventory.ts';
import type { AppPlan, ApplyAction, ApplyResult, DeleteAction, ObjectResult } from '../../src/model/apply.ts';
import { PortError } from '../../src/model/errors.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { formatId } from '../../src/object/id.ts';
import { failsWith } from '../support/fails-with.ts';
import { type Answers, type MemoryWriter, memoryWriter } from '../support/memory-writer.ts';
import {
  APP,
  CLUSTER,
  entryOf,
  FLEET,
  inventoryOf,
  liveOf,
  manifest,
  requestOf,
  servedOf,
} from '../support/objects.ts';

function map(name: string): Manifest {
  return manifest(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop}\n`);
}

const [A, B, C, OLD, OLDER] = [map('a'), map('b'), map('c'), map('old'), map('older')];

function action(of: Manifest, before?: string): ApplyAction {
  const live = before === undefined ? {} : { before: liveOf(of, { resourceVersion: before }) };
  return { request: requestOf(of), desiredHash: of.hash, lost: [], ...live };
}

function deletion(of: Manifest): DeleteAction {
  const { uid, resourceVersion } = liveOf(of);
  return { served: servedOf(of.id, of.apiVersion), id: of.id, uid, resourceVersion };
}

/** A plan that applies `steps` and deletes `deletes`, which are recorded already. */
function planOf(
  steps: readonly (readonly ApplyAction[])[],
  deletes: readonly Manifest[] = [],
  more: Partial<AppPlan> = {},
): AppPlan {
  const inventory = inventoryOf(deletes.map((each) => entryOf(each)));
  const writes = steps.flat().length + deletes.length > 0;
  return {
    app: APP,
    revision: 'new',
    settings: { prune: true, onUnplace: 'orphan', ...CLUSTER },
    inventory,
    ...(writes
      ? {
          intent: withIntent(
            inventory,
            steps.flat().map((each) => each.request),
          ),
        }
      : {}),
    transfers: [],
    steps,
    recreations: [],
    deletes: deletes.map(deletion),
    skipped: [],
    kept: [],
    gone: [],
    ...more,
  };
}

interface Run {
  readonly result: ApplyResult;
  readonly writer: MemoryWriter;
  readonly told: readonly ObjectResult[];
}

async function run(apps: readonly AppPlan[], answers: Answers = {}): Promise<Run> {
  const writer = memoryWriter(answers);
  const told: ObjectResult[] = [];
  const result = await applyPlan({ apps }, FLEET, writer, (each) => void told.push(each), new AbortController().signal);
  return { result, writer, told };
}

async function applyPlanWith(
  writer: MemoryWriter,
  apps: readonly AppPlan[],
): Promise<{ readonly result: ApplyResult }> {
  return { result: await applyPlan({ apps }, FLEET, writer, () => {}, new AbortController().signal) };
}

function outcomes({ result }: Run): readonly string[] {
  return result.apps.flatMap(({ objects }) =>
    objects.map(({ id, outcome, reason }) => `${id.name} ${outcome}${reason === '' ? '' : `: ${reason}`}`),
  );
}

test('the record comes first: inventory, apply step by step, delete in order, inventory again', async () => {
  const { writer } = await run([planOf([[action(A), action(B)], [action(C)]], [OLD, OLDER])]);
  assert.deepEqual(writer.log, [
    'store web: old older a b c',
    'apply ConfigMap shop/a',
    'apply ConfigMap shop/b',
    'apply ConfigMap shop/c',
    'delete ConfigMap shop/old',
    'delete ConfigMap shop/older',
    'store web: a b c',
  ]);
  assert.deepEqual(
    writer.stored.get(APP)?.entries.map(({ uid }) => uid),
    ['uid-ConfigMap-a', 'uid-ConfigMap-b', 'uid-ConfigMap-c'],
  );
  assert.equal(writer.stored.get(APP)?.resourceVersion, '102', 'the second write is fenced by the first');
});

test('what came of each object is told as it happens, and is in the result', async () => {
  const done = await run([planOf([[action(A), action(B, '1'), action(C, '2')]], [OLD])], {
    'apply ConfigMap shop/a': 'created',
  });
  assert.deepEqual(outcomes(done), ['a created', 'b configured', 'c unchanged', 'old deleted']);
  assert.deepEqual(
    done.told.map(({ id }) => formatId(id)),
    done.result.apps[0]?.objects.map(({ id }) => formatId(id)),
  );
});

test('a plan without writes asks the cluster nothing', async () => {
  const { writer, result } = await run([planOf([])]);
  assert.deepEqual(writer.log, []);
  assert.deepEqual(result, { apps: [{ app: APP, objects: [] }] });
});

test('a blocked app is not even begun', async () => {
  const { writer, result } = await run([
    planOf([[action(A)]], [], { blocked: { kind: 'held', reason: 'why' } }),
    planOf([[action(B)]], [], { app: 'other' }),
  ]);
  assert.deepEqual(
    result.apps.map(({ app }) => app),
    ['other'],
  );
  assert.ok(writer.log.every((line) => !line.includes('shop/a')));
});

test('objects that were only found clean are recorded without a write to any of them', async () => {
  const inventory = inventoryOf([{ ...entryOf(A), desiredHash: '', ownedHash: '' }]);
  const skipped = [
    { id: A.id, outcome: 'unchanged', reason: '', lost: [], clean: { desiredHash: A.hash, live: liveOf(A) } },
  ] as const;
  const { writer } = await run([planOf([], [], { inventory, skipped })]);
  assert.deepEqual(writer.log, ['store web: a']);
  assert.deepEqual(writer.stored.get(APP)?.entries, [entryOf(A)]);
});

test('after a refused object no later step is begun, nothing is deleted, and all of it stays recorded', async () => {
  const done = await run([planOf([[action(A), action(B)], [action(C)]], [OLD])], {
    'apply ConfigMap shop/a': 'invalid',
  });
  assert.deepEqual(outcomes(done), ['a failed: invalid: no', 'b configured']);
  assert.deepEqual(done.writer.log, [
    'store web: old a b c',
    'apply ConfigMap shop/a',
    'apply ConfigMap shop/b',
    'store web: old a b c',
  ]);
  assert.deepEqual(
    done.writer.stored.get(APP)?.entries.map(({ id, uid }) => `${id.name} ${uid === '' ? '-' : 'clean'}`),
    ['old clean', 'a -', 'b clean', 'c -'],
  );
});

test('a refused object concerns its app only', async () => {
  const done = await run([planOf([[action(A)]]), planOf([[action(B)]], [], { app: 'other' })], {
    'apply ConfigMap shop/a': 'forbidden',
  });
  assert.deepEqual(outcomes(done), ['a failed: forbidden: no', 'b configured']);
});

test('a deletion that is refused or not finished stays recorded, and the next one is tried', async () => {
  const done = await run([planOf([], [OLD, OLDER])], { 'delete ConfigMap shop/old': 'forbidden' });
  assert.deepEqual(outcomes(done), ['old failed: forbidden: no', 'older deleted']);
  assert.deepEqual(
    done.writer.stored.get(APP)?.entries.map(({ id }) => id.name),
    ['old'],
  );
  const slow = await run([planOf([], [OLD])], { 'delete ConfigMap shop/old': 'terminating' });
  assert.deepEqual(outcomes(slow), ['old waiting: its deletion is under way']);
  assert.deepEqual(
    slow.writer.log,
    ['store web: old', 'delete ConfigMap shop/old'],
    'and nothing new is to be recorded',
  );
});

/** Takes writes one event loop turn later, and remembers how many were under way at once. */
function slowWriter(answers: Answers = {}): { readonly writer: MemoryWriter; readonly most: () => number } {
  const inner = memoryWriter(answers);
  let underWay = 0;
  let most = 0;
  const later = async <T>(write: () => Promise<T>): Promise<T> => {
    most = Math.max(most, (underWay += 1));
    await setImmediate();
    return write().finally(() => (underWay -= 1));
  };
  const writer: MemoryWriter = {
    ...inner,
    apply: (request, signal) => later(() => inner.apply(request, signal)),
    delete: (deleted, signal) => later(() => inner.delete(deleted, signal)),
    putInventory: (fleet, inventory, signal) => later(() => inner.putInventory(fleet, inventory, signal)),
  };
  return { writer, most: () => most };
}

test('apps that only apply go side by side, with no more writes under way than one app may have', async () => {
  const apps = Array.from({ length: 20 }, (_app, index) =>
    planOf([[action(map(`a-${index}`)), action(map(`b-${index}`))]], [], { app: `app-${index}` }),
  );
  const { writer, most } = slowWriter();
  const { result } = await applyPlanWith(writer, apps);
  assert.deepEqual(
    result.apps.map(({ app, objects }) => [app, objects.length]),
    apps.map(({ app }) => [app, 2]),
    'in the order of the plan',
  );
  assert.equal(most(), 8);
});

test('a namespace comes in its turn: apps before it are done, and apps after it are not begun', async () => {
  const namespace = manifest('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
  const apps = [
    planOf([[action(A)]], [], { app: 'first' }),
    planOf([[action(namespace)]], [], { app: 'second' }),
    planOf([[action(B)]], [], { app: 'third' }),
  ];
  const { writer } = slowWriter();
  await applyPlanWith(writer, apps);
  assert.deepEqual(
    writer.log.filter((each) => each.startsWith('apply')),
    ['apply ConfigMap shop/a', 'apply Namespace shop', 'apply ConfigMap shop/b'],
  );
});

test('of apps side by side an outage ends those under way, each with its record, and begins no other', async () => {
  const apps = Array.from({ length: 20 }, (_app, index) =>
    planOf([[action(map(`a-${index}`))]], [], { app: `app-${index}` }),
  );
  const { writer } = slowWriter({ 'apply ConfigMap shop/a-0': 'UNREACHABLE' });
  const { result } = await applyPlanWith(writer, apps);
  assert.equal(result.outage?.code, 'UNREACHABLE');
  assert.deepEqual(
    result.apps.map(({ app }) => app),
    apps.slice(0, 8).map(({ app }) => app),
  );
});

test('an outage ends the write phase: what was done is in the result, and no other app is begun', async () => {
  const plans = [planOf([[action(A)], [action(B)]], [OLD]), planOf([[action(C)]], [], { app: 'other' })];
  const done = await run(plans, { 'apply ConfigMap shop/b': 'UNREACHABLE' });
  assert.deepEqual(outcomes(done), ['a configured']);
  assert.equal(done.result.outage?.code, 'UNREACHABLE');
  assert.equal(done.result.apps[0]?.aborted, 'apply ConfigMap shop/b: it failed');
  assert.deepEqual(done.writer.log, ['store web: old a b', 'apply ConfigMap shop/a', 'apply ConfigMap shop/b']);
  assert.deepEqual(
    done.writer.stored.get(APP)?.entries.map(({ id }) => id.name),
    ['old', 'a', 'b'],
    'everything that may exist is recorded',
  );
});

test('what may hold something that could not be deleted is not deleted either', async () => {
  const [space, definition] = [
    manifest('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n'),
    manifest('apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\n'),
  ];
  const done = await run([planOf([], [OLD, OLDER, space, definition])], { 'delete ConfigMap shop/old': 'forbidden' });
  assert.deepEqual(
    done.writer.log.filter((line) => line.startsWith('delete')),
    ['delete ConfigMap shop/old', 'delete ConfigMap shop/older'],
  );
  const waiting = 'waiting: something that would go with it could not be deleted';
  assert.deepEqual(outcomes(done), [
    'old failed: forbidden: no',
    'older deleted',
    `shop ${waiting}`,
    `a.example.com ${waiting}`,
  ]);
});

test('whoever loses the race for the inventory writes nothing, and other apps go on', async () => {
  const done = await run([planOf([[action(A)]], [OLD]), planOf([[action(B)]], [], { app: 'other' })], {
    'store web: old a': 'CONFLICT',
  });
  assert.equal(done.result.outage, undefined, 'the cluster is fine');
  assert.equal(done.result.apps[0]?.aborted, 'store web: old a: it failed');
  assert.deepEqual(outcomes(done), ['b configured']);
  assert.ok(done.writer.log.every((line) => !line.includes('shop/a') && !line.includes('shop/old')));
});

test('an inventory that is too large for an object stops its app for good, and other apps go on', async () => {
  const done = await run([planOf([[action(A)]], [OLD]), planOf([[action(B)]], [], { app: 'other' })], {
    'store web: old a': 'TOO_BIG',
  });
  assert.equal(done.result.outage, undefined, 'the cluster is fine');
  assert.equal(done.result.apps[0]?.aborted, 'store web: old a: it failed');
  assert.equal(done.result.apps[0]?.isFailure, true);
  assert.deepEqual(outcomes(done), ['b configured']);
});

test('an inventory that cannot be stored stops the cluster before any write', async () => {
  const done = await run([planOf([[action(A)]])], { 'store web: a': 'DISK_FULL' });
  assert.deepEqual(done.writer.log, ['store web: a']);
  assert.equal(done.result.outage?.code, 'DISK_FULL');
});

test('a mistake of ours is not taken for an outage', async () => {
  const writer = { ...memoryWriter(), apply: () => Promise.reject(new TypeError('a bug')) };
  await assert.rejects(
    applyPlan({ apps: [planOf([[action(A)]])] }, FLEET, writer, () => {}, new AbortController().signal),
    TypeError,
  );
});

function fence(isOver: () => boolean): Fence {
  const why = (): string | undefined => (isOver() ? 'the time is over' : undefined);
  return { begin: why, record: why };
}

test('when the time is over nothing more is written, whatever the signal says', async () => {
  const writer = memoryWriter();
  let over = false;
  const fenced = fencedWriter(
    writer,
    fence(() => over),
  );
  const stop = new AbortController();
  const plan = planOf([[action(A)], [action(B)]], [OLD]);
  const tell = (): void => void (over = true);
  const result = await applyPlan({ apps: [plan] }, FLEET, fenced, tell, stop.signal);
  assert.deepEqual(writer.log, ['store web: old a b', 'apply ConfigMap shop/a']);
  assert.equal(result.outage?.code, 'CANCELLED');
  assert.equal(stop.signal.aborted, false);
});

test('each kind of write is fenced, and says that its time is over', async () => {
  const fenced = fencedWriter(
    memoryWriter(),
    fence(() => true),
  );
  const { signal } = new AbortController();
  const over = failsWith('CANCELLED', /^the time is over$/);
  await assert.rejects(async () => fenced.apply(requestOf(A), signal), over);
  await assert.rejects(async () => fenced.delete(deletion(A), signal), over);
  await assert.rejects(async () => fenced.putInventory(FLEET, inventoryOf([]), signal), over);
});

test('in time, a fenced writer is the writer', async () => {
  const writer = memoryWriter({ 'apply ConfigMap shop/a': 'created' });
  const fenced = fencedWriter(
    writer,
    fence(() => false),
  );
  const { signal } = new AbortController();
  assert.deepEqual(
    await fenced.apply(requestOf(A), signal),
    await memoryWriter({ 'apply ConfigMap shop/a': 'created' }).apply(requestOf(A), signal),
  );
  assert.deepEqual(await fenced.delete(deletion(A), signal), { state: 'gone' });
  assert.equal((await fenced.putInventory(FLEET, inventoryOf([]), signal)).resourceVersion, '101');
  assert.deepEqual(writer.log, ['apply ConfigMap shop/a', 'delete ConfigMap shop/a', 'store web: ']);
});

test('a failure of the outside has a code, and no body of any answer', async () => {
  const { result } = await run([planOf([[action(A)]])], { 'apply ConfigMap shop/a': 'UNAVAILABLE' });
  assert.ok(result.outage instanceof PortError);
  assert.equal(result.outage.safeMessage, 'it failed');
});

const TRANSFER = {
  served: servedOf(A.id, 'v1'),
  id: A.id,
  resourceVersion: '1',
  managedFields: [],
  reason: 'its fields are taken over from "helm"',
};

test('owners change between the record and the applies, and the reason is told', async () => {
  const done = await run([planOf([[action(B)]], [], { transfers: [TRANSFER] })]);
  assert.deepEqual(done.writer.log.slice(0, 3), [
    'store web: b',
    'transfer ConfigMap shop/a',
    'apply ConfigMap shop/b',
  ]);
  assert.deepEqual(outcomes(done), ['a configured: its fields are taken over from "helm"', 'b configured']);
});

test('where owners cannot be changed nothing is applied; where somebody wrote meanwhile, the others go on', async () => {
  const app = planOf([[action(B)]], [], { transfers: [TRANSFER] });
  assert.deepEqual(outcomes(await run([app], { 'transfer ConfigMap shop/a': 'forbidden' })), [
    'a failed: forbidden: no',
  ]);
  assert.deepEqual(outcomes(await run([app], { 'transfer ConfigMap shop/a': 'conflict' })), [
    'a waiting: it changed in this moment, and is looked at again',
    'b configured',
  ]);
});

test('what is made anew is deleted after the applies, before what left, and stays in the inventory', async () => {
  const app = planOf([[action(B)]], [OLD, OLDER], { recreations: [deletion(OLD)], deletes: [deletion(OLDER)] });
  const { writer } = await run([app]);
  assert.deepEqual(writer.log.slice(1), [
    'apply ConfigMap shop/b',
    'delete ConfigMap shop/old',
    'delete ConfigMap shop/older',
    'store web: old b',
  ]);
});

test('an apply that a record of fields stands in the way of is looked at again, and is nobody’s failure', async () => {
  assert.deepEqual(outcomes(await run([planOf([[action(A)]])], { 'apply ConfigMap shop/a': 'stale' })), [
    'a waiting: it changed in this moment, and is looked at again',
  ]);
});
