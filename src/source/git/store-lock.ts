import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../../model/errors.ts';
import { diskCode, diskError, isDiskError } from './disk-error.ts';
import { writeAtomically } from './write-atomically.ts';

/**
 * Claims a store folder for this process; disposing gives it back. Throws PortError CONFLICT while another process of
 * this machine holds it. A process that died holds nothing: the lock names it by id and start time. Processes that
 * cannot see one another (two containers on one volume) are not kept apart: give each its own folder.
 */
export async function lockStore(directory: string): Promise<AsyncDisposable> {
  const path = join(directory, 'lock');
  if (held.has(path)) throw conflict(directory, 'this process itself');
  held.add(path);
  try {
    const owner = await readFile(path, 'utf8').catch((error: unknown) => {
      if (diskCode(error) === 'ENOENT') return '';
      throw error;
    });
    const [pid = '', start = ''] = owner.trim().split(' ');
    if (/^\d+$/.test(pid) && Number(pid) !== process.pid && start !== '' && (await startOf(pid)) === start) {
      throw conflict(directory, `process ${pid}`);
    }
    await writeAtomically(path, `${process.pid} ${(await startOf('self')) ?? ''}\n`, { durably: false });
  } catch (error) {
    held.delete(path);
    throw isDiskError(error) ? diskError('write', path, error) : error;
  }
  return {
    async [Symbol.asyncDispose]() {
      held.delete(path);
      await rm(path, { force: true }).catch(() => undefined); // It would be ignored anyway once we are gone.
    },
  };
}

const held = new Set<string>();

/** When a process started, in ticks since the machine did (proc(5), field 22); `undefined` when it is gone. */
async function startOf(pid: string): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
}

function conflict(directory: string, owner: string): PortError {
  return new PortError({
    port: 'disk',
    operation: 'lock',
    subject: directory,
    code: 'CONFLICT',
    retry: true,
    safeMessage: `${directory} is in use by ${owner}. Stop it, or use another folder.`,
  });
}
