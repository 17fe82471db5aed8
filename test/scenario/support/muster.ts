import assert from 'node:assert/strict';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { exited, killGroup, spawnGuarded } from '../../../scripts/spawn-guarded.ts';
import { listAt, parseJson, textAt } from '../../../src/object/json.ts';
import { eventually } from '../../support/eventually.ts';
import { standsStill } from '../../support/processes.ts';

const MUSTER = join(import.meta.dirname, '..', '..', '..', 'bin', 'muster.js');

/** A running `muster run`. It cannot outlive the test; disposing kills it. */
export interface MusterProcess extends AsyncDisposable {
  /** Where it serves probes, metrics and its state. */
  readonly url: string;
  /** The statuses that it wants to stand on a commit by now, by context: the forge gets them at its own pace. */
  statuses(revision: string): Promise<Readonly<Record<string, string>>>;
  /** Everything it has said so far. */
  output(): string;
  /** `SIGKILL` asks nobody, `SIGTERM` asks to end. Resolves with its exit code when it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  signal(signal: 'SIGTERM' | 'SIGCONT'): void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** SIGSTOP: it stands still with its connections open. */
  freeze(): Promise<void>;
}

export interface MusterOutput {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

type Environment = Readonly<Record<string, string>>;

/** Starts `muster run` with these flags, and waits until it says where it listens. */
export async function startMuster(flags: readonly string[], environment: Environment = {}): Promise<MusterProcess> {
  const child = start(['run', ...flags, '--listen', '127.0.0.1:0', '--log-format', 'json'], environment);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => (said += part.toString()));
  const ended = exited(child).then(() => child.exitCode);
  const url = await eventually(() => {
    assert.ok(child.exitCode === null, `muster ended: ${said}`);
    return /"listen":"([^"]+)"/.exec(said)?.[1] ?? assert.fail('it does not say where it listens');
  });
  return {
    url,
    statuses: async (revision) => {
      const document = parseJson(await (await fetch(`${url}/api/v1/status`)).text());
      const report = listAt(document, 'statuses').find((each) => textAt(each, 'revision') === revision);
      return Object.fromEntries(
        listAt(report, 'statuses').map((each) => [
          textAt(each, 'context') ?? '',
          `${textAt(each, 'state')}: ${textAt(each, 'description')}`,
        ]),
      );
    },
    output: () => said,
    ended,
    signal: (signal) => void child.kill(signal),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
    freeze: async () => {
      child.kill('SIGSTOP');
      await standsStill(Number(child.pid));
    },
    [Symbol.asyncDispose]: () => killGroup(child),
  };
}

/** Runs a verb to its end, or to that of `signal`, which kills it. */
export async function runMuster(
  parameters: readonly string[],
  environment: Environment = {},
  signal?: AbortSignal,
): Promise<MusterOutput> {
  const child = start(parameters, environment);
  signal?.addEventListener('abort', () => void child.kill('SIGKILL'));
  assert.ok(child.stdout !== null && child.stderr !== null);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), exited(child)]);
  return { code: child.exitCode, out, err };
}

/** Nothing of our own environment that could change what it does. */
function start(parameters: readonly string[], environment: Environment): ReturnType<typeof spawnGuarded> {
  const { PATH = '', HOME = '' } = process.env;
  return spawnGuarded(process.execPath, [MUSTER, ...parameters], {
    environment: { PATH, HOME, ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
}
