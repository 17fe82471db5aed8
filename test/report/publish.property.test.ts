/** Whatever is published, superseded and broken in whatever order: when it is quiet, the forge says what is so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { PortCode } from '../../src/model/errors.ts';
import { PortError } from '../../src/model/errors.ts';
import type { Forge } from '../../src/model/ports.ts';
import type { CommitStatus } from '../../src/model/status.ts';
import { createConsoleForge } from '../../src/report/forges/console.ts';
import type { Publisher } from '../../src/report/publish.ts';
import { createPublisher } from '../../src/report/publish.ts';
import { createVirtualTime } from '../support/virtual-time.ts';

const HOUR = 3_600_000;
const CONTEXTS = ['muster/fleet', 'muster/eu', 'muster/us', 'muster/ap'];

/** What happens to a request: nothing, or it fails before or after the forge carried it out. */
interface Accident {
  readonly code?: PortCode;
  readonly done?: boolean;
}

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

const accident = fc.constantFrom<Accident>(
  {},
  {},
  { code: 'UNREACHABLE', done: false },
  { code: 'UNREACHABLE', done: true },
  { code: 'UNAVAILABLE', done: true },
  { code: 'THROTTLED', done: false },
  { code: 'FORBIDDEN', done: false },
  { code: 'NOT_FOUND', done: false },
);

const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      commit: fc.nat(3),
      contexts: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      state: fc.constantFrom<CommitStatus['state']>('pending', 'success', 'failure', 'error'),
      text: fc.constantFrom('one', 'two'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('next' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('back' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1_500, 20_000, HOUR) }),
  },
);

/** The forge, with accidents: as many as there are, then none. */
function accidental(forge: Forge, accidents: Accident[]): Forge {
  const meet = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const { code, done } = accidents.shift() ?? {};
    if (code === undefined) return work();
    if (done === true) await work();
    throw new PortError({ port: 'forge', operation, subject: 'x', code, retry: true, safeMessage: 'an accident' });
  };
  return {
    read: (revision, signal) => meet('read', () => forge.read(revision, signal)),
    post: (revision, status, signal) => meet('post', () => forge.post(revision, status, signal)),
  };
}

test('when it is quiet, every commit has the newest statuses, and no superseded commit has a pending one', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 30 }), fc.array(accident, { maxLength: 40 }), play), {
    seed: 20261121,
    numRuns: 1_000,
  });
});

async function play(actions: readonly Action[], accidents: readonly Accident[]): Promise<void> {
  const time = createVirtualTime();
  const world = createConsoleForge(() => undefined);
  const forge = time.watch(accidental(world, [...accidents]));
  const start = (): Publisher =>
    createPublisher({ forge, clock: time.clock, sleep: time.sleep, random: () => 1, onEvent: () => undefined });
  let publisher = start();
  let head = 0;
  const superseded = new Set<number>();
  /** What is to stand, by commit and context: what the running process published last. */
  const expected = new Map<string, CommitStatus>();

  const move = (to: number): void => {
    publisher.supersede(sha(head), sha(to));
    superseded.add(head);
    superseded.delete(to);
    for (const [key, { state }] of expected) {
      if (key.startsWith(`${head} `) && state === 'pending') expected.delete(key);
    }
    head = to;
  };
  const publish = (commit: number, statuses: readonly CommitStatus[]): void => {
    publisher.publish({ revision: sha(commit), statuses });
    for (const status of statuses) {
      if (superseded.has(commit) && status.state === 'pending') continue; // nobody is told
      expected.set(`${commit} ${status.context}`, status);
    }
  };
  const restart = async (): Promise<void> => {
    await publisher.close(AbortSignal.abort());
    publisher = start();
    expected.clear();
    // A controller finds in the inventories which commits there were before the head.
    for (const old of superseded) publisher.supersede(sha(old), sha(head));
  };

  for (const each of actions) {
    if (each.kind === 'publish') publish(Math.min(each.commit, head), statusesOf(each));
    if (each.kind === 'next' && head < 3) move(head + 1);
    if (each.kind === 'back' && head > 0) move(head - 1);
    if (each.kind === 'restart') await restart();
    if (each.kind === 'pass') await time.advance(each.ms);
  }
  await time.advance(12 * HOUR);

  const { signal } = new AbortController();
  for (const [key, status] of expected) {
    const [commit, context] = key.split(' ');
    const stands = await world.read(sha(Number(commit)), signal);
    const found = stands.find((each) => each.context === context);
    assert.deepEqual(found, status, key);
  }
  for (const commit of superseded) {
    const stands = await world.read(sha(commit), signal);
    const pending = stands.filter((each) => each.state === 'pending');
    assert.deepEqual(pending, [], `commit ${commit}`);
  }
}

function sha(commit: number): string {
  return String(commit).repeat(40);
}

function statusesOf({ contexts, state, text }: Extract<Action, { kind: 'publish' }>): readonly CommitStatus[] {
  return contexts.map((index) => ({ context: CONTEXTS[index] ?? '', state, description: text }));
}
