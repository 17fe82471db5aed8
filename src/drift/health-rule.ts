import type { Health } from '../model/health.ts';
import type { JsonObject } from '../model/json.ts';

/**
 * Says how far a live object of one kind is. The gate has already let it through: it is not being deleted, and its
 * controller has seen this generation. Never throws: a field that is missing or of another type counts as absent.
 */
export type HealthRule = (object: JsonObject) => Health;

/** The message where a controller has not looked at the object yet, or not at this generation of it. */
export const WAITING = 'waiting for controller';

/** The live state is what the manifest asks for. */
export function current(message = ''): Health {
  return { state: 'Current', message };
}

/** Not there yet, and nothing says that it never will be. */
export function inProgress(message: string): Health {
  return { state: 'InProgress', message };
}

/** It will not get there without somebody's help. */
export function failed(message: string): Health {
  return { state: 'Failed', message };
}

/** It is being deleted. */
export function terminating(message: string): Health {
  return { state: 'Terminating', message };
}
