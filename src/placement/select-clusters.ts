import { parseGlob } from '../glob.ts';
import type { Origin } from '../model/diagnostic.ts';
import type { Cluster, ClusterSelector, FieldExpression } from '../model/fleet.ts';
import { own } from '../object/json.ts';
import { matchesExpression } from '../object/match-expression.ts';
import { nearestName } from '../object/nearest.ts';

/** What a selector selects, and what is wrong with it. */
export interface Selection {
  /** In the order of the fleet's clusters. */
  readonly clusters: readonly Cluster[];
  /** Each is a whole sentence about one name of the selector; see {@link SelectionProblem}. */
  readonly problems: readonly SelectionProblem[];
}

export interface SelectionProblem {
  readonly code: 'UNKNOWN_NAME' | 'NO_CLUSTER_MATCHES' | 'BAD_GLOB';
  readonly message: string;
  readonly help?: string;
  /** Of the name that it is about, where that is known. */
  readonly origin?: Origin;
}

/** Parts are ANDed, `exclude` wins. A name that no cluster has, or a pattern that matches none, is a typo. */
export function selectClusters(selector: ClusterSelector, clusters: readonly Cluster[]): Selection {
  const problems = [...nameProblems(selector, clusters), ...excludeProblems(selector, clusters)];
  return { clusters: clusters.filter(matcherOf(selector)), problems };
}

/** Whether one cluster is selected; names that cannot match anything simply do not. */
export function matchesCluster(selector: ClusterSelector, cluster: Cluster): boolean {
  const known = MATCHERS.get(selector) ?? matcherOf(selector);
  MATCHERS.set(selector, known);
  return known(cluster);
}

const MATCHERS = new WeakMap<ClusterSelector, (cluster: Cluster) => boolean>();

/** Why nothing was selected, with what there would have been: the end of a sentence. */
export function explainEmpty(selector: ClusterSelector, clusters: readonly Cluster[]): string {
  for (const [key, value] of Object.entries(selector.matchLabels)) {
    if (clusters.some((cluster) => own(cluster.labels, key) === value)) continue;
    const known = [...new Set(clusters.flatMap((cluster) => own(cluster.labels, key) ?? []))].sort();
    return known.length === 0
      ? `no cluster has a label "${key}"`
      : `none has ${key}=${value}. Known values of ${key}: ${known.join(', ')}`;
  }
  return `no cluster fits all of its parts. The fleet has: ${listNames(clusters)}`;
}

/** Patterns are read once: a large fleet asks thousands of selectors about each of its clusters. */
function matcherOf({
  names,
  matchLabels,
  matchExpressions,
  matchFields = [],
  exclude,
}: ClusterSelector): (cluster: Cluster) => boolean {
  const isExcluded = exclude === undefined ? undefined : matcherOf(exclude);
  const globs = names?.map(parseGlob).flatMap((glob) => (glob.state === 'glob' ? [glob.match] : []));
  const labels = Object.entries(matchLabels);
  return (cluster) =>
    isExcluded?.(cluster) !== true &&
    (globs === undefined || globs.some((match) => match(cluster.name))) &&
    labels.every(([key, value]) => own(cluster.labels, key) === value) &&
    matchExpressions.every((expression) => matchesExpression(expression, own(cluster.labels, expression.key))) &&
    matchFields.every((expression) => matchesField(expression, cluster));
}

/** A cluster can have several zones: with `In` all of them must be named, with `NotIn` none of them may be. */
function matchesField({ key, operator, values }: FieldExpression, cluster: Cluster): boolean {
  if (key !== 'zone') return matchesExpression({ operator, values }, cluster[key]);
  const { zones } = cluster;
  switch (operator) {
    case 'In':
      return zones.length > 0 && zones.every((zone) => values.includes(zone));
    case 'NotIn':
      return !zones.some((zone) => values.includes(zone));
    case 'Exists':
      return zones.length > 0;
    case 'DoesNotExist':
      return zones.length === 0;
  }
}

function nameProblems(selector: ClusterSelector, clusters: readonly Cluster[]): readonly SelectionProblem[] {
  return (selector.names ?? []).flatMap((pattern, index): readonly SelectionProblem[] => {
    const glob = parseGlob(pattern);
    const origin = selector.nameOrigins?.[index];
    const place = origin === undefined ? {} : { origin };
    if (glob.state === 'refused') return [{ code: 'BAD_GLOB', message: glob.error, ...place }];
    if (clusters.some((cluster) => glob.match(cluster.name))) return [];
    return [{ ...(/[*?]/.test(pattern) ? emptyGlob(pattern, clusters) : unknownName(pattern, clusters)), ...place }];
  });
}

function excludeProblems({ exclude }: ClusterSelector, clusters: readonly Cluster[]): readonly SelectionProblem[] {
  return exclude === undefined ? [] : selectClusters(exclude, clusters).problems;
}

function unknownName(name: string, clusters: readonly Cluster[]): SelectionProblem {
  const nearest = nearestName(
    name,
    clusters.map((cluster) => cluster.name),
  );
  const help = nearest === undefined ? `The fleet has: ${listNames(clusters)}.` : `Did you mean "${nearest}"?`;
  return { code: 'UNKNOWN_NAME', message: `there is no cluster "${name}"`, help };
}

function emptyGlob(pattern: string, clusters: readonly Cluster[]): SelectionProblem {
  const help = `The fleet has: ${listNames(clusters)}.`;
  return { code: 'NO_CLUSTER_MATCHES', message: `the pattern "${pattern}" matches no cluster`, help };
}

/** In a large fleet the first of them: a message is for reading. */
const MOST_NAMES = 20;

function listNames(clusters: readonly Cluster[]): string {
  const names = clusters.slice(0, MOST_NAMES).map((cluster) => cluster.name);
  return `${names.join(', ')}${clusters.length > MOST_NAMES ? ` and ${clusters.length - MOST_NAMES} more` : ''}`;
}
