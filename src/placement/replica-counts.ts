import type { Diagnostic } from '../model/diagnostic.ts';
import type { App, BaseManifest, Bound, Cluster, FleetConfig, Placement, ReplicaRule, Weight } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import { groupOf } from '../object/id.ts';
import { at, printJson, textAt } from '../object/json.ts';
import { replicaField } from '../object/replicas.ts';
import { divide, MAX_REPLICAS, type Share } from './divide.ts';
import { matchesCluster, selectClusters } from './select-clusters.ts';

/**
 * Each cluster's share of one object's replicas, by cluster name. `undefined`: nothing is divided, because the placement
 * does not ask for it or the kind has no count.
 */
export function replicaCounts(
  base: BaseManifest,
  app: App,
  placement: Placement,
  clusters: readonly Cluster[],
  config: FleetConfig,
  report: (diagnostic: Omit<Diagnostic, 'app'>) => void,
): ReadonlyMap<string, number> | undefined {
  const rule = placement.replicas;
  const field = replicaField(base.body);
  if (rule === undefined || rule.mode === 'duplicated' || field === undefined || clusters.length === 0)
    return undefined;
  checkRules(rule, placement, config, report);
  const own = at(base.body, 'spec', field);
  const total = rule.total ?? (own === undefined ? 1 : own);
  const what = `${textAt(base.body, 'kind') ?? ''} "${textAt(base.body, 'metadata', 'name') ?? ''}"`;
  if (!isCount(total)) {
    const message = `the replicas of ${what} cannot be divided: spec.${field} is ${printJson(total)}`;
    const help = `Write a whole number from 0 to ${MAX_REPLICAS}, or give spec.replicas.total in the placement.`;
    report({ code: 'REPLICAS_IMPOSSIBLE', severity: 'error', message, help, origin: base.source });
    return undefined;
  }
  const division = divide(
    total,
    clusters.map((cluster) => shareOf(cluster, rule)),
    divisionKey(base, app, config),
  );
  if (division.state === 'divided') return division.replicas;
  const message = `the replicas of ${what} cannot be divided: ${division.reason}`;
  report({
    code: 'REPLICAS_IMPOSSIBLE',
    severity: 'error',
    message,
    help: 'Change the total, the weights or the bounds.',
    origin: rule.origin,
  });
  return undefined;
}

/** First match wins. Without a list every cluster weighs 1; with one, a cluster that it does not name weighs 0. */
function shareOf(cluster: Cluster, { weights, bounds }: ReplicaRule): Share {
  const matches = (rule: Weight | Bound): boolean => matchesCluster(rule.clusters, cluster);
  const bound = bounds.find(matches);
  const weight = weights === undefined ? 1 : (weights.find(matches)?.weight ?? 0);
  return { cluster: cluster.name, weight, min: bound?.min ?? 0, max: bound?.max ?? Number.POSITIVE_INFINITY };
}

/** A name in a weight or bound that no cluster has would silently count as absent. */
function checkRules(
  { weights, bounds }: ReplicaRule,
  placement: Placement,
  { clusters }: FleetConfig,
  report: (diagnostic: Omit<Diagnostic, 'app'>) => void,
): void {
  for (const { clusters: selector } of [...(weights ?? []), ...bounds]) {
    for (const { code, message, help } of selectClusters(selector, clusters).problems) {
      const text = `placement "${placement.name}": ${message}`;
      report({
        code,
        severity: 'error',
        message: text,
        ...(help === undefined ? {} : { help }),
        origin: selector.origin,
      });
    }
  }
}

/** Documented: `group/kind/namespace/name`, with the namespace that the object will have. */
function divisionKey({ body }: BaseManifest, app: App, { fleet }: FleetConfig): string {
  const namespace = textAt(body, 'metadata', 'namespace') ?? app.namespace ?? fleet.defaults.namespace ?? '';
  const group = groupOf(textAt(body, 'apiVersion') ?? '');
  return `${group}/${textAt(body, 'kind') ?? ''}/${namespace}/${textAt(body, 'metadata', 'name') ?? ''}`;
}

function isCount(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_REPLICAS;
}
