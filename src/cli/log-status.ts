import type { Log } from '../log.ts';
import { PortError } from '../model/errors.ts';
import type { PublishEvent } from '../report/publish.ts';

/** Every transition of a status is a line, also where no forge hears of it. */
export function logStatus(event: PublishEvent, log: Log): void {
  switch (event.kind) {
    case 'changed': {
      const { context, state, description } = event.status;
      log.info('status', { context, state, description, revision: event.revision });
      return;
    }
    case 'posted':
      return;
    case 'failing': {
      const reason = event.failure instanceof PortError ? event.failure.safeMessage : event.failure.name;
      log.warn('a status cannot be written', { reason, retryInMs: Math.round(event.retryInMs) });
      return;
    }
    case 'recovered':
      log.info('statuses can be written again');
      return;
    case 'stopped':
      log.warn('no more is written to a status', { context: event.context, reason: event.reason });
      return;
    case 'undelivered':
      log.warn('statuses were not written before the end', { count: event.count });
      return;
  }
}
