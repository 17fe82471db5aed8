import type { AppPlan, ApplyPlan } from '../model/apply.ts';
import { sameInventory } from './inventory.ts';

/** Whether anything would be deleted, to be made anew or for good. */
export function deletesAnything({ apps }: ApplyPlan): boolean {
  return apps.some(({ deletes, recreations }) => deletes.length + recreations.length > 0);
}

/** The same plan without its deletions: what would go waits, for this reason. */
export function withholdDeletions({ apps }: ApplyPlan, reason: string): ApplyPlan {
  return { apps: apps.map((app) => (deletesAnything({ apps: [app] }) ? withhold(app, reason) : app)) };
}

function withhold({ intent, ...app }: AppPlan, reason: string): AppPlan {
  const waiting = app.deletes.map(({ id }) => ({ id, reason, state: 'waiting' as const }));
  // An intent that would record nothing new was only there for the deletions.
  const isNew = intent !== undefined && (app.inventory === undefined || !sameInventory(intent, app.inventory));
  return {
    ...app,
    ...(isNew ? { intent } : {}),
    deletes: [],
    recreations: [],
    kept: [...app.kept, ...waiting],
  };
}
