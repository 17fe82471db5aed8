/**
 * Requests to GitHub, GitHub Enterprise Server, and (they speak the same words) Gitea and Forgejo.
 *
 * The only importer of `octokit`, and that only when first used: 180 ms and 20 MB that a command which posts nothing
 * need not pay. Octokit's throttling and retries are off: it would write once a second whatever happens, and would keep
 * writes that have become old. Pace, retries and order belong to the callers.
 */
import type { Octokit } from 'octokit';
import { PortError } from '../model/errors.ts';
import type { ForgeAnswer, ForgeAttempt } from './forge-failure.ts';
import { answerFailure, cancelledFailure, connectionFailure, timeoutFailure, tokenFailure } from './forge-failure.ts';

/** Which repository, and how to get to it. */
export interface GitHubOptions {
  /**
   * `https://api.github.com`; `https://HOST/api/v3` for an Enterprise Server; `https://HOST/api/v1` for Gitea and
   * Forgejo.
   */
  readonly baseUrl: string;
  readonly owner: string;
  readonly repo: string;
  /** Called for every request, so that a token can be replaced while Muster runs. */
  readonly token: () => Promise<string>;
  /** For a proxy or a private certificate authority; the global `fetch` when absent. */
  readonly fetch?: typeof globalThis.fetch;
  /** For one request, its body included; 15 s when absent. */
  readonly timeoutMs?: number;
}

/** Sends one request. Ends in an answer below 400 or in a {@link PortError}. */
export type Send = (
  attempt: ForgeAttempt,
  request: (octokit: Octokit, common: CommonParameters) => Promise<ForgeAnswer>,
  signal: AbortSignal,
) => Promise<ForgeAnswer>;

interface CommonParameters {
  readonly owner: string;
  readonly repo: string;
  readonly headers: { readonly authorization: string };
  readonly request: { readonly signal: AbortSignal };
}

const TIMEOUT_MS = 15_000;

/** A sender for one repository; the client is made at the first request. */
export function createSender(options: GitHubOptions): Send {
  const { owner, repo, timeoutMs = TIMEOUT_MS } = options;
  let client: Promise<Octokit> | undefined;
  return async (attempt, request, signal) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const until = AbortSignal.any([signal, deadline]);
    try {
      const authorization = `token ${await within(readToken(attempt, options.token), until)}`;
      client ??= connect(options);
      return await request(await client, { owner, repo, headers: { authorization }, request: { signal: until } });
    } catch (error) {
      if (signal.aborted) throw cancelledFailure(attempt);
      if (deadline.aborted) throw timeoutFailure(attempt, timeoutMs);
      if (error instanceof PortError) throw error;
      const answer = answerOf(error);
      throw answer === undefined ? connectionFailure(attempt, error) : answerFailure(attempt, answer);
    }
  };
}

/** What `promise` gives, or the reason of `signal` if that aborts first. */
async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(new Error('aborted'));
    signal.addEventListener('abort', stop, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    done.abort();
  }
}

async function connect({ baseUrl, fetch }: GitHubOptions): Promise<Octokit> {
  const { Octokit } = await import('octokit');
  return new Octokit({
    baseUrl: baseUrl.replace(/\/+$/, ''),
    userAgent: 'muster',
    throttle: { enabled: false },
    retry: { enabled: false },
    log: SILENT,
    request: { log: SILENT, ...(fetch === undefined ? {} : { fetch }) },
  });
}

/** Octokit would write deprecation notices to the console, past our log. */
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Said by nobody: what matters comes back as an error.
}

/** A token that can be a header. What is wrong with it is told without it. */
async function readToken(attempt: ForgeAttempt, read: () => Promise<string>): Promise<string> {
  let token: string;
  try {
    token = (await read()).trim();
  } catch (error) {
    if (error instanceof PortError) throw error;
    throw tokenFailure(attempt, 'the token could not be read. Check the file or Secret that holds it.');
  }
  if (token === '') throw tokenFailure(attempt, 'the token is empty. Check the file or Secret that holds it.');
  if (!/^[\u0021-\u007e]+$/.test(token)) {
    throw tokenFailure(attempt, 'the token holds a space or a character outside ASCII. Check for a broken line.');
  }
  return token;
}

/** Octokit's error for an answer of 400 or more carries it; its error for no answer has none (and says 500). */
function answerOf(error: unknown): ForgeAnswer | undefined {
  if (typeof error !== 'object' || error === null || !('response' in error)) return undefined;
  // oxlint-disable-next-line no-unsafe-type-assertion -- RequestError, whose class is loaded only with octokit
  return error.response as ForgeAnswer | undefined;
}
