import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiClient } from './api-client.ts';
import { AUDIT_POLICY, SUPPORT_USERS } from './audit-log.ts';
import { type Authority, createPrivateKey } from './certificates.ts';
import { printKubeconfig } from './kubeconfig.ts';
import { type ServerProcess, startServer, untilReady } from './server-process.ts';

/** What a kube-apiserver needs. */
export interface ApiServerSettings {
  readonly program: string;
  /** Of its own: keys, logs, audit log. */
  readonly folder: string;
  /** Its part of the shared etcd. */
  readonly name: string;
  readonly etcdUrl: string;
  readonly authority: Authority;
  /** Added to the flags that every server here gets, or instead of one of them. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** A kube-apiserver that answered `/readyz`. */
export interface ApiServer {
  readonly process: ServerProcess;
  readonly port: number;
}

export const AUDIT_LOG = 'audit.log';
/** Signs tokens of service accounts; kube-controller-manager needs it too. */
export const SERVICE_ACCOUNT_KEY = 'service-account.key';

const ATTEMPTS = 20;

/** Writes the files that a kube-apiserver reads at its start. */
export async function prepareApiServer({ folder, authority }: ApiServerSettings): Promise<void> {
  const serving = authority.issueServer({ commonName: 'kube-apiserver' });
  const files = {
    'ca.crt': authority.certificate,
    'serving.crt': serving.certificate,
    'serving.key': serving.key,
    [SERVICE_ACCOUNT_KEY]: createPrivateKey(),
    'audit-policy.json': JSON.stringify(AUDIT_POLICY),
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o600 })));
}

/**
 * Starts it on one of the ports that `choosePort` gives and waits until it is ready. Somebody else may sit on a port or
 * take it in the same moment, so a server that ends with "address already in use" is started again on the next. Throws
 * an Error with the end of the server's log when it ends for another reason.
 */
export async function startApiServer(
  settings: ApiServerSettings,
  choosePort: () => number = randomPort,
): Promise<ApiServer> {
  for (let attempt = 1; ; attempt++) {
    const port = choosePort();
    const process = startServer(settings.program, 'kube-apiserver', settings.folder, flagsOf(settings, port));
    try {
      await untilReady(process, readinessCheck(settings, port));
      return { process, port };
    } catch (error) {
      await process.kill();
      const taken = error instanceof Error && error.message.includes('address already in use');
      if (!taken || attempt === ATTEMPTS) throw error;
      await sleep(100); // The port may be that of our own server which was stopped this moment.
    }
  }
}

/** The namespaces come from a loop of the server that /readyz does not wait for. */
function readinessCheck({ authority, name }: ApiServerSettings, port: number): () => Promise<void> {
  const user = authority.issueClient({ commonName: SUPPORT_USERS.probe, organizations: ['system:masters'] });
  const access = { name, url: `https://127.0.0.1:${port}`, ca: authority.certificate, user };
  const client = createApiClient(printKubeconfig([access]));
  return async () => {
    for (const path of ['/readyz', '/api/v1/namespaces/default', '/api/v1/namespaces/kube-system']) {
      await client.request('GET', path);
    }
  };
}

/**
 * A port below the range that systems give to outgoing connections (32768 and up on Linux, 49152 on macOS): such a connection
 * could else sit on the port of a server that was stopped and is to start on it again.
 */
export function randomPort(): number {
  return 20_000 + Math.floor(Math.random() * 12_000);
}

/** Defaults of a real cluster where behaviour can be seen; off what only costs time and memory in a test. */
function flagsOf(
  { name, etcdUrl, flags }: ApiServerSettings,
  port: number,
): Readonly<Record<string, string | number | boolean>> {
  return {
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1', // Else it looks for a default route, and a machine may have none.
    'secure-port': port,
    'etcd-servers': etcdUrl,
    'etcd-prefix': `/${name}`,
    'tls-cert-file': 'serving.crt',
    'tls-private-key-file': 'serving.key',
    'client-ca-file': 'ca.crt',
    'authorization-mode': 'RBAC',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': SERVICE_ACCOUNT_KEY,
    'service-account-signing-key-file': SERVICE_ACCOUNT_KEY,
    'service-cluster-ip-range': '10.96.0.0/16',
    'audit-policy-file': 'audit-policy.json',
    'audit-log-path': AUDIT_LOG,
    'audit-log-mode': 'blocking',
    'audit-log-maxsize': 0, // One file, however long: a rotated one would look as if requests had not come.
    'allow-privileged': true, // As kubeadm: whether a Pod may be privileged is PodSecurity's to say.
    'endpoint-reconciler-type': 'none', // It writes our address into an EndpointSlice, which refuses a loopback one.
    'etcd-count-metric-poll-period': 0,
    'etcd-db-metric-poll-interval': 0,
    profiling: false,
    ...flags,
  };
}
