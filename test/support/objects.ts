/** Manifests, live objects and inventories for tests, from small YAML. */
import assert from 'node:assert/strict';
import { assessHealth } from '../../src/drift/health/table.ts';
import type { Health } from '../../src/model/health.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Manifest, ObjectPolicy } from '../../src/model/manifest.ts';
import type { InventoryEntry, LiveObject } from '../../src/model/observation.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { describeLive } from '../../src/object/describe-live.ts';
import { groupOf } from '../../src/object/id.ts';
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
