import { setImmediate } from 'node:timers/promises';
import { invariant, PortError } from '../../model/errors.ts';
import { quoteName } from '../../object/hidden.ts';
import { authorize, type ReadCredentials } from './authorize.ts';
import { rememberCapabilities } from './capabilities.ts';
import type { PackLimits } from './check-pack.ts';
import { diskError, isDiskError } from './disk-error.ts';
import { findHead } from './find-head.ts';
import { type Deadlines, type HttpOperation, openHttp } from './http.ts';
import { gitFailure } from './http-failure.ts';
import { isAncestor } from './is-ancestor.ts';
import { fetchBranch, type RemoteCall } from './isomorphic-git.ts';
import { readLastGood } from './last-good.ts';
import { isRefName } from './refs.ts';
import { parseRemoteUrl } from './remote-url.ts';
import { stageFetch } from './stage-fetch.ts';
import { type Generation, hasCommit, openStore } from './store.ts';
import { lockStore } from './store-lock.ts';
import { lostBranch, translateErrors } from './translate-errors.ts';

/** A branch of a repository on a server, and its copy in a folder of ours. Disposing gives the folder back. */
export interface Remote extends AsyncDisposable {
  /**
   * Asks for the branch's newest revision, and fetches what the folder lacks of it. One request when nothing is new.
   * One call at a time. Throws {@link PortError}, and only that; whatever it throws, what was readable stays readable.
   */
  poll(signal: AbortSignal): Promise<Poll>;
  /**
   * The same, into a fresh copy. For when `readSnapshot` says CORRUPT or NOT_FOUND of a revision that `poll` gave: once
   * per revision, for the server's own objects may be what is damaged.
   */
  rebuild(signal: AbortSignal): Promise<Poll>;
}

/** What a poll found. */
export interface Poll {
  readonly revision: string;
  /** Without credentials, in its plain form; with `branch`, what a record of a good revision is of. */
  readonly url: string;
  readonly branch: string;
  /** The repository to read the revision from; it stays readable until the second rebuild after this. */
  readonly gitdir: string;
  /**
   * The revision is an ancestor of the last good one: a mirror that lags behind, or somebody who turned the branch back.
   * Best effort: true only where the store still has the history in between.
   */
  readonly regressed: boolean;
}

/** How much is fetched at most. */
export interface FetchLimits extends PackLimits {
  /** Bytes of one answer of the server. */
  readonly packBytes: number;
  /** Packs in a store, one for each fetch, before it is made afresh. */
  readonly packs: number;
}

export const FETCH_LIMITS: FetchLimits = {
  packBytes: 256 * 1024 * 1024,
  objectBytes: 64 * 1024 * 1024,
  unpackedBytes: 2 * 1024 * 1024 * 1024,
  packs: 200,
};

export interface RemoteOptions {
  /** `https://host/path`, or `http:`. */
  readonly url: string;
  /** Without `refs/heads/`. None: the server's default branch, asked for at every poll. */
  readonly branch?: string;
  /** Made when it does not exist. For one process alone. */
  readonly storeDirectory: string;
  /** Asked for every operation, so that a token can be replaced while we run. `undefined`: anonymous. */
  readonly credentials?: ReadCredentials;
  /** PEM; trusted besides the system's authorities. */
  readonly ca?: string;
  readonly limits?: Partial<FetchLimits>;
  readonly deadlines?: Partial<Deadlines>;
}

