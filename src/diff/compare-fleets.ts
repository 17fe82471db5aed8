import type { FleetDiff, Removal } from '../model/fleet-diff.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Manifest } from '../model/manifest.ts';
import type { RenderedApp, RenderedCluster, RenderedFleet } from '../model/render.ts';
import { CONTAINER_KINDS } from '../object/container-kinds.ts';
import { compareText, formatId, idKey } from '../object/id.ts';
import { numberAt, textAt } from '../object/json.ts';
import { replicaField } from '../object/replicas.ts';
import { groupChanges, type ObjectChange } from './group-changes.ts';
import { replicaRows } from './replica-rows.ts';
import { nameClusters } from './verdict.ts';

/** One side of a comparison. */
export interface ComparedSide {
  readonly revision: string;
  /** Absent: it cannot be rendered at all. */
  readonly fleet?: RenderedFleet;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compares two renders, cluster by cluster. */
export function compareFleets(base: ComparedSide, head: ComparedSide): FleetDiff {
  const changes = base.fleet === undefined || head.fleet === undefined ? [] : allChanges(base.fleet, head.fleet);
  const compared = changes.flatMap((each) => each.objects);
  return {
    base: { revision: base.revision, usable: base.fleet !== undefined },
    head: { revision: head.revision, usable: head.fleet !== undefined },
    clusters: changes.map(({ name, before, after, objects }) => ({
      name,
      before: before?.digest ?? '',
      after: after?.digest ?? '',
      changes: objects.length,
    })),
    changeSets: groupChanges(compared, changes),
    replicas: replicaRows(changes),
    removals: groupRemovals(compared, head.fleet),
    risks: findRisks(compared, changes.length),
    notCompared: heldApps(changes),
    diagnostics: head.diagnostics,
  };
}

/** Both sides of one cluster, and the objects that differ. */
export interface ComparedCluster {
  readonly name: string;
  readonly before: RenderedCluster | undefined;
  readonly after: RenderedCluster | undefined;
  readonly objects: readonly ObjectChange[];
  /** Apps that one of the sides does not render. */
  readonly held: ReadonlySet<string>;
}

function allChanges(base: RenderedFleet, head: RenderedFleet): readonly ComparedCluster[] {
  const names = new Set([...base.clusters, ...head.clusters].map(({ cluster }) => cluster.name));
  const find = (fleet: RenderedFleet, name: string): RenderedCluster | undefined =>
    fleet.clusters.find(({ cluster }) => cluster.name === name);
  return [...names].sort(compareText).map((name) => {
    const [before, after] = [find(base, name), find(head, name)];
    const held = new Set(
      [...(before?.apps ?? []), ...(after?.apps ?? [])].filter((app) => app.state === 'held').map((app) => app.name),
    );
    return { name, before, after, held, objects: compareCluster(name, before, after, held, head) };
  });
}

function compareCluster(
  cluster: string,
  before: RenderedCluster | undefined,
  after: RenderedCluster | undefined,
  held: ReadonlySet<string>,
  head: RenderedFleet,
): readonly ObjectChange[] {
  if (before?.digest === after?.digest) return [];
  const [old, now] = [indexManifests(before, held), indexManifests(after, held)];
  const changes: ObjectChange[] = [];
  for (const [key, { app, manifest }] of now) {
    const was = old.get(key);
    const base = { cluster, app: app.name, id: manifest.id, after: manifest };
    if (was === undefined) changes.push({ ...base, kind: 'added' });
    else if (was.manifest.hash !== manifest.hash || was.manifest.apiVersion !== manifest.apiVersion)
      changes.push({ ...base, kind: 'changed', before: was.manifest });
  }
  for (const [key, { app, manifest }] of old) {
    if (now.has(key)) continue;
    changes.push({
      cluster,
      app: app.name,
      id: manifest.id,
      kind: 'removed',
      before: manifest,
      ...fateOf(manifest, app, after, head),
    });
  }
  return changes;
}

function indexManifests(
  cluster: RenderedCluster | undefined,
  held: ReadonlySet<string>,
): ReadonlyMap<string, { readonly app: RenderedApp; readonly manifest: Manifest }> {
  const apps = (cluster?.apps ?? []).filter((app) => !held.has(app.name));
  return new Map(
    apps.flatMap((app) => app.manifests.map((manifest) => [idKey(manifest.id), { app, manifest }] as const)),
  );
}

/** What the controller will do with an object that leaves: the rules of `apply/guards.ts` that need no cluster. */
function fateOf(
  manifest: Manifest,
  was: RenderedApp,
  after: RenderedCluster | undefined,
  head: RenderedFleet,
): Pick<Removal, 'fate' | 'reason'> {
  const stays = (reason: string): Pick<Removal, 'fate' | 'reason'> => ({ fate: 'orphaned', reason });
  const now = after?.apps.find((app) => app.name === was.name);
  if (after === undefined) return stays('the cluster leaves the fleet');
  if (textAt(manifest.body, 'metadata', 'annotations', 'muster.dev/prune') === 'false')
    return stays('muster.dev/prune: "false"');
  if (now === undefined && head.apps.includes(was.name) && was.onUnplace === 'orphan')
    return stays('the app is not placed there any more, and onUnplace is "orphan"');
  if (!head.apps.includes(was.name) && was.suspend) return stays('the app was suspended when it left the repository');
  if (!(now ?? was).prune) return stays('the app has prune: false');
  if (head.fleet.guards.protect.includes(manifest.id.kind) && !(now ?? was).unprotect.includes(manifest.id.kind))
    return stays(`${manifest.id.kind} is protected`);
  return { fate: 'deleted', reason: '' };
}

function groupRemovals(changes: readonly ObjectChange[], head: RenderedFleet | undefined): readonly Removal[] {
  if (head === undefined) return [];
  const removed = changes.flatMap((each) => (each.kind === 'removed' ? [each] : []));
  return [...Map.groupBy(removed, ({ app, id, fate, reason }) => JSON.stringify([fate, reason, app, idKey(id)]))]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      const { app, id, fate, reason } = first;
      return [{ app, id, fate, reason, clusters: group.map((each) => each.cluster) }];
    });
}

