/**
 * A program for the store's test, run where it may mount (`unshare --map-root-user --mount`): polls with a store on a disk
 * that is full, over and over with a little more space, and prints each answer that differs from the one before.
 *
 *     node poll-on-small-disk.ts MOUNT_POINT URL REPOSITORY NEXT_REVISION
 */
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortError } from '../../src/model/errors.ts';
import { readSnapshot } from '../../src/source/git/read-snapshot.ts';
import { openRemote } from '../../src/source/git/remote.ts';

const [disk = '', url = '', repository = '', next = ''] = process.argv.slice(2);
const answers: string[] = [];
await using remote = openRemote({ url, branch: 'main', storeDirectory: join(disk, 'store') });

execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', disk]);
const filler = join(disk, 'filler');
await pollWithMoreAndMoreSpace();
answers.push('the branch moves, and the disk is full again');
execFileSync('git', ['-C', repository, 'update-ref', 'refs/heads/main', next]);
await pollWithMoreAndMoreSpace();
answers.push('the disk is read-only');
execFileSync('mount', ['-o', 'remount,bind,ro', disk]);
await poll();
console.log(answers.filter((each, index) => each !== answers[index - 1]).join('\n'));

/** A page more each time. */
async function pollWithMoreAndMoreSpace(): Promise<void> {
  for (let size = fill(); size > 0; size = Math.max(0, size - 4096)) {
    truncateSync(filler, size);
    await poll();
  }
  truncateSync(filler, 0);
  await poll();
}

async function poll(): Promise<void> {
  try {
    const found = await remote.poll(new AbortController().signal);
    const { files } = await readSnapshot(found, found.revision);
    answers.push(`${files.length} files`);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    answers.push(`${error.code}${error.retry ? ', to be tried again' : ''}: ${error.safeMessage.replace(/^\S+/, '…')}`);
  }
}

/** Takes all the space there is, and says how much that was. */
function fill(): number {
  for (let size = 128 * 1024; ; size -= 4096) {
    try {
      writeFileSync(filler, new Uint8Array(size));
      return size;
    } catch {
      continue;
    }
  }
}
