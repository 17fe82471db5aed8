import { Agent } from 'undici';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isObject, listAt, parseJson, printJson, textAt } from '../../src/object/json.ts';
import { readKubeconfig } from './kubeconfig.ts';

/** Talks to one API server as one user, in raw JSON. `namespace` is `''` for kinds without namespaces. */
export interface ApiClient {
  /** `undefined` when it does not exist. */
  get(apiVersion: string, kind: string, namespace: string, name: string): Promise<JsonObject | undefined>;
  /** Items of one namespace, or of all with `''`. */
  list(apiVersion: string, kind: string, namespace?: string, labelSelector?: string): Promise<readonly JsonObject[]>;
  create(object: JsonObject): Promise<JsonObject>;
  /** Server-side apply, with strict field validation. */
  apply(object: JsonObject, options?: ApplyOptions): Promise<JsonObject>;
  patch(target: Target, patch: JsonValue, options?: PatchOptions): Promise<JsonObject>;
  /** False when it did not exist. It may live on until its finalizers are done. `body` is a DeleteOptions. */
  delete(apiVersion: string, kind: string, namespace: string, name: string, body?: JsonObject): Promise<boolean>;
  /** All objects of a kind as ADDED, then what happens to them, until the server or the signal ends it. */
  watch(apiVersion: string, kind: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Any request; the path includes the query. Throws ApiError on a status of 400 or more. */
  request(method: Method, path: string, body?: JsonValue, contentType?: string): Promise<JsonValue>;
}

export interface ApplyOptions {
  /** Default `test`. */
  readonly manager?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly subresource?: string;
}

export interface PatchOptions {
  /** Default `merge`. */
  readonly type?: 'merge' | 'json' | 'strategic';
  /** Default `test`. */
  readonly manager?: string;
  readonly subresource?: string;
}

export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: JsonObject;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What an API server answered instead of doing it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** The Status object, or the text of an answer that is none. */
  readonly body: JsonValue;

  constructor(request: string, status: number, body: JsonValue) {
    super(`${request}: ${status} ${textAt(body, 'message') ?? printJson(body)}`);
    this.status = status;
    this.body = body;
  }
}

/** An answer that takes longer fails: a paused server must not stop a test for ever. */
const TIMEOUT_MS = 20_000;

