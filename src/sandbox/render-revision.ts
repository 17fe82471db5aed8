import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PortError, type PortFailure } from '../model/errors.ts';
import type { RenderResult } from '../reconcile.ts';
import { musterFolders, withRealPaths } from './muster-folders.ts';
import { parseAnswer, printRequest, type RenderAnswer, type RenderRequest } from './render-message.ts';
import { type ExpandSettings, runExpansions } from './run-expansions.ts';

export interface RenderLimits {
  readonly memoryMiB: number;
  readonly timeoutMs: number;
  /** Of the answer. */
  readonly maxBytes: number;
}

export const RENDER_LIMITS: RenderLimits = { memoryMiB: 1024, timeoutMs: 60_000, maxBytes: 1024 * 1024 * 1024 };

/** What is to be rendered: a commit in a repository's object store, and the fleet's folder in it (`''`: its root). */
export type RevisionToRender = Omit<RenderRequest, 'answers'>;

/**
 * The one door between the process that holds credentials and the content of the repository: the child reads the objects
 * and renders, and only plain values come back. A fleet with kustomizations or charts is asked for twice: the first child
 * says which programs must run, another process runs them (`run-expansions.ts`), and the second child renders with what
 * they printed. Throws PortError, CRASHED where a child ended without an answer: that is never taken for an empty fleet.
 */
export async function renderRevision(
  revision: RevisionToRender,
  limits: RenderLimits,
  expand: Pick<ExpandSettings, 'path' | 'cacheFolder'>,
  signal: AbortSignal,
): Promise<RenderResult> {
  const first = await askChild({ ...revision, answers: new Map() }, limits, signal);
  if (first.state !== 'needs') return first;
  const answers = await runExpansions(first.requests, { ...limits, ...expand }, signal);
  const second = await askChild({ ...revision, answers }, limits, signal);
  if (second.state === 'needs') throw crashed(revision, 'it asks again for what it was told');
  return second;
}

async function askChild(
  request: RenderRequest,
  limits: RenderLimits,
  signal: AbortSignal,
): Promise<Exclude<RenderAnswer, { state: 'failed' }>> {
  const ended = await runChild(printRequest(request), readableFolders(request.gitdir), limits, signal);
  const answer = ended.reason === undefined ? parseAnswer(ended.output.split('\n').slice(0, -1)) : undefined;
  if (answer === undefined) throw crashed(request, ended.reason ?? 'it ended without a whole answer');
  if (answer.state === 'failed') throw new PortError(answer.failure);
  return answer;
}

interface Ended {
  readonly output: string;
  /** Why there is no answer. */
  readonly reason?: string;
}

function runChild(
  input: string,
  readable: readonly string[],
  limits: RenderLimits,
  signal: AbortSignal,
): Promise<Ended> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${limits.memoryMiB}`,
      '--permission',
      ...readable.map((folder) => `--allow-fs-read=${folder}`),
      '--no-warnings',
      CHILD,
    ],
    { env: {}, stdio: ['pipe', 'pipe', 'ignore'], signal: AbortSignal.any([signal, timeout]), killSignal: 'SIGKILL' },
  );
  const parts: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (part: Buffer) => {
    size += part.length;
    if (size > limits.maxBytes) child.kill('SIGKILL');
    else parts.push(part);
  });
  // A child that died before it read its input makes writing fail; its end tells the reason.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve) => {
    let failure: string | undefined;
    child.on('error', (error) => {
      failure = timeout.aborted
        ? `it took longer than ${limits.timeoutMs / 1000} s`
        : signal.aborted
          ? 'it was stopped'
          : error.message;
    });
    child.on('close', (code, killedBy) => {
      const output = Buffer.concat(parts).toString('utf8');
      const reason =
        failure ??
        (size > limits.maxBytes
          ? `its answer was larger than ${limits.maxBytes} bytes`
          : endReason(code, killedBy, limits));
      resolve({ output, ...(reason === undefined ? {} : { reason }) });
    });
  });
}

function endReason(code: number | null, killedBy: string | null, { memoryMiB }: RenderLimits): string | undefined {
  if (code === 0) return undefined;
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
