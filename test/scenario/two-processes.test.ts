/** Two controllers of one fleet without a lease between them: one stands still in the middle of what it writes, and goes on. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { decodeInventory } from '../../src/cluster/inventories.ts';
import { printJson, textAt } from '../../src/object/json.ts';
import { eventually } from '../support/eventually.ts';
import { MUSTER_USER, printRequests } from './support/requests.ts';
import { type Stage, startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';
import { putUpGate, type WriteGate } from './support/write-gate.ts';

const FLEET = 'twice';

/** `goes-*` leave with the second commit and are wanted again with the third. */
const FIRST = {
  'apps/shop/base/keep.yaml': configMap('keep', { version: '1' }),
  'apps/shop/base/goes.yaml': `${configMap('goes-1', { version: '1' })}\n---\n${configMap('goes-2', { version: '1' })}`,
};
const SECOND = { 'apps/shop/base/keep.yaml': configMap('keep', { version: '2' }), 'apps/shop/base/goes.yaml': null };
const THIRD = {
  'apps/shop/base/keep.yaml': configMap('keep', { version: '3' }),
  'apps/shop/base/goes.yaml': `${configMap('goes-1', { version: '3' })}\n---\n${configMap('goes-2', { version: '3' })}`,
};

describe('Of two controllers', () => {
  let world: World<'eu'>;
  let stage: Stage;
  let gate: WriteGate;

  before(async () => {
    world = await startWorld(['eu']);
    stage = await startStage(FLEET, world, ['eu']);
    await world.clusters.eu.api.create(object('of-nobody'));
    gate = await putUpGate(world.clusters.eu, 'twice-gate', [FLEET, 'muster-system']);
  });
  after(async () => {
    await gate?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  /** Writes of the second commit: the record, `keep`, two deletions, the record. */
  for (const [when, passing] of [
    ['before its first apply', 1],
    ['before its first deletion', 2],
    ['between its deletions', 3],
    ['before it closes the record', 4],
  ] as const) {
    it(`the one that stood still ${when} deletes nothing that is wanted again, and both converge`, async () => {
      await startAgain();
      const held = gate.holdAfter(passing);
      await using slow = await stage.run();
      await held;
      await slow.freeze();
      // What it had sent is refused: it must not be done after the other one has begun.
      gate.open('refused');

      const third = await stage.commit(THIRD);
      await using quick = await stage.run('of-the-other');
      await eventually(() => assert.equal(stage.statuses(third)['muster/eu'], IN_SYNC));
      const before = await uids();
      const seen = (await world.clusters.eu.plane.requests()).length;

      slow.signal('SIGCONT');
      await eventually(async () => assert.deepEqual((await slow.statuses(third))['muster/eu'], IN_SYNC));
      await eventually(async () => assert.deepEqual((await quick.statuses(third))['muster/eu'], IN_SYNC));

      const after = (await world.clusters.eu.plane.requests()).slice(seen).filter((each) => each.user === MUSTER_USER);
      const deleted = after.filter((each) => each.verb === 'delete' && each.code < 400);
      assert.deepEqual(printRequests(deleted), []);
      assert.deepEqual(await uids(), before, 'nothing was made anew');
      assert.deepEqual(await versions(), { 'goes-1': '3', 'goes-2': '3', keep: '3' });
      const record = await world.clusters.eu.api.get('v1', 'ConfigMap', 'muster-system', `${FLEET}.shop`);
      const { entries, revision } = decodeInventory(record ?? {});
      assert.deepEqual(entries.map(({ id }) => id.name).toSorted(), ['goes-1', 'goes-2', 'keep']);
      assert.equal(revision, third);
      assert.equal(stage.statuses(third)['muster/eu'], IN_SYNC);
    });
  }

  it('none deletes anything while the repository does not answer, whatever it said before; it is said, and all else goes on', async () => {
    await startAgain();
    const held = gate.holdAfter(0);
    await using muster = await stage.run();
    await held;
    const second = await stage.commit({ 'apps/shop/base/note.yaml': configMap('note') });
    await eventually(() => {
      const lines = muster
        .output()
        .split('\n')
        .filter((line) => line.includes('"event":"new revision"'));
      assert.ok(lines.some((line) => line.includes(second)));
    });

    await stage.git.down();
    await eventually(() => assert.match(muster.output(), /"event":"the repository cannot be used"/));
    gate.open('refused');
    await eventually(async () => {
      const { 'muster/eu': status } = await muster.statuses(second);
      assert.match(
        status ?? '',
        /^pending: ConfigMap twice\/goes-\d is not deleted: nothing is deleted before the repository/,
      );
    });
    assert.deepEqual(Object.keys(await versions()), ['goes-1', 'goes-2', 'keep', 'note']);
    assert.equal((await versions())['keep'], '2');

    await stage.git.up();
    await eventually(() => assert.equal(stage.statuses(second)['muster/eu'], 'success: in sync: 2 objects of 1 app'));
    assert.deepEqual(Object.keys(await versions()), ['keep', 'note']);
  });

  const IN_SYNC = 'success: in sync: 3 objects of 1 app';

  /** The first commit is there, and the second is the head. */
  async function startAgain(): Promise<void> {
    await using fleet = world.sameFleet(FLEET);
    fleet.commit(FIRST);
    await fleet.sync();
    await stage.commit(SECOND);
  }

  async function all(): Promise<readonly JsonObject[]> {
    const found = await world.clusters.eu.api.list('v1', 'ConfigMap', FLEET);
    return found.filter((each) => !['of-nobody', 'kube-root-ca.crt'].includes(textAt(each, 'metadata', 'name') ?? ''));
  }

  async function uids(): Promise<readonly (string | undefined)[]> {
    return (await all()).map((each) => textAt(each, 'metadata', 'uid'));
  }

  async function versions(): Promise<Readonly<Record<string, string | undefined>>> {
    return Object.fromEntries(
      (await all()).map((each) => [textAt(each, 'metadata', 'name'), textAt(each, 'data', 'version')]),
    );
  }
});

function configMap(name: string, data: JsonObject = {}): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
}

function object(name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: FLEET } };
}
