import type { Progress } from '../model/apply.ts';
import type { Health } from '../model/health.ts';
import type { InventoryEntry, Observation } from '../model/observation.ts';
import type { RenderedApp } from '../model/render.ts';
import { hasTtl, isFinished } from '../object/finished-job.ts';
import { idKey } from '../object/id.ts';

/**
 * How far the objects of an app are, as far as the record has to know: it outlives a restart, and with it the deadlines that
 * count from a write, and that a Job failed which its TTL removes.
 *
 * It is worth a write of its own when all that was on its way is there, once, and when a Job was seen to have failed.
 */
export function assessProgress(
  app: RenderedApp,
  entries: readonly InventoryEntry[],
  observation: Observation,
  isWriting: boolean,
): Progress {
  const manifests = new Map(app.manifests.map((each) => [idKey(each.id), each]));
  const underway = entries.filter((entry) => entry.since !== undefined);
  const arrived = underway.filter((entry) => {
    const manifest = manifests.get(idKey(entry.id));
    const live = observation.objects.get(idKey(entry.id));
    return manifest === undefined || live?.health.state === 'Current' || isFinished(manifest, entry, observation);
  });
  const failed = entries.filter((entry) => {
    const manifest = manifests.get(idKey(entry.id));
    const live = observation.objects.get(idKey(entry.id));
    return entry.failed !== true && manifest !== undefined && hasTtl(manifest) && live?.health.state === 'Failed';
  });
  const isWorthIt = isWriting || failed.length > 0 || arrived.length === underway.length;
  const at = observation.observedAt;
  return { at, arrived: isWorthIt ? arrived.map(({ id }) => id) : [], failed: failed.map(({ id }) => id) };
}

/** Whether a deadline counts. */
export function isOnItsWay({ state }: Health): boolean {
  return state === 'InProgress' || state === 'Terminating';
}
