import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { printKubeconfig, readKubeconfig } from './kubeconfig.ts';

/** Carries bytes to an API server, and can stop without a word. */
export interface Tunnel extends AsyncDisposable {
  /** YAML: as the kubeconfig that it was started with, but through the tunnel. */
  readonly kubeconfig: string;
  /** On the connections that are there nothing arrives any more, and none of them ends: as behind a firewall that drops. */
  freeze(): void;
}

/** Starts a tunnel to the API server of the first context of a kubeconfig. TLS passes through it. */
export async function startTunnel(kubeconfig: string): Promise<Tunnel> {
  const access = readKubeconfig(kubeconfig);
  const { hostname, port } = new URL(access.url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => {}); // Its end follows, and is what counts.
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const own = server.address() as AddressInfo;
  return {
    kubeconfig: printKubeconfig([{ ...access, url: `https://127.0.0.1:${own.port}` }]),
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
