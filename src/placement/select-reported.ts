import type { Diagnostic } from '../model/diagnostic.ts';
import type { Cluster, ClusterSelector } from '../model/fleet.ts';
import { explainEmpty, selectClusters } from './select-clusters.ts';

/** Where findings of an app go; whoever made it adds the app. */
export type Report = (diagnostic: Omit<Diagnostic, 'app'>) => void;

/**
 * The clusters that a selector selects. A name that no cluster has, and a selector that selects nothing, are slips of the
 * pen and reported as errors; `what` begins the message: `placement "web"`.
 */
export function selectReported(
  what: string,
  selector: ClusterSelector,
  clusters: readonly Cluster[],
  report: Report,
): readonly Cluster[] {
  const { origin } = selector;
  const selection = selectClusters(selector, clusters);
  for (const { code, message, help, origin: ofName = origin } of selection.problems) {
    const optional = help === undefined ? {} : { help };
    report({ code, severity: 'error', message: `${what}: ${message}`, ...optional, origin: ofName });
  }
  const nowhere = selector.names?.length === 0;
  if (selection.clusters.length === 0 && selection.problems.length === 0 && !nowhere) {
    const message = `${what} selects no cluster: ${explainEmpty(selector, clusters)}`;
    report({ code: 'NO_CLUSTER_MATCHES', severity: 'error', message, origin });
  }
  return selection.clusters;
}
