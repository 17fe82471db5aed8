/**
 * Feeds everything that reads strangers' input with what nobody would write, until the time is over.
 *
 *     node scripts/fuzz.ts [--seconds 300] [--surface NAME] [--seed N]
 *
 * Each batch runs in a thread of its own, so that one that hangs is ended and named with its seed. The seed replays it.
 */
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as fc from 'fast-check';
import { SURFACES } from '../test/fuzz/surfaces.ts';

/** How long one batch takes, and when it hangs: a case takes milliseconds. */
const BATCH_MS = 10_000;
const HANG_MS = 60_000;

interface Batch {
  readonly surface: string;
  readonly seed: number;
}

interface Outcome {
  readonly cases: number;
  /** `''`: it held. */
  readonly failure: string;
}

if (isMainThread) await main();
// oxlint-disable-next-line no-unsafe-type-assertion -- the main thread gave it
else runBatch(workerData as Batch);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '300' }, surface: { type: 'string' }, seed: { type: 'string' } },
  });
  const names = Object.keys(SURFACES).filter((name) => values.surface === undefined || name === values.surface);
  if (names.length === 0)
    throw new Error(`no surface is called "${values.surface}": ${Object.keys(SURFACES).join(', ')}`);
  const ends = performance.now() + Number(values.seconds) * 1000;
  const first = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
  const counts = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round === 0 || performance.now() < ends; round += 1) {
    for (const surface of names) {
      const { cases, failure } = await inThread({ surface, seed: first + round });
      if (failure !== '') {
        console.error(
          `${surface}: ${failure}\nAgain with: npm run fuzz -- --surface ${surface} --seed ${first + round} --seconds 0`,
        );
        process.exitCode = 1;
        return;
      }
      counts.set(surface, (counts.get(surface) ?? 0) + cases);
    }
    if (process.stderr.isTTY)
      process.stderr.write(`\r${[...counts].map(([name, count]) => `${name} ${count}`).join(' · ')}`);
  }
  console.log(
    `\nnothing broke: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')} cases, seeds from ${first}`,
  );
}

async function inThread(batch: Batch): Promise<Outcome> {
  const worker = new Worker(new URL(import.meta.url), { workerData: batch });
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(
        () => resolve({ cases: 0, failure: `it hangs: no end after ${HANG_MS / 1000} s` }),
        HANG_MS,
      );
      worker.once('message', (outcome: Outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}

function runBatch({ surface, seed }: Batch): void {
  const property = SURFACES[surface];
  if (property === undefined) throw new Error(surface);
  const details = fc.check(property, { seed, numRuns: 1e6, interruptAfterTimeLimit: BATCH_MS });
  const outcome: Outcome = {
    cases: details.numRuns,
    failure: details.failed ? String(fc.defaultReportMessage(details)) : '',
  };
  // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(outcome);
}
