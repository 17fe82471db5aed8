/** How kustomize and Helm for tests are obtained. `go` is a small stand-in here. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { provideProgram } from '../../scripts/programs.ts';
import { readPin } from '../../scripts/read-pin.ts';
import { temporaryFolder } from './temporary-folder.ts';

const HELM = join(import.meta.dirname, '../../tools/helm');

/** A `go` whose builds take no time: it writes a script that says the version. `log` gets a line for each build. */
function environmentWith(
  folder: string,
  version: string,
): { readonly environment: NodeJS.ProcessEnv; readonly log: string } {
  const bin = join(folder, 'bin');
  const log = join(folder, 'builds');
  mkdirSync(bin, { recursive: true });
  const go = `#!/bin/sh
case "$1" in env) echo go1.26.8; exit;; esac
echo build >>${log}
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho ${version}\\n' >"$2/helm" && chmod +x "$2/helm"
`;
  writeFileSync(join(bin, 'go'), go, { mode: 0o755 });
  return { environment: { PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache') }, log };
}

test('a program is built once, and again only when what is there is not whole', async () => {
  await using folder = await temporaryFolder();
  const said: string[] = [];
  const { environment } = environmentWith(folder.path, `v${readPin(HELM, 'helm.sh/helm/v3')}`);
  const first = await provideProgram('helm', (line) => void said.push(line), environment);
  assert.ok(existsSync(first.file));
  assert.match(
    said.join('\n'),
    /^Building helm \S+ with go1\.26\.8, once on this machine\. It takes about two minutes on two cores\.$/,
  );
  assert.deepEqual(await provideProgram('helm', (line) => void said.push(line), environment), first);
  assert.equal(said.length, 1, 'found, without a word');
  truncateSync(first.file, 3);
  await provideProgram('helm', (line) => void said.push(line), environment);
  assert.equal(said.length, 2);
  assert.deepEqual(readdirSync(dirname(first.directory)), [basename(first.directory)], 'and nothing is left over');
});

test('without Go one line says what to do, and a program that calls itself otherwise is not kept', async () => {
  await using folder = await temporaryFolder();
  const none = { PATH: join(folder.path, 'none'), XDG_CACHE_HOME: join(folder.path, 'cache') };
  await assert.rejects(
    provideProgram('kustomize', () => {}, none),
    {
      message:
        /^There is no kustomize \S+ to run tests with: there is no "go" on PATH\. Install Go 1\.26, and allow access to a Go module proxy\.$/,
    },
  );
  const { environment } = environmentWith(folder.path, 'v0.0.0');
  await assert.rejects(
    provideProgram('helm', () => {}, environment),
    {
      message: /^There is no helm \S+ to run tests with: it calls itself "v0\.0\.0"\. /,
    },
  );
  assert.deepEqual(readdirSync(join(folder.path, 'cache/muster/programs')), []);
});
