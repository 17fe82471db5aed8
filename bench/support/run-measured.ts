import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';

/** What a program and all that it started used. */
export interface Usage {
  readonly wallMs: number;
  /** User and system time. */
  readonly cpuMs: number;
  /** Largest resident set of any one of its processes. */
  readonly peakMiB: number;
}

export interface MeasuredRun extends Usage {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const TIME = '/usr/bin/time';

/** Runs a program to its end. The kernel counts, through GNU time: 10 ms of CPU and one page of memory are its grain. */
export async function runMeasured(
  [program, ...parameters]: readonly [string, ...(readonly string[])],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<MeasuredRun> {
  if (!existsSync(TIME)) throw new Error(`${TIME} is missing. Install GNU time ("apt-get install time").`);
  await using folder = await temporaryFolder();
  const report = join(folder.path, 'usage');
  const began = performance.now();
  const child = spawn(TIME, ['--quiet', '--format', '%U %S %M', '--output', report, program, ...parameters], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? -1));
    }),
  ]);
  const wallMs = performance.now() - began;
  const [user = Number.NaN, system = Number.NaN, peakKiB = Number.NaN] = (await readFile(report, 'utf8'))
    .trim()
    .split(' ')
    .map(Number);
  return { wallMs, cpuMs: (user + system) * 1000, peakMiB: peakKiB / 1024, status, stdout, stderr };
}
