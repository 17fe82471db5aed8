import type { CommitStatus } from '../model/status.ts';
import type { CommitRecord, ContextRecord, Outbox } from './outbox.ts';
import { isDirty } from './outbox.ts';

/** What the publisher is to do. */
export type Step =
  | { readonly kind: 'read'; readonly revision: string }
  | {
      readonly kind: 'post';
      readonly revision: string;
      readonly status: CommitStatus;
      /** Nothing more is written to this context of this commit. */
      readonly last: boolean;
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'idle' };

/**
 * GitHub takes about 80 requests that make content in a minute and 500 in an hour (REST API, "About secondary rate
 * limits"), counted over all who use the same token. These leave a part to the others.
 */
const LIMITS = [
  { windowMs: 60_000, writes: 60 },
  { windowMs: 3_600_000, writes: 450 },
] as const;

/**
 * GitHub takes 1,000 statuses for one context of one commit. The rest is for what we did not count: writes from before a
 * restart, and writes whose answer was lost.
 */
export const MAX_WRITES_PER_CONTEXT = 900;

/** A text that changes while the state stays (`37/40 clusters`) need not be newer than this. */
const TEXT_GAP_MS = 10_000;

/** So many changes of one context go out as they come; each further hundred doubles the gap between them. */
const FAST_WRITES = 100;

/** What to do now: read a commit of which nothing is known, write what differs, wait for the earliest, or nothing. */
export function nextStep(outbox: Outbox, nowMs: number): Step {
  const limitMs = limitReadyMs(outbox.writesMs);
  const queue = [...outbox.commits].flatMap(([revision, commit]) => entriesOf(outbox, revision, commit, limitMs));
  queue.sort((a, b) => Number(b.lead) - Number(a.lead) || a.turn - b.turn);
  let earliestMs = Infinity;
  for (const entry of queue) {
    const readyMs = Math.max(entry.readyMs, outbox.heldUntilMs);
    if (readyMs <= nowMs) return entry.step;
    earliestMs = Math.min(earliestMs, readyMs);
  }
  return earliestMs === Infinity ? { kind: 'idle' } : { kind: 'wait', ms: earliestMs - nowMs };
}

/**
 * The gap that one context of one commit keeps after so many writes: none for the first hundred, then 1, 2, 4, … 128
 * minutes, doubling with every hundred. A status that flaps every minute costs 480 writes on the first day and lasts more
 * than two weeks, and what stands is never older than the gap. A hard stop would leave something untrue for ever.
 */
export function contextGapMs(writes: number): number {
  return writes < FAST_WRITES ? 0 : 60_000 * 2 ** Math.floor((writes - FAST_WRITES) / FAST_WRITES);
}

/** When the next write keeps within all limits, given the monotonic times of the last hour's writes, oldest first. */
export function limitReadyMs(writesMs: readonly number[]): number {
  return Math.max(...LIMITS.map(({ windowMs, writes }) => (writesMs.at(-writes) ?? -Infinity) + windowMs));
}

interface Entry {
  readonly step: Step;
  readonly lead: boolean;
  readonly turn: number;
  readonly readyMs: number;
}

function entriesOf(outbox: Outbox, revision: string, commit: CommitRecord, limitMs: number): readonly Entry[] {
  const dirty = [...commit.contexts.values()].filter(isDirty);
  if (!commit.read) {
    const turn = Math.min(...dirty.map((record) => record.turn), outbox.nextTurn);
    return dirty.length === 0 && !outbox.supersededBy.has(revision)
      ? []
      : [{ step: { kind: 'read', revision }, lead: true, turn, readyMs: commit.heldUntilMs }];
  }
  return dirty.flatMap((record) => {
    const step = postStep(revision, record);
    const readyMs = Math.max(commit.heldUntilMs, limitMs, record.lastWriteMs + gapMs(outbox, record));
    return step === undefined ? [] : [{ step, lead: record.lead, turn: record.turn, readyMs }];
  });
}

function gapMs(outbox: Outbox, { wanted, stands, unsure, writes }: ContextRecord): number {
  if (outbox.hurried) return 0;
  const sameState = !unsure && wanted?.state === stands?.state;
  return Math.max(contextGapMs(writes), sameState ? TEXT_GAP_MS : 0);
}

/** The last write that a context gets says that it is the last: what it says after that would be of no use. */
function postStep(revision: string, { wanted, writes }: ContextRecord): Step | undefined {
  if (wanted === undefined) return undefined;
  if (writes + 1 < MAX_WRITES_PER_CONTEXT) return { kind: 'post', revision, status: wanted, last: false };
  const description = `changed ${MAX_WRITES_PER_CONTEXT} times on this commit, so it is not updated any more; see the log`;
  return { kind: 'post', revision, status: { context: wanted.context, state: 'error', description }, last: true };
}
