/** The plain manifests of a public project, as they are, on two clusters: there, quiet, and gone again. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PART_OF_LABEL } from '../../src/object/applyset.ts';
import { groupKindKey } from '../../src/object/id.ts';
import { sharedFolder } from '../support/shared.ts';
import { fleetFile } from './support/fleet-files.ts';
import { printRequests, writesAmong } from './support/requests.ts';
import { startWorld, type World } from './support/world.ts';

const podinfo = sharedFolder('corpora/podinfo');

describe(
  'podinfo',
  { skip: podinfo === undefined ? 'there is no folder of shared corpora on this machine' : false },
  () => {
    let world: World<'eu' | 'us'>;

    before(async () => {
      world = await startWorld(['eu', 'us'], { controllerManager: true });
    });
    after(() => world?.[Symbol.asyncDispose]());

    it('converges on two clusters, is then left alone, and is pruned to nothing once that is approved', async () => {
      const apps = {
        podinfo: 'kustomize',
        frontend: 'deploy/bases/frontend',
        backend: 'deploy/bases/backend',
        cache: 'deploy/bases/cache',
        database: 'deploy/bases/database',
      };
      const bases = Object.fromEntries(
        Object.entries(apps).flatMap(([app, folder]) => readManifests(app, join(podinfo ?? '', folder))),
      );
      // The name of a ConfigMap that kustomize would make.
      const cacheConfig = {
        'apps/cache/base/config.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: redis-config}}',
      };
      // A second app named podinfo would claim the same objects in one namespace.
      const settings = (approvals: readonly string[]): string =>
        fleetFile('podinfo', { guards: { protect: [] }, approvals });
      await using fleet = await world.fleet('podinfo');
      for (const { api } of Object.values(world.clusters)) await api.create(VOLUME);
      fleet.commit({
        'fleet.yaml': settings([]),
        ...bases,
        ...cacheConfig,
        'apps/stays/base/stays.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: stays}}',
      });
      const ticks = await fleet.sync();
      const kinds = new Set(ticks.eu.target.apps.flatMap((app) => app.manifests.map(({ id }) => groupKindKey(id))));
      assert.ok(kinds.size >= 5, [...kinds].join(', '));

      for (const cluster of ['eu', 'us'] as const) {
        const requests = await fleet.requestsDuring(() => fleet.tick(cluster), cluster);
        assert.deepEqual(printRequests(writesAmong(requests)), []);
      }

      fleet.commit(
        Object.fromEntries([...Object.keys(bases), ...Object.keys(cacheConfig)].map((path) => [path, null])),
      );
      const held = [await fleet.tick('eu'), await fleet.tick('us')];
      const digests = held.flatMap((tick) => tick.plan.apps.flatMap((app) => app.approval?.digest ?? []));
      assert.ok(digests.length > 0);
      fleet.commit({ 'fleet.yaml': settings(digests) });
      await fleet.sync();

      for (const cluster of ['eu', 'us'] as const) {
        const { api } = world.clusters[cluster];
        for (const [apiVersion, kind] of [
          ['v1', 'ConfigMap'],
          ['v1', 'Service'],
          ['v1', 'ServiceAccount'],
          ['v1', 'PersistentVolumeClaim'],
          ['apps/v1', 'Deployment'],
          ['apps/v1', 'StatefulSet'],
          ['batch/v1', 'CronJob'],
          ['autoscaling/v2', 'HorizontalPodAutoscaler'],
        ] as const) {
          const left = await api.list(apiVersion, kind, 'podinfo', PART_OF_LABEL);
          assert.equal(left.length, kind === 'ConfigMap' ? 1 : 0, `${kind} on ${cluster}`);
        }
      }
    });
  },
);

/** What a cluster with a provisioner would make for the database. */
const VOLUME = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'podinfo' },
  spec: { capacity: { storage: '100Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/nowhere' } },
};

/** Manifests of a folder as files of an app; what only kustomize reads is left out. */
function readManifests(app: string, folder: string): readonly (readonly [string, string])[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
  return files.map((file) => [`apps/${app}/base/${file}`, readFileSync(join(folder, file), 'utf8')]);
}
