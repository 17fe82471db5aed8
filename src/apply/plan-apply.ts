import type {
  AppPlan,
  ApplyAction,
  ApplyPlan,
  Block,
  DeleteAction,
  Leaving,
  Preview,
  SkippedObject,
  TransferAction,
} from '../model/apply.ts';
import type { Difference, DriftReport, LostField } from '../model/drift.ts';
import type { Fleet } from '../model/fleet.ts';
import type { Manifest, ObjectId } from '../model/manifest.ts';
import type { Inventory, InventoryEntry, Observation } from '../model/observation.ts';
import type { RenderedApp, RenderedCluster } from '../model/render.ts';
import { FIELD_MANAGER } from '../object/applyset.ts';
import { isClean, mayApply } from '../object/clean.ts';
import { formatId, idKey } from '../object/id.ts';
import { isFinished } from '../object/finished-job.ts';
import { seenObject } from '../object/seen-object.ts';
import {
  compareForDeletion,
  type DeletionContext,
  type DeletionVerdict,
  judgeDeletions,
  judgeRecreations,
  keepAll,
  recreationObstacle,
} from './guards.ts';
import { healDelayMs, HEALS_BEFORE_FIGHT } from './heal-delay.ts';
import { emptyInventory, withIntent } from './inventory.ts';
import { assessProgress } from './progress.ts';
import { definedKinds, inSteps, kindRank } from './waves.ts';

/** Everything that the decision depends on. */
export interface PlanInput {
  readonly fleet: Fleet;
  /** Names of all apps in the repository. */
  readonly apps: readonly string[];
  readonly revision: string;
  readonly target: RenderedCluster;
  readonly observation: Observation;
  readonly previews: ReadonlyMap<string, Preview>;
  readonly drift: DriftReport;
  /** By {@link idKey}: when drift was healed, in monotonic milliseconds. */
  readonly heals: ReadonlyMap<string, readonly number[]>;
  readonly nowMs: number;
  /** Apps that are suspended on the clusters where they are placed. */
  readonly suspendedApps: ReadonlySet<string>;
  /** Which clusters an app leaves, by app; an app that is not in it leaves an unknown number. */
  readonly leaving: ReadonlyMap<string, Leaving>;
}

/** Decides everything that a tick writes, before it writes anything. */
export function planApply(input: PlanInput): ApplyPlan {
  const inventories = input.observation.inventories;
  const context: Context = {
    ...input,
    custom: definedKinds(input.target.apps.flatMap((app) => app.manifests)),
    desiredUids: desiredUids(input),
    wanted: input.target.apps.flatMap((app) => app.manifests.map(({ id }) => id)),
    awaitedUids: awaitedUids(input),
    held: input.target.apps.find((app) => app.state === 'held')?.name,
    differences: byKey(input.drift.objects),
    entries: new Map([...inventories].map(([app, inventory]) => [app, byKey(inventory.entries)])),
  };
  const placed = new Set(input.target.apps.map((app) => app.name));
  const leaving = [...inventories.values()].filter((inventory) => !placed.has(inventory.app));
  return {
    apps: [
      ...input.target.apps.map((app) => planApp(app, context)),
      ...leaving.map((inventory) => planLeaving(inventory, context)),
    ],
  };
}

interface Context extends PlanInput {
  /** Kinds that the render defines itself. */
  readonly custom: ReadonlySet<string>;
  readonly desiredUids: ReadonlySet<string>;
  readonly wanted: readonly ObjectId[];
  /** Those of them that the app that wants them has not recorded yet. */
  readonly awaitedUids: ReadonlySet<string>;
  /** An app of which nobody knows what it wants. */
  readonly held: string | undefined;
  readonly differences: ReadonlyMap<string, Difference>;
  /** By app, then by {@link idKey}. */
  readonly entries: ReadonlyMap<string, ReadonlyMap<string, InventoryEntry>>;
}

const NOTHING = { transfers: [], steps: [], recreations: [], deletes: [], kept: [], gone: [] } as const;

