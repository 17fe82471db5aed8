import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One run of a program that was written by others, on input that was written by others. */
export interface ConfinedRun {
  readonly program: string;
  readonly parameters: readonly string[];
  /** A folder of its own; everything that the program may want to write goes below it. */
  readonly folder: string;
  /** Besides what every run has. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMiB: number;
}

/** How it ended. `stopped`: by us, and why. */
export type Ended =
  | { readonly state: 'ended'; readonly code: number | null; readonly stdout: string; readonly stderr: string }
  | { readonly state: 'stopped'; readonly reason: 'time' | 'size' | 'start' };

/** What one program may print. */
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Runs a program with nothing of ours: no environment but private folders, an empty PATH (so no git), a proxy that nobody
 * answers, no terminal, limits of the kernel on memory and time, and where the system allows it no network at all.
 */
export async function runConfined(run: ConfinedRun): Promise<Ended> {
  const [home, temporary, programs] = ['home', 'tmp', 'bin'].map((name) => join(run.folder, name));
  for (const folder of [home, temporary, programs]) await mkdir(folder ?? '', { recursive: true });
  const seconds = (Math.ceil(run.timeoutMs / 1000) + 1) * THREADS;
  const limits = [String((run.memoryMiB + RESERVED_MIB) * 1024), String(seconds)];
  const isolation = (await canIsolate()) ? ISOLATE : [];
  const child = spawn('/bin/sh', ['-c', LIMITED, 'limited', ...limits, ...isolation, run.program, ...run.parameters], {
    cwd: run.folder,
    // A group of its own, to be ended with all that it started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...NO_NETWORK,
      PATH: programs ?? '',
      HOME: home ?? '',
      TMPDIR: temporary ?? '',
      GOMEMLIMIT: `${run.memoryMiB}MiB`,
      // Node.js would hand our own permissions on, in words that only Node.js understands.
      NODE_OPTIONS: '',
      ...run.environment,
    },
  });
  if (child.pid !== undefined) RUNNING.add(child.pid);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  const sizes = { stdout: 0, stderr: 0 };
  let stopped: 'time' | 'size' | 'start' | undefined;
  const stop = (reason: 'time' | 'size'): void => {
    stopped ??= reason;
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const timer = setTimeout(stop, run.timeoutMs, 'time');
  child.stdout.on('data', (part: Buffer) => {
    sizes.stdout += part.length;
    if (sizes.stdout > MAX_OUTPUT_BYTES) stop('size');
    else stdout.push(part);
  });
  child.stderr.on('data', (part: Buffer) => {
    sizes.stderr += part.length;
    if (sizes.stderr <= MAX_ERROR_BYTES) stderr.push(part);
  });
  return new Promise((resolve) => {
    child.on('error', () => {
      stopped ??= 'start';
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (child.pid !== undefined) RUNNING.delete(child.pid);
      if (stopped !== undefined) return resolve({ state: 'stopped', reason: stopped });
      const [out, err] = [Buffer.concat(stdout).toString('utf8'), Buffer.concat(stderr).toString('utf8')];
      resolve({ state: 'ended', code, stdout: out, stderr: err });
    });
  });
}

/** Go reserves addresses for more than it uses: about so much, which costs nothing. */
const RESERVED_MIB = 1024;

/**
 * The kernel's limit counts the time of all threads together. It is for the case that nobody is left to look at the clock, so
 * that it may be generous.
 */
const THREADS = 16;

/** A shell that has no such limit goes on without: the time is kept by us as well. */
const LIMITED = 'ulimit -v "$1" 2>/dev/null; ulimit -t "$2" 2>/dev/null; ulimit -c 0 2>/dev/null; shift 2; exec "$@"';

/** Port 9 is "discard". Go passes a proxy by for addresses of this machine, so that this alone would not be enough. */
const NO_NETWORK = {
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  http_proxy: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9',
  NO_PROXY: '',
  no_proxy: '',
};

/** A network of its own that nothing is connected to (unshare(1), Linux), where the system lets everybody have one. */
const ISOLATE = ['/usr/bin/unshare', '--map-root-user', '--net'];

let isolates: Promise<boolean> | undefined;

/** Asked once: containers often forbid it. */
function canIsolate(): Promise<boolean> {
  isolates ??= new Promise((resolve) => {
    const [program = '', ...parameters] = ISOLATE;
    const child = spawn(program, [...parameters, '/bin/sh', '-c', ':'], { stdio: 'ignore', env: {}, timeout: 5000 });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
  return isolates;
}

/** Groups of programs that were started and have not ended. */
const RUNNING = new Set<number>();

/** When this process is asked to end, its programs do, which have groups of their own and would not hear of it. */
export function endProgramsWithUs(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      for (const pid of RUNNING) killGroup(pid);
      process.exit(1);
    });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}
