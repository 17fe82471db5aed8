import { createHash } from 'node:crypto';
import type { DeleteAction, KeptObject, Leaving, PendingApproval } from '../model/apply.ts';
import type { Guards } from '../model/fleet.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { Inventory, InventoryEntry, LiveObject, Observation } from '../model/observation.ts';
import { applySetId } from '../object/applyset.ts';
import { compareIds, compareText, formatId, groupKindKey, idKey } from '../object/id.ts';
import { keepFullContainers } from './contents.ts';

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
  /** Everything that the repository wants on this cluster, of all apps. */
  readonly wanted: readonly ObjectId[];
  /** The app is not in the repository any more. */
  readonly hasLeft?: boolean;
  /** Set when the app leaves the cluster: which clusters it leaves in all. Who looks at one alone does not know. */
  readonly leaving?: Leaving | 'unknown';
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
  const proven: DeleteAction[] = [];
  const unproven: KeptObject[] = [];
  const gone: ObjectId[] = [];
  for (const entry of entries) {
    const verdict = judge(entry, context);
    if (verdict === 'gone') gone.push(entry.id);
    else if ('reason' in verdict) unproven.push(verdict);
    else proven.push(verdict);
  }
  const { deletes, kept } = keepFullContainers(proven, unproven, context);
  // What cannot be judged now is deleted later: without it, a list over the budget would pass in parts that are not.
  const unread = entries.filter((entry) => unreadReason(entry, context) !== undefined).length;
  const reason = overBudget(deletes.length + unread, inventory.entries.length, context);
  const asked = reason === undefined ? deletes.filter((each) => asksFirst(each, context)) : deletes;
  const approval = pendingApproval(asked, reason, context);
  if (approval === undefined) return { deletes, kept, gone };
  const waiting = asked.map(({ id }) => keep(id, `waits for approval of ${approval.digest}`));
  const rest = deletes.filter((each) => !asked.includes(each));
  return { ...keepFullContainers(rest, [...kept, ...waiting], context), gone, approval };
}

/**
 * Which objects may be deleted now to be made anew, for a change that the API server allows only to a new object. They do
 * not leave the repository, so no budget counts them; all other proofs are the same, and `muster.dev/confirm-delete` holds.
 */
export function judgeRecreations(
  deletes: readonly DeleteAction[],
  context: DeletionContext,
): { readonly deletes: readonly DeleteAction[]; readonly approval?: PendingApproval } {
  const asked = deletes.filter((each) => asksFirst(each, context));
  const approval = pendingApproval(asked, undefined, context);
  return approval === undefined ? { deletes } : { deletes: deletes.filter((each) => !asked.includes(each)), approval };
}

/** Why an object must not be deleted to be made anew; `undefined`: it may. */
export function recreationObstacle(
  entry: InventoryEntry | undefined,
  live: LiveObject,
  context: DeletionContext,
): string | undefined {
  if (entry === undefined) return 'it was there before Muster and is not ours yet';
  if (entry.uid !== '' && entry.uid !== live.uid) return 'another object of the same name took its place';
  return ownershipObstacle(live, context)?.reason ?? protection(live.id, context)?.reason;
}

/** What waits for people; `undefined`: nothing, or somebody approved exactly this list. */
function pendingApproval(
  asked: readonly DeleteAction[],
  reason: string | undefined,
  context: DeletionContext,
): PendingApproval | undefined {
  const [first] = asked;
  if (first === undefined) return undefined;
  const digest = deletionDigest(context, asked);
  if (context.approvals.includes(digest)) return undefined;
  const more = asked.length === 1 ? '' : ` and ${asked.length - 1} more`;
  const wish = `${formatId(first.id)}${more} must be confirmed before deletion (muster.dev/confirm-delete)`;
  return { digest, objects: asked.map(({ id }) => id), reason: reason ?? wish };
}

function asksFirst({ id }: DeleteAction, { observation }: DeletionContext): boolean {
  return observation.objects.get(idKey(id))?.prunePolicy.confirm === true;
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
  const unread = unreadReason(entry, context);
  if (unread !== undefined) return keep(id, unread);
  // Without its kind, its definition is gone, and its objects with it.
  if (kind?.state !== 'listed' || live === undefined) return 'gone';
  const reason = keepReason(entry, live, context);
  if (reason !== undefined) return reason;
  return { served: kind.served, id, uid: live.uid, resourceVersion: live.resourceVersion };
}

/** Why nobody knows whether it is there; `undefined`: it is known. */
function unreadReason({ id }: InventoryEntry, { observation }: DeletionContext): string | undefined {
  const kind = observation.kinds.get(groupKindKey(id));
  const reason = observation.unread?.get(idKey(id));
  if (reason !== undefined) return `it could not be read: ${reason}`;
  if (kind?.state === 'absent' || kind?.state === 'listed') return undefined;
  return `its kind could not be read: ${kind?.reason ?? 'not looked at'}`;
}

function keepReason(entry: InventoryEntry, live: LiveObject, context: DeletionContext): KeptObject | undefined {
  const { id } = entry;
  const labelled = live.partOf === applySetId(context.fleet, context.app);
  if (context.desiredUids.has(live.uid)) return release(id, 'the repository wants it under another name, kind or app');
  if (entry.uid !== '' && entry.uid !== live.uid) return release(id, 'another object of the same name took its place');
  if (entry.uid === '' && !labelled) return release(id, 'it was there before Muster and never became ours');
  if (live.prunePolicy.keep) return release(id, 'muster.dev/prune: "false"');
  if (live.terminating) return keep(id, 'its deletion is under way');
  return ownershipObstacle(live, context) ?? protection(id, context);
}

/** It must be ours, and nobody else's: what carries neither our label nor an owner is somebody's by now. */
function ownershipObstacle(live: LiveObject, { fleet, app }: DeletionContext): KeptObject | undefined {
  if (live.partOf !== applySetId(fleet, app)) return keep(live.id, 'its ownership label was changed by hand');
  return live.owners.length > 0 ? keep(live.id, `it is owned by ${live.owners.join(', ')}`) : undefined;
}

/** Kinds and objects whose loss takes more with it than a manifest brings back. */
function protection(id: ObjectId, context: DeletionContext): KeptObject | undefined {
  if (id.group === '' && id.kind === 'Namespace' && SYSTEM_NAMESPACES.includes(id.name))
    return protect(id, 'the cluster cannot do without it');
  if (context.guards.protect.includes(id.kind) && !context.unprotect.includes(id.kind))
    return protect(
      id,
      `${id.kind} is protected. List the kind in spec.unprotect of the app${context.hasLeft === true ? ', which has to come back for that,' : ''} to let it be deleted`,
    );
  return undefined;
}

function overBudget(count: number, total: number, { guards, leaving }: DeletionContext): string | undefined {
  const tooMany = leaving === undefined ? undefined : leavesTooMany(leaving, guards.maxLeaveClusters);
  if (tooMany !== undefined) return tooMany;
  const budget = Math.max(guards.maxDelete, Math.floor((total * guards.maxDeletePercent) / 100));
  return count > budget
    ? `${count} of ${total} objects would be deleted, and ${budget} may be without approval`
    : undefined;
}

function leavesTooMany(leaving: Leaving | 'unknown', limit: number): string | undefined {
  if (leaving === 'unknown') return 'nobody counted how many clusters the app leaves';
  const { clusters, unread } = leaving;
  if (clusters.length > limit)
    return `the app leaves ${clusters.length} clusters, and ${limit} may be left without approval`;
  return clusters.length + unread.length > limit
    ? `nobody knows yet how many clusters the app leaves: ${unread[0]} was not read`
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
