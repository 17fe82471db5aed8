import type { JsonObject, JsonValue } from '../model/json.ts';
import { commonFields, dropFields, holds, standingFields, subtractFields, subtractPath } from './field-sets.ts';
import { at, isObject, listAt, mapAt } from './json.ts';
import {
  appliedFields,
  type FieldPath,
  isOwn,
  type ManagedEntry,
  managedEntries,
  subtree,
  unionFields,
} from './managed-fields.ts';

/** A new `metadata.managedFields` for a live object, in which fields of others have become ours. */
export interface FieldTransfer {
  readonly managedFields: readonly JsonObject[];
  /** Managers that give something up; empty: only API versions are written anew. */
  readonly from: readonly string[];
}

/** What decides over a transfer. */
export interface TransferRules {
  /** Our own field manager. */
  readonly manager: string;
  /** Managers whose entries become ours whole. */
  readonly adopt: readonly string[];
  readonly isHuman: (manager: string) => boolean;
  /** API version in which we apply. */
  readonly apiVersion: string;
  /** True for an API version that the server does not serve any more. */
  readonly isGone: (apiVersion: string) => boolean;
  /** Places that are left to others. */
  readonly leave: readonly FieldPath[];
  /** Places of people that the apply takes by itself: alone they are worth no write, but one that comes anyway takes them along. */
  readonly taken: readonly FieldPath[];
}

/**
 * What an apply cannot do: a field that somebody else owns too stays when Git gives it up. So the owners are changed
 * first, as `kubectl apply --server-side` does for its own client-side past (client-go, `csaupgrade`):
 *
 * - all that a manager of `adopt` owns, so that what is not in Git goes with the next apply;
 * - of what people own, only what Git says (`body`) or said (our own entry), and kubectl's copy of the last manifest;
 * - also what the apply would take by itself, if all that it leaves of an entry is that there are maps;
 * - entries in an API version that is gone are written in ours: else the server drops them with the next write, or, for a
 *   custom resource, refuses every write (kubernetes/kubernetes#111937).
 *
 * `undefined`: there is nothing to change.
 */
export function transferFields(live: JsonObject, body: JsonObject, rules: TransferRules): FieldTransfer | undefined {
  const { manager, apiVersion } = rules;
  const raw = listAt(live, 'metadata', 'managedFields').filter(isObject);
  const entries = managedEntries(live).map((entry, index) => {
    const claim = isOwn(entry, manager) ? {} : claimOn(entry, live, body, rules);
    return { entry, raw: raw[index] ?? {}, claim, isGone: rules.isGone(entry.apiVersion) };
  });
  const claims = entries.filter(({ claim }) => !isEmpty(claim));
  const isWorthIt = claims.some((each) => isMoreThanTaken(each, rules));
  if (!isWorthIt && entries.every(({ isGone }) => !isGone)) return undefined;
  const renewed = (of: { readonly raw: JsonObject; readonly isGone: boolean }): JsonObject =>
    of.isGone ? { ...of.raw, apiVersion } : of.raw;
  const rest = entries
    .filter(({ entry }) => !isOwn(entry, manager))
    .map((each) => ({ ...each, fields: subtractFields(each.entry.fields, each.claim) }))
    .filter(({ fields, claim }) => !isEmpty(fields) && (isEmpty(claim) || !isMarks(fields)))
    .map((each) => ({ ...renewed(each), fieldsV1: each.fields }));
  const own = entries.find(({ entry }) => isOwn(entry, manager));
  const fields = claims.reduce((sum, { claim }) => unionFields(sum, claim), appliedFields(live, manager));
  const time = claims.map(({ entry }) => entry.time).reduce((a, b) => (a > b ? a : b), '');
  const fresh = { manager, operation: 'Apply', apiVersion, ...(time === '' ? {} : { time }), fieldsType: 'FieldsV1' };
  const ours = isEmpty(fields) ? [] : [{ ...(own === undefined ? fresh : renewed(own)), fieldsV1: fields }];
  return { managedFields: [...rest, ...ours], from: [...new Set(claims.map(({ entry }) => entry.manager))].sort() };
}

/**
 * What an apply would leave behind after a transfer, from `after`, the answer to a dry-run of that apply before it: what
 * became ours, is not in Git and is nobody else's goes.
 */
export function afterTransfer(
  live: JsonObject,
  after: JsonObject,
  transfer: FieldTransfer,
  manager: string,
): JsonObject {
  const applied = managedEntries(after).find((entry) => isOwn(entry, manager))?.fields ?? {};
  const given = { metadata: { managedFields: transfer.managedFields } };
  const others = managedEntries(given).filter((entry) => !isOwn(entry, manager));
  const isHeld = (path: FieldPath): boolean =>
    [applied, ...others.map(({ fields }) => fields)].some((fields) => holds(fields, path));
  const left = subtractFields(unionFields(appliedFields(live, manager), appliedFields(given, manager)), applied);
  const dropped = dropFields(after, left, isHeld);
  const own = listAt(after, 'metadata', 'managedFields').filter((each) => isEntryOf(each, manager));
  const rest = transfer.managedFields.filter((each) => !isEntryOf(each, manager));
  return { ...dropped, metadata: { ...mapAt(dropped, 'metadata'), managedFields: [...rest, ...own] } };
}

function isEntryOf(raw: JsonValue, manager: string): boolean {
  return at(raw, 'manager') === manager && at(raw, 'operation') === 'Apply' && at(raw, 'subresource') === undefined;
}

/** Whether an apply alone would leave something of a claim, or nothing of the entry but marks. */
function isMoreThanTaken(
  { entry, claim }: { readonly entry: ManagedEntry; readonly claim: JsonObject },
  { taken }: TransferRules,
): boolean {
  return !isEmpty(taken.reduce(subtractPath, claim)) || isMarks(taken.reduce(subtractPath, entry.fields));
}

/** Says of maps that they are there, and names nothing in them. */
function isMarks(fields: JsonObject): boolean {
  const steps = Object.keys(fields);
  return steps.length > 0 && steps.every((step) => step === '.' || isMarks(subtree(fields, step)));
}

/** The fields of an entry that become ours. Those of `status` belong to whoever reports it. */
function claimOn(entry: ManagedEntry, live: JsonObject, body: JsonObject, rules: TransferRules): JsonObject {
  if (entry.subresource === 'status') return {};
  if (rules.adopt.includes(entry.manager)) return entry.fields;
  if (!rules.isHuman(entry.manager)) return {};
  const all = managedEntries(live).map(({ fields }) => fields);
  const said = standingFields(body, entry.fields, all.reduce(unionFields, {}));
  const was = commonFields(entry.fields, appliedFields(live, rules.manager));
  const claim = rules.leave.reduce(subtractPath, unionFields(said, was));
  // By its name: a leaf around it is how API servers write that the map of annotations is there.
  return at(entry.fields, ...LAST_APPLIED) === undefined ? claim : unionFields(claim, LAST_APPLIED_SET);
}

/** The manifest as kubectl applied it last, which it compares with: it would be wrong from now on. */
const LAST_APPLIED = ['f:metadata', 'f:annotations', 'f:kubectl.kubernetes.io/last-applied-configuration'];
const LAST_APPLIED_SET = {
  'f:metadata': { 'f:annotations': { 'f:kubectl.kubernetes.io/last-applied-configuration': {} } },
};

function isEmpty(fields: JsonObject): boolean {
  return Object.keys(fields).length === 0;
}
