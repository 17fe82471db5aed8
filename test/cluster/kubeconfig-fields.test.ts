import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKubeconfig } from '../../src/cluster/kubeconfig-fields.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { createAuthority } from '../support/certificates.ts';

const authority = createAuthority('test');
const client = authority.issueClient({ commonName: 'muster' });
const other = authority.issueClient({ commonName: 'other' });
const TOKEN = 'canary-token-5b1f';

const CERTIFICATE = {
  'client-certificate-data': base64(client.certificate),
  'client-key-data': base64(client.key),
};

test('a kubeconfig with server, authority and token gives exactly these', () => {
  const parsed = parseKubeconfig(kubeconfig());
  assert.equal(parsed.state, 'parsed');
  assert.deepEqual(parsed.credentials, {
    server: new URL('https://127.0.0.1:6443'),
    tls: { ca: authority.certificate },
    headers: { Authorization: `Bearer ${TOKEN}` },
  });
});

test('a kubeconfig with a client certificate gives that, and no header', () => {
  const parsed = parseKubeconfig(kubeconfig({ 'tls-server-name': 'api.example.com' }, CERTIFICATE));
  assert.equal(parsed.state, 'parsed');
  assert.deepEqual(parsed.credentials.tls, {
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
    servername: 'api.example.com',
  });
  assert.deepEqual(parsed.credentials.headers, {});
});

test('JSON is YAML, and a path in the address of the server stays', () => {
  const text = kubeconfig({ server: 'https://rancher.example.com/k8s/clusters/c-1' });
  const parsed = parseKubeconfig(JSON.stringify(JSON.parse(text)));
  assert.equal(parsed.state, 'parsed');
  assert.equal(parsed.credentials.server.href, 'https://rancher.example.com/k8s/clusters/c-1');
});

test('the token may have a line break behind it, as files have', () => {
  const parsed = parseKubeconfig(kubeconfig({}, { token: `${TOKEN}\n` }));
  assert.equal(parsed.state, 'parsed');
  assert.equal(parsed.credentials.headers['Authorization'], `Bearer ${TOKEN}`);
});

test('only the current context counts: what others would run is not run', () => {
  const config = JSON.parse(kubeconfig());
  config.users.push({ name: 'evil', user: { exec: { command: '/bin/sh' } } });
  config.contexts.push({ name: 'evil', context: { cluster: 'c', user: 'evil' } });
  assert.equal(parseKubeconfig(JSON.stringify(config)).state, 'parsed');
});

/** Everything that client-go's `Cluster` and `AuthInfo` may have besides what is used. */
const REFUSED: readonly (readonly [part: 'cluster' | 'user', field: JsonObject, reason: string])[] = [
  ['user', { exec: { command: 'sh', args: ['-c', 'id'] } }, 'its field "exec" would run a program'],
  ['user', { 'auth-provider': { name: 'gcp' } }, 'its field "auth-provider" would run a plugin'],
  ['user', { tokenFile: '/etc/passwd' }, 'its field "tokenFile" would read a file of the controller'],
  [
    'user',
    { 'client-certificate': '/etc/passwd' },
    'its field "client-certificate" would read a file of the controller',
  ],
  ['user', { 'client-key': '/etc/passwd' }, 'its field "client-key" would read a file of the controller'],
  ['user', { username: 'admin' }, 'its field "username" is not accepted by API servers any more'],
  ['user', { password: 'hunter2' }, 'its field "password" is not accepted by API servers any more'],
  ['user', { as: 'system:admin' }, 'its field "as" would act as another user, which is not supported'],
  ['user', { 'as-uid': '1' }, 'its field "as-uid" would act as another user, which is not supported'],
  ['user', { 'as-groups': ['g'] }, 'its field "as-groups" would act as another user, which is not supported'],
  ['user', { 'as-user-extra': {} }, 'its field "as-user-extra" would act as another user, which is not supported'],
  ['user', { novelty: 1 }, 'it has a field "novelty" that is not among those that are used'],
  [
    'cluster',
    { 'certificate-authority': '/etc/passwd' },
    'its field "certificate-authority" would read a file of the controller',
  ],
  ['cluster', { 'insecure-skip-tls-verify': true }, 'its field "insecure-skip-tls-verify" would believe any server'],
  ['cluster', { 'proxy-url': 'http://p' }, 'its field "proxy-url" would send credentials through a proxy'],
  ['cluster', { 'api-version': 'v1' }, 'it has a field "api-version" that is not among those that are used'],
  ['cluster', { server: 'http://127.0.0.1:80' }, 'its current context names no server of the form https://host:port'],
  ['cluster', { server: '127.0.0.1:6443' }, 'its current context names no server of the form https://host:port'],
  ['cluster', { server: 6443 }, 'its current context names no server of the form https://host:port'],
  [
    'cluster',
    { 'certificate-authority-data': base64('hello') },
    'its "certificate-authority-data" is no certificate in PEM',
  ],
  ['cluster', { 'certificate-authority-data': '%%%' }, 'its "certificate-authority-data" is no certificate in PEM'],
  ['user', { token: '' }, 'its token is empty, or holds a space or a special character'],
  ['user', { token: 'two words' }, 'its token is empty, or holds a space or a special character'],
  ['user', { token: `${TOKEN}\nX-Header: yes` }, 'its token is empty, or holds a space or a special character'],
  ['user', { token: null }, 'it has neither a token nor a client certificate with its key'],
  [
    'user',
    { token: null, 'client-certificate-data': base64(client.certificate) },
    'it has neither a token nor a client certificate with its key',
  ],
  [
    'user',
    { ...CERTIFICATE, 'client-certificate-data': base64(TOKEN) },
    'its "client-certificate-data" is no certificate in PEM',
  ],
  [
    'user',
    { ...CERTIFICATE, 'client-key-data': base64(TOKEN) },
    'its "client-key-data" is no private key in PEM, or needs a password',
  ],
  [
    'user',
    { ...CERTIFICATE, 'client-key-data': base64(other.key) },
    'its "client-key-data" does not belong to its "client-certificate-data"',
  ],
];

