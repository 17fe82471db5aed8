import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup, spawnGuarded } from '../../scripts/spawn-guarded.ts';
import { standsStill } from './processes.ts';

/** One running server of a control plane. It cannot outlive this process. Disposing kills it. */
export interface ServerProcess extends AsyncDisposable {
  readonly name: string;
  isRunning(): boolean;
  /** Resolves when it is gone. Does not keep the event loop alive. */
  readonly ended: Promise<unknown>;
  /** SIGSTOP: connections stay open, nothing answers. Resolves when it stands still. */
  pause(): Promise<void>;
  /** SIGCONT. */
  resume(): void;
  /** At once, without a farewell: what these servers hold is thrown away, or in etcd. Resolves when it is gone. */
  kill(): Promise<void>;
  /** The end of its log, for an error message. */
  lastWords(): Promise<string>;
}

/** Starts a server in a folder, which gets its log (`NAME.log`, appended to). Flags: `{ 'bind-address': '127.0.0.1' }`. */
export function startServer(
  program: string,
  name: string,
  folder: string,
  flags: Readonly<Record<string, string | number | boolean>>,
): ServerProcess {
  const log = join(folder, `${name}.log`);
  const file = openSync(log, 'a');
  const parameters = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  // Nothing of our environment but PATH: etcd takes settings from it, and Go programs proxies and debug switches.
  const environment = { PATH: process.env['PATH'] };
  const child = spawnGuarded(program, parameters, { directory: folder, environment, stdout: file, stderr: file });
  closeSync(file);
  const kill = (): Promise<void> => killGroup(child);
  return {
    name,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    ended: new Promise((resolve) => child.once('exit', resolve)),
    pause: async () => {
      child.kill('SIGSTOP');
      await standsStill(Number(child.pid));
    },
    resume: () => void child.kill('SIGCONT'),
    kill,
    lastWords: async () => (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-15).join('\n'),
    [Symbol.asyncDispose]: kill,
  };
}

/** A loaded machine takes long; a server that is not ready after this time never will be. */
const READY_MS = 120_000;

/**
 * Repeats `check` until it does not throw. Throws an Error with the end of the server's log when the server ends before
 * that, or does not get there in two minutes.
 */
export async function untilReady(server: ServerProcess, check: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  const ended = server.ended.then(() => false);
  while (server.isRunning() && performance.now() < deadline) {
    try {
      // Whoever else sits on its port may accept a connection and never answer.
      const ready = await Promise.race([check().then(() => true), ended]);
      if (ready) return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`${server.name} did not become ready. The end of its log:\n${await server.lastWords()}`);
}
