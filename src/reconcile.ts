/**
 * START HERE. The whole system is two rows of values:
 *
 *   once per commit:  Snapshot → FleetConfig → ClusterTarget[] → RenderedFleet          {@link renderFleet}, pure
 *                     (with kustomize or Helm in it: {@link listExpansions}, their answers, then renderFleet)
 *   once per tick:    Observation → Preview[] → DriftReport → ApplyPlan → ApplyResult   {@link reconcileCluster}
 *
 * One read phase, one write phase, and nothing waits in between: what is not there yet is looked at again by the next
 * tick, which goes on from facts. This file is the only caller of stages; stages do not know one another.
 */
import { applyPlan } from './apply/apply-plan.ts';
import { checkIdentity } from './apply/check-identity.ts';
import { type Fence, fencedWriter } from './apply/fenced-writer.ts';
import { isStable, withHeal } from './apply/heal-delay.ts';
import { planApply } from './apply/plan-apply.ts';
import { deletesAnything, withholdDeletions } from './apply/withhold-deletions.ts';
import { detectDrift } from './drift/detect-drift.ts';
import { markOverdue, recordedBehind } from './drift/mark-overdue.ts';
import { observe } from './drift/observe.ts';
import { preview } from './drift/preview.ts';
import { createMemo, type Memo } from './memo.ts';
import type { ApplyPlan, ApplyResult, Leaving, ObjectResult, Preview } from './model/apply.ts';
import type { Diagnostic } from './model/diagnostic.ts';
import { PortError, type PortFailure } from './model/errors.ts';
import type { ExpansionAnswers, ExpansionRequest } from './model/expansion.ts';
import type { Expansion, ReadDocuments } from './model/extensions.ts';
import type { Health } from './model/health.ts';
import type { Locate } from './model/locate.ts';
import type { Manifest, ObjectId } from './model/manifest.ts';
import type { Observation } from './model/observation.ts';
import type { ClusterReader, ClusterWriter, Clock } from './model/ports.ts';
import type { RenderedCluster, RenderedFleet } from './model/render.ts';
import type { RegularFile, Snapshot, SnapshotFile } from './model/snapshot.ts';
import type { DoneTick, HealthReport, Phase, RememberedPreview, Tick, TickMemory } from './model/tick.ts';
import { FIELD_MANAGER } from './object/applyset.ts';
import { hasTtl, isFinished } from './object/finished-job.ts';
import { groupKindKey, idKey } from './object/id.ts';
import { seenObject } from './object/seen-object.ts';
import { placeFleet } from './placement/place-fleet.ts';
import { matchesCluster } from './placement/select-clusters.ts';
import {
  createLocate,
  createReadFile,
  keepParsed,
  type ParseCache,
  readDocuments,
  type ReadFile,
} from './read-file.ts';
import { expandApps } from './render/expand-apps.ts';
import { expandBase, readsOnlyItsFiles } from './render/expand-base.ts';
import { type AppRequests, listRequests, requestsOfApps } from './render/list-requests.ts';
import { mergeDiagnostics } from './render/merge-diagnostics.ts';
import { parseManifests } from './render/parse-manifests.ts';
import { renderContext, renderTargets } from './render/render-targets.ts';
import { type FieldTrace, type Layer, traceField, traceObject } from './render/trace-object.ts';
import type { ManifestReader } from './source/parse-app.ts';
import { parseFleet, type ParsedFleet } from './source/parse-fleet.ts';

/**
 * Parse, expand, place, render: everything that depends on a commit alone. With the cache of an earlier revision the result is
 * the same, and costs what has changed since. `answers` are what came of {@link listExpansions}, for a fleet that has any; an
 * app without its answer is held.
 */
export function renderFleet(
  snapshot: Snapshot,
  cache: RenderCache = createRenderCache(),
  answers: ExpansionAnswers = NO_ANSWERS,
): RenderResult {
  const parsed = parseOnce(snapshot, cache);
  const result = cache.memo.scope('revision', [parsed, answers], (memo) => traceRevision(parsed, memo, answers).result);
  keepParsed(cache.parsed, filesOf(snapshot));
  return result;
}

const NO_ANSWERS: ExpansionAnswers = new Map();

/** What the last render found out. It is bounded: it holds what belongs to the revision that was rendered last, and no more. */
export interface RenderCache {
  readonly parsed: ParseCache;
  readonly memo: Memo;
}

export function createRenderCache(): RenderCache {
  return { parsed: new Map(), memo: createMemo() };
}

