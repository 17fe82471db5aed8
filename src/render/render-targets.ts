import type { Diagnostic } from '../model/diagnostic.ts';
import type { App, FleetConfig } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import type { ClusterTarget, RenderedCluster, RenderedFleet } from '../model/render.ts';
import { compareText, groupKindKey, groupOf } from '../object/id.ts';
import { textAt } from '../object/json.ts';
import { isNamespaced } from '../object/kinds.ts';
import { withCustomResources } from '../object/merge-keys.ts';
import { checkIgnoreRules } from './ignored-fields.ts';
import { mergeDiagnostics } from './merge-diagnostics.ts';
import { digestOf, heldApp, type RenderContext, renderCluster } from './render-cluster.ts';

/**
 * Renders every cluster. An app that an error concerns everywhere is held on all clusters, also on those that no
 * placement selects: as long as nobody knows where it should be, nothing of it is removed.
 */
export function renderTargets(
  config: FleetConfig,
  placed: { readonly targets: readonly ClusterTarget[]; readonly diagnostics: readonly Diagnostic[] },
  locate: Locate,
): RenderedFleet {
  const context = renderContext(config, locate);
  const apps = new Map(config.apps.map((app) => [app.name, app]));
  const renders = placed.targets.map((target) => renderCluster(target, apps, context));
  const unused = config.apps.flatMap((app) =>
    checkIgnoreRules(
      app,
      renders.map(({ cluster }) => cluster),
      context.schema,
    ),
  );
  const everywhere = [...config.diagnostics, ...placed.diagnostics, ...unused];
  const held = heldApps(config, everywhere);
  return {
    revision: config.revision,
    fleet: config.fleet,
    apps: config.apps.map((app) => app.name),
    clusterNames: config.clusters.map((cluster) => cluster.name),
    clusters: renders.map(({ cluster }) => withHeld(cluster, held)),
    diagnostics: mergeDiagnostics([...everywhere, ...renders.flatMap((render) => render.diagnostics)], placed.targets),
  };
}

/** What all clusters share. */
export function renderContext(config: FleetConfig, locate: Locate): RenderContext {
  const definitions = findDefinitions(config);
  return {
    fleet: config.fleet,
    isNamespaced: scopes(config, definitions),
    schema: withCustomResources(definitions),
    locate,
  };
}

function heldApps(config: FleetConfig, diagnostics: readonly Diagnostic[]): ReturnType<typeof heldApp>[] {
  const errors = Map.groupBy(
    diagnostics.filter((each) => each.severity === 'error' && each.cluster === undefined),
    (each) => each.app,
  );
  return config.apps
    .filter((app) => app.broken || errors.has(app.name))
    .map((app) => heldApp(app, errors.get(app.name) ?? []));
}

function withHeld(cluster: RenderedCluster, held: ReturnType<typeof heldApps>): RenderedCluster {
  if (held.length === 0) return cluster;
  const names = new Set(held.map((app) => app.name));
  const apps = [...cluster.apps.filter((app) => !names.has(app.name)), ...held].sort((a, b) =>
    compareText(a.name, b.name),
  );
  return { ...cluster, apps, digest: digestOf(apps) };
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
