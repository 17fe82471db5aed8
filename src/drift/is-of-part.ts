import { PortError, type PortCode } from '../model/errors.ts';

/** What an API server, or what it asks in turn, says of one kind or object. Anything else concerns the cluster. */
const OF_PART: readonly PortCode[] = [
  'FORBIDDEN',
  'NOT_FOUND',
  'UNAVAILABLE',
  'CORRUPT',
  'CONFLICT',
  'REJECTED',
  'TOO_BIG',
];

/** Whether a read failed for what was read alone: then the rest of the cluster can be worked on. */
export function isOfPart(error: unknown): error is PortError {
  return error instanceof PortError && OF_PART.includes(error.code);
}
