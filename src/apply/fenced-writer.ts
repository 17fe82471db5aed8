import { PortError } from '../model/errors.ts';
import type { ClusterWriter } from '../model/ports.ts';

/**
 * A writer that refuses to write once its time is over. An abort signal alone is not enough: a process that was frozen
 * wakes up with its timers still to fire, and another controller may have taken over meanwhile. `isOver` must read a
 * clock that never goes back.
 */
export function fencedWriter(writer: ClusterWriter, isOver: () => boolean): ClusterWriter {
  const check = (operation: string): void => {
    if (!isOver()) return;
    throw new PortError({
      port: 'cluster',
      operation,
      subject: 'the cluster',
      code: 'CANCELLED',
      retry: true,
      safeMessage: 'the time for this write phase is over',
    });
  };
  return {
    apply: (request, signal) => {
      check('apply');
      return writer.apply(request, signal);
    },
    delete: (action, signal) => {
      check('delete');
      return writer.delete(action, signal);
    },
    putInventory: (fleet, inventory, signal) => {
      check('store');
      return writer.putInventory(fleet, inventory, signal);
    },
  };
}