/** A client for the first context of a kubeconfig from `test/support/control-plane.ts`. Needs no closing. */
export function createApiClient(kubeconfig: string): ApiClient {
  const { url, ca, user } = readKubeconfig(kubeconfig);
  // HTTP/1.1: undici sends a PATCH over HTTP/2 only when it is alone on its connection.
  const agent = new Agent({ allowH2: false, connect: { ca, cert: user.certificate, key: user.key } });

  const request: ApiClient['request'] = async (method, path, body, contentType = 'application/json') => {
    const response = await agent.request({
      origin: url,
      path,
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: printJson(body), headers: { 'content-type': contentType } }),
    });
    const answer = parseAnswer(await response.body.text());
    if (response.statusCode >= 400) throw new ApiError(`${method} ${path}`, response.statusCode, answer);
    return answer;
  };
  const requestObject = async (...parameters: Parameters<typeof request>): Promise<JsonObject> => {
    const answer = await request(...parameters);
    if (!isObject(answer)) throw new Error(`${parameters[0]} ${parameters[1]}: the answer is no object`);
    return answer;
  };
  const pathTo = findPaths(request);

  return {
    request,
    get: async (apiVersion, kind, namespace, name) => {
      const path = await pathTo(apiVersion, kind, namespace, name);
      return requestObject('GET', path).catch(undefinedIfMissing);
    },
    list: async (apiVersion, kind, namespace = '', labelSelector = '') => {
      const path = await pathTo(apiVersion, kind, namespace);
      const { items } = await requestObject('GET', `${path}${query({ labelSelector })}`);
      // The server leaves out what every item would repeat; with it, an item can be sent back as it is.
      return listAt(items).flatMap((item) => (isObject(item) ? [{ apiVersion, kind, ...item }] : []));
    },
    create: async (object) => {
      const { apiVersion, kind, namespace } = targetOf(object);
      return requestObject('POST', await pathTo(apiVersion, kind, namespace), object);
    },
    apply: async (object, { manager = 'test', force = false, dryRun = false, subresource } = {}) => {
      const { apiVersion, kind, namespace, name } = targetOf(object);
      const path = await pathTo(apiVersion, kind, namespace, name, subresource);
      const options = query({
        fieldManager: manager,
        fieldValidation: 'Strict',
        force: force ? 'true' : '',
        dryRun: dryRun ? 'All' : '',
      });
      return requestObject('PATCH', `${path}${options}`, object, 'application/apply-patch+yaml');
    },
    patch: async (target, patch, { type = 'merge', manager = 'test', subresource } = {}) => {
      const path = await pathTo(target.apiVersion, target.kind, target.namespace ?? '', target.name, subresource);
      const contentType = type === 'strategic' ? 'strategic-merge-patch' : `${type}-patch`;
      return requestObject(
        'PATCH',
        `${path}${query({ fieldManager: manager })}`,
        patch,
        `application/${contentType}+json`,
      );
    },
    delete: async (apiVersion, kind, namespace, name, body = { propagationPolicy: 'Background' }) => {
      const path = await pathTo(apiVersion, kind, namespace, name);
      return (await requestObject('DELETE', path, body).catch(undefinedIfMissing)) !== undefined;
    },
    watch: async function* (apiVersion, kind, signal) {
      const path = `${await pathTo(apiVersion, kind, '')}?watch=true`;
      const response = await agent.request({ origin: url, path, method: 'GET', signal, bodyTimeout: 0 });
      if (response.statusCode >= 400) {
        throw new ApiError(`GET ${path}`, response.statusCode, parseAnswer(await response.body.text()));
      }
      for await (const line of linesOf(response.body.setEncoding('utf8'))) {
        const event = parseJson(line);
        // oxlint-disable-next-line no-unsafe-type-assertion -- the API server's contract, but for ERROR events
        if (textAt(event, 'type') !== 'ERROR') yield event as unknown as WatchEvent;
      }
    },
  };
}

type FindPath = (
  apiVersion: string,
  kind: string,
  namespace: string,
  name?: string,
  subresource?: string,
) => Promise<string>;

/** Paths by discovery, asked once for each group and version, and again for a kind that was not there before (CRDs). */
function findPaths(request: ApiClient['request']): FindPath {
  const known = new Map<string, { readonly plural: string; readonly namespaced: boolean }>();
  return async (apiVersion, kind, namespace, name, subresource) => {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const key = `${apiVersion} ${kind}`;
    if (!known.has(key)) {
      for (const each of listAt(await request('GET', base), 'resources')) {
        const plural = textAt(each, 'name') ?? '';
        if (plural.includes('/')) continue; // A subresource.
        known.set(`${apiVersion} ${textAt(each, 'kind')}`, {
          plural,
          namespaced: isObject(each) && each['namespaced'] === true,
        });
      }
    }
    const resource = known.get(key);
    if (resource === undefined) throw new Error(`The API server has no ${kind} in ${apiVersion}`);
    const place = resource.namespaced && namespace !== '' ? ['namespaces', namespace] : [];
    const parts = [...place, resource.plural, name, subresource].filter((part) => part !== undefined);
    return [base, ...parts.map(encodeURIComponent)].join('/');
  };
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

function targetOf(object: JsonObject): Required<Target> {
  const read = (...path: readonly string[]): string => textAt(object, ...path) ?? '';
  return {
    apiVersion: read('apiVersion'),
    kind: read('kind'),
    namespace: read('metadata', 'namespace'),
    name: read('metadata', 'name'),
  };
}

/** `?a=b`, without what is empty. */
function query(values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values).filter(([, value]) => value !== '');
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
}

function parseAnswer(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch {
    return text; // `/readyz` and errors of the outer layers are plain text.
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return;
  throw error;
}
