import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import {
  appName,
  baseFiles,
  clusterName,
  clusterPatch,
  type FleetFiles,
  groupPatch,
  hasOwnOverlay,
} from './generated-fleet.ts';

/**
 * The same objects as {@link file://./generated-fleet.ts} gives some clusters, as kustomizations: one for each app and cluster,
 * and one for each cluster that lists its apps. Writes them below `folder` and returns the clusters' folders. What Muster has as
 * a variable is a patch here, because kustomize has none.
 */
export async function writeKustomizations(
  folder: string,
  clusters: readonly number[],
  apps: number,
): Promise<readonly string[]> {
  for (let app = 0; app < apps; app += 1) {
    const files = baseFiles(app);
    await write(join(folder, 'base', appName(app)), { ...files, ...kustomization({ resources: Object.keys(files) }) });
  }
  return Promise.all(clusters.map((cluster) => writeCluster(folder, cluster, apps)));
}

async function writeCluster(folder: string, cluster: number, apps: number): Promise<string> {
  const own = join(folder, 'clusters', clusterName(cluster));
  const names = Array.from({ length: apps }, (_app, index) => appName(index));
  for (const [app, name] of names.entries()) {
    const patches: Record<string, string> = {
      'group.yaml': groupPatch(app, cluster % 10),
      ...(hasOwnOverlay(app, cluster) ? { 'cluster.yaml': clusterPatch(app, cluster) } : {}),
      'variables.yaml': stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { CLUSTER: clusterName(cluster) },
      }),
    };
    const parts = { namespace: name, resources: [`../../../base/${name}`], patches: paths(patches) };
    await write(join(own, name), { ...patches, ...kustomization(parts) });
  }
  await write(own, kustomization({ resources: names }));
  return own;
}

function paths(files: FleetFiles): readonly { readonly path: string }[] {
  return Object.keys(files).map((path) => ({ path }));
}

function kustomization(content: object): FleetFiles {
  const head = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
  return { 'kustomization.yaml': stringify({ ...head, ...content }) };
}

async function write(folder: string, files: FleetFiles): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
