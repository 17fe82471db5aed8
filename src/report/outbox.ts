/**
 * What is to be told, to whom, and what has been told: all that the publisher knows, as one value. Every function here
 * takes an outbox and gives the next one; `next-step.ts` chooses what to do, `publish.ts` does it.
 */
import type { PortCode } from '../model/errors.ts';
import type { CommitStatus, StatusReport } from '../model/status.ts';
import { clipDescription } from './clip-description.ts';
import { contextKey } from './context-key.ts';

/** Everything that the publisher knows. Times are monotonic milliseconds. */
export interface Outbox {
  /** By revision, the one that was reported on last at the end. */
  readonly commits: ReadonlyMap<string, CommitRecord>;
  /** By revision: the one that took its place. */
  readonly supersededBy: ReadonlyMap<string, string>;
  /** Monotonic times of the writes of the last hour, oldest first. */
  readonly writesMs: readonly number[];
  /** No request to the forge before this monotonic time. */
  readonly heldUntilMs: number;
  /** True: the process ends, so nothing waits for a better text any more. */
  readonly hurried: boolean;
  readonly nextTurn: number;
}

/** One commit at the forge. */
export interface CommitRecord {
  /** False: what stands on it from before this process is not known yet. */
  readonly read: boolean;
  /** No request about this commit before this monotonic time. */
  readonly heldUntilMs: number;
  /** The last reason why the forge would not talk about this commit. */
  readonly refusal?: PortCode;
  /** By {@link contextKey}. */
  readonly contexts: ReadonlyMap<string, ContextRecord>;
  /** By {@link contextKey}: what takes the place of what stands there and is not a success. */
  readonly corrections?: ReadonlyMap<string, CommitStatus>;
}

/** One context of one commit. */
export interface ContextRecord {
  /** What is to stand there. */
  readonly wanted?: CommitStatus;
  /** What stands there as far as we know. */
  readonly stands?: CommitStatus;
  /** A write was sent and its answer lost, so `stands` may be wrong. */
  readonly unsure: boolean;
  /** The first of its report: it sums up the commit, so it goes before all others. */
  readonly lead: boolean;
  /** Place in the queue: who has waited longest is first. */
  readonly turn: number;
  readonly writes: number;
  /** Monotonic time of the last write; minus infinity before the first. */
  readonly lastWriteMs: number;
  /** Nothing more is written here. */
  readonly stopped: boolean;
}

/** Nothing is to be told, and nothing is known. */
export const EMPTY_OUTBOX: Outbox = {
  commits: new Map(),
  supersededBy: new Map(),
  writesMs: [],
  heldUntilMs: -Infinity,
  hurried: false,
  nextTurn: 0,
};

/** Contexts that begin so are ours; those of others that stand on a commit are none of our business. */
const OURS = 'muster/';

/** Bounds of memory. A commit that is forgotten is read again when somebody reports on it. */
const MAX_COMMITS = 100;
const MAX_SUPERSEDED = 1_000;

const HOUR_MS = 3_600_000;

const NEW_COMMIT: CommitRecord = { read: false, heldUntilMs: -Infinity, contexts: new Map() };

const NEW_CONTEXT: ContextRecord = {
  unsure: false,
  lead: false,
  turn: 0,
  writes: 0,
  lastWriteMs: -Infinity,
  stopped: false,
};

/** The report's statuses are what is to stand; other contexts of the commit are corrected, or stay as they are. */
export function addReport(outbox: Outbox, report: StatusReport): Outbox {
  const commit = outbox.commits.get(report.revision) ?? NEW_COMMIT;
  const contexts = new Map(commit.contexts);
  const superseded = outbox.supersededBy.has(report.revision);
  for (const [index, status] of report.statuses.entries()) {
    if (superseded && status.state === 'pending') continue; // Must not displace an end that is still to be told.
    const key = contextKey(status.context);
    const record = contexts.get(key) ?? NEW_CONTEXT;
    contexts.set(
      key,
      queued({ ...record, wanted: clipped(status), lead: index === 0 }, record, outbox.nextTurn + index),
    );
  }
  const corrections = new Map(report.corrections?.map((status) => [contextKey(status.context), clipped(status)]));
  const next: CommitRecord = { ...commit, contexts, corrections };
  const added = withCommit(outbox, report.revision, next, { last: true });
  return settle({ ...added, nextTurn: outbox.nextTurn + report.statuses.length }, report.revision);
}

/**
 * `newer` took the place of `older`: what stands in `pending` on `older` gets a final state, and reports on it that say
 * `pending` are not told any more. `older` need not have been reported on: it may be from before a restart.
 */
