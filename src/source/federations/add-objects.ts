import { scopeReported } from '../../memo.ts';
import type { App, AppDefaults, BaseManifest, ClusterSelector, Placement } from '../../model/fleet.ts';
import { compareText } from '../../object/id.ts';
import { textAt } from '../../object/json.ts';
import { nearestName } from '../../object/nearest.ts';
import { createApp, isAppName } from '../create-app.ts';
import { type ParseContext, reportAt } from '../read-kind.ts';
import type { FederatedObject, ReplicaPreference } from './imported.ts';
import { intersect } from './intersect.ts';
import { selectorFor } from './object-facts.ts';
import { importsOf, type ScopedImport } from './scoped-import.ts';
import { toOverlay } from './to-overlay.ts';
import { warnDifferent } from './read-document.ts';

interface Scoped {
  readonly item: FederatedObject;
  readonly app?: string;
}

/**
 * Gives each object of KubeFed to the app in whose folder it lies; one in `policies/` belongs to the app of its own name,
 * which is made where there is none (ADR 6).
 */
export function addObjects(
  apps: readonly App[],
  imports: readonly ScopedImport[],
  defaults: AppDefaults,
  context: ParseContext,
): readonly App[] {
  const objects = importsOf(imports, 'object').filter((each) => hasHome(each, context));
  const preferences = importsOf(imports, 'replicas').map(({ item }) => item);
  reportLonePreferences(preferences, objects, context);
  const homes = Map.groupBy(objects, homeOf);
  const missing = [...homes].filter(([name]) => !apps.some((app) => app.name === name));
  const { memo } = context;
  const made = missing.map(([name, [first]]) => {
    const source = first?.item.source ?? { file: 'policies', line: 1, column: 1 };
    return memo.scope(`made ${name}`, [defaults, source], () => createApp(name, defaults, source, context));
  });
  const around = { ...findNamespaces(objects, apps), preferences, defaults };
  const inputs = [defaults, ...preferences, ...around.federated, ...around.native];
  return [...apps, ...made]
    .map((app) => {
      const own = (homes.get(app.name) ?? []).map(({ item }) => item);
      if (own.length === 0) return app;
      return scopeReported(memo, `objects of ${app.name}`, [app, ...own, 'in', ...inputs], context.report, (report) =>
        own.reduce((current, item) => addObject(current, item, around, { ...context, report }), app),
      );
    })
    .sort((a, b) => compareText(a.name, b.name));
}

interface Surroundings {
  /** Each a FederatedNamespace. */
  readonly federated: readonly FederatedObject[];
  /** Names of the namespaces that our own apps have. */
  readonly native: ReadonlySet<string>;
  readonly preferences: readonly ReplicaPreference[];
  readonly defaults: AppDefaults;
}

function findNamespaces(objects: readonly Scoped[], apps: readonly App[]): Pick<Surroundings, 'federated' | 'native'> {
  const isNamespace = ({ body }: BaseManifest): boolean => body['kind'] === 'Namespace';
  const names = apps.flatMap(({ base }) =>
    base.filter(isNamespace).flatMap(({ body }) => textAt(body, 'metadata', 'name') ?? []),
  );
  return {
    federated: objects.map(({ item }) => item).filter(({ base }) => isNamespace(base)),
    native: new Set(names.sort(compareText)),
  };
}

function homeOf({ item, app }: Scoped): string {
  return app ?? item.name;
}

function hasHome({ item, app }: Scoped, context: ParseContext): boolean {
  if (app !== undefined || isAppName(item.name)) return true;
  const message = `${item.from} would make an app "${item.name}", which is no name of an app`;
  const help = 'Move the file into the folder of an app: apps/NAME/.';
  reportAt(item.source, '/metadata/name', { code: 'BAD_NAME', message, help }, context);
  return false;
}