/** Opens a remote; nothing is asked or written before the first poll. Throws {@link PortError} for a URL or branch that cannot be. */
export function openRemote(options: RemoteOptions): Remote {
  const url = parseRemoteUrl(options.url);
  const limits = { ...FETCH_LIMITS, ...options.limits };
  const http = openHttp(options);
  const listing = rememberCapabilities();
  const store = openStore(options.storeDirectory, url);
  if (options.branch !== undefined && !isRefName(`refs/heads/${options.branch}`)) {
    const safeMessage = `the branch ${quoteName(options.branch)} is not a name that Git allows.`;
    throw new PortError({ port: 'git', operation: 'open', subject: url, code: 'REJECTED', retry: false, safeMessage });
  }
  const state: State = { isBusy: false, isClosed: false };

  const begin = async (name: 'list' | 'fetch', maxBytes: number, signal: AbortSignal): Promise<Begun> => {
    const { headers, secrets } = await authorize(url, options.credentials);
    const context = {
      operation: name,
      subject: url,
      isAuthenticated: secrets.length > 0,
      maxBytes: { GET: MAX_REFS_BYTES, POST: maxBytes },
      secrets,
    };
    const transport = http.begin(context, signal);
    return { context, call: { http: name === 'list' ? listing(transport, context) : transport, url, headers } };
  };

  const fetchInto = async (
    gitdir: string,
    branch: string,
    maxBytes: number,
    depth: 1 | undefined,
    signal: AbortSignal,
  ): Promise<string> => {
    const { context, call } = await begin('fetch', maxBytes, signal);
    const breathe = async (): Promise<void> => {
      await setImmediate();
      if (signal.aborted) throw gitFailure(context, 'CANCELLED', 'was not waited for any longer.');
    };
    const staged = stageFetch(gitdir, limits, (code, message) => gitFailure(context, code, message), breathe);
    const target = { files: staged.files, gitdir, branch, ...(depth === undefined ? {} : { depth }) };
    const revision = await translateErrors(context, async () => {
      try {
        return await fetchBranch(call, target, breathe);
      } catch (error) {
        // Failures of the network have become PortErrors on the way.
        throw isDiskError(error) ? diskError('write', error.path ?? gitdir, error) : error;
      }
    });
    if (revision === undefined) throw lostBranch(context);
    if (!(await hasCommit(gitdir, revision))) {
      throw gitFailure(context, 'CORRUPT', `does not send the revision ${revision} that it promises.`);
    }
    await staged.commit();
    return revision;
  };

  /** One revision alone, without history. */
  const fetchAfresh = async (branch: string, signal: AbortSignal): Promise<Located> => {
    const building = await store.create();
    try {
      const revision = await fetchInto(building, branch, limits.packBytes, 1, signal);
      return { revision, gitdir: await store.promote(building) };
    } catch (error) {
      await store.discard(building).catch(() => undefined); // The first error is the one to tell; the next sweep tries again.
      throw error;
    }
  };

  /** What is new since the newest revision in the store. */
  const fetchOnto = async (known: Generation, branch: string, signal: AbortSignal): Promise<Located> => {
    // More than what is there already costs more than starting afresh: such as all of history after a force-push.
    const budget = Math.min(limits.packBytes, Math.max(known.bytes, MIN_BUDGET_BYTES));
    try {
      return { revision: await fetchInto(known.gitdir, branch, budget, undefined, signal), gitdir: known.gitdir };
    } catch (error) {
      if (!(error instanceof PortError) || !['TOO_BIG', 'CORRUPT'].includes(error.code)) throw error;
      return fetchAfresh(branch, signal);
    }
  };

  const hasRegressed = async (branch: string, now: Located): Promise<boolean> => {
    const good = await readLastGood(options.storeDirectory);
    if (good?.url !== url || good.branch !== branch || good.revision === now.revision) return false;
    const pair = `${now.revision} ${good.revision}`;
    if (state.compared?.pair !== pair) {
      state.compared = { pair, regressed: await isAncestor(good.gitdir, now.revision, good.revision) };
    }
    return state.compared.regressed;
  };

  const update = async (signal: AbortSignal, isDistrusted: boolean): Promise<Poll> => {
    state.lock ??= await lockStore(options.storeDirectory);
    const { context, call } = await begin('list', MAX_REFS_BYTES, signal);
    const head = await translateErrors(context, () => findHead(context, call, options.branch));
    const known = isDistrusted ? undefined : await store.current(head.branch);
    const isKnown = known?.revision === head.revision;
    let located: Located | undefined = isKnown ? known : undefined;
    if (located === undefined) {
      located = await (known === undefined || known.packs >= limits.packs
        ? fetchAfresh(head.branch, signal)
        : fetchOnto(known, head.branch, signal));
      await store.sweep();
    }
    const regressed = await hasRegressed(head.branch, located);
    return { revision: located.revision, url, branch: head.branch, gitdir: located.gitdir, regressed };
  };

  const once = async (call: () => Promise<Poll>): Promise<Poll> => {
    invariant(!state.isBusy, 'a remote is polled while a poll is running');
    invariant(!state.isClosed, 'a remote is polled after it was closed');
    state.isBusy = true;
    try {
      return await call();
    } finally {
      state.isBusy = false;
    }
  };

  return {
    poll: (signal) => once(() => update(signal, false)),
    rebuild: (signal) => once(() => update(signal, true)),
    async [Symbol.asyncDispose]() {
      state.isClosed = true;
      await http[Symbol.asyncDispose]();
      await state.lock?.[Symbol.asyncDispose]();
    },
  };
}

/** Even of a small store: a force-push in a small repository is cheaper to fetch than to start afresh. */
const MIN_BUDGET_BYTES = 1024 * 1024;
/** Old servers list every ref that they have. */
const MAX_REFS_BYTES = 64 * 1024 * 1024;

interface State {
  isBusy: boolean;
  isClosed: boolean;
  lock?: AsyncDisposable;
  /** The answer for two revisions, which never changes, and costs a walk through history. */
  compared?: { readonly pair: string; readonly regressed: boolean };
}

interface Begun {
  readonly context: HttpOperation;
  readonly call: RemoteCall;
}

interface Located {
  readonly revision: string;
  readonly gitdir: string;
}
