/** However a process ends that started a control plane, nothing of it is left: no server, no guard, no file. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from './eventually.ts';
import { descendantsOf, stillRunning } from './processes.ts';

const HOLDER = join(import.meta.dirname, 'control-plane-holder.ts');

// Two at a time: a start is a second of work on both cores.
describe('A control plane ends with the process that started it', { concurrency: 2 }, () => {
  const ways: readonly { readonly when: string; readonly way: string; readonly end: number | NodeJS.Signals }[] = [
    { when: 'calls process.exit', way: 'exit', end: 3 },
    { when: 'has an uncaught exception', way: 'throw', end: 1 },
    { when: 'is a test that fails', way: 'fail', end: 1 },
    { when: 'comes to its end without disposing', way: 'wait', end: 0 },
    { when: 'gets SIGINT', way: 'wait', end: 'SIGINT' },
    { when: 'gets SIGTERM', way: 'wait', end: 'SIGTERM' },
    { when: 'gets SIGKILL', way: 'wait', end: 'SIGKILL' },
    { when: 'gets SIGKILL while the API server is paused', way: 'paused', end: 'SIGKILL' },
  ];
  for (const { when, way, end } of ways) {
    it(`when it ${when}`, async () => {
      const child = startHolder(way, tmpdir());
      const folder = await readFolder(child);
      const pids = descendantsOf(Number(child.pid));
      const commands = stillRunning(pids).join(' ');
      for (const server of ['etcd', 'kube-apiserver', 'kube-controller']) assert.match(commands, new RegExp(server));

      if (typeof end === 'number') child.stdin?.end('go on\n');
      else child.kill(end);

      await eventually(() => assert.equal(child.exitCode ?? child.signalCode, end));
      await eventually(() => assert.deepEqual(stillRunning(pids), []));
      await eventually(() => assert.ok(!existsSync(folder), `${folder} is still there`));
    });
  }

  it('when it gets SIGKILL while the servers start', async () => {
    const home = await mkdtemp(join(tmpdir(), 'muster-end-'));
    const child = startHolder('wait', home);
    const started = await eventually(() => {
      const pids = descendantsOf(Number(child.pid));
      assert.ok(stillRunning(pids).some((line) => line.includes('kube-apiserver')));
      return pids;
    });
    child.kill('SIGKILL');
    await eventually(() => assert.deepEqual(stillRunning(started), []));
    await eventually(() => assert.deepEqual(readdirSync(home), []));
    await rm(home, { recursive: true });
  });
});

function startHolder(way: string, temporary: string): ChildProcess {
  // Without NODE_TEST_CONTEXT: the test in it is not one of ours.
  const environment = { ...process.env, TMPDIR: temporary, NODE_TEST_CONTEXT: undefined };
  return spawn(process.execPath, [HOLDER, way], { env: environment, stdio: 'pipe' });
}

async function readFolder(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk) => (text += String(chunk)));
  child.stderr?.on('data', (chunk) => (text += String(chunk)));
  return eventually(() => {
    const folder = /^holds (.*)$/m.exec(text)?.[1];
    assert.ok(folder, `the holder holds nothing:\n${text}`);
    return folder;
  });
}