/** Changes that a reviewer should not miss among many. */
function findRisks(changes: readonly ObjectChange[], all: number): readonly string[] {
  const risky = changes.flatMap((change) => riskOf(change).map((risk) => ({ risk, cluster: change.cluster })));
  return [...Map.groupBy(risky, ({ risk }) => risk)].map(([risk, group]) => {
    const clusters = group.map((each) => each.cluster);
    return `${risk} on ${nameClusters(clusters, all)}`;
  });
}

function riskOf(change: ObjectChange): readonly string[] {
  const what = formatId(change.id);
  if (change.kind === 'removed') {
    const deep = CONTAINER_KINDS.includes(change.id.kind);
    return deep && change.fate === 'deleted' ? [`${what} is deleted with everything in it`] : [];
  }
  if (change.kind === 'added') return [];
  const zero = countOf(change.before) !== 0 && countOf(change.after) === 0;
  const version = change.before.apiVersion !== change.after.apiVersion;
  return [...(zero ? [`${what} goes to 0 replicas`] : []), ...(version ? [`${what} changes its apiVersion`] : [])];
}

/** Custom resources that run something call their count as Kubernetes does. */
function countOf({ body }: Manifest): number | undefined {
  return numberAt(body, 'spec', replicaField(body) ?? 'replicas');
}

function heldApps(changes: readonly ComparedCluster[]): FleetDiff['notCompared'] {
  const all = changes.flatMap(({ name, held }) => [...held].map((app) => ({ app, name })));
  return [...Map.groupBy(all, ({ app }) => app)].map(([app, group]) => ({
    app,
    clusters: group.map((each) => each.name),
  }));
}
