import type { AuditEntry } from '../../test/support/audit-log.ts';
import type { ControlPlanes } from '../../test/support/control-plane.ts';

/** How often what was asked of the API servers, in the order in which it is printed. */
export interface RequestCounts {
  readonly apply: number;
  readonly 'dry-run': number;
  readonly get: number;
  readonly list: number;
  readonly watch: number;
  readonly other: number;
}

/** The requests of the tools so far, from the audit logs of all clusters: tools are `admin`, whoever prepares is not. */
export async function countRequests(planes: ControlPlanes<string>): Promise<RequestCounts> {
  const counts = { apply: 0, 'dry-run': 0, get: 0, list: 0, watch: 0, other: 0 };
  for (const plane of Object.values<ControlPlanes<string>['clusters'][string]>(planes.clusters))
    for (const entry of await plane.requests()) if (entry.user === 'admin') counts[kindOf(entry)] += 1;
  return counts;
}

/** What came between two counts. */
export function requestsSince(before: RequestCounts, after: RequestCounts): RequestCounts {
  return {
    apply: after.apply - before.apply,
    'dry-run': after['dry-run'] - before['dry-run'],
    get: after.get - before.get,
    list: after.list - before.list,
    watch: after.watch - before.watch,
    other: after.other - before.other,
  };
}

/** All of them. Watches count when they begin. */
export function sumRequests(counts: RequestCounts): number {
  return Object.values<number>({ ...counts }).reduce((sum, count) => sum + count, 0);
}

/** `2000 apply, 2000 dry-run, 4 list`; `none`. */
export function printRequests(counts: RequestCounts): string {
  const parts = Object.entries<number>({ ...counts }).flatMap(([name, count]) =>
    count === 0 ? [] : [`${count} ${name}`],
  );
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function kindOf({ verb, query }: AuditEntry): keyof RequestCounts {
  switch (verb) {
    case 'patch':
      return query['dryRun'] === undefined ? 'apply' : 'dry-run';
    case 'get':
    case 'list':
    case 'watch':
      return verb;
    default:
      return 'other';
  }
}
