import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type ListenOptions, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { JsonObject } from '../../../src/model/json.ts';
import { printJson } from '../../../src/object/json.ts';
import { createAuthority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The one Pod that has to answer: what stands behind an APIService for `metrics.k8s.io`. */
export interface MetricsApi extends AsyncDisposable {
  /** For the kube-apiserver of every cluster that is to reach it. */
  readonly apiServerFlags: Readonly<Record<string, string>>;
}

/**
 * Pods of a hollow node have addresses that lead nowhere, so an APIService would never be Available. This is the way that
 * kube-apiserver has for networks which it is not in (Kubernetes documentation, "Set up Konnectivity service"): it asks a
 * proxy for every connection into the cluster, and this one connects all of them to one server, which serves the group.
 */
export async function startMetricsApi(): Promise<MetricsApi> {
  await using resources = new AsyncDisposableStack();
  const { certificate: cert, key } = createAuthority('muster-test-pods').issueServer({ commonName: 'pod' });
  const pod = createHttpsServer({ cert, key }, (request, response) => {
    const body = request.url?.split('?')[0] === '/apis/metrics.k8s.io/v1beta1' ? GROUP_VERSION : NOT_FOUND;
    response.writeHead(body === NOT_FOUND ? 404 : 200, { 'content-type': 'application/json' }).end(printJson(body));
  });
  await listen(pod, resources, { host: '127.0.0.1', port: 0 });
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const { port: podPort } = pod.address() as AddressInfo;
  const proxy = createHttpServer();
  proxy.on('connect', (_request, near: Socket) => {
    const far = connect(podPort, '127.0.0.1', () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to);
      from.on('error', () => {}); // Its end follows, and is what counts.
      from.once('close', () => to.destroy());
    }
  });
  const folder = resources.use(await temporaryFolder());
  // Over TCP without TLS, which its documentation allows, kube-apiserver 1.36 ends with a nil pointer.
  const socket = join(folder.path, 'proxy.sock');
  await listen(proxy, resources, socket);
  const path = join(folder.path, 'egress.json');
  const connection = { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: socket } } };
  await writeFile(
    path,
    printJson({
      apiVersion: 'apiserver.k8s.io/v1beta1',
      kind: 'EgressSelectorConfiguration',
      egressSelections: [{ name: 'cluster', connection }],
    }),
  );
  const kept = resources.move();
  return {
    apiServerFlags: { 'egress-selector-config-file': path },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Until `resources` end, and its connections with it. */
async function listen(server: Server, resources: AsyncDisposableStack, place: string | ListenOptions): Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(place);
  await once(server, 'listening');
  resources.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

const GROUP_VERSION: JsonObject = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'metrics.k8s.io/v1beta1',
  resources: [{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }],
};

const NOT_FOUND: JsonObject = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'NotFound',
  code: 404,
};