/** The same, with a way to ask for the layers of its objects. Only what is asked for costs anything. */
export function traceFleet(
  snapshot: Snapshot,
  cache: RenderCache = createRenderCache(),
  answers: ExpansionAnswers = NO_ANSWERS,
): TracedFleet {
  return traceRevision(parseOnce(snapshot, cache), cache.memo, answers);
}

function traceRevision(
  { fleet: parsedFleet, locate, requests }: ParsedSnapshot,
  memo: Memo,
  answers: ExpansionAnswers,
): TracedFleet {
  if (parsedFleet.state === 'unusable') {
    const result = { state: 'unusable', diagnostics: mergeDiagnostics(parsedFleet.diagnostics, []) } as const;
    return { result, trace: () => undefined };
  }
  const config = expandApps(parsedFleet.config, requests, answers, memo);
  const placed = placeFleet(config, locate, memo);
  const fleet = renderTargets(config, placed, locate, memo);
  const trace: TracedFleet['trace'] = (cluster, app, manifest) => {
    const target = placed.targets.find((each) => each.cluster.name === cluster);
    const own = config.apps.find((each) => each.name === app);
    if (target === undefined || own === undefined) return undefined;
    const context = renderContext(config, memo);
    const layers = traceObject(target, own, manifest, context);
    return { layers, field: (pointer) => traceField(layers, pointer, context, locate) };
  };
  return { result: { state: 'rendered', fleet }, trace };
}

export interface TracedFleet {
  readonly result: RenderResult;
  /** The layers of an object of this result. */
  readonly trace: (cluster: string, app: string, manifest: Manifest) => ObjectTrace | undefined;
}

export interface ObjectTrace {
  readonly layers: readonly Layer[];
  /** `pointer` as in RFC 6901; an item of a list by its position or its name. */
  readonly field: (pointer: string) => FieldTrace;
}

function filesOf({ files }: Snapshot): readonly RegularFile[] {
  return files.filter((file) => file.kind === 'file');
}

function identityOf(file: SnapshotFile): string {
  return file.kind === 'file'
    ? `file ${file.oid} ${file.path}`
    : `${file.kind} ${JSON.stringify(file.detail)} ${file.path}`;
}

/**
 * The programs (kustomize, Helm) that must run before a revision can be rendered, as values: whoever runs them
 * (`src/sandbox/run-expansions.ts`) hands the answers to {@link renderFleet}. Most fleets need none.
 */
export function listExpansions(
  snapshot: Snapshot,
  cache: RenderCache = createRenderCache(),
): readonly ExpansionRequest[] {
  return listRequests(parseOnce(snapshot, cache).requests.values());
}

interface ParsedSnapshot {
  readonly fleet: ParsedFleet;
  readonly locate: Locate;
  /** What the programs of each app are asked, by the name of the app. */
  readonly requests: ReadonlyMap<string, AppRequests>;
}

/** The same for the list of programs and for the render. */
function parseOnce(snapshot: Snapshot, { parsed, memo }: RenderCache): ParsedSnapshot {
  return memo.scope('parsed', [snapshot], (inner) => parseSnapshot(snapshot, parsed, inner));
}

function parseSnapshot({ revision, files: entries }: Snapshot, parsed: ParseCache, memo: Memo): ParsedSnapshot {
  // The same file is the same object in all revisions that have it, so that everything made from it is the same too.
  const snapshot = { revision, files: entries.map((file) => memo.share(identityOf(file), [], () => file)) };
  const files = new Map(filesOf(snapshot).map((file) => [file.path, file]));
  const read = createReadFile(parsed);
  const locate = createLocate(files);
  const manifests = readManifests(read, locate, files, memo);
  const fleet = parseFleet(snapshot, { read, locate, manifests, memo });
  const tools = { matches: matchesCluster, locate };
  const requests = fleet.state === 'parsed' ? requestsOfApps(fleet.config, tools, memo) : NO_REQUESTS;
  return { fleet, locate, requests };
}

const NO_REQUESTS: ReadonlyMap<string, AppRequests> = new Map();

/** Only what a commit says, before any cluster is looked at. */
export function readFleet(snapshot: Snapshot): ParsedFleet {
  return parseOnce(snapshot, createRenderCache()).fleet;
}

/** A revision rendered for every cluster, or only the reasons why it cannot be. */
export type RenderResult =
  | { readonly state: 'rendered'; readonly fleet: RenderedFleet }
  | { readonly state: 'unusable'; readonly diagnostics: readonly Diagnostic[] };

/** What one tick works with. */
export interface TickInput {
  readonly rendered: RenderedFleet;
  readonly target: RenderedCluster;
  readonly memory: TickMemory;
  /** Which clusters an app leaves, by app; see `PlanInput`. */
  readonly leaving: ReadonlyMap<string, Leaving>;
  /** Monotonic milliseconds after which nothing is written any more. */
  readonly deadlineMs: number;
  /** True: read and decide, write nothing. */
  readonly readOnly: boolean;
}

