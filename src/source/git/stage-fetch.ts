import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { PortCode, PortError } from '../../model/errors.ts';
import { countObjects, findPackFault, type PackLimits } from './check-pack.ts';
import { diskError, isDiskError } from './disk-error.ts';
import type { GitFiles } from './isomorphic-git.ts';
import { writeAtomically } from './write-atomically.ts';

/** A fetch on its way into a repository of ours. */
export interface StagedFetch {
  /** What isomorphic-git is given to write to. */
  readonly files: GitFiles;
  /** Writes the refs. Only now does the repository say that it has the new revision. */
  commit(): Promise<void>;
}

/**
 * Stands between isomorphic-git and the disk, because it moves the ref before the pack arrives and keeps packs that it
 * could not read in full: a process killed in between, or a truncated answer, would leave a repository that does not
 * heal. Here packs are checked and written whole, and refs wait for {@link StagedFetch.commit}.
 *
 * Only for a bare repository without loose objects that nobody else writes to.
 */
export function stageFetch(
  gitdir: string,
  limits: PackLimits,
  fail: (code: PortCode, message: string) => PortError,
  breathe: () => Promise<void>,
): StagedFetch {
  const refs = new Map<string, string | undefined>();
  let objects = 0;
  let failure: Error | undefined;

  const writeObjects = async (path: string, bytes: Buffer): Promise<void> => {
    if (path.endsWith('.pack')) {
      const fault = await findPackFault(bytes, limits, breathe);
      if (fault !== undefined) throw fail(fault.code, `sends a pack that is not used: ${fault.reason}.`);
      objects = countObjects(bytes);
    } else if (bytes.readUInt32BE(COUNT_IN_INDEX) !== objects) {
      throw fail('CORRUPT', 'sends a pack that is not used: some of its objects cannot be built.');
    }
    await writeAtomically(path, bytes, { durably: true }).catch((error: unknown) => {
      throw isDiskError(error) ? diskError('write', path, error) : error;
    });
  };

  const write = async (path: string, content: unknown): Promise<void> => {
    const name = relative(gitdir, path);
    if (/^objects\/pack\/pack-[0-9a-f]{40}\.(pack|idx)$/.test(name) && content instanceof Uint8Array) {
      return writeObjects(path, Buffer.from(content.buffer, content.byteOffset, content.byteLength));
    }
    if ((name === 'shallow' || name.startsWith('refs/')) && typeof content === 'string')
      return void refs.set(name, content);
    throw new TypeError(`isomorphic-git writes ${name}, which no fetch that we know does`);
  };

  return {
    files: {
      promises: {
        async readFile(path?: unknown, options?: unknown) {
          // isomorphic-git calls this without a path, each time, to see whether it returns a promise.
          if (typeof path !== 'string') return undefined;
          const name = relative(gitdir, path);
          if (LOOSE.test(name) || (refs.has(name) && refs.get(name) === undefined)) throw missing();
          return refs.get(name) ?? readFile(path, encodingOf(options));
        },
        async writeFile(path, content) {
          // isomorphic-git tries each write twice, and what failed once must not be half-done.
          if (failure !== undefined) throw failure;
          await write(String(path), content).catch((error: unknown) => {
            failure = error instanceof Error ? error : undefined;
            throw error;
          });
        },
        async unlink(path) {
          refs.set(relative(gitdir, String(path)), undefined);
        },
        readdir: async (path) => readdir(String(path)),
        mkdir: async (path) => mkdir(String(path), { recursive: true }),
        async stat(path) {
          if (path === gitdir) return FOLDER;
          const name = relative(gitdir, String(path));
          // It prints every error but this one. A ref that it does not see only makes the fetch larger.
          if (LOOSE.test(name)) throw missing();
          return stat(String(path)).catch(() => {
            throw missing();
          });
        },
        lstat: refuse,
        readlink: refuse,
        rmdir: refuse,
        symlink: refuse,
      },
    },
    async commit() {
      // Not durably: without its ref a store fetches again, but it still has the last good revision.
      // First where history ends, then what we have: the other way round, a crash in between would claim too much.
      for (const name of [...refs.keys()].toSorted((a, b) => Number(b === 'shallow') - Number(a === 'shallow'))) {
        const content = refs.get(name);
        const path = join(gitdir, name);
        try {
          if (content === undefined) await rm(path, { force: true });
          else await writeAtomically(path, content, { durably: false });
        } catch (error) {
          throw isDiskError(error) ? diskError('write', path, error) : error;
        }
      }
    },
  };
}

/** The last entry of an index's fan-out table: the number of its objects (gitformat-pack). */
const COUNT_IN_INDEX = 8 + 255 * 4;
const LOOSE = /^objects\/[0-9a-f]{2}\//;
const FOLDER = { isDirectory: () => true, isFile: () => false };

/** The encoding in the options of `readFile`, which isomorphic-git gives as text or as an object. */
function encodingOf(options: unknown): BufferEncoding | null {
  const isObject = typeof options === 'object' && options !== null && 'encoding' in options;
  return (isObject ? options.encoding : options) === 'utf8' ? 'utf8' : null;
}

function missing(): Error {
  return Object.assign(new Error('not there'), { code: 'ENOENT' });
}

async function refuse(): Promise<never> {
  throw new TypeError('isomorphic-git asks for something that no fetch that we know does');
}
