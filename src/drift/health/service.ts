import type { Health } from '../../model/health.ts';
import type { JsonObject } from '../../model/json.ts';
import { listAt, textAt } from '../../object/json.ts';
import { hasAddress } from '../addresses.ts';
import { current, inProgress } from '../health-rule.ts';

/**
 * A Service of type LoadBalancer is Current when it has an address, as in Argo CD and Karmada (kstatus is content with
 * the address inside the cluster, which every Service has). Addresses that people gave it (`spec.externalIPs`) do as well,
 * as in Helm (`pkg/kube/ready.go`): on bare metal often nobody else assigns one. Every other type is Current at once;
 * whether Pods are behind it is the Pods' business.
 */
export function assessService(object: JsonObject): Health {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return current();
  if (hasAddress(object) || listAt(object, 'spec', 'externalIPs').length > 0) return current();
  return inProgress('waiting for a load balancer address');
}
