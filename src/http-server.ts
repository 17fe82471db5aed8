import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';
import { UsageError } from './settings.ts';

/** What is served to probes, Prometheus and people. Read-only, without authentication: nothing secret is in it. */
export interface HttpSources {
  /** False when the process should be restarted. */
  readonly isAlive: () => boolean;
  /** Absent: ready; else what is still missing. */
  readonly notReady: () => string | undefined;
  readonly metrics: Metrics;
  /** The document of `/api/v1/status`. */
  readonly status: () => string;
}

export interface HttpServer {
  /** `http://host:port`, with the port that was given where 0 was asked for. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves until closed. `listen`: `host:port`. Throws {@link UsageError} where the address cannot be used. */
export async function startHttpServer(listen: string, sources: HttpSources): Promise<HttpServer> {
  const [, host, port] = /^(.*):(\d+)$/.exec(listen) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw new UsageError(`--listen: "${listen}" is no address. Write HOST:PORT, or "off".`);
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'only GET\n');
    const path = (request.url ?? '').split('?')[0] ?? '';
    void answer(path, sources).then(
      ({ status, text, type }) => send(response, status, text, type),
      () => send(response, 500, 'it could not be printed\n'),
    );
  });
  server.listen(Number(port), host === '' ? undefined : host.replace(/^\[|\]$/g, ''));
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new UsageError(`--listen: "${listen}" cannot be listened on (${code}). Choose another port, or "off".`);
  }
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on a port has an address of this form
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${actual}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

async function answer(path: string, sources: HttpSources): Promise<Answer> {
  switch (path) {
    case '/healthz':
      return sources.isAlive() ? { status: 200, text: 'ok\n' } : { status: 500, text: 'the loop stands still\n' };
    case '/readyz': {
      const missing = sources.notReady();
      return missing === undefined ? { status: 200, text: 'ok\n' } : { status: 503, text: `${missing}\n` };
    }
    case '/metrics': {
      const { text, type } = await sources.metrics.print();
      return { status: 200, text, type };
    }
    case '/api/v1/status':
      return { status: 200, text: sources.status(), type: 'application/json' };
    default:
      return { status: 404, text: 'here are: /healthz /readyz /metrics /api/v1/status\n' };
  }
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
