/**
 * Writes `deploy/install.yaml`, everything of `deploy/` in one file, as Muster itself renders it. A test compares.
 *
 *     node scripts/install-yaml.ts
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RegularFile } from '../src/model/snapshot.ts';
import { renderFleet } from '../src/reconcile.ts';
import { printYamlDocuments } from '../src/yaml/print.ts';

const DEPLOY = join(import.meta.dirname, '..', 'deploy');
const NOT_MANIFESTS = ['install.yaml', 'kustomization.yaml'];

/** The text of `deploy/install.yaml` as it should be. Throws where Muster finds an error in it. */
export function renderInstall(): string {
  const api = 'apiVersion: muster.dev/v1alpha1\n';
  const files: Record<string, string> = {
    'fleet.yaml': `${api}kind: Fleet\nmetadata: {name: muster}\n`,
    'clusters/hub.yaml': `${api}kind: Cluster\nmetadata: {name: hub}\nspec: {connection: {inCluster: true}}\n`,
    'apps/muster/placement.yaml': `${api}kind: Placement\nmetadata: {name: muster}\nspec: {clusters: {all: true}}\n`,
  };
  for (const name of readdirSync(DEPLOY).filter((each) => each.endsWith('.yaml') && !NOT_MANIFESTS.includes(each))) {
    files[`apps/muster/base/${name}`] = readFileSync(join(DEPLOY, name), 'utf8');
  }
  const result = renderFleet({ revision: 'worktree', files: Object.entries(files).map(toFile) });
  const problems = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
  if (result.state === 'unusable' || problems.length > 0) throw new Error(JSON.stringify(problems));
  const manifests = result.fleet.clusters.flatMap(({ apps }) => apps.flatMap((app) => app.manifests));
  // kubectl applies in the order of the file, and everything else is in the Namespace.
  const namespaceFirst = manifests.toSorted(
    (a, b) => Number(b.id.kind === 'Namespace') - Number(a.id.kind === 'Namespace'),
  );
  const header = '# Made by "node scripts/install-yaml.ts" from the files in this folder. Change those.\n';
  return header + printYamlDocuments(namespaceFirst.map((manifest) => manifest.body));
}

function toFile([path, text]: readonly [string, string]): RegularFile {
  const bytes = Buffer.from(text);
  return { kind: 'file', path, bytes, oid: createHash('sha1').update(bytes).digest('hex') };
}

if (import.meta.main) writeFileSync(join(DEPLOY, 'install.yaml'), renderInstall());
