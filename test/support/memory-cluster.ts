/** A cluster in memory that knows ConfigMaps and Secrets, for what a controller makes of what it reads: when, in which order, and not. */
import { type PortCode, PortError, type PortFailure } from '../../src/model/errors.ts';
import type { Inventory, LiveObject, ServedKind } from '../../src/model/observation.ts';
import type { ClusterReader, ClusterWriter } from '../../src/model/ports.ts';
import { formatId, idKey } from '../../src/object/id.ts';
import { printJson } from '../../src/object/json.ts';
import { liveOf, manifest } from './objects.ts';

export interface MemoryCluster {
  readonly reader: ClusterReader;
  readonly writer: ClusterWriter;
  /** By `idKey`. */
  readonly objects: Map<string, LiveObject>;
  /** By app. */
  readonly inventories: Map<string, Inventory>;
  /** All writes that were carried out, in order: `apply ConfigMap shop/a`, `store web`. */
  readonly writes: string[];
  /** All reads: `list ConfigMap`, `get ConfigMap shop/a`. */
  readonly reads: string[];
}

/** Asked before each call; what it throws is what the cluster says. */
export type OnCall = (what: string) => void | Promise<void>;

const KINDS: readonly ServedKind[] = ['ConfigMap', 'Secret'].map((kind) => {
  return { group: '', kind, version: 'v1', plural: `${kind.toLowerCase()}s`, namespaced: true };
});

/** An empty cluster whose kube-system namespace has this UID. */
export function memoryCluster(uid: string, onCall: OnCall = () => {}): MemoryCluster {
  const objects = new Map<string, LiveObject>();
  const inventories = new Map<string, Inventory>();
  const writes: string[] = [];
  const reads: string[] = [];
  let version = 0;
  const read = async (what: string): Promise<void> => {
    reads.push(what);
    await onCall(what);
  };
  const write = async (what: string): Promise<void> => {
    await onCall(what);
    writes.push(what);
    version += 1;
  };
  const made = (body: Parameters<typeof printJson>[0]): LiveObject =>
    liveOf(manifest(printJson(body)), { resourceVersion: `${version}` });
  return {
    objects,
    inventories,
    writes,
    reads,
    reader: {
      discover: async ({ fresh }) => {
        if (fresh) await read('discover');
        return { kinds: KINDS, unknownGroups: new Map() };
      },
      clusterUid: async () => {
        await read('identify');
        return uid;
      },
      list: async ({ kind }, namespace, applySets) => {
        await read(`list ${kind}`);
        const ours = [...objects.values()].filter(({ partOf }) => applySets.includes(partOf ?? ''));
        return ours.filter(({ id }) => id.kind === kind && ['', id.namespace].includes(namespace));
      },
      get: async ({ group, kind }, namespace, name) => {
        const id = { group, kind, namespace, name };
        await read(`get ${formatId(id)}`);
        return objects.get(idKey(id));
      },
      dryRun: async ({ id, body }) => {
        await read(`dry-run ${formatId(id)}`);
        return { state: 'accepted', created: !objects.has(idKey(id)), object: made(body) };
      },
      inventories: async () => [...inventories.values()],
    },
    writer: {
      apply: async ({ id, body }) => {
        await write(`apply ${formatId(id)}`);
        const created = !objects.has(idKey(id));
        const object = made(body);
        objects.set(idKey(id), object);
        return { state: 'accepted', created, object };
      },
      transfer: async ({ id }) => {
        await write(`transfer ${formatId(id)}`);
        const object = objects.get(idKey(id));
        if (object !== undefined) return { state: 'accepted', created: false, object };
        return { state: 'refused', refusal: { kind: 'conflict', message: 'gone', fields: [], immutable: false } };
      },
      delete: async ({ id }) => {
        await write(`delete ${formatId(id)}`);
        objects.delete(idKey(id));
        return { state: 'gone' };
      },
      putInventory: async (_fleet, inventory) => {
        await write(`store ${inventory.app}`);
        if ((inventories.get(inventory.app)?.resourceVersion ?? '') !== inventory.resourceVersion) {
          throw says('CONFLICT', 'somebody else wrote it since it was read');
        }
        const next = { ...inventory, resourceVersion: `${version}` };
        if (inventory.entries.length === 0) inventories.delete(inventory.app);
        else inventories.set(inventory.app, next);
        return next;
      },
    },
  };
}

/** What a cluster says when it does not do it. */
export function says(code: PortCode, safeMessage: string, more: Partial<PortFailure> = {}): PortError {
  const what = { port: 'cluster', operation: 'ask', subject: 'the cluster' } as const;
  return new PortError({ ...what, code, retry: true, safeMessage, ...more });
}
