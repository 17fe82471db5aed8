import type { DeleteAction, TransferAction } from '../model/apply.ts';
import { PortError } from '../model/errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { Inventory, LiveObject } from '../model/observation.ts';
import type { ApplyAnswer, ClusterWriter, DeleteAnswer } from '../model/ports.ts';
import { FIELD_MANAGER, INVENTORY_NAMESPACE, inventoryName } from '../object/applyset.ts';
import { formatId } from '../object/id.ts';
import { at, printJson, textAt } from '../object/json.ts';
import { outage, refusalOf } from './api-error.ts';
import { CONFIG_MAP, encodeInventory, inventoryExcess } from './inventories.ts';
import { objectPath } from './paths.ts';
import type { Describe } from './list.ts';
import { objectOf, sendApply } from './reader.ts';
import type { Answer, ApiRequest, Transport } from './transport.ts';

/** Told what became of each write, so that a cache need not wait for its event. */
export interface WriteObserver {
  readonly stored: (object: LiveObject) => void;
  readonly removed: (id: ObjectId) => void;
  /** Nobody knows: there was no answer, or one that says that the object is another than we thought. */
  readonly doubted: (id: ObjectId) => void;
}

/** The {@link ClusterWriter} of one API server. */
export function createWriter(
  cluster: string,
  transport: Transport,
  describe: Describe,
  observer: WriteObserver,
): ClusterWriter {
  const orDoubt = async <T>(id: ObjectId, answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      observer.doubted(id);
      throw error;
    }
  };
  return {
    apply: async (request, signal) => {
      const answer = await orDoubt(request.id, sendApply(cluster, transport, describe, request, false, signal));
      if (answer.state === 'accepted') observer.stored(answer.object);
      else if (answer.refusal.kind === 'conflict') observer.doubted(request.id);
      return answer;
    },
    transfer: async (action, signal) => {
      const answer = await transferFields(cluster, transport, describe, action, signal);
      if (answer.state === 'accepted') observer.stored(answer.object);
      return answer;
    },
    delete: async (action, signal) => {
      const answer = await orDoubt(action.id, deleteObject(cluster, transport, action, signal));
      if (answer.state === 'gone') observer.removed(action.id);
      if (answer.state === 'refused' && answer.refusal.kind === 'conflict') observer.doubted(action.id);
      return answer;
    },
    putInventory: async (fleet, inventory, signal) => {
      const id = inventoryId(fleet, inventory);
      if (inventory.entries.length === 0) {
        await orDoubt(id, removeInventory(cluster, transport, fleet, inventory, signal));
        observer.removed(id);
        return { ...inventory, resourceVersion: '' };
      }
      const object = describe(await orDoubt(id, storeInventory(cluster, transport, fleet, inventory, signal)));
      observer.stored(object);
      return { ...inventory, resourceVersion: object.resourceVersion };
    },
  };
}

function inventoryId(fleet: string, inventory: Inventory): ObjectId {
  return {
    group: '',
    kind: CONFIG_MAP.kind,
    namespace: INVENTORY_NAMESPACE,
    name: inventoryName(fleet, inventory.app),
  };
}

/**
 * A JSON patch, because nothing else replaces `managedFields`: an apply refuses them, and a merge would add to them. The
 * resourceVersion in it makes it a compare-and-swap (client-go, `csaupgrade`).
 */
async function transferFields(
  cluster: string,
  transport: Transport,
  describe: Describe,
  { served, id, managedFields, resourceVersion }: TransferAction,
  signal: AbortSignal,
): Promise<ApplyAnswer> {
  const patch = [
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
  ];
  const request: ApiRequest = {
    method: 'PATCH',
    path: objectPath(served, id.namespace, id.name),
    query: { fieldManager: FIELD_MANAGER },
    contentType: 'application/json-patch+json',
    body: printJson(patch),
    operation: 'transfer',
    subject: formatId(id),
  };
  const answer = await transport.request(request, signal);
  if (answer.status === 200) {
    return { state: 'accepted', created: false, object: describe(objectOf(answer, request, cluster)) };
  }
  const refusal = refusalOf(answer, id.kind === 'Secret');
  if (refusal === undefined) throw outage(answer, request, cluster);
  const gone = answer.status === 404 && textAt(answer.body, 'reason') === 'NotFound';
  return { state: 'refused', refusal: gone ? { ...refusal, kind: 'conflict', fields: [] } : refusal };
}

