import { gunzipSync, gzipSync } from 'node:zlib';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Inventory, InventoryEntry, ServedKind } from '../model/observation.ts';
import {
  APPLYSET_ID_LABEL,
  applySetId,
  GROUP_KINDS_ANNOTATION,
  INVENTORY_NAMESPACE,
  inventoryName,
  NAMESPACES_ANNOTATION,
  TOOLING_ANNOTATION,
} from '../object/applyset.ts';
import { apiVersionOf, versionOf } from '../object/id.ts';
import type { ListQuery } from './list.ts';
import { isList, listAt, parseJson, printJson, textAt } from '../object/json.ts';

/** An older Muster refuses a higher number instead of misreading it; a newer one reads all lower ones. */
const FORMAT = 1;

/** A compressed list that unpacks to more is not ours. 5,000 entries take about 1 MB. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

export const CONFIG_MAP: ServedKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

/** Selects the inventories of a fleet. */
export function inventoryQuery(fleet: string): ListQuery {
  const selector = [
    { label: 'app.kubernetes.io/managed-by', values: ['muster'] },
    { label: 'muster.dev/fleet', values: [fleet] },
  ];
  return { served: CONFIG_MAP, namespace: INVENTORY_NAMESPACE, selector };
}

/** The ConfigMap that holds an inventory: the ApplySet parent, readable with `kubectl get -o yaml`. */
export function encodeInventory(fleet: string, inventory: Inventory): JsonObject {
  const kinds = unique(inventory.entries.map(({ id }) => (id.group === '' ? id.kind : `${id.kind}.${id.group}`)));
  const namespaces = unique(inventory.entries.map(({ id }) => id.namespace)).filter(
    (each) => each !== '' && each !== INVENTORY_NAMESPACE,
  );
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: inventoryName(fleet, inventory.app),
      namespace: INVENTORY_NAMESPACE,
      ...(inventory.resourceVersion === '' ? {} : { resourceVersion: inventory.resourceVersion }),
      labels: {
        'app.kubernetes.io/managed-by': 'muster',
        'muster.dev/fleet': fleet,
        'muster.dev/app': inventory.app,
        [APPLYSET_ID_LABEL]: applySetId(fleet, inventory.app),
      },
      annotations: {
        [TOOLING_ANNOTATION]: `muster/v${FORMAT}`,
        [GROUP_KINDS_ANNOTATION]: kinds.join(','),
        [NAMESPACES_ANNOTATION]: asFarAsItFits(namespaces),
      },
    },
    data: {
      format: String(FORMAT),
      revision: inventory.revision,
      cluster: inventory.clusterUid,
      clusterName: inventory.clusterName,
      objects: String(inventory.entries.length),
      prune: String(inventory.prune),
      onUnplace: inventory.onUnplace,
    },
    binaryData: { entries: gzipSync(printJson(inventory.entries.map(row))).toString('base64') },
  };
}

/** What a ConfigMap of ours says; `unreadable` where its entries cannot be trusted. */
export function decodeInventory(object: JsonObject): Inventory {
  const app = textAt(object, 'metadata', 'labels', 'muster.dev/app') ?? '';
  const base = {
    app,
    revision: textAt(object, 'data', 'revision') ?? '',
    clusterUid: textAt(object, 'data', 'cluster') ?? '',
    clusterName: textAt(object, 'data', 'clusterName') ?? '',
    prune: textAt(object, 'data', 'prune') === 'true',
    onUnplace: textAt(object, 'data', 'onUnplace') === 'prune' ? ('prune' as const) : ('orphan' as const),
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
  };
  const format = Number(textAt(object, 'data', 'format'));
  if (!(format >= 1 && format <= FORMAT)) {
    return {
      ...base,
      entries: [],
      unreadable: `its inventory has format ${format}, and this Muster reads up to ${FORMAT}. Use the newer Muster`,
    };
  }
  const entries = decodeEntries(textAt(object, 'binaryData', 'entries') ?? '');
  if (entries === undefined || String(entries.length) !== textAt(object, 'data', 'objects')) {
    return {
      ...base,
      entries: [],
      unreadable:
        'its inventory was changed by hand and cannot be read. Restore the ConfigMap, or delete it: its objects are then adopted again',
    };
  }
  return { ...base, entries };
}

/** All annotations of an object have 256 KiB; thousands of namespaces with long names are more. We never read it. */
const LONGEST_ANNOTATION = 200_000;

function asFarAsItFits(names: readonly string[]): string {
  const text = names.join(',');
  return text.length <= LONGEST_ANNOTATION ? text : text.slice(0, text.lastIndexOf(',', LONGEST_ANNOTATION));
}

function row(entry: InventoryEntry): readonly JsonValue[] {
  const { id } = entry;
  return [
    id.group,
    versionOf(entry.apiVersion),
    id.kind,
    id.namespace,
    id.name,
    entry.uid,
    entry.desiredHash,
    entry.ownedHash,
  ];
}

function decodeEntries(text: string): readonly InventoryEntry[] | undefined {
  try {
    const unpacked = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES });
    const rows = listAt({ rows: parseJson(unpacked.toString('utf8')) }, 'rows');
    return rows.map(entryOf);
  } catch {
    return undefined;
  }
}

/** Throws where a row is not ours. */
function entryOf(value: JsonValue): InventoryEntry {
  if (!isList(value) || value.length !== 8 || !value.every((item) => typeof item === 'string'))
    throw new TypeError('row');
  const [group = '', version = '', kind = '', namespace = '', name = '', uid = '', desiredHash = '', ownedHash = ''] =
    value;
  return {
    id: { group, kind, namespace, name },
    apiVersion: apiVersionOf(group, version),
    uid,
    desiredHash,
    ownedHash,
  };
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}
