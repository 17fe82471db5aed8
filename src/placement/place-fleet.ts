import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type {
  App,
  BaseManifest,
  Cluster,
  ClusterSelector,
  FleetConfig,
  ObjectSelector,
  Placement,
} from '../model/fleet.ts';
import type { AppTarget, ClusterTarget, PlacedObject } from '../model/render.ts';
import { groupOf } from '../object/id.ts';
import { textAt } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { replicaCounts } from './replica-counts.ts';
import { explainEmpty, matchesCluster, selectClusters } from './select-clusters.ts';

/** Which cluster gets what, before anything is merged. */
export interface PlacedFleet {
  /** One for each cluster, in the order of the fleet's. Apps with an error are in none. */
  readonly targets: readonly ClusterTarget[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Decides for every object of every app which clusters get it and how many replicas each. */
export function placeFleet(config: FleetConfig): PlacedFleet {
  const placed = config.apps.filter((app) => !app.broken).map((app) => placeApp(app, config));
  const fine = placed.filter((each) => !each.diagnostics.some((diagnostic) => diagnostic.severity === 'error'));
  return {
    targets: config.clusters.map((cluster) => ({
      cluster,
      apps: fine.flatMap((each) => each.targets.get(cluster.name) ?? []),
    })),
    diagnostics: placed.flatMap((each) => each.diagnostics),
  };
}

interface PlacedApp {
  /** By cluster name. */
  readonly targets: ReadonlyMap<string, AppTarget>;
  readonly diagnostics: readonly Diagnostic[];
}

function placeApp(app: App, config: FleetConfig): PlacedApp {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Omit<Diagnostic, 'app'>): void => void diagnostics.push({ ...diagnostic, app: app.name });
  const selected = new Map(
    app.placements.map((placement) => [
      placement,
      selectFor(`placement "${placement.name}"`, placement.clusters, config, report),
    ]),
  );
  for (const placement of app.placements) checkObjects(placement, app, report);
  const objects = new Map<string, PlacedObject[]>();
  for (const base of app.base) {
    const placement = placementOf(base, app, report);
    if (placement === undefined) continue;
    const clusters = selected.get(placement) ?? [];
    const counts = replicaCounts(base, app, placement, clusters, config, report);
    for (const { name } of clusters) {
      const replicas = counts?.get(name);
      const by = replicas === undefined ? placement.clusters.origin : (placement.replicas?.origin ?? placement.origin);
      const list = objects.get(name) ?? [];
      objects.set(name, list);
      list.push({ base, ...(replicas === undefined ? {} : { replicas }), by });
    }
  }
  const names = new Set([...selected.values()].flat().map((cluster) => cluster.name));
  const targets = config.clusters
    .filter((cluster) => names.has(cluster.name))
    .map((cluster) => [cluster.name, targetOf(app, cluster, objects.get(cluster.name) ?? [])] as const);
  checkOverlays(app, names, config, report);
  if (app.placements.length === 0) reportUnplaced(app, report);
  return { targets: new Map(targets), diagnostics };
}

type Report = (diagnostic: Omit<Diagnostic, 'app'>) => void;

function targetOf(app: App, cluster: Cluster, objects: readonly PlacedObject[]): AppTarget {
  const overlays = app.overlays.filter((overlay) => matchesCluster(overlay.clusters, cluster));
  return { app: app.name, objects, overlays };
}

function selectFor(
  what: string,
  selector: ClusterSelector,
  { clusters }: FleetConfig,
  report: Report,
): readonly Cluster[] {
  const selection = selectClusters(selector, clusters);
  const origin = selector.origin;
  for (const { code, message, help } of selection.problems) {
    report({
      code,
      severity: 'error',
      message: `${what}: ${message}`,
      ...(help === undefined ? {} : { help }),
      origin,
    });
  }
  if (selection.clusters.length === 0 && selection.problems.length === 0) {
    const message = `${what} selects no cluster: ${explainEmpty(selector, clusters)}`;
    report({ code: 'NO_CLUSTER_MATCHES', severity: 'error', message, origin });
  }
  return selection.clusters;
}

/** The one placement that claims the object. None and two are both errors: neither may be settled by chance. */
function placementOf(base: BaseManifest, app: App, report: Report): Placement | undefined {
  const claims = app.placements.filter(
    (each) => each.objects === undefined || each.objects.some((selector) => claimsObject(selector, base)),
  );
  const [first, second] = claims;
  if (first === undefined && app.placements.length > 0) {
    report({
      code: 'NO_PLACEMENT',
      severity: 'error',
      message: `no placement matches ${nameOf(base)}`,
      help: `Add it to spec.objects of ${app.placements.map((each) => `"${each.name}"`).join(' or ')}, or add a Placement for it.`,
      origin: base.source,
    });
  }
  if (first === undefined || second === undefined) return first;
  const message = `${nameOf(base)} is claimed by placement "${first.name}" (${place(first.origin)}) and by "${second.name}" (${place(second.origin)})`;
  report({
    code: 'PLACED_TWICE',
    severity: 'error',
    message,
    help: 'Name the objects of each with spec.objects.',
    origin: second.origin,
  });
  return undefined;
}

function claimsObject(selector: ObjectSelector, { body }: BaseManifest): boolean {
  return (
    groupOf(selector.apiVersion) === groupOf(textAt(body, 'apiVersion') ?? '') &&
    selector.kind === textAt(body, 'kind') &&
    (selector.name === undefined || selector.name === textAt(body, 'metadata', 'name')) &&
    (selector.namespace === undefined || selector.namespace === textAt(body, 'metadata', 'namespace'))
  );
}

/** A selector of objects that matches none is a typo. */
function checkObjects(placement: Placement, app: App, report: Report): void {
  for (const selector of placement.objects ?? []) {
    if (app.base.some((base) => claimsObject(selector, base))) continue;
    const wanted = `${selector.kind} ${selector.name ?? ''}`.trim();
    const nearest = nearestName(
      wanted,
      app.base.map((base) =>
        `${textAt(base.body, 'kind') ?? ''} ${selector.name === undefined ? '' : (textAt(base.body, 'metadata', 'name') ?? '')}`.trim(),
      ),
    );
    const help = nearest === undefined ? undefined : { help: `Did you mean ${nearest}?` };
    report({
      code: 'NO_TARGET',
      severity: 'error',
      message: `placement "${placement.name}" names ${selector.apiVersion} ${wanted}, which the app does not have`,
      ...help,
      origin: selector.origin,
    });
  }
}

/** An overlay must select a cluster; one that only selects clusters without the app does nothing. */
function checkOverlays(app: App, placed: ReadonlySet<string>, config: FleetConfig, report: Report): void {
  for (const overlay of app.overlays) {
    const clusters = selectFor(`overlay "${overlay.name}"`, overlay.clusters, config, report);
    if (clusters.length === 0 || app.placements.length === 0 || clusters.some((cluster) => placed.has(cluster.name)))
      continue;
    const message = `overlay "${overlay.name}" has no effect: the app is not placed on ${clusters.map((cluster) => cluster.name).join(', ')}`;
    report({
      code: 'NO_CLUSTER_MATCHES',
      severity: 'warning',
      message,
      help: 'An overlay never widens a placement.',
      origin: overlay.clusters.origin,
    });
  }
}

function reportUnplaced(app: App, report: Report): void {
  const [first] = app.base;
  const message =
    first === undefined
      ? `app "${app.name}" has no placement`
      : `no placement matches ${nameOf(first)}: the app has none`;
  report({
    code: 'NO_PLACEMENT',
    severity: 'error',
    message,
    help: `Add apps/${app.name}/placement.yaml with kind: Placement; "clusters: {all: true}" puts it everywhere.`,
    origin: first?.source ?? app.origin,
  });
}

function nameOf({ body }: BaseManifest): string {
  const namespace = textAt(body, 'metadata', 'namespace');
  const name = textAt(body, 'metadata', 'name') ?? '?';
  return `${textAt(body, 'apiVersion') ?? '?'} ${textAt(body, 'kind') ?? '?'} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function place({ file, line }: Origin): string {
  return `${file}:${line}`;
}
