import type { Health } from '../model/health.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { LiveObject, PrunePolicy } from '../model/observation.ts';
import { FIELD_MANAGER, PART_OF_LABEL } from './applyset.ts';
import { groupOf } from './id.ts';
import { at, isObject, listAt, mapAt, textAt } from './json.ts';
import { isOwn, managedEntries, ownedHash } from './managed-fields.ts';
import { sharedId } from './shared-id.ts';

/** Turns an object as the API server sent it into the facts that stages need. `assessHealth` is the health stage's. */
export function describeLive(body: JsonObject, assessHealth: (body: JsonObject) => Health): LiveObject {
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  const partOf = textAt(body, 'metadata', 'labels', PART_OF_LABEL);
  const strangers = describeStrangers(body);
  return {
    id: sharedId({
      group: groupOf(apiVersion),
      kind: textAt(body, 'kind') ?? '',
      namespace: textAt(body, 'metadata', 'namespace') ?? '',
      name: textAt(body, 'metadata', 'name') ?? '',
    }),
    apiVersion,
    uid: textAt(body, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(body, 'metadata', 'resourceVersion') ?? '',
    ownedHash: ownedHash(body, FIELD_MANAGER),
    ...(strangers.length === 0 ? {} : { strangers }),
    ...(partOf === undefined ? {} : { partOf: sharedLabel(partOf) }),
    terminating: at(body, 'metadata', 'deletionTimestamp') !== undefined,
    owners: describeOwners(listAt(body, 'metadata', 'ownerReferences')),
    health: sharedHealth(assessHealth(body)),
    prunePolicy: prunePolicy(body),
    body,
  };
}

function prunePolicy(body: JsonObject): PrunePolicy {
  const annotations = mapAt(body, 'metadata', 'annotations');
  const keep = annotations['muster.dev/prune'] === 'false';
  const confirm = annotations['muster.dev/confirm-delete'] === 'true';
  return keep || confirm ? { keep, confirm } : PRUNE;
}

function sharedHealth(health: Health): Health {
  return health.state === 'Current' && health.message === '' ? CURRENT : health;
}

/** An app has one label and many objects. */
function sharedLabel(label: string): string {
  const known = LABELS.get(label);
  if (known !== undefined) return known;
  if (LABELS.size >= MAX_LABELS) LABELS.clear();
  LABELS.set(label, label);
  return label;
}

const LABELS = new Map<string, string>();
const MAX_LABELS = 1000;

/** Thousands of objects are kept, and nearly all have these. */
const CURRENT: Health = { state: 'Current', message: '' };
const PRUNE: PrunePolicy = { keep: false, confirm: false };
const NOBODY: readonly string[] = [];

function describeStrangers(body: JsonObject): readonly string[] {
  const others = managedEntries(body).filter(
    (entry) => !isOwn(entry, FIELD_MANAGER) && entry.manager !== '' && entry.subresource !== 'status',
  );
  return others.length === 0 ? NOBODY : [...new Set(others.map(({ manager }) => manager))].sort();
}

function describeOwners(references: readonly JsonValue[]): readonly string[] {
  if (references.length === 0) return NOBODY;
  return references.filter(isObject).map((owner) => `${textAt(owner, 'kind') ?? '?'} ${textAt(owner, 'name') ?? '?'}`);
}
