import { InvariantError } from '../model/errors.ts';

/**
 * An error that nobody expected, in one line: its name and where in the code it was thrown. Messages of libraries may hold
 * anything, the content of a file or a header included, so only our own are quoted.
 */
export function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const message = error instanceof InvariantError ? `: ${error.message}` : '';
  return `${error.name}${message}: ${frames
    .slice(0, 8)
    .map((line) => line.trim())
    .join(' ')}`;
}