for (const [part, field, reason] of REFUSED) {
  const shown = JSON.stringify(field).slice(0, 60);
  test(`a kubeconfig whose ${part} has ${shown} is refused, saying why and no value`, () => {
    const text = part === 'cluster' ? kubeconfig(field) : kubeconfig({}, { token: TOKEN, ...field });
    assert.deepEqual(parseKubeconfig(text), { state: 'refused', reason });
  });
}

test('a field that is switched off or empty does nothing, and notes of tools are no fields of ours', () => {
  const cluster = {
    'insecure-skip-tls-verify': false,
    'proxy-url': '',
    'certificate-authority': '',
    'disable-compression': true,
    extensions: [{ name: 'cluster_info', extension: { provider: 'minikube.sigs.k8s.io' } }],
  };
  const user = { token: TOKEN, exec: null, 'client-key': '', extensions: [] };
  assert.equal(parseKubeconfig(kubeconfig(cluster, user)).state, 'parsed');
});

test('what is no kubeconfig is refused as that, whatever it is', () => {
  const texts = ['', 'hello', '- a\n- b\n', 'a: [', '\u0000\u0001', '%PDF-1.4', `token: ${TOKEN}\n\tbroken: yes`];
  for (const text of texts) {
    const parsed = parseKubeconfig(text);
    assert.equal(parsed.state, 'refused', JSON.stringify(text));
    assert.match(parsed.reason, /^(it is no kubeconfig|its current-context names no context that is in it)$/);
  }
});

test('a current-context that names nothing is said', () => {
  const config = JSON.parse(kubeconfig());
  const reason = 'its current-context names no context that is in it';
  assert.deepEqual(parseKubeconfig(JSON.stringify({ ...config, 'current-context': 'gone' })), {
    state: 'refused',
    reason,
  });
  const { 'current-context': _, ...without } = config;
  assert.deepEqual(parseKubeconfig(JSON.stringify(without)), { state: 'refused', reason });
});

test('a value that became the name of a field is not printed', () => {
  const secret = 'eyJhbGciOiJSUzI1NiJ9.canary';
  const parsed = parseKubeconfig(kubeconfig({}, { token: TOKEN, [secret]: 'x' }));
  assert.deepEqual(parsed, { state: 'refused', reason: 'it has a field that is not among those that are used' });
});

function kubeconfig(cluster: JsonObject = {}, user: JsonObject = { token: TOKEN }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://127.0.0.1:6443',
          'certificate-authority-data': base64(authority.certificate),
          ...cluster,
        },
      },
    ],
    users: [{ name: 'u', user }],
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
