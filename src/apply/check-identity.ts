import type { PortFailure } from '../model/errors.ts';
import type { Cluster } from '../model/fleet.ts';
import type { Observation } from '../model/observation.ts';

export interface IdentityInput {
  readonly cluster: Cluster;
  /** Names of all clusters of the fleet. */
  readonly clusters: readonly string[];
  readonly observation: Observation;
  /** Asks for the API server with this UID: the cluster that was given it already, or `undefined`. */
  readonly claim: (clusterUid: string) => string | undefined;
}

/**
 * Why the API server that was read is not the one that the cluster's file means; `undefined`: it is. A kubeconfig that was
 * swapped, copied or restored must not put one cluster's objects into another. What proves it, strongest first: `spec.uid`,
 * the UID in the inventories there, the name in them, and what this process saw behind other names.
 */
export function checkIdentity(input: IdentityInput): PortFailure | undefined {
  const reason = wrongUid(input) ?? wrongOwner(input);
  if (reason === undefined) return undefined;
  return {
    port: 'cluster',
    operation: 'identify',
    subject: `cluster ${input.cluster.name}`,
    code: 'WRONG_CLUSTER',
    retry: false,
    safeMessage: reason,
  };
}

function wrongUid({ cluster: { uid }, observation: { clusterUid, inventories } }: IdentityInput): string | undefined {
  const found = `this is another cluster: kube-system has UID ${clusterUid}, and`;
  // Who wrote spec.uid has looked: then an older inventory is only old.
  if (uid === clusterUid) return undefined;
  if (uid !== undefined) return `${found} spec.uid says ${uid}. Correct its connection, or spec.uid`;
  const foreign = [...inventories.values()].find((each) => each.clusterUid !== '' && each.clusterUid !== clusterUid);
  if (foreign === undefined) return undefined;
  return `${found} app "${foreign.app}" was put on ${foreign.clusterUid}. If it is right, write that UID as spec.uid into its file`;
}

function wrongOwner({ cluster: { name }, clusters, observation, claim }: IdentityInput): string | undefined {
  // Who is not in the fleet any more was renamed, or has left its objects behind.
  const recorded = [...observation.inventories.values()]
    .map((inventory) => inventory.clusterName)
    .find((each) => each !== name && clusters.includes(each));
  const owner = recorded ?? claim(observation.clusterUid);
  if (owner === undefined) return undefined;
  return `the connection of "${name}" leads to the API server of "${owner}": nothing is done as "${name}". Correct its connection, or remove one of the two files`;
}
