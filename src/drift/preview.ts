import { mapLimited } from '../concurrency.ts';
import type { ApplyRequest, Preview, TransferAction } from '../model/apply.ts';
import { invariant, PortError } from '../model/errors.ts';
import type { GroupKind, Manifest, ObjectId } from '../model/manifest.ts';
import type { KindState, LiveObject, Observation, ServedKind } from '../model/observation.ts';
import type { ApplyAnswer, ClusterReader, Refusal } from '../model/ports.ts';
import type { RenderedApp, RenderedCluster } from '../model/render.ts';
import type { RememberedPreview } from '../model/tick.ts';
import { applySetId, FIELD_MANAGER, PART_OF_LABEL } from '../object/applyset.ts';
import { type ComposedBody, composeBody, type FieldPolicy } from '../object/compose-body.ts';
import { isClean, mayApply } from '../object/clean.ts';
import { kindDefinedBy } from '../object/defined-kind.ts';
import { isFinished } from '../object/finished-job.ts';
import { formatId, groupKindKey, groupOf, idKey, versionOf } from '../object/id.ts';
import { hashJson, listAt, mapAt } from '../object/json.ts';
import { describeRefusal } from '../object/describe-refusal.ts';
import { managedEntries, ownedHash } from '../object/managed-fields.ts';
import { afterTransfer } from '../object/transfer-fields.ts';
import { isOfPart } from './is-of-part.ts';

/** Requests under way at once: 4–16 saturate an API server on two cores (design 6). */
const PARALLEL = 8;

/** An answer is asked for again after this long even when nothing changed: quotas and webhooks change unseen. */
const REMEMBER_MS = 60_000;

/** What the read phase knows of one cluster, and what it may use to ask. */
export interface PreviewContext {
  readonly fleet: string;
  readonly target: RenderedCluster;
  readonly observation: Observation;
  readonly policy: FieldPolicy;
  readonly remembered: ReadonlyMap<string, RememberedPreview>;
  readonly nowMs: number;
  readonly reader: ClusterReader;
  /** Told as objects are looked at. */
  readonly onPreview: (done: number, total: number) => void;
}

/**
 * Asks the API server about each object that is not clean, by a dry-run of exactly what would be sent. All of them,
 * before anything is written: an app with an object that would be refused is held back whole.
 *
 * An app with one such object is not asked when its apply is atomic anyway.
 */
export async function preview(context: PreviewContext, signal: AbortSignal): Promise<ReadonlyMap<string, Preview>> {
  const dirty = context.target.apps.flatMap((app) => dirtyObjects(app, context));
  let done = 0;
  const onDone = (): void => context.onPreview((done += 1), dirty.length);
  const { namespaces = [], others = [] } = Object.groupBy(dirty, (each) =>
    isNamespace(each.manifest) ? 'namespaces' : 'others',
  );
  let alive: Promise<boolean> | undefined;
  const isAlive = (): Promise<boolean> => (alive ??= answers(context.reader, signal));
  const own = { isAlive, hanging: new Map<string, string>(), onDone };
  // Namespaces first: that one is new spares each object in it a request that could only say so.
  const first = await previewAll(namespaces, { ...context, ...own, toCome: new Set() }, signal);
  const created = first.filter(([, each]) => each.state === 'accepted' && each.before === undefined);
  const toCome = new Set(created.map(([{ manifest }]) => manifest.id.name));
  const rest = await previewAll(others, { ...context, ...own, toCome }, signal);
  return new Map([...first, ...rest].map(([{ manifest }, each]) => [idKey(manifest.id), each]));
}

interface AskContext extends PreviewContext {
  /** Namespaces that are not there, and come with the same revision. */
  readonly toCome: ReadonlySet<string>;
  /** Whether the API server answers at all; asked once, when an object fails. */
  readonly isAlive: () => Promise<boolean>;
  /** By {@link groupKindKey}: kinds of which a dry-run had no answer in time, and why: the others are not asked. */
  readonly hanging: Map<string, string>;
  readonly onDone: () => void;
}

async function previewAll(
  dirty: readonly DirtyObject[],
  context: AskContext,
  signal: AbortSignal,
): Promise<readonly (readonly [DirtyObject, Preview])[]> {
  return mapLimited(dirty, PARALLEL, async (each) => {
    const preview = recall(each, context) ?? (await previewOrUnknown(each, context, signal));
    context.onDone();
    return [each, preview];
  });
}

/**
 * A body that a conversion webhook does not give out, or admission webhooks that together take too long, are of one object:
 * the others are looked at as ever. Where nothing else is answered either, it is the cluster.
 */
