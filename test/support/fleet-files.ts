/** Small fleets for tests: files by path, read and rendered by the stages themselves, without Git and without a disk. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { printDiagnostics } from '../../src/cli/diagnostics.ts';
import { createMemo } from '../../src/memo.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Expansion } from '../../src/model/extensions.ts';
import type { FleetConfig } from '../../src/model/fleet.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Locate } from '../../src/model/locate.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { RenderedApp, RenderedCluster, RenderedFleet } from '../../src/model/render.ts';
import type { RefusedFile, RegularFile, Snapshot, SnapshotFile } from '../../src/model/snapshot.ts';
import { compareText, formatId } from '../../src/object/id.ts';
import { createLocate, createReadFile, readDocuments } from '../../src/read-file.ts';
import { renderFleet, type RenderResult } from '../../src/reconcile.ts';
import { expandBase } from '../../src/render/expand-base.ts';
import { parseManifests } from '../../src/render/parse-manifests.ts';
import { parseFleet, type ParsedFleet } from '../../src/source/parse-fleet.ts';

/** Text or bytes, an entry that is never read, or `undefined` for no file at all: to take one out of another fleet. */
export type TestFile = string | Uint8Array | Omit<RefusedFile, 'path'> | undefined;
export type TestFiles = Readonly<Record<string, TestFile>>;

/** A cluster; `rest` is more of its document, indented as part of `spec`. */
export function clusterFile(name: string, labels: string, rest = ''): string {
  return `apiVersion: muster.dev/v1alpha1
kind: Cluster
metadata:
  name: ${name}
  labels: ${labels}
spec:
  connection: {context: ${name}}
${rest}`;
}

/** A placement; `spec` in flow style, on one line. */
export function placementFile(name: string, spec: string): string {
  return `apiVersion: muster.dev/v1alpha1
kind: Placement
metadata: {name: ${name}}
spec: ${spec}
`;
}

/**
 * Three clusters and two apps on all of them: `web`, a Deployment and a Service in namespace `web`, and `other`, a
 * ConfigMap. Tests change what they are about, and look at `other` to see that nothing else changed.
 */
export const SMALL_FLEET = {
  'fleet.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\n',
  'clusters/ap.yaml': clusterFile(
    'ap',
    '{region: asia, env: prod}',
    '  region: asia\n  variables: {network: net-ap}\n',
  ),
  'clusters/eu.yaml': clusterFile(
    'eu',
    '{region: europe, env: prod}',
    '  region: europe\n  variables: {network: net-eu}\n',
  ),
  'clusters/us.yaml': clusterFile(
    'us',
    '{region: america, env: test}',
    '  region: america\n  variables: {network: net-us}\n',
  ),
  'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web}\n',
  'apps/web/placement.yaml': placementFile('web', '{clusters: {all: true}}'),
  'apps/web/base/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx:1.27
`,
  'apps/web/base/service.yaml': `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80}]
`,
  'apps/other/placement.yaml': placementFile('other', '{clusters: {all: true}}'),
  'apps/other/base/settings.yaml': `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: other}
data: {greeting: "hello from \${cluster.name}"}
`,
} satisfies TestFiles;

/** {@link SMALL_FLEET} with some files changed, added or, by `undefined`, taken out. */
export function fleetWith(changes: TestFiles): TestFiles {
  return { ...SMALL_FLEET, ...changes };
}

/** The files as a revision has them. */
export function snapshotOf(files: TestFiles): Snapshot {
  const entries = Object.entries(files).flatMap(([path, file]): readonly SnapshotFile[] => {
    if (file === undefined) return [];
    if (typeof file === 'object' && 'kind' in file) return [{ ...file, path }];
    const bytes = Buffer.from(file);
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    return [{ kind: 'file', path, oid, bytes }];
  });
  return { revision: 'worktree', files: entries.sort((a, b) => compareText(a.path, b.path)) };
}

/** Only the first stage. */
export function parseFiles(files: TestFiles): ParsedFleet {
  const snapshot = snapshotOf(files);
  const read = createReadFile(new Map());
  const locate = locateIn(files);
  const all = regularFiles(files);
  const parse = (file: RegularFile): Expansion => parseManifests(file, read, locate);
  return parseFleet(snapshot, {
    read,
    locate,
    memo: createMemo(),
    manifests: {
      parseManifests: parse,
      expandBase: (app, base) =>
        expandBase(base, {
          app,
          root: `apps/${app}/base`,
          all,
          locate,
          read: (file) => readDocuments(file, read),
          parseManifests: parse,
        }),
    },
  });
}

/** Positions in the files. */
export function locateIn(files: TestFiles): Locate {
  return createLocate(regularFiles(files));
}

function regularFiles(files: TestFiles): ReadonlyMap<string, RegularFile> {
  const regular = snapshotOf(files).files.filter((file) => file.kind === 'file');
  return new Map(regular.map((file) => [file.path, file]));
}

/** The first stage of a fleet that can be used. */
export function configOf(files: TestFiles): FleetConfig {
  const parsed = parseFiles(files);
  assert.equal(parsed.state, 'parsed', parsed.state === 'parsed' ? '' : print(parsed.diagnostics).join('\n'));
  return parsed.config;
}

/** All pure stages. */
export function renderFiles(files: TestFiles): RenderResult {
  return renderFleet(snapshotOf(files));
}

/** All pure stages of a fleet that can be used. */
export function renderedOf(files: TestFiles): RenderedFleet {
  const result = renderFiles(files);
  assert.equal(result.state, 'rendered', result.state === 'rendered' ? '' : print(result.diagnostics).join('\n'));
  return result.fleet;
}

/** What `muster check` prints, line by line. */
export function check(files: TestFiles): readonly string[] {
  const result = renderFiles(files);
  return print(result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics);
}

/** Diagnostics as `muster check` prints them. */
export function print(diagnostics: readonly Diagnostic[]): readonly string[] {
  return printDiagnostics(diagnostics).split('\n').slice(0, -1);
}

export function clusterOf(fleet: RenderedFleet, name: string): RenderedCluster {
  const found = fleet.clusters.find(({ cluster }) => cluster.name === name);
  assert.ok(found, `there is no cluster ${name}`);
  return found;
}

export function appOf(fleet: RenderedFleet, cluster: string, app: string): RenderedApp {
  const found = clusterOf(fleet, cluster).apps.find((each) => each.name === app);
  assert.ok(found, `there is no app ${app} on ${cluster}`);
  return found;
}

/** A manifest by what {@link formatId} makes of it: `Deployment web/web`. */
export function manifestOf(fleet: RenderedFleet, cluster: string, object: string): Manifest {
  const all = clusterOf(fleet, cluster).apps.flatMap((app) => app.manifests);
  const found = all.find(({ id }) => formatId(id) === object);
  assert.ok(found, `there is no ${object} on ${cluster}, only: ${all.map(({ id }) => formatId(id)).join(', ')}`);
  return found;
}

/** The object that a cluster gets. */
export function bodyOf(fleet: RenderedFleet, cluster: string, object: string): JsonObject {
  return manifestOf(fleet, cluster, object).body;
}

/** Text in which `‸` marks a place: the text without the mark, and the place as messages write it, `4:8`. */
export function marked(text: string): { readonly text: string; readonly place: string } {
  const before = text.slice(0, text.indexOf('‸')).split('\n');
  assert.ok(text.includes('‸'), `no mark in: ${text}`);
  return { text: text.replace('‸', ''), place: `${before.length}:${(before.at(-1) ?? '').length + 1}` };
}
