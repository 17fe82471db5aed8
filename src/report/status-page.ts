import type { CommitStatus } from '../model/status.ts';
import type { ForgeAnswer, ForgeAttempt } from './forge-failure.ts';
import { corruptFailure } from './forge-failure.ts';

/** One page of a combined status. */
export interface StatusPage {
  readonly statuses: readonly CommitStatus[];
  /** How many there are on all pages; infinite where the forge does not say. */
  readonly total: number;
}

/**
 * Parses the answer to `GET /repos/{owner}/{repo}/commits/{ref}/status` of GitHub, Gitea and Forgejo. Throws a PortError
 * CORRUPT for anything that is neither: a page that was cut off must not pass for a commit without statuses.
 *
 * Gitea's differ in three ways (`modules/structs/status.go`, `routers/api/v1/repo/status.go`): the state of one status is
 * called `status`; `total_count` counts the page only; a commit without any has `null` for a list, or (before 1.18) no body.
 */
export function parseStatusPage(attempt: ForgeAttempt, { data, headers }: ForgeAnswer): StatusPage {
  if (data === '' && String(headers['content-length']) === '0') return { statuses: [], total: 0 };
  if (!isRecord(data)) throw corruptFailure(attempt, 'the answer is not JSON, or was cut off');
  const list = data['statuses'] ?? [];
  if (!Array.isArray(list)) throw corruptFailure(attempt, 'the answer has no list of statuses');
  const statuses = list.map((each: unknown) => parseStatus(attempt, each));
  const ofGitHub = list.every((each: unknown) => isRecord(each) && 'state' in each);
  const total = data['total_count'];
  return { statuses, total: ofGitHub && typeof total === 'number' ? total : Infinity };
}

function parseStatus(attempt: ForgeAttempt, value: unknown): CommitStatus {
  const context = isRecord(value) ? value['context'] : undefined;
  const state = isRecord(value) ? (value['state'] ?? value['status']) : undefined;
  const description = isRecord(value) ? (value['description'] ?? '') : '';
  if (typeof context !== 'string' || typeof state !== 'string' || typeof description !== 'string') {
    throw corruptFailure(attempt, 'the answer holds a status without context or state');
  }
  return { context, state: isState(state) ? state : 'error', description };
}

/** Gitea has `warning` and `skipped` too. We write neither, so any other state is one that we would change. */
function isState(text: string): text is CommitStatus['state'] {
  return ['pending', 'success', 'failure', 'error'].includes(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
