import { PortError } from '../model/errors.ts';
import type { JsonValue } from '../model/json.ts';
import { isList, numberAt, textAt } from '../object/json.ts';
import { corruptFailure, type ForgeAnswer, type ForgeAttempt } from './forge-failure.ts';
import { createSender, type GitHubOptions } from './github-client.ts';

/** What happened to the comment. `forbidden`: the token may not write comments, as in pull requests from forks. */
export type CommentOutcome = 'created' | 'updated' | 'unchanged' | 'forbidden';

/** Keeps one comment on a pull request or issue, recognised by a marker in its text. */
export interface CommentKeeper {
  /**
   * Makes the comment with `marker` say `body`, which holds the marker: updates it, leaves it where it is equal already,
   * creates it where there is none. Throws PortError, and only that.
   */
  keep(issue: number, marker: string, body: string, signal: AbortSignal): Promise<CommentOutcome>;
}

const PAGE_SIZE = 100;
/** A pull request with more comments than this gets a second comment of ours rather than a minute of reading. */
const MAX_PAGES = 30;

export function createCommentKeeper(options: GitHubOptions): CommentKeeper {
  const send = createSender(options);
  const subject = `${options.owner}/${options.repo}`;

  /** Tokens of installed apps, as that of a workflow, are nobody's: they write as a bot. */
  const ownLogin = async (signal: AbortSignal): Promise<string | undefined> => {
    try {
      const attempt = { operation: 'read user', subject };
      const { data } = await send(
        attempt,
        (octokit, { headers, request }) => octokit.request('GET /user', { headers, request }),
        signal,
      );
      // oxlint-disable-next-line no-unsafe-type-assertion -- the body came as JSON; what it holds is checked here
      return textAt(data as JsonValue | undefined, 'login');
    } catch (error) {
      if (error instanceof PortError && ['FORBIDDEN', 'NOT_FOUND', 'REJECTED'].includes(error.code)) return undefined;
      throw error;
    }
  };

  const find = async (issue: number, marker: string, signal: AbortSignal): Promise<Comment | undefined> => {
    const login = await ownLogin(signal);
    const isOwn = ({ author, isBot }: Comment): boolean => (login === undefined ? isBot : author === login);
    const attempt = { operation: 'read comments', subject: `${subject}#${issue}` };
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const answer = await send(
        attempt,
        (octokit, common) =>
          octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
            ...common,
            issue_number: issue,
            per_page: PAGE_SIZE,
            page,
          }),
        signal,
      );
      const comments = parseComments(attempt, answer);
      // Whoever wrote a comment can change it: a report that its reader may rewrite is none.
      const found = comments.find((comment) => comment.body.startsWith(marker) && isOwn(comment));
      if (found !== undefined || comments.length < PAGE_SIZE) return found;
    }
    return undefined;
  };

  const write = async (issue: number, found: Comment | undefined, body: string, signal: AbortSignal): Promise<void> => {
    const attempt = { operation: 'write comment', subject: `${subject}#${issue}` };
    await send(
      attempt,
      (octokit, common) =>
        found === undefined
          ? octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
              ...common,
              issue_number: issue,
              body,
            })
          : octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
              ...common,
              comment_id: found.id,
              body,
            }),
      signal,
    );
  };

  return {
    keep: async (issue, marker, body, signal) => {
      try {
        const found = await find(issue, marker, signal);
        if (found?.body === body) return 'unchanged';
        await write(issue, found, body, signal);
        return found === undefined ? 'created' : 'updated';
      } catch (error) {
        if (error instanceof PortError && error.code === 'FORBIDDEN') return 'forbidden';
        throw error;
      }
    },
  };
}

interface Comment {
  readonly id: number;
  readonly body: string;
  readonly author: string;
  /** Forges that do not tell the two apart have no such tokens either, or one user for all of them. */
  readonly isBot: boolean;
}

function parseComments(attempt: ForgeAttempt, { data }: ForgeAnswer): readonly Comment[] {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the body came as JSON; what it holds is checked here
  const body = data as JsonValue | undefined;
  if (!isList(body)) throw corruptFailure(attempt, 'the forge answered without a list of comments.');
  return body.flatMap((item) => {
    const id = numberAt(item, 'id');
    const isBot = (textAt(item, 'user', 'type') ?? 'Bot') === 'Bot';
    const author = textAt(item, 'user', 'login') ?? '';
    return id === undefined ? [] : [{ id, body: textAt(item, 'body') ?? '', author, isBot }];
  });
}
