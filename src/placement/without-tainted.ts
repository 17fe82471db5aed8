import type { Cluster, Placement, Taint, Toleration } from '../model/fleet.ts';
import type { Report } from './select-reported.ts';
import { titleOf } from './title-of.ts';

/**
 * The clusters whose taints a placement tolerates. That a taint leaves none of those selected is an error: the placement
 * says that it should be somewhere.
 */
export function withoutTainted(placement: Placement, clusters: readonly Cluster[], report: Report): readonly Cluster[] {
  const { tolerations = [], clusters: selector, from } = placement;
  const open = clusters.filter((cluster) => blocking(cluster, tolerations) === undefined);
  const closed = clusters.flatMap((cluster) => {
    const taint = blocking(cluster, tolerations);
    return taint === undefined ? [] : [{ cluster, taint }];
  });
  const reasons = closed.map(({ cluster, taint }) => `${cluster.name} has the taint ${formatTaint(taint)}`).join(', ');
  if (clusters.length > 0 && open.length === 0) {
    const message = `${titleOf(placement)} selects only clusters with a taint that it does not tolerate: ${reasons}`;
    const help = 'Add a toleration, or take the taint from the cluster.';
    report({ code: 'NO_CLUSTER_MATCHES', severity: 'error', message, help, origin: selector.origin });
  } else if (from !== undefined && closed.some(({ taint }) => taint.effect === 'NoSchedule')) {
    const message = `${from} stays away from tainted clusters: ${reasons}. Karmada leaves what already runs there; here it leaves them as onUnplace says`;
    report({ code: 'DIFFERENT_HERE', severity: 'warning', message, origin: selector.origin });
  }
  return open;
}

function blocking({ taints = [] }: Cluster, tolerations: readonly Toleration[]): Taint | undefined {
  return taints.find(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((each) => tolerates(each, taint)),
  );
}

/** As the scheduler of Kubernetes. */
function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  return (
    (key === undefined || key === taint.key) &&
    (effect === undefined || effect === taint.effect) &&
    (operator === 'Exists' || value === taint.value)
  );
}

function formatTaint({ key, value, effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}
