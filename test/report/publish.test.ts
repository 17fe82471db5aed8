import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { PortError } from '../../src/model/errors.ts';
import type { Forge } from '../../src/model/ports.ts';
import type { CommitStatus, StatusReport } from '../../src/model/status.ts';
import { createGitHubForge } from '../../src/report/forges/github.ts';
import type { PublishEvent, Publisher } from '../../src/report/publish.ts';
import { createPublisher } from '../../src/report/publish.ts';
import type { Fault, LocalForge, LocalForgeOptions } from '../support/forge.ts';
import { secondaryLimit, startLocalForge } from '../support/forge.ts';
import type { VirtualTime } from '../support/virtual-time.ts';
import { createVirtualTime } from '../support/virtual-time.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Bench extends AsyncDisposable {
  readonly local: LocalForge;
  readonly time: VirtualTime;
  readonly forge: Forge;
  readonly publisher: Publisher;
  readonly events: readonly PublishEvent[];
  /** A second process: it knows nothing of the first. */
  restart(): Publisher;
}

/** A publisher on a local forge with the commits A, B and C, in virtual time. */
async function startBench(options: LocalForgeOptions = {}): Promise<Bench> {
  const time = createVirtualTime();
  const local = await startLocalForge({ now: () => time.clock.now(), ...options });
  local.addCommits(A, B, C);
  const forge = time.watch(
    createGitHubForge({ baseUrl: local.url, owner: local.owner, repo: local.repo, token: async () => local.token }),
  );
  const events: PublishEvent[] = [];
  const restart = (): Publisher =>
    createPublisher({
      forge,
      clock: time.clock,
      sleep: time.sleep,
      random: () => 1,
      onEvent: (event) => events.push(event),
    });
  return {
    local,
    time,
    forge,
    publisher: restart(),
    events,
    restart,
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

function report(revision: string, ...statuses: readonly [string, CommitStatus['state'], string?][]): StatusReport {
  return {
    revision,
    statuses: statuses.map(([name, state, description]) => ({
      context: `muster/${name}`,
      state,
      description: description ?? `${name} is ${state}`,
    })),
  };
}

/** What stands on a commit, as `context state: description`. */
function standing(local: LocalForge, revision: string): readonly string[] {
  return local.statuses(revision).map(({ context, state, description }) => `${context} ${state}: ${description}`);
}

function requestsOf(local: LocalForge, method: string): number {
  return local.requests().filter((each) => each.method === method).length;
}

function kindsOf(events: readonly PublishEvent[]): readonly string[] {
  return events.map((event) => event.kind);
}

test('60 contexts and ten ticks without a change are 60 writes and one read', async () => {
  await using bench = await startBench();
  const contexts = Array.from({ length: 60 }, (_, index) => [`c${index}`, 'success'] as [string, 'success']);
  for (let tick = 0; tick < 10; tick += 1) {
    bench.publisher.publish(report(A, ...contexts));
    await bench.time.advance(MINUTE);
  }
  assert.equal(bench.local.history(A).length, 60);
  assert.equal(requestsOf(bench.local, 'POST'), 60);
  assert.equal(requestsOf(bench.local, 'GET'), 1);
});

test('a restart writes nothing when nothing changed, and only what did when something did', async () => {
  await using bench = await startBench({ limits: false });
  const contexts = Array.from({ length: 130 }, (_, index) => [`c${index}`, 'success'] as [string, 'success']);
  bench.publisher.publish(report(A, ...contexts));
  await bench.time.advance(HOUR);
  assert.equal(bench.local.history(A).length, 130);

  const second = bench.restart();
  second.publish(report(A, ...contexts));
  await bench.time.advance(HOUR);
  assert.equal(bench.local.history(A).length, 130);

  second.publish(report(A, ...contexts.with(3, ['c3', 'success'] as const).slice(0, 3), ['c3', 'failure']));
  await bench.time.advance(HOUR);
  assert.deepEqual(
    bench.local
      .history(A)
      .slice(130)
      .map((each) => each.context),
    ['muster/c3'],
  );
});

test('publish returns before anything is asked, and what is published together is written once', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending', '0/3']));
  bench.publisher.publish(report(A, ['fleet', 'pending', '1/3']));
  bench.publisher.publish(report(A, ['fleet', 'success', '3/3']));
  assert.equal(bench.local.requests().length, 0);
  await bench.time.advance(0);
  assert.deepEqual(
    bench.local.history(A).map((each) => each.description),
    ['3/3'],
  );
});

test('what changes while a write is on its way is written after it, as it is last', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['eu', 'pending', 'one']));
  bench.local.intercept(({ body }) => {
    if (inspect(body).includes('one')) {
      bench.publisher.publish(report(A, ['eu', 'failure', 'two']));
      bench.publisher.publish(report(A, ['eu', 'success', 'three']));
    }
    return undefined;
  });
  await bench.time.advance(0);
  assert.deepEqual(
    bench.local.history(A).map((each) => each.description),
    ['one', 'three'],
  );
});