/** An app that the cluster should have. */
function planApp(app: RenderedApp, context: Context): AppPlan {
  const known = context.observation.inventories.get(app.name);
  const inventory = known ?? emptyInventory(app.name, context.observation.clusterUid, context.target.cluster.name);
  const decisions = app.manifests.map((manifest) => decide(manifest, app, context));
  const skipped = decisions.flatMap((each) => (each.kind === 'skip' ? [each.skipped] : []));
  const blocked = blockOf(app, inventory, skipped, context);
  const base = {
    app: app.name,
    revision: context.revision,
    settings: { ...settingsOf(app), ...clusterOf(context) },
    ...(known === undefined ? {} : { inventory: known }),
  };
  if (blocked !== undefined) {
    const isNew = blocked.kind === 'suspended' && app.suspend && known !== undefined && known.suspended !== true;
    const note = isNew && !isPaused(context) ? { note: { ...known, suspended: true } } : {};
    return { ...base, ...NOTHING, blocked, skipped, ...note };
  }

  const todo = decisions.filter((each) => each.kind !== 'skip');
  const gate = openWave(app, todo, context);
  const waves = new Map(app.manifests.map((manifest) => [idKey(manifest.id), manifest.policy.wave]));
  const isOpen = ({ id }: Todo): boolean => (waves.get(idKey(id)) ?? 0) <= gate.wave;
  const now = todo.filter(isOpen);
  const later = todo.filter((each) => !isOpen(each)).map((each) => waitFor(each, gate.reason));
  const actions = now.flatMap((each) => (each.kind === 'apply' ? [each.action] : []));
  const transfers = now.flatMap((each) => (each.kind === 'transfer' ? [each.action] : []));
  const recreating = now.flatMap((each) => (each.kind === 'recreate' ? [each.action] : []));
  const recreations = judgeRecreations(recreating, deletionContextOf(app, context));
  // What is done to these objects is only the beginning: the next tick goes on from what it reads.
  const begun = now.filter((each) => each.kind !== 'apply').map((each) => waitFor(each, each.reason));
  const waiting = [...skipped, ...later, ...begun];
  const verdict = judgeLeft(app, inventory, waiting, context);
  const found = skipped.filter(({ id, clean }) => clean !== undefined && !isRecorded(id, app.name, context));
  const written = [...actions.map(({ request }) => request), ...transfers];
  const deletions = [...recreations.deletes, ...verdict.deletes];
  const isWriting = written.length + deletions.length + found.length > 0;
  const { approval = verdict.approval } = recreations;
  return {
    ...base,
    ...(isWriting ? { intent: { ...withIntent(inventory, written, found), ...clusterOf(context) } } : {}),
    ...parts(verdict, context),
    ...(approval === undefined ? {} : { approval }),
    transfers,
    steps: inSteps(actions, (action) => action.request.id, context.custom),
    recreations: recreations.deletes,
    skipped: waiting,
    progress: assessProgress(app, inventory.entries, context.observation, isWriting),
  };
}

function clusterOf({ target, observation }: Context): Pick<Inventory, 'clusterUid' | 'clusterName'> {
  return { clusterUid: observation.clusterUid, clusterName: target.cluster.name };
}

/** What is recorded with an app: it still holds when the app has left the repository. */
function settingsOf({
  prune,
  onUnplace,
  unprotect = [],
}: Pick<Inventory, 'prune' | 'onUnplace' | 'unprotect'>): Pick<Inventory, 'prune' | 'onUnplace' | 'unprotect'> {
  return { prune, onUnplace, ...(unprotect.length === 0 ? {} : { unprotect: unprotect.toSorted() }) };
}

