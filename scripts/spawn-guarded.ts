import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Writable } from 'node:stream';

/** How to start a program with {@link spawnGuarded}. Output goes to a file descriptor, to a pipe, or nowhere. */
export interface GuardedOptions {
  readonly directory?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly stdout?: number | 'pipe' | 'ignore';
  readonly stderr?: number | 'pipe' | 'ignore';
}

/**
 * Starts a program that cannot outlive this process, however this process ends: `kill -9` included, and even while the
 * program itself is stopped by SIGSTOP. A signal handler could promise none of that; the kernel closes a pipe always.
 *
 * The program leads a process group of its own, so that Ctrl-C in a terminal reaches only us and the order of shutdown
 * stays ours. It does not keep our event loop alive: a test that forgets to stop it ends, and takes it along.
 */
export function spawnGuarded(program: string, parameters: readonly string[], options: GuardedOptions): ChildProcess {
  const stdio: StdioOptions = ['ignore', options.stdout ?? 'ignore', options.stderr ?? 'ignore', 'pipe'];
  const child = spawn('/bin/sh', ['-c', GUARD, 'guard', program, ...parameters], {
    cwd: options.directory,
    env: options.environment ?? process.env,
    detached: true,
    stdio,
  });
  // oxlint-disable-next-line no-unsafe-type-assertion -- a 'pipe' in stdio is a Socket: writable, with unref
  const leash = child.stdio[3] as Writable & { unref(): void };
  leash.on('error', () => {}); // EPIPE, when the guard was killed together with the program: nothing is left to tell.
  child.once('exit', () => leash.end('\n'));
  leash.unref();
  child.unref();
  return child;
}

/** Resolves when the program has ended. Keeps the event loop alive until then. */
export async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await new Promise((resolve) => child.once('exit', resolve));
}

/** Ends a program and all that it started, stopped or not, and waits until it is gone. */
export async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended between the check and the signal.
    }
  }
  await exited(child);
}

/** Removes a folder when this process ends, however it ends, or as soon as the returned function is called. */
export function removeWhenWeEnd(folder: string): () => void {
  // A killed server may still write for a moment, so that one `rm` could meet a folder that is not empty.
  const remove = 'read -r _ <&3; for _ in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$1" && exit; sleep 1; done';
  const janitor = spawn('/bin/sh', ['-c', remove, 'janitor', folder], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  const leash = janitor.stdio[3] as Writable & { unref(): void };
  leash.unref();
  janitor.unref();
  return () => leash.end();
}

/**
 * The shell becomes the program (`exec`), so pid, signals and exit code are the program's own. Before that it forks a
 * watcher, which reads from the pipe: a line means "it ended by itself", end of file means that we are gone. `$$` is the
 * shell's pid, and so the program's and its group's.
 */
const GUARD = '( read -r _ <&3 || kill -s KILL -- "-$$" ) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"';
