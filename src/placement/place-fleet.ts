import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { App, BaseManifest, Cluster, FleetConfig, Overlay, Placement } from '../model/fleet.ts';
import { createMemo, type Memo } from '../memo.ts';
import type { Locate } from '../model/locate.ts';
import type { AppTarget, ClusterTarget, PlacedObject } from '../model/render.ts';
import { textAt } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { checkReplicaRule, replicaCounts } from './replica-counts.ts';
import { findVariants } from './find-variants.ts';
import { isPlacedBy, isSelected } from './select-objects.ts';
import { type Report, selectReported } from './select-reported.ts';
import { spread } from './spread.ts';
import { titleOf } from './title-of.ts';
import { withoutTainted } from './without-tainted.ts';

/** Which cluster gets what, before anything is merged. */
export interface PlacedFleet {
  /** One for each cluster, in the order of the fleet's. Apps with an error are in none. */
  readonly targets: readonly ClusterTarget[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Decides for every object of every app which clusters get it and how many replicas each. */
export function placeFleet(config: FleetConfig, locate: Locate, memo: Memo = createMemo()): PlacedFleet {
  const { clusters, fleet } = config;
  const placed = config.apps
    .filter((app) => !app.broken)
    .map((app) => memo.share('place', [app, clusters, fleet], () => placeApp(app, config, locate)));
  const fine = placed.filter((each) => !each.diagnostics.some((diagnostic) => diagnostic.severity === 'error'));
  const targetsOf = new Map(fine.map((each) => [each.app.name, each.targets]));
  return {
    targets: config.clusters.map((cluster) => ({
      cluster,
      apps: fine.flatMap((each) => each.targets.get(cluster.name) ?? []),
    })),
    diagnostics: [
      ...placed.flatMap((each) => each.diagnostics),
      ...fine.flatMap((each) => checkDependencies(each, targetsOf)),
    ],
  };
}

interface PlacedApp {
  readonly app: App;
  /** By cluster name. */
  readonly targets: ReadonlyMap<string, AppTarget>;
  readonly diagnostics: readonly Diagnostic[];
}

function placeApp(app: App, config: FleetConfig, locate: Locate): PlacedApp {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (diagnostic) => void diagnostics.push({ ...diagnostic, app: app.name });
  const selected = new Map(app.placements.map((placement) => [placement, clustersOf(placement, config, report)]));
  for (const placement of app.placements) checkObjects(placement, app, config, report);
  const sound = app.placements.filter((placement) => checkReplicaRule(placement, app, config, report));
  const objects = new Map<string, PlacedObject[]>();
  const variants = findVariants(app, config);
  for (const base of app.base) {
    const placement = placementOf(base, app, config, report);
    if (placement === undefined) continue;
    const everywhere = selected.get(placement) ?? [];
    const present = variants.clustersWith(base);
    const clusters = present === undefined ? everywhere : everywhere.filter(({ name }) => present.has(name));
    variants.checkCounts(base, placement, report);
    const counts = sound.includes(placement)
      ? replicaCounts(base, app, placement, clusters, config, locate, report)
      : undefined;
    for (const { name } of clusters.filter((each) => base.only?.has(each.name) !== false)) {
      const replicas = counts?.get(name);
      const by = replicas === undefined ? placement.clusters.origin : (placement.replicas?.origin ?? placement.origin);
      const list = objects.get(name) ?? [];
      objects.set(name, list);
      list.push({ base, ...(replicas === undefined ? {} : { replicas }), by });
    }
  }
  const names = new Set([...selected.values()].flat().map((cluster) => cluster.name));
  const overlays = selectOverlays(app, names, config, report);
  const targets = config.clusters
    .filter(({ name }) => names.has(name))
    .map(({ name }): readonly [string, AppTarget] => {
      const [own, changes] = [objects.get(name) ?? [], overlays.get(name) ?? []];
      return [name, { app: app.name, objects: own, overlays: changes }];
    });
  if (app.placements.length === 0) reportUnplaced(app, report);
  return { app, targets: new Map(targets), diagnostics };
}

/** Those that the placement selects, without those that it must avoid. */
function clustersOf(placement: Placement, { clusters }: FleetConfig, report: Report): readonly Cluster[] {
  const selected = selectReported(titleOf(placement), placement.clusters, clusters, report);
  return spread(placement, withoutTainted(placement, selected, report), report);
}

/** An app waits where the one that it depends on is not: for ever, unless somebody sees it. */
function checkDependencies(
  { app, targets }: PlacedApp,
  targetsOf: ReadonlyMap<string, PlacedApp['targets']>,
): readonly Diagnostic[] {
  return app.dependsOn.flatMap(({ app: other, origin }): readonly Diagnostic[] => {
    const there = targetsOf.get(other);
    const alone = there === undefined ? [] : [...targets.keys()].filter((cluster) => !there.has(cluster));
    if (alone.length === 0) return [];
    const message = `app "${app.name}" waits for app "${other}", which no placement puts on ${alone.join(', ')}`;
    const help = `Place "${other}" there too, or take it out of dependsOn.`;
    return [{ code: 'NO_PLACEMENT', severity: 'warning', message, help, origin, app: app.name }];
  });
}

/** The one placement that claims the object. None and two are both errors: neither may be settled by chance. */
function placementOf(base: BaseManifest, app: App, config: FleetConfig, report: Report): Placement | undefined {
  const claims = app.placements.filter((each) => isPlacedBy(each, base, app, config));
  const [first, second] = claims;
  if (first === undefined && app.placements.length > 0) {
    report({
      code: 'NO_PLACEMENT',
      severity: 'error',
      message: `no placement matches ${nameOf(base)}`,
      help: helpUnplaced(app.placements),
      origin: base.source,
    });
  }
  if (first === undefined || second === undefined) return first;
  const message = `${nameOf(base)} is claimed by ${titleOf(first)} (${place(first.origin)}) and by ${second.from ?? `"${second.name}"`} (${place(second.origin)})`;
  report({
    code: 'PLACED_TWICE',
    severity: 'error',
    message,
    help:
      first.from === undefined && second.from === undefined
        ? 'Name the objects of each with spec.objects.'
        : 'Keep one of them for this object.',
    origin: second.origin,
  });
  return undefined;
}

/** Without a placement of ours there is nothing to add the object to. */
function helpUnplaced(placements: readonly Placement[]): string {
  const own = placements.filter(({ from }) => from === undefined);
  if (own.length === 0) return `Select it in ${placements.map(titleOf).join(' or ')}, or add a Placement for it.`;
  return `Add it to spec.objects of ${own.map(({ name }) => `"${name}"`).join(' or ')}, or add a Placement for it.`;
}

/** A selector of objects that matches none is a typo. */
function checkObjects(placement: Placement, app: App, config: FleetConfig, report: Report): void {
  for (const selector of placement.objects ?? []) {
    if (app.base.some((base) => isSelected(selector, base, app, config))) continue;
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
      message: `${titleOf(placement)} names ${selector.apiVersion} ${wanted}, which the app does not have`,
      ...help,
      origin: selector.origin,
    });
  }
}

