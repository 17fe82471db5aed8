import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { PortError, type PortFailure } from '../model/errors.ts';
import type { RenderResult } from '../reconcile.ts';
import { musterFolders, withRealPaths } from './muster-folders.ts';
import {
  END,
  noPartsReceived,
  parseAnswer,
  printRequest,
  type RenderAnswer,
  type RenderRequest,
} from './render-message.ts';
import { type ExpandSettings, runExpansions, TIMES } from './run-expansions.ts';

export interface RenderLimits {
  readonly memoryMiB: number;
  readonly timeoutMs: number;
  /** Of the answer. */
  readonly maxBytes: number;
}

export const RENDER_LIMITS: RenderLimits = { memoryMiB: 1024, timeoutMs: 60_000, maxBytes: 1024 * 1024 * 1024 };

/** The longest that one call of {@link Renderer.render} takes: a child is asked twice, and once more where it died of its memory. */
export function longestRenderMs({ timeoutMs }: RenderLimits): number {
  return (4 + TIMES) * timeoutMs;
}

/** What is to be rendered: a commit in a repository's object store, and the fleet's folder in it (`''`: its root). */
export type RevisionToRender = Omit<RenderRequest, 'answers'>;

/** A child that nobody asks for so long ends: its memory is worth more than the time that the next revision then takes. */
const KEEP_MS = 10 * 60_000;

/**
 * The one door between the process that holds credentials and the content of the repository: the child reads the objects
 * and renders, and only plain values come back. A fleet with kustomizations or charts is asked for twice: the child says
 * which programs must run, another process runs them (`run-expansions.ts`), and the child renders with what they printed.
 */
export interface Renderer extends AsyncDisposable {
  /**
   * Renders a revision, one at a time. The child stays for the next one, which then costs what has changed. Throws PortError,
   * CRASHED where the child ended without an answer: that is never taken for an empty fleet.
   */
  render(revision: RevisionToRender, signal: AbortSignal): Promise<RenderResult>;
}

/** How programs are found, and where what they print is kept. */
export type ProgramSettings = Pick<ExpandSettings, 'path' | 'cacheFolder'>;

export function createRenderer(limits: RenderLimits, programs: ProgramSettings): Renderer {
  let child: Child | undefined;
  let idle: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(idle);
    child?.kill();
    child = undefined;
  };
  const ask = async (request: RenderRequest, signal: AbortSignal): Promise<RenderAnswer> => {
    const asked = child ?? startChild(request.gitdir, limits);
    child = asked;
    const wasUsed = asked.hasAnswered();
    const { answer, reason } = await asked.ask(request, signal).catch((error: unknown) => {
      end();
      throw error;
    });
    if (answer !== undefined) return answer;
    end();
    // What it remembered may be what it died of, and says nothing about this revision.
    if (wasUsed && !signal.aborted) return ask(request, signal);
    throw crashed(request, reason);
  };
  return {
    async render(revision, signal) {
      clearTimeout(idle);
      // What a child may read is settled when it starts.
      if (child !== undefined && (child.gitdir !== revision.gitdir || child.isGone())) end();
      try {
        const first = await ask({ ...revision, answers: new Map() }, signal);
        const answer =
          first.state === 'needs'
            ? await ask(
                { ...revision, answers: await runExpansions(first.requests, { ...limits, ...programs }, signal) },
                signal,
              )
            : first;
        if (answer.state === 'failed') throw new PortError(answer.failure);
        if (answer.state === 'needs') throw crashed(revision, 'it asks again for what it was told');
        return answer;
      } finally {
        idle = setTimeout(end, KEEP_MS).unref();
      }
    },
    async [Symbol.asyncDispose]() {
      const gone = child?.gone;
      end();
      await gone;
    },
  };
}

/** {@link Renderer.render}, for who renders once. */
export async function renderRevision(
  revision: RevisionToRender,
  limits: RenderLimits,
  programs: ProgramSettings,
  signal: AbortSignal,
): Promise<RenderResult> {
  await using renderer = createRenderer(limits, programs);
  return await renderer.render(revision, signal);
}

interface Child {
  readonly gitdir: string;
  hasAnswered(): boolean;
  ask(request: RenderRequest, signal: AbortSignal): Promise<Ended>;
  isGone(): boolean;
  /** Settled when the process has ended. */
  readonly gone: Promise<void>;
  kill(): void;
}

/** An answer, or why there is none. */
type Ended =
  | { readonly answer: RenderAnswer; readonly reason?: undefined }
  | { readonly answer?: undefined; readonly reason: string };

