import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERVICE_ACCOUNT_KEY } from './api-server.ts';
import { type ServerProcess, startServer, untilReady } from './server-process.ts';
import { createApiClient } from './api-client.ts';

/**
 * What gives objects a life of their own in a cluster without machines. Left out: what needs clouds, volumes or kubelets
 * (the node-lifecycle controller would take our node for dead) or metrics (`hollow-autoscaler.ts` stands in for the
 * autoscaler), and what nothing here looks at.
 */
const CONTROLLERS = [
  'clusterrole-aggregation-controller',
  'cronjob-controller',
  'daemonset-controller',
  'deployment-controller',
  'disruption-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'job-controller',
  'namespace-controller',
  'persistentvolume-binder-controller',
  'persistentvolumeclaim-protection-controller',
  'pod-garbage-collector-controller',
  'replicaset-controller',
  'resourcequota-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'statefulset-controller',
  'ttl-after-finished-controller',
];

/**
 * Starts kube-controller-manager in the folder of its kube-apiserver, as a user in `system:masters`, and waits until the
 * namespace `default` has its service account. Throws an Error with the end of its log when that does not come.
 *
 * All controllers act within a moment of a change, but one: a deleted namespace takes five seconds to go, ten if there were
 * Pods in it. These waits are built in (`namespaceDeletionGracePeriod`), and no flag shortens them.
 */
export async function startControllerManager(
  program: string,
  folder: string,
  kubeconfig: string,
): Promise<ServerProcess> {
  await writeFile(join(folder, 'controller-manager.kubeconfig'), kubeconfig, { mode: 0o600 });
  const process = startServer(program, 'kube-controller-manager', folder, FLAGS);
  try {
    const client = createApiClient(kubeconfig);
    await untilReady(process, async () => {
      await client.request('GET', '/api/v1/namespaces/default/serviceaccounts/default');
    });
    return process;
  } catch (error) {
    await process.kill();
    throw error;
  }
}

const FLAGS = {
  kubeconfig: 'controller-manager.kubeconfig',
  controllers: CONTROLLERS.join(','),
  'root-ca-file': 'ca.crt',
  'service-account-private-key-file': SERVICE_ACCOUNT_KEY,
  'leader-elect': false, // There is only one, and an election takes seconds.
  'secure-port': 0,
  // The defaults (20 a second) are for sharing a server with others. They would be what a test waits for.
  'kube-api-qps': 1000,
  'kube-api-burst': 2000,
  profiling: false,
};