async function previewOrUnknown(each: DirtyObject, context: AskContext, signal: AbortSignal): Promise<Preview> {
  const kind = groupKindKey(each.manifest.id);
  const known = context.hanging.get(kind);
  if (known !== undefined) return { state: 'unknown', reason: known };
  try {
    return await previewObject(each, context, signal);
  } catch (error) {
    const hangs = error instanceof PortError && error.unanswered === true && error.operation === 'dry-run';
    if (!(hangs || isOfPart(error)) || !(await context.isAlive())) throw error;
    const reason = hangs
      ? 'a dry-run has no answer in time, while the API server answers otherwise: an admission webhook may hang'
      : error.safeMessage;
    if (hangs) context.hanging.set(kind, reason);
    return { state: 'unknown', reason };
  }
}

async function answers(reader: ClusterReader, signal: AbortSignal): Promise<boolean> {
  try {
    await reader.discover({ fresh: true }, signal);
    return true;
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return false;
  }
}

function isNamespace({ id }: Manifest): boolean {
  return id.group === '' && id.kind === 'Namespace';
}

interface DirtyObject {
  readonly app: RenderedApp;
  readonly manifest: Manifest;
  readonly live: LiveObject | undefined;
  /** We recorded it: its absence was confirmed, its presence is ours. */
  readonly owned: boolean;
  /** The repository changed it since the last clean pass. */
  readonly changed: boolean;
  readonly alone: boolean;
}

function dirtyObjects(app: RenderedApp, { observation }: PreviewContext): readonly DirtyObject[] {
  const entries = new Map(observation.inventories.get(app.name)?.entries.map((entry) => [idKey(entry.id), entry]));
  const dirty = app.manifests.flatMap((manifest) => {
    const live = observation.objects.get(idKey(manifest.id));
    const entry = entries.get(idKey(manifest.id));
    if (!mayApply(manifest, live) || isClean(manifest, entry, live)) return [];
    if (isFinished(manifest, entry, observation)) return [];
    const owned = entry !== undefined && entry.uid !== '';
    return { app, manifest, live, owned, changed: entry?.desiredHash !== manifest.hash };
  });
  return dirty.map((each) => ({ ...each, alone: dirty.length === 1 }));
}

function recall(each: DirtyObject, { remembered, nowMs }: PreviewContext): Preview | undefined {
  const known = remembered.get(idKey(each.manifest.id));
  const holds =
    known !== undefined &&
    known.app === each.app.name &&
    known.desiredHash === each.manifest.hash &&
    known.resourceVersion === (each.live?.resourceVersion ?? '') &&
    nowMs - known.atMs < REMEMBER_MS;
  return holds ? known.preview : undefined;
}

async function previewObject(each: DirtyObject, context: AskContext, signal: AbortSignal): Promise<Preview> {
  const { manifest } = each;
  const state = context.observation.kinds.get(groupKindKey(manifest.id));
  invariant(state !== undefined, `the kind of ${formatId(manifest.id)} was not looked at`);
  const obstacle = kindObstacle(manifest, state, context.target);
  if (obstacle !== undefined || state.state !== 'listed') return obstacle ?? { state: 'unknown', reason: '' };
  const { served } = state;
  const unread = context.observation.unread?.get(idKey(manifest.id));
  if (unread !== undefined) return { state: 'unknown', reason: unread };
  if (each.live === undefined && !each.owned) return previewUnseen(each, state, context, signal);
  const live = await withBody(each.live, served, context, signal);
  return previewSeen(each, state, live, context, signal);
}

type ListedKind = Extract<KindState, { readonly state: 'listed' }>;

function kindObstacle(manifest: Manifest, state: KindState, target: RenderedCluster): Preview | undefined {
  const { id, apiVersion } = manifest;
  const waiting = {
    state: 'waiting',
    reason: `waiting for kind ${id.kind} of "${apiVersion}": the cluster does not serve it`,
  } as const;
  switch (state.state) {
    case 'absent':
      return waiting;
    case 'unknown':
      return { state: 'unknown', reason: state.reason };
    case 'listed':
      if (state.served.version === versionOf(apiVersion)) return undefined;
      // Its definition gets the version in this revision, and must not be held back by what waits for it.
      if (isDefined(id, versionOf(apiVersion), target)) return waiting;
      return {
        state: 'refused',
        reason: `the cluster serves ${id.kind} in version "${state.served.version}", not in "${versionOf(apiVersion)}". Change its apiVersion`,
      };
  }
}

