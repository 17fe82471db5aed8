import type { JsonObject } from '../model/json.ts';
import { groupOf } from './id.ts';
import { textAt } from './json.ts';

/** Where each kind keeps the count that can be divided and scaled (field of `spec`). */
const FIELDS: Readonly<Record<string, 'replicas' | 'parallelism'>> = {
  'apps/Deployment': 'replicas',
  'apps/StatefulSet': 'replicas',
  'apps/ReplicaSet': 'replicas',
  '/ReplicationController': 'replicas',
  'batch/Job': 'parallelism',
};

/** The field of `spec` that holds the object's replica count; `undefined`: its kind has none. */
export function replicaField(body: JsonObject): 'replicas' | 'parallelism' | undefined {
  return FIELDS[`${groupOf(textAt(body, 'apiVersion') ?? '')}/${textAt(body, 'kind') ?? ''}`];
}
