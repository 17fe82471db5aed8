import type { Log } from '../log.ts';
import type { Tick } from '../model/tick.ts';

/**
 * Writes a line when a cluster cannot be used, and when it can be again: whole, where a status has 140 characters. A
 * cluster that is away for a day is one line, not thousands.
 */
export function createFailureLog(log: Log): (tick: Tick) => void {
  const told = new Map<string, string>();
  return (tick) => {
    const cluster = tick.target.cluster.name;
    if (tick.state === 'done') {
      if (told.delete(cluster)) log.info('the cluster can be used again', { cluster });
      return;
    }
    const { code, operation, subject, safeMessage } = tick.failure;
    if (told.get(cluster) === safeMessage) return;
    told.set(cluster, safeMessage);
    log.warn('the cluster cannot be used', { cluster, code, what: `${operation} ${subject}`, reason: safeMessage });
  };
}
