/** The manifests of three public projects, as they are, on two clusters: there, quiet, and gone again. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PART_OF_LABEL } from '../../src/object/applyset.ts';
import { listAt, mapAt, parseJson, textAt } from '../../src/object/json.ts';
import type { ApiClient } from '../support/api-client.ts';
import type { AuditEntry } from '../support/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import { sharedFolder } from '../support/shared.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fleetFile } from './support/fleet-files.ts';
import { type MetricsApi, startMetricsApi } from './support/metrics-api.ts';
import { type MusterProcess, runMuster } from './support/muster.ts';
import { MUSTER_USER, printRequests } from './support/requests.ts';
import { type Stage, startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';

const corpora = sharedFolder('corpora');
const CLUSTERS = ['eu', 'us'] as const;

describe(
  'podinfo, bookinfo and kube-prometheus',
  { skip: corpora === undefined ? 'there is no folder of shared corpora on this machine' : false },
  () => {
    let metrics: MetricsApi;
    let world: World<'eu' | 'us'>;
    let stage: Stage;
    let muster: MusterProcess;
    let fleet = fleetFile('corpora', { guards: { protect: ['CustomResourceDefinition', 'Namespace'] } });
    let base: Readonly<Record<string, string>>;

    before(async () => {
      metrics = await startMetricsApi();
      world = await startWorld(CLUSTERS, { controllerManager: true, apiServerFlags: metrics.apiServerFlags });
      stage = await startStage('corpora', world, CLUSTERS);
    });
    after(async () => {
      await muster?.[Symbol.asyncDispose]();
      await stage?.[Symbol.asyncDispose]();
      await world?.[Symbol.asyncDispose]();
      await metrics?.[Symbol.asyncDispose]();
    });

    const isFine = (revision: string, counts: string): Promise<void> =>
      eventually(() => {
        assert.deepEqual(stage.statuses(revision), {
          'muster/fleet': 'success: 2/2 clusters in sync',
          'muster/eu': `success: in sync: ${counts}`,
          'muster/us': `success: in sync: ${counts}`,
          'muster/drift': 'success: no drift',
        });
      });

    /** What Muster asked of each cluster while `call` ran; opened watches are not questions. */
    const requestsDuring = async (call: () => Promise<unknown>): Promise<readonly (readonly AuditEntry[])[]> => {
      const planes = CLUSTERS.map((name) => world.clusters[name].plane);
      const before = await Promise.all(planes.map(async (plane) => (await plane.requests()).length));
      await call();
      const all = await Promise.all(planes.map((plane) => plane.requests()));
      return all.map((entries, index) =>
        entries.slice(before[index]).filter(({ user, verb }) => user === MUSTER_USER && verb !== 'watch'),
      );
    };

    /** Muster has asked nothing for a while: what was on its way has arrived. */
    const quiet = async (): Promise<void> => {
      await eventually(async () => {
        const requests = await requestsDuring(() => sleep(1000));
        assert.deepEqual(requests.map(printRequests), [[], []]);
      });
    };

    /** `muster approve` for everything that waits on a cluster, and a commit of what it wrote: the revision. */
    const approveAll = async (): Promise<string> => {
      await using folder = await temporaryFolder();
      const document = parseJson(await (await fetch(`${muster.url}/api/v1/status`)).text());
      const digests = CLUSTERS.flatMap((cluster) =>
        Object.values(mapAt(document, 'clusters', cluster, 'apps')).flatMap((app) => textAt(app, 'approval') ?? []),
      );
      assert.ok(digests.length > 0, 'something waits');
      const file = join(folder.path, 'fleet.yaml');
      await writeFile(file, fleet);
      for (const digest of digests) {
        const { code, err } = await runMuster(['approve', digest, folder.path]);
        assert.deepEqual([code, err], [0, `${file}: ${digest} is approved. Commit and push it.\n`]);
      }
      fleet = await readFile(file, 'utf8');
      return await stage.commit({ 'fleet.yaml': fleet });
    };

    it('come into sync: 148 objects of 20 kinds, with what defines four of these kinds', async () => {
      base = {
        ...manifests('podinfo', 'podinfo/kustomize'),
        ...manifests('bookinfo', 'bookinfo/samples/bookinfo/platform/kube', ['bookinfo.yaml']),
        ...manifests('kube-prometheus', 'kube-prometheus/manifests'),
      };
      const revision = await stage.commit({
        'fleet.yaml': fleet,
        ...base,
        'apps/stays/base/stays.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: stays}}',
      });
      muster = await stage.run();
      // Pods run because the hollow node says so, and the APIService is Available because something answers for its Pod.
      // Prometheus, Alertmanager, rules and monitors have no operator that would report on them: they are Current, as
      // everything is that has no opinion on its own health.
      await isFine(revision, '149 objects of 4 apps');
    });

    it('are then left alone: another commit that changes none of them sends no request', async () => {
      await quiet();
      const requests = await requestsDuring(async () => {
        await isFine(await stage.commit({ 'README.md': 'Nothing to see.' }), '149 objects of 4 apps');
      });
      assert.deepEqual(requests.map(printRequests), [[], []]);
    });

    it('cost a restarted controller one list of each kind, and no write', async () => {
      const revision = await stage.commit({ 'README.md': 'Started again.' });
      await isFine(revision, '149 objects of 4 apps');
      assert.equal(await muster.end('SIGTERM'), 0);
      const requests = await requestsDuring(async () => {
        muster = await stage.run();
        await eventually(async () => assert.equal((await fetch(`${muster.url}/readyz`)).status, 200));
        await quiet();
      });
      for (const own of requests) {
        assert.deepEqual(printRequests(own).toSorted(), [
          'get /api',
          'get /apis',
          'get namespaces kube-system/kube-system',
          'list apiextensions.k8s.io/customresourcedefinitions',
          'list apiregistration.k8s.io/apiservices',
          'list apps/daemonsets',
          'list apps/deployments',
          'list autoscaling/horizontalpodautoscalers',
          'list configmaps',
          'list configmaps muster-system',
          'list monitoring.coreos.com/alertmanagers',
          'list monitoring.coreos.com/prometheuses',
          'list monitoring.coreos.com/prometheusrules',
          'list monitoring.coreos.com/servicemonitors',
          'list namespaces',
          'list networking.k8s.io/networkpolicies',
          'list policy/poddisruptionbudgets',
          'list rbac.authorization.k8s.io/clusterrolebindings',
          'list rbac.authorization.k8s.io/clusterroles',
          'list rbac.authorization.k8s.io/rolebindings',
          'list rbac.authorization.k8s.io/roles',
          'list secrets',
          'list serviceaccounts',
          'list services',
        ]);
      }
    });

    it('wait, when they leave the repository, until somebody approves of their deletion, but for a few objects', async () => {
      const revision = await stage.commit(Object.fromEntries(Object.keys(base).map((path) => [path, null])));
      await eventually(() => {
        for (const cluster of CLUSTERS) {
          const text = stage.statuses(revision)[`muster/${cluster}`] ?? '';
          assert.match(
            text,
            /^pending: app bookinfo: muster approve sha256:\w{32} \(14 of 14 objects would be deleted, .*, \+1$/,
          );
        }
      });
      for (const name of CLUSTERS) {
        const { api } = world.clusters[name];
        assert.equal(await api.get('apps/v1', 'Deployment', 'corpora', 'podinfo'), undefined);
        assert.equal((await api.list('apps/v1', 'Deployment', 'corpora')).length, 6);
        assert.equal((await api.list('apps/v1', 'Deployment', 'monitoring')).length, 5);
      }
    });

    it('are deleted to the last object that is not protected, and then to the very last', async () => {
      const second = await approveAll();
      await eventually(() => {
        for (const cluster of CLUSTERS) {
          const text = stage.statuses(second)[`muster/${cluster}`] ?? '';
          assert.match(
            text,
            /^success: in sync: 1 object of 1 app; 11 left the repository and stay: \S+ \S+ \(\w+ is protected/,
          );
        }
      });
      for (const name of CLUSTERS) {
        const { api } = world.clusters[name];
        const left = await labelled(api);
        assert.deepEqual(
          left.filter((line) => !line.startsWith('CustomResourceDefinition ')),
          ['ConfigMap corpora/stays', 'Namespace monitoring'],
        );
      }

      fleet = fleet.replace(/"protect": \[[^\]]*\]/, '"protect": []');
      const third = await stage.commit({ 'fleet.yaml': fleet });
      await eventually(() => assert.match(stage.statuses(third)['muster/us'] ?? '', /^pending: .* \(11 of 11 objects/));
      const fourth = await approveAll();
      await isFine(fourth, '1 object of 1 app');
      for (const name of CLUSTERS) {
        const { api } = world.clusters[name];
        // The namespace goes as soon as the namespace controller has emptied it.
        await eventually(async () => assert.deepEqual(await labelled(api), ['ConfigMap corpora/stays']));
        assert.deepEqual(
          (await api.list('v1', 'ConfigMap', 'muster-system'))
            .map((each) => textAt(each, 'metadata', 'name') ?? '')
            .toSorted(),
          ['corpora.stays', 'kube-root-ca.crt'],
        );
      }
    });
  },
);

