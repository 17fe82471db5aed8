import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createTransport, TRANSPORT_LIMITS } from '../../src/cluster/transport.ts';
import { PortError } from '../../src/model/errors.ts';

/** How a dry-run fails at a server that behaves so. */
async function failureAt(listener: RequestListener): Promise<PortError> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const { port } = server.address() as AddressInfo;
  const transport = createTransport({
    name: 'eu',
    source: async () => ({ server: new URL(`http://127.0.0.1:${port}`), tls: {}, headers: {} }),
    endpoints: [],
    onAnswer: () => {},
    userAgent: 'test',
    limits: { ...TRANSPORT_LIMITS, admissionMs: 100 },
  });
  try {
    const request = {
      method: 'PATCH',
      path: '/',
      body: '{}',
      operation: 'dry-run',
      subject: 'ConfigMap shop/a',
    } as const;
    await transport.request(request, AbortSignal.timeout(30_000));
    return assert.fail('it answers');
  } catch (error) {
    assert.ok(error instanceof PortError, String(error));
    return error;
  } finally {
    await transport.close();
    server.closeAllConnections();
    server.close();
  }
}

test('who does not answer in time over a connection that stands is told from who cannot be reached', async () => {
  const silent = await failureAt(() => {});
  const broken = await failureAt((request) => request.socket.destroy());
  assert.deepEqual([silent.code, silent.unanswered], ['UNREACHABLE', true]);
  assert.deepEqual([broken.code, broken.unanswered], ['UNREACHABLE', undefined]);
});
