import { PortError } from '../model/errors.ts';
import type { Forge } from '../model/ports.ts';

/**
 * A forge that is not written to while another controller may be at work: whoever lost the lease would put old news over
 * what its successor says.
 */
export function fencedForge(forge: Forge, mayWrite: () => boolean): Forge {
  return {
    read: (revision, signal) => forge.read(revision, signal),
    post: (revision, status, signal) =>
      mayWrite() ? forge.post(revision, status, signal) : Promise.reject(refusal(status.context)),
  };
}

function refusal(context: string): PortError {
  return new PortError({
    port: 'forge',
    operation: 'post status',
    subject: context,
    code: 'CANCELLED',
    retry: true,
    safeMessage: 'the lease is not ours (any more): nothing is written',
  });
}
