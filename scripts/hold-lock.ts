import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A holder that is alive touches the file this often; one that did not for {@link STALE_MS} is taken for dead. */
const BEAT_MS = 3_000;
const STALE_MS = 20_000;
const POLL_MS = 500;

/**
 * Runs `work` while holding a lock file, so that two processes do not do the same long work at the same time. A process
 * that died holds it no longer: at once where its pid can be looked up, else (another host or container on the same
 * folder) when its heartbeat is 20 s old. Two processes that break the same stale lock may both end up working, so
 * `work` must stay correct, if wasteful, when it runs twice. `onWait` is called again and again with who is waited for.
 */
export async function holdLock<T>(path: string, onWait: (holder: string) => void, work: () => Promise<T>): Promise<T> {
  const me = JSON.stringify({ host: hostname(), pid: process.pid, at: Date.now() });
  while (!(await take(path, me))) {
    const holder = await readHolder(path);
    if (holder.alive) {
      onWait(holder.name);
      await sleep(POLL_MS);
    } else {
      await rm(path, { force: true });
    }
  }
  const heart = setInterval(() => void beat(path), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heart);
    if ((await readFile(path, 'utf8').catch(() => '')) === me) await rm(path, { force: true });
  }
}

async function take(path: string, me: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(me);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<{ readonly alive: boolean; readonly name: string }> {
  try {
    const text = await readFile(path, 'utf8');
    const fresh = Date.now() - (await stat(path)).mtimeMs < STALE_MS;
    // Empty for the moment between the creation of the file and its first write.
    if (text === '') return { alive: fresh, name: 'another process' };
    const { host, pid }: { host: string; pid: number } = JSON.parse(text);
    return { alive: fresh && (host !== hostname() || isRunning(pid)), name: `process ${pid} on ${host}` };
  } catch {
    return { alive: false, name: '' }; // It was let go in this moment, or what is in it is not ours.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // There, but somebody else's.
  }
}

async function beat(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {}); // Broken by somebody who took us for dead: they work, and so do we.
}
