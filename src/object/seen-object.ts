import type { Preview } from '../model/apply.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { LiveObject, Observation } from '../model/observation.ts';
import { idKey } from './id.ts';

/**
 * An object as this tick saw it: under our label or by its name, or, where it is somebody else's and stays so, when it was asked
 * whether it is new. `undefined`: nobody saw it.
 */
export function seenObject(
  id: ObjectId,
  { objects }: Pick<Observation, 'objects'>,
  previews: ReadonlyMap<string, Preview>,
): LiveObject | undefined {
  const preview = previews.get(idKey(id));
  return objects.get(idKey(id)) ?? (preview?.state === 'skipped' ? preview.live : undefined);
}