/**
 * The overlays of each cluster, in their order. An overlay must select a cluster; one that only selects clusters without the
 * app does nothing.
 */
function selectOverlays(
  app: App,
  placed: ReadonlySet<string>,
  config: FleetConfig,
  report: Report,
): ReadonlyMap<string, readonly Overlay[]> {
  const found = new Map<string, Overlay[]>();
  for (const overlay of app.overlays) {
    const title = overlay.from ?? `overlay "${overlay.name}"`;
    const clusters = selectReported(title, overlay.clusters, config.clusters, report);
    for (const { name } of clusters) {
      const list = found.get(name) ?? [];
      found.set(name, list);
      list.push(overlay);
    }
    if (clusters.length === 0 || placed.size === 0 || clusters.some((cluster) => placed.has(cluster.name))) continue;
    // A policy of another federation speaks of many apps, so not each of them is on each of its clusters.
    if (overlay.from !== undefined) continue;
    const message = `overlay "${overlay.name}" has no effect: the app is not placed on ${clusters.map((cluster) => cluster.name).join(', ')}`;
    report({
      code: 'NO_CLUSTER_MATCHES',
      severity: 'warning',
      message,
      help: 'An overlay never widens a placement.',
      origin: overlay.clusters.origin,
    });
  }
  return found;
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
