import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Lease, LeaseStore } from '../src/model/ports.ts';
import { createElection, type Election, electionLimits } from '../src/election.ts';
import { PortError, type PortCode } from '../src/model/errors.ts';
import { createVirtualTime, type VirtualTime } from './support/virtual-time.ts';

const LIMITS = electionLimits(15_000);

describe('an election', () => {
  it('is won where there is no lease, and renewed', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(0);
    assert.equal(a.election.isLeader(), true);
    assert.deepEqual(a.won, [true]);
    assert.equal(world.lease()?.durationSeconds, 15);
    const first = world.lease()?.renewTime;
    await world.time.advance(60_000);
    assert.equal(a.election.isLeader(), true);
    assert.notEqual(world.lease()?.renewTime, first);
    assert.equal(world.lease()?.transitions, 1);
  });

  it('is not won while somebody else renews', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(600_000);
    assert.equal(a.election.isLeader(), true);
    assert.deepEqual(b.won, []);
    assert.deepEqual(b.holders, ['a']);
    assert.equal(b.election.holder(), 'a');
  });

  it('is won one lease after the holder was killed, and not before', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(30_000);
    a.freeze();
    await world.time.advance(LIMITS.leaseMs - 1);
    assert.deepEqual(b.won, []);
    await world.time.advance(2 * LIMITS.retryMs);
    assert.deepEqual(b.won, [true]);
    assert.equal(world.lease()?.transitions, 2);
  });

  it('leaves a holder the lease that it was started with, also where ours is shorter', async () => {
    await using world = createWorld();
    const a = world.candidate('a', electionLimits(60_000));
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(30_000);
    a.freeze();
    await world.time.advance(60_000 / 7 + 40_000);
    assert.deepEqual(b.won, []);
    await world.time.advance(20_000);
    assert.deepEqual(b.won, [true]);
  });

  it('is won at the next look when the holder gives the lease back', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(30_000);
    a.end();
    await world.time.advance(1.2 * LIMITS.retryMs);
    assert.equal(a.election.isLeader(), false);
    assert.deepEqual(b.won, [true]);
    assert.deepEqual(b.holders, ['a', '', 'b']);
  });

  it('is lost, and told, by a holder that slept through it', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(30_000);
    a.freeze();
    await world.time.advance(60_000);
    assert.equal(a.election.isLeader(), false, 'by its clock alone, before it ran a single line');
    assert.equal(b.election.isLeader(), true);
    a.thaw();
    await world.time.advance(0);
    assert.equal(a.lost, true);
    assert.equal(a.election.holder(), 'b');
    assert.equal(world.lease()?.holder, 'b');
  });

  it('goes on for a holder that slept while nobody else was there', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(30_000);
    a.freeze();
    await world.time.advance(3_600_000);
    assert.equal(a.election.isLeader(), false);
    a.thaw();
    await world.time.advance(0);
    assert.equal(a.election.isLeader(), true);
    assert.equal(a.lost, false);
  });

  it('is lost two thirds of a lease after the lease cannot be reached any more, and nobody is told twice', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(30_000);
    world.fail('UNREACHABLE');
    await world.time.advance(LIMITS.renewMs - LIMITS.retryMs - 1);
    assert.equal(a.election.isLeader(), true, 'a hub that restarts is no reason to stop');
    await world.time.advance(2 * LIMITS.retryMs);
    assert.equal(a.election.isLeader(), false);
    assert.equal(a.lost, true);
    assert.deepEqual(a.troubles, ['UNREACHABLE']);
  });

  it('counts the time of a lease from before the request that renewed it, however late the answer is', async () => {
    const late = LIMITS.renewMs * 0.8;
    await using world = createWorld([0, 0, 0, 0, late]); // Request and answer of the first read, then of the first write.
    const a = world.candidate('a');
    await world.time.advance(late);
    assert.equal(a.election.isLeader(), true);
    world.fail('UNREACHABLE');
    await world.time.advance(LIMITS.renewMs - late);
    assert.equal(a.election.isLeader(), false);
  });

  it('is lost at the next look when somebody else stands in the lease, whatever time is left', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(30_000);
    world.give('somebody');
    await world.time.advance(LIMITS.retryMs);
    assert.equal(a.election.isLeader(), false);
    assert.equal(a.lost, true);
    assert.equal(world.lease()?.holder, 'somebody');
  });

  it('waits for a lease that cannot be read, says why once, and says when it can be', async () => {
    await using world = createWorld();
    world.fail('FORBIDDEN');
    const a = world.candidate('a');
    await world.time.advance(600_000);
    assert.deepEqual(a.troubles, ['FORBIDDEN']);
    assert.equal(a.election.trouble(), 'FORBIDDEN');
    assert.equal(a.election.holder(), undefined);
    world.fail(undefined);
    await world.time.advance(2 * LIMITS.retryMs);
    assert.deepEqual(a.troubles, ['FORBIDDEN', undefined]);
    assert.deepEqual(a.won, [true]);
  });

  it('gives a request up that is not answered, and so does not hang', async () => {
    await using world = createWorld();
    world.hang(true);
    const a = world.candidate('a');
    await world.time.advance(2 * LIMITS.renewMs);
    world.hang(false);
    await world.time.advance(LIMITS.renewMs + 2 * LIMITS.retryMs);
    assert.deepEqual(a.won, [true]);
    assert.deepEqual(a.troubles, ['CANCELLED', undefined]);
  });

  it('ends without having been won when it is asked to', async () => {
    await using world = createWorld();
    world.candidate('a');
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(30_000);
    b.end();
    await world.time.advance(0);
    assert.deepEqual(b.won, [false]);
    assert.equal(world.lease()?.holder, 'a');
  });

  it('leaves a holder its time whose Lease object somebody deleted', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(0);
    const b = world.candidate('b');
    await world.time.advance(30_000);
    a.freeze();
    world.remove();
    await world.time.advance(LIMITS.renewMs);
    assert.deepEqual(b.won, [], 'it may be at work');
    await world.time.advance(LIMITS.leaseMs);
    assert.deepEqual(b.won, [true]);
  });

  it('makes the Lease anew when somebody deleted it', async () => {
    await using world = createWorld();
    const a = world.candidate('a');
    await world.time.advance(30_000);
    world.remove();
    await world.time.advance(LIMITS.retryMs);
    assert.equal(a.election.isLeader(), true);
    assert.equal(world.lease()?.holder, 'a');
    assert.equal(a.lost, false);
  });

  for (const [jump, years] of [
    ['an hour forward', 1 / 8766],
    ['an hour back', -1 / 8766],
    ['ten years forward', 10],
    ['ten years back', -10],
  ] as const) {
    it(`does not care when the wall clock of the holder or of the other jumps ${jump}`, async () => {
      await using world = createWorld();
      const a = world.candidate('a');
      await world.time.advance(0);
      const b = world.candidate('b');
      await world.time.advance(30_000);
      a.jump(years * 365.25 * 86_400_000);
      await world.time.advance(120_000);
      b.jump(years * 365.25 * 86_400_000);
      await world.time.advance(120_000);
      assert.equal(a.election.isLeader(), true);
      assert.deepEqual(b.won, []);
      assert.equal(a.lost, false);
      a.freeze();
      await world.time.advance(LIMITS.leaseMs + 2 * LIMITS.retryMs);
      assert.deepEqual(b.won, [true]);
    });
  }

  it('never has two leaders, whatever freezes, is late, fails or jumps', async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 40 }), fc.array(delay), async (events, delays) => {
        await using world = createWorld(delays);
        const all = ['a', 'b', 'c'].map((name) => world.candidate(name));
        let last = '';
        for (const { kind, who, ms } of events) {
          const candidate = who === 'leader' ? all.find((each) => each.election.isLeader()) : all[who];
          if (kind === 'freeze') candidate?.freeze();
          else if (kind === 'thaw') candidate?.thaw();
          else if (kind === 'jump') candidate?.jump((ms - 5000) * 100_000_000);
          else if (kind === 'fail') world.fail('UNREACHABLE');
          else if (kind === 'heal') world.fail(undefined);
          else if (kind === 'end') candidate?.end();
          for (let left = ms; left > 0; left -= 200) {
            await world.time.advance(Math.min(left, 200));
            const leaders = all.filter((each) => each.election.isLeader()).map((each) => each.name);
            assert.ok(leaders.length <= 1, `leaders: ${leaders.join(', ')}`);
            if (leaders[0] !== undefined && leaders[0] !== last) changes += 1;
            last = leaders[0] ?? last;
          }
        }
      }),
      { numRuns: 150, seed: 4 },
    );
    assert.ok(changes > 200, `only ${changes} times did a leader come: that proves little`);
  });
});

