import { PortError } from '../../model/errors.ts';
import { gitFailure, type HttpContext } from './http-failure.ts';
import { isNotFound } from './isomorphic-git.ts';

/** That a branch was there when refs were listed, and not when it was fetched: the next poll will tell what became of it. */
export function lostBranch(context: HttpContext): PortError {
  return gitFailure(context, 'NOT_FOUND', 'lost the branch while it was fetched.', { retry: true });
}

/** Calls isomorphic-git. Its own errors say little, and may repeat what a server sent: they become PortErrors. */
export async function translateErrors<T>(context: HttpContext, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof PortError) throw error;
    if (isNotFound(error)) throw lostBranch(context);
    throw gitFailure(context, 'CORRUPT', `gives an answer that is not understood${nameOf(error)}.`);
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? ` (${error.name})` : '';
}
