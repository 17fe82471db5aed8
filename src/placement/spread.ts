import type { Cluster, Placement, SpreadRule } from '../model/fleet.ts';
import type { Report } from './select-reported.ts';
import { titleOf } from './title-of.ts';

/**
 * The clusters over which a placement spreads: those that belong to a group of each of its rules. Too few groups are an
 * error, and so are too many: which of them to leave out would depend on free capacity, and a render asks no cluster.
 */
export function spread(placement: Placement, clusters: readonly Cluster[], report: Report): readonly Cluster[] {
  const { spread: rules = [] } = placement;
  const grouped = clusters.filter((cluster) => rules.every(({ by }) => groupsOf(cluster, by).length > 0));
  for (const rule of clusters.length === 0 ? [] : rules) {
    const groups = [...new Set(grouped.flatMap((cluster) => groupsOf(cluster, rule.by)))];
    if (groups.length >= rule.min && groups.length <= rule.max) continue;
    const found = `${titleOf(placement)} selects ${groups.length} ${nounOf(rule, groups.length)} (${groups.join(', ')})`;
    const few = groups.length < rule.min;
    report({
      code: few ? 'NO_CLUSTER_MATCHES' : 'NOT_SUPPORTED',
      severity: 'error',
      message: few
        ? `${found} and must spread over at least ${rule.min}`
        : `${found} and may spread over at most ${rule.max}: which to take depends on free capacity, which is not known here`,
      help: few ? 'Select more, or lower the minimum.' : 'Select those that should have it.',
      origin: rule.origin,
    });
  }
  return grouped;
}

/** A cluster can be in several zones. */
function groupsOf(cluster: Cluster, by: SpreadRule['by']): readonly string[] {
  if (by === 'cluster') return [cluster.name];
  if (by === 'zone') return cluster.zones;
  const value = cluster[by];
  return value === undefined ? [] : [value];
}

function nounOf({ by }: SpreadRule, count: number): string {
  return `${by}${count === 1 ? '' : 's'}`;
}
