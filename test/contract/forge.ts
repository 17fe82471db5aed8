/** What every {@link Forge} does, whatever is behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Forge } from '../../src/model/ports.ts';
import type { CommitStatus } from '../../src/model/status.ts';

/** A forge with two commits that nobody wrote to. */
export interface ForgeUnderTest extends AsyncDisposable {
  readonly forge: Forge;
  readonly revision: string;
  readonly otherRevision: string;
}

/** Declares the tests; `start` is called for each of them. */
export function testForgeContract(name: string, start: () => Promise<ForgeUnderTest>): void {
  const { signal } = new AbortController();
  const byContext = (statuses: readonly CommitStatus[]): readonly CommitStatus[] =>
    statuses.toSorted((a, b) => (a.context < b.context ? -1 : 1));

  test(`${name}: a commit that nobody wrote to has no statuses`, async () => {
    await using under = await start();
    assert.deepEqual(await under.forge.read(under.revision, signal), []);
  });

  test(`${name}: what was posted is what is read`, async () => {
    await using under = await start();
    const statuses: readonly CommitStatus[] = [
      { context: 'muster/ap', state: 'error', description: 'unreachable since 12:04' },
      { context: 'muster/eu', state: 'failure', description: 'Deployment shop/web 3/4 · "quoted" \\ <b>&amp;' },
      { context: 'muster/fleet', state: 'pending', description: '' },
      { context: 'muster/us', state: 'success', description: `${'é'.repeat(100)}${'🚀'.repeat(40)}` },
    ];
    for (const status of statuses) await under.forge.post(under.revision, status, signal);
    assert.deepEqual(byContext(await under.forge.read(under.revision, signal)), statuses);
  });

  test(`${name}: only the newest status of a context is read`, async () => {
    await using under = await start();
    for (const state of ['pending', 'failure', 'success', 'pending', 'success'] as const) {
      await under.forge.post(under.revision, { context: 'muster/eu', state, description: `now ${state}` }, signal);
    }
    assert.deepEqual(await under.forge.read(under.revision, signal), [
      { context: 'muster/eu', state: 'success', description: 'now success' },
    ]);
  });

  test(`${name}: contexts that differ in case only are one`, async () => {
    await using under = await start();
    await under.forge.post(under.revision, { context: 'muster/EU', state: 'pending', description: 'first' }, signal);
    await under.forge.post(under.revision, { context: 'muster/eu', state: 'success', description: 'second' }, signal);
    const read = await under.forge.read(under.revision, signal);
    assert.deepEqual(
      read.map((each) => each.description),
      ['second'],
    );
  });

  test(`${name}: commits do not share statuses`, async () => {
    await using under = await start();
    await under.forge.post(under.revision, { context: 'muster/eu', state: 'success', description: 'here' }, signal);
    assert.deepEqual(await under.forge.read(under.otherRevision, signal), []);
  });

  test(`${name}: 230 contexts on one commit are read whole`, async () => {
    await using under = await start();
    const contexts = Array.from({ length: 230 }, (_, index) => `muster/c${String(index).padStart(3, '0')}`);
    for (const context of contexts) {
      await under.forge.post(under.revision, { context, state: 'success', description: context }, signal);
    }
    const read = byContext(await under.forge.read(under.revision, signal));
    assert.deepEqual(
      read.map((each) => each.context),
      contexts,
    );
  });
}
