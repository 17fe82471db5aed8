/** `muster sync` as a person runs it: what it prints, and what scripts get. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseJson, at } from '../../src/object/json.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { printKubeconfig, readKubeconfig } from '../support/kubeconfig.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runMuster } from './support/muster.ts';
import { type Stage, startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';

describe('muster sync', () => {
  let world: World<'eu' | 'us'>;
  let stage: Stage;

  before(async () => {
    world = await startWorld(['eu', 'us']);
    stage = await startStage('sync-command', world, ['eu', 'us']);
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const sync = (...more: readonly string[]) => runMuster(['sync', ...stage.flags, ...more], stage.environment);

  it('ends with a table of what changed', async () => {
    await stage.commit({ 'apps/shop/base/all.yaml': `${configMap('a', '1')}---\n${configMap('b', '1')}` });
    const first = await sync();
    assert.deepEqual(
      [first.code, table(first.out)],
      [
        0,
        [
          'CLUSTER STATE CREATED CONFIGURED UNCHANGED DELETED SKIPPED DETAILS',
          'eu success 2 0 0 0 0 in sync: 2 objects of 1 app',
          'us success 2 0 0 0 0 in sync: 2 objects of 1 app',
        ],
      ],
    );
    await stage.commit({ 'apps/shop/base/all.yaml': `${configMap('a', '2')}---\n${configMap('c', '1')}` });
    assert.deepEqual(table((await sync()).out).slice(1), [
      'eu success 1 1 0 1 0 in sync: 2 objects of 1 app',
      'us success 1 1 0 1 0 in sync: 2 objects of 1 app',
    ]);
    assert.deepEqual(table((await sync('-C', 'eu')).out).slice(1), [
      'eu success 0 0 2 0 0 in sync: 2 objects of 1 app',
    ]);
  });

  it('names everything that was not done, with its reason', async () => {
    await stage.commit({
      'apps/bad/base/service.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 99999}]}\n',
      'apps/shop/base/ignored.yaml': configMap('ignored', '1', '{muster.dev/apply: ignore}'),
    });
    const { code, out } = await sync('--once', '-C', 'eu');
    assert.equal(code, 1);
    const [changes = '', reasons = ''] = out.split('\n\n');
    assert.match(
      table(changes)[1] ?? '',
      /^eu failure 0 0 2 0 2 app bad: Service sync-command\/bad: .*between 1 and 65535/,
    );
    const [headers, ...rows] = table(reasons);
    assert.equal(headers, 'CLUSTER OBJECT SKIPPED WHY');
    assert.match(rows[0] ?? '', /^eu Service sync-command\/bad refused .*between 1 and 65535/);
    assert.equal(rows[1], 'eu ConfigMap sync-command/ignored skipped muster.dev/apply: ignore');
  });

  it('says the same to scripts', async () => {
    const { out } = await sync('--once', '-C', 'eu', '-o', 'json');
    const document = parseJson(out);
    assert.deepEqual(at(document, 'clusters', 'eu', 'counts'), { created: 0, configured: 0, unchanged: 2, deleted: 0 });
    const skipped = at(document, 'clusters', 'eu', 'skipped');
    assert.ok(Array.isArray(skipped) && skipped.length === 2);
    assert.deepEqual(at(skipped[1], 'reason'), 'muster.dev/apply: ignore');
  });

  it('does not call a fleet in sync of which it has seen only a part when the time is over', async () => {
    await stage.commit({ 'apps/bad/base/service.yaml': null, 'apps/shop/base/ignored.yaml': null });
    assert.equal((await sync()).code, 0);
    const { eu, us } = world.clusters;
    await using proxy = await startFaultProxy(us.plane.kubeconfig);
    // Never so long that a request would fail, and so many requests that no look ends.
    proxy.script(() => ({ kind: 'slow', ms: 12_000 }));
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'kubeconfig');
    await writeFile(path, printKubeconfig([readKubeconfig(eu.plane.kubeconfig), readKubeconfig(proxy.kubeconfig)]));
    const flags = stage.flags.map((flag) => (flag === world.kubeconfig ? path : flag));
    const { code, out } = await runMuster(['sync', ...flags, '--timeout', '8s'], {
      ...stage.environment,
      MUSTER_GRACE: '1s',
    });
    assert.deepEqual(
      [code, table(out)[2]],
      [1, 'us pending 0 0 0 0 0 the time was over before its first look ended. --timeout gives it more'],
    );
  });

  it('is one line for all objects that are not done for the same reason', async () => {
    const ignored = Array.from({ length: 40 }, (_, index) => configMap(`i${index}`, '1', '{muster.dev/apply: ignore}'));
    await stage.commit({ 'apps/shop/base/ignored.yaml': ignored.join('---\n') });
    const { out } = await sync('--once', '-C', 'eu');
    assert.deepEqual(table(out.split('\n\n')[1] ?? ''), [
      'CLUSTER OBJECT SKIPPED WHY',
      'eu ConfigMap sync-command/i0, +39 skipped muster.dev/apply: ignore',
    ]);
    await stage.commit({ 'apps/shop/base/ignored.yaml': null });
  });
});

function configMap(name: string, version: string, annotations = '{}'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, annotations: ${annotations}}\ndata: {version: "${version}"}\n`;
}

/** Lines with one space between the columns. */
function table(text: string): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' '));
}
