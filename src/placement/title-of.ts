import type { Placement } from '../model/fleet.ts';

/** How messages call a placement: `placement "web"`, or by its name in the file that it was translated from. */
export function titleOf({ name, from }: Placement): string {
  return from ?? `placement "${name}"`;
}