const event = fc.record({
  kind: fc.constantFrom('wait', 'wait', 'freeze', 'freeze', 'thaw', 'jump', 'fail', 'heal', 'heal', 'end'),
  who: fc.constantFrom('leader' as const, 'leader' as const, 0, 1, 2),
  ms: fc.nat(10_000),
});

/** Of a request or an answer: seldom as long as a lease. */
const delay = fc.oneof(
  { weight: 6, arbitrary: fc.nat(50) },
  { weight: 2, arbitrary: fc.nat(2000) },
  { weight: 1, arbitrary: fc.nat(20_000) },
);

interface Candidate {
  readonly name: string;
  readonly election: Election;
  /** What `wait` gave, once it did. */
  readonly won: readonly boolean[];
  /** It held the lease and does not any more, without having been asked to end. */
  readonly lost: boolean;
  readonly holders: readonly string[];
  readonly troubles: readonly (PortCode | undefined)[];
  /** As SIGSTOP: its clock goes on, and nothing of it runs before {@link thaw}. */
  freeze(): void;
  thaw(): void;
  /** Its wall clock is set. */
  jump(ms: number): void;
  end(): void;
}

/** A lease in memory, whose answers take virtual time, and candidates for it. Disposing ends everything. */
function createWorld(delays: readonly number[] = []) {
  const time = createVirtualTime();
  let stored: Lease | undefined;
  let version = 0;
  let failing: PortCode | undefined;
  let hanging = false;
  let calls = 0;
  const candidates: Candidate[] = [];

  /** On the way to the server and back: a delay each, and the signal ends the wait. */
  const travel = async (own: Sleep, signal: AbortSignal): Promise<void> => {
    calls += 1;
    await own(hanging ? 1e9 : (delays[calls % Math.max(delays.length, 1)] ?? 0), signal);
    if (signal.aborted) throw failure('CANCELLED');
  };
  const storeFor = (own: Sleep): LeaseStore => ({
    read: async (_name, signal) => {
      await travel(own, signal);
      if (failing !== undefined) throw failure(failing);
      const answer = stored;
      await travel(own, signal);
      return answer;
    },
    write: async (_name, lease, signal) => {
      await travel(own, signal);
      if (failing !== undefined) throw failure(failing);
      if ((stored?.resourceVersion ?? '') !== lease.resourceVersion) throw failure('CONFLICT');
      version += 1;
      stored = { ...lease, resourceVersion: String(version) };
      const answer = stored;
      await travel(own, signal); // The answer may be lost, and the write has happened.
      return answer;
    },
  });

  const candidate = (name: string, limits = LIMITS): Candidate => {
    const gate = createGate(time);
    const stop = new AbortController();
    let offset = 0;
    let lost = false;
    const holders: string[] = [];
    const troubles: (PortCode | undefined)[] = [];
    const won: boolean[] = [];
    const election = createElection(
      'muster',
      name,
      {
        leases: storeFor(gate.sleep),
        clock: { now: () => time.clock.now() + offset, monotonicMs: () => time.clock.monotonicMs() },
        onHolder: (holder) => void holders.push(holder),
        onTrouble: (trouble) => void troubles.push(trouble?.code),
        sleep: gate.sleep,
        random: () => 0.5,
      },
      limits,
    );
    void election.wait(stop.signal).then(async (is) => {
      won.push(is);
      if (is) await election.hold(stop.signal);
      lost = is && !stop.signal.aborted;
    });
    const own: Candidate = {
      name,
      election,
      won,
      get lost() {
        return lost;
      },
      holders,
      troubles,
      freeze: gate.close,
      thaw: gate.open,
      jump: (ms) => {
        offset += ms;
      },
      end: () => stop.abort(),
    };
    candidates.push(own);
    return own;
  };

  return {
    time,
    candidate,
    lease: () => stored,
    give: (holder: string) => {
      version += 1;
      if (stored !== undefined) stored = { ...stored, holder, resourceVersion: String(version) };
    },
    remove: () => {
      stored = undefined;
    },
    fail: (code: PortCode | undefined) => {
      failing = code;
    },
    hang: (is: boolean) => {
      hanging = is;
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of candidates) {
        each.thaw();
        each.end();
      }
      await time.advance(60_000);
    },
  };
}

type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** A sleep out of which nobody comes while the gate is closed. */
function createGate(time: VirtualTime): {
  readonly sleep: Sleep;
  readonly close: () => void;
  readonly open: () => void;
} {
  let gate: PromiseWithResolvers<void> | undefined;
  return {
    sleep: async (ms, signal) => {
      await time.sleep(ms, signal);
      await gate?.promise;
    },
    close: () => {
      gate ??= Promise.withResolvers();
    },
    open: () => {
      gate?.resolve();
      gate = undefined;
    },
  };
}

function failure(code: PortCode): PortError {
  return new PortError({
    port: 'cluster',
    operation: 'update',
    subject: 'Lease muster',
    code,
    retry: true,
    safeMessage: code,
  });
}
