import { PortError } from '../../model/errors.ts';

/** What to do about an error of the operating system, by its code. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free some space, or give the folder a larger volume.',
  EDQUOT: 'The disk quota is used up. Free some space, or raise the quota.',
  EROFS: 'The file system is read-only. Mount a volume there that can be written.',
  EACCES: 'The permissions do not allow it. Give the user of this process access to it.',
  EPERM: 'The permissions do not allow it. Give the user of this process access to it.',
  ERR_ACCESS_DENIED: 'This process was started without permission for it. Add the path to --allow-fs-read.',
  ENOENT: 'It does not exist. Create it, or correct the path.',
  ENOTDIR: 'A part of the path is not a folder. Correct the path.',
  EMFILE: 'Too many files are open. Raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open. Raise the limit of the machine.',
  EFBIG: 'The file would be larger than the limit. Raise the limit (ulimit -f).',
};

/** True for an error of the operating system, or of Node.js's permission model, that concerns a file. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return Object.hasOwn(ADVICE, error.code) || ('syscall' in error && 'errno' in error);
}

/** The error code of {@link isDiskError}, or `undefined` for anything else. */
export function diskCode(error: unknown): string | undefined {
  return isDiskError(error) ? error.code : undefined;
}

/**
 * A failure of the disk as a {@link PortError} that names the path and says what to do. DISK_FULL is worth trying again:
 * space and volumes come back without a restart. Reading what is not there is NOT_FOUND.
 */
export function diskError(operation: 'read' | 'write', path: string, error: NodeJS.ErrnoException): PortError {
  const code = error.code ?? 'EIO';
  const absent = operation === 'read' && ['ENOENT', 'ENOTDIR'].includes(code);
  return new PortError({
    port: 'disk',
    operation,
    subject: path,
    code: absent ? 'NOT_FOUND' : 'DISK_FULL',
    retry: !absent,
    safeMessage: `${path} cannot be ${operation === 'read' ? 'read' : 'written'} (${code}). ${ADVICE[code] ?? 'Look at the disk and its file system.'}`,
  });
}

/** Hands on what a file operation gives; its errors become PortErrors by {@link diskError}. */
export async function onDisk<Result>(
  operation: 'read' | 'write',
  path: string,
  result: Promise<Result>,
): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    throw isDiskError(error) ? diskError(operation, path, error) : error;
  }
}
