import type { App, BaseManifest, Bound, Cluster, FleetConfig, Placement, ReplicaRule, Weight } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import { groupOf } from '../object/id.ts';
import { at, printJson, textAt } from '../object/json.ts';
import { namespaceOf } from '../object/namespace-of.ts';
import { replicaField } from '../object/replicas.ts';
import { divideByRounding } from './divide-by-rounding.ts';
import { divide, MAX_REPLICAS, type Share } from './divide.ts';
import { matchesCluster } from './select-clusters.ts';
import { isPlacedBy } from './select-objects.ts';
import { type Report, selectReported } from './select-reported.ts';
import { titleOf } from './title-of.ts';

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
  locate: Locate,
  report: Report,
): ReadonlyMap<string, number> | undefined {
  const rule = placement.replicas;
  const field = replicaField(base.body);
  if (rule === undefined || rule.mode === 'duplicated' || field === undefined || clusters.length === 0)
    return undefined;
  const own = at(base.body, 'spec', field);
  const total = rule.total ?? (own === undefined ? 1 : own);
  const what = `${textAt(base.body, 'kind') ?? ''} "${textAt(base.body, 'metadata', 'name') ?? ''}"`;
  if (!isCount(total)) {
    const message = `the replicas of ${what} cannot be divided: spec.${field} is ${printJson(total)}`;
    const help = `Write a whole number from 0 to ${MAX_REPLICAS}, or give spec.replicas.total in the placement.`;
    const origin = locate(base.source, `/spec/${field}`, 'value');
    report({ code: 'REPLICAS_IMPOSSIBLE', severity: 'error', message, help, origin });
    return undefined;
  }
  const shares = sharesOf(clusters, rule);
  if (rule.method === 'kubefed') {
    const { replicas, unplaced } = divideByRounding(total, shares, roundingKey(base, app, config));
    if (unplaced > 0) reportUnplaced(what, unplaced, total, rule, report);
    return replicas;
  }
  const division = divide(total, shares, divisionKey(base, app, config));
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

/** KubeFed leaves them out in silence. */
function reportUnplaced(what: string, unplaced: number, total: number, rule: ReplicaRule, report: Report): void {
  report({
    code: 'REPLICAS_IMPOSSIBLE',
    severity: 'warning',
    message: `${unplaced} of ${total} replicas of ${what} run nowhere: every cluster has its maximum, or weighs 0`,
    help: 'Change the total, the weights or the bounds.',
    origin: rule.origin,
  });
}

/**
 * Whether a rule can be followed, whatever the counts are. A weight or bound for no cluster at all would silently count as
 * absent. A rule for objects that have no count does nothing, and a warning says so.
 */
export function checkReplicaRule(placement: Placement, app: App, config: FleetConfig, report: Report): boolean {
  const { replicas: rule } = placement;
  if (rule?.mode !== 'divided') return true;
  const selects =
    (what: string) =>
    (item: Weight | Bound): boolean =>
      selectReported(`a ${what} of ${titleOf(placement)}`, item.clusters, config.clusters, report).length > 0;
  const weights = (rule.weights ?? []).map(selects('weight'));
  const bounds = rule.bounds.map(selects('bound'));
  const counted = app.base.filter((base) => replicaField(base.body) !== undefined);
  if (!counted.some((base) => isPlacedBy(placement, base, app, config))) {
    report({
      code: 'REPLICAS_IMPOSSIBLE',
      severity: 'warning',
      message: `${titleOf(placement)} divides replicas, and none of its objects has a count`,
      help: 'Counts have Deployment, StatefulSet, ReplicaSet, ReplicationController and Job.',
      origin: rule.origin,
    });
  }
  return [...weights, ...bounds].every((selected) => selected);
}

function sharesOf(clusters: readonly Cluster[], rule: ReplicaRule): readonly Share[] {
  const known = SHARES.get(rule) ?? new WeakMap<Cluster, Share>();
  SHARES.set(rule, known);
  const shares = clusters.map((cluster) => {
    const share = known.get(cluster) ?? shareOf(cluster, rule);
    known.set(cluster, share);
    return share;
  });
  const even = rule.otherwiseEven === true && shares.every(({ weight }) => weight === 0);
  return even ? shares.map((share) => ({ ...share, weight: 1 })) : shares;
}

/** What a rule gives a cluster is the same for all objects, of which there may be many. */
const SHARES = new WeakMap<ReplicaRule, WeakMap<Cluster, Share>>();

/** First match wins. Without a list every cluster weighs 1; with one, a cluster that it does not name weighs 0. */
function shareOf(cluster: Cluster, { weights, bounds }: ReplicaRule): Share {
  const matches = (rule: Weight | Bound): boolean => matchesCluster(rule.clusters, cluster);
  const bound = bounds.find(matches);
  const weight = weights === undefined ? 1 : (weights.find(matches)?.weight ?? 0);
  return { cluster: cluster.name, weight, min: bound?.min ?? 0, max: bound?.max ?? Number.POSITIVE_INFINITY };
}

/** Documented: `group/kind/namespace/name`, with the namespace that the object will have. */
function divisionKey(base: BaseManifest, app: App, config: FleetConfig): string {
  const group = groupOf(textAt(base.body, 'apiVersion') ?? '');
  const [kind, name] = [textAt(base.body, 'kind') ?? '', textAt(base.body, 'metadata', 'name') ?? ''];
  return `${group}/${kind}/${namespaceOf(base.body, app, config.fleet.defaults) ?? ''}/${name}`;
}

/** As KubeFed has it: the name of the ReplicaSchedulingPreference, which is that of the object. */
function roundingKey(base: BaseManifest, app: App, config: FleetConfig): string {
  return `${namespaceOf(base.body, app, config.fleet.defaults) ?? ''}/${textAt(base.body, 'metadata', 'name') ?? ''}`;
}

function isCount(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_REPLICAS;
}
