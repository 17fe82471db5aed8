/** Manifests, live objects and inventories for tests, from small YAML. */
import assert from 'node:assert/strict';
import { assessHealth } from '../../src/drift/health/table.ts';
import type { ApplyRequest, Preview } from '../../src/model/apply.ts';
import type { Cluster, Fleet, Guards } from '../../src/model/fleet.ts';
import type { Health } from '../../src/model/health.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Manifest, ObjectId, ObjectPolicy } from '../../src/model/manifest.ts';
import type {
  Inventory,
  InventoryEntry,
  KindState,
  LiveObject,
  Observation,
  ServedKind,
} from '../../src/model/observation.ts';
import type { RenderedApp, RenderedCluster } from '../../src/model/render.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { describeLive } from '../../src/object/describe-live.ts';
import { groupKindKey, groupOf, idKey, versionOf } from '../../src/object/id.ts';
import { hashJson, isObject, mapAt, textAt } from '../../src/object/json.ts';
import { parsePolicy } from '../../src/render/parse-policy.ts';
import { parseYaml } from '../../src/yaml.ts';

/** A map from YAML. */
export function yaml(text: string): JsonObject {
  const { documents, problems } = parseYaml(text);
  const value = documents[0]?.value;
  assert.ok(isObject(value), problems.map((each) => each.message).join('\n'));
  return value;
}

const NOWHERE = { file: 'base.yaml', line: 1, column: 1 };

/** A manifest as rendering makes it; annotations of `muster.dev/` count. */
export function manifest(text: string, more: Partial<Manifest> = {}): Manifest {
  const body = yaml(text);
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  return {
    id: {
      group: groupOf(apiVersion),
      kind: textAt(body, 'kind') ?? '',
      namespace: textAt(body, 'metadata', 'namespace') ?? '',
      name: textAt(body, 'metadata', 'name') ?? '',
    },
    apiVersion,
    body,
    hash: hashJson(body),
    origin: NOWHERE,
    by: NOWHERE,
    overlays: [],
    autoscaled: false,
    ignored: [],
    adopt: [],
    policy: policyOf(body),
    ...more,
  };
}

function policyOf(body: JsonObject): ObjectPolicy {
  return parsePolicy(body, []);
}

/** The fleet and the app of everything here, where a test does not say otherwise. */
export const FLEET = 'acme';
export const APP = 'web';

/**
 * What a manifest becomes in a cluster where we alone applied it: our label, our field set, a UID. `more` overrides facts.
 */
export function liveOf(of: Manifest, more: Partial<LiveObject> = {}): LiveObject {
  const metadata = mapAt(of.body, 'metadata');
  const body: JsonObject = {
    ...of.body,
    metadata: {
      ...metadata,
      uid: `uid-${of.id.kind}-${of.id.name}`,
      resourceVersion: '1',
      labels: { ...mapAt(metadata, 'labels'), [PART_OF_LABEL]: applySetId(FLEET, APP) },
      managedFields: [
        { manager: 'muster', operation: 'Apply', time: '2026-01-01T10:00:00Z', fieldsV1: fieldsOf(of.body) },
      ],
    },
  };
  return { ...describeLive(body, assess), health: CURRENT, ...more };
}

const CURRENT: Health = { state: 'Current', message: '' };

function assess(body: JsonObject): Health {
  return assessHealth(body);
}

/** A field set of all values in maps; lists count as one value. */
function fieldsOf(body: JsonObject): JsonObject {
  const entries = Object.entries(body).filter(([key]) => key !== 'apiVersion' && key !== 'kind');
  return Object.fromEntries(entries.map(([key, value]) => [`f:${key}`, isObject(value) ? fieldsOf(value) : {}]));
}

/** What the inventory says of an object that was clean. */
export function entryOf(of: Manifest, live: LiveObject = liveOf(of)): InventoryEntry {
  return { id: of.id, apiVersion: of.apiVersion, uid: live.uid, desiredHash: of.hash, ownedHash: live.ownedHash };
}

