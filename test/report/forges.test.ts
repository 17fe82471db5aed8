import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORGES } from '../../src/report/forges/table.ts';
import { connectionFailure } from '../../src/report/forge-failure.ts';
import { parseRepositoryUrl } from '../../src/report/repository-url.ts';
import { parseStatusPage } from '../../src/report/status-page.ts';

const A = 'a'.repeat(40);
const attempt = { operation: 'read statuses', subject: 'acme/fleet@aaaaaaa' };

test('each forge is made from the same settings', async () => {
  const asked: string[] = [];
  const lines: string[] = [];
  const repository = parseRepositoryUrl('https://github.com/acme/fleet.git');
  assert.ok(repository !== undefined);
  const settings = {
    repository,
    token: async () => 'token',
    writeLine: (line: string) => void lines.push(line),
    fetch: async (input: string | URL | Request) => {
      asked.push(input instanceof Request ? input.url : String(input));
      return Response.json({}, { status: 201 });
    },
  };
  const { signal } = new AbortController();
  for (const create of Object.values(FORGES)) {
    await create(settings).post(A, { context: 'muster/eu', state: 'success', description: 'in sync' }, signal);
  }
  assert.deepEqual(asked, [`https://api.github.com/repos/acme/fleet/statuses/${A}`]);
  assert.deepEqual(lines, ['aaaaaaa muster/eu success: in sync']);
});

test('a certificate that is not trusted is told as such, and needs a person', () => {
  for (const code of [
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ]) {
    const cause = Object.assign(new Error('Canary'), { code });
    const failure = connectionFailure(attempt, new Error('request failed', { cause: new TypeError('x', { cause }) }));
    assert.equal(failure.code, 'TLS');
    assert.equal(failure.retry, false);
    assert.match(failure.safeMessage, new RegExp(code));
    assert.doesNotMatch(failure.message, /Canary/);
  }
});

test('an answer that cannot be a page of statuses is corrupt, not empty', () => {
  const headers = { 'content-length': '20' };
  for (const data of [
    '',
    '{"statuses": [{"cont',
    null,
    [],
    { statuses: 'none' },
    { total_count: 1, statuses: [null] },
    { total_count: 1, statuses: [{ context: 'muster/eu' }] },
    { total_count: 1, statuses: [{ state: 'success' }] },
  ]) {
    assert.throws(() => parseStatusPage(attempt, { status: 200, headers, data }), {
      name: 'PortError',
      code: 'CORRUPT',
    });
  }
});

test('a commit without statuses is empty, in each of the ways in which forges say so', () => {
  const pages = [
    { headers: {}, data: { total_count: 0, statuses: [] } },
    { headers: {}, data: { total_count: 0, statuses: null } },
    { headers: { 'content-length': '0' }, data: '' },
  ];
  for (const page of pages) assert.deepEqual(parseStatusPage(attempt, { status: 200, ...page }).statuses, []);
});
