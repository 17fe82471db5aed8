import type { JsonObject } from '../model/json.ts';
import { listAt, textAt } from '../object/json.ts';

/** Whether `status.loadBalancer.ingress`, of a Service or an Ingress, has an IP or a host name. */
export function hasAddress(object: JsonObject): boolean {
  return listAt(object, 'status', 'loadBalancer', 'ingress').some(
    (each) => (textAt(each, 'ip') ?? '') !== '' || (textAt(each, 'hostname') ?? '') !== '',
  );
}
