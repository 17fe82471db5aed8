import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { parseJson, textAt } from '../../src/object/json.ts';
import { descendantsOf } from '../../test/support/processes.ts';
import { cpuMsOf, peakMiB } from './process-facts.ts';

/** The program that follows a repository, started for one place. Disposing ends it. */
export interface RunningController extends AsyncDisposable {
  /** Objects written since the start, by the lines of its log. */
  readonly written: () => number;
  /** Milliseconds since the epoch at which it said that it has rendered a new revision last; 0: never. */
  readonly revisionAtMs: () => number;
  /** The same for the last object that it wrote. */
  readonly writtenAtMs: () => number;
  /** Ends of ticks, over all clusters, since the start. */
  readonly ticks: () => Promise<number>;
  /** Clusters that have nothing left to wait for. */
  readonly inSync: () => Promise<number>;
  /** CPU of the process and of those that it started, in milliseconds, since their start. */
  readonly cpuMs: () => number;
  /** Largest resident set of any one of them, in MiB. */
  readonly peakMiB: () => number;
}

export interface ControllerOptions {
  readonly muster: string;
  readonly repository: string;
  readonly kubeconfig: string;
  /** How often it asks the repository and looks at a cluster where nothing happens: `200ms`, `1s`. */
  readonly poll: string;
  readonly resync: string;
}

/** Starts it and waits until it listens. Throws with its last words when it ends instead. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { muster, repository, kubeconfig, poll, resync } = options;
  const flags = [`--repo=${repository}`, `--kubeconfig=${kubeconfig}`, `--poll=${poll}`, `--resync=${resync}`];
  const fixed = ['--forge=console', '--listen=127.0.0.1:0', '--log-format=json'];
  const child = spawn(process.execPath, [muster, 'run', ...flags, ...fixed], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const pid = Number(child.pid);
  const seen = { url: '', written: 0, writtenAtMs: 0, revisionAtMs: 0, last: '' };
  createInterface(child.stderr).on('line', (line) => {
    seen.last = line;
    const { event, atMs, listen, isObject } = readLine(line);
    if (listen !== undefined) seen.url = listen;
    if (event === 'new revision') seen.revisionAtMs = atMs;
    if (!isObject || !['created', 'configured', 'deleted'].includes(event)) return;
    seen.written += 1;
    seen.writtenAtMs = atMs;
  });
  const family = (): readonly number[] => [pid, ...descendantsOf(pid)];
  await until(() => {
    assert.equal(child.exitCode, null, `the controller ended: ${seen.last}`);
    return seen.url !== '';
  }, 'the controller listens');
  return {
    written: () => seen.written,
    revisionAtMs: () => seen.revisionAtMs,
    writtenAtMs: () => seen.writtenAtMs,
    ticks: () => metric(seen.url, 'muster_tick_duration_seconds_count'),
    inSync: () => metric(seen.url, 'muster_cluster_in_sync'),
    cpuMs: () => family().reduce((sum, each) => sum + cpuMsOf(each), 0),
    peakMiB: () => Math.max(...family().map(peakMiB)),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Asks every 20 ms. Throws after five minutes, so that a benchmark that hangs also ends. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 300_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `for five minutes it was not so: ${what}`);
    await sleep(20);
  }
}

interface LogLine {
  readonly event: string;
  readonly atMs: number;
  readonly listen: string | undefined;
  /** About one object. */
  readonly isObject: boolean;
}

function readLine(line: string): LogLine {
  const value = line.startsWith('{') ? parseJson(line) : {};
  return {
    event: textAt(value, 'event') ?? '',
    atMs: Date.parse(textAt(value, 'time') ?? ''),
    listen: textAt(value, 'listen'),
    isObject: textAt(value, 'object') !== undefined,
  };
}

/** The sum over all labels. */
async function metric(url: string, name: string): Promise<number> {
  const { body } = await request(`${url}/metrics`);
  const lines = (await body.text()).split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
