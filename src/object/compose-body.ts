import type { LostField } from '../model/drift.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Manifest } from '../model/manifest.ts';
import { at, isObject, mapAt, sameJson, textAt } from './json.ts';
import {
  type FieldPath,
  formatPath,
  hasBelow,
  isOwn,
  leaves,
  type ManagedEntry,
  managedEntries,
  stepInto,
  touches,
  without,
} from './managed-fields.ts';

/** Who we are to API servers, and whose edits we take back. */
export interface FieldPolicy {
  /** Our own field manager. */
  readonly manager: string;
  /** True for managers that are people at a keyboard: `kubectl-edit`, `k9s`. */
  readonly isHuman: (manager: string) => boolean;
}

/** What to send for one object, and what that does to other managers. */
export interface ComposedBody {
  readonly body: JsonObject;
  /** True takes conflicting fields; `body` then carries the observed resourceVersion, so that nothing unseen is taken. */
  readonly force: boolean;
  /** Left out of `body`: another controller holds them with another value. */
  readonly lost: readonly LostField[];
  /** Held by people with another value: taken back. */
  readonly takenOver: readonly LostField[];
}

/**
 * Computes what to send from who owns what (design 4, "Validate, then write", 4). Force is per request and would also
 * take the fields of other controllers, so these are left out of the body unless the manifest asks for them.
 *
 * `labels` are added to those of the manifest. `live` absent: the object is not there, everything is sent.
 */
export function composeBody(
  manifest: Manifest,
  labels: Readonly<Record<string, string>>,
  live: JsonObject | undefined,
  policy: FieldPolicy,
): ComposedBody {
  const desired = withLabels(manifest.body, labels);
  if (live === undefined) return { body: desired, force: false, lost: [], takenOver: [] };
  const others = managedEntries(live).filter(
    (entry) => !isOwn(entry, policy.manager) && entry.subresource !== 'status',
  );
  const replicas = manifest.autoscaled ? handOver(desired, live, others) : desired;
  const conflicts = findConflicts(replicas, live, others);
  const left = conflicts.filter((each) => !manifest.policy.force && !policy.isHuman(each.manager));
  // Of a field that a person and a controller hold together, the controller's part cannot be taken: it is left.
  const kept = new Set(left.map((each) => formatPath(each.path)));
  const taken = conflicts.filter((each) => !kept.has(formatPath(each.path)));
  const body = left.reduce<JsonObject>((rest, each) => withoutField(rest, each.path), replicas);
  return {
    body: taken.length === 0 ? body : withResourceVersion(body, live),
    force: taken.length > 0,
    lost: left.map(describe),
    takenOver: taken.map(describe),
  };
}

interface Conflict {
  readonly path: FieldPath;
  readonly manager: string;
}

/** Fields that somebody else set and whose value is not ours. Equal values conflict with nobody: both own them. */
function findConflicts(desired: JsonObject, live: JsonObject, others: readonly ManagedEntry[]): readonly Conflict[] {
  const all = managedEntries(live);
  // A leaf over a map that others own piece by piece only says that the map is there: it was empty once.
  const isWhole = (path: FieldPath): boolean => !all.some((entry) => hasBelow(entry.fields, path));
  return others.flatMap((entry) =>
    leaves(live, entry.fields)
      .filter((leaf) => leaf.path.length > 0 && leaf.value !== undefined && isWhole(leaf.path))
      .filter((leaf) => differs(valueAt(desired, leaf.path), leaf.value))
      .map((leaf) => ({ path: leaf.path, manager: entry.manager })),
  );
}

function differs(desired: JsonValue | undefined, live: JsonValue | undefined): boolean {
  return desired !== undefined && !sameJson(desired, live);
}

function valueAt(body: JsonObject, path: FieldPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(stepInto, body);
}

/**
 * The replica count of an object that an autoscaler scales: not sent once somebody else set it; until then the live one,
 * because giving up a field that nobody else owns resets it to 1 (Kubernetes documentation, "Transferring ownership").
 */
function handOver(desired: JsonObject, live: JsonObject, others: readonly ManagedEntry[]): JsonObject {
  const path = ['f:spec', 'f:replicas'];
  const current = at(live, 'spec', 'replicas');
  if (current === undefined || at(desired, 'spec') === undefined) return desired;
  if (others.some((entry) => touches(entry.fields, path))) return withoutField(desired, path);
  return { ...desired, spec: { ...mapAt(desired, 'spec'), replicas: current } };
}

function withLabels(body: JsonObject, labels: Readonly<Record<string, string>>): JsonObject {
  const metadata = mapAt(body, 'metadata');
  return { ...body, metadata: { ...metadata, labels: { ...mapAt(metadata, 'labels'), ...labels } } };
}

function withResourceVersion(body: JsonObject, live: JsonObject): JsonObject {
  const resourceVersion = textAt(live, 'metadata', 'resourceVersion') ?? '';
  return { ...body, metadata: { ...mapAt(body, 'metadata'), resourceVersion } };
}

function withoutField(body: JsonObject, path: FieldPath): JsonObject {
  const rest = without(body, path);
  return isObject(rest) ? rest : body;
}

function describe(conflict: Conflict): LostField {
  return { path: formatPath(conflict.path), manager: conflict.manager };
}