/** An app of which the cluster still has objects, and which it should not have any more. */
function planLeaving(inventory: Inventory, context: Context): AppPlan {
  const { app } = inventory;
  const blocked = safetyBlock(inventory) ?? suspension(context.suspendedApps.has(app), context);
  const base = {
    app,
    revision: context.revision,
    inventory,
    settings: { ...settingsOf(inventory), ...clusterOf(context) },
    skipped: [],
  };
  if (blocked !== undefined) return { ...base, ...NOTHING, blocked };
  const verdict = judgeLeaving(inventory, context);
  return {
    ...base,
    ...(verdict.deletes.length === 0 ? {} : { intent: inventory }),
    ...parts(verdict, context),
    transfers: [],
    steps: [],
    recreations: [],
  };
}

function isRecorded(id: ObjectId, app: string, { entries }: Context): boolean {
  return entries.get(app)?.has(idKey(id)) === true;
}

/** What is done to one manifest: an action, or a reason for none. */
type Decision = Todo | { readonly kind: 'skip'; readonly skipped: SkippedObject };

/** `lost`: what is left to other controllers, whatever is done. `reason`: what happens, where it is not the whole. */
type Todo = { readonly id: ObjectId; readonly lost: readonly LostField[] } & (
  | { readonly kind: 'apply'; readonly action: ApplyAction }
  | { readonly kind: 'transfer'; readonly action: TransferAction; readonly reason: string }
  | { readonly kind: 'recreate'; readonly action: DeleteAction; readonly reason: string }
);

function decide(manifest: Manifest, app: RenderedApp, context: Context): Decision {
  const { id } = manifest;
  const skip = (skipped: SkippedObject): Decision => ({ kind: 'skip', skipped });
  const preview = context.previews.get(idKey(id));
  if (preview === undefined) return skip(unpreviewed(manifest, app, context));
  if (preview.state !== 'accepted' && preview.state !== 'unasked' && preview.state !== 'recreate') {
    return skip({ id, outcome: preview.state, reason: preview.reason, lost: [] });
  }
  const lost = preview.state === 'recreate' ? [] : preview.lost;
  const difference = context.differences.get(idKey(id));
  if (difference === undefined) {
    const clean = preview.state === 'accepted' ? { clean: { desiredHash: manifest.hash, live: preview.after } } : {};
    return skip({ id, outcome: 'unchanged', reason: '', lost, ...clean });
  }
  const pause = difference.cause === 'drift' ? healingPause(app, difference, context) : undefined;
  if (pause !== undefined) return skip({ id, outcome: 'drifted', lost, ...pause });
  if (preview.state === 'recreate') return decideRecreation(manifest, preview, app, context);
  if (preview.transfer !== undefined) {
    const { transfer } = preview;
    return { kind: 'transfer', id, lost, action: transfer, reason: transfer.reason };
  }
  const before = preview.before === undefined ? {} : { before: preview.before };
  return { kind: 'apply', id, lost, action: { request: preview.request, desiredHash: manifest.hash, ...before, lost } };
}

/** Deleted first, as far as that is proven: the rest is what every tick does with an object that is not there. */
function decideRecreation(
  { id }: Manifest,
  { request, before, reason }: Extract<Preview, { readonly state: 'recreate' }>,
  app: RenderedApp,
  context: Context,
): Decision {
  const entry = context.entries.get(app.name)?.get(idKey(id));
  const obstacle = recreationObstacle(entry, before, deletionContextOf(app, context));
  if (obstacle !== undefined) {
    const text = `${reason}. It is not deleted to be made anew: ${obstacle}`;
    return { kind: 'skip', skipped: { id, outcome: 'refused', reason: text, lost: [] } };
  }
  const { uid, resourceVersion } = before;
  const action = { served: request.served, id, uid, resourceVersion };
  return { kind: 'recreate', id, lost: [], action, reason: `it is deleted and made anew: ${reason}` };
}

