import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { JsonObject, JsonValue } from '../../../src/model/json.ts';
import type { CommitStatus } from '../../../src/model/status.ts';
import { at, isObject, listAt, mapAt, textAt } from '../../../src/object/json.ts';
import { type ApiClient, createApiClient } from '../../support/api-client.ts';
import type { AuditEntry } from '../../support/audit-log.ts';
import { type ControlPlane, startControlPlanes } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type LocalForge, startLocalForge } from '../../support/forge.ts';
import type { GitRepository } from '../../support/git-repository.ts';
import { type GitServer, startGitServer } from '../../support/git-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type Replica, startReplica } from './replica.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The program from the sources; `installed.ts` makes the one of the image. */
export const MUSTER = join(ROOT, 'bin', 'muster.js');

/** The namespace and the service account of `deploy/`. */
export const NAMESPACE = 'muster-system';
export const USER = `system:serviceaccount:${NAMESPACE}:muster`;

const NAMES = ['hub', 'eu', 'us'] as const;
export type ClusterName = (typeof NAMES)[number];

/** A hub with `deploy/install.yaml` in it, and two members. Each test has a fleet of its own on them. */
export interface World extends AsyncDisposable {
  readonly planes: Readonly<Record<ClusterName, ControlPlane>>;
  /** As administrators. */
  readonly api: Readonly<Record<ClusterName, ApiClient>>;
  /** A repository, a forge, namespaces on the clusters, and Secrets in the hub. */
  fleet(name: string, options?: FleetOptions): Promise<Fleet>;
  /** Requests of a cluster that were answered while `call` ran. */
  requestsDuring(cluster: ClusterName, call: () => Promise<unknown>): Promise<readonly AuditEntry[]>;
}

export interface FleetOptions {
  /** `spec` of each cluster file; default: eu and us by their Secrets. */
  readonly clusters?: Readonly<Record<string, JsonObject>>;
  /** Besides the files of the clusters; default: one ConfigMap, see {@link configMap}. */
  readonly files?: Readonly<Record<string, string>>;
  /** True: requests to the forge are held against GitHub's OpenAPI. */
  readonly checkForge?: boolean;
}

export interface Fleet extends AsyncDisposable {
  readonly name: string;
  readonly git: GitServer;
  readonly forge: LocalForge;
  readonly repository: GitRepository;
  /** Holds the Git token and the service account; what a replica is started in is below it. */
  readonly folder: string;
  /** Where `--service-account` points. */
  readonly serviceAccount: string;
  /** The token for the repository and its statuses, and the file that it is in. */
  readonly token: string;
  readonly tokenFile: string;
  /** Changes files (`null` removes one), and returns the revision. */
  commit(files: Readonly<Record<string, string | null>>): Promise<string>;
  /** The newest revision. */
  head(): string;
  /** Starts `muster run` as the Deployment does. */
  run(options?: RunOptions): Promise<Replica>;
  /** The newest status of a context; of the newest commit. */
  status(context: string, revision?: string): CommitStatus | undefined;
  /** Waits for that status to have a state, and a description that matches. */
  reports(context: string, state: CommitStatus['state'], description?: RegExp): Promise<CommitStatus>;
  /** Waits until every cluster has the newest commit. */
  inSync(): Promise<void>;
  /** Puts the credentials of a cluster where its file says: a kubeconfig as text, or `undefined` to delete the Secret. */
  setSecret(cluster: string, kubeconfig: string | undefined, key?: string): Promise<void>;
}

export interface RunOptions {
  /** Name of the Pod. */
  readonly pod?: string;
  readonly lease?: string;
  /** Besides those of the Deployment. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: Node.js with the sources. */
  readonly program?: string;
  /** Before the arguments of the Deployment, where the program is one that starts another. */
  readonly before?: readonly string[];
  readonly directory?: string;
}

