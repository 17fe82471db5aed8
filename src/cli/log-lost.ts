import type { Log } from '../log.ts';
import type { Tick } from '../model/tick.ts';
import { listLost, listTaken, type LostReport } from '../report/list-lost.ts';

/**
 * One line when a field is lost to another controller, and one when it is ours again: not one at each look. And one for each
 * field that is taken back from people.
 */
export function createLostLog(log: Log): (tick: Tick) => void {
  const known = new Map<string, ReadonlyMap<string, LostReport>>();
  return (tick) => {
    if (tick.state === 'failed') return;
    const cluster = tick.target.cluster.name;
    const before = known.get(cluster) ?? new Map<string, LostReport>();
    const now = new Map(listLost(tick).map((each) => [`${each.object} ${each.path} ${each.manager}`, each]));
    known.set(cluster, now);
    for (const [key, each] of now)
      if (!before.has(key)) log.warn('a field is left to its manager', { cluster, ...each, remedy: REMEDY });
    for (const [key, each] of before) if (!now.has(key)) log.info('a field is left to nobody', { cluster, ...each });
    for (const each of listTaken(tick)) log.info('a field is taken back from a person', { cluster, ...each });
  };
}

const REMEDY =
  'Take it with muster.dev/force: "true", leave it with a rule of spec.ignore, or take it out of the repository.';
