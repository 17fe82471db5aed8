import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../src/model/json.ts';
import { isObject, mapAt, parseJson, printJson, textAt } from '../../src/object/json.ts';
import { createAuthority } from './certificates.ts';

/** The server behind an APIService: one namespaced kind, kept in memory, with as much server-side apply as one manager needs. */
export interface AggregatedApi extends AsyncDisposable {
  readonly port: number;
  /** Until then it answers 503, like a server whose Pod does not run. */
  start(): void;
  /** Objects by `NAMESPACE/NAME`. */
  readonly objects: ReadonlyMap<string, JsonObject>;
}

/** Serves `Gauge` (`gauges`) in `GROUP/v1` over HTTPS, on 127.0.0.1, to whoever asks. */
export async function startAggregatedApi(group: string): Promise<AggregatedApi> {
  const { certificate, key } = createAuthority('muster-test-aggregated').issueServer({ commonName: 'aggregated' });
  const objects = new Map<string, JsonObject>();
  let started = false;
  const server = createServer({ cert: certificate, key }, (request, response) => {
    if (!started) return void response.writeHead(503).end();
    void answer(group, objects, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const { port } = server.address() as AddressInfo;
  return {
    port,
    objects,
    start: () => void (started = true),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  group: string,
  objects: Map<string, JsonObject>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, body: JsonObject): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(printJson(body));
  };
  const url = new URL(request.url ?? '/', 'https://localhost');
  const path = url.pathname.replace(`/apis/${group}/v1`, '');
  if (path === '' || path === '/') return send(200, resourceList(group));
  const [, namespace = '', name] = /^\/namespaces\/([^/]+)\/gauges(?:\/([^/]+))?$/.exec(path) ?? [];
  if (path === '/gauges' || (namespace !== '' && name === undefined)) {
    const [label = '', values = ''] = (url.searchParams.get('labelSelector') ?? '').split(/ in |=/);
    const items = [...objects.values()].filter((each) => {
      const value = textAt(each, 'metadata', 'labels', label);
      return label === '' || (value !== undefined && values.includes(value));
    });
    if (url.searchParams.get('watch') === 'true') return response.writeHead(200).flushHeaders();
    return send(200, { apiVersion: `${group}/v1`, kind: 'GaugeList', metadata: { resourceVersion: '1' }, items });
  }
  const known = objects.get(`${namespace}/${name}`);
  if (request.method === 'PATCH') {
    const body = parseJson(await text(request));
    if (!isObject(body)) return send(400, failure(400, 'BadRequest'));
    const object = applied(body, known);
    if (url.searchParams.get('dryRun') !== 'All') objects.set(`${namespace}/${name}`, object);
    return send(known === undefined ? 201 : 200, object);
  }
  if (known === undefined) return send(404, failure(404, 'NotFound'));
  if (request.method === 'DELETE') objects.delete(`${namespace}/${name}`);
  return send(200, known);
}

function resourceList(group: string): JsonObject {
  const verbs = ['get', 'list', 'watch', 'patch', 'delete'];
  const resource = { name: 'gauges', singularName: 'gauge', namespaced: true, kind: 'Gauge', verbs };
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1`, resources: [resource] };
}

function applied(body: JsonObject, known: JsonObject | undefined): JsonObject {
  const { apiVersion = '' } = body;
  const { apiVersion: _a, kind: _k, ...fields } = body;
  const { name: _n, namespace: _s, resourceVersion: _r, ...metadata } = mapAt(body, 'metadata');
  const entry = {
    manager: 'muster',
    operation: 'Apply',
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldSet({ ...fields, metadata }),
  };
  return {
    ...body,
    metadata: {
      ...mapAt(body, 'metadata'),
      uid: textAt(known, 'metadata', 'uid') ?? crypto.randomUUID(),
      resourceVersion: String(Number(textAt(known, 'metadata', 'resourceVersion') ?? 0) + 1),
      managedFields: [entry],
    },
  };
}

function fieldSet(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [`f:${key}`, isObject(each) ? fieldSet(each) : {}]),
  );
}

function failure(code: number, reason: string): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, details: { kind: 'gauges' } };
}
