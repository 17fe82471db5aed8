import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { hasAddress } from '../addresses.ts';
import { current, inProgress } from '../health-rule.ts';

/**
 * Current when a controller has published an address, as in Argo CD and Karmada. kstatus has no rule for it, and calls
 * every one Current, also one that no controller serves. Controllers that publish none have to be told to (Traefik:
 * `publishedService`, ingress-nginx: `--publish-service`).
 */
export function assessIngress(object: JsonObject): Health {
  return hasAddress(object) ? current() : inProgress('waiting for an address from the ingress controller');
}
