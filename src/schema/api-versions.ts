/** When Kubernetes served one version of a kind: from 1.`since`, no more from 1.`until`. */
export interface ApiLife {
  readonly apiVersion: string;
  readonly since: number;
  readonly until?: number;
}

/**
 * The versions of a kind that Kubernetes served at some time, oldest first, over all groups that it lived in; empty for kinds
 * that never changed theirs and for kinds of others.
 */
export function livesOf(apiVersion: string, kind: string): readonly ApiLife[] {
  return LIVES.get(kind)?.find((lives) => lives.some((life) => life.apiVersion === apiVersion)) ?? [];
}

/** What to do where a kind is gone and no other version took its place. */
export const SUCCESSORS: Readonly<Record<string, string>> = {
  PodSecurityPolicy: 'Label namespaces for Pod Security Admission instead.',
  PodPreset: 'Use a mutating admission webhook or policy instead.',
  ComponentStatus: 'Remove it.',
};

/**
 * Kinds, and their versions as `apiVersion since until`. From the `APILifecycleIntroduced` and `APILifecycleRemoved` marks of
 * k8s.io/api, k8s.io/apiextensions-apiserver and k8s.io/kube-aggregator of 1.36.3 (which API servers themselves go by), and
 * for what is no longer in them from https://kubernetes.io/docs/reference/using-api/deprecation-guide/. Removals that are only
 * planned are not here. Alpha versions are, where they are gone or have followers.
 */
