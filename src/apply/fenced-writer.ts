import { PortError } from '../model/errors.ts';
import type { ClusterWriter } from '../model/ports.ts';

/**
 * When a write phase is over: the reason, or `undefined` while it is not. Clocks in here must be ones that never go back.
 */
export interface Fence {
  /** Nothing more is begun. */
  readonly begin: () => string | undefined;
  /** Not even what was done is recorded. */
  readonly record: () => string | undefined;
}

/**
 * A writer that refuses to write once its time is over. An abort signal alone is not enough: a process that was frozen
 * wakes up with its timers still to fire, and another controller may have taken over meanwhile.
 *
 * An inventory may be stored for longer than an object may be written: it is a compare-and-swap, and a record of what was
 * done spares the next write phase to find out.
 */
export function fencedWriter(writer: ClusterWriter, { begin, record }: Fence): ClusterWriter {
  const check = (operation: string, reason: string | undefined): void => {
    if (reason === undefined) return;
    throw new PortError({
      port: 'cluster',
      operation,
      subject: 'the cluster',
      code: 'CANCELLED',
      retry: true,
      safeMessage: reason,
    });
  };
  return {
    apply: (request, signal) => {
      check('apply', begin());
      return writer.apply(request, signal);
    },
    transfer: (action, signal) => {
      check('transfer', begin());
      return writer.transfer(action, signal);
    },
    delete: (action, signal) => {
      check('delete', begin());
      return writer.delete(action, signal);
    },
    putInventory: (fleet, inventory, signal) => {
      check('store', record());
      return writer.putInventory(fleet, inventory, signal);
    },
  };
}
