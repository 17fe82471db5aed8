import type { DeleteAction, KeptObject } from '../model/apply.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { Observation } from '../model/observation.ts';
import { formatId, groupKindKey, idKey } from '../object/id.ts';

/** What is known about objects that may lie in one that would be deleted. */
export interface ContentsContext {
  readonly observation: Observation;
  /** Everything that the repository wants on this cluster, of all apps. */
  readonly wanted: readonly ObjectId[];
}

/**
 * A Namespace takes all objects in it along, a CustomResourceDefinition all objects of its kind, whatever protects these.
 * So it stays while one of them does; and it is let go of with one that is let go of, because nobody would look later.
 */
export function keepFullContainers(
  deletes: readonly DeleteAction[],
  kept: readonly KeptObject[],
  context: ContentsContext,
): { readonly deletes: readonly DeleteAction[]; readonly kept: readonly KeptObject[] } {
  const containers = deletes.filter(({ id }) => isContainer(id));
  if (containers.length === 0) return { deletes, kept };
  const staying = listStaying(deletes, kept, context);
  const full = containers.flatMap(({ id }) => {
    const first = staying.find((each) => isInside(each.id, id, context.observation));
    return first === undefined ? [] : [keepWith(id, first)];
  });
  const fullIds = new Set(full.map(({ id }) => idKey(id)));
  return { deletes: deletes.filter(({ id }) => !fullIds.has(idKey(id))), kept: [...kept, ...full] };
}

/** Objects that are there, or will be, and are not deleted now; those first that tell most. */
function listStaying(
  deletes: readonly DeleteAction[],
  kept: readonly KeptObject[],
  { observation, wanted }: ContentsContext,
): readonly KeptObject[] {
  const objects = [...observation.objects.values()].filter((each) => !each.terminating);
  const there = new Set(objects.map(({ id }) => idKey(id)));
  const recorded = new Set([...observation.inventories.values()].flatMap(({ entries }) => entries.map(keyOf)));
  const accounted = new Set([...deletes, ...kept].map(keyOf));
  const others = objects.filter((each) => !accounted.has(keyOf(each)));
  const isKnown = ({ id }: KeptObject): boolean => observation.kinds.get(groupKindKey(id))?.state === 'listed';
  return [
    ...wanted.map((id): KeptObject => ({ id, reason: 'the repository wants it', state: 'protected' })),
    // What was listed and is not there, or is going already, takes nothing along.
    ...kept.filter((each) => !isKnown(each) || there.has(keyOf(each))),
    ...others.map(({ id }): KeptObject => {
      const isOwned = recorded.has(idKey(id));
      return isOwned
        ? { id, reason: 'another app has it', state: 'waiting' }
        : { id, reason: 'Muster let go of it', state: 'released' };
    }),
  ];
}

function keepWith(id: ObjectId, inside: KeptObject): KeptObject {
  return { id, reason: `${formatId(inside.id)} would go with it, and stays: ${inside.reason}`, state: inside.state };
}

/** Whether a deletion takes more along than the object itself. */
export function isContainer(id: ObjectId): boolean {
  return isNamespace(id) || isDefinition(id);
}

function isInside(id: ObjectId, container: ObjectId, { kinds }: Observation): boolean {
  if (isNamespace(container)) return id.namespace === container.name;
  const kind = kinds.get(groupKindKey(id));
  // Only discovery knows the plural, of which the name of a definition is made.
  if (kind?.state === 'unknown') return container.name.endsWith(`.${id.group}`);
  return kind?.state === 'listed' && container.name === `${kind.served.plural}.${id.group}`;
}

function isNamespace({ group, kind }: ObjectId): boolean {
  return group === '' && kind === 'Namespace';
}

function isDefinition({ group, kind }: ObjectId): boolean {
  return group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition';
}

function keyOf({ id }: { readonly id: ObjectId }): string {
  return idKey(id);
}