/** Whether a CustomResourceDefinition of the same cluster's render serves a kind in a version. */
function isDefined(kind: GroupKind, version: string, target: RenderedCluster): boolean {
  return target.apps.some((app) =>
    app.manifests.some((manifest) => {
      const defined = kindDefinedBy(manifest);
      return (
        defined !== undefined && groupKindKey(defined) === groupKindKey(kind) && defined.versions.includes(version)
      );
    }),
  );
}

/** Nobody has seen it under our label: it is new, or somebody else's. The dry-run of a new object says 201. */
async function previewUnseen(
  each: DirtyObject,
  kind: ListedKind,
  context: AskContext,
  signal: AbortSignal,
): Promise<Preview> {
  const { served } = kind;
  const composed = compose(each, undefined, context);
  const request = requestOf(each.manifest, served, composed);
  if (isEnding(each.manifest.id.namespace, context)) return waitingForEnd(each.manifest.id.namespace);
  if (context.toCome.has(each.manifest.id.namespace)) {
    return previewWithoutNamespace(each, request, composed, context, signal);
  }
  const answer = await context.reader.dryRun(request, signal);
  if (answer.state === 'accepted' && answer.created) return accepted(request, undefined, answer.object, composed);
  if (answer.state === 'refused' && answer.refusal.kind === 'no-namespace') {
    return previewWithoutNamespace(each, request, composed, context, signal);
  }
  const mayExist: readonly Refusal['kind'][] = ['conflict', 'stale', 'invalid'];
  if (answer.state === 'refused' && !mayExist.includes(answer.refusal.kind)) return refused(answer, each.manifest.id);
  const { namespace, name } = each.manifest.id;
  const live = await context.reader.get(served, namespace, name, signal);
  // Invalid as it is, or only beside what stands there already: that is seen where both are known.
  if (live === undefined && answer.state === 'refused' && answer.refusal.kind === 'invalid')
    return refused(answer, each.manifest.id);
  if (live === undefined) return { state: 'waiting', reason: 'it was deleted while it was looked at' };
  if (each.manifest.policy.apply === 'create-only')
    return { state: 'skipped', reason: 'muster.dev/apply: create-only', live };
  return previewSeen(each, kind, live, context, signal);
}

async function previewSeen(
  each: DirtyObject,
  kind: ListedKind,
  live: LiveObject | undefined,
  context: PreviewContext,
  signal: AbortSignal,
): Promise<Preview> {
  const foreign = live === undefined ? undefined : foreignReason(live, each, context);
  if (foreign !== undefined) return foreign;
  const composed = compose(each, live, context, (version) => !kind.versions.includes(version));
  const request = requestOf(each.manifest, kind.served, composed);
  const transfer = live === undefined ? undefined : transferOf(composed, request, live);
  const { lost, takenOver } = composed;
  const unasked = { state: 'unasked', request, ...before(live), lost, takenOver } as const;
  // What an apply alone cannot do must be known before anything is written.
  const isSimple = !each.manifest.policy.recreate && transfer === undefined && !hasOldRecord(live, kind.served);
  if (each.alone && isSimple && each.owned && (each.changed || live === undefined)) return unasked;
  const answer = await context.reader.dryRun(request, signal);
  if (answer.state === 'accepted') return accepted(request, live, answer.object, composed, transfer);
  const { refusal } = answer;
  if (refusal.kind === 'no-namespace') return previewWithoutNamespace(each, request, composed, context, signal);
  if (live === undefined) return refused(answer, each.manifest.id);
  if (refusal.kind === 'stale') {
    // Discovery may be older than the definition: whatever is not in our version is written in it.
    const renewed = compose(each, live, context, (version) => version !== kind.served.version);
    const renewal = transferOf(renewed, request, live);
    return renewal === undefined ? refused(answer, each.manifest.id) : { ...unasked, transfer: renewal };
  }
  if (transfer !== undefined && refusal.kind === 'invalid' && !refusal.immutable) {
    // What goes with the transfer may be what is in the way. It changes no value, and the next look asks again.
    return { ...unasked, transfer };
  }
  if (refusal.immutable && each.manifest.policy.recreate) {
    return previewRecreation(each, kind.served, live, refusal, context, signal);
  }
  return refused(answer, each.manifest.id);
}

/** Seen in this pass: then nothing new can be made there, and it need not be asked. */
function isEnding(namespace: string, { observation }: PreviewContext): boolean {
  return (
    observation.objects.get(idKey({ group: '', kind: 'Namespace', namespace: '', name: namespace }))?.terminating ===
    true
  );
}

