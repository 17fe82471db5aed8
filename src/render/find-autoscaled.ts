import type { JsonObject } from '../model/json.ts';
import type { ObjectId } from '../model/manifest.ts';
import { groupOf, idKey } from '../object/id.ts';
import { textAt } from '../object/json.ts';

/** Keys of the objects whose replica count an autoscaler among `objects` sets: HorizontalPodAutoscaler, ScaledObject of KEDA. */
export function findAutoscaled(
  objects: readonly { readonly id: ObjectId; readonly body: JsonObject }[],
): ReadonlySet<string> {
  return new Set(objects.flatMap(({ id, body }) => scaleTarget(id, body) ?? []));
}

function scaleTarget(id: ObjectId, body: JsonObject): string | undefined {
  const keda = id.group === 'keda.sh' && id.kind === 'ScaledObject';
  if (!keda && !(id.group === 'autoscaling' && id.kind === 'HorizontalPodAutoscaler')) return undefined;
  const name = textAt(body, 'spec', 'scaleTargetRef', 'name');
  if (name === undefined) return undefined;
  const apiVersion = textAt(body, 'spec', 'scaleTargetRef', 'apiVersion') ?? 'apps/v1';
  const kind = textAt(body, 'spec', 'scaleTargetRef', 'kind') ?? 'Deployment';
  return idKey({ group: groupOf(apiVersion), kind, namespace: id.namespace, name });
}
