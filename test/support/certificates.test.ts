import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority } from './certificates.ts';

test('an authority signs its own certificate and those that it issues, and no other authority does', () => {
  const one = createAuthority('one');
  const other = createAuthority('other');
  const server = new X509Certificate(one.issueServer({ commonName: 'server' }).certificate);
  const keyOf = (pem: string): X509Certificate['publicKey'] => new X509Certificate(pem).publicKey;

  assert.ok(new X509Certificate(one.certificate).ca);
  assert.ok(new X509Certificate(one.certificate).verify(keyOf(one.certificate)));
  assert.ok(server.verify(keyOf(one.certificate)));
  assert.ok(!server.verify(keyOf(other.certificate)));
  assert.equal(server.issuer, 'CN=one');
  assert.ok(!server.ca);
});

test('a client certificate names its user and groups, and belongs to its key', () => {
  const { certificate, key } = createAuthority('one').issueClient({
    commonName: 'jane',
    organizations: ['developers', 'operators'],
  });
  const parsed = new X509Certificate(certificate);

  assert.equal(parsed.subject, 'O=developers\nO=operators\nCN=jane');
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key)));
  assert.deepEqual(parsed.keyUsage, ['1.3.6.1.5.5.7.3.2']); // Node.js means the extended one: client authentication.
});

test('a server certificate is for 127.0.0.1 only', () => {
  const server = new X509Certificate(createAuthority('one').issueServer({ commonName: 'server' }).certificate);
  assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(server.checkIP('127.0.0.2'), undefined);
});

test('an expired certificate ended before now, others begin before now and last', () => {
  const authority = createAuthority('one');
  const now = Date.now();
  const expired = new X509Certificate(authority.issueClient({ commonName: 'jane' }, { expired: true }).certificate);
  const valid = new X509Certificate(authority.issueClient({ commonName: 'jane' }).certificate);
  assert.ok(expired.validFromDate.getTime() < expired.validToDate.getTime());
  assert.ok(expired.validToDate.getTime() < now);
  assert.ok(valid.validFromDate.getTime() < now && now < valid.validToDate.getTime());
});

test('long names make certificates that can still be read: lengths in DER have three forms', () => {
  for (const length of [1, 60, 120, 200, 400]) {
    const organizations = Array.from({ length: 3 }, (_, index) => `${index}`.repeat(Math.ceil(length / 3)));
    const { certificate } = createAuthority('one').issueClient({ commonName: 'x', organizations });
    assert.equal(new X509Certificate(certificate).subject, `O=${organizations.join('\nO=')}\nCN=x`);
  }
});