test('a change that is taken back before it is written is never written', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['eu', 'success']));
  await bench.time.advance(0);
  bench.publisher.publish(report(A, ['eu', 'failure']));
  bench.publisher.publish(report(A, ['eu', 'success']));
  await bench.time.advance(HOUR);
  assert.equal(bench.local.history(A).length, 1);
});

test('a text that changes again and again while the state stays is written every ten seconds, a state at once', async () => {
  await using bench = await startBench();
  for (let second = 0; second < 30; second += 1) {
    bench.publisher.publish(report(A, ['fleet', 'pending', `after ${second} s`]));
    await bench.time.advance(SECOND);
  }
  bench.publisher.publish(report(A, ['fleet', 'failure', 'after 30 s']));
  await bench.time.advance(0);
  assert.deepEqual(
    bench.local.history(A).map((each) => `${each.state} ${each.description}`),
    ['pending after 0 s', 'pending after 9 s', 'pending after 19 s', 'pending after 29 s', 'failure after 30 s'],
  );
});

test('300 clusters that change at once, twice, keep within the limits of the forge, and the newest wins', async () => {
  await using bench = await startBench();
  const names = Array.from({ length: 300 }, (_, index) => `c${index}`);
  const all = (state: CommitStatus['state']) => names.map((name) => [name, state] as [string, typeof state]);
  bench.publisher.publish(report(A, ['fleet', 'pending', '0/300'], ...all('pending')));
  await bench.time.advance(30 * SECOND);
  // A minute's worth of `pending` is out when all clusters end: the other 240 are never written as pending.
  bench.publisher.publish(report(A, ['fleet', 'success', '300/300'], ...all('success')));
  await bench.time.advance(30 * SECOND);
  assert.equal(standing(bench.local, A)[0], 'muster/fleet success: 300/300', 'the sum of it passes all others');
  await bench.time.advance(10 * MINUTE);

  assert.deepEqual(
    bench.local.statuses(A).filter((each) => each.state !== 'success'),
    [],
  );
  assert.equal(bench.local.statuses(A).length, 301);
  assert.equal(bench.local.history(A).length, 60 + 301);
  assert.ok(!kindsOf(bench.events).includes('failing'), 'the forge’s own limits refused nothing');
});

test('400 clusters that flap every half an hour keep within the limits of the forge', async () => {
  await using bench = await startBench({ validate: false });
  for (let round = 0; round < 8; round += 1) {
    const state = round % 2 === 0 ? 'failure' : 'success';
    const names = Array.from({ length: 400 }, (_, index) => [`c${index}`, state] as [string, typeof state]);
    bench.publisher.publish(report(A, ...names));
    await bench.time.advance(HOUR / 2);
  }
  assert.ok(!kindsOf(bench.events).includes('failing'), 'the forge’s own limits refused nothing');
  assert.ok(bench.local.history(A).length > 4 * 400);
});

