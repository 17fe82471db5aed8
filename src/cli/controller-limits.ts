import { CONTROLLER_LIMITS, type ControllerLimits } from '../controller.ts';
import type { Settings } from '../settings.ts';

/** The limits of the loop, as the settings say. */
export function controllerLimits(settings: Settings): ControllerLimits {
  return { ...CONTROLLER_LIMITS, resyncMs: settings.duration('resync') };
}
