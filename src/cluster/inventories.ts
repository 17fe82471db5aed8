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
import { sharedId } from '../object/shared-id.ts';
import type { ListQuery } from './list.ts';
import { isList, isObject, listAt, mapAt, parseJson, printJson, textAt } from '../object/json.ts';

/**
 * An older Muster writes nothing over a higher number, and reads of it only what it knows; a newer one reads all lower
 * ones, and writes its own when it has something to write anyway. A column of the entries is only ever added at the end.
 */
const FORMAT = 1;

/** What the API server stores of a ConfigMap, and of all annotations of an object (Kubernetes `MaxSecretSize`, `TotalAnnotationSizeLimitB`). */
const MAX_DATA_BYTES = 1024 * 1024;
const MAX_ANNOTATION_BYTES = 256 * 1024;

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
      ...(inventory.unprotect === undefined ? {} : { unprotect: inventory.unprotect.join(',') }),
      ...(inventory.suspended === true ? { suspended: 'true' } : {}),
      ...encodeProgress(inventory.entries),
    },
    binaryData: { entries: gzipSync(printJson(inventory.entries.map(row))).toString('base64') },
  };
}

/** Why no API server would store this inventory; `undefined`: it would. Some 15,000 entries fit. */
export function inventoryExcess(object: JsonObject): string | undefined {
  const annotations = Object.entries(mapAt(object, 'metadata', 'annotations')).flat();
  const texts = Object.values(mapAt(object, 'data'));
  const entries = Buffer.byteLength(textAt(object, 'binaryData', 'entries') ?? '', 'base64');
  const bytes = entries + sumBytes(texts);
  const count = `its inventory of ${textAt(object, 'data', 'objects')} objects`;
  if (bytes > MAX_DATA_BYTES) return `${count} takes ${bytes} bytes, and the limit is ${MAX_DATA_BYTES}. Split the app`;
  const noteBytes = sumBytes(annotations);
  if (noteBytes > MAX_ANNOTATION_BYTES)
    return `${count} names kinds and namespaces in ${noteBytes} bytes, and the limit is ${MAX_ANNOTATION_BYTES}. Split the app`;
  return undefined;
}

function sumBytes(texts: readonly JsonValue[]): number {
  return texts.reduce((sum: number, each) => sum + (typeof each === 'string' ? Buffer.byteLength(each) : 0), 0);
}

/** What a ConfigMap of ours says; `unreadable` where nothing may be written over it. */
export function decodeInventory(object: JsonObject): Inventory {
  const unprotect = textAt(object, 'data', 'unprotect') ?? '';
  const app = textAt(object, 'metadata', 'labels', 'muster.dev/app') ?? '';
  const base = {
    app,
    revision: textAt(object, 'data', 'revision') ?? '',
    clusterUid: textAt(object, 'data', 'cluster') ?? '',
    clusterName: textAt(object, 'data', 'clusterName') ?? '',
    prune: textAt(object, 'data', 'prune') === 'true',
    onUnplace: textAt(object, 'data', 'onUnplace') === 'prune' ? ('prune' as const) : ('orphan' as const),
    ...(unprotect === '' ? {} : { unprotect: unprotect.split(',') }),
    ...(textAt(object, 'data', 'suspended') === 'true' ? { suspended: true } : {}),
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
  };
  const format = Number(textAt(object, 'data', 'format'));
  if (!(format >= 1 && format <= FORMAT)) {
    return {
      ...base,
      // What can be read of them tells what is clean, missing and changed.
      entries: decodeEntries(textAt(object, 'binaryData', 'entries') ?? '', true) ?? [],
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
  return { ...base, entries: withProgress(entries, object) };
}

/**
 * Positions in the list of entries, beside it: who does not know of them reads the list all the same. `behind` is of each time
 * those that are on their way since.
 */
function encodeProgress(entries: readonly InventoryEntry[]): JsonObject {
  const positions = [...entries.keys()];
  const behind = Map.groupBy(positions, (index) => entries[index]?.since ?? '');
  behind.delete('');
  const failed = positions.filter((index) => entries[index]?.failed === true);
  return {
    ...(behind.size === 0 ? {} : { behind: printJson(Object.fromEntries(behind)) }),
    ...(failed.length === 0 ? {} : { failed: printJson(failed) }),
  };
}

/** What cannot be read says nothing: a deadline begins anew. */
function withProgress(entries: readonly InventoryEntry[], object: JsonObject): readonly InventoryEntry[] {
  const behind = parseNote(textAt(object, 'data', 'behind'));
  const failed = parseNote(textAt(object, 'data', 'failed'));
  if (behind === undefined && failed === undefined) return entries;
  const times = Object.entries(isObject(behind) ? behind : {});
  const since = new Map(
    times.flatMap(([time, positions]) => listAt({ positions }, 'positions').map((at) => [at, time])),
  );
  const lost = new Set(listAt({ failed: failed ?? [] }, 'failed'));
  return entries.map((entry, index) => {
    const time = since.get(index);
    return { ...entry, ...(time === undefined ? {} : { since: time }), ...(lost.has(index) ? { failed: true } : {}) };
  });
}

function parseNote(text: string | undefined): JsonValue | undefined {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
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

/** `undefined`: they are not ours. `longer`: further columns are passed by. */
function decodeEntries(text: string, longer = false): readonly InventoryEntry[] | undefined {
  try {
    const unpacked = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES });
    const rows = listAt({ rows: parseJson(unpacked.toString('utf8')) }, 'rows');
    return rows.map((each) => entryOf(longer && isList(each) ? each.slice(0, COLUMNS) : each));
  } catch {
    return undefined;
  }
}

const COLUMNS = 8;

/** Throws where a row is not ours. */
function entryOf(value: JsonValue): InventoryEntry {
  if (!isList(value) || value.length !== COLUMNS || !value.every((item) => typeof item === 'string'))
    throw new TypeError('row');
  const [group = '', version = '', kind = '', namespace = '', name = '', uid = '', desiredHash = '', ownedHash = ''] =
    value;
  return {
    id: sharedId({ group, kind, namespace, name }),
    apiVersion: apiVersionOf(group, version),
    uid,
    desiredHash,
    ownedHash,
  };
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)].sort();
}
