/**
 * Maps with at most `limit` calls under way, results in the order of the items. The first rejection is thrown once the
 * calls under way have ended, so that nothing goes on behind the caller's back; no further call is begun.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  call: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return;
      try {
        results[index] = await call(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** At most so many calls at once, first come first served. */
export interface Slots {
  use<Result>(call: () => Promise<Result>): Promise<Result>;
}

export function createSlots(limit: number): Slots {
  const waiting: (() => void)[] = [];
  let free = limit;
  return {
    use: async (call) => {
      if (free === 0) await new Promise<void>((resolve) => void waiting.push(resolve));
      else free -= 1;
      try {
        return await call();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