export function supersedeCommit(outbox: Outbox, older: string, newer: string): Outbox {
  if (older === newer) return outbox;
  const supersededBy = new Map(outbox.supersededBy);
  supersededBy.delete(newer); // A branch that was set back makes an old commit the head again.
  supersededBy.delete(older);
  supersededBy.set(older, newer);
  const [first] = supersededBy.keys();
  if (supersededBy.size > MAX_SUPERSEDED && first !== undefined) supersededBy.delete(first);
  const commit = outbox.commits.get(older);
  const done = commit === undefined && outbox.supersededBy.has(older); // settled before, and forgotten since
  const next = { ...outbox, supersededBy };
  return done ? next : settle(withCommit(next, older, commit ?? NEW_COMMIT), older);
}

/** The forge said what stands on a commit. */
export function noteRead(outbox: Outbox, revision: string, statuses: readonly CommitStatus[]): Outbox {
  const commit = outbox.commits.get(revision) ?? NEW_COMMIT;
  const contexts = new Map(commit.contexts);
  for (const stands of statuses) {
    const key = contextKey(stands.context);
    const record = contexts.get(key);
    if (record === undefined && !key.startsWith(OURS)) continue;
    contexts.set(key, { ...(record ?? NEW_CONTEXT), stands });
  }
  const { refusal: _gone, ...rest } = commit;
  return settle(withCommit(outbox, revision, { ...rest, read: true, contexts }), revision);
}

/** The forge took a status. `last`: it is the last that is written to this context of this commit. */
export function notePosted(
  outbox: Outbox,
  revision: string,
  status: CommitStatus,
  last: boolean,
  nowMs: number,
): Outbox {
  const posted = withContext(noteWrite(outbox, nowMs), revision, status.context, (record) => ({
    ...record,
    stands: status,
    unsure: false,
    turn: outbox.nextTurn,
    writes: record.writes + 1,
    lastWriteMs: nowMs,
    stopped: record.stopped || last,
  }));
  return settle({ ...posted, nextTurn: outbox.nextTurn + 1 }, revision);
}

/** The forge will not take statuses for this context of this commit. */
export function noteStopped(outbox: Outbox, revision: string, context: string, nowMs: number): Outbox {
  return settle(
    withContext(noteWrite(outbox, nowMs), revision, context, (record) => ({ ...record, stopped: true })),
    revision,
  );
}

/** A write failed, or its answer was lost: it goes to the end of the queue and counts against the limits all the same. */
export function noteUnsure(outbox: Outbox, revision: string, context: string, nowMs: number): Outbox {
  const moved = withContext(noteWrite(outbox, nowMs), revision, context, (record) => ({
    ...record,
    unsure: true,
    turn: outbox.nextTurn,
  }));
  return settle({ ...moved, nextTurn: outbox.nextTurn + 1 }, revision);
}

/** Nothing is asked of the forge before `untilMs`. */
export function holdForge(outbox: Outbox, untilMs: number): Outbox {
  return { ...outbox, heldUntilMs: untilMs };
}

/** Nothing is asked of the forge about one commit before `untilMs`, because of `refusal`. */
export function holdCommit(outbox: Outbox, revision: string, refusal: PortCode, untilMs: number): Outbox {
  const commit = outbox.commits.get(revision) ?? NEW_COMMIT;
  return withCommit(outbox, revision, { ...commit, refusal, heldUntilMs: untilMs });
}

/** The process ends: what is known is told now. */
export function hurry(outbox: Outbox): Outbox {
  return { ...outbox, hurried: true };
}

/** Whether a context must be written. */
export function isDirty(record: ContextRecord): boolean {
  const { wanted, stands, unsure, stopped } = record;
  if (stopped || wanted === undefined) return false;
  if (unsure || stands === undefined) return true;
  if (wanted.tentative === true && stands.state !== 'pending') return false;
  return !sameStatus(wanted, stands);
}

/** How many contexts of all commits must still be written. */
export function countDirty(outbox: Outbox): number {
  let count = 0;
  for (const commit of outbox.commits.values()) count += [...commit.contexts.values()].filter(isDirty).length;
  return count;
}

/** What of a commit is to be told otherwise after than before, in the order of the queue. */
export function changesOf(
  before: Outbox,
  after: Outbox,
  revision: string,
): readonly { readonly status: CommitStatus; readonly before?: CommitStatus }[] {
  const former = before.commits.get(revision)?.contexts;
  return [...(after.commits.get(revision)?.contexts ?? [])].flatMap(([key, { wanted, stopped }]) => {
    const old = former?.get(key)?.wanted ?? former?.get(key)?.stands;
    if (wanted === undefined || stopped || (old !== undefined && sameStatus(old, wanted))) return [];
    return [{ status: wanted, ...(old === undefined ? {} : { before: old }) }];
  });
}

