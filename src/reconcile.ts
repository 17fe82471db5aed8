/**
 * START HERE. The whole system is two rows of values:
 *
 *   once per commit:  Snapshot → FleetConfig → ClusterTarget[] → RenderedFleet          {@link renderFleet}, pure
 *   once per tick:    Observation → Preview[] → DriftReport → ApplyPlan → ApplyResult   {@link reconcileCluster}
 *
 * One read phase, one write phase, and nothing waits in between: what is not there yet is looked at again by the next
 * tick, which goes on from facts. This file is the only caller of stages; stages do not know one another.
 */
import { applyPlan } from './apply/apply-plan.ts';
import { checkIdentity } from './apply/check-identity.ts';
import { type Fence, fencedWriter } from './apply/fenced-writer.ts';
import { withHeal } from './apply/heal-delay.ts';
import { planApply } from './apply/plan-apply.ts';
import { detectDrift } from './drift/detect-drift.ts';
import { markOverdue } from './drift/mark-overdue.ts';
import { observe } from './drift/observe.ts';
import { preview } from './drift/preview.ts';
import type { ApplyResult, ObjectResult } from './model/apply.ts';
import type { Diagnostic } from './model/diagnostic.ts';
import { PortError, type PortFailure } from './model/errors.ts';
import type { Expansion } from './model/extensions.ts';
import type { Health } from './model/health.ts';
import type { Locate } from './model/locate.ts';
import type { Manifest } from './model/manifest.ts';
import type { Observation } from './model/observation.ts';
import type { ClusterReader, ClusterWriter, Clock } from './model/ports.ts';
import type { RenderedCluster, RenderedFleet } from './model/render.ts';
import type { RegularFile, Snapshot } from './model/snapshot.ts';
import type { DoneTick, HealthReport, RememberedPreview, Tick, TickMemory } from './model/tick.ts';
import { FIELD_MANAGER } from './object/applyset.ts';
import { groupKindKey, idKey } from './object/id.ts';
import { placeFleet } from './placement/place-fleet.ts';
import { createLocate, createReadFile, type ParseCache, type ReadFile } from './read-file.ts';
import { expandBase } from './render/expand-base.ts';
import { mergeDiagnostics } from './render/merge-diagnostics.ts';
import { parseManifests } from './render/parse-manifests.ts';
import { renderContext, renderTargets } from './render/render-targets.ts';
import { type FieldTrace, type Layer, traceField, traceObject } from './render/trace-object.ts';
import type { ManifestReader } from './source/parse-app.ts';
import { parseFleet } from './source/parse-fleet.ts';

/** Parse, place, render: everything that depends on a commit alone. `parsed` may be shared between revisions. */
export function renderFleet(snapshot: Snapshot, parsed: ParseCache = new Map()): RenderResult {
  return traceFleet(snapshot, parsed).result;
}