/** Starts everything and installs `deploy/install.yaml` in the hub, server-side and with strict validation. */
export async function startWorld(): Promise<World> {
  await using resources = new AsyncDisposableStack();
  const { clusters } = resources.use(await startControlPlanes(NAMES));
  const api = {
    hub: createApiClient(clusters.hub.kubeconfig),
    eu: createApiClient(clusters.eu.kubeconfig),
    us: createApiClient(clusters.us.kubeconfig),
  };
  for (const object of await readInstall()) await api.hub.apply(object, { manager: 'kubectl' });
  await Promise.all([prepareMember(api.eu), prepareMember(api.us)]);
  const kept = resources.move();
  return {
    planes: clusters,
    api,
    fleet: (name, options = {}) => openFleet(clusters, api, name, options),
    requestsDuring: async (cluster, call) => {
      const before = (await clusters[cluster].requests()).length;
      await call();
      return (await clusters[cluster].requests()).slice(before);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The objects of `deploy/install.yaml`, in its order. */
export async function readInstall(): Promise<readonly JsonObject[]> {
  const text = await readFile(join(ROOT, 'deploy', 'install.yaml'), 'utf8');
  return parseAllDocuments(text).map((document): JsonObject => document.toJS());
}

/** What a member's administrator does for Muster: a namespace, and a service account that may do there what apps need. */
async function prepareMember(api: ApiClient): Promise<void> {
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await addServiceAccount(api, 'muster');
}

/** A service account of `muster-system` that may do everything. */
export async function addServiceAccount(api: ApiClient, name: string): Promise<void> {
  await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } });
  await api.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `${NAMESPACE}-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
  });
}

/** A token of a service account, as kubelet gets it for a Pod. */
export async function tokenOf(api: ApiClient, serviceAccount = 'muster'): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${serviceAccount}/token`;
  const answer = await api.request('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  });
  return textAt(answer, 'status', 'token') ?? '';
}

/** An API server keeps the answer about a token for ten seconds; waits until it says no. */
export async function isRefused(api: ApiClient, token: string): Promise<void> {
  await eventually(async () => {
    const review = await api.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    });
    assert.notEqual(at(review, 'status', 'authenticated'), true);
  });
}

/** A kubeconfig with a token, as somebody would make it for Muster. `user` replaces the token. */
export function tokenKubeconfig(plane: ControlPlane, token: string, user: JsonObject = { token }): string {
  const cluster = { server: plane.url, 'certificate-authority-data': Buffer.from(plane.ca).toString('base64') };
  return printKubeconfig(cluster, user);
}

export function printKubeconfig(cluster: JsonObject, user: JsonObject): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'muster',
    clusters: [{ name: 'muster', cluster }],
    users: [{ name: 'muster', user }],
    contexts: [{ name: 'muster', context: { cluster: 'muster', user: 'muster' } }],
  });
}

/** The files of an app with one ConfigMap `NAME` in the namespace of the fleet. */
export function configMap(fleet: string, data: Readonly<Record<string, string>>, name = 'settings'): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: fleet }, data });
}

/** What an app of one manifest file is in a repository. */
export function appFiles(name: string, manifests: string, clusters: JsonValue = { all: true }): Record<string, string> {
  return {
    [`apps/${name}/placement.yaml`]: ownFile('Placement', name, { clusters }),
    [`apps/${name}/base/manifests.yaml`]: manifests,
  };
}

export function clusterFile(name: string, spec: JsonObject): Record<string, string> {
  return { [`clusters/${name}.yaml`]: ownFile('Cluster', name, spec) };
}

function ownFile(kind: string, name: string, spec: JsonObject): string {
  return JSON.stringify({ apiVersion: 'muster.dev/v1alpha1', kind, metadata: { name }, spec });
}

