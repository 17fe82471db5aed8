import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats an assertion until it holds, and returns what it returns. Throws its last failure after a minute: so late that
 * a busy machine does not reach it, and only so that a test that fails also ends.
 */
export async function eventually<T>(assertion: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(50);
  }
}