test('a status that flaps every minute for a day costs fewer than 500 of the 1,000 writes, and ends as it is', async () => {
  await using bench = await startBench({ validate: false });
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    bench.publisher.publish(report(A, ['drift', minute % 2 === 0 ? 'failure' : 'success']));
    await bench.time.advance(MINUTE);
  }
  assert.ok(bench.local.history(A, 'muster/drift').length < 500);
  bench.publisher.publish(report(A, ['drift', 'success', 'healed']));
  await bench.time.advance(3 * HOUR);
  assert.deepEqual(standing(bench.local, A), ['muster/drift success: healed']);
});

test('the 900th status of a context says that it is the last, once, and other contexts go on', async () => {
  await using bench = await startBench({ validate: false });
  for (let index = 0; index < 2_000; index += 1) {
    bench.publisher.publish(report(A, ['drift', index % 2 === 0 ? 'failure' : 'success']));
    await bench.time.advance(3 * HOUR + MINUTE);
  }
  assert.equal(bench.local.history(A, 'muster/drift').length, 900);
  assert.deepEqual(standing(bench.local, A), [
    'muster/drift error: changed 900 times on this commit, so it is not updated any more; see the log',
  ]);
  assert.equal(bench.events.filter((event) => event.kind === 'stopped').length, 1);
  bench.publisher.publish(report(A, ['eu', 'success']));
  await bench.time.advance(0);
  assert.equal(bench.local.history(A, 'muster/eu').length, 1);
});

test('a forge that says "maximum number of statuses" is told nothing more there, and says so once', async () => {
  await using bench = await startBench({ limits: false, validate: false });
  const { signal } = new AbortController();
  for (let index = 0; index < 1_000; index += 1) {
    await bench.forge.post(A, { context: 'muster/eu', state: 'pending', description: `${index}` }, signal);
  }
  for (let tick = 0; tick < 20; tick += 1) {
    bench.publisher.publish(report(A, ['eu', tick % 2 === 0 ? 'failure' : 'success'], ['us', 'success']));
    await bench.time.advance(MINUTE);
  }
  assert.equal(requestsOf(bench.local, 'POST') - 1_000, 2);
  assert.deepEqual(
    bench.events.filter((event) => event.kind === 'stopped').map((event) => event.context),
    ['muster/eu'],
  );
  assert.deepEqual(standing(bench.local, A).slice(1), ['muster/us success: us is success']);
});

test('after "retry-after" nothing is asked before its time, and what was held back is written as it is last', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending'], ['eu', 'pending']));
  bench.local.intercept(({ method }) => (method === 'POST' ? secondaryLimit(90) : undefined));
  await bench.time.advance(0);
  bench.local.intercept(undefined);
  const asked = bench.local.requests().length;
  for (let second = 0; second < 89; second += 1) {
    bench.publisher.publish(report(A, ['fleet', 'pending', `${second}`], ['eu', 'success']));
    await bench.time.advance(SECOND);
  }
  assert.equal(bench.local.requests().length, asked);
  await bench.time.advance(5 * SECOND);
  assert.deepEqual(
    bench.local.history(A).map((each) => each.description),
    ['88', 'eu is success'],
  );
});

test('a forge that fails is asked less and less often, and told once it is back', async () => {
  await using bench = await startBench();
  bench.local.intercept(() => ({ kind: 'answer', status: 503 }));
  for (let minute = 0; minute < 60; minute += 1) {
    bench.publisher.publish(report(A, ['fleet', 'pending', `${minute}`]));
    await bench.time.advance(MINUTE);
  }
  // 1, 2, 4, … 256 s and then every 5 minutes: 9 doublings in the first 9 minutes.
  assert.ok(bench.local.requests().length <= 21, `${bench.local.requests().length} requests`);
  bench.local.intercept(undefined);
  await bench.time.advance(10 * MINUTE);
  assert.deepEqual(
    bench.local.history(A).map((each) => each.description),
    ['59'],
  );
  const told = kindsOf(bench.events).filter((kind) => kind !== 'changed');
  assert.deepEqual(told, ['failing', 'recovered', 'posted'], 'an outage is one line, and its end another');
});

