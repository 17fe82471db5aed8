import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connectCluster } from '../cluster/connect.ts';
import { type CredentialSource, kubeconfigContext } from '../cluster/credentials.ts';
import type { Connection } from '../controller.ts';
import { assessHealth } from '../drift/health/table.ts';
import { parseGlob } from '../glob.ts';
import { PortError } from '../model/errors.ts';
import type { Cluster } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import type { LiveObject } from '../model/observation.ts';
import { describeLive } from '../object/describe-live.ts';
import { type Settings, UsageError } from '../settings.ts';

/** Told of each answer of an API server. */
export type OnAnswer = (cluster: string, method: string, status: number) => void;

/**
 * Connects to a cluster by what its file says. `onChange`: keep lists up to date by watching, and tell when something
 * changes; absent: ask each time.
 */
export function connect(
  cluster: Cluster,
  settings: Settings,
  onAnswer: OnAnswer,
  onChange: (() => void) | undefined,
): Connection {
  return connectCluster({
    name: cluster.name,
    credentials: credentialsOf(cluster, settings),
    endpoints: cluster.endpoints,
    describe,
    onAnswer: (method, status) => onAnswer(cluster.name, method, status),
    ...(onChange === undefined ? {} : { onChange }),
  });
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

function credentialsOf(cluster: Cluster, settings: Settings): CredentialSource {
  const { connection } = cluster;
  if (connection.kind === 'context') return kubeconfigContext(kubeconfigFile(settings), connection.context);
  throw new PortError({
    port: 'credentials',
    operation: 'read',
    subject: `cluster ${cluster.name}`,
    code: 'BAD_CREDENTIALS',
    retry: false,
    safeMessage: `connection.${connection.kind === 'secret' ? 'secretRef' : 'inCluster'} needs the controller in a cluster. Use connection.context here`,
  });
}
