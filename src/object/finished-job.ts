import type { Manifest } from '../model/manifest.ts';
import type { InventoryEntry, Observation } from '../model/observation.ts';
import { groupKindKey, idKey } from './id.ts';
import { numberAt } from './json.ts';

/** A Job that its own `ttlSecondsAfterFinished` removes when it has ended. */
export function hasTtl(manifest: Manifest): boolean {
  const { group, kind } = manifest.id;
  return (
    group === 'batch' && kind === 'Job' && numberAt(manifest.body, 'spec', 'ttlSecondsAfterFinished') !== undefined
  );
}

/**
 * Whether an object is a Job that ran as Git says now, did not fail as far as anybody saw, and was removed by its own TTL: it is
 * not missing, and does not run again before Git changes it. That somebody deleted such a Job while it ran looks the same.
 */
export function isFinished(
  manifest: Manifest,
  entry: InventoryEntry | undefined,
  { kinds, objects }: Pick<Observation, 'kinds' | 'objects'>,
): boolean {
  return (
    hasTtl(manifest) &&
    entry !== undefined &&
    entry.uid !== '' &&
    entry.desiredHash === manifest.hash &&
    entry.failed !== true &&
    kinds.get(groupKindKey(manifest.id))?.state === 'listed' &&
    !objects.has(idKey(manifest.id))
  );
}