test('a status whose answer was lost is made sure of', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['eu', 'success']));
  await bench.time.advance(0);
  bench.publisher.publish(report(A, ['eu', 'failure']));
  bench.local.intercept(({ method }) => (method === 'POST' ? { kind: 'drop', when: 'after' } : undefined));
  await bench.time.advance(0);
  bench.local.intercept(undefined);
  // The forge has `failure`. We do not know, so `success` must be written although it is what we last knew to stand.
  bench.publisher.publish(report(A, ['eu', 'success']));
  await bench.time.advance(MINUTE);
  assert.deepEqual(
    bench.local.history(A).map((each) => each.state),
    ['success', 'failure', 'success'],
  );
});

test('a pending status whose answer was lost does not stay on a superseded commit', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['eu', 'pending']));
  bench.local.intercept(({ method }) => (method === 'POST' ? { kind: 'drop', when: 'after' } : undefined));
  await bench.time.advance(0);
  bench.local.intercept(undefined);
  assert.deepEqual(standing(bench.local, A), ['muster/eu pending: eu is pending']);
  bench.publisher.supersede(A, B);
  await bench.time.advance(MINUTE);
  assert.deepEqual(standing(bench.local, A), ['muster/eu error: superseded by bbbbbbb before it was in sync']);
});

test('every fault on every request in turn ends in the same statuses', async (t) => {
  const faults: Record<string, Fault> = {
    'cut before': { kind: 'drop', when: 'before' },
    'cut after': { kind: 'drop', when: 'after' },
    'cut within the answer': { kind: 'drop', when: 'within' },
    '502': { kind: 'answer', status: 502, body: '<html>' },
    '429': { kind: 'answer', status: 429, headers: { 'retry-after': '3' } },
    '401': { kind: 'answer', status: 401, body: { message: 'Bad credentials' } },
  };
  for (const [name, fault] of Object.entries(faults)) {
    await t.test(name, async () => {
      for (let nth = 1; nth <= 8; nth += 1) {
        await using bench = await startBench();
        let count = 0;
        bench.local.intercept(() => {
          count += 1;
          return count === nth ? fault : undefined;
        });
        bench.publisher.publish(report(A, ['fleet', 'pending'], ['eu', 'pending'], ['us', 'pending']));
        await bench.time.advance(10 * MINUTE);
        bench.publisher.supersede(A, B);
        bench.publisher.publish(report(B, ['fleet', 'failure'], ['eu', 'failure'], ['us', 'success']));
        await bench.time.advance(10 * MINUTE);
        assert.deepEqual(standing(bench.local, A).toSorted(), [
          'muster/eu error: superseded by bbbbbbb before it was in sync',
          'muster/fleet error: superseded by bbbbbbb before it was in sync',
          'muster/us error: superseded by bbbbbbb before it was in sync',
        ]);
        assert.deepEqual(standing(bench.local, B).toSorted(), [
          'muster/eu failure: eu is failure',
          'muster/fleet failure: fleet is failure',
          'muster/us success: us is success',
        ]);
      }
    });
  }
});

