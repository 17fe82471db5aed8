import { createHash } from 'node:crypto';
import type { DeleteAction, KeptObject, PendingApproval } from '../model/apply.ts';
import type { Guards } from '../model/fleet.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { Inventory, InventoryEntry, LiveObject, Observation } from '../model/observation.ts';
import { applySetId } from '../object/applyset.ts';
import { compareIds, compareText, groupKindKey, idKey } from '../object/id.ts';

/** Namespaces that the cluster cannot do without. Their contents are not concerned. */
const SYSTEM_NAMESPACES = ['kube-system', 'default', 'kube-public', 'kube-node-lease'];

/** What a decision about deletions needs to know, besides the objects themselves. */
export interface DeletionContext {
  readonly fleet: string;
  readonly cluster: string;
  readonly app: string;
  readonly guards: Guards;
  readonly approvals: readonly string[];
  /** Kinds that the app frees from protection. */
  readonly unprotect: readonly string[];
  readonly observation: Observation;
  /** UIDs of objects that the repository wants on this cluster, under any name, group or app. */
  readonly desiredUids: ReadonlySet<string>;
  /** Set when the app leaves the cluster: how many clusters it leaves in all, those not seen included. */
  readonly leaving?: number;
}

/** What becomes of the objects that left the repository. Each is in exactly one of the lists, or gone already. */
export interface DeletionVerdict {
  readonly deletes: readonly DeleteAction[];
  readonly kept: readonly KeptObject[];
  readonly gone: readonly ObjectId[];
  readonly approval?: PendingApproval;
}

/**
 * Proves each deletion or says which proof is missing (design 4, "Delete only with proof"). The proofs about the whole
 * app (it rendered, everything else was applied) are the caller's and the executor's.
 */
export function judgeDeletions(
  entries: readonly InventoryEntry[],
  inventory: Inventory,
  context: DeletionContext,
): DeletionVerdict {
  const deletes: DeleteAction[] = [];
  const kept: KeptObject[] = [];
  const gone: ObjectId[] = [];
  for (const entry of entries) {
    const verdict = judge(entry, context);
    if (verdict === 'gone') gone.push(entry.id);
    else if ('reason' in verdict) kept.push(verdict);
    else deletes.push(verdict);
  }
  const reason = overBudget(deletes.length, inventory.entries.length, context);
  if (deletes.length === 0 || reason === undefined) return { deletes, kept, gone };
  const digest = deletionDigest(context, deletes);
  if (context.approvals.includes(digest)) return { deletes, kept, gone };
  const waiting = deletes.map(({ id }) => ({
    id,
    reason: `waits for approval of ${digest}`,
    state: 'waiting' as const,
  }));
  return {
    deletes: [],
    kept: [...kept, ...waiting],
    gone,
    approval: { digest, objects: deletes.map(({ id }) => id), reason },
  };
}

/** Names exactly this list on this cluster: an approval of it approves nothing else. */
export function deletionDigest(context: DeletionContext, deletes: readonly DeleteAction[]): string {
  const lines = deletes.map(({ id, uid }) => `${context.cluster}\n${context.app}\n${idKey(id)}\n${uid}\n`);
  return `sha256:${createHash('sha256').update(lines.toSorted(compareText).join('')).digest('hex').slice(0, 32)}`;
}

function judge(entry: InventoryEntry, context: DeletionContext): DeleteAction | KeptObject | 'gone' {
  const { id } = entry;
  const kind = context.observation.kinds.get(groupKindKey(id));
  const live = context.observation.objects.get(idKey(id));
  if (kind?.state === 'absent') return 'gone'; // Its definition is gone, and its objects with it.
  if (kind?.state !== 'listed') return keep(id, `its kind could not be read: ${kind?.reason ?? 'not looked at'}`);
  if (live === undefined) return 'gone';
  const reason = keepReason(entry, live, context);
  if (reason !== undefined) return reason;
  return { served: kind.served, id, uid: live.uid, resourceVersion: live.resourceVersion };
}

function keepReason(entry: InventoryEntry, live: LiveObject, context: DeletionContext): KeptObject | undefined {
  const { id } = entry;
  const labelled = live.partOf === applySetId(context.fleet, context.app);
  if (context.desiredUids.has(live.uid)) return release(id, 'the repository wants it under another name, kind or app');
  if (entry.uid !== '' && entry.uid !== live.uid) return release(id, 'another object of the same name took its place');
  if (entry.uid === '' && !labelled) return release(id, 'it was there before Muster and never became ours');
  if (live.prunePolicy.keep) return release(id, 'muster.dev/prune: "false"');
  if (live.terminating) return keep(id, 'its deletion is under way');
  if (!labelled) return keep(id, 'its ownership label was changed by hand');
  if (live.owners.length > 0) return keep(id, `it is owned by ${live.owners.join(', ')}`);
  if (id.group === '' && id.kind === 'Namespace' && SYSTEM_NAMESPACES.includes(id.name))
    return protect(id, 'the cluster cannot do without it');
  if (context.guards.protect.includes(id.kind) && !context.unprotect.includes(id.kind))
    return protect(id, `${id.kind} is protected. List the kind in spec.unprotect of the app to let it be deleted`);
  return undefined;
}

function overBudget(count: number, total: number, { guards, leaving }: DeletionContext): string | undefined {
  if (leaving !== undefined && leaving > guards.maxLeaveClusters) {
    return `the app leaves ${leaving} clusters, and ${guards.maxLeaveClusters} may be left without approval`;
  }
  const budget = Math.max(guards.maxDelete, Math.floor((total * guards.maxDeletePercent) / 100));
  return count > budget
    ? `${count} of ${total} objects would be deleted, and ${budget} may be without approval`
    : undefined;
}

/** Objects that stay, all for the same reason. */
export function keepAll(
  entries: readonly InventoryEntry[],
  reason: string,
  state: KeptObject['state'],
): DeletionVerdict {
  return { deletes: [], kept: entries.map(({ id }) => ({ id, reason, state })), gone: [] };
}

function keep(id: ObjectId, reason: string): KeptObject {
  return { id, reason, state: 'waiting' };
}

function protect(id: ObjectId, reason: string): KeptObject {
  return { id, reason, state: 'protected' };
}

function release(id: ObjectId, reason: string): KeptObject {
  return { id, reason, state: 'released' };
}

/** Reverse order of applying: what refers to others goes before what it refers to. */
export function compareForDeletion(a: ObjectId, b: ObjectId, rank: (id: ObjectId) => number): number {
  return rank(b) - rank(a) || compareIds(b, a);
}
