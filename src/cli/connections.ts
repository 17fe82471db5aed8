import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connectCluster } from '../cluster/connect.ts';
import type { CredentialSource } from '../cluster/credentials.ts';
import { connectHub, type Hub } from '../cluster/hub.ts';
import { inClusterCredentials, inClusterNamespace } from '../cluster/in-cluster.ts';
import type { Connection } from '../controller.ts';
import { assessHealth } from '../drift/health/table.ts';
import { parseGlob } from '../glob.ts';
import { PortError } from '../model/errors.ts';
import type { Cluster } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import type { LiveObject } from '../model/observation.ts';
import { INVENTORY_NAMESPACE } from '../object/applyset.ts';
import { describeLive } from '../object/describe-live.ts';
import { type Settings, UsageError } from '../settings.ts';
import type { Io } from './verb.ts';

/** Told of each answer of an API server. */
export type OnAnswer = (cluster: string, method: string, status: number) => void;

/** Who asks. */
export interface Caller {
  /** For audit logs; `''`: nobody in particular. */
  readonly identity: string;
  /** False: another controller may be at work. Asked when a request that writes is about to be sent. */
  readonly mayWrite: () => boolean;
}

const ANYBODY: Caller = { identity: '', mayWrite: () => true };

/**
 * Connects to a cluster by what its file says. `onChange`: keep lists up to date by watching, and tell when something
 * changes; absent: ask each time.
 */
export function connect(
  cluster: Cluster,
  settings: Settings,
  hub: Hub | undefined,
  onAnswer: OnAnswer,
  onChange: (() => void) | undefined,
  caller: Caller = ANYBODY,
): Connection {
  return connectCluster({
    name: cluster.name,
    credentials: credentialsOf(cluster, settings, hub),
    endpoints: cluster.endpoints,
    describe,
    ...caller,
    onAnswer: (method, status) => onAnswer(cluster.name, method, status),
    ...(onChange === undefined ? {} : { onChange }),
  });
}

/** The hub: the context that `--hub-context` names, else the cluster that we run in; `undefined`: neither is there. */
export async function openHub(
  settings: Settings,
  env: Io['env'],
  onAnswer: OnAnswer,
  identity = '',
): Promise<Hub | undefined> {
  const context = settings.text('hubContext');
  const folder = settings.text('serviceAccount') ?? '';
  const inCluster = (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '';
  if (context === undefined && !inCluster) return undefined;
  const namespace =
    settings.text('namespace') ?? (inCluster ? await inClusterNamespace(folder) : undefined) ?? INVENTORY_NAMESPACE;
  const source = context === undefined ? inClusterCredentials(folder, env) : contextCredentials(settings, context);
  return connectHub(source, namespace, identity, (method, status) => onAnswer('hub', method, status));
}

/** Whether a field manager is a person at a keyboard, by the patterns of `--human-managers`. */
export function humanManagers(settings: Settings): (manager: string) => boolean {
  const globs = (settings.text('humans') ?? '').split(',').map((pattern) => {
    const glob = parseGlob(pattern.trim());
    if (glob.state === 'refused') throw new UsageError(`--human-managers: ${glob.error}.`);
    return glob;
  });
  return (manager) => globs.some((glob) => glob.match(manager));
}

/** The kubeconfig that kubectl would take; of several in KUBECONFIG the first. */
export function kubeconfigFile(settings: Settings): string {
  const [first] = (settings.text('kubeconfig') ?? '').split(delimiter);
  return first === undefined || first === '' ? join(homedir(), '.kube', 'config') : first;
}

function describe(body: JsonObject): LiveObject {
  return describeLive(body, assessHealth);
}

function credentialsOf(cluster: Cluster, settings: Settings, hub: Hub | undefined): CredentialSource {
  const { connection } = cluster;
  switch (connection.kind) {
    case 'context':
      return contextCredentials(settings, connection.context);
    case 'in-cluster':
      return inClusterCredentials(settings.text('serviceAccount') ?? '', process.env);
    case 'secret':
      if (hub !== undefined) return hub.memberCredentials(connection.name);
      throw new PortError({
        port: 'credentials',
        operation: 'read',
        subject: `cluster ${cluster.name}`,
        code: 'BAD_CREDENTIALS',
        retry: false,
        safeMessage: `connection.secretRef "${connection.name}" is in the hub, and no hub is known here. Name its context with --hub-context`,
      });
  }
}

function contextCredentials(settings: Settings, context: string): CredentialSource {
  return async () => {
    // Loaded when it is needed: the package behind it is larger than all else, and only contexts of a kubeconfig need it.
    const { kubeconfigContext } = await import('../cluster/credentials.ts');
    return kubeconfigContext(kubeconfigFile(settings), context)();
  };
}