/** An inventory of these entries, as it was read. */
export function inventoryOf(entries: readonly InventoryEntry[], more: Partial<Inventory> = {}): Inventory {
  return {
    app: APP,
    revision: 'old',
    ...CLUSTER,
    prune: true,
    onUnplace: 'orphan',
    entries,
    resourceVersion: '100',
    ...more,
  };
}

export const CLUSTER_UID = 'uid-of-kube-system';

/** For which cluster an inventory is written. */
export const CLUSTER = { clusterUid: CLUSTER_UID, clusterName: 'eu' };

/** What was read from a cluster. The kinds of all objects and entries are listed, unless `kinds` says otherwise. */
export function observationOf(
  live: readonly LiveObject[],
  inventories: readonly Inventory[],
  kinds: Readonly<Record<string, KindState>> = {},
): Observation {
  const ids = [...live, ...inventories.flatMap((inventory) => inventory.entries)];
  const listed = ids.map(
    ({ id, apiVersion }) =>
      [
        groupKindKey(id),
        { state: 'listed', served: servedOf(id, apiVersion), versions: [versionOf(apiVersion)] },
      ] as const,
  );
  return {
    observedAt: '2026-01-01T12:00:00.000Z',
    clusterUid: CLUSTER_UID,
    kinds: new Map<string, KindState>([...listed, ...Object.entries(kinds)]),
    objects: new Map(live.map((object) => [idKey(object.id), object])),
    inventories: new Map(inventories.map((inventory) => [inventory.app, inventory])),
  };
}

export function servedOf(id: ObjectId, apiVersion: string): ServedKind {
  const { group, kind, namespace } = id;
  return {
    group,
    kind,
    version: versionOf(apiVersion),
    plural: `${kind.toLowerCase()}s`,
    namespaced: namespace !== '',
  };
}

/** One app as rendering gives it. */
export function renderedApp(manifests: readonly Manifest[], more: Partial<RenderedApp> = {}): RenderedApp {
  return {
    name: APP,
    state: 'rendered',
    drift: 'heal',
    prune: true,
    onUnplace: 'orphan',
    suspend: false,
    timeoutMs: 300_000,
    unprotect: [],
    dependsOn: [],
    manifests,
    diagnostics: [],
    ...more,
  };
}

/** Cluster `eu` with these apps. */
export function targetOf(apps: readonly RenderedApp[], more: Partial<Cluster> = {}): RenderedCluster {
  const cluster: Cluster = {
    name: 'eu',
    labels: {},
    connection: { kind: 'context', context: 'eu' },
    endpoints: [],
    zones: [],
    variables: {},
    suspend: false,
    origin: NOWHERE,
    ...more,
  };
  return { cluster, digest: 'sha256:0', apps };
}

export const GUARDS: Guards = {
  maxDelete: 5,
  maxDeletePercent: 30,
  maxLeaveClusters: 1,
  protect: ['CustomResourceDefinition', 'Namespace', 'PersistentVolumeClaim'],
};

export function fleetOf(more: Partial<Fleet> = {}): Fleet {
  return {
    name: FLEET,
    defaults: { drift: 'heal', prune: true, onUnplace: 'orphan' },
    suspend: false,
    guards: GUARDS,
    approvals: [],
    kinds: [],
    origin: NOWHERE,
    ...more,
  };
}

/** The API server's answer to a dry-run of a manifest. `before` absent: it is new. */
export function accepted(of: Manifest, before?: LiveObject, after: LiveObject = liveOf(of)): Preview {
  return {
    state: 'accepted',
    request: requestOf(of),
    ...(before === undefined ? {} : { before }),
    after,
    lost: [],
    takenOver: [],
  };
}

export function requestOf(of: Manifest): ApplyRequest {
  return { served: servedOf(of.id, of.apiVersion), id: of.id, body: of.body, force: false };
}
