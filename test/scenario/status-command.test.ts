/** `muster status` as a person runs it: what it says of a commit that nobody has applied. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fleetFile, placementFile } from './support/fleet-files.ts';
import { runMuster } from './support/muster.ts';
import { type Stage, startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';

describe('muster status', () => {
  let world: World<'eu' | 'us'>;
  let stage: Stage;

  before(async () => {
    world = await startWorld(['eu', 'us']);
    stage = await startStage('status-command', world, ['eu', 'us']);
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  /** Exit code and lines, with one space between the columns. */
  const status = async (): Promise<readonly [code: number | null, ...lines: readonly string[]]> => {
    const { code, out } = await runMuster(['status', ...stage.flags], stage.environment);
    const lines = out.trimEnd().split('\n').slice(1);
    return [code, ...lines.map((line) => line.replaceAll(/ {2,}/g, ' '))];
  };

  it('says in sync only of what was applied, and names what leaves', async () => {
    await stage.commit({
      'fleet.yaml': fleetFile('status-command', { defaults: { namespace: 'status-command', onUnplace: 'prune' } }),
      'apps/shop/base/all.yaml': `${configMap('a', '1')}---\n${configMap('b', '1')}`,
      'apps/tools/base/tools.yaml': configMap('tools', '1'),
    });
    const { code } = await runMuster(['sync', ...stage.flags], stage.environment);
    assert.equal(code, 0);
    const inSync = ['eu shop success 2 in sync', 'eu tools success 1 in sync'];
    assert.deepEqual(await status(), [0, ...inSync, 'us shop success 2 in sync', 'us tools success 1 in sync']);

    await stage.commit({ 'apps/shop/base/all.yaml': `${configMap('a', '2')}---\n${configMap('b', '1')}` });
    const changed = 'shop pending 2 ConfigMap status-command/a is not applied yet';
    assert.deepEqual(await status(), [
      1,
      `eu ${changed}`,
      'eu tools success 1 in sync',
      `us ${changed}`,
      'us tools success 1 in sync',
    ]);

    await stage.commit({
      'apps/shop/base/all.yaml': configMap('a', '1'),
      'apps/tools/placement.yaml': placementFile('tools', { names: ['eu'] }),
    });
    const fewer = 'shop pending 1 ConfigMap status-command/b is not deleted yet';
    assert.deepEqual(await status(), [
      1,
      `eu ${fewer}`,
      'eu tools success 1 in sync',
      `us ${fewer}`,
      'us tools pending 1 ConfigMap status-command/tools is not deleted yet',
    ]);
  });
});

function configMap(name: string, version: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {version: "${version}"}\n`;
}