function addObject(app: App, item: FederatedObject, around: Surroundings, context: ParseContext): App {
  const { base, source } = item;
  const { defaults } = around;
  const own: ParseContext = { ...context, report: (each) => context.report({ ...each, app: app.name }) };
  const preference = around.preferences.find((each) => isFor(each, item));
  const ownClusters = withinNamespace(item, around, own);
  // KubeFed sets the placement of what a preference shares out, unless it is told to intersect.
  const clusters = preference === undefined || preference.intersects ? ownClusters : everywhere(preference.rule.origin);
  if (clusters.names?.length === 0) {
    const message = `${item.from} names no cluster, so the object is nowhere`;
    const help = 'Write spec.placement.clusters, or clusterSelector: {} for every cluster.';
    const origin = own.locate(source, '/spec/placement', 'key');
    own.report({ code: 'NO_CLUSTER_MATCHES', severity: 'warning', message, help, origin });
  }
  if (preference !== undefined) reportOverriddenCount(item, preference, own);
  const placement: Placement = {
    name: `${(textAt(base.body, 'kind') ?? '').toLowerCase()}-${item.name}`,
    objects: [selectorFor(base, app, defaults)],
    clusters,
    // There are no taints in KubeFed.
    tolerations: [{ operator: 'Exists', value: '' }],
    ...(preference === undefined ? {} : { replicas: preference.rule }),
    origin: source,
    from: preference === undefined ? item.from : `${item.from} with its ${preference.from}`,
  };
  return {
    ...app,
    base: [...app.base, base],
    placements: [...app.placements, placement],
    overlays: [...app.overlays, ...item.changes.map((change) => toOverlay(change, item, base, app, defaults, own))],
  };
}

/** In KubeFed an object is only where its namespace is, too. */
function withinNamespace(
  item: FederatedObject,
  { federated, native }: Surroundings,
  context: ParseContext,
): ClusterSelector {
  const { namespace } = item;
  if (namespace === undefined) return item.clusters;
  const own = federated.find(({ name }) => name === namespace);
  if (own !== undefined) return intersect(item.clusters, own.clusters);
  if (!native.has(namespace) && namespace !== 'default') {
    const message = `there is no FederatedNamespace "${namespace}": KubeFed would place nothing, and here ${item.from} goes where its own placement says`;
    warnDifferent(item.source, '/metadata/namespace', message, context);
  }
  return item.clusters;
}

function isFor({ name, namespace, target }: ReplicaPreference, item: FederatedObject): boolean {
  return name === item.name && namespace === item.namespace && target === item.base.body['kind'];
}

function everywhere(origin: ClusterSelector['origin']): ClusterSelector {
  return { all: true, matchLabels: {}, matchExpressions: [], origin };
}

/** KubeFed's two controllers would write the same override by turns. */
function reportOverriddenCount(item: FederatedObject, preference: ReplicaPreference, context: ParseContext): void {
  for (const { ops, pointer } of item.changes) {
    const index = ops.findIndex((op) => ['/spec', '/spec/replicas'].includes(textAt(op, 'path') ?? ''));
    if (index < 0) continue;
    const message = `an override sets spec.replicas, which ${preference.from} (${preference.source.file}:${preference.source.line}) divides`;
    const help = 'Change the preference, or remove the override.';
    reportAt(item.source, `${pointer}/${index}/path`, { code: 'REPLICAS_DIVIDED', message, help }, context);
  }
}

/** Without its object a preference shares out nothing, and somebody relies on it. */
function reportLonePreferences(
  preferences: readonly ReplicaPreference[],
  objects: readonly Scoped[],
  context: ParseContext,
): void {
  const known = objects.map(({ item }) => `${item.namespace ?? ''}/${item.name}`);
  for (const preference of preferences) {
    if (objects.some(({ item }) => isFor(preference, item))) continue;
    const wanted = `${preference.namespace ?? ''}/${preference.name}`;
    const near = nearestName(wanted, known);
    const message = `${preference.from} shares out Federated${preference.target} ${wanted}, which does not exist`;
    const help = near === undefined ? 'It has the name and the namespace of its object.' : `Did you mean "${near}"?`;
    reportAt(preference.source, '/metadata/name', { code: 'NO_TARGET', message, help }, context);
  }
}
