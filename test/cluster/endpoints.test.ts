/** Endpoints come from the repository: whoever may commit there must not be sent the credentials of a cluster. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import type { Credentials } from '../../src/cluster/credentials.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { failsWith } from '../support/fails-with.ts';

const TOKEN: Credentials = {
  server: new URL('https://10.0.0.1:6443'),
  tls: { ca: 'of the cluster' },
  headers: { Authorization: 'Bearer S3cret' },
};

test('an endpoint that would get the credentials in clear text gets nothing', async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  try {
    await ask(TOKEN, endpoint, /it is not encrypted/);
    assert.equal(requests, 0);
  } finally {
    server.close();
  }
});

test('an endpoint that cannot prove to be the cluster gets nothing', async () => {
  await ask({ ...TOKEN, tls: {} }, 'https://127.0.0.1:9', /name no authority/);
  await ask({ ...TOKEN, tls: { ca: 'x', rejectUnauthorized: false } }, 'https://127.0.0.1:9', /any server/);
  await ask({ ...TOKEN, headers: {}, tls: { key: 'k', cert: 'c' } }, 'http://127.0.0.1:9', /not encrypted/);
});

async function ask(credentials: Credentials, endpoint: string, message: RegExp): Promise<void> {
  const transport = createTransport({
    name: 'eu',
    source: () => Promise.resolve(credentials),
    endpoints: [endpoint],
    onAnswer: () => {},
    userAgent: 'test',
  });
  const request = { method: 'GET', path: '/version', operation: 'get', subject: 'the version' } as const;
  await assert.rejects(transport.request(request, AbortSignal.timeout(10_000)), failsWith('REJECTED', message));
  await transport.close();
}
