import { setTimeout as sleep } from 'node:timers/promises';
import { EMPTY_MEMORY, reconcileCluster } from './reconcile.ts';
import { createSlots } from './concurrency.ts';
import { countLeaving } from './count-leaving.ts';
import type { Leaving, ObjectResult } from './model/apply.ts';
import { PortError } from './model/errors.ts';
import type { Cluster } from './model/fleet.ts';
import type { FleetState, HeadTrouble, HealedDrift } from './model/fleet-state.ts';
import type { ClusterReader, ClusterWriter, Clock } from './model/ports.ts';
import type { RenderedCluster, RenderedFleet } from './model/render.ts';
import type { Phase, Tick, TickMemory } from './model/tick.ts';
import { idKey } from './object/id.ts';

/** Both ports of one cluster, as long as its connection settings stay the same. */
export interface Connection {
  readonly reader: ClusterReader;
  readonly writer: ClusterWriter;
  close(): Promise<void>;
}

/** What the loop needs of the world. */
export interface ControllerPorts {
  /** `onChange` is called when something in the cluster changed. Throws PortError where no connection can be made. */
  readonly connect: (cluster: Cluster, onChange: () => void) => Connection;
  readonly clock: Clock;
  /** False: another controller may be at work; asked before each write. */
  readonly mayWrite: () => boolean;
  /** As in the ports of `reconcileCluster`. Absent: each fleet was read a moment ago. */
  readonly confirmHead?: (revision: string, signal: AbortSignal) => Promise<string | undefined>;
  readonly isHuman: (manager: string) => boolean;
  /** Whether a cluster has nothing left to wait for. */
  readonly isInSync: (tick: Tick) => boolean;
  readonly onProgress: (cluster: string, result: ObjectResult) => void;
  readonly onPhase?: (cluster: string, phase: Phase) => void;
  /** After each tick, which took so many seconds, and whenever the head changed. */
  readonly onState: (state: FleetState, tick: Tick | undefined, seconds: number) => void;
  /** A bug in Muster, in one cluster's tick: the others go on. */
  readonly onBug: (cluster: string, error: unknown) => void;
}

/** In milliseconds, where not said otherwise. */
export interface ControllerLimits {
  /** Clusters that are ticked at once, a number. */
  readonly parallelTicks: number;
  /** Longest tick: nothing is written after it. */
  readonly tickMs: number;
  /** From a change to the tick that looks at it: a burst of events is one tick. */
  readonly debounceMs: number;
  /** A cluster where nothing happens is looked at again after this long. */
  readonly resyncMs: number;
  /** First and longest pause while something is on its way. */
  readonly lookAgainMs: readonly [number, number];
  /** First and longest pause after a failure. */
  readonly retryMs: readonly [number, number];
}

export const CONTROLLER_LIMITS: ControllerLimits = {
  parallelTicks: 20,
  tickMs: 5 * 60_000,
  debounceMs: 200,
  resyncMs: 60_000,
  lookAgainMs: [1000, 15_000],
  retryMs: [1000, 60_000],
};

/** At the end of a tick: what is under way may come to its end, and what was done is recorded. */
const RECORD_MS = 5000;

/** The only loop: whom to tick when, how many at once, back-off, shutdown. */
export interface Controller {
  /** A new revision to bring the clusters to; it is the head from now on, and the head is fine. */
  setFleet(rendered: RenderedFleet): void;
  /** The head cannot be used, and the clusters stay with the revision they have; `undefined`: it can be again. */
  setTrouble(head: string, trouble: HeadTrouble | undefined): void;
  /** Looks at every cluster soon. */
  lookNow(): void;
  state(): FleetState;
  /**
   * Begins no tick any more and waits for those under way. When most of `graceMs` is over they begin no object any more
   * and record what they did; at its end they are cut off.
   */
  close(graceMs: number): Promise<void>;
}

