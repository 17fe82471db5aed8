import { setTimeout as delay } from 'node:timers/promises';
import { PortError } from '../model/errors.ts';
import type { Clock, Forge } from '../model/ports.ts';
import type { CommitStatus, StatusReport } from '../model/status.ts';
import { backOffMs } from './back-off.ts';
import type { Step } from './next-step.ts';
import { nextStep } from './next-step.ts';
import type { Outbox } from './outbox.ts';
import {
  EMPTY_OUTBOX,
  addReport,
  changesOf,
  countDirty,
  holdCommit,
  holdForge,
  hurry,
  notePosted,
  noteRead,
  noteStopped,
  noteUnsure,
  supersedeCommit,
} from './outbox.ts';

/**
 * Tells the forge what is so. Nobody waits for it: `publish` and `supersede` note and return, one worker writes, one
 * request at a time, what differs from what stands. A status that changes while it waits is written once, as it is last.
 */
export interface Publisher {
  /**
   * What is to stand on a commit. Contexts that the report does not list stay as they are, or are corrected.
   */
  publish(report: StatusReport): void;
  /**
   * `newer` is the head in place of `older`: what is `pending` on `older`, also from before a restart, becomes `error`,
   * "superseded by 1a2b3c4 before it was in sync" (why `error`: `closeSuperseded` in `outbox.ts`). Later reports on `older`
   * can still tell how something ended, and nothing else.
   */
  supersede(older: string, newer: string): void;
  /** Resolves when nothing is left to write, or when `signal` aborts. */
  settled(signal: AbortSignal): Promise<void>;
  /**
   * Writes what is left until `signal` aborts (limits and waits that the forge asked for hold), then stops; a request on
   * its way is cancelled. What is published after this call is not written.
   */
  close(signal: AbortSignal): Promise<void>;
}

/** What happened, for the log and the metrics. */
export type PublishEvent =
  /** Something is to be told that is not what was told before. Also when the forge never hears of it. */
  | {
      readonly kind: 'changed';
      readonly revision: string;
      readonly status: CommitStatus;
      /** Absent: nothing was told before, as far as this process knows. */
      readonly before?: CommitStatus;
    }
  | { readonly kind: 'posted'; readonly revision: string; readonly status: CommitStatus }
  /** Once for each kind of failure until it is over. `failure` is a {@link PortError}, or a bug of an adapter. */
  | { readonly kind: 'failing'; readonly revision: string; readonly failure: Error; readonly retryInMs: number }
  | { readonly kind: 'recovered' }
  /** Nothing more is written to this context of this commit. */
  | { readonly kind: 'stopped'; readonly revision: string; readonly context: string; readonly reason: string }
  /** The process ends and so many statuses were not written. */
  | { readonly kind: 'undelivered'; readonly count: number };

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** What a publisher is made of. */
export interface PublisherParts {
  readonly forge: Forge;
  readonly clock: Clock;
  readonly onEvent: (event: PublishEvent) => void;
  /** Real time when absent. */
  readonly sleep?: Sleep;
  /** From 0 to 1, for the spread of retries; `Math.random` when absent. */
  readonly random?: () => number;
}