async function openFleet(
  planes: World['planes'],
  api: World['api'],
  name: string,
  options: FleetOptions,
): Promise<Fleet> {
  await using resources = new AsyncDisposableStack();
  // Of the test before, whose replica may have been killed: nobody is to wait until it counts as abandoned.
  await api.hub.delete('coordination.k8s.io/v1', 'Lease', NAMESPACE, 'muster');
  const folder = resources.use(await temporaryFolder()).path;
  const git = resources.use(await startGitServer());
  const checked = { validate: options.checkForge ?? false, limits: false };
  const forge = resources.use(await startLocalForge({ ...checked, repo: name, knowsCommit: () => true }));
  const repository = await git.createRepository(`acme/${name}`);
  const token = `canary-git-token-${name}`;
  git.auth = { username: 'x-access-token', password: token };
  forge.grant(token, { statuses: 'write', issues: 'none' });
  const serviceAccount = join(folder, 'serviceaccount');
  await writeServiceAccount(serviceAccount, planes.hub, await tokenOf(api.hub));
  const tokenFile = join(folder, 'git', 'token');
  await mkdir(dirname(tokenFile));
  await writeFile(tokenFile, token);

  const secretOf = (cluster: string): string => `${name}-${cluster}`;
  const setSecret: Fleet['setSecret'] = async (cluster, kubeconfig, key = 'kubeconfig') => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretOf(cluster), namespace: NAMESPACE } };
    if (kubeconfig === undefined) await api.hub.delete('v1', 'Secret', NAMESPACE, secretOf(cluster));
    else {
      const data = { [key]: Buffer.from(kubeconfig).toString('base64') };
      await api.hub.apply({ ...secret, data }, { force: true });
    }
  };
  const members = ['eu', 'us'] as const;
  for (const member of members) {
    await setSecret(member, tokenKubeconfig(planes[member], await tokenOf(api[member])));
    await api[member].apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const bySecret = members.map((each) => [each, { connection: { secretRef: { name: secretOf(each) } } }] as const);
  const clusters = options.clusters ?? Object.fromEntries(bySecret);

  let head = '';
  const commit: Fleet['commit'] = async (files) => {
    head = await repository.commit({ files });
    return head;
  };
  await commit({
    'fleet.yaml': ownFile('Fleet', name, {}),
    ...Object.assign({}, ...Object.entries(clusters).map(([each, spec]) => clusterFile(each, spec))),
    ...(options.files ?? appFiles('web', configMap(name, { greeting: 'hello' }))),
  });

  const status: Fleet['status'] = (context, revision = head) =>
    forge.statuses(revision).find((each) => each.context === context);
  const reports: Fleet['reports'] = (context, state, description = /./) =>
    eventually(() => {
      const found = status(context);
      const shown = `${found?.state}: ${found?.description}`;
      assert.ok(found?.state === state && description.test(found.description), `${context} is ${shown}`);
      return found;
    });
  let replicas = 0;
  const kept = resources.move();
  return {
    name,
    git,
    forge,
    repository,
    folder,
    serviceAccount,
    token,
    tokenFile,
    commit,
    head: () => head,
    status,
    reports,
    inSync: async () => void (await reports('muster/fleet', 'success')),
    setSecret,
    run: async (run = {}) => {
      replicas += 1;
      const pod = run.pod ?? `muster-${replicas}`;
      const directory = run.directory ?? join(folder, pod);
      await mkdir(directory, { recursive: true });
      const values = {
        repository: git.urlOf(repository),
        pod,
        cache: join(directory, 'cache'),
        tokenFile,
        serviceAccount,
        forge: forge.url,
        hub: planes.hub.url,
        lease: run.lease ?? '15s',
      };
      const { args, env } = await deploymentProcess(values);
      const before = run.program === undefined ? [MUSTER] : (run.before ?? []);
      return startReplica({
        program: run.program ?? process.execPath,
        args: [...before, ...args, ...(run.args ?? [])],
        env: { ...env, ...run.env },
        directory,
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The folder that kubelet mounts into a Pod. */
export async function writeServiceAccount(folder: string, plane: ControlPlane, token: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'ca.crt'), plane.ca);
  await writeFile(join(folder, 'namespace'), NAMESPACE);
}

interface ProcessValues {
  readonly repository: string;
  readonly pod: string;
  readonly cache: string;
  readonly tokenFile: string;
  readonly serviceAccount: string;
  readonly forge: string;
  readonly hub: string;
  readonly lease: string;
}

/**
 * Arguments and environment of the container in `deploy/install.yaml`, with what a node would fill in, and with other
 * places where a test cannot have those of an image. Nothing else: no HOME, and of PATH only Node.js.
 */
async function deploymentProcess(
  values: ProcessValues,
): Promise<{ readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
  const objects = await readInstall();
  const find = (kind: string): JsonObject => objects.find((each) => each['kind'] === kind) ?? {};
  const [container] = listAt(find('Deployment'), 'spec', 'template', 'spec', 'containers');
  const replaced: Readonly<Record<string, string>> = {
    '--listen=:8080': '--listen=127.0.0.1:0',
    '--cache=/var/cache/muster': `--cache=${values.cache}`,
  };
  const given = listAt(container, 'args').filter((arg) => typeof arg === 'string');
  const args = given.map((arg) => replaced[arg] ?? arg);
  for (const known of Object.keys(replaced)) assert.ok(given.includes(known), known);
  const own = listAt(container, 'env').filter(isObject);
  const variables = own.map((each) => [textAt(each, 'name') ?? '', textAt(each, 'value') ?? values.pod] as const);
  const hub = new URL(values.hub);
  return {
    args: [...args, `--lease=${values.lease}`],
    env: {
      ...texts(mapAt(find('ConfigMap'), 'data')),
      ...Object.fromEntries(variables),
      MUSTER_REPO: values.repository,
      MUSTER_POLL: '200ms',
      MUSTER_GIT_TOKEN_FILE: values.tokenFile,
      MUSTER_FORGE_URL: values.forge,
      MUSTER_SERVICE_ACCOUNT: values.serviceAccount,
      KUBERNETES_SERVICE_HOST: hub.hostname,
      KUBERNETES_SERVICE_PORT: hub.port,
      PATH: dirname(process.execPath),
    },
  };
}

/** The fields of a map that are text: all of them, in a ConfigMap. */
function texts(map: JsonObject): Record<string, string> {
  const entries = Object.entries(map).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []));
  return Object.fromEntries(entries);
}
