import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt, textAt } from '../../src/object/json.ts';
import { runGit } from '../../test/support/git-repository.ts';

/** How many objects of which kind. */
export interface Size {
  readonly configMaps: number;
  readonly deployments: number;
  readonly services: number;
}

export const FLEET = 'bench';
export const APP = 'load';
export const NAMESPACE = 'load';

/** An app and its objects; on every cluster the same, or on none. */
export interface Load {
  readonly app: string;
  readonly objects: readonly JsonObject[];
  readonly nowhere?: boolean;
}

/** Where a workload is: several can stand side by side in one cluster and know nothing of one another. */
export interface Site {
  readonly fleet: string;
  readonly namespace: string;
}

const SITE: Site = { fleet: FLEET, namespace: NAMESPACE };

/** Objects in one file: as a person, or a chart's output, would have them. */
const PER_FILE = 50;

/**
 * Objects as applications have them: a ConfigMap with a script, a Deployment with probes and resources and no replicas, a
 * Service. In `revision` 1 every hundredth of each kind is another than in 0.
 */
export function workload(
  size: Size,
  revision: 0 | 1,
  { namespace }: Pick<Site, 'namespace'> = SITE,
): readonly JsonObject[] {
  const meta = (name: string): JsonObject => metadata(name, APP, namespace);
  const make = (count: number, one: MakeObject): readonly JsonObject[] =>
    Array.from({ length: count }, (_item, index) => {
      const changed = revision === 1 && index % 100 === 0;
      return one(meta(`item-${String(index).padStart(5, '0')}`), changed ? 'changed' : 'first');
    });
  return [...make(size.configMaps, configMap), ...make(size.deployments, deployment), ...make(size.services, service)];
}

type MakeObject = (meta: JsonObject, mark: string) => JsonObject;

/** Many small apps: a ServiceAccount, a ConfigMap, a Deployment and a Service each. In `revision` 1 every hundredth app is another. */
export function smallApps(count: number, revision: 0 | 1, { namespace }: Pick<Site, 'namespace'>): readonly Load[] {
  return Array.from({ length: count }, (_app, index) => {
    const app = `app-${String(index).padStart(3, '0')}`;
    const meta = metadata(`item-${app}`, app, namespace);
    const mark = revision === 1 && index % 100 === 0 ? 'changed' : 'first';
    const objects = [serviceAccount, configMap, deployment, service].map((make) => make(meta, mark));
    return { app, objects };
  });
}

/** What stands in a repository before there is anything to apply: a fleet without an app is an error. */
export function nothingYet({ namespace }: Pick<Site, 'namespace'>): readonly Load[] {
  return [{ app: 'later', objects: [configMap(metadata('later', 'later', namespace), 'first')], nowhere: true }];
}

/** Which of its revisions an object is of: `first` or `changed`; `undefined` where somebody lost the field. */
export function markOf(object: JsonObject): string | undefined {
  // Without managedFields, which name all fields.
  const written = { ...object, metadata: { annotations: mapAt(object, 'metadata', 'annotations') } };
  return /"(?:mark|BENCH_MARK","value)":"(\w+)"/.exec(JSON.stringify(written))?.[1];
}

/** A fleet repository with the objects as one app, on clusters that are contexts of a kubeconfig. */
export function fleetFiles(
  objects: readonly JsonObject[],
  clusters: readonly string[],
): Readonly<Record<string, string>> {
  return fleetOf([{ app: APP, objects }], clusters, SITE);
}

/** The same with any apps, anywhere. */
export function fleetOf(
  loads: readonly Load[],
  clusters: readonly string[],
  { fleet, namespace }: Site,
): Readonly<Record<string, string>> {
  const document = (kind: string, name: string, spec: JsonObject): string =>
    stringify({ apiVersion: 'muster.dev/v1alpha1', kind, metadata: { name }, spec });
  return {
    'fleet.yaml': document('Fleet', fleet, {}),
    ...Object.fromEntries(
      clusters.map((name) => [`clusters/${name}.yaml`, document('Cluster', name, { connection: { context: name } })]),
    ),
    ...Object.assign(
      {},
      ...loads.map(({ app, objects, nowhere = false }) => ({
        [`apps/${app}/app.yaml`]: document('App', app, { namespace }),
        [`apps/${app}/placement.yaml`]: document('Placement', app, {
          clusters: nowhere ? { matchLabels: { no: 'such' } } : { all: true },
        }),
        ...baseFiles(app, objects),
      })),
    ),
  };
}

function baseFiles(app: string, objects: readonly JsonObject[]): Readonly<Record<string, string>> {
  const files = Array.from({ length: Math.ceil(objects.length / PER_FILE) }, (_file, index) => {
    const part = objects.slice(index * PER_FILE, (index + 1) * PER_FILE);
    return [`apps/${app}/base/${String(index).padStart(3, '0')}.yaml`, printDocuments(part)];
  });
  return Object.fromEntries(files);
}

/** YAML documents, as one file has them. */
export function printDocuments(objects: readonly JsonObject[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

/** The folder of the manifests alone, for who reads nothing else. */
export const BASE = `apps/${APP}/base`;

/** Makes the folder a Git repository, or adds a commit to it, with exactly these files. */
export async function commitFleet(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await runGit(['-C', folder, 'init', '--quiet']);
  await rm(join(folder, 'apps'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await runGit(['-C', folder, 'add', '--all']);
  await runGit(['-C', folder, 'commit', '--quiet', '--message', 'the load']);
}

function metadata(name: string, app: string, namespace: string): JsonObject {
  return { name, namespace, labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': app } };
}

function nameOf(meta: JsonObject): string {
  return textAt(meta, 'name') ?? '';
}

function serviceAccount(meta: JsonObject, mark: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...meta, annotations: { mark } } };
}

function configMap(meta: JsonObject, mark: string): JsonObject {
  const name = nameOf(meta);
  const script = `#!/bin/sh\nset -eu\n# ${name}\nuntil wget -q -O /dev/null "http://${name}:8080/healthz"; do\n  sleep 1\ndone\n`;
  const properties = Array.from({ length: 8 }, (_line, index) => `setting.${index}=value of ${name}\n`).join('');
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta,
    data: { mark, 'wait.sh': script, 'app.properties': properties, LOG_LEVEL: 'info' },
  };
}

function deployment(meta: JsonObject, mark: string): JsonObject {
  const name = nameOf(meta);
  const labels = { 'app.kubernetes.io/name': name };
  const probe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10 };
  const container = {
    name: 'app',
    image: `registry.example.com/team/${name}:1.2.3`,
    args: ['--listen', ':8080', '--verbose'],
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'metrics', containerPort: 9090 },
    ],
    env: [
      { name: 'BENCH_MARK', value: mark },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    envFrom: [{ configMapRef: { name } }],
    readinessProbe: probe,
    livenessProbe: probe,
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    volumeMounts: [{ name: 'config', mountPath: '/etc/app', readOnly: true }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta,
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [container], volumes: [{ name: 'config', configMap: { name } }] },
      },
    },
  };
}

function service(meta: JsonObject, mark: string): JsonObject {
  const name = nameOf(meta);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta,
    spec: {
      selector: { 'app.kubernetes.io/name': name, mark },
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'metrics', port: 9090, targetPort: 'metrics' },
      ],
    },
  };
}