/** Everything about one cluster that outlives a tick. */
interface Member {
  target: RenderedCluster;
  /** The connection and the settings it was made from. */
  connection: { readonly key: string; readonly ports: Connection } | undefined;
  memory: TickMemory;
  tick: Tick | undefined;
  healed: readonly HealedDrift[];
  /** UID of the API server that was given to this cluster: no other cluster of the fleet gets the same. */
  clusterUid: string | undefined;
  /** Apps that the cluster had an inventory of when it was last read or written; absent: never read. */
  inventories: ReadonlySet<string> | undefined;
  timer: NodeJS.Timeout | undefined;
  dueMs: number;
  running: Promise<void> | undefined;
  /** A tick has its slot and may touch the cluster; one that only waits for a slot has not begun. */
  atWork: boolean;
  /** Cuts off what is under way. */
  readonly cut: AbortController;
  /** Something changed while a tick was under way. */
  again: boolean;
  /** Looks in a row that failed, or found something still on its way. */
  failures: number;
  waits: number;
}

export function createController(ports: ControllerPorts, limits: ControllerLimits = CONTROLLER_LIMITS): Controller {
  const members = new Map<string, Member>();
  /** What left the fleet and has not come to its end yet. */
  const leavers = new Map<Member, Promise<void>>();
  const abort = new AbortController();
  const slots = createSlots(limits.parallelTicks);
  let rendered: RenderedFleet | undefined;
  let leaving: ReadonlyMap<string, Leaving> = new Map();
  let head = '';
  let trouble: HeadTrouble | undefined;
  let closing = false;
  let ending = false;

  const state = (): FleetState => {
    const ticks = [...members].flatMap(([name, { tick }]) => (tick === undefined ? [] : [[name, tick] as const]));
    return {
      head,
      ...(rendered === undefined ? {} : { live: rendered }),
      ...(trouble === undefined ? {} : { trouble }),
      ticks: new Map(ticks.filter(([, tick]) => tick.revision === rendered?.revision)),
      healed: new Map([...members].map(([name, { healed }]) => [name, healed])),
    };
  };

  const isMember = (name: string, member: Member): boolean => members.get(name) === member;

  /** The earlier of two requests wins. */
  const schedule = (name: string, delayMs: number): void => {
    const member = members.get(name);
    if (member === undefined || closing) return;
    if (member.running !== undefined) {
      member.again ||= delayMs <= limits.debounceMs;
      return;
    }
    const dueMs = ports.clock.monotonicMs() + delayMs;
    if (member.timer !== undefined && member.dueMs <= dueMs) return;
    clearTimeout(member.timer);
    member.dueMs = dueMs;
    member.timer = setTimeout(() => start(name, member), delayMs);
  };

  const start = (name: string, member: Member): void => {
    member.timer = undefined;
    member.again = false;
    member.running = tickMember(name, member)
      .catch((error: unknown) => {
        member.failures += 1;
        ports.onBug(name, error);
        tellBug(name, member);
      })
      .catch((error: unknown) => ports.onBug(name, error))
      .finally(() => {
        member.running = undefined;
        if (isMember(name, member)) schedule(name, member.again ? limits.debounceMs : pauseMs(member));
      });
  };

  /** What was said of the cluster last does not hold any more: nobody looks after it. */
  const tellBug = (name: string, member: Member): void => {
    if (rendered === undefined || !isMember(name, member)) return;
    const what = {
      port: 'cluster',
      operation: 'look at',
      subject: `cluster ${name}`,
      code: 'BUG',
      retry: true,
    } as const;
    const failure = { ...what, safeMessage: 'a bug in Muster keeps it from being looked after. See the log' };
    const tick: Tick = { state: 'failed', target: member.target, revision: rendered.revision, failure };
    member.tick = tick;
    ports.onState(state(), tick, 0);
  };

  const tickMember = async (name: string, member: Member): Promise<void> => {
    await slots.use(async () => {
      await predecessors(member);
      if (rendered === undefined || closing || !isMember(name, member)) return;
      const fleet = rendered;
      const beganMs = ports.clock.monotonicMs();
      member.atWork = true;
      const { tick, memory } = await runTick(fleet, member).finally(() => {
        member.atWork = false;
      });
      // A tick that our own end cut off says nothing about the cluster.
      if (ending && tick.state === 'failed' && tick.failure.code === 'CANCELLED') return;
      const current = isMember(name, member) && fleet === rendered;
      member.memory = memory;
      member.inventories = inventoriesAfter(tick, member.inventories);
      if (!current) return;
      member.tick = tick;
      member.failures = tick.state === 'failed' ? member.failures + 1 : 0;
      member.waits = tick.state === 'done' && (wrote(tick) || !ports.isInSync(tick)) ? member.waits + 1 : 0;
      member.healed = [...member.healed, ...healedBy(tick)].slice(-20);
      ports.onState(state(), tick, (ports.clock.monotonicMs() - beganMs) / 1000);
    });
  };

  /**
   * A cluster that was renamed is read only when nobody works on it under its old name any more: it would read what we
   * record, and take what we make for what left the repository.
   */
  const predecessors = async ({ clusterUid }: Member): Promise<void> => {
    if (clusterUid !== undefined) return;
    for (;;) {
      const atWork = [...leavers.keys()].filter((each) => each.atWork);
      if (atWork.length === 0) return;
      await Promise.all(atWork.flatMap(({ running }) => running ?? []));
    }
  };

  const runTick = async (fleet: RenderedFleet, member: Member): Promise<{ tick: Tick; memory: TickMemory }> => {
    const { target, memory } = member;
    const name = target.cluster.name;
    let connection: Connection;
    try {
      connection = await connectionOf(member);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return { tick: { state: 'failed', target, revision: fleet.revision, failure: error }, memory };
    }
    const { clock, isHuman, mayWrite, confirmHead } = ports;
    leaving = countLeaving(fleet, [...members.values()], leaving);
    const input = {
      rendered: fleet,
      target,
      memory,
      leaving,
      deadlineMs: clock.monotonicMs() + limits.tickMs,
      readOnly: false,
    };
    const onProgress = (result: ObjectResult): void => ports.onProgress(name, result);
    const { reader, writer } = connection;
    const isEnding = (): boolean => ending || !isMember(name, member);
    const signal = AbortSignal.any([abort.signal, member.cut.signal, AbortSignal.timeout(limits.tickMs + RECORD_MS)]);
    const onPhase = (phase: Phase): void => ports.onPhase?.(name, phase);
    const own = {
      isEnding,
      onProgress,
      onPhase,
      claim: (uid: string) => claim(member, uid),
      ...(confirmHead === undefined ? {} : { confirmHead }),
    };
    return reconcileCluster(input, { reader, writer, clock, isHuman, mayWrite, ...own }, signal);
  };

  /** In one turn, so that of two clusters whose connections lead to one API server exactly one gets it. */
  const claim = (member: Member, uid: string): string | undefined => {
    // Whoever reads another one than before has let go of that.
    if (member.clusterUid !== uid) member.clusterUid = undefined;
    const atWork = [...leavers.keys()].filter((each) => each.atWork);
    const owner = [...members.values(), ...atWork].find((each) => each !== member && each.clusterUid === uid);
    if (owner === undefined) Object.assign(member, { clusterUid: uid });
    return owner?.target.cluster.name;
  };

  const connectionOf = async (member: Member): Promise<Connection> => {
    const { cluster } = member.target;
    // Whoever writes spec.uid says that the connection leads where it should.
    const key = JSON.stringify([cluster.connection, cluster.endpoints, cluster.uid]);
    if (member.connection?.key === key) return member.connection.ports;
    await member.connection?.ports.close();
    Object.assign(member, { connection: undefined, clusterUid: undefined });
    const made = ports.connect(cluster, () => schedule(cluster.name, limits.debounceMs));
    member.connection = { key, ports: made };
    return made;
  };

  const pauseMs = (member: Member): number => {
    if (member.failures > 0) return jitter(grow(limits.retryMs, member.failures));
    const usualMs = member.waits > 0 ? grow(limits.lookAgainMs, member.waits) : jitter(limits.resyncMs);
    return Math.min(usualMs, ...healTimes(member.tick));
  };

  /** Its tick under way begins no object any more, records what it did, and is cut off when that takes too long. */
  const drop = (name: string, member: Member): void => {
    members.delete(name);
    clearTimeout(member.timer);
    const cut = setTimeout(() => member.cut.abort(), RECORD_MS);
    const end = async (): Promise<void> => {
      await member.running;
      clearTimeout(cut);
      leavers.delete(member);
      await member.connection?.ports.close();
    };
    leavers.set(member, end());
  };

  return {
    setFleet: (next) => {
      const changed = next.revision !== rendered?.revision;
      rendered = next;
      head = next.revision;
      trouble = undefined;
      const names = new Set(next.clusters.map(({ cluster }) => cluster.name));
      for (const [name, member] of members) if (!names.has(name)) drop(name, member);
      for (const target of next.clusters) {
        const { name } = target.cluster;
        const member = members.get(name) ?? newMember(target);
        members.set(name, member);
        member.target = target;
        if (changed) Object.assign(member, { healed: [], waits: 0 });
        schedule(name, 0);
      }
      ports.onState(state(), undefined, 0);
    },
    setTrouble: (revision, what) => {
      head = revision;
      trouble = what;
      ports.onState(state(), undefined, 0);
    },
    lookNow: () => {
      for (const name of members.keys()) schedule(name, 0);
    },
    state,
    close: async (graceMs) => {
      closing = true;
      for (const member of members.values()) clearTimeout(member.timer);
      const running = Promise.all([
        ...[...members.values()].flatMap((member) => member.running ?? []),
        ...leavers.values(),
      ]);
      const recordMs = Math.min(RECORD_MS, graceMs / 2);
      await Promise.race([running, sleep(graceMs - recordMs, undefined, { ref: false })]);
      ending = true;
      await Promise.race([running, sleep(recordMs, undefined, { ref: false })]);
      abort.abort();
      await running;
      await Promise.all([...members.values()].flatMap(({ connection }) => connection?.ports.close() ?? []));
    },
  };
}

