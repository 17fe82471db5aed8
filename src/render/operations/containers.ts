import type { JsonObject } from '../../model/json.ts';
import { groupOf } from '../../object/id.ts';
import { isObject, listAt, textAt } from '../../object/json.ts';

/** A container of a workload, and where it stands. */
export interface PlacedContainer {
  readonly path: readonly string[];
  readonly container: JsonObject;
}

/** All containers of a workload, those for initialisation first; none for any other kind. */
export function containersOf(object: JsonObject): readonly PlacedContainer[] {
  const pod = POD_SPECS[`${groupOf(textAt(object, 'apiVersion') ?? '')}/${textAt(object, 'kind') ?? ''}`];
  if (pod === undefined) return [];
  return ['initContainers', 'containers'].flatMap((list) =>
    listAt(object, ...pod, list).flatMap((container, index) =>
      isObject(container) ? [{ path: [...pod, list, String(index)], container }] : [],
    ),
  );
}

const TEMPLATE = ['spec', 'template', 'spec'];

/** Where each kind of workload keeps the specification of its Pods. */
const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  '/Pod': ['spec'],
  '/ReplicationController': TEMPLATE,
  'apps/DaemonSet': TEMPLATE,
  'apps/Deployment': TEMPLATE,
  'apps/ReplicaSet': TEMPLATE,
  'apps/StatefulSet': TEMPLATE,
  'batch/CronJob': ['spec', 'jobTemplate', ...TEMPLATE],
  'batch/Job': TEMPLATE,
};
