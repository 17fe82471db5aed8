import type { ApplyRequest } from '../model/apply.ts';
import type { JsonObject } from '../model/json.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { Inventory, LiveObject, ServedKind } from '../model/observation.ts';
import type { ApplyAnswer, ClusterReader, Refusal } from '../model/ports.ts';
import { FIELD_MANAGER, PART_OF_LABEL } from '../object/applyset.ts';
import { formatId } from '../object/id.ts';
import { isObject, printJson, textAt } from '../object/json.ts';
import { corrupt, outage, refusalOf } from './api-error.ts';
import type { DiscoveryCache } from './discovery.ts';
import { decodeInventory, inventoryQuery } from './inventories.ts';
import type { Describe, Lister } from './list.ts';
import { objectPath } from './paths.ts';
import type { Answer, ApiRequest, Transport } from './transport.ts';

/** The {@link ClusterReader} of one API server. `lister` decides whether lists come from a cache. */
export function createReader(
  cluster: string,
  transport: Transport,
  discovery: DiscoveryCache,
  lister: Lister,
  describe: Describe,
): ClusterReader {
  const decoded = new WeakMap<LiveObject, Inventory>();
  const decode = (object: LiveObject): readonly Inventory[] => {
    if (object.body === undefined) return [];
    const inventory = decodeInventory(object.body);
    decoded.set(object, inventory);
    return [inventory];
  };
  return {
    discover: ({ fresh }, signal) => discovery.read(fresh, signal),
    clusterUid: (signal) => transport.identity(signal),
    list: (served, namespace, applySets, signal) => {
      const selector = [{ label: PART_OF_LABEL, values: applySets }];
      return lister.list({ served, namespace, selector }, signal);
    },
    get: (served, namespace, name, signal) =>
      getObject(cluster, transport, describe, { served, namespace, name }, signal),
    dryRun: (request, signal) => sendApply(cluster, transport, describe, request, true, signal),
    inventories: async (fleet, signal) => {
      const objects = await lister.list(inventoryQuery(fleet), signal);
      return objects.flatMap((each) => decoded.get(each) ?? decode(each));
    },
  };
}

/** Server-side apply (`fieldValidation=Strict`: an unknown field is an error, not silence). */
export async function sendApply(
  cluster: string,
  transport: Transport,
  describe: Describe,
  { served, id, body, force }: ApplyRequest,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<ApplyAnswer> {
  const text = printJson(body);
  const excess = excessOf(text, id);
  if (excess !== undefined) return { state: 'refused', refusal: excess };
  const request: ApiRequest = {
    method: 'PATCH',
    path: objectPath(served, id.namespace, id.name),
    query: {
      fieldManager: FIELD_MANAGER,
      fieldValidation: 'Strict',
      force: String(force),
      ...(dryRun ? { dryRun: 'All' } : {}),
    },
    contentType: 'application/apply-patch+yaml',
    body: text,
    operation: dryRun ? 'dry-run' : 'apply',
    subject: formatId(id),
  };
  const answer = await transport.request(request, signal);
  if (answer.status === 200 || answer.status === 201) {
    return { state: 'accepted', created: answer.status === 201, object: describe(objectOf(answer, request, cluster)) };
  }
  const refusal = refusalOf(answer, id.kind === 'Secret');
  if (refusal === undefined) throw outage(answer, request, cluster);
  return { state: 'refused', refusal };
}

/** What etcd takes in one request, and the API server in one body (`--max-request-bytes`, `MaxRequestBodyBytes`). */
const MAX_STORED_BYTES = 1.5 * 1024 * 1024;
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

/** A dry-run stores nothing, so that it would not find out. A definition is stored in half of what its text takes. */
function excessOf(text: string, { kind }: ObjectId): Refusal | undefined {
  const limit = kind === 'CustomResourceDefinition' ? MAX_REQUEST_BYTES : MAX_STORED_BYTES;
  // Three bytes are the most that a UTF-16 unit takes: most objects need not be measured.
  if (text.length * 3 <= limit) return undefined;
  const bytes = Buffer.byteLength(text);
  if (bytes <= limit) return undefined;
  const message = `it takes ${bytes} bytes, and the limit of an object is ${limit}. Split it`;
  return { kind: 'too-large', message, fields: [], immutable: false };
}

async function getObject(
  cluster: string,
  transport: Transport,
  describe: Describe,
  { served, namespace, name }: { readonly served: ServedKind; readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<LiveObject | undefined> {
  const request: ApiRequest = {
    method: 'GET',
    path: objectPath(served, namespace, name),
    operation: 'get',
    subject: formatId({ group: served.group, kind: served.kind, namespace, name }),
  };
  const answer = await transport.request(request, signal);
  if (isNotFound(answer, name)) return undefined;
  if (answer.status !== 200) throw outage(answer, request, cluster);
  return describe(objectOf(answer, request, cluster));
}

/** UID of the `kube-system` namespace: nobody can give a cluster another one. */
export async function readClusterUid(cluster: string, send: (request: ApiRequest) => Promise<Answer>): Promise<string> {
  const request: ApiRequest = {
    method: 'GET',
    path: '/api/v1/namespaces/kube-system',
    operation: 'identify',
    subject: 'Namespace kube-system',
  };
  const answer = await send(request);
  if (answer.status !== 200) throw outage(answer, request, cluster);
  const uid = textAt(answer.body, 'metadata', 'uid');
  if (uid === undefined) throw corrupt(answer, request, cluster, 'the UID of the namespace');
  return uid;
}

/** 404 for the object itself; a 404 for its kind or from something else on the way proves nothing. */
function isNotFound(answer: Answer, name: string): boolean {
  return (
    answer.status === 404 &&
    textAt(answer.body, 'reason') === 'NotFound' &&
    textAt(answer.body, 'details', 'name') === name
  );
}

/** The object in an answer; an answer without one throws. */
export function objectOf(answer: Answer, request: ApiRequest, cluster: string): JsonObject {
  const body = answer.body;
  if (!isObject(body) || textAt(body, 'metadata', 'name') === undefined)
    throw corrupt(answer, request, cluster, 'an object');
  return body;
}
