import type { JsonObject } from '../model/json.ts';
import type { Discovery, ServedKind } from '../model/observation.ts';
import { isObject, listAt, textAt } from '../object/json.ts';
import { corrupt, outage } from './api-error.ts';
import type { Answer, ApiRequest, Transport } from './transport.ts';

/** Aggregated discovery: two requests for everything (Kubernetes 1.30 and later; 1.26 and later as v2beta1). */
const ACCEPT = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
].join(',');

/** Discovery of one cluster: cached, one flight at a time, revalidated by ETag. */
export interface DiscoveryCache {
  /** `fresh` asks the server even when the cache is young. */
  read(fresh: boolean, signal: AbortSignal): Promise<Discovery>;
}

/** `maxAgeMs`: how long an answer is believed without asking. */
export function createDiscoveryCache(cluster: string, transport: Transport, maxAgeMs: number): DiscoveryCache {
  const documents = new Map<string, Document>();
  let last: { readonly discovery: Discovery; readonly at: number } | undefined;
  let flight: Promise<Discovery> | undefined;

  const readDocument = async (path: string, signal: AbortSignal): Promise<readonly JsonObject[]> => {
    const known = documents.get(path);
    const request: ApiRequest = {
      method: 'GET',
      path,
      accept: ACCEPT,
      operation: 'discover',
      subject: path,
      ...(known === undefined || known.etag === '' ? {} : { ifNoneMatch: known.etag }),
    };
    const answer = await transport.request(request, signal);
    if (answer.status === 304 && known !== undefined) return known.groups;
    if (answer.status !== 200) throw outage(answer, request, cluster);
    const document = parseDocument(answer, request, cluster);
    documents.set(path, document);
    return document.groups;
  };

  const fetch = async (signal: AbortSignal): Promise<Discovery> => {
    const [core, named] = await Promise.all([readDocument('/api', signal), readDocument('/apis', signal)]);
    const discovery = parseDiscovery([...core, ...named]);
    last = { discovery, at: performance.now() };
    return discovery;
  };

  return {
    read: (fresh, signal) => {
      if (!fresh && last !== undefined && performance.now() - last.at < maxAgeMs)
        return Promise.resolve(last.discovery);
      flight ??= fetch(signal).finally(() => (flight = undefined));
      return flight;
    },
  };
}

interface Document {
  readonly etag: string;
  readonly groups: readonly JsonObject[];
}

/** Anything else that says 200 is no document: taken for an empty one it would make every kind, and what we own of it, gone. */
function parseDocument(answer: Answer, request: ApiRequest, cluster: string): Document {
  const { body, headers } = answer;
  const isDocument = textAt(body, 'kind') === 'APIGroupDiscoveryList' && isObject(body) && Array.isArray(body['items']);
  if (!isDocument) throw corrupt(answer, request, cluster, 'an aggregated discovery document');
  const etag = headers['etag'];
  return { etag: typeof etag === 'string' ? etag : '', groups: listAt(body, 'items').filter(isObject) };
}

/** Groups in the server's order; per group the preferred version first. A stale version makes its group unknown. */
export function parseDiscovery(groups: readonly JsonObject[]): Discovery {
  const kinds: ServedKind[] = [];
  const unknownGroups = new Map<string, string>();
  for (const item of groups) {
    const group = textAt(item, 'metadata', 'name') ?? '';
    for (const version of listAt(item, 'versions').filter(isObject)) {
      if (textAt(version, 'freshness') === 'Stale') {
        unknownGroups.set(group, `the API group "${group}" ${textAt(version, 'version') ?? ''} does not answer`);
      }
      kinds.push(...servedKinds(group, version));
    }
  }
  return { kinds, unknownGroups };
}

function servedKinds(group: string, version: JsonObject): readonly ServedKind[] {
  return listAt(version, 'resources')
    .filter(isObject)
    .flatMap((resource) => {
      const kind = textAt(resource, 'responseKind', 'kind');
      const plural = textAt(resource, 'resource');
      if (kind === undefined || plural === undefined || !isManageable(resource)) return [];
      return {
        group,
        version: textAt(version, 'version') ?? '',
        kind,
        plural,
        namespaced: textAt(resource, 'scope') === 'Namespaced',
      };
    });
}

/** What cannot be listed and patched (reviews, bindings) is nothing that a repository can hold. */
function isManageable(resource: JsonObject): boolean {
  const verbs = listAt(resource, 'verbs');
  return verbs.includes('patch') && verbs.includes('list') && verbs.includes('delete');
}
