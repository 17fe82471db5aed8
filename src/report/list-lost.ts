import type { LostField } from '../model/drift.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { Tick } from '../model/tick.ts';
import { formatId, idKey } from '../object/id.ts';

/** A field that Git sets and that stays as another controller wants it. */
export interface LostReport extends LostField {
  readonly app: string;
  /** `Deployment shop/web`. */
  readonly object: string;
}

/** All fields of a cluster that are left to other controllers: no failure and no drift, but nobody should have to guess. */
export function listLost(tick: Tick): readonly LostReport[] {
  if (tick.state === 'failed') return [];
  return tick.plan.apps.flatMap(({ app, skipped, steps }) => {
    const objects: readonly { readonly id: ObjectId; readonly lost: readonly LostField[] }[] = [
      ...skipped,
      ...steps.flat().map(({ request, lost }) => ({ id: request.id, lost })),
    ];
    return objects.flatMap(({ id, lost }) => lost.map((field) => ({ app, object: formatId(id), ...field })));
  });
}

/** All fields that an apply of this tick took back from people: their edit is gone, and somebody may look for it. */
export function listTaken(tick: Tick): readonly LostReport[] {
  if (tick.state === 'failed') return [];
  return tick.result.apps.flatMap(({ app, objects }) =>
    objects.flatMap(({ id, live }) => {
      const preview = live === undefined ? undefined : tick.previews.get(idKey(id));
      const taken = preview !== undefined && 'takenOver' in preview ? preview.takenOver : [];
      return taken.map((field) => ({ app, object: formatId(id), ...field }));
    }),
  );
}
