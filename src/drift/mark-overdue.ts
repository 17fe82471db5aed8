import type { Preview } from '../model/apply.ts';
import type { Health } from '../model/health.ts';
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

function hasBegun({ state }: Health, preview: Preview | undefined): boolean {
  return state === 'InProgress' || state === 'Terminating' || (state === 'NotFound' && preview?.state === 'waiting');
}

function overdue({ state, message }: Health, timeoutMs: number): string {
  return `${message === '' ? state : message}, longer than the ${timeoutMs / 1000} s of its app's timeout`;
}