/** How one tick touches the world. */
export interface TickPorts {
  readonly reader: ClusterReader;
  readonly writer: ClusterWriter;
  readonly clock: Clock;
  /** False: another controller may be at work; asked before each write. */
  readonly mayWrite: () => boolean;
  /** True: the process ends, so nothing more is begun, and what was done is recorded. Absent: it does not. */
  readonly isEnding?: () => boolean;
  /**
   * Asked before anything is deleted: `undefined` where this revision is what the repository holds now, else why not, and then
   * nothing is deleted. Absent: it was read a moment ago.
   */
  readonly confirmHead?: (revision: string, signal: AbortSignal) => Promise<string | undefined>;
  /** See {@link checkIdentity}. Absent: this process does not look at several clusters. */
  readonly claim?: (clusterUid: string) => string | undefined;
  /** Managers that are people at a keyboard. */
  readonly isHuman: (manager: string) => boolean;
  /** Told as objects are written, for people who watch. */
  readonly onProgress: (result: ObjectResult) => void;
  /** Told where a tick is. Absent: nobody watches. */
  readonly onPhase?: (phase: Phase) => void;
}

/** A cluster of which nothing is remembered. */
export const EMPTY_MEMORY: TickMemory = {
  previews: new Map(),
  missing: new Map(),
  heals: new Map(),
};

/** An owned object that was not there is asked for again after this long. */
const REMEMBER_MISSING_MS = 60_000;

/** One pass over one cluster. Every failure of the outside becomes a value here, and nowhere else. */
export async function reconcileCluster(
  input: TickInput,
  ports: TickPorts,
  signal: AbortSignal,
): Promise<{ readonly tick: Tick; readonly memory: TickMemory }> {
  const { rendered, target, memory } = input;
  const { reader, clock } = ports;
  const { fleet, revision } = rendered;
  const nowMs = clock.monotonicMs();
  const failed = (failure: PortFailure, result?: ApplyResult): Tick => ({
    state: 'failed',
    target,
    revision,
    failure,
    ...(result === undefined ? {} : { result }),
  });
  try {
    ports.onPhase?.({ kind: 'reading' });
    const missing = recent(memory.missing, nowMs);
    const observedAt = new Date(clock.now()).toISOString();
    const observation = await observe(target, fleet.name, observedAt, missing, reader, signal);
    const identity = { cluster: target.cluster, clusters: rendered.clusterNames, observation };
    const stranger = checkIdentity({ ...identity, claim: ports.claim ?? nobody });
    if (stranger !== undefined) return { tick: failed(stranger), memory: EMPTY_MEMORY };
    const policy = { manager: FIELD_MANAGER, isHuman: ports.isHuman };
    const onPreview = (done: number, total: number): void => ports.onPhase?.({ kind: 'validating', done, total });
    const remembered = memory.previews;
    const asked = { fleet: fleet.name, target, observation, policy, remembered, nowMs, reader, onPreview };
    const previews = await preview(asked, signal);
    const drift = detectDrift(target, observation, previews);
    const decided = planApply({
      ...rendered,
      ...input,
      revision,
      observation,
      previews,
      drift,
      heals: memory.heals,
      suspendedApps: suspendedApps(rendered),
      nowMs,
    });
    const doubt = deletesAnything(decided) ? await ports.confirmHead?.(revision, signal) : undefined;
    const plan = doubt === undefined ? decided : withholdDeletions(decided, doubt);
    ports.onPhase?.({ kind: 'applying', total: countWrites(plan), ...waveOf(plan, target) });
    const writer = fencedWriter(ports.writer, fenceOf(input, ports));
    const result = input.readOnly ? { apps: [] } : await applyPlan(plan, fleet.name, writer, ports.onProgress, signal);
    if (result.outage !== undefined) return { tick: failed(result.outage, result), memory };
    const reported = reportHealth(target, observation, previews, result);
    const known = memory.behind ?? recordedBehind(target, observation, revision, nowMs);
    const { health, behind } = markOverdue({ target, health: reported, previews, behind: known, nowMs });
    const tick: DoneTick = { state: 'done', target, revision, observation, previews, drift, plan, result, health };
    return { tick, memory: { ...remember(tick, memory, missing, nowMs), behind } };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { tick: failed(error), memory };
  }
}

