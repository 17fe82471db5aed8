import type { AuditEntry } from '../../support/audit-log.ts';
import type { ControlPlane } from '../../support/control-plane.ts';

/** The user that Muster is in these tests; the tests themselves are `admin`. */
export const MUSTER_USER = 'muster';

/** What Muster asked of one API server while `call` ran, in the order of the answers. */
export async function requestsDuring(
  plane: ControlPlane,
  call: () => Promise<unknown>,
): Promise<readonly AuditEntry[]> {
  const before = await plane.requests();
  await call();
  return (await plane.requests()).slice(before.length).filter((each) => each.user === MUSTER_USER);
}

/** Requests as lines: `apply configmaps shop/settings`, with the answer's code where it is a refusal. */
export function printRequests(requests: readonly AuditEntry[]): readonly string[] {
  return requests.map(({ verb, resource, namespace, name, query, code }) => {
    const what = verb !== 'patch' ? verb : query['dryRun'] === 'All' ? 'dry-run' : 'apply';
    const place = [namespace, name].filter((part) => part !== '').join('/');
    return [what, resource, place, code >= 400 ? `→ ${code}` : ''].filter((part) => part !== '').join(' ');
  });
}

/** Those that change something. */
export function writesAmong(requests: readonly AuditEntry[]): readonly AuditEntry[] {
  const reads = ['get', 'list', 'watch'];
  return requests.filter((each) => !reads.includes(each.verb) && each.query['dryRun'] !== 'All');
}

/** Those that change an object of an app: not the records that Muster keeps. */
export function objectWrites(requests: readonly AuditEntry[]): readonly AuditEntry[] {
  return writesAmong(requests).filter((each) => each.namespace !== 'muster-system' && each.name !== 'muster-system');
}