/** Not previewed: clean, finished, or an annotation says to leave it. */
function unpreviewed(manifest: Manifest, app: RenderedApp, context: Context): SkippedObject {
  const { id, policy } = manifest;
  const live = context.observation.objects.get(idKey(id));
  const entry = context.entries.get(app.name)?.get(idKey(id));
  if (isFinished(manifest, entry, context.observation))
    return { id, outcome: 'unchanged', reason: 'it ran, and its TTL removed it', lost: NOTHING_LOST };
  if (isClean(manifest, entry, live)) return { id, outcome: 'unchanged', reason: '', lost: NOTHING_LOST };
  return { id, outcome: 'skipped', reason: `muster.dev/apply: ${policy.apply}`, lost: [] };
}

/** One for all: most objects have this at each tick. */
const NOTHING_LOST: readonly LostField[] = [];

function healingPause(
  app: RenderedApp,
  difference: Difference,
  { heals, nowMs }: Context,
): Pick<SkippedObject, 'reason' | 'healInMs'> | undefined {
  if (app.drift === 'report') return { reason: 'drift is reported, not healed' };
  const times = heals.get(idKey(difference.id)) ?? [];
  const healInMs = healDelayMs(times, nowMs);
  return healInMs > 0 ? { reason: pauseReason(difference, times.length), healInMs } : undefined;
}

/** A pause that nobody caused on purpose is over in a minute; a fight goes on until somebody ends it, so it names both. */
function pauseReason({ fields: [field] }: Difference, heals: number): string {
  if (heals < HEALS_BEFORE_FIGHT) {
    return `it was healed ${heals === 1 ? 'once' : `${heals} times in a row`} and changed again; healing waits`;
  }
  const other = field?.manager === undefined ? 'somebody' : `"${field.manager}"`;
  const what = field === undefined ? 'deletes it' : `changes ${field.path}`;
  return `a fight: ${other} ${what} whenever "${FIELD_MANAGER}" puts it right, ${heals} times in a row; healing waits`;
}

/** Why nothing of an app may be written now: what is unsafe first, then what is wrong, then what is asked for. */
function blockOf(
  app: RenderedApp,
  inventory: Inventory,
  skipped: readonly SkippedObject[],
  context: Context,
): Block | undefined {
  const refused = skipped.find((each) => each.outcome === 'refused');
  return (
    safetyBlock(inventory) ??
    (app.state === 'held' ? { kind: 'held', reason: heldReason(app) } : undefined) ??
    suspension(app.suspend, context) ??
    (refused === undefined ? undefined : { kind: 'refused', reason: `${formatId(refused.id)}: ${refused.reason}` }) ??
    dependencyBlock(app, context)
  );
}

function heldReason({ diagnostics }: RenderedApp): string {
  const [first] = diagnostics;
  if (first === undefined) return 'it could not be rendered';
  const { file, line, column } = first.origin;
  return `${file}:${line}:${column}: ${first.code}: ${first.message}`;
}

/** What we own there cannot be read. */
function safetyBlock({ unreadable }: Inventory): Block | undefined {
  return unreadable === undefined ? undefined : { kind: 'unsafe', reason: unreadable };
}

function isPaused({ fleet, target }: Context): boolean {
  return fleet.suspend || target.cluster.suspend;
}

function suspension(isAppSuspended: boolean, { fleet, target }: Context): Block | undefined {
  const what = fleet.suspend ? 'fleet' : target.cluster.suspend ? 'cluster' : isAppSuspended ? 'app' : undefined;
  return what === undefined ? undefined : { kind: 'suspended', reason: `the ${what} is suspended` };
}

function dependencyBlock(app: RenderedApp, context: Context): Block | undefined {
  for (const name of app.dependsOn) {
    const other = context.target.apps.find((each) => each.name === name);
    const behind = other?.manifests.find((manifest) => !isCurrent(manifest, name, context));
    if (other === undefined)
      return { kind: 'waiting', reason: `waiting for app "${name}", which no placement puts on this cluster` };
    if (other.state === 'held') return { kind: 'waiting', reason: `waiting for app "${name}", which is held back` };
    if (behind !== undefined)
      return { kind: 'waiting', reason: `waiting for app "${name}": ${formatId(behind.id)} is not Current` };
  }
  return undefined;
}

