/** Credentials of contexts of one file, which is parsed once for all of them. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { kubeconfigContext } from '../../src/cluster/credentials.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function kubeconfig(tokenOfA: string): string {
  return `apiVersion: v1
kind: Config
current-context: a
clusters:
- {name: a, cluster: {server: 'https://a.example.com:6443', certificate-authority: ca.pem}}
- {name: b, cluster: {server: 'https://b.example.com:6443'}}
users:
- {name: a, user: {token: ${tokenOfA}}}
- {name: b, user: {token: token-of-b}}
contexts:
- {name: a, context: {cluster: a, user: a}}
- {name: b, context: {cluster: b, user: b}}
`;
}

test('contexts of one file that are asked for at once do not get one another’s credentials', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'config');
  await writeFile(file, kubeconfig('token-of-a'));
  await writeFile(join(folder.path, 'ca.pem'), 'authority');
  const found = await Promise.all(['a', 'b', 'a'].map((context) => kubeconfigContext(file, context)()));
  assert.deepEqual(
    found.map(({ server, headers, tls }) => [server.host, headers['Authorization'], tls.ca?.toString()]),
    [
      ['a.example.com:6443', 'Bearer token-of-a', 'authority'],
      ['b.example.com:6443', 'Bearer token-of-b', undefined],
      ['a.example.com:6443', 'Bearer token-of-a', 'authority'],
    ],
  );
});

test('a file that was written anew is read anew, and so is a file that it names', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'config');
  const read = kubeconfigContext(file, 'a');
  await writeFile(file, kubeconfig('old'));
  await writeFile(join(folder.path, 'ca.pem'), 'old authority');
  assert.equal((await read()).headers['Authorization'], 'Bearer old');
  await writeFile(join(folder.path, 'ca.pem'), 'new authority');
  assert.equal((await read()).tls.ca?.toString(), 'new authority');
  await writeFile(file, kubeconfig('new'));
  assert.equal((await read()).headers['Authorization'], 'Bearer new');
});

test('the same text in another folder names other files', async () => {
  for (const authority of ['one', 'two']) {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'config');
    await writeFile(file, kubeconfig('token'));
    await writeFile(join(folder.path, 'ca.pem'), authority);
    assert.equal((await kubeconfigContext(file, 'a')()).tls.ca?.toString(), authority);
  }
});
