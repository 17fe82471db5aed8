import { setTimeout as sleep } from 'node:timers/promises';
import type { Controller } from './controller.ts';
import type { HeadCheck } from './head-check.ts';
import type { Log } from './log.ts';
import { PortError } from './model/errors.ts';
import type { HeadTrouble } from './model/fleet-state.ts';
import type { RenderResult } from './reconcile.ts';
import { formatFailure } from './report/format-failure.ts';

/** A repository whose head is asked for again and again. Throws PortError, and only that. */
export interface FollowedRepository {
  poll(signal: AbortSignal): Promise<PolledHead>;
  /** The same from scratch, for when what was fetched turned out to be damaged. */
  rebuild(signal: AbortSignal): Promise<PolledHead>;
  /** The revision that was promoted last, by this process or one before it, as it can be read now. */
  lastGood(): Promise<RepositoryHead | undefined>;
  /** Everything that the revision needs was read: from now on it is the last good one. */
  promote(head: RepositoryHead): Promise<void>;
}

export interface RepositoryHead {
  readonly revision: string;
  /** Where to read it. */
  readonly gitdir: string;
}

export interface PolledHead extends RepositoryHead {
  /** The branch went back to an ancestor of the last good revision: a mirror that lags, or somebody who turned it back. */
  readonly regressed: boolean;
}

export interface FollowPorts {
  readonly repository: FollowedRepository;
  readonly render: (head: RepositoryHead, signal: AbortSignal) => Promise<RenderResult>;
  readonly controller: Controller;
  /** The head changed from one revision to another. */
  readonly onNewHead: (older: string, newer: string) => void;
  /** Each time the loop comes round, before it asks. */
  readonly onTurn: () => void;
  /** Whom to tell what the head is, each time it was asked for. */
  readonly headCheck: HeadCheck;
  /** The repository answered. */
  readonly onPolled: () => void;
  readonly log: Log;
}

/** A revision whose rendering crashed so often is left alone until the head moves. */
const MAX_CRASHES = 3;

/**
 * Follows the head of a repository until `signal` aborts: renders each new one and hands it to the controller. What cannot
 * be read or used changes nothing in the clusters; they stay with the last good revision, and their drift is still put
 * right, also after a restart without the repository.
 */
export async function followRepository(ports: FollowPorts, pollMs: number, signal: AbortSignal): Promise<void> {
  const { repository, headCheck } = ports;
  const memory: Memory = { head: '', doubted: '', isTaken: true, crashes: 0, wrong: undefined, complaint: '' };
  while (!signal.aborted) {
    let waitMs = pollMs;
    ports.onTurn();
    const tellHead = headCheck.begin();
    try {
      const head = await repository.poll(signal);
      ports.onPolled();
      tellHead(head);
      if (isCredible(head, memory, ports)) await lookAt(head, memory, ports, signal);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof PortError)) throw error;
      if (error.port === 'git') tellHead({ failure: error.safeMessage });
      if (error.code === 'CRASHED') memory.crashes += 1;
      waitMs = Math.max(pollMs, error.retryAfterMs ?? 0);
      await complain(error, memory, ports, signal);
    }
    const until = AbortSignal.any([signal, headCheck.wanted()]);
    await sleep(waitMs * (0.9 + Math.random() * 0.2), undefined, { signal: until }).catch(() => {});
  }
  headCheck.end('the process ends');
}

/** What the loop knows of the head. */
interface Memory {
  head: string;
  /** A revision that went back, seen once. */
  doubted: string;
  /** It was rendered, or found to be wrong. */
  isTaken: boolean;
  crashes: number;
  wrong: HeadTrouble | undefined;
  /** The failure that was told last; `''`: all is well. */
  complaint: string;
}

/** A step back counts when two polls agree: servers behind one name may lag, and would make us go to and fro. */
function isCredible({ revision, regressed }: PolledHead, memory: Memory, { log }: FollowPorts): boolean {
  const agrees = !regressed || revision === memory.head || revision === memory.doubted;
  // Any other answer in between, and the two do not agree.
  memory.doubted = agrees ? '' : revision;
  if (agrees) return true;
  log.warn('the branch went back to an older revision; it is looked at once more before it counts', { revision });
  return false;
}

