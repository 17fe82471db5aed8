import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideControlPlane } from '../../scripts/control-plane.ts';
import type { ControlPlaneBinaries } from '../../scripts/control-plane-binaries.ts';
import { removeWhenWeEnd } from '../../scripts/spawn-guarded.ts';
import { AUDIT_LOG, prepareApiServer, startApiServer } from './api-server.ts';
import { type AuditEntry, readAuditLog, SUPPORT_USERS } from './audit-log.ts';
import { createAuthority } from './certificates.ts';
import { startControllerManager } from './controller-manager.ts';
import { type Access, printKubeconfig } from './kubeconfig.ts';
import { startServer, untilReady } from './server-process.ts';

/** Running clusters without machines. Disposing ends every process and removes every file of them. */
export interface ControlPlanes<Name extends string> extends AsyncDisposable {
  readonly clusters: Readonly<Record<Name, ControlPlane>>;
  /** Path of a kubeconfig with one context for each name, as its administrator. */
  readonly kubeconfig: string;
}

/** One Kubernetes API of its own: own data, own certificate authority, own users. */
export interface ControlPlane {
  readonly name: string;
  readonly url: string;
  /** PEM; no other cluster's certificates are signed by it. */
  readonly ca: string;
  /** YAML text, user `admin` in group `system:masters`. */
  readonly kubeconfig: string;
  /** The same for anybody. What the user may do is for RBAC objects to say. */
  kubeconfigFor(user: string, groups: readonly string[], options?: KubeconfigOptions): string;
  /** The requests of others than the control plane itself since its first start, in the order of their answers. */
  requests(): Promise<readonly AuditEntry[]>;
  /** The API server keeps its connections and answers nothing (SIGSTOP). Resolves when it stands still. */
  pause(): Promise<void>;
  resume(): void;
  /** The API server is gone, as after a crash: connections are refused. */
  stop(): Promise<void>;
  /** It is back and ready, on the same port, with the same data. */
  start(): Promise<void>;
}

export interface KubeconfigOptions {
  /** The client certificate ended an hour ago: answered 401. */
  readonly expired?: boolean;
  /** PEM of another authority than the server's: the client must not believe the server. */
  readonly ca?: string;
}

export interface ControlPlaneOptions {
  /** With kube-controller-manager: Deployments make Pods, deleted owners take their objects along. Default false. */
  readonly controllerManager?: boolean;
  /** More flags for kube-apiserver, by name without `--`. */
  readonly apiServerFlags?: Readonly<Record<string, string>>;
}

/**
 * Starts one control plane for each name (letters, digits, `-`), in parallel, and waits until all are ready: the namespaces
 * `default` and `kube-system` exist, and with a controller manager the service account of `default`. They share one etcd,
 * each under a prefix of its own, to save the memory and the start of the others.
 *
 * However this process ends, they end with it. Throws one Error when there are no binaries or a server does not start.
 */
export async function startControlPlanes<const Name extends string>(
  names: readonly Name[],
  options: ControlPlaneOptions = {},
): Promise<ControlPlanes<Name>> {
  const binaries = await provideControlPlane({ onProgress: console.error });
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'muster-control-plane-'));
  resources.defer(removeWhenWeEnd(folder));
  resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const etcdUrl = await startEtcd(binaries, folder, resources);
  const starts = names.map((name) => startOne(name, binaries, etcdUrl, folder, options, resources));
  await Promise.allSettled(starts); // Whoever fails, the others must have come to an end before they are disposed.
  const started = await Promise.all(starts);
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, printKubeconfig(started.map((each) => each.admin)), { mode: 0o600 });
  const clusters = Object.fromEntries(started.map((each) => [each.plane.name, each.plane]));
  const kept = resources.move();
  return {
    // oxlint-disable-next-line no-unsafe-type-assertion -- one entry for each name
    clusters: clusters as Record<Name, ControlPlane>,
    kubeconfig,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Starts etcd on Unix sockets: no port that another process could take or reach. etcd wants `host:port` even there, and
 * makes that the name of the socket in its folder.
 */
async function startEtcd(
  binaries: ControlPlaneBinaries,
  folder: string,
  resources: AsyncDisposableStack,
): Promise<string> {
  const client = 'localhost:2379';
  const peer = 'unix://localhost:2380';
  const etcd = startServer(binaries.etcd, 'etcd', folder, {
    'data-dir': 'etcd',
    'listen-client-urls': `unix://${client}`,
    'advertise-client-urls': `unix://${client}`,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'unsafe-no-fsync': true, // Nobody needs this data after a power cut.
    'log-level': 'warn',
  });
  resources.use(etcd);
  await untilReady(etcd, () => access(join(folder, client)));
  return `unix://${join(folder, client)}`;
}

async function startOne(
  name: string,
  binaries: ControlPlaneBinaries,
  etcdUrl: string,
  parent: string,
  options: ControlPlaneOptions,
  resources: AsyncDisposableStack,
): Promise<{ readonly plane: ControlPlane; readonly admin: Access }> {
  const authority = createAuthority(`muster-test-${name}`);
  const folder = join(parent, `cluster-${name}`); // Whatever it is called, `etcd` included.
  await mkdir(folder);
  const flags = options.apiServerFlags ?? {};
  const settings = { program: binaries.apiserver, folder, name, etcdUrl, authority, flags };
  await prepareApiServer(settings);
  let server = await startApiServer(settings);
  resources.defer(() => server.process.kill());

  const url = `https://127.0.0.1:${server.port}`;
  const accessOf = (user: string, groups: readonly string[], options: KubeconfigOptions = {}): Access => ({
    name,
    url,
    ca: options.ca ?? authority.certificate,
    user: authority.issueClient({ commonName: user, organizations: groups }, { expired: options.expired ?? false }),
  });
  if (options.controllerManager === true) {
    const kubeconfig = printKubeconfig([accessOf(SUPPORT_USERS.controllers, ['system:masters'])]);
    resources.use(await startControllerManager(binaries.controllerManager, folder, kubeconfig));
  }
  const admin = accessOf('admin', ['system:masters']);
  const plane: ControlPlane = {
    name,
    url,
    ca: authority.certificate,
    kubeconfig: printKubeconfig([admin]),
    kubeconfigFor: (...parameters) => printKubeconfig([accessOf(...parameters)]),
    requests: () => readAuditLog(join(folder, AUDIT_LOG)),
    pause: () => server.process.pause(),
    resume: () => server.process.resume(),
    stop: () => server.process.kill(),
    start: async () => {
      server = await startApiServer(settings, () => server.port);
    },
  };
  return { plane, admin };
}