test('a token that lost its rights is told once and tried every five minutes, and a new one works', async () => {
  await using bench = await startBench();
  bench.local.grant(bench.local.token, { statuses: 'read', issues: 'none' });
  for (let tick = 0; tick < 60; tick += 1) {
    bench.publisher.publish(report(A, ['fleet', 'pending', `${tick}`]));
    await bench.time.advance(MINUTE);
  }
  assert.ok(requestsOf(bench.local, 'POST') <= 13);
  const failing = bench.events.filter((event) => event.kind === 'failing');
  assert.deepEqual(
    failing.map((event) => event.failure instanceof PortError && event.failure.code),
    ['FORBIDDEN'],
  );
  bench.local.grant(bench.local.token, { statuses: 'write', issues: 'none' });
  await bench.time.advance(6 * MINUTE);
  assert.deepEqual(standing(bench.local, A), ['muster/fleet pending: 59']);
});

test('a commit that the forge does not know holds back no other, and is told once', async () => {
  await using bench = await startBench();
  const unknown = 'f'.repeat(40);
  for (let tick = 0; tick < 20; tick += 1) {
    bench.publisher.publish(report(unknown, ['fleet', 'pending', `${tick}`]));
    bench.publisher.publish(report(A, ['fleet', 'pending', `${tick}`]));
    await bench.time.advance(MINUTE);
  }
  assert.equal(bench.local.history(A).length, 20);
  assert.equal(bench.events.filter((event) => event.kind === 'failing').length, 1);
  assert.ok(requestsOf(bench.local, 'GET') <= 1 + 5);
});

test('what was pending on a superseded commit ends, what had ended stays, and nothing else is touched', async () => {
  await using bench = await startBench();
  const { signal } = new AbortController();
  await bench.forge.post(A, { context: 'ci/build', state: 'pending', description: 'of others' }, signal);
  bench.publisher.publish(report(A, ['fleet', 'pending'], ['eu', 'success'], ['us', 'failure'], ['ap', 'pending']));
  await bench.time.advance(0);
  bench.publisher.supersede(A, B);
  bench.publisher.publish(report(B, ['fleet', 'pending']));
  await bench.time.advance(0);
  assert.deepEqual(standing(bench.local, A), [
    'ci/build pending: of others',
    'muster/fleet error: superseded by bbbbbbb before it was in sync',
    'muster/eu success: eu is success',
    'muster/us failure: us is failure',
    'muster/ap error: superseded by bbbbbbb before it was in sync',
  ]);
});

test('a superseded commit that nobody had heard of hears nothing', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending']));
  bench.publisher.supersede(A, B);
  bench.publisher.publish(report(B, ['fleet', 'success']));
  await bench.time.advance(HOUR);
  assert.deepEqual(standing(bench.local, A), []);
  assert.deepEqual(standing(bench.local, B), ['muster/fleet success: fleet is success']);
});

test('what a former process left pending on a superseded commit ends too', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending'], ['eu', 'success']));
  await bench.time.advance(0);
  bench.restart().supersede(A, B);
  await bench.time.advance(0);
  assert.deepEqual(standing(bench.local, A), [
    'muster/fleet error: superseded by bbbbbbb before it was in sync',
    'muster/eu success: eu is success',
  ]);
});

test('saying again that a commit is superseded asks the forge nothing again', async () => {
  await using bench = await startBench();
  for (let poll = 0; poll < 5; poll += 1) {
    bench.publisher.supersede(A, B);
    await bench.time.advance(MINUTE);
  }
  assert.equal(bench.local.requests().length, 1);
});

test('a cluster that is late with a superseded commit can tell how it ended, but not that it is pending', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending'], ['eu', 'pending']));
  await bench.time.advance(0);
  bench.publisher.supersede(A, B);
  await bench.time.advance(0);
  bench.publisher.publish(report(A, ['fleet', 'pending', '1/2'], ['eu', 'success'], ['us', 'pending']));
  await bench.time.advance(HOUR);
  assert.deepEqual(standing(bench.local, A), [
    'muster/fleet error: superseded by bbbbbbb before it was in sync',
    'muster/eu success: eu is success',
  ]);
});