/** Applied as it is now, and Current. What an annotation keeps from being applied is only to be Current, if to be there. */
function isCurrent(manifest: Manifest, app: string, context: Context): boolean {
  const { observation, entries, previews, differences } = context;
  const key = idKey(manifest.id);
  const live = seenObject(manifest.id, observation, previews);
  const entry = entries.get(app)?.get(key);
  if (manifest.policy.apply === 'ignore' || isFinished(manifest, entry, observation)) return true;
  const same = previews.get(key)?.state === 'accepted' && !differences.has(key);
  const isApplied = same || !mayApply(manifest, live) || isClean(manifest, entry, live);
  return isApplied && live?.health.state === 'Current';
}

interface Gate {
  /** The highest wave that may be acted on. */
  readonly wave: number;
  /** What later waves wait for. */
  readonly reason: string;
}

/** The first wave that has something left to do or to wait for; all later ones wait (level-triggered: no memory). */
function openWave(app: RenderedApp, todo: readonly Todo[], context: Context): Gate {
  const { observation, previews } = context;
  const entries = context.entries.get(app.name);
  const acting = new Set(todo.map(({ id }) => idKey(id)));
  const waves = [...new Set(app.manifests.map((manifest) => manifest.policy.wave))].sort((a, b) => a - b);
  for (const wave of waves.slice(0, -1)) {
    const behind = app.manifests.find((manifest) => {
      const { id, policy } = manifest;
      const isThere =
        seenObject(id, observation, previews)?.health.state === 'Current' ||
        isFinished(manifest, entries?.get(idKey(id)), observation);
      const done = !acting.has(idKey(id)) && isThere;
      return policy.wave === wave && policy.apply !== 'ignore' && !done;
    });
    if (behind !== undefined) return { wave, reason: `waiting for wave ${wave}: ${formatId(behind.id)}` };
  }
  return { wave: Number.POSITIVE_INFINITY, reason: '' };
}

function waitFor({ id, lost }: Todo, reason: string): SkippedObject {
  return { id, outcome: 'waiting', reason, lost };
}

/** Objects of an app that left the repository while the app stayed. */
function judgeLeft(
  app: RenderedApp,
  inventory: Inventory,
  skipped: readonly SkippedObject[],
  context: Context,
): DeletionVerdict {
  const wanted = new Set(app.manifests.map((manifest) => idKey(manifest.id)));
  const left = inventory.entries.filter((entry) => !wanted.has(idKey(entry.id)));
  // Hands off means also later: without an entry it stays when its manifest leaves the repository.
  const ignored = new Set(app.manifests.filter(({ policy }) => policy.apply === 'ignore').map(({ id }) => idKey(id)));
  const released = keepAll(
    inventory.entries.filter((entry) => ignored.has(idKey(entry.id))),
    'muster.dev/apply: ignore',
    'released',
  ).kept;
  const verdict = judgeSettled(left, context, (settled) => {
    if (!app.prune) return keepAll(settled, 'the app has prune: false', 'released');
    const behind = skipped.find((each) => each.outcome === 'waiting' || each.outcome === 'unknown');
    if (behind !== undefined)
      return keepAll(
        settled,
        `nothing is deleted before everything is applied: ${formatId(behind.id)} is not`,
        'waiting',
      );
    return judgeDeletions(settled, inventory, deletionContextOf(app, context));
  });
  return { ...verdict, kept: [...verdict.kept, ...released] };
}

/** All objects of an app that left the cluster, or the repository. */
function judgeLeaving(inventory: Inventory, context: Context): DeletionVerdict {
  const { app } = inventory;
  const unplaced = context.apps.includes(app);
  const wasSuspended = !unplaced && inventory.suspended === true;
  return judgeSettled(inventory.entries, context, (settled) => {
    if (unplaced && inventory.onUnplace === 'orphan') {
      return keepAll(settled, 'no placement selects this cluster any more, and onUnplace is "orphan"', 'released');
    }
    if (wasSuspended) return keepAll(settled, 'its app was suspended when it left the repository', 'released');
    if (!unplaced && !inventory.prune)
      return keepAll(settled, 'its app left the repository, and had prune: false', 'released');
    return judgeDeletions(settled, inventory, {
      ...deletionContext(app, context),
      unprotect: inventory.unprotect ?? [],
      hasLeft: !unplaced,
      ...(unplaced ? { leaving: context.leaving.get(app) ?? 'unknown' } : {}),
    });
  });
}

