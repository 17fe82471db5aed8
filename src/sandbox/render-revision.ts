import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { PortError, type PortFailure } from '../model/errors.ts';
import type { RenderResult } from '../reconcile.ts';
import { END, noPartsReceived, parseAnswer, type RenderAnswer, type RenderRequest } from './render-message.ts';

export interface RenderLimits {
  readonly memoryMiB: number;
  readonly timeoutMs: number;
  /** Of the answer. */
  readonly maxBytes: number;
}

export const RENDER_LIMITS: RenderLimits = { memoryMiB: 1024, timeoutMs: 60_000, maxBytes: 1024 * 1024 * 1024 };

/** A child that nobody asks for so long ends: its memory is worth more than the time that the next revision then takes. */
const KEEP_MS = 10 * 60_000;

/**
 * The one door between the process that holds credentials and the content of the repository: the child reads the objects
 * and renders, and only plain values come back.
 */
export interface Renderer extends Disposable {
  /**
   * Renders a revision, one at a time. The child stays for the next one, which then costs what has changed. Throws PortError,
   * CRASHED where the child ended without an answer: that is never taken for an empty fleet.
   */
  render(request: RenderRequest, signal: AbortSignal): Promise<RenderResult>;
}

export function createRenderer(limits: RenderLimits): Renderer {
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
    async render(request, signal) {
      clearTimeout(idle);
      // What a child may read is settled when it starts.
      if (child !== undefined && (child.gitdir !== request.gitdir || child.isGone())) end();
      const answer = await ask(request, signal);
      idle = setTimeout(end, KEEP_MS).unref();
      if (answer.state === 'failed') throw new PortError(answer.failure);
      return answer;
    },
    [Symbol.dispose]: end,
  };
}

/** {@link Renderer.render}, for who renders once. */
export async function renderRevision(
  request: RenderRequest,
  limits: RenderLimits,
  signal: AbortSignal,
): Promise<RenderResult> {
  using renderer = createRenderer(limits);
  return await renderer.render(request, signal);
}

interface Child {
  readonly gitdir: string;
  hasAnswered(): boolean;
  ask(request: RenderRequest, signal: AbortSignal): Promise<Ended>;
  isGone(): boolean;
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
      const read = await readLines(child, `${JSON.stringify(request)}\n`, limits, signal);
      if (read.lines === undefined) return read;
      const answer = parseAnswer(read.lines, received);
      if (answer === undefined) return { reason: 'it ended without a whole answer' };
      hasAnswered = true;
      return { answer };
    },
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
  if (killedBy === 'SIGABRT' || code === 134)
    return `it ran out of memory (${memoryMiB} MiB; --render-memory sets the limit)`;
  return killedBy === null ? `it ended with code ${code}` : `it was killed by ${killedBy}`;
}

const CHILD = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'render-child.ts' : 'render-child.js');

/** The objects, and Muster itself with its packages; links are resolved, because the permission is by real path. */
function readableFolders(gitdir: string): readonly string[] {
  const root = import.meta.filename.endsWith('.ts') ? join(import.meta.dirname, '..', '..') : import.meta.dirname;
  const folders = [gitdir, ...commonFolder(gitdir), root, join(root, 'node_modules')];
  return folders.flatMap((folder) => {
    try {
      return [realpathSync(folder), folder];
    } catch {
      return []; // A bundle has no node_modules.
    }
  });
}

/** A linked worktree keeps its objects in the folder of the main one (gitrepository-layout(5), "commondir"). */
function commonFolder(gitdir: string): readonly string[] {
  try {
    return [resolve(gitdir, readFileSync(join(gitdir, 'commondir'), 'utf8').trim())];
  } catch {
    return [];
  }
}

function crashed({ revision }: RenderRequest, reason: string): PortError {
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