function waitingForEnd(namespace: string): Preview {
  return {
    state: 'waiting',
    reason: `waiting for the deletion of namespace "${namespace}", which somebody began, to end`,
  };
}

/** Fields that are recorded under another version of the kind, which may be gone. */
function hasOldRecord(live: LiveObject | undefined, { group, version }: ServedKind): boolean {
  return managedEntries(live?.body ?? {}).some(
    ({ apiVersion }) => groupOf(apiVersion) === group && versionOf(apiVersion) !== version && apiVersion !== '',
  );
}

/**
 * A new object would be allowed to be so. It is asked for under another name, because the old one must not be deleted for
 * something that is refused then; what only both together are refused for does not count.
 */
async function previewRecreation(
  each: DirtyObject,
  served: ServedKind,
  live: LiveObject,
  { message, fields }: Refusal,
  context: PreviewContext,
  signal: AbortSignal,
): Promise<Preview> {
  const request = requestOf(each.manifest, served, compose(each, undefined, context));
  const { namespace, name } = each.manifest.id;
  const answer = await context.reader.dryRun(elsewhere(request, namespace, unusedName(name)), signal);
  if (answer.state === 'refused') {
    const { refusal } = answer;
    const ofBoth = refusal.fields.includes('metadata.name') || OF_BOTH.test(refusal.message);
    if (!ofBoth) return refused(answer, each.manifest.id, `${message}. To make it anew is refused too: `);
  }
  return { state: 'recreate', request, before: live, fields, reason: message };
}

/** Addresses, ports and quotas that the old object gives back when it goes. */
const OF_BOTH = /already allocated|exceeded quota/;

function transferOf({ transfer }: ComposedBody, request: ApplyRequest, live: LiveObject): TransferAction | undefined {
  if (transfer === undefined) return undefined;
  const { managedFields, from } = transfer;
  const names = from.map((each) => `"${each}"`).join(', ');
  const reason =
    from.length === 0
      ? 'who owns its fields is recorded anew: an API version in the record is gone'
      : `its fields are taken over from ${names}`;
  const { served, id } = request;
  return { served, id, resourceVersion: live.resourceVersion, managedFields, reason };
}

/** What another tool holds whole is never taken silently; what another app of the fleet gives away is. */
function foreignReason(live: LiveObject, each: DirtyObject, context: PreviewContext): Preview | undefined {
  if (live.terminating) return { state: 'waiting', reason: deletionReason(live) };
  const ours = applySetId(context.fleet, each.app.name);
  const giver = each.owned || live.partOf === ours ? undefined : recordedBy(live, context);
  if (giver !== undefined && context.target.apps.some((app) => app.name === giver && app.state === 'held')) {
    return { state: 'waiting', reason: `it belongs to app "${giver}", which cannot be rendered and may want it` };
  }
  if (live.partOf !== undefined && live.partOf !== ours && !each.owned && giver === undefined) {
    return {
      state: 'refused',
      reason: `it belongs to another ApplySet (label ${PART_OF_LABEL}=${live.partOf}). Remove it there, or remove the label`,
    };
  }
  if (live.owners.length > 0 && !each.owned) {
    return {
      state: 'refused',
      reason: `it is owned by ${live.owners.join(', ')}, which would change it back. Remove it from the repository, or remove its ownerReferences`,
    };
  }
  return undefined;
}

function deletionReason({ body }: LiveObject): string {
  const finalizers = listAt(body, 'metadata', 'finalizers').filter((each) => typeof each === 'string');
  const held = finalizers.length === 0 ? '' : `; it is held by finalizer ${finalizers.join(', ')}`;
  return `waiting for its deletion, which has begun, to end${held}`;
}

/** The app of this fleet that has the object in its inventory and its label on it. It cannot want it: then both would be held. */
function recordedBy(live: LiveObject, { fleet, observation }: PreviewContext): string | undefined {
  const inventories = [...observation.inventories.values()];
  const owner = inventories.find(
    ({ app, entries, unreadable }) =>
      // What cannot be written over cannot give anything away.
      unreadable === undefined &&
      applySetId(fleet, app) === live.partOf &&
      entries.some((entry) => idKey(entry.id) === idKey(live.id)),
  );
  return owner?.app;
}

/**
 * Its namespace comes with the same revision: the API server cannot check it there yet, so it checks it in `default`. Only
 * what it says about the content counts; and where `default` has an object of that name, only what it says about another
 * name, and about the name itself.
 */