/**
 * Judges what is known to have left. What may only have moved is neither deleted nor let go of: an object that another app
 * wants and has not taken over yet, and everything while an app cannot be rendered, because nobody knows what that wants.
 */
function judgeSettled(
  entries: readonly InventoryEntry[],
  context: Context,
  judge: (settled: readonly InventoryEntry[]) => DeletionVerdict,
): DeletionVerdict {
  if (entries.length === 0) return judge([]);
  const { observation, awaitedUids, held } = context;
  const uidOf = (entry: InventoryEntry): string | undefined => observation.objects.get(idKey(entry.id))?.uid;
  const awaited = entries.filter((entry) => awaitedUids.has(uidOf(entry) ?? ''));
  const doubtful = entries.filter(
    (entry) => held !== undefined && !awaited.includes(entry) && uidOf(entry) !== undefined,
  );
  const verdict = judge(entries.filter((entry) => !awaited.includes(entry) && !doubtful.includes(entry)));
  const waiting = [
    ...keepAll(
      awaited,
      'the repository wants it under another name, kind or app, which has not taken it yet',
      'waiting',
    ).kept,
    ...keepAll(doubtful, `nothing is deleted while app "${held}" cannot be rendered: it may want it`, 'waiting').kept,
  ];
  return { ...verdict, kept: [...waiting, ...verdict.kept] };
}

function deletionContextOf(app: RenderedApp, context: Context): DeletionContext {
  return { ...deletionContext(app.name, context), unprotect: app.unprotect };
}

function deletionContext(app: string, { fleet, target, observation, desiredUids, wanted }: Context) {
  const { guards, approvals } = fleet;
  return { fleet: fleet.name, cluster: target.cluster.name, app, guards, approvals, observation, desiredUids, wanted };
}

function parts(verdict: DeletionVerdict, { custom }: Context): Pick<AppPlan, 'deletes' | 'kept' | 'gone' | 'approval'> {
  const rank = (id: ObjectId): number => kindRank(id, custom);
  return { ...verdict, deletes: verdict.deletes.toSorted((a, b) => compareForDeletion(a.id, b.id, rank)) };
}

/** Of everything that the repository wants here: an object that only changed its name, group or app is not deleted. */
function desiredUids(input: PlanInput): ReadonlySet<string> {
  return new Set(input.target.apps.flatMap((app) => app.manifests.flatMap((manifest) => uidsOf(manifest, input))));
}

/** Those that will be in the inventory of the app that wants them, and are not. */
function awaitedUids(input: PlanInput): ReadonlySet<string> {
  return new Set(
    input.target.apps.flatMap((app) => {
      const recorded = new Map(
        input.observation.inventories.get(app.name)?.entries.map((entry) => [idKey(entry.id), entry.uid]),
      );
      return app.manifests
        .filter((manifest) => manifest.policy.apply === 'always')
        .flatMap((manifest) => uidsOf(manifest, input).filter((uid) => recorded.get(idKey(manifest.id)) !== uid));
    }),
  );
}

/** Of the object that a manifest is about: as it was listed, and as it was looked at. */
function uidsOf({ id }: Manifest, { observation, previews }: PlanInput): readonly string[] {
  const preview = previews.get(idKey(id));
  const before = preview !== undefined && 'before' in preview ? preview.before : undefined;
  const lives = [observation.objects.get(idKey(id)), before];
  return lives.flatMap((live) => live?.uid ?? []);
}

function byKey<Item extends { readonly id: ObjectId }>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [idKey(item.id), item]));
}
