import type { AppPlan, AppResult, ApplyRequest, SkippedObject } from '../model/apply.ts';
import type { Inventory, InventoryEntry } from '../model/observation.ts';
import { idKey } from '../object/id.ts';
import { isOnItsWay } from './progress.ts';

/** The inventory of an app that has none yet on a cluster. */
export function emptyInventory(app: string, clusterUid: string, clusterName: string): Inventory {
  const base = { app, revision: '', clusterUid, clusterName, entries: [], resourceVersion: '' };
  return { ...base, prune: true, onUnplace: 'orphan' };
}

/**
 * The inventory before the first write: old ∪ new. A process that dies in the middle leaves a record of everything it
 * may have made. `found` are objects that are ours and as they should be, and that no record knows: somebody deleted it.
 */
export function withIntent(
  inventory: Inventory,
  actions: readonly Pick<ApplyRequest, 'served' | 'id'>[],
  found: readonly SkippedObject[] = [],
): Inventory {
  const known = new Set(inventory.entries.map((entry) => idKey(entry.id)));
  const added = [...actions.map(intendedEntry), ...found.flatMap(foundEntry)];
  return { ...inventory, entries: [...inventory.entries, ...added.filter((entry) => !known.has(idKey(entry.id)))] };
}

/**
 * The inventory after the write phase: what is left, including what was not confirmed deleted. Objects that were
 * written or found as they should be get their clean hashes. `undefined`: there is nothing to record.
 */
export function settleInventory(plan: AppPlan, result: AppResult): Inventory | undefined {
  const start = plan.intent ?? plan.inventory;
  if (start === undefined) return undefined;
  const clean = new Map<string, CleanState>();
  for (const { id, clean: state, lost } of plan.skipped) {
    if (state !== undefined) clean.set(idKey(id), { ...state, lost, isWritten: false });
  }
  const applied = new Map(plan.steps.flat().map((each) => [idKey(each.request.id), each]));
  const left = new Set(
    [...plan.gone, ...plan.kept.filter((each) => each.state === 'released').map((each) => each.id)].map(idKey),
  );
  // What is made anew stays ours meanwhile: what comes next is a heal or an apply, and no discovery.
  const recreated = new Set(plan.recreations.map((each) => idKey(each.id)));
  for (const each of result.objects) {
    const action = applied.get(idKey(each.id));
    if (each.outcome === 'deleted' && !recreated.has(idKey(each.id))) left.add(idKey(each.id));
    else if (each.live !== undefined && action !== undefined)
      clean.set(idKey(each.id), {
        desiredHash: action.desiredHash,
        live: each.live,
        lost: action.lost,
        isWritten: true,
      });
  }
  const { arrived = [], failed = [] } = plan.progress ?? {};
  const marks = { arrived: new Set(arrived.map(idKey)), failed: new Set(failed.map(idKey)) };
  const entries = start.entries
    .filter((entry) => !left.has(idKey(entry.id)))
    .map((entry) => withProgress(entry, clean.get(idKey(entry.id)), recreated.has(idKey(entry.id)), marks, plan))
    .map((entry) => cleanEntry(entry, clean.get(idKey(entry.id))));
  const { suspended: _wentOn, unprotect: _asItWas, ...record } = start;
  return { ...record, ...plan.settings, revision: plan.revision, entries };
}

/** Whether the record would say something else than it does. */
export function sameInventory(a: Inventory, b: Inventory): boolean {
  return (
    a.prune === b.prune &&
    a.onUnplace === b.onUnplace &&
    a.suspended === b.suspended &&
    (a.unprotect ?? []).join() === (b.unprotect ?? []).join() &&
    a.clusterUid === b.clusterUid &&
    a.clusterName === b.clusterName &&
    a.entries.length === b.entries.length &&
    a.entries.every((entry, index) => sameEntry(entry, b.entries[index]))
  );
}

function intendedEntry({ served, id }: Pick<ApplyRequest, 'served' | 'id'>): InventoryEntry {
  const apiVersion = served.group === '' ? served.version : `${served.group}/${served.version}`;
  return { id, apiVersion, uid: '', desiredHash: '', ownedHash: '' };
}

function foundEntry({ id, clean }: SkippedObject): readonly InventoryEntry[] {
  if (clean === undefined) return [];
  return [{ id, apiVersion: clean.live.apiVersion, uid: '', desiredHash: '', ownedHash: '' }];
}

type CleanState = NonNullable<SkippedObject['clean']> & Pick<SkippedObject, 'lost'> & { readonly isWritten: boolean };

/**
 * While a field is left to another controller its object is never clean: when that controller gives the field up, no field
 * of ours changes, and nobody would look.
 */
function cleanEntry(entry: InventoryEntry, clean: CleanState | undefined): InventoryEntry {
  if (clean === undefined) return entry;
  const { desiredHash, live, lost } = clean;
  const ownedHash = lost.length === 0 ? live.ownedHash : '';
  return { ...entry, apiVersion: live.apiVersion, uid: live.uid, desiredHash, ownedHash };
}

/** `settled`: what was written or found clean. The time of a version that is on its way already goes on. */
function withProgress(
  entry: InventoryEntry,
  settled: CleanState | undefined,
  isRecreated: boolean,
  marks: Readonly<Record<'arrived' | 'failed', ReadonlySet<string>>>,
  { progress, inventory, revision }: AppPlan,
): InventoryEntry {
  if (progress === undefined) return entry;
  const { since, failed, ...rest } = entry;
  const isSame = inventory?.revision === revision || entry.desiredHash === settled?.desiredHash;
  const began = (isSame && failed !== true ? since : undefined) ?? progress.at;
  // Whatever comes is a new object: nobody may take it for the one that was there.
  if (isRecreated) return { ...rest, desiredHash: '', since: began };
  if (settled !== undefined && (settled.isWritten || entry.desiredHash !== settled.desiredHash)) {
    return isOnItsWay(settled.live.health) ? { ...rest, since: began } : rest;
  }
  const left = since === undefined || marks.arrived.has(idKey(entry.id)) ? rest : { ...rest, since };
  return failed === true || marks.failed.has(idKey(entry.id)) ? { ...left, failed: true } : left;
}

function sameEntry(a: InventoryEntry, b: InventoryEntry | undefined): boolean {
  return (
    b !== undefined &&
    idKey(a.id) === idKey(b.id) &&
    a.apiVersion === b.apiVersion &&
    a.uid === b.uid &&
    a.desiredHash === b.desiredHash &&
    a.ownedHash === b.ownedHash &&
    a.since === b.since &&
    a.failed === b.failed
  );
}
