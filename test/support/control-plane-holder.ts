/**
 * A program that starts a control plane, says so, and then ends in the way that its first word names. Run by
 * control-plane-end.test.ts, which looks at what is left.
 */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { startControlPlanes } from './control-plane.ts';

const [way = 'wait'] = process.argv.slice(2);

if (way === 'fail') {
  test('a test that fails and disposes nothing', async () => {
    await hold();
    assert.fail('as it should');
  });
} else {
  await hold();
  if (way === 'exit') process.exit(3);
  if (way === 'throw') {
    setImmediate(() => {
      throw new Error('as it should');
    });
  }
}

/** Starts, and writes where the files are. Then waits for a line on stdin: until that, the other side looks around. */
async function hold(): Promise<void> {
  const planes = await startControlPlanes(['only'], { controllerManager: true });
  if (way === 'paused') await planes.clusters.only.pause();
  process.stdout.write(`holds ${dirname(planes.kubeconfig)}\n`);
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.unref();
}
