import type { Diagnostic } from '../model/diagnostic.ts';
import type { App, Cluster, FleetConfig } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import { createMemo, type Memo } from '../memo.ts';
import type { AppTarget, ClusterTarget, RenderedApp, RenderedCluster, RenderedFleet } from '../model/render.ts';
import { groupKindKey, groupOf } from '../object/id.ts';
import { textAt } from '../object/json.ts';
import { isNamespaced } from '../object/kinds.ts';
import { withCustomResources } from '../object/merge-keys.ts';
import { createObjectCheck } from '../schema/check-object.ts';
import { knownDefinitions } from '../schema/known-definitions.ts';
import { checkIgnoreRules } from './ignored-fields.ts';
import { mergeDiagnostics } from './merge-diagnostics.ts';
import { type AppRender, heldApp, renderApp, type RenderContext } from './render-app.ts';
import { renderCluster } from './render-cluster.ts';

/**
 * Renders every cluster. An app that an error concerns everywhere is held on all clusters, also on those that no
 * placement selects: as long as nobody knows where it should be, nothing of it is removed.
 *
 * App by app first and then cluster by cluster, so that after a change only the apps that it reaches are looked at, and
 * only the clusters where one of them came out differently.
 */
export function renderTargets(
  config: FleetConfig,
  placed: { readonly targets: readonly ClusterTarget[]; readonly diagnostics: readonly Diagnostic[] },
  locate: Locate,
  memo: Memo = createMemo(),
): RenderedFleet {
  const context = renderContext(config, memo);
  const everywhere = [...config.diagnostics, ...placed.diagnostics];
  const apps = renderApps(config, placed.targets, context, locate, memo);
  const renders = placed.targets.map(({ cluster }) => {
    const held = heldApps(config, everywhere, cluster.name, memo);
    const own = apps.map((render) => render.get(cluster.name)).filter((each) => each !== undefined);
    const inputs = [cluster, ...own, 'held', ...held];
    return memo.scope(`cluster ${cluster.name}`, inputs, () => renderCluster(cluster, own, held));
  });
  const clusters = renders.map(({ cluster }) => cluster);
  const unused = unusedIgnoreRules(config.apps, clusters, context, memo);
  const found = [...everywhere, ...unused, ...renders.flatMap((render) => render.diagnostics)];
  return {
    revision: config.revision,
    fleet: config.fleet,
    apps: config.apps.map((app) => app.name),
    clusterNames: config.clusters.map((cluster) => cluster.name),
    clusters,
    diagnostics: mergeDiagnostics(found, placed.targets),
  };
}

/** An app is looked at again where it came out differently on one of its clusters. */
function unusedIgnoreRules(
  apps: readonly App[],
  clusters: readonly RenderedCluster[],
  { schema }: RenderContext,
  memo: Memo,
): readonly Diagnostic[] {
  const concerned = apps.filter((app) => app.ignore.length > 0);
  if (concerned.length === 0) return [];
  const rendered = Map.groupBy(
    clusters.flatMap((cluster) => cluster.apps),
    (app) => app.name,
  );
  return concerned.flatMap((app) => {
    const different = new Set(rendered.get(app.name));
    return memo.scope(`ignore rules of ${app.name}`, [app, schema, ...different], () =>
      checkIgnoreRules(app, different, schema),
    );
  });
}

/** What all apps and clusters share. */
export function renderContext(config: FleetConfig, memo: Memo): RenderContext {
  const { fleet } = config;
  const definitions = findDefinitions(config);
  const known = knownDefinitions(config.apps);
  return memo.share('context', [fleet, ...definitions, 'known', ...known], () => ({
    fleet,
    isNamespaced: scopes(config, definitions),
    schema: withCustomResources(definitions),
    check: createObjectCheck(known),
  }));
}

interface PlacedApps {
  readonly clusters: Cluster[];
  readonly targets: AppTarget[];
}

/** For each app, sorted by name, what it is on each cluster that has it, by the cluster's name. */
function renderApps(
  config: FleetConfig,
  targets: readonly ClusterTarget[],
  context: RenderContext,
  locate: Locate,
  memo: Memo,
): readonly ReadonlyMap<string, AppRender>[] {
  const placed = new Map<string, PlacedApps>(config.apps.map((app) => [app.name, { clusters: [], targets: [] }]));
  for (const { cluster, apps } of targets) {
    for (const target of apps) {
      const own = placed.get(target.app);
      own?.clusters.push(cluster);
      own?.targets.push(target);
    }
  }
  return config.apps.map((app) => {
    const own = placed.get(app.name);
    const inputs = [app, context, ...(own?.clusters ?? []), ...(own?.targets ?? [])];
    return memo.scope(`render ${app.name}`, inputs, (inner) => {
      const tools = { locate, memo: inner };
      const render = (cluster: Cluster, index: number): readonly (readonly [string, AppRender])[] => {
        const target = own?.targets[index];
        return target === undefined ? [] : [[cluster.name, renderApp(target, app, cluster, context, tools)]];
      };
      return new Map(own?.clusters.flatMap(render));
    });
  });
}

/** Apps that an error concerns everywhere, or on this cluster before anything was rendered. */
function heldApps(
  config: FleetConfig,
  diagnostics: readonly Diagnostic[],
  cluster: string,
  memo: Memo,
): readonly RenderedApp[] {
  const errors = Map.groupBy(
    diagnostics.filter((each) => each.severity === 'error' && (each.cluster ?? cluster) === cluster),
    (each) => each.app,
  );
  return config.apps
    .filter((app) => app.broken || errors.has(app.name))
    .map((app) => {
      const own = errors.get(app.name) ?? [];
      return memo.share('held', [app, ...own], () => heldApp(app, own));
    });
}

/** CustomResourceDefinitions anywhere in the repository. */
function findDefinitions({ apps }: FleetConfig): readonly JsonObject[] {
  const all = apps.flatMap((app: App) => [...app.base, ...app.overlays.flatMap((overlay) => overlay.resources)]);
  return all.map(({ body }) => body).filter((body) => body['kind'] === 'CustomResourceDefinition');
}

/** Built-in kinds first, then the repository's definitions, then what the fleet says. */
function scopes(
  config: FleetConfig,
  definitions: readonly JsonObject[],
): (group: string, kind: string) => boolean | undefined {
  const known = new Map(config.fleet.kinds.map((each) => [groupKindKey(each), each.namespaced]));
  for (const definition of definitions) {
    if (groupOf(textAt(definition, 'apiVersion') ?? '') !== 'apiextensions.k8s.io') continue;
    const kind = {
      group: textAt(definition, 'spec', 'group') ?? '',
      kind: textAt(definition, 'spec', 'names', 'kind') ?? '',
    };
    known.set(groupKindKey(kind), textAt(definition, 'spec', 'scope') === 'Namespaced');
  }
  return (group, kind) => isNamespaced({ group, kind }) ?? known.get(groupKindKey({ group, kind }));
}