/** The same, with a way to ask for the layers of its objects. Only what is asked for costs anything. */
export function traceFleet(snapshot: Snapshot, parsed: ParseCache = new Map()): TracedFleet {
  const read = createReadFile(parsed);
  const files = new Map(snapshot.files.flatMap((file) => (file.kind === 'file' ? [[file.path, file] as const] : [])));
  const locate = createLocate(files);
  const manifests = readManifests(read, locate);
  const parsedFleet = parseFleet(snapshot, { read, locate, manifests });
  if (parsedFleet.state === 'unusable') {
    const result = { state: 'unusable', diagnostics: mergeDiagnostics(parsedFleet.diagnostics, []) } as const;
    return { result, trace: () => undefined };
  }
  const { config } = parsedFleet;
  const placed = placeFleet(config, locate);
  const fleet = renderTargets(config, placed, locate);
  const trace: TracedFleet['trace'] = (cluster, app, manifest) => {
    const target = placed.targets.find((each) => each.cluster.name === cluster);
    const own = config.apps.find((each) => each.name === app);
    if (target === undefined || own === undefined) return undefined;
    const context = renderContext(config, locate);
    const layers = traceObject(target, own, manifest, context);
    return { layers, field: (pointer) => traceField(layers, pointer, context) };
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

/** A revision rendered for every cluster, or only the reasons why it cannot be. */
export type RenderResult =
  | { readonly state: 'rendered'; readonly fleet: RenderedFleet }
  | { readonly state: 'unusable'; readonly diagnostics: readonly Diagnostic[] };

/** What one tick works with. */
export interface TickInput {
  readonly rendered: RenderedFleet;
  readonly target: RenderedCluster;
  readonly memory: TickMemory;
  /** How many clusters an app leaves, by app; see `PlanInput`. */
  readonly leaving: ReadonlyMap<string, number>;
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
  /** See {@link checkIdentity}. Absent: this process does not look at several clusters. */
  readonly claim?: (clusterUid: string) => string | undefined;
  /** Managers that are people at a keyboard. */
  readonly isHuman: (manager: string) => boolean;
  /** Told as objects are written, for people who watch. */
  readonly onProgress: (result: ObjectResult) => void;
}

/** A cluster of which nothing is remembered. */
export const EMPTY_MEMORY: TickMemory = {
  previews: new Map(),
  missing: new Map(),
  heals: new Map(),
  behind: new Map(),
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
    const missing = recent(memory.missing, nowMs);
    const observedAt = new Date(clock.now()).toISOString();
    const observation = await observe(target, fleet.name, observedAt, missing, reader, signal);
    const identity = { cluster: target.cluster, clusters: rendered.clusterNames, observation };
    const stranger = checkIdentity({ ...identity, claim: ports.claim ?? nobody });
    if (stranger !== undefined) return { tick: failed(stranger), memory: EMPTY_MEMORY };
    const policy = { manager: FIELD_MANAGER, isHuman: ports.isHuman };
    const asked = { fleet: fleet.name, target, observation, policy, remembered: memory.previews, nowMs, reader };
    const previews = await preview(asked, signal);
    const drift = detectDrift(target, observation, previews);
    const plan = planApply({
      ...rendered,
      ...input,
      revision,
      observation,
      previews,
      drift,
      heals: memory.heals,
      nowMs,
    });
    const writer = fencedWriter(ports.writer, fenceOf(input, ports));
    const result = input.readOnly ? { apps: [] } : await applyPlan(plan, fleet.name, writer, ports.onProgress, signal);
    if (result.outage !== undefined) return { tick: failed(result.outage, result), memory };
    const reported = reportHealth(target, observation, result);
    const { health, behind } = markOverdue({ target, health: reported, previews, behind: memory.behind, nowMs });
    const tick: DoneTick = { state: 'done', target, revision, observation, previews, drift, plan, result, health };
    return { tick, memory: { ...remember(tick, memory, missing, nowMs), behind } };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { tick: failed(error), memory };
  }
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

/** The render stage's readers, as the source stage uses them. */
function readManifests(read: ReadFile, locate: Locate): ManifestReader {
  const parse = (file: RegularFile): Expansion => parseManifests(file, read, locate);
  return { parseManifests: parse, expandBase: (app, files) => expandBase(files, { app, parseManifests: parse }) };
}

/** After the write phase: what was written is as the answer said, all else as it was observed. */
function reportHealth(target: RenderedCluster, observation: Observation, result: ApplyResult): HealthReport {
  const written = new Map(result.apps.flatMap((app) => app.objects.map((each) => [idKey(each.id), each.live])));
  const objects = target.apps.flatMap((app) =>
    app.manifests
      .filter((manifest) => manifest.policy.apply !== 'ignore')
      .map(({ id }) => {
        const live = written.get(idKey(id)) ?? observation.objects.get(idKey(id));
        const unknown = observation.kinds.get(groupKindKey(id))?.state === 'unknown';
        const absent: Health = unknown
          ? { state: 'Unknown', message: '' }
          : { state: 'NotFound', message: 'not there yet' };
        return { app: app.name, id, health: live?.health ?? absent };
      }),
  );
  return { objects };
}

function remember(
  tick: DoneTick,
  memory: TickMemory,
  missing: ReadonlyMap<string, number>,
  nowMs: number,
): Omit<TickMemory, 'behind'> {
  const { observation, result } = tick;
  const hashes = new Map(tick.target.apps.flatMap((app) => app.manifests.map((each) => [idKey(each.id), each.hash])));
  // What waits is not remembered: it waits for something that this cluster may have by now.
  // Nor what is half done: an object that does not carry our label yet would not show that it changed. Nor an answer that
  // the write did not bear out.
  const again = new Set(
    result.apps.flatMap((app) => app.objects.flatMap((each) => (each.outcome === 'waiting' ? [idKey(each.id)] : []))),
  );
  const answers = [...tick.previews].filter(
    ([key, each]) =>
      !again.has(key) && (each.state === 'refused' || (each.state === 'accepted' && each.transfer === undefined)),
  );
  const previews = answers.map(([key, each]) => {
    const known = memory.previews.get(key);
    const resourceVersion = observation.objects.get(key)?.resourceVersion ?? '';
    const fresh = { desiredHash: hashes.get(key) ?? '', resourceVersion, atMs: nowMs, preview: each };
    return [key, known?.preview === each ? known : fresh] as const;
  });
  const refused = result.apps.flatMap((app) =>
    app.objects.flatMap((each) => rememberRefused(each, tick, hashes, nowMs)),
  );
  const owned = [...observation.inventories.values()].flatMap((inventory) => inventory.entries);
  const gone = owned
    .filter((entry) => entry.uid !== '' && !observation.objects.has(idKey(entry.id)))
    .map((entry) => idKey(entry.id));
  const written = new Set(
    result.apps
      .flatMap((app) => app.objects)
      .filter((each) => each.live !== undefined)
      .map((each) => idKey(each.id)),
  );
  const healed = tick.drift.objects
    .map((each) => (each.cause === 'drift' ? idKey(each.id) : ''))
    .filter((key) => written.has(key));
  const heals = new Map(memory.heals);
  for (const key of healed) heals.set(key, withHeal(heals.get(key) ?? [], nowMs));
  return {
    previews: new Map([...previews, ...refused]),
    missing: new Map(gone.map((key) => [key, missing.get(key) ?? nowMs])),
    heals,
  };
}

/** An apply that stood for its own dry-run and was refused: it is not sent again while neither side changes. */
function rememberRefused(
  { id, outcome, reason }: ObjectResult,
  { previews, observation }: DoneTick,
  hashes: ReadonlyMap<string, string>,
  atMs: number,
): readonly (readonly [string, RememberedPreview])[] {
  const key = idKey(id);
  const live = observation.objects.get(key);
  const desiredHash = hashes.get(key);
  if (outcome !== 'failed' || previews.get(key)?.state !== 'unasked') return [];
  if (live === undefined || desiredHash === undefined) return [];
  const { resourceVersion } = live;
  return [[key, { desiredHash, resourceVersion, atMs, preview: { state: 'refused', reason } }]];
}

function recent(times: ReadonlyMap<string, number>, nowMs: number): ReadonlyMap<string, number> {
  return new Map([...times].filter(([, atMs]) => nowMs - atMs < REMEMBER_MISSING_MS));
}