/** Applies the rules that hold for a commit whatever happened to it. */
function settle(outbox: Outbox, revision: string): Outbox {
  const commit = outbox.commits.get(revision);
  if (commit === undefined) return outbox;
  const newer = outbox.supersededBy.get(revision);
  const contexts = new Map<string, ContextRecord>();
  for (const [key, record] of commit.contexts) {
    const correct = commit.read ? corrected(record, commit.corrections?.get(key)) : record;
    const next = newer === undefined ? correct : closeSuperseded(correct, newer);
    if (next !== undefined) contexts.set(key, queued(next, record, outbox.nextTurn));
  }
  const settled = withCommit({ ...outbox, nextTurn: outbox.nextTurn + 1 }, revision, { ...commit, contexts });
  const done = newer !== undefined && commit.read && ![...contexts.values()].some(isDirty);
  return done ? withoutCommit(settled, revision) : settled;
}

/** A cluster that is not worth a status of its own any more must not keep its last failure for ever. */
function corrected(record: ContextRecord, correction: CommitStatus | undefined): ContextRecord {
  if (correction === undefined) return record;
  const open = record.unsure || (record.stands !== undefined && record.stands.state !== 'success');
  const { wanted: _wanted, ...rest } = record;
  return open ? { ...rest, wanted: correction } : rest;
}

/**
 * Nothing stays `pending` on a commit that nobody works on any more. It becomes `error`, which here means "could not be
 * tried": `success` would say that a cluster was in sync which never was (and would let the commit through where
 * `muster/fleet` is required, say from one environment's branch to the next), and `failure` that it was tried and
 * failed. GitHub has no state for "cancelled". The description names the commit to look at. What ended before, in
 * success or failure, is true and stays.
 *
 * `undefined`: nothing was ever told here and nothing need be.
 */
function closeSuperseded(record: ContextRecord, newer: string): ContextRecord | undefined {
  const { wanted, ...rest } = record;
  if (wanted !== undefined && wanted.state !== 'pending') return record;
  const context = record.stands?.context ?? wanted?.context;
  if (context === undefined) return undefined;
  if (!record.unsure && record.stands?.state !== 'pending') return record.stands === undefined ? undefined : rest;
  const description = `superseded by ${newer.slice(0, 7)} before it was in sync`;
  return { ...rest, wanted: { context, state: 'error', description } };
}

/** A context that becomes dirty joins the end of the queue; one that was dirty keeps its place. */
function queued(next: ContextRecord, before: ContextRecord, turn: number): ContextRecord {
  return isDirty(next) && !isDirty(before) ? { ...next, turn } : next;
}

function clipped(status: CommitStatus): CommitStatus {
  return { ...status, description: clipDescription(status.description) };
}

function sameStatus(a: CommitStatus, b: CommitStatus): boolean {
  return a.state === b.state && a.description === b.description;
}

function noteWrite(outbox: Outbox, nowMs: number): Outbox {
  return { ...outbox, writesMs: [...outbox.writesMs.filter((atMs) => atMs > nowMs - HOUR_MS), nowMs] };
}

/** A commit of a write that was on its way when the commit was forgotten has been read, and is remembered again. */
function withContext(
  outbox: Outbox,
  revision: string,
  context: string,
  change: (record: ContextRecord) => ContextRecord,
): Outbox {
  const commit = outbox.commits.get(revision) ?? { ...NEW_COMMIT, read: true };
  const key = contextKey(context);
  const record = change(commit.contexts.get(key) ?? { ...NEW_CONTEXT });
  return withCommit(outbox, revision, { ...commit, contexts: new Map([...commit.contexts, [key, record]]) });
}

function withCommit(
  outbox: Outbox,
  revision: string,
  commit: CommitRecord,
  { last = false }: { readonly last?: boolean } = {},
): Outbox {
  const commits = new Map(outbox.commits);
  if (last) commits.delete(revision);
  commits.set(revision, commit);
  for (const old of surplus(outbox, commits)) commits.delete(old);
  return { ...outbox, commits };
}

function withoutCommit(outbox: Outbox, revision: string): Outbox {
  const commits = new Map(outbox.commits);
  commits.delete(revision);
  return { ...outbox, commits };
}

/** Over the bound, commits of which everything is told go first, then superseded ones, the oldest first. */
function surplus(outbox: Outbox, commits: ReadonlyMap<string, CommitRecord>): readonly string[] {
  const over = commits.size - MAX_COMMITS;
  if (over <= 0) return [];
  const all = [...commits.keys()];
  const told = all.filter((each) => ![...(commits.get(each)?.contexts.values() ?? [])].some(isDirty));
  const superseded = all.filter((each) => outbox.supersededBy.has(each));
  return [...new Set([...told, ...superseded])].slice(0, over);
}
