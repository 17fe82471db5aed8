import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { compareText } from '../../../src/object/id.ts';
import { printJson } from '../../../src/object/json.ts';

/** Paths and texts of a commit; `null` removes a file. Texts may be indented as a whole, to stand well in a test. */
export type FileChanges = Readonly<Record<string, string | null>>;

/** Paths and texts of a repository. */
export type Files = Readonly<Record<string, string>>;

/**
 * The files after a change. What a test does not say is filled in, so that it can say only what it is about: a fleet of
 * that name whose namespace has the same, the clusters with contexts of their names, and for each app a placement on all.
 */
export function changeFiles(files: Files, changes: FileChanges, fleet: string, clusters: readonly string[]): Files {
  const given = Object.entries({ ...files, ...changes }).flatMap(([path, text]) =>
    text === null ? [] : [[path, dedent(text)] as const],
  );
  const apps = [...new Set(given.flatMap(([path]) => /^apps\/([^/]+)\/(?!placement)/.exec(path)?.[1] ?? []))];
  const placements = Object.keys(files).filter((path) => path.endsWith('/placement.yaml'));
  const left = placements.filter((path) => !apps.some((app) => path === `apps/${app}/placement.yaml`));
  return {
    'fleet.yaml': fleetFile(fleet),
    ...Object.fromEntries(clusters.map((name) => [`clusters/${name}.yaml`, clusterFile(name)])),
    ...Object.fromEntries(apps.map((app) => [`apps/${app}/placement.yaml`, placementFile(app, { all: true })])),
    ...Object.fromEntries(given.filter(([path]) => !left.includes(path))),
  };
}

/** `fleet.yaml`: objects that name no namespace go to the one that is called like the fleet. */
export function fleetFile(name: string, spec: JsonObject = {}): string {
  return ownFile('Fleet', name, { defaults: { namespace: name }, ...spec });
}

/** `clusters/NAME.yaml`. */
export function clusterFile(name: string, spec: JsonObject = {}): string {
  return ownFile('Cluster', name, { connection: { context: name }, ...spec });
}

/** `apps/NAME/app.yaml`. */
export function appFile(name: string, spec: JsonObject): string {
  return ownFile('App', name, spec);
}

/** `apps/NAME/placement.yaml`. */
export function placementFile(app: string, clusters: JsonObject): string {
  return ownFile('Placement', app, { clusters });
}

/** The files as a commit that was read whole; equal files are the same revision. */
export function snapshotOf(files: Files): Snapshot {
  const entries = Object.entries(files).sort(([a], [b]) => compareText(a, b));
  const hash = (text: string): string => createHash('sha1').update(text).digest('hex');
  return {
    revision: hash(printJson(entries)),
    files: entries.map(([path, text]) => ({ kind: 'file', path, oid: hash(text), bytes: Buffer.from(text) })),
  };
}

function ownFile(kind: string, name: string, spec: JsonObject): string {
  return printJson({ apiVersion: 'muster.dev/v1alpha1', kind, metadata: { name }, spec }, 2);
}

function dedent(text: string): string {
  const indent = /^\n*( *)/.exec(text)?.[1] ?? '';
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}
