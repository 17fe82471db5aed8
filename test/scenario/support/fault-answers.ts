import { printJson } from '../../../src/object/json.ts';
import type { Fault } from '../../support/fault-proxy.ts';

type Answer = Extract<Fault, { readonly kind: 'answer' }>;

/** What an API server says when it does not do it; `status` 200 is one that lies. */
export function refusal(status: number, reason: string, message = `${reason}, says the test`): Answer {
  const body = { apiVersion: 'v1', kind: 'Status', status: 'Failure', code: status, reason, message };
  return { kind: 'answer', status, body: printJson(body) };
}

/** What a load balancer says in its place. */
export function page(status: number): Answer {
  return { kind: 'answer', status, headers: { 'content-type': 'text/html' }, body: '<html><h1>Welcome</h1></html>' };
}
