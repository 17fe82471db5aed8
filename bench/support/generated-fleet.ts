import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';
import type { RegularFile, Snapshot } from '../../src/model/snapshot.ts';
import { compareText } from '../../src/object/id.ts';

/** Each app has {@link OBJECTS_PER_APP} objects and is on every cluster. */
export interface FleetSize {
  readonly clusters: number;
  readonly apps: number;
}

/** Paths and texts. */
export type FleetFiles = Readonly<Record<string, string>>;

/** A ServiceAccount, a ConfigMap, a Deployment, a Service and a PodDisruptionBudget. */
export const OBJECTS_PER_APP = 5;

/** Values of the label that divides the clusters; each app has an overlay for each. */
const GROUPS = 10;

/** One in so many pairs of app and cluster has an overlay of its own. */
const OWN_OVERLAY_EVERY = 5;

/**
 * A fleet with one object in a file, an overlay of each app for each of ten label groups, and one for every fifth pair of app
 * and cluster. The ConfigMap names its cluster, so that each cluster gets one of its own; the rest is shared where overlays
 * do not differ.
 */
export function generateFleet({ clusters, apps }: FleetSize): FleetFiles {
  const files: Record<string, string> = { 'fleet.yaml': ownDocument('Fleet', { name: 'bench' }, {}) };
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    const name = clusterName(cluster);
    const metadata = { name, labels: { group: groupOf(cluster) } };
    files[`clusters/${name}.yaml`] = ownDocument('Cluster', metadata, { connection: { context: name } });
  }
  for (let app = 0; app < apps; app += 1) Object.assign(files, generateApp(app, clusters));
  return files;
}

/** The files as a revision has them. */
export function snapshotOf(files: FleetFiles): Snapshot {
  const entries = Object.entries(files).map(([path, text]): RegularFile => {
    const bytes = Buffer.from(text);
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    return { kind: 'file', path, oid, bytes };
  });
  return { revision: 'worktree', files: entries.sort((a, b) => compareText(a.path, b.path)) };
}

export function clusterName(index: number): string {
  return `cluster-${String(index).padStart(3, '0')}`;
}

export function appName(index: number): string {
  return `app-${String(index).padStart(3, '0')}`;
}

/** The label group of a cluster. */
export function groupOf(cluster: number): string {
  return `group-${cluster % GROUPS}`;
}

/** Whether the app has an overlay for this one cluster. */
export function hasOwnOverlay(app: number, cluster: number): boolean {
  return (app + cluster) % OWN_OVERLAY_EVERY === 0;
}

/** The objects of an app, by file name. */
export function baseFiles(app: number): FleetFiles {
  return Object.fromEntries(objectsOf(appName(app)).map(([file, object]) => [file, stringify(object)]));
}

/** What an app is like in a label group. */
export function groupPatch(app: number, group: number): string {
  return stringify({ ...partial(appName(app)), spec: { replicas: 2 + (group % 5) } });
}

/** What an app is like on one cluster. */
export function clusterPatch(app: number, cluster: number): string {
  const limits = { memory: `${128 + cluster}Mi` };
  const containers = [{ name: 'app', resources: { limits }, env: [{ name: 'SITE', value: `site-${cluster}` }] }];
  return stringify({ ...partial(appName(app)), spec: { template: { spec: { containers } } } });
}

function generateApp(app: number, clusters: number): FleetFiles {
  const name = appName(app);
  const files: Record<string, string> = {
    'app.yaml': ownDocument('App', { name }, { namespace: name }),
    'placement.yaml': ownDocument('Placement', { name }, { clusters: { all: true } }),
  };
  for (const [file, text] of Object.entries(baseFiles(app))) files[`base/${file}`] = text;
  for (let group = 0; group < GROUPS; group += 1)
    files[`overlays/group=${groupOf(group)}/deployment.yaml`] = groupPatch(app, group);
  for (let cluster = 0; cluster < clusters; cluster += 1)
    if (hasOwnOverlay(app, cluster))
      files[`overlays/${clusterName(cluster)}/deployment.yaml`] = clusterPatch(app, cluster);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`apps/${name}/${path}`, text]));
}

function ownDocument(kind: string, metadata: JsonObject, spec: JsonObject): string {
  return stringify({ apiVersion: 'muster.dev/v1alpha1', kind, metadata, spec });
}

function partial(name: string): JsonObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } };
}

function objectsOf(name: string): readonly (readonly [file: string, object: JsonObject])[] {
  const labels = { 'app.kubernetes.io/name': name };
  const metadata = { name, labels: { ...labels, 'app.kubernetes.io/part-of': 'bench' } };
  const probe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10 };
  const settings = Array.from({ length: 8 }, (_line, index) => `setting.${index}=value ${index} of ${name}\n`).join('');
  const container = {
    name: 'app',
    image: `registry.example.com/team/${name}:1.2.3`,
    args: ['--listen', ':8080', '--verbose'],
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'metrics', containerPort: 9090 },
    ],
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    envFrom: [{ configMapRef: { name } }],
    readinessProbe: probe,
    livenessProbe: probe,
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    volumeMounts: [{ name: 'config', mountPath: '/etc/app', readOnly: true }],
  };
  const pod = { serviceAccountName: name, containers: [container], volumes: [{ name: 'config', configMap: { name } }] };
  const deployment = { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } };
  const service = { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] };
  const budget = { maxUnavailable: 1, selector: { matchLabels: labels } };
  const data = { CLUSTER: '${cluster.name}', 'app.properties': settings };
  return [
    ['service-account.yaml', { apiVersion: 'v1', kind: 'ServiceAccount', metadata }],
    ['config-map.yaml', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }],
    ['deployment.yaml', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment }],
    ['service.yaml', { apiVersion: 'v1', kind: 'Service', metadata, spec: service }],
    ['budget.yaml', { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec: budget }],
  ];
}
