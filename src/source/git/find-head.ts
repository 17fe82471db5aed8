import type { PortError } from '../../model/errors.ts';
import { quoteName } from '../../object/hidden.ts';
import { isOid } from './git-object.ts';
import { gitFailure, type HttpContext } from './http-failure.ts';
import { listRefs, type RemoteCall } from './isomorphic-git.ts';
import { nearestName } from '../../object/nearest.ts';
import { isRefName } from './refs.ts';

/** A branch of a server, and its newest revision. */
export interface Head {
  readonly branch: string;
  readonly revision: string;
}

/**
 * Asks a server for a branch, or without one for its default branch. Throws PortError NOT_FOUND when there is none, after
 * a second request that finds out why.
 */
export async function findHead(context: HttpContext, call: RemoteCall, branch: string | undefined): Promise<Head> {
  const wanted = branch === undefined ? 'HEAD' : `refs/heads/${branch}`;
  const found = (await listRefs(call, wanted)).find(({ ref }) => ref === wanted);
  const name = branch ?? found?.target?.replace(/^refs\/heads\//, '');
  if (found === undefined || name === undefined) throw await explainAbsence(context, call, branch);
  if (!isOid(found.oid) || !isRefName(`refs/heads/${name}`)) {
    throw gitFailure(context, 'CORRUPT', `gives ${quoteName(wanted)} a name or an id that Git does not allow.`);
  }
  return { branch: name, revision: found.oid };
}

async function explainAbsence(context: HttpContext, call: RemoteCall, branch: string | undefined): Promise<PortError> {
  const refs = await listRefs(call, 'refs/heads/');
  const names = refs.map(({ ref }) => ref.slice('refs/heads/'.length));
  if (names.length === 0) return gitFailure(context, 'NOT_FOUND', 'is empty: it has no branch yet. Push one.');
  if (branch === undefined) return gitFailure(context, 'NOT_FOUND', 'has no default branch. Set the branch.');
  const meant = nearestName(branch, names);
  const advice = meant === undefined ? 'Set the branch, or push it.' : `Did you mean ${quoteName(meant)}?`;
  return gitFailure(
    context,
    'NOT_FOUND',
    `has no branch ${quoteName(branch)}: it was deleted, renamed or never pushed. ${advice}`,
  );
}
