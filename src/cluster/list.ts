import type { JsonObject } from '../model/json.ts';
import type { LiveObject, ServedKind } from '../model/observation.ts';
import { apiVersionOf } from '../object/id.ts';
import { isObject, listAt, mapAt, textAt } from '../object/json.ts';
import { corrupt, outage } from './api-error.ts';
import { objectPath } from './paths.ts';
import type { Answer, ApiRequest, Transport } from './transport.ts';

/** Objects a page: as kubectl asks for them. */
const PAGE = 500;

/** Lists objects whole: from the API server, or from a cache that a watch keeps. */
export interface Lister {
  list(query: ListQuery, signal: AbortSignal): Promise<readonly LiveObject[]>;
}

export interface ListQuery {
  readonly served: ServedKind;
  /** `''`: all namespaces. */
  readonly namespace: string;
  /** ANDed; each label has one of its values. */
  readonly selector: readonly LabelIn[];
}

export interface LabelIn {
  readonly label: string;
  readonly values: readonly string[];
}

/** Turns the JSON of an object into what stages know. */
export type Describe = (body: JsonObject) => LiveObject;

/** The objects of a list and the resourceVersion that they are of. */
export interface ListResult {
  readonly objects: readonly LiveObject[];
  readonly resourceVersion: string;
}

/** A {@link Lister} that asks each time. */
export function createLister(cluster: string, transport: Transport, describe: Describe): Lister {
  return {
    list: async (query, signal) => (await listObjects(cluster, transport, describe, query, signal)).objects,
  };
}

/** A list that grows too old between its pages is begun anew so often: a server that always says so is not asked for ever. */
const BEGINNINGS = 3;

/** Reads all pages. A list that could not be read whole throws: half a list looks like deletions. */
export async function listObjects(
  cluster: string,
  transport: Transport,
  describe: Describe,
  query: ListQuery,
  signal: AbortSignal,
  beginnings = BEGINNINGS,
): Promise<ListResult> {
  const objects: LiveObject[] = [];
  let token = '';
  for (;;) {
    const request = listRequest(query, token);
    const answer = await transport.request(request, signal);
    if (answer.status === 410 && token !== '' && beginnings > 1) {
      return listObjects(cluster, transport, describe, query, signal, beginnings - 1);
    }
    const list = listOf(answer, request, cluster);
    for (const item of listAt(list, 'items')) {
      if (isObject(item) && isSelected(query, item)) objects.push(describe(withKind(item, query.served)));
    }
    token = textAt(list, 'metadata', 'continue') ?? '';
    if (token === '') return { objects, resourceVersion: textAt(list, 'metadata', 'resourceVersion') ?? '' };
  }
}

/**
 * Characters of values in one selector, about 50 ids: a URL of 8,000 is more than many load balancers take, and the headers
 * of a watch over HTTP/2 must fit in 64 KiB.
 */
const LONGEST_VALUES = 3000;

/**
 * The query of a list or watch as URL parameters. Where a label may have more values than fit, all objects are asked for
 * that have it at all: {@link isSelected} then tells ours from those of others.
 */
export function listParameters(query: ListQuery): Record<string, string> {
  const terms = query.selector.map(({ label, values }) => {
    if (values.length === 1) return `${label}=${values[0]}`;
    const list = values.join(',');
    return list.length > LONGEST_VALUES ? label : `${label} in (${list})`;
  });
  return terms.length === 0 ? {} : { labelSelector: terms.join(',') };
}

/** Whether an object has the labels that a query asks for. */
export function isSelected({ selector }: ListQuery, body: JsonObject): boolean {
  const labels = mapAt(body, 'metadata', 'labels');
  return selector.every(({ label, values }) => values.some((value) => labels[label] === value));
}

/** Items of a list carry neither apiVersion nor kind. */
function withKind(item: JsonObject, served: ListQuery['served']): JsonObject {
  return { apiVersion: apiVersionOf(served.group, served.version), kind: served.kind, ...item };
}

function listRequest(query: ListQuery, token: string): ApiRequest {
  return {
    method: 'GET',
    path: objectPath(query.served, query.namespace, ''),
    query: { limit: String(PAGE), ...listParameters(query), ...(token === '' ? {} : { continue: token }) },
    operation: 'list',
    subject: `${query.served.kind} objects`,
  };
}

function listOf(answer: Answer, request: ApiRequest, cluster: string): JsonObject {
  if (answer.status !== 200) throw outage(answer, request, cluster);
  if (!isObject(answer.body) || !Array.isArray(answer.body['items'])) throw corrupt(answer, request, cluster, 'a list');
  return answer.body;
}
