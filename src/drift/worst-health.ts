import { HEALTH_STATES, type Health } from '../model/health.ts';

/**
 * The worst of many by the order of {@link HEALTH_STATES}; of equally bad ones the first. No object at all is `Current`:
 * there is nothing to wait for.
 */
export function worstHealth(healths: readonly Health[]): Health {
  let worst: Health | undefined;
  for (const health of healths) if (worst === undefined || badness(health) > badness(worst)) worst = health;
  return worst ?? { state: 'Current', message: '' };
}

function badness(health: Health): number {
  return HEALTH_STATES.indexOf(health.state);
}