/** A publisher that knows nothing yet: it asks the forge what stands on a commit when it first hears of one. */
export function createPublisher(parts: PublisherParts): Publisher {
  const { forge, clock, onEvent, sleep = pause, random = Math.random } = parts;
  const stop = new AbortController();
  let outbox = EMPTY_OUTBOX;
  let closing = false;
  /** Failures of the forge as a whole, in a row, and of what kind the last was. */
  let failures = 0;
  let trouble: string | undefined;
  let worker: Promise<void> | undefined;
  let nap = new AbortController();

  /** Takes the next outbox, and tells what of `revision` is to be told otherwise. */
  const accept = (next: Outbox, revision: string): void => {
    const changes = changesOf(outbox, next, revision);
    outbox = next;
    for (const change of changes) onEvent({ kind: 'changed', revision, ...change });
  };

  const wake = (): void => {
    nap.abort();
    // Not in this turn: what is published together is looked at together.
    worker ??= Promise.resolve().then(work);
  };

  const work = async (): Promise<void> => {
    for (;;) {
      const step: Step = stop.signal.aborted ? { kind: 'idle' } : nextStep(outbox, clock.monotonicMs());
      if (step.kind === 'idle') break;
      if (step.kind === 'wait') {
        nap = new AbortController();
        await sleep(step.ms, nap.signal);
      } else {
        await attempt(step);
      }
    }
    // In the same turn as the decision to end: who publishes now must find no worker and start one.
    worker = undefined;
  };

  const attempt = async (task: Task): Promise<void> => {
    try {
      await carryOut(task);
      failures = 0;
      if (trouble !== undefined) onEvent({ kind: 'recovered' });
      trouble = undefined;
    } catch (error) {
      if (!stop.signal.aborted) noteFailure(task, error);
    }
  };

  const carryOut = async (task: Task): Promise<void> => {
    const { revision } = task;
    if (task.kind === 'read') {
      const statuses = await forge.read(revision, stop.signal);
      accept(noteRead(outbox, revision, statuses), revision);
      return;
    }
    const { status, last } = task;
    await forge.post(revision, status, stop.signal);
    onEvent({ kind: 'posted', revision, status });
    accept(notePosted(outbox, revision, status, last, clock.monotonicMs()), revision);
    if (last) onEvent({ kind: 'stopped', revision, context: status.context, reason: status.description });
  };

  const noteFailure = (task: Task, error: unknown): void => {
    const { revision } = task;
    const nowMs = clock.monotonicMs();
    const failure = error instanceof Error ? error : new TypeError('a forge threw something that is no error');
    const facts = failure instanceof PortError ? failure : BUG;
    const context = task.kind === 'post' ? task.status.context : undefined;
    if (context !== undefined && facts.code === 'REJECTED') {
      outbox = noteStopped(outbox, revision, context, nowMs);
      onEvent({ kind: 'stopped', revision, context, reason: reasonOf(failure) });
      return;
    }
    if (context !== undefined) outbox = noteUnsure(outbox, revision, context, nowMs);
    if (facts.code === 'NOT_FOUND' || facts.code === 'REJECTED') {
      const retryInMs = backOffMs(facts, 1, random());
      const told = outbox.commits.get(revision)?.refusal === facts.code;
      outbox = holdCommit(outbox, revision, facts.code, nowMs + retryInMs);
      if (!told) onEvent({ kind: 'failing', revision, failure, retryInMs });
      return;
    }
    failures += 1;
    const retryInMs = backOffMs(facts, failures, random());
    const told = trouble === facts.code;
    trouble = facts.code;
    outbox = holdForge(outbox, nowMs + retryInMs);
    if (!told) onEvent({ kind: 'failing', revision, failure, retryInMs });
  };

  const settled = async (signal: AbortSignal): Promise<void> => {
    for (let each = worker; each !== undefined && !signal.aborted; each = worker) await either(each, signal);
  };

  return {
    publish: (report) => {
      if (closing) return;
      accept(addReport(outbox, report), report.revision);
      wake();
    },
    supersede: (older, newer) => {
      if (closing) return;
      accept(supersedeCommit(outbox, older, newer), older);
      wake();
    },
    settled,
    close: async (signal) => {
      closing = true;
      outbox = hurry(outbox);
      wake();
      await settled(signal);
      stop.abort();
      nap.abort();
      await worker;
      const count = countDirty(outbox);
      if (count > 0) onEvent({ kind: 'undelivered', count });
    },
  };
}

/** What is asked of the forge. */
type Task = Extract<Step, { readonly kind: 'read' | 'post' }>;

/** Something else than a {@link PortError} is a bug of the adapter: told as such, and not repeated quickly. */
const BUG = { code: 'BUG', retry: false } as const;

function reasonOf(failure: Error): string {
  return failure instanceof PortError ? failure.safeMessage : failure.message;
}

/** Resolves when `promise` does or `signal` aborts. */
async function either(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: done.signal });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    done.abort();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Woken early: the caller looks again at what there is to do.
  }
}