/** The plain manifests of a folder of the corpora, subfolders included, as the base of an app. */
function manifests(app: string, folder: string, only?: readonly string[]): Readonly<Record<string, string>> {
  const root = join(corpora ?? '', folder);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml'));
  return Object.fromEntries(
    files
      .filter((path) => only === undefined || only.includes(path))
      .map((path) => [`apps/${app}/base/${path}`, readFileSync(join(root, path), 'utf8')]),
  );
}

/** Everything on a cluster that carries the label of an app of ours. */
async function labelled(api: ApiClient): Promise<readonly string[]> {
  const { groups } = mapAt({ root: await api.request('GET', '/apis') }, 'root');
  const versions = listAt({ groups: groups ?? [] }, 'groups').flatMap(
    (group) => textAt(group, 'preferredVersion', 'groupVersion') ?? [],
  );
  const found: string[] = [];
  for (const path of ['/api/v1', ...versions.map((version) => `/apis/${version}`)]) {
    for (const resource of listAt(await api.request('GET', path), 'resources')) {
      const name = textAt(resource, 'name') ?? '';
      if (
        name.includes('/') ||
        !listAt(resource, 'verbs').includes('list') ||
        !listAt(resource, 'verbs').includes('patch')
      )
        continue;
      const list = await api.request('GET', `${path}/${name}?labelSelector=${encodeURIComponent(PART_OF_LABEL)}`);
      for (const item of listAt(list, 'items')) {
        const where = [textAt(item, 'metadata', 'namespace'), textAt(item, 'metadata', 'name')].filter(
          (part) => part !== undefined,
        );
        found.push(`${textAt(resource, 'kind')} ${where.join('/')}`);
      }
    }
  }
  return found;
}
