import type { ObjectId } from '../model/manifest.ts';
import { idKey } from './id.ts';

/**
 * The one object that stands for an id. An object of a cluster is known three times (as a manifest, as it is live, in the
 * inventory), and most of a fleet on many clusters: ids and their keys would be half of what is kept of it.
 */
export function sharedId(id: ObjectId): ObjectId {
  const key = idKey(id);
  const known = POOL.get(key)?.deref();
  if (known !== undefined) return known;
  if (POOL.size >= limit) sweep();
  POOL.set(key, new WeakRef(id));
  return id;
}

const POOL = new Map<string, WeakRef<ObjectId>>();

/** Ids that nobody uses any more are looked for when there are twice as many as after the last time. */
const FIRST_LIMIT = 1000;
let limit = FIRST_LIMIT;

function sweep(): void {
  for (const [key, id] of POOL) if (id.deref() === undefined) POOL.delete(key);
  limit = Math.max(FIRST_LIMIT, POOL.size * 2);
}