test('a write that was on its way when its commit was superseded does not stay pending', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending']));
  bench.local.intercept(({ method }) => {
    if (method === 'POST') {
      bench.local.intercept(undefined);
      bench.publisher.supersede(A, B);
    }
    return undefined;
  });
  await bench.time.advance(0);
  assert.deepEqual(standing(bench.local, A), ['muster/fleet error: superseded by bbbbbbb before it was in sync']);
  assert.equal(requestsOf(bench.local, 'GET'), 1, 'what stood there was known');
});

test('a branch that is set back makes the old commit the head again', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'pending']));
  await bench.time.advance(0);
  bench.publisher.supersede(A, B);
  bench.publisher.publish(report(B, ['fleet', 'pending']));
  await bench.time.advance(0);
  bench.publisher.supersede(B, A);
  bench.publisher.publish(report(A, ['fleet', 'pending']));
  await bench.time.advance(0);
  assert.deepEqual(standing(bench.local, A), ['muster/fleet pending: fleet is pending']);
  assert.deepEqual(standing(bench.local, B), ['muster/fleet error: superseded by aaaaaaa before it was in sync']);
});

test('a cluster that the report does not list any more does not keep its failure; others are not touched', async () => {
  await using bench = await startBench();
  const { signal } = new AbortController();
  await bench.forge.post(A, { context: 'ci/build', state: 'failure', description: 'of others' }, signal);
  bench.publisher.publish(
    report(A, ['fleet', 'failure'], ['eu', 'failure'], ['us', 'success', 'old text'], ['ap', 'error']),
  );
  await bench.time.advance(0);
  const corrections = ['eu', 'us', 'new'].map((name) => {
    return { context: `muster/${name}`, state: 'success', description: 'in sync' } as const;
  });
  // Also after a restart, when only the forge knows that there was one.
  bench.restart().publish({ ...report(A, ['fleet', 'success']), corrections });
  await bench.time.advance(0);
  assert.deepEqual(standing(bench.local, A), [
    'ci/build failure: of others',
    'muster/fleet success: fleet is success',
    'muster/eu success: in sync',
    'muster/us success: old text',
    'muster/ap error: ap is error',
  ]);
});

test('every change is told, also one that the forge never hears of', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['eu', 'pending']));
  bench.publisher.publish(report(A, ['eu', 'pending']));
  bench.publisher.publish(report(A, ['eu', 'failure']));
  bench.publisher.publish(report(A, ['eu', 'success']));
  await bench.time.advance(0);
  const changes = bench.events.flatMap((event) =>
    event.kind === 'changed' ? [`${event.before?.state ?? 'nothing'} → ${event.status.state}`] : [],
  );
  assert.deepEqual(changes, ['nothing → pending', 'pending → failure', 'failure → success']);
  assert.deepEqual(
    bench.local.history(A).map((each) => each.state),
    ['success'],
  );
});

