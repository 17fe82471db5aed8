import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConsoleForge } from '../../src/report/forges/console.ts';
import { testForgeContract } from '../contract/forge.ts';

const { signal } = new AbortController();

testForgeContract('console', async () => ({
  forge: createConsoleForge(() => undefined),
  revision: 'a'.repeat(40),
  otherRevision: 'b'.repeat(40),
  [Symbol.asyncDispose]: async () => undefined,
}));

test('every status is one line: commit, context, state, description', async () => {
  const lines: string[] = [];
  const forge = createConsoleForge((line) => lines.push(line));
  await forge.post(
    '1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b',
    { context: 'muster/eu', state: 'failure', description: 'Deployment shop/web 3/4' },
    signal,
  );
  assert.deepEqual(lines, ['1a2b3c4 muster/eu failure: Deployment shop/web 3/4']);
});

test('a line cannot give orders to the runner of GitHub Actions', async () => {
  const lines: string[] = [];
  const forge = createConsoleForge((line) => lines.push(line));
  for (const description of ['::error file=a::boo', '##[add-mask]a', 'x ##[error]y']) {
    await forge.post('a'.repeat(40), { context: 'muster/eu', state: 'error', description }, signal);
  }
  for (const line of lines) assert.doesNotMatch(line, /^\s*::|##\[/);
});

test('only the newest 20 commits are remembered', async () => {
  const forge = createConsoleForge(() => undefined);
  const revisions = Array.from({ length: 21 }, (_, index) => String(index).padStart(40, '0'));
  for (const revision of revisions) {
    await forge.post(revision, { context: 'muster/fleet', state: 'success', description: 'ok' }, signal);
  }
  const known = await Promise.all(revisions.map((revision) => forge.read(revision, signal)));
  assert.deepEqual(
    known.map((statuses) => statuses.length),
    [0, ...Array.from({ length: 20 }, () => 1)],
  );
});
