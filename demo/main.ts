/**
 * The example fleet, end to end, on real API servers: what a person would want to watch before they believe it. Every step
 * asserts what it shows. `muster demo` runs it; Ctrl-C cleans up.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../src/model/json.ts';
import { listAt, numberAt, textAt } from '../src/object/json.ts';
import { printTable } from '../src/cli/table.ts';
import { eventually, type Stage, startStage } from './stage.ts';

const NAMES = ['eu', 'ap', 'us'] as const;
const EXAMPLE = join(import.meta.dirname, '..', 'examples', 'fleet-repo');
const read = (path: string): string => readFileSync(join(EXAMPLE, path), 'utf8');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const began = performance.now();
try {
  await using stage = await startStage(NAMES, EXAMPLE, say, stop.signal);
  await firstSync(stage);
  await tenReplicas(stage);
  await handEdit(stage);
  await badCommit(stage);
  await removal(stage);
  printStatuses(stage);
  say(`\nDone in ${((performance.now() - began) / 1000).toFixed(0)} s. Cleaning up …`);
} catch (error) {
  process.exitCode = stop.signal.aborted ? 130 : 1;
  say(
    stop.signal.aborted
      ? '\nStopped. Everything was cleaned up.'
      : `\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`,
  );
}
process.exit();

async function firstSync(stage: Stage): Promise<void> {
  title('1. The first sync: the commit reaches three clusters');
  await stage.inSync(stage.head());
  const status = await stage.status();
  const apps = [...new Set(NAMES.flatMap((name) => Object.keys(status.clusters[name]?.apps ?? {})))].sort();
  const cell = (cluster: string, app: string): string => {
    const found = status.clusters[cluster]?.apps[app];
    return found === undefined ? '–' : `${found.objects} objects`;
  };
  say(
    indent(
      printTable(
        ['', ...apps],
        NAMES.map((name) => [name, ...apps.map((app) => cell(name, app))]),
      ),
    ),
  );
  say(`  Deployment hello: ${await showReplicas(stage)}`);
  assert.deepEqual(await replicas(stage), { eu: 2, ap: 1, us: 2 }, 'five replicas are divided 2:1:2');
}

async function tenReplicas(stage: Stage): Promise<void> {
  title('2. A commit: ten replicas instead of five');
  const path = 'apps/hello/base/deployment.yaml';
  const revision = await stage.commit('hello: ten replicas', {
    [path]: read(path).replace('replicas: 5', 'replicas: 10'),
  });
  await stage.inSync(revision);
  say(`  Deployment hello: ${await showReplicas(stage)}`);
  assert.deepEqual(await replicas(stage), { eu: 4, ap: 2, us: 4 }, 'ten replicas are divided 4, 2, 4');
}

async function handEdit(stage: Stage): Promise<void> {
  title('3. Somebody scales by hand, as "kubectl edit" would');
  const eu = stage.clients.eu;
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'hello', name: 'hello' };
  await eu.patch(target, { spec: { replicas: 7 } }, { type: 'merge', manager: 'kubectl-edit' });
  say('  eu: Deployment hello/hello now has 7 replicas');
  const revision = stage.head();
  const report = await eventually(stop.signal, () => {
    const found = stage.forge.history(revision, 'muster/drift').find((each) => each.state === 'failure');
    assert.ok(found !== undefined, 'the drift is reported on the commit');
    return found;
  });
  say(`  on the commit: ${report.context} ${report.state}: ${report.description}`);
  for (const part of ['/spec/replicas', 'kubectl-edit', 'Z'])
    assert.ok(report.description.includes(part), `the report names ${part}`);
  await eventually(stop.signal, async () => {
    assert.equal((await replicas(stage))['eu'], 4, 'the drift is healed');
    const latest = stage.forge.statuses(revision).find((each) => each.context === 'muster/drift');
    assert.equal(latest?.state, 'success', 'the healing is reported on the commit');
  });
  say(`  healed: ${await showReplicas(stage)}`);
}

async function badCommit(stage: Stage): Promise<void> {
  title('4. A bad commit: a misspelt field');
  const before = await stage.objects();
  const path = 'apps/hello/placement.yaml';
  const revision = await stage.commit('hello: other weights', { [path]: read(path).replace('weights:', 'wieghts:') });
  const status = await eventually(stop.signal, () => {
    const found = stage.forge.statuses(revision).find((each) => each.context === 'muster/fleet');
    assert.equal(found?.state, 'failure', 'the commit fails');
    return found;
  });
  say(`  on the commit: ${status?.context} ${status?.state}: ${status?.description}`);
  assert.match(
    status?.description ?? '',
    /^apps\/hello\/placement\.yaml:\d+:\d+: UNKNOWN_FIELD/,
    'file, line and reason are named',
  );
  assert.deepEqual(await stage.objects(), before, 'nothing was touched on any cluster');
  say('  no object on any cluster was touched');
  const mended = await stage.commit('hello: mend the field', { [path]: read(path) });
  await stage.inSync(mended);
}

async function removal(stage: Stage): Promise<void> {
  title('5. A removal: the Service leaves the repository');
  const before = await stage.objects();
  const revision = await stage.commit('hello: no Service', {
    'apps/hello/base/service.yaml': null,
    'apps/hello/overlays/region=asia/service.yaml': null,
  });
  await stage.inSync(revision);
  const gone = await eventually(stop.signal, async () => {
    const after = await stage.objects();
    const missing = Object.keys(before).filter((key) => !(key in after));
    assert.equal(missing.length, 3, 'one Service on each of three clusters is gone');
    return missing;
  });
  say(gone.map((key) => `  pruned: ${key}`).join('\n'));
  assert.deepEqual(gone.sort(), NAMES.map((name) => `${name} Service hello/hello`).sort(), 'and nothing else is gone');
}

function printStatuses(stage: Stage): void {
  title('The statuses as the forge has them');
  for (const { revision, message } of stage.commits()) {
    say(`\n  ${revision.slice(0, 10)} ${message}`);
    const rows = stage.forge.statuses(revision).map(({ context, state, description }) => [context, state, description]);
    say(indent(printTable(undefined, rows)));
  }
}

async function replicas(stage: Stage): Promise<Record<string, number | undefined>> {
  const counts = await Promise.all(
    NAMES.map(async (name) => {
      const deployment: JsonObject = (await stage.clients[name].get('apps/v1', 'Deployment', 'hello', 'hello')) ?? {};
      return [name, numberAt(deployment, 'spec', 'replicas')] as const;
    }),
  );
  return Object.fromEntries(counts);
}

async function showReplicas(stage: Stage): Promise<string> {
  const counts = await replicas(stage);
  const images = await Promise.all(
    NAMES.map(async (name) => {
      const deployment: JsonObject = (await stage.clients[name].get('apps/v1', 'Deployment', 'hello', 'hello')) ?? {};
      return (
        textAt(listAt(deployment, 'spec', 'template', 'spec', 'containers')[0], 'image')?.replace(/^.*:/, '') ?? '?'
      );
    }),
  );
  return NAMES.map((name, index) => `${name} ${counts[name] ?? '?'} (${images[index] ?? '?'})`).join(', ');
}

function title(text: string): void {
  say(`\n${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '  ');
}
