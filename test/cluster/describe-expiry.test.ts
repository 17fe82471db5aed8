import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeExpiry } from '../../src/cluster/describe-expiry.ts';
import { createAuthority } from '../support/certificates.ts';

const SERVER = new URL('https://127.0.0.1');
const NOW = Date.parse('2026-11-21T12:00:00Z');
const authority = createAuthority('test');

function jwt(payload: object): Record<string, string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return { Authorization: `Bearer ${part({ alg: 'RS256' })}.${part(payload)}.signature` };
}

test('a token that has ended says when', () => {
  const headers = jwt({ exp: NOW / 1000 - 60 });
  assert.equal(describeExpiry({ server: SERVER, tls: {}, headers }, NOW), 'the token expired at 2026-11-21T11:59:00Z');
});

test('a token that goes on, one without an end and one that is no JWT say nothing', () => {
  for (const headers of [
    jwt({ exp: NOW / 1000 + 60 }),
    jwt({}),
    { Authorization: 'Bearer a.b.c' },
    {},
    { Authorization: 'x' },
  ]) {
    assert.equal(describeExpiry({ server: SERVER, tls: {}, headers }, NOW), undefined);
  }
});

test('a client certificate that has ended says when', () => {
  const { certificate } = authority.issueClient({ commonName: 'muster' }, { expired: true });
  const text = describeExpiry({ server: SERVER, tls: { cert: certificate }, headers: {} }, Date.now());
  assert.match(text ?? '', /^the client certificate expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('a client certificate that goes on, and one that cannot be read, say nothing', () => {
  const { certificate } = authority.issueClient({ commonName: 'muster' });
  for (const cert of [certificate, 'hello']) {
    assert.equal(describeExpiry({ server: SERVER, tls: { cert }, headers: {} }, Date.now()), undefined);
  }
});