/** An app that is not placed on a cluster any more is suspended there as well. */
function suspendedApps({ clusters }: RenderedFleet): ReadonlySet<string> {
  return new Set(clusters.flatMap(({ apps }) => apps.flatMap((app) => (app.suspend ? [app.name] : []))));
}

function countWrites({ apps }: ApplyPlan): number {
  const writes = apps.flatMap(({ transfers, steps, recreations, deletes }) => {
    return [...transfers, ...steps.flat(), ...recreations, ...deletes];
  });
  return writes.length;
}

/** The highest wave that is written to; nothing where no app of these has several. */
function waveOf({ apps }: ApplyPlan, target: RenderedCluster): { readonly wave?: number } {
  const writing = new Set(apps.flatMap(({ steps }) => steps.flat().map(({ request }) => idKey(request.id))));
  const waves = target.apps
    .filter(({ manifests }) => manifests.some(({ policy }) => policy.wave !== manifests[0]?.policy.wave))
    .flatMap(({ manifests }) => manifests.filter(({ id }) => writing.has(idKey(id))).map(({ policy }) => policy.wave));
  return waves.length === 0 ? {} : { wave: waves.reduce((a, b) => Math.max(a, b)) };
}

function nobody(): undefined {
  return undefined;
}

function fenceOf({ deadlineMs }: TickInput, { clock, mayWrite, isEnding }: TickPorts): Fence {
  const record = (): string | undefined => (mayWrite() ? undefined : 'the lease is not ours (any more)');
  return {
    record,
    begin: () => {
      if (isEnding?.() === true) return 'the process ends; the rest comes when it is back';
      if (clock.monotonicMs() > deadlineMs)
        return 'the time for this write phase is over; the rest comes with the next';
      return record();
    },
  };
}

/** The render stage's readers, as the source stage uses them. What a renderer reads besides the files is one more input. */
function readManifests(
  read: ReadFile,
  locate: Locate,
  all: ReadonlyMap<string, RegularFile>,
  memo: Memo,
): ManifestReader {
  const parse = (file: RegularFile): Expansion => parseManifests(file, read, locate);
  const readAll = (file: RegularFile): ReadDocuments => readDocuments(file, read);
  return {
    parseManifests: parse,
    expandBase: (app, files) => {
      const inputs = readsOnlyItsFiles(files) ? files : [...files, 'all', ...all.values()];
      const expansion = memo.scope(`base of ${app}`, inputs, (inner) => {
        const parseOnce = (file: RegularFile): Expansion => inner.share('file', [file], () => parse(file));
        const root = `apps/${app}/base`;
        return expandBase(files, { app, root, all, locate, read: readAll, parseManifests: parseOnce });
      });
      return sameExpansion(expansion, memo);
    },
  };
}

/** What a program is to render may lead to any file of the fleet, but is made anew only where one of those that it sees changed. */
function sameExpansion(expansion: Expansion, memo: Memo): Expansion {
  const { pending, manifests, diagnostics } = expansion;
  if (pending === undefined || manifests.length > 0) return expansion;
  const { files, ...what } = pending;
  return memo.share('pending', [JSON.stringify([what, diagnostics]), ...files], () => expansion);
}

/** After the write phase: what was written is as the answer said, all else as it was observed. */
function reportHealth(
  target: RenderedCluster,
  observation: Observation,
  previews: ReadonlyMap<string, Preview>,
  result: ApplyResult,
): HealthReport {
  const written = new Map(result.apps.flatMap((app) => app.objects.map((each) => [idKey(each.id), each.live])));
  const finished = finishedJobs(target, observation);
  const objects = target.apps.flatMap((app) =>
    app.manifests
      .filter((manifest) => manifest.policy.apply !== 'ignore')
      .map(({ id }) => {
        if (finished.has(idKey(id))) return { app: app.name, id, health: FINISHED };
        const live = written.get(idKey(id)) ?? seenObject(id, observation, previews);
        return { app: app.name, id, health: live?.health ?? absentHealth(id, observation) };
      }),
  );
  return { objects };
}

const FINISHED: Health = { state: 'Current', message: 'it ran, and its TTL removed it' };

function absentHealth(id: ObjectId, { kinds, unread }: Observation): Health {
  const unknown = kinds.get(groupKindKey(id))?.state === 'unknown' || unread?.has(idKey(id)) === true;
  return unknown ? { state: 'Unknown', message: '' } : { state: 'NotFound', message: 'not there yet' };
}

