import { RENDER_LIMITS, type RenderLimits } from '../sandbox/render-revision.ts';
import type { Settings } from '../settings.ts';

/** The limits of the render process, as the settings say. */
export function renderLimits(settings: Settings): RenderLimits {
  return { ...RENDER_LIMITS, memoryMiB: settings.count('renderMemory'), timeoutMs: settings.duration('renderTimeout') };
}
