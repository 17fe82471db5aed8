/** What programs printed is kept: a program is started when its input is new, and else never. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openExpansionCache } from '../../src/sandbox/expansion-cache.ts';
import { bodyOf, fleetWith, type TestFiles } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { countingProgram, helm, kustomize, PINNED_FLEET, renderedWith } from './support.ts';

const KUSTOMIZED: TestFiles = fleetWith({
  'fleet.yaml': PINNED_FLEET,
  'apps/web/base/kustomization.yaml': 'resources: [deployment.yaml, service.yaml]\n',
});

test('after a restart no program is started, and a file that changes starts it once for all clusters', async () => {
  await using folder = await temporaryFolder();
  const { path, log } = countingProgram(folder.path, 'kustomize', kustomize.file);
  const settings = { path, cacheFolder: join(folder.path, 'cache') };
  const starts = (): readonly string[] => readFileSync(log, 'utf8').split('\n').slice(0, -1);
  const first = await renderedWith(KUSTOMIZED, settings);
  assert.equal(starts().length, 2, 'its version, and the build');
  const again = await renderedWith(KUSTOMIZED, settings);
  assert.equal(starts().length, 2, 'a second time nothing');
  assert.deepEqual(
    again.clusters.map((cluster) => cluster.digest),
    first.clusters.map((cluster) => cluster.digest),
  );
  const changed = { ...KUSTOMIZED, 'apps/web/base/kustomization.yaml': 'resources: [deployment.yaml]\n' };
  await renderedWith(changed, settings);
  assert.equal(starts().length, 4);
  await renderedWith(
    {
      ...KUSTOMIZED,
      'apps/other/base/settings.yaml': undefined,
      'apps/other/base/new.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new, namespace: other}\n',
    },
    settings,
  );
  assert.equal(starts().length, 4, 'another app is none of its business');
});

test('a program that was replaced is asked again, whatever its name', async () => {
  await using folder = await temporaryFolder();
  const { path, log } = countingProgram(folder.path, 'kustomize', kustomize.file);
  const settings = { path, cacheFolder: join(folder.path, 'cache') };
  await renderedWith(KUSTOMIZED, settings);
  const before = statSync(join(path, 'kustomize')).mtimeMs / 1000;
  utimesSync(join(path, 'kustomize'), before + 5, before + 5);
  await renderedWith(KUSTOMIZED, settings);
  assert.equal(readFileSync(log, 'utf8').split('\n').length - 1, 4);
});

test('clusters with equal values share the runs of Helm, and a cluster with other values adds its own', async () => {
  await using folder = await temporaryFolder();
  const { path, log } = countingProgram(folder.path, 'helm', helm.file);
  const chart = fleetWith({
    'fleet.yaml': PINNED_FLEET,
    'apps/web/base/deployment.yaml': undefined,
    'apps/web/base/service.yaml': undefined,
    'apps/web/base/Chart.yaml': 'apiVersion: v2\nname: website\nversion: 1.0.0\n',
    'apps/web/base/templates/one.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: "{{ .Values.a }}"}\n',
    'apps/web/values.yaml': 'a: everywhere\n',
  });
  const settings = { path, cacheFolder: join(folder.path, 'cache') };
  const templates = (): number =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('template ')).length;
  await renderedWith(chart, settings);
  assert.equal(templates(), 2, 'twice, to see that it comes out the same');
  const other = { ...chart, 'apps/web/overlays/eu/values.yaml': 'a: here\n' };
  const fleet = await renderedWith(other, settings);
  assert.equal(templates(), 4, 'eu alone');
  assert.deepEqual(bodyOf(fleet, 'eu', 'ConfigMap web/one')['data'], { a: 'here' });
  await renderedWith(other, settings);
  assert.equal(templates(), 4);
});

test('what was refused is tried again', async () => {
  await using folder = await temporaryFolder();
  const { path, log } = countingProgram(folder.path, 'kustomize', kustomize.file);
  const settings = { path, cacheFolder: join(folder.path, 'cache') };
  const broken = {
    ...KUSTOMIZED,
    'apps/web/base/kustomization.yaml': 'resources: [deployment.yaml, deployment.yaml]\n',
  };
  await renderedWith(broken, settings);
  await renderedWith(broken, settings);
  assert.equal(readFileSync(log, 'utf8').split('\n').length - 1, 4);
});

test('an entry that is damaged is none: the program runs again, and the entry is whole again', async () => {
  await using folder = await temporaryFolder();
  const { path, log } = countingProgram(folder.path, 'kustomize', kustomize.file);
  const settings = { path, cacheFolder: join(folder.path, 'cache') };
  const first = await renderedWith(KUSTOMIZED, settings);
  const [name = ''] = readdirSync(settings.cacheFolder);
  const file = join(settings.cacheFolder, name);
  for (const damage of [
    (text: string): string => text.replace('nginx', 'ngin0'),
    (text: string): string => text.slice(0, 200),
    (): string => '',
  ]) {
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, damage(whole));
    const again = await renderedWith(KUSTOMIZED, settings);
    assert.equal(again.clusters[0]?.digest, first.clusters[0]?.digest);
    assert.equal(readFileSync(file, 'utf8'), whole);
  }
  assert.equal(readFileSync(log, 'utf8').split('\n').length - 1, 8);
});

test('a folder that cannot be written to costs the cache, not the render', async () => {
  await using folder = await temporaryFolder();
  writeFileSync(join(folder.path, 'file'), '');
  const fleet = await renderedWith(KUSTOMIZED, { cacheFolder: join(folder.path, 'file', 'cache') });
  assert.deepEqual(fleet.diagnostics, []);
});

test('what was not used for longest goes when there is too much, and what somebody left half written', async () => {
  await using folder = await temporaryFolder();
  const cache = openExpansionCache(folder.path, 1000);
  const answer = (size: number) =>
    ({ state: 'rendered', tool: 'helm', version: '3.0.0', text: 'a'.repeat(size) }) as const;
  for (const key of ['a', 'b', 'c']) await cache.write(key, answer(200));
  const old = Date.now() / 1000 - 7200;
  for (const name of readdirSync(folder.path)) utimesSync(join(folder.path, name), old, old);
  writeFileSync(join(folder.path, 'x.partial'), '');
  utimesSync(join(folder.path, 'x.partial'), old, old);
  assert.equal((await cache.read('a'))?.text.length, 200);
  await cache.write('d', answer(200));
  await cache.prune();
  const left = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (key) => ((await cache.read(key)) === undefined ? '' : key)),
  );
  assert.ok(left.includes('a') && left.includes('d'), 'what was used last stays');
  assert.ok(readdirSync(folder.path).every((name) => !name.endsWith('.partial')));
  const bytes = readdirSync(folder.path).reduce((sum, name) => sum + statSync(join(folder.path, name)).size, 0);
  assert.ok(bytes <= 1000);
});
