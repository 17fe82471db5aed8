import type { LostField } from '../model/drift.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Manifest } from '../model/manifest.ts';
import { isList, isObject, mapAt, sameJson, textAt } from './json.ts';
import { leaveFields } from './leave-fields.ts';
import {
  appliedFields,
  type FieldPath,
  formatPath,
  hasBelow,
  isOwn,
  leaves,
  type ManagedEntry,
  managedEntries,
  stepInto,
  unionFields,
  without,
} from './managed-fields.ts';
import { type FieldTransfer, transferFields } from './transfer-fields.ts';

/** Who we are to API servers, and whose edits we take back. */
export interface FieldPolicy {
  /** Our own field manager. */
  readonly manager: string;
  /** True for managers that are people at a keyboard: `kubectl-edit`, `k9s`. */
  readonly isHuman: (manager: string) => boolean;
  /** True for an API version of the object's kind that the server does not serve any more. Absent: none is. */
  readonly isGone?: (apiVersion: string) => boolean;
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
  /** What has to become ours first, by a write of its own: see {@link transferFields}. */
  readonly transfer?: FieldTransfer;
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
  if (live === undefined) {
    return { body: withLabels(manifest.body, labels), force: false, lost: [], takenOver: [] };
  }
  const isOurs = (entry: ManagedEntry): boolean => manifest.adopt.includes(entry.manager);
  const strangers = managedEntries(live).filter(
    (entry) => !isOwn(entry, policy.manager) && entry.subresource !== 'status',
  );
  const others = strangers.filter((entry) => !isOurs(entry));
  const ours = strangers
    .filter(isOurs)
    .reduce((sum, { fields }) => unionFields(sum, fields), appliedFields(live, policy.manager));
  const leaving = leaveFields(manifest, live, ours, others);
  const desired = withLabels(leaving.body, labels);
  const conflicts = findConflicts(desired, live, others);
  const left = conflicts.filter((each) => !manifest.policy.force && !policy.isHuman(each.manager));
  // Of a field that a person and a controller hold together, the controller's part cannot be taken: it is left.
  const kept = new Set(left.map((each) => formatPath(each.path)));
  const taken = conflicts.filter((each) => !kept.has(formatPath(each.path)));
  const gone = [...left.map((each) => each.path), ...findHollow(desired, live, others, policy)];
  const body = gone.reduce<JsonObject>(withoutField, desired);
  const transfer = transferFields(live, body, {
    ...policy,
    adopt: manifest.adopt,
    apiVersion: manifest.apiVersion,
    isGone: policy.isGone ?? (() => false),
    leave: [...leaving.paths, ...left.map((each) => each.path)],
    taken: taken.map((each) => each.path),
  });
  const force = taken.length > 0 || transfer !== undefined;
  return {
    body: force ? withResourceVersion(body, live) : body,
    force,
    lost: left.map(describe),
    takenOver: taken.map(describe),
    ...(transfer === undefined ? {} : { transfer }),
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

/**
 * Empty maps and lists that another controller said too, and that the server does not keep: it has nothing there, and would
 * call ours a conflict. They say nothing, so nobody misses them.
 */
function findHollow(
  desired: JsonObject,
  live: JsonObject,
  others: readonly ManagedEntry[],
  { isHuman }: FieldPolicy,
): readonly FieldPath[] {
  return others
    .filter(({ manager }) => !isHuman(manager))
    .flatMap(({ fields }) => leaves(live, fields))
    .filter(({ path, value }) => path.length > 0 && value === undefined && isEmpty(valueAt(desired, path)))
    .map(({ path }) => path);
}

function isEmpty(value: JsonValue | undefined): boolean {
  return isList(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

function differs(desired: JsonValue | undefined, live: JsonValue | undefined): boolean {
  return desired !== undefined && !sameJson(desired, live);
}

function valueAt(body: JsonObject, path: FieldPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(stepInto, body);
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