test('hostile descriptions reach the forge as one plain line', async () => {
  await using bench = await startBench();
  const hostile = `\u001b[31m::error::\u202e@acme/team #1\n${'`code` '.repeat(2_000)}`;
  bench.publisher.publish(report(A, ['eu', 'failure', hostile]));
  await bench.time.advance(0);
  const [status] = bench.local.statuses(A);
  assert.match(status?.description ?? '', /^::error::@acme\/team #1 (?:`code` )+`code`…$/);
});

test('closing writes what is left, also a text that would have waited', async () => {
  await using bench = await startBench();
  bench.publisher.publish(report(A, ['fleet', 'failure', '1 failed']));
  await bench.time.advance(0);
  bench.publisher.publish(report(A, ['fleet', 'failure', '2 failed']));
  await bench.publisher.close(new AbortController().signal);
  assert.deepEqual(standing(bench.local, A), ['muster/fleet failure: 2 failed']);
  bench.publisher.publish(report(A, ['fleet', 'success']));
  await bench.time.advance(HOUR);
  assert.equal(bench.local.history(A).length, 2, 'nothing is written after the end');
});

test('closing ends at its deadline when the forge is down, and says what was not written', async () => {
  await using bench = await startBench();
  bench.local.intercept(() => ({ kind: 'delay', ms: 60_000 }));
  bench.publisher.publish(report(A, ['fleet', 'pending'], ['eu', 'pending']));
  await bench.publisher.close(AbortSignal.timeout(50));
  assert.deepEqual(bench.events.at(-1), { kind: 'undelivered', count: 2 });
});

test('in real time, closing wakes a publisher that waits for a forge to come back', async () => {
  const events: PublishEvent[] = [];
  const down = async (): Promise<never> => {
    throw new PortError({
      port: 'forge',
      operation: 'read statuses',
      subject: 'x',
      code: 'UNAVAILABLE',
      safeMessage: 'down',
      retry: true,
      retryAfterMs: HOUR,
    });
  };
  const publisher = createPublisher({
    forge: { read: down, post: down },
    clock: { now: Date.now, monotonicMs: () => performance.now() },
    onEvent: (event) => events.push(event),
  });
  publisher.publish(report(A, ['fleet', 'pending']));
  await publisher.close(AbortSignal.timeout(20));
  assert.deepEqual(kindsOf(events), ['changed', 'failing', 'undelivered']);
});

test('settled waits for the last write, and for nothing when there is nothing', async () => {
  await using bench = await startBench();
  const { signal } = new AbortController();
  await bench.publisher.settled(signal);
  bench.publisher.publish(report(A, ['fleet', 'success']));
  await bench.publisher.settled(signal);
  assert.deepEqual(standing(bench.local, A), ['muster/fleet success: fleet is success']);
});

test('an adapter with a bug is told as such and does not stop the publisher', async () => {
  const time = createVirtualTime();
  const posted: string[] = [];
  const events: PublishEvent[] = [];
  const publisher = createPublisher({
    forge: {
      read: async () => [],
      post: async (_revision, { description }) => {
        if (posted.length === 0 && events.every((event) => event.kind !== 'failing')) throw new TypeError('undefined');
        posted.push(description);
      },
    },
    clock: time.clock,
    sleep: time.sleep,
    random: () => 0,
    onEvent: (event) => events.push(event),
  });
  publisher.publish(report(A, ['fleet', 'success']));
  await time.advance(HOUR);
  assert.deepEqual(posted, ['fleet is success']);
  assert.ok(events.some((event) => event.kind === 'failing' && event.failure instanceof TypeError));
});

test('no event carries a token', async () => {
  const canary = 'ghs_CanaryCanaryCanary0123456789';
  const faults: readonly Fault[] = [
    { kind: 'drop', when: 'before' },
    { kind: 'answer', status: 500, body: canary },
    { kind: 'answer', status: 422, body: { message: canary, errors: [{ field: canary, message: canary }] } },
    { kind: 'answer', status: 403, body: { message: canary } },
    { kind: 'answer', status: 429, headers: { 'retry-after': canary } },
  ];
  for (const fault of faults) {
    await using local = await startLocalForge();
    local.addCommits(A);
    local.grant(canary, { statuses: 'write', issues: 'none' });
    local.intercept(({ method }) => (method === 'POST' ? fault : undefined));
    const time = createVirtualTime();
    const events: PublishEvent[] = [];
    const publisher = createPublisher({
      forge: time.watch(
        createGitHubForge({ baseUrl: local.url, owner: 'acme', repo: 'fleet', token: async () => canary }),
      ),
      clock: time.clock,
      sleep: time.sleep,
      onEvent: (event) => events.push(event),
    });
    publisher.publish(report(A, ['fleet', 'pending']));
    await time.advance(0);
    assert.ok(events.some((event) => event.kind === 'failing' || event.kind === 'stopped'));
    assert.doesNotMatch(inspect(events, { depth: 20, showHidden: true }), /Canary/);
    assert.equal(local.requests()[0]?.token, canary, 'the token was sent');
  }
});