const TABLE: readonly (readonly [kinds: string, ...lives: string[]])[] = [
  ['Deployment', 'extensions/v1beta1 1 16', 'apps/v1beta1 6 16', 'apps/v1beta2 8 16', 'apps/v1 9'],
  ['DaemonSet', 'extensions/v1beta1 1 16', 'apps/v1beta2 8 16', 'apps/v1 9'],
  ['ReplicaSet', 'extensions/v1beta1 2 16', 'apps/v1beta2 8 16', 'apps/v1 9'],
  ['StatefulSet', 'apps/v1beta1 5 16', 'apps/v1beta2 8 16', 'apps/v1 9'],
  ['ControllerRevision', 'apps/v1beta1 7 16', 'apps/v1beta2 8 16', 'apps/v1 9'],
  ['CronJob', 'batch/v2alpha1 5 21', 'batch/v1beta1 8 25', 'batch/v1 21'],
  [
    'HorizontalPodAutoscaler',
    'autoscaling/v2beta1 8 25',
    'autoscaling/v2beta2 12 26',
    'autoscaling/v1 2',
    'autoscaling/v2 23',
  ],
  ['NetworkPolicy', 'extensions/v1beta1 3 16', 'networking.k8s.io/v1 7'],
  ['Ingress', 'extensions/v1beta1 1 22', 'networking.k8s.io/v1beta1 14 22', 'networking.k8s.io/v1 19'],
  ['IngressClass', 'networking.k8s.io/v1beta1 18 22', 'networking.k8s.io/v1 19'],
  [
    'IPAddress ServiceCIDR',
    'networking.k8s.io/v1alpha1 27 34',
    'networking.k8s.io/v1beta1 31',
    'networking.k8s.io/v1 33',
  ],
  ['PodDisruptionBudget', 'policy/v1beta1 5 25', 'policy/v1 21'],
  ['PodSecurityPolicy', 'extensions/v1beta1 2 16', 'policy/v1beta1 10 25'],
  ['PodPreset', 'settings.k8s.io/v1alpha1 6 20'],
  ['EndpointSlice', 'discovery.k8s.io/v1alpha1 16 17', 'discovery.k8s.io/v1beta1 17 25', 'discovery.k8s.io/v1 21'],
  ['Event', 'events.k8s.io/v1beta1 8 25', 'events.k8s.io/v1 19'],
  ['RuntimeClass', 'node.k8s.io/v1alpha1 12 23', 'node.k8s.io/v1beta1 14 25', 'node.k8s.io/v1 20'],
  [
    'Role RoleBinding ClusterRole ClusterRoleBinding',
    'rbac.authorization.k8s.io/v1alpha1 5 23',
    'rbac.authorization.k8s.io/v1beta1 6 22',
    'rbac.authorization.k8s.io/v1 8',
  ],
  ['PriorityClass', 'scheduling.k8s.io/v1alpha1 8 23', 'scheduling.k8s.io/v1beta1 11 22', 'scheduling.k8s.io/v1 14'],
  ['StorageClass', 'storage.k8s.io/v1beta1 4 22', 'storage.k8s.io/v1 6'],
  ['VolumeAttachment', 'storage.k8s.io/v1alpha1 9 24', 'storage.k8s.io/v1beta1 10 22', 'storage.k8s.io/v1 13'],
  ['CSIDriver', 'storage.k8s.io/v1beta1 14 22', 'storage.k8s.io/v1 18'],
  ['CSINode', 'storage.k8s.io/v1beta1 14 22', 'storage.k8s.io/v1 17'],
  ['CSIStorageCapacity', 'storage.k8s.io/v1alpha1 19 24', 'storage.k8s.io/v1beta1 21 27', 'storage.k8s.io/v1 24'],
  ['VolumeAttributesClass', 'storage.k8s.io/v1alpha1 29 35', 'storage.k8s.io/v1beta1 31', 'storage.k8s.io/v1 34'],
  ['StorageVersionMigration', 'storagemigration.k8s.io/v1alpha1 30 35', 'storagemigration.k8s.io/v1beta1 35'],
  [
    'MutatingWebhookConfiguration ValidatingWebhookConfiguration',
    'admissionregistration.k8s.io/v1beta1 9 22',
    'admissionregistration.k8s.io/v1 16',
  ],
  [
    'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding',
    'admissionregistration.k8s.io/v1alpha1 26 32',
    'admissionregistration.k8s.io/v1beta1 28 34',
    'admissionregistration.k8s.io/v1 30',
  ],
  [
    'MutatingAdmissionPolicy MutatingAdmissionPolicyBinding',
    'admissionregistration.k8s.io/v1alpha1 32',
    'admissionregistration.k8s.io/v1beta1 34',
    'admissionregistration.k8s.io/v1 36',
  ],
  ['CustomResourceDefinition', 'apiextensions.k8s.io/v1beta1 7 22', 'apiextensions.k8s.io/v1 16'],
  ['APIService', 'apiregistration.k8s.io/v1beta1 7 22', 'apiregistration.k8s.io/v1 10'],
  ['CertificateSigningRequest', 'certificates.k8s.io/v1beta1 12 22', 'certificates.k8s.io/v1 19'],
  ['ClusterTrustBundle', 'certificates.k8s.io/v1alpha1 26', 'certificates.k8s.io/v1beta1 33'],
  ['Lease', 'coordination.k8s.io/v1beta1 12 22', 'coordination.k8s.io/v1 14'],
  [
    'FlowSchema PriorityLevelConfiguration',
    'flowcontrol.apiserver.k8s.io/v1alpha1 18 21',
    'flowcontrol.apiserver.k8s.io/v1beta1 20 26',
    'flowcontrol.apiserver.k8s.io/v1beta2 23 29',
    'flowcontrol.apiserver.k8s.io/v1beta3 26 32',
    'flowcontrol.apiserver.k8s.io/v1 29',
  ],
  [
    'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice',
    'resource.k8s.io/v1beta1 32',
    'resource.k8s.io/v1beta2 33',
    'resource.k8s.io/v1 34',
  ],
];

const LIVES: ReadonlyMap<string, readonly (readonly ApiLife[])[]> = readTable();

function readTable(): ReadonlyMap<string, readonly (readonly ApiLife[])[]> {
  const lives = new Map<string, (readonly ApiLife[])[]>();
  for (const [kinds, ...texts] of TABLE) {
    for (const kind of kinds.split(' ')) lives.set(kind, [...(lives.get(kind) ?? []), texts.map(readLife)]);
  }
  return lives;
}

function readLife(text: string): ApiLife {
  const [apiVersion = '', since, until] = text.split(' ');
  return { apiVersion, since: Number(since), ...(until === undefined ? {} : { until: Number(until) }) };
}