async function deleteObject(
  cluster: string,
  transport: Transport,
  { served, id, uid, resourceVersion }: DeleteAction,
  signal: AbortSignal,
): Promise<DeleteAnswer> {
  const request = deleteRequest(objectPath(served, id.namespace, id.name), formatId(id), { uid, resourceVersion });
  const answer = await transport.request(request, signal);
  if (answer.status === 404 && textAt(answer.body, 'reason') === 'NotFound') return { state: 'gone' };
  if (answer.status === 200 || answer.status === 202) return { state: deletionState(answer, request, cluster) };
  const refusal = refusalOf(answer, id.kind === 'Secret');
  if (refusal === undefined) throw outage(answer, request, cluster);
  return { state: 'refused', refusal };
}

/**
 * A deletion is answered by a Status of success, or by the object as it was or still is (Kubernetes API conventions, "Verbs
 * on Resources"). Anything else that says 200 deleted nothing: what is believed gone would leave the record.
 */
function deletionState(answer: Answer, request: ApiRequest, cluster: string): 'gone' | 'terminating' {
  if (textAt(answer.body, 'kind') === 'Status' && textAt(answer.body, 'status') === 'Success') return 'gone';
  const object = objectOf(answer, request, cluster);
  return at(object, 'metadata', 'deletionTimestamp') === undefined ? 'gone' : 'terminating';
}

/**
 * Dependents go in the background: the raw default of `batch/v1` Jobs would leave their Pods behind (Kubernetes
 * documentation, "Cascading deletion").
 */
function deleteRequest(path: string, subject: string, preconditions: JsonObject): ApiRequest {
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, propagationPolicy: 'Background' };
  return { method: 'DELETE', path, body: printJson(body), operation: 'delete', subject };
}

/** PUT with the resourceVersion that was read: the fence. POST where there was none. */
async function storeInventory(
  cluster: string,
  transport: Transport,
  fleet: string,
  inventory: Inventory,
  signal: AbortSignal,
): Promise<JsonObject> {
  const request = storeRequest(cluster, fleet, inventory);
  let answer = await transport.request(request, signal);
  if (answer.status === 404 && inventory.resourceVersion === '') {
    await createNamespace(cluster, transport, signal);
    answer = await transport.request(request, signal);
  }
  if (answer.status === 200 || answer.status === 201) return objectOf(answer, request, cluster);
  if (answer.status === 409 || answer.status === 404) throw overtaken(request, cluster, answer);
  throw outage(answer, request, cluster);
}

async function removeInventory(
  cluster: string,
  transport: Transport,
  fleet: string,
  inventory: Inventory,
  signal: AbortSignal,
): Promise<void> {
  if (inventory.resourceVersion === '') return;
  const { path, subject } = storeRequest(cluster, fleet, inventory);
  const request = deleteRequest(path, subject, { resourceVersion: inventory.resourceVersion });
  const answer = await transport.request(request, signal);
  if (answer.status === 409) throw overtaken(request, cluster, answer);
  if (answer.status >= 400 && answer.status !== 404) throw outage(answer, request, cluster);
  if (answer.status < 400) deletionState(answer, request, cluster);
}

/** Throws TOO_BIG for an inventory that no API server would store: that concerns its app, and is no failure of the cluster. */
function storeRequest(cluster: string, fleet: string, inventory: Inventory): ApiRequest {
  const object = encodeInventory(fleet, inventory);
  const name = textAt(object, 'metadata', 'name') ?? '';
  const create = inventory.resourceVersion === '';
  const request: ApiRequest = {
    method: create ? 'POST' : 'PUT',
    path: objectPath(CONFIG_MAP, INVENTORY_NAMESPACE, create ? '' : name),
    query: { fieldManager: FIELD_MANAGER },
    body: printJson(object),
    operation: 'store',
    subject: `inventory ${name}`,
  };
  const excess = inventoryExcess(object);
  if (excess === undefined) return request;
  const what = { port: 'cluster', operation: 'store', subject: `${request.subject} on cluster ${cluster}` } as const;
  throw new PortError({ ...what, code: 'TOO_BIG', retry: false, safeMessage: excess });
}

async function createNamespace(cluster: string, transport: Transport, signal: AbortSignal): Promise<void> {
  const request: ApiRequest = {
    method: 'POST',
    path: '/api/v1/namespaces',
    query: { fieldManager: FIELD_MANAGER },
    body: printJson({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: INVENTORY_NAMESPACE } }),
    operation: 'create',
    subject: `Namespace ${INVENTORY_NAMESPACE}`,
  };
  const answer = await transport.request(request, signal);
  if (answer.status !== 201 && answer.status !== 409) throw outage(answer, request, cluster);
}

function overtaken(request: ApiRequest, cluster: string, answer: Answer): PortError {
  return new PortError({
    port: 'cluster',
    operation: request.operation,
    subject: `${request.subject} on cluster ${cluster}`,
    code: 'CONFLICT',
    retry: true,
    status: answer.status,
    safeMessage: 'somebody else wrote it since it was read: another Muster, or a person. It is read again',
  });
}
