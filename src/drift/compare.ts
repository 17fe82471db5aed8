import type { FieldDifference } from '../model/drift.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { LiveObject } from '../model/observation.ts';
import { FIELD_MANAGER } from '../object/applyset.ts';
import { isObject, sameJson } from '../object/json.ts';
import {
  appliedFields,
  type FieldPath,
  formatPath,
  isOwn,
  type ManagedEntry,
  managedEntries,
  stepInto,
  touches,
  unionFields,
} from '../object/managed-fields.ts';
import { redactField } from './redact.ts';

/**
 * The fields that an apply would change: those that we own before or after it. What others added is no difference.
 * `before` as it is, `after` as a dry-run answered. `taken`: fields that become ours in between.
 */
export function compareLive(before: LiveObject, after: LiveObject, taken: JsonObject = {}): readonly FieldDifference[] {
  const [live, desired] = [before.body ?? {}, after.body ?? {}];
  const ours = unionFields(appliedFields(live, FIELD_MANAGER), appliedFields(desired, FIELD_MANAGER));
  const fields = unionFields(ours, taken);
  const authors = managedEntries(live).filter(
    (entry) => !isOwn(entry, FIELD_MANAGER) && entry.subresource !== 'status',
  );
  return compareFields(live, desired, fields, []).map((each) => ({
    ...redactField(before.id.kind, each.path, {
      path: formatPath(each.path),
      ...(each.desired === undefined ? {} : { desired: each.desired }),
      ...(each.live === undefined ? {} : { live: each.live }),
    }),
    ...author(each, live, authors),
  }));
}

/** Fields that an API server names, `spec.selector`, as far as they lead through maps. */
export function compareNamed(
  kind: string,
  names: readonly string[],
  live: JsonObject,
  desired: JsonObject,
): readonly FieldDifference[] {
  return names.map((name) => {
    const path = (name.split('[')[0] ?? '').split('.').map((part) => `f:${part}`);
    const [was, is] = [live, desired].map((body) => path.reduce<JsonValue | undefined>(stepInto, body));
    return redactField(kind, path, {
      path: formatPath(path),
      ...(is === undefined ? {} : { desired: is }),
      ...(was === undefined ? {} : { live: was }),
    });
  });
}

interface RawDifference {
  readonly path: FieldPath;
  readonly desired: JsonValue | undefined;
  readonly live: JsonValue | undefined;
}

/** Stops at the first step where one side has nothing: a whole container that is gone is one difference, not thirty. */
function compareFields(
  live: JsonValue | undefined,
  desired: JsonValue | undefined,
  fields: JsonObject,
  path: FieldPath,
): readonly RawDifference[] {
  if (sameJson(live, desired)) return [];
  const steps = Object.keys(fields).filter((step) => step !== '.');
  if (steps.length === 0 || live === undefined || desired === undefined) return [{ path, desired, live }];
  return steps.flatMap((step) => {
    const below = fields[step];
    return compareFields(stepInto(live, step), stepInto(desired, step), isObject(below) ? below : {}, [...path, step]);
  });
}

/**
 * Who changed a field: whoever owns it now, the latest first. A removed field is owned by nobody; then it is whoever
 * wrote last, if that was after our own last apply.
 */
function author(
  difference: RawDifference,
  live: JsonObject,
  authors: readonly ManagedEntry[],
): { readonly manager?: string; readonly time?: string } {
  const ours = managedEntries(live).find((entry) => isOwn(entry, FIELD_MANAGER))?.time ?? '';
  const suspects = authors.filter((entry) =>
    difference.live === undefined ? entry.time >= ours : touches(entry.fields, difference.path),
  );
  const latest = suspects.toSorted((a, b) => (a.time < b.time ? 1 : -1))[0];
  if (latest === undefined) return {};
  return { manager: latest.manager, ...(latest.time === '' ? {} : { time: latest.time }) };
}
