import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { killGroup, spawnGuarded } from '../../../scripts/spawn-guarded.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { isObject, parseJson, textAt } from '../../../src/object/json.ts';
import { eventually } from '../../support/eventually.ts';
import { standsStill } from '../../support/processes.ts';

/** One running `muster run`. It cannot outlive the test; disposing kills it. */
export interface Replica extends AsyncDisposable {
  /** Its log so far: one object for each line, with `event`. */
  log(): readonly JsonObject[];
  /** Everything that it printed, as it came. */
  output(): string;
  /** Waits until a line of the log has this event and these facts, and returns it. */
  says(event: string, facts?: Readonly<Record<string, unknown>>): Promise<JsonObject>;
  /** From its HTTP server. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Its identity in the lease and in audit logs, as its first line says. */
  identity(): Promise<string>;
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): void;
  /** SIGSTOP; resolves when it stands still. */
  freeze(): Promise<void>;
  isRunning(): boolean;
  readonly pid: number;
  /** How it ended. Fails after a minute. */
  readonly ended: Promise<Ending>;
}

export interface Ending {
  /** `null`: a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ReplicaOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** All of it: nothing of ours is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
}

export function startReplica({ program, args, env, directory }: ReplicaOptions): Replica {
  const child = spawnGuarded(program, args, { directory, environment: env, stdout: 'pipe', stderr: 'pipe' });
  let output = '';
  const take = (part: Buffer): void => {
    output += part.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const exit = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const log = (): readonly JsonObject[] => output.split('\n').flatMap(parseLine);
  const says: Replica['says'] = (event, facts = {}) =>
    eventually(() => {
      const found = log().find(
        (line) => line['event'] === event && Object.entries(facts).every(([key, value]) => matches(line[key], value)),
      );
      assert.ok(found !== undefined, `no line "${event}" ${JSON.stringify(facts)} in:\n${output}`);
      return found;
    });
  return {
    log,
    output: () => output,
    says,
    get: async (path) => {
      const { statusCode, body } = await request(`${textAt(await says('muster runs'), 'listen') ?? ''}${path}`);
      return { status: statusCode, text: await body.text() };
    },
    identity: async () => textAt(await says('muster runs'), 'identity') ?? '',
    kill: (signal) => void child.kill(signal),
    freeze: async () => {
      child.kill('SIGSTOP');
      await standsStill(Number(child.pid));
    },
    isRunning,
    pid: Number(child.pid),
    get ended() {
      // The process does not keep the event loop alive; the timer does, until it ends or a minute is over.
      return Promise.race([exit, late(() => output, isRunning)]);
    },
    [Symbol.asyncDispose]: () => killGroup(child),
  };
}

async function late(output: () => string, isRunning: () => boolean): Promise<never> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline && isRunning();) await sleep(20);
  await sleep(1000); // Its last words are still on their way.
  throw new Error(`it did not end in a minute:\n${output()}`);
}

function matches(value: unknown, wanted: unknown): boolean {
  return wanted instanceof RegExp ? wanted.test(String(value)) : value === wanted;
}

function parseLine(line: string): readonly JsonObject[] {
  if (!line.startsWith('{')) return [];
  try {
    const value = parseJson(line);
    return isObject(value) ? [value] : [];
  } catch {
    return []; // Half a line: the rest is on its way.
  }
}