async function previewWithoutNamespace(
  each: DirtyObject,
  request: ApplyRequest,
  composed: ComposedBody,
  context: PreviewContext,
  signal: AbortSignal,
): Promise<Preview> {
  const { namespace } = each.manifest.id;
  const inRender = context.target.apps.some((app) =>
    app.manifests.some(({ id }) => id.group === '' && id.kind === 'Namespace' && id.name === namespace),
  );
  if (!inRender) {
    return {
      state: 'refused',
      reason: `namespace "${namespace}" does not exist on this cluster. Add a Namespace manifest to the repository, or create it`,
    };
  }
  const unasked: Preview = { state: 'unasked', request, lost: composed.lost, takenOver: composed.takenOver };
  const same = await context.reader.dryRun(elsewhere(request, 'default', request.id.name), signal);
  if (same.state === 'accepted' && same.created) return unasked;
  if (same.state === 'refused' && same.refusal.fields.includes('metadata.name')) return refused(same, each.manifest.id);
  const other = await context.reader.dryRun(elsewhere(request, 'default', unusedName(request.id.name)), signal);
  return other.state === 'refused' && other.refusal.kind === 'invalid' ? refused(other, each.manifest.id) : unasked;
}

function unusedName(name: string): string {
  return `muster-dry-run-${hashJson(name)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '0')}`;
}

function elsewhere(request: ApplyRequest, namespace: string, name: string): ApplyRequest {
  const metadata = { ...mapAt(request.body, 'metadata'), ...(namespace === '' ? {} : { namespace }), name };
  return { ...request, id: { ...request.id, namespace, name }, body: { ...request.body, metadata } };
}

/** `isGone`: versions of its kind under which no field may be recorded any more. */
function compose(
  { manifest, app }: DirtyObject,
  live: LiveObject | undefined,
  { fleet, policy }: PreviewContext,
  isGone: (version: string) => boolean = () => false,
): ComposedBody {
  const labels = { [PART_OF_LABEL]: applySetId(fleet, app.name) };
  const isGoneHere = (apiVersion: string): boolean =>
    apiVersion !== '' && groupOf(apiVersion) === manifest.id.group && isGone(versionOf(apiVersion));
  return composeBody(manifest, labels, live?.body, { ...policy, isGone: isGoneHere });
}

/** The body, where only facts were kept. */
async function withBody(
  live: LiveObject | undefined,
  served: ServedKind,
  { reader }: PreviewContext,
  signal: AbortSignal,
): Promise<LiveObject | undefined> {
  if (live === undefined || live.body !== undefined) return live;
  return reader.get(served, live.id.namespace, live.id.name, signal);
}

function requestOf(manifest: Manifest, served: ServedKind, composed: ComposedBody): ApplyRequest {
  return { served, id: manifest.id, body: composed.body, force: composed.force };
}

function accepted(
  request: ApplyRequest,
  live: LiveObject | undefined,
  answer: LiveObject,
  composed: ComposedBody,
  action?: TransferAction,
): Preview {
  const { lost, takenOver, transfer } = composed;
  const base = { state: 'accepted', request, ...before(live), lost, takenOver } as const;
  if (transfer === undefined || action === undefined) return { ...base, after: answer };
  const body = afterTransfer(live?.body ?? {}, answer.body ?? {}, transfer, FIELD_MANAGER);
  return { ...base, after: { ...answer, body, ownedHash: ownedHash(body, FIELD_MANAGER) }, transfer: action };
}

function before(live: LiveObject | undefined): { readonly before?: LiveObject } {
  return live === undefined ? {} : { before: live };
}

function refused(
  answer: Extract<ApplyAnswer, { readonly state: 'refused' }>,
  { namespace }: ObjectId,
  context = '',
): Preview {
  const { kind, fields } = answer.refusal;
  const message = `${context}${describeRefusal(answer.refusal)}`;
  if (kind === 'conflict' && fields.length === 0) {
    // The resourceVersion that a forced body carries: somebody wrote since the object was read.
    return { state: 'waiting', reason: 'it changed in this moment, and is looked at again' };
  }
  switch (kind) {
    case 'no-kind':
      return { state: 'waiting', reason: message };
    case 'namespace-ends':
      return waitingForEnd(namespace);
    case 'stale':
    case 'failed': // It may be the object or the server: the rest of its app goes on.
      return { state: 'unknown', reason: message };
    case 'invalid':
    case 'forbidden':
    case 'conflict':
    case 'no-namespace':
    case 'too-large':
    case 'webhook':
      return { state: 'refused', reason: message };
  }
}
