import type { FleetDiff } from '../model/fleet-diff.ts';

/** The change in one line: how many clusters and objects, how many distinct changes, how many errors. */
export function verdict(diff: FleetDiff): string {
  const errors = countErrors(diff);
  const broken = errors === 0 ? [] : [plural(errors, 'error')];
  if (!diff.head.usable) return ['it cannot be rendered', ...broken].join(' · ');
  if (!diff.base.usable) return ['the base cannot be rendered, so nothing can be compared', ...broken].join(' · ');
  const changed = diff.clusters.filter((cluster) => cluster.changes > 0).length;
  if (changed === 0) return ['no cluster changes', ...broken].join(' · ');
  const objects = diff.clusters.reduce((sum, cluster) => sum + cluster.changes, 0);
  const deleted = diff.removals
    .filter((each) => each.fate === 'deleted')
    .reduce((sum, each) => sum + each.clusters.length, 0);
  return [
    `${changed} of ${plural(diff.clusters.length, 'cluster')} ${changed === 1 ? 'changes' : 'change'}`,
    plural(objects, 'object'),
    plural(diff.changeSets.length, 'distinct change'),
    ...(deleted === 0 ? [] : [plural(deleted, 'deletion')]),
    ...broken,
  ].join(' · ');
}

export function countErrors({ diagnostics }: FleetDiff): number {
  return diagnostics.filter((each) => each.severity === 'error').length;
}

/** `eu, ap, us`, or for many `eu, ap, us and 97 more`. */
export function nameClusters(clusters: readonly string[], all: number): string {
  if (clusters.length === all && all > 3) return `all ${all} clusters`;
  return clusters.length <= 6
    ? clusters.join(', ')
    : `${clusters.slice(0, 5).join(', ')} and ${clusters.length - 5} more`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
