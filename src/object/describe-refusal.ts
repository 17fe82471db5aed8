import type { Refusal } from '../model/ports.ts';

/** What an API server said, and what to do about it where that is known. */
export function describeRefusal({ message, immutable }: Refusal): string {
  if (!immutable) return message;
  return `${message}. Change it back, or let Muster delete it and make it anew with muster.dev/on-immutable: recreate`;
}
