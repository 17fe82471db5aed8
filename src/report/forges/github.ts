import type { Forge } from '../../model/ports.ts';
import type { CommitStatus } from '../../model/status.ts';
import { contextKey } from '../context-key.ts';
import { corruptFailure, type ForgeAttempt } from '../forge-failure.ts';
import { createSender, type GitHubOptions, type Send } from '../github-client.ts';
import { parseStatusPage } from '../status-page.ts';

/** The statuses of one repository. The token needs "Commit statuses: read and write" there. See {@link Forge}. */
export function createGitHubForge(options: GitHubOptions): Forge {
  const send = createSender(options);
  const subject = (revision: string): string => `${options.owner}/${options.repo}@${revision.slice(0, 7)}`;
  return {
    read: (revision, signal) =>
      readStatuses(send, { operation: 'read statuses', subject: subject(revision) }, revision, signal),
    post: (revision, status, signal) =>
      postStatus(
        send,
        { operation: 'post status', subject: `${subject(revision)} ${status.context}` },
        revision,
        status,
        signal,
      ),
  };
}

/** GitHub's greatest page. */
const PAGE_SIZE = 100;

/**
 * The combined status has the newest status of each context, so 60 contexts are one request. (The list of statuses has
 * every one that was ever written: up to 1,000 for each context.)
 */
async function readStatuses(
  send: Send,
  attempt: ForgeAttempt,
  revision: string,
  signal: AbortSignal,
): Promise<readonly CommitStatus[]> {
  const found = new Map<string, CommitStatus>();
  for (let page = 1; ; page += 1) {
    const answer = await send(
      attempt,
      (octokit, common) =>
        octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
          ...common,
          ref: revision,
          per_page: PAGE_SIZE,
          page,
        }),
      signal,
    );
    const { statuses, total } = parseStatusPage(attempt, answer);
    const before = found.size;
    for (const status of statuses) {
      const key = contextKey(status.context);
      if (!found.has(key)) found.set(key, status);
    }
    // Nothing new ends it too: pages that shift while we read must not keep us reading.
    if (found.size === before || found.size >= total) return [...found.values()];
  }
}

async function postStatus(
  send: Send,
  attempt: ForgeAttempt,
  revision: string,
  { context, state, description }: CommitStatus,
  signal: AbortSignal,
): Promise<void> {
  const { status } = await send(
    attempt,
    (octokit, common) =>
      octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
        ...common,
        sha: revision,
        context,
        state,
        description,
      }),
    signal,
  );
  if (status === 201) return;
  // `fetch` repeats a POST that is answered by 301 or 302 as a GET, which succeeds and writes nothing.
  throw corruptFailure(attempt, `the forge answered HTTP ${status} instead of 201. Was the repository renamed?`);
}
