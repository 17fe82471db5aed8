import type { Format } from '../federations/imported.ts';
import { federatedObject } from './federated-object.ts';
import { overridePolicies } from './override-policy.ts';
import { propagationPolicies } from './propagation-policy.ts';
import { replicaSchedulingPreference } from './replica-scheduling-preference.ts';

/** The kinds of other federations that are taken as they are. A new one is a file in this folder and a line here. */
export const FORMATS: readonly Format[] = [
  ...propagationPolicies,
  ...overridePolicies,
  federatedObject,
  replicaSchedulingPreference,
];