function startChild(gitdir: string, limits: RenderLimits): Child {
  const readable = readableFolders(gitdir);
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${limits.memoryMiB}`,
      '--permission',
      ...readable.map((folder) => `--allow-fs-read=${folder}`),
      '--no-warnings',
      CHILD,
    ],
    { env: {}, stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve()); // It could not be started at all.
  });
  const received = noPartsReceived();
  let hasAnswered = false;
  // A child that died before it read its input makes writing fail; its end tells the reason, to whoever waits then.
  child.stdin.on('error', () => {});
  child.on('error', () => {});
  child.stdout.setEncoding('utf8');
  return {
    gitdir,
    hasAnswered: () => hasAnswered,
    async ask(request, signal) {
      const read = await readLines(child, `${printRequest(request)}\n`, limits, signal);
      if (read.lines === undefined) return read;
      const answer = parseAnswer(read.lines, received);
      if (answer === undefined) return { reason: 'it ended without a whole answer' };
      hasAnswered = true;
      return { answer };
    },
    gone,
    isGone: () => child.exitCode !== null || child.signalCode !== null,
    kill: () => void child.kill('SIGKILL'),
  };
}

type ReadLines = { readonly lines: readonly string[] } | { readonly lines?: undefined; readonly reason: string };

/** Sends a line and collects the lines of the answer. Kills the child where it takes too long or says too much. */
function readLines(
  child: ChildProcessByStdio<Writable, Readable, null>,
  input: string,
  limits: RenderLimits,
  signal: AbortSignal,
): Promise<ReadLines> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const stop = AbortSignal.any([signal, timeout]);
  const lines: string[] = [];
  let rest = '';
  let size = 0;
  let failure: string | undefined;
  return new Promise((resolve) => {
    const finish = (result: ReadLines): void => {
      stop.removeEventListener('abort', onAbort);
      child.off('error', onError).off('close', onClose).stdout.off('data', onData);
      resolve(result);
    };
    const giveUp = (reason: string): void => {
      failure ??= reason;
      child.kill('SIGKILL');
    };
    const onAbort = (): void =>
      giveUp(timeout.aborted ? `it took longer than ${limits.timeoutMs / 1000} s` : 'it was stopped');
    const onError = (error: Error): void => finish({ reason: failure ?? error.message });
    const onClose = (code: number | null, killedBy: string | null): void =>
      finish({ reason: failure ?? endReason(code, killedBy, limits) });
    const onData = (text: string): void => {
      size += Buffer.byteLength(text);
      if (size > limits.maxBytes) return giveUp(`its answer was larger than ${limits.maxBytes} bytes`);
      const parts = `${rest}${text}`.split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) lines.push(part);
      if (lines.at(-1) === END) finish({ lines });
    };
    stop.addEventListener('abort', onAbort);
    child.on('error', onError).on('close', onClose).stdout.on('data', onData);
    if (stop.aborted) onAbort();
    else child.stdin.write(input);
  });
}

function endReason(code: number | null, killedBy: string | null, { memoryMiB }: RenderLimits): string {
  if (code === 0) return 'it ended without a whole answer';
  const limit = `${memoryMiB} MiB; --render-memory sets the limit`;
  if (killedBy === 'SIGABRT' || code === 134) return `it ran out of memory (${limit})`;
  if (killedBy === null) return `it ended with code ${code}`;
  if (killedBy === 'SIGKILL') return 'it was killed by SIGKILL, as a system does whose memory is short';
  // V8 also gives up by SIGTRAP, and by SIGSEGV while it starts. Nothing else in the child can: it is plain JavaScript.
  return `it was killed by ${killedBy}, most likely for lack of memory (${limit})`;
}

const CHILD = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'render-child.ts' : 'render-child.js');

/** The objects, and Muster itself; links are resolved, because the permission is by real path. */
function readableFolders(gitdir: string): readonly string[] {
  return [...withRealPaths([gitdir, ...commonFolder(gitdir)]), ...musterFolders()];
}

/** A linked worktree keeps its objects in the folder of the main one (gitrepository-layout(5), "commondir"). */
function commonFolder(gitdir: string): readonly string[] {
  try {
    return [resolve(gitdir, readFileSync(join(gitdir, 'commondir'), 'utf8').trim())];
  } catch {
    return [];
  }
}

function crashed({ revision }: RevisionToRender, reason: string): PortError {
  const failure: PortFailure = {
    port: 'renderer',
    operation: 'render',
    subject: `revision ${revision.slice(0, 12)}`,
    code: 'CRASHED',
    retry: true,
    safeMessage: `the process that renders gave no result: ${reason}`,
  };
  return new PortError(failure);
}
