import type { PortFailure } from '../model/errors.ts';

/** A failure as one line: on what, and why. Some reasons name it themselves. */
export function formatFailure({ subject, safeMessage }: PortFailure): string {
  return safeMessage.startsWith(subject) ? safeMessage : `${subject}: ${safeMessage}`;
}