function newMember(target: RenderedCluster): Member {
  return {
    target,
    connection: undefined,
    memory: EMPTY_MEMORY,
    tick: undefined,
    healed: [],
    clusterUid: undefined,
    inventories: undefined,
    timer: undefined,
    dueMs: 0,
    running: undefined,
    atWork: false,
    cut: new AbortController(),
    again: false,
    failures: 0,
    waits: 0,
  };
}

/** Those that were read, and those that were written since: an app that came a moment ago can leave again at once. */
function inventoriesAfter(tick: Tick, known: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  if (tick.state === 'failed') return known && known.union(new Set(tick.result?.apps.map(({ app }) => app)));
  const written = tick.plan.apps.filter((app) => app.intent !== undefined).map(({ app }) => app);
  return new Set([...tick.observation.inventories.keys(), ...written]);
}

/** What was written is looked at once more: only then is it known to be there. */
function wrote(tick: Tick): boolean {
  return tick.state === 'done' && tick.result.apps.some((app) => app.objects.length > 0);
}

/** Milliseconds until each object whose healing waits may be healed: nothing else would make us look by then. */
function healTimes(tick: Tick | undefined): readonly number[] {
  if (tick?.state !== 'done') return [];
  return tick.plan.apps.flatMap((app) => app.skipped.flatMap(({ healInMs }) => healInMs ?? []));
}

/** Drift that a tick put right. */
function healedBy(tick: Tick): readonly HealedDrift[] {
  if (tick.state !== 'done') return [];
  const written = new Set(
    tick.result.apps.flatMap((app) =>
      app.objects.filter((each) => each.live !== undefined).map((each) => idKey(each.id)),
    ),
  );
  const time = tick.observation.observedAt;
  return tick.drift.objects.flatMap(({ cause, id, state, fields }) =>
    cause === 'drift' && state !== 'absent' && written.has(idKey(id)) ? [{ time, id, state, fields }] : [],
  );
}

function grow([first, longest]: readonly [number, number], times: number): number {
  return Math.min(longest, first * 2 ** Math.min(times - 1, 30));
}

/** Between half and all of it, so that a fleet's clusters do not come back at once. */
function jitter(pauseMs: number): number {
  return pauseMs * (0.5 + Math.random() / 2);
}