async function lookAt(head: PolledHead, memory: Memory, ports: FollowPorts, signal: AbortSignal): Promise<void> {
  if (head.revision !== memory.head) {
    // Whoever worked before a restart may have left what it had not reached yet.
    const older = memory.head === '' ? (await lastGood(ports))?.revision : memory.head;
    if (older !== undefined && older !== head.revision) ports.onNewHead(older, head.revision);
    Object.assign(memory, { head: head.revision, isTaken: false, crashes: 0, wrong: undefined });
  }
  if (!memory.isTaken && memory.crashes < MAX_CRASHES) {
    memory.wrong = await takeOrRebuild(head, ports, signal);
    memory.isTaken = true;
  }
  if (memory.isTaken && memory.complaint !== '') recovered(memory, ports);
}

/** What was fetched can be damaged on the disk: once per revision it is fetched from scratch. */
async function takeOrRebuild(
  head: PolledHead,
  ports: FollowPorts,
  signal: AbortSignal,
): Promise<HeadTrouble | undefined> {
  try {
    return await take(head, ports, signal);
  } catch (error) {
    if (!(error instanceof PortError) || error.port !== 'git' || !['CORRUPT', 'NOT_FOUND'].includes(error.code))
      throw error;
    ports.log.warn('what was fetched is damaged; it is fetched from scratch', {
      revision: head.revision,
      reason: error.safeMessage,
    });
    return take(await ports.repository.rebuild(signal), ports, signal);
  }
}

function recovered(memory: Memory, { controller, log }: FollowPorts): void {
  log.info('the repository can be read again');
  memory.complaint = '';
  controller.setTrouble(memory.head, memory.wrong);
}

/** The same failure at each poll for a day is one line and one status, not thousands. */
async function complain(error: PortError, memory: Memory, ports: FollowPorts, signal: AbortSignal): Promise<void> {
  const { controller, log } = ports;
  const text = formatFailure(error);
  if (text === memory.complaint) return;
  memory.complaint = text;
  log.warn('the repository cannot be used', { code: error.code, reason: text });
  if (controller.state().live === undefined) await takeLastGood(ports, signal);
  const head = memory.head === '' ? (controller.state().live?.revision ?? '') : memory.head;
  controller.setTrouble(head, { kind: 'unreadable', failure: error });
}

/** Renders a head and hands it on. What is wrong with it, if it cannot be used. */
async function take(head: RepositoryHead, ports: FollowPorts, signal: AbortSignal): Promise<HeadTrouble | undefined> {
  const { controller, log, repository } = ports;
  const result = await ports.render(head, signal);
  if (result.state === 'unusable') {
    log.warn('the revision cannot be used', { revision: head.revision, errors: result.diagnostics.length });
    if (controller.state().live === undefined) await takeLastGood(ports, signal);
    const trouble: HeadTrouble = { kind: 'wrong', diagnostics: result.diagnostics };
    controller.setTrouble(head.revision, trouble);
    return trouble;
  }
  await repository.promote(head);
  const { clusters, apps, diagnostics } = result.fleet;
  const errors = diagnostics.filter((each) => each.severity === 'error').length;
  log.info('new revision', { revision: head.revision, clusters: clusters.length, apps: apps.length, errors });
  controller.setFleet(result.fleet);
  return undefined;
}

/** Brings back what was live before a restart. */
async function takeLastGood(ports: FollowPorts, signal: AbortSignal): Promise<void> {
  const { render, controller, log } = ports;
  const head = await lastGood(ports);
  try {
    const result = head === undefined ? undefined : await render(head, signal);
    if (result?.state !== 'rendered') return;
    log.info('the clusters stay with the last good revision', { revision: result.fleet.revision });
    controller.setFleet(result.fleet);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    log.warn(UNREADABLE, { reason: error.safeMessage });
  }
}

async function lastGood({ repository, log }: FollowPorts): Promise<RepositoryHead | undefined> {
  try {
    return await repository.lastGood();
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    log.warn(UNREADABLE, { reason: error.safeMessage });
    return undefined;
  }
}

const UNREADABLE = 'the last good revision cannot be read';
