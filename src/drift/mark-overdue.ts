import type { Preview } from '../model/apply.ts';
import type { Health } from '../model/health.ts';
import type { Observation } from '../model/observation.ts';
import type { RenderedCluster } from '../model/render.ts';
import type { Behind, HealthReport, ObjectHealth } from '../model/tick.ts';
import { idKey } from '../object/id.ts';

export interface OverdueInput {
  readonly target: RenderedCluster;
  readonly health: HealthReport;
  readonly previews: ReadonlyMap<string, Preview>;
  /** What was behind at the look before. */
  readonly behind: ReadonlyMap<string, Behind>;
  /** Monotonic. */
  readonly nowMs: number;
}

/**
 * Calls an object failed that is on its way for longer than the `timeout` of its app. The time counts from the look that
 * first found this version of it behind; what waits for an earlier wave or another app has not begun.
 */
export function markOverdue({ target, health, previews, behind, nowMs }: OverdueInput): {
  readonly health: HealthReport;
  readonly behind: ReadonlyMap<string, Behind>;
} {
  const timeouts = new Map(target.apps.map((app) => [app.name, app.timeoutMs]));
  const begun = health.objects.some((each) => hasBegun(each.health, previews.get(idKey(each.id))));
  const manifests = begun ? target.apps.flatMap((app) => app.manifests) : [];
  const hashes = new Map(manifests.map((each) => [idKey(each.id), each.hash]));
  const since = new Map<string, Behind>();
  const judge = (each: ObjectHealth): ObjectHealth => {
    const key = idKey(each.id);
    if (!hasBegun(each.health, previews.get(key))) return each;
    const desiredHash = hashes.get(key) ?? '';
    const known = behind.get(key);
    const entry = known?.desiredHash === desiredHash ? known : { desiredHash, sinceMs: nowMs };
    since.set(key, entry);
    const timeoutMs = timeouts.get(each.app) ?? Number.POSITIVE_INFINITY;
    if (nowMs - entry.sinceMs < timeoutMs) return each;
    return { ...each, health: { state: 'Failed', message: overdue(each.health, timeoutMs) } };
  };
  return { health: { objects: health.objects.map(judge) }, behind: since };
}

/**
 * What the cluster's own record says was on its way before this process began, in its monotonic time. The clocks of two machines
 * may differ: what is said to begin later than now begins now.
 */
export function recordedBehind(
  { apps }: RenderedCluster,
  { inventories, observedAt }: Observation,
  revision: string,
  nowMs: number,
): ReadonlyMap<string, Behind> {
  const behind = new Map<string, Behind>();
  for (const app of apps) {
    const inventory = inventories.get(app.name);
    const since = new Map(inventory?.entries.map((entry) => [idKey(entry.id), entry]));
    for (const { id, hash } of app.manifests) {
      const entry = since.get(idKey(id));
      const ageMs = Date.parse(observedAt) - Date.parse(entry?.since ?? '');
      const isThisVersion = inventory?.revision === revision || entry?.desiredHash === hash;
      if (isThisVersion && ageMs >= 0) behind.set(idKey(id), { desiredHash: hash, sinceMs: nowMs - ageMs });
    }
  }
  return behind;
}

function hasBegun({ state }: Health, preview: Preview | undefined): boolean {
  return state === 'InProgress' || state === 'Terminating' || (state === 'NotFound' && preview?.state === 'waiting');
}

function overdue({ state, message }: Health, timeoutMs: number): string {
  return `${message === '' ? state : message}, longer than the ${timeoutMs / 1000} s of its app's timeout`;
}
