import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../../src/model/json.ts';
import { isObject, numberAt, parseJson, textAt } from '../../src/object/json.ts';

/** One request that reached an API server, from its audit log. */
export interface AuditEntry {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. An apply is a `patch`. */
  readonly verb: string;
  /** `apps/deployments`, `pods/status`; a path such as `/version` for what is no resource. */
  readonly resource: string;
  /** `''` where there is none. */
  readonly namespace: string;
  /** `''` for list and watch. */
  readonly name: string;
  /** `{ fieldManager: 'muster', force: 'true', dryRun: 'All' }`. */
  readonly query: Readonly<Record<string, string>>;
  /** `''` for a request whose credentials were not accepted. */
  readonly user: string;
  /** What the client says of itself. */
  readonly agent: string;
  /** HTTP status; of a watch that goes on, of its start. */
  readonly code: number;
}

/** A request of Muster's that stores something: dry-runs do not, and who prepares a test has another name. */
export function isWriteOfMuster({ agent, verb, query }: AuditEntry): boolean {
  return agent.startsWith('muster/') && !['get', 'list', 'watch'].includes(verb) && query['dryRun'] === undefined;
}

/** Users of ours whose requests are not what a test asks about. */
export const SUPPORT_USERS = {
  probe: 'muster:test-probe',
  controllers: 'system:kube-controller-manager',
  node: 'muster:hollow-node',
};

/**
 * Metadata of all requests, without bodies, but for those of the control plane itself. Stage RequestReceived would only
 * double the log. A watch is written when it starts and again when it ends.
 */
export const AUDIT_POLICY: JsonObject = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'None', users: ['system:apiserver', ...Object.values(SUPPORT_USERS)] }, { level: 'Metadata' }],
};

/**
 * The requests so far, in the order in which they were answered. A request whose answer has arrived is in it: the server
 * writes the line (`--audit-log-mode=blocking`) before it finishes the answer.
 */
export async function readAuditLog(path: string): Promise<readonly AuditEntry[]> {
  const text = await readFile(path, 'utf8').catch(() => ''); // It comes with the first request.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  // By id: the line about the end of a watch replaces, in its place, the one about its start.
  const entries = new Map<string, AuditEntry>();
  for (const line of whole.split('\n').filter((line) => line !== '')) {
    const event = parseJson(line);
    if (isObject(event)) entries.set(textAt(event, 'auditID') ?? '', readEvent(event));
  }
  return [...entries.values()];
}

function readEvent(event: JsonObject): AuditEntry {
  const read = (...path: readonly string[]): string => textAt(event, ...path) ?? '';
  const uri = new URL(read('requestURI'), 'https://server');
  const parts = ['apiGroup', 'resource', 'subresource'].map((field) => read('objectRef', field));
  return {
    verb: read('verb'),
    resource: parts.filter((part) => part !== '').join('/') || uri.pathname,
    namespace: read('objectRef', 'namespace'),
    name: read('objectRef', 'name'),
    query: Object.fromEntries(uri.searchParams),
    user: read('user', 'username'),
    agent: read('userAgent'),
    code: numberAt(event, 'responseStatus', 'code') ?? 0,
  };
}