function remember(
  tick: DoneTick,
  memory: TickMemory,
  missing: ReadonlyMap<string, number>,
  nowMs: number,
): Omit<TickMemory, 'behind'> {
  const { observation, result } = tick;
  // Looked up by key only where something is: nothing is, most of the time.
  const apps = tick.previews.size + memory.heals.size === 0 ? [] : tick.target.apps;
  const asked = new Map(
    apps.flatMap((app) =>
      app.manifests.map((each) => [idKey(each.id), { app: app.name, desiredHash: each.hash }] as const),
    ),
  );
  // What waits is not remembered: it waits for something that this cluster may have by now.
  // Nor what is half done: an object that does not carry our label yet would not show that it changed. Nor an answer that
  // the write did not bear out.
  const again = new Set(
    result.apps.flatMap((app) => app.objects.flatMap((each) => (each.outcome === 'waiting' ? [idKey(each.id)] : []))),
  );
  const answers = [...tick.previews].filter(
    ([key, each]) =>
      !again.has(key) &&
      (each.state === 'refused' ||
        each.state === 'skipped' ||
        (each.state === 'accepted' && (each.transfer === undefined || observation.objects.has(key)))),
  );
  const previews = answers.flatMap(([key, each]) => {
    const known = memory.previews.get(key);
    const resourceVersion = observation.objects.get(key)?.resourceVersion ?? '';
    const what = asked.get(key);
    if (what === undefined) return [];
    const fresh = { ...what, resourceVersion, atMs: nowMs, preview: each };
    return [[key, known?.preview === each ? known : fresh] as const];
  });
  const refused = result.apps.flatMap((app) =>
    app.objects.flatMap((each) => rememberRefused(each, tick, asked.get(idKey(each.id)), nowMs)),
  );
  const owned = [...observation.inventories.values()].flatMap((inventory) => inventory.entries);
  const gone = owned
    .filter((entry) => entry.uid !== '' && !observation.objects.has(idKey(entry.id)))
    // Of a kind that could not be listed nothing was asked for by name, and not all that was asked for was answered.
    .filter((entry) => observation.kinds.get(groupKindKey(entry.id))?.state === 'listed')
    .filter((entry) => observation.unread?.has(idKey(entry.id)) !== true)
    .map((entry) => idKey(entry.id));
  // What is gone for good by its own wish need not be asked for again and again.
  const finished = finishedJobs(tick.target, observation);
  const written = new Set(
    result.apps
      .flatMap((app) => app.objects)
      .filter((each) => each.live !== undefined)
      .map((each) => idKey(each.id)),
  );
  const healed = tick.drift.objects
    .map((each) => (each.cause === 'drift' ? idKey(each.id) : ''))
    .filter((key) => written.has(key));
  // Another revision of an object begins anew, and what is not in the fleet any more is not healed again.
  const recorded = new Map(owned.map((entry) => [idKey(entry.id), entry.desiredHash]));
  const heals = new Map(
    [...memory.heals].filter(([key, times]) => {
      const desired = asked.get(key)?.desiredHash;
      return desired !== undefined && desired === recorded.get(key) && !isStable(times, nowMs);
    }),
  );
  for (const key of healed) heals.set(key, withHeal(heals.get(key) ?? [], nowMs));
  return {
    previews: new Map([...previews, ...refused]),
    missing: new Map(gone.map((key) => [key, finished.has(key) ? nowMs : (missing.get(key) ?? nowMs)])),
    heals,
  };
}

function finishedJobs({ apps }: RenderedCluster, observation: Observation): ReadonlySet<string> {
  const keys = apps.flatMap((app) => {
    const jobs = app.manifests.filter(hasTtl);
    if (jobs.length === 0) return [];
    const entries = new Map(observation.inventories.get(app.name)?.entries.map((each) => [idKey(each.id), each]));
    return jobs.filter((job) => isFinished(job, entries.get(idKey(job.id)), observation));
  });
  return new Set(keys.map(({ id }) => idKey(id)));
}

/** An apply that stood for its own dry-run and was refused: it is not sent again while neither side changes. */
function rememberRefused(
  { id, outcome, reason }: ObjectResult,
  { previews, observation }: DoneTick,
  asked: Pick<RememberedPreview, 'app' | 'desiredHash'> | undefined,
  atMs: number,
): readonly (readonly [string, RememberedPreview])[] {
  const key = idKey(id);
  const live = observation.objects.get(key);
  if (outcome !== 'failed' || previews.get(key)?.state !== 'unasked') return [];
  if (live === undefined || asked === undefined) return [];
  const { resourceVersion } = live;
  return [[key, { ...asked, resourceVersion, atMs, preview: { state: 'refused', reason } }]];
}

function recent(times: ReadonlyMap<string, number>, nowMs: number): ReadonlyMap<string, number> {
  return new Map([...times].filter(([, atMs]) => nowMs - atMs < REMEMBER_MISSING_MS));
}
