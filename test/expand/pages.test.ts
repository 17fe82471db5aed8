/** The pages of the documentation whose fleets need kustomize or Helm; the others are in test/docs.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRenderCache, listExpansions, renderFleet } from '../../src/reconcile.ts';
import { runExpansions } from '../../src/sandbox/run-expansions.ts';
import { loadSnapshot } from '../../src/cli/load-fleet.ts';
import { fleetFiles, needsPrograms, PAGES, writeFleet } from '../support/docs-pages.ts';
import { print } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BOTH } from './support.ts';

for (const page of PAGES) {
  const files = fleetFiles(page);
  if (!needsPrograms(files)) continue;
  test(`${page}: the files that it shows are a fleet without errors, and with nothing to warn of`, async () => {
    await using folder = await temporaryFolder();
    await writeFleet(folder.path, files);
    const snapshot = await loadSnapshot(folder.path, undefined);
    const settings = { path: BOTH, cacheFolder: folder.path, timeoutMs: 60_000, memoryMiB: 1024 };
    const answers = await runExpansions(listExpansions(snapshot), settings, new AbortController().signal);
    const result = renderFleet(snapshot, createRenderCache(), answers);
    assert.ok(result.state === 'rendered');
    assert.deepEqual(print(result.fleet.diagnostics), []);
    assert.ok(
      result.fleet.clusters.every(({ apps }) =>
        apps.some(({ name, manifests }) => name === 'web' && manifests.length > 0),
      ),
    );
  });
}
