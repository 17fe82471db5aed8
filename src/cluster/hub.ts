import { PortError } from '../model/errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { Lease, LeaseStore } from '../model/ports.ts';
import { isObject, mapAt, printJson, textAt } from '../object/json.ts';
import { corrupt, outage } from './api-error.ts';
import type { Credentials, CredentialSource } from './credentials.ts';
import { parseKubeconfig } from './kubeconfig-fields.ts';
import { type Answer, type ApiRequest, createTransport, userAgent } from './transport.ts';

/** The cluster that the controller itself belongs to: it holds the other clusters' credentials and the lease. */
export interface Hub {
  /** Where Secrets and the Lease are. */
  readonly namespace: string;
  /** Of its API server: `https://10.0.0.1:6443`. Throws PortError where its credentials cannot be read. */
  address(): Promise<string>;
  /** Credentials from the kubeconfig in a Secret of the hub; read for each use, so that a changed Secret takes effect. */
  memberCredentials(secret: string): CredentialSource;
  readonly leases: LeaseStore;
  close(): Promise<void>;
}

/** Longest wait for a Secret: a member's tick waits for it. */
const SECRET_MS = 20_000;

/** `namespace`: where Secrets and the Lease are. `identity`: who asks, for the audit log; `''`: nobody in particular. */
export function connectHub(
  source: CredentialSource,
  namespace: string,
  identity: string,
  onAnswer: (method: string, status: number) => void,
): Hub {
  const transport = createTransport({ name: 'hub', source, endpoints: [], onAnswer, userAgent: userAgent(identity) });
  const send = async (request: ApiRequest, signal: AbortSignal): Promise<Answer> => {
    const answer = await transport.request(request, signal);
    if (answer.status === 403) throw denied(answer, request, namespace);
    return answer;
  };
  const root = `/api/v1/namespaces/${namespace}`;
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const readMember = async (secret: string, subject: string): Promise<Credentials> => {
    const request = get('get', `${root}/secrets/${encodeURIComponent(secret)}`, subject);
    const answer = await send(request, AbortSignal.timeout(SECRET_MS));
    if (answer.status === 404) throw bad(subject, 'it does not exist in the hub. Create it with a key "kubeconfig"');
    if (answer.status !== 200) throw outage(answer, request, 'hub');
    return credentialsOf(answer, subject);
  };
  return {
    namespace,
    address: async () => (await source()).server.origin,
    memberCredentials: (secret) => async () => {
      const subject = `Secret ${namespace}/${secret}`;
      try {
        return await readMember(secret, subject);
      } catch (error) {
        if (!(error instanceof PortError) || error.port === 'credentials') throw error;
        throw ofCredentials(error, subject);
      }
    },
    leases: {
      read: async (name, signal) => {
        const request = get('get', `${leases}/${name}`, `Lease ${namespace}/${name}`);
        const answer = await send(request, signal);
        if (answer.status === 404) return undefined;
        if (answer.status !== 200) throw outage(answer, request, 'hub');
        return parseLease(answer, request);
      },
      write: async (name, lease, signal) => {
        const create = lease.resourceVersion === '';
        const request: ApiRequest = {
          method: create ? 'POST' : 'PUT',
          path: create ? leases : `${leases}/${name}`,
          body: printJson(printLease(name, namespace, lease)),
          operation: create ? 'create' : 'update',
          subject: `Lease ${namespace}/${name}`,
        };
        const answer = await send(request, signal);
        if (answer.status !== 200 && answer.status !== 201) throw outage(answer, request, 'hub');
        return parseLease(answer, request);
      },
    },
    close: () => transport.close(),
  };
}

function credentialsOf(answer: Answer, subject: string): Credentials {
  const data = mapAt(answer.body, 'data');
  // `value` is the key that Cluster API writes.
  const encoded = textAt(data, 'kubeconfig') ?? textAt(data, 'value');
  if (encoded === undefined) throw bad(subject, 'it has no key "kubeconfig"');
  const parsed = parseKubeconfig(Buffer.from(encoded, 'base64').toString('utf8'));
  if (parsed.state === 'refused')
    throw bad(
      subject,
      `${parsed.reason}. Use a kubeconfig with server, certificate-authority-data and a token or client certificate`,
    );
  return parsed.credentials;
}

function get(operation: string, path: string, subject: string): ApiRequest {
  return { method: 'GET', path, operation, subject };
}

/** What the API server says is true and takes more room than a status has; what is missing comes first, and to whom last. */
function denied(answer: Answer, { operation, subject }: ApiRequest, namespace: string): PortError {
  const [, kind = ''] = /^(\S+) /.exec(subject) ?? [];
  const user = /User "([^"]+)"/.exec(textAt(answer.body, 'message') ?? '')?.[1] ?? 'the user of Muster';
  const what = `may not ${operation} ${kind}s in namespace ${namespace}`;
  return new PortError({
    port: 'cluster',
    operation,
    subject: `${subject} on cluster hub`,
    code: 'FORBIDDEN',
    retry: false,
    status: answer.status,
    safeMessage: `${what}. Grant it as deploy/role.yaml does, to ${user}`,
  });
}

function printLease(name: string, namespace: string, lease: Lease): JsonObject {
  const { holder, durationSeconds, renewTime, transitions, resourceVersion } = lease;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, ...(resourceVersion === '' ? {} : { resourceVersion }) },
    spec: { holderIdentity: holder, leaseDurationSeconds: durationSeconds, renewTime, leaseTransitions: transitions },
  };
}

function parseLease(answer: Answer, request: ApiRequest): Lease {
  const { body } = answer;
  if (!isObject(body)) throw corrupt(answer, request, 'hub', 'a Lease');
  const spec = mapAt(body, 'spec');
  return {
    holder: textAt(spec, 'holderIdentity') ?? '',
    durationSeconds: Number(spec['leaseDurationSeconds'] ?? 0),
    renewTime: textAt(spec, 'renewTime') ?? '',
    transitions: Number(spec['leaseTransitions'] ?? 0),
    resourceVersion: textAt(body, 'metadata', 'resourceVersion') ?? '',
  };
}

/** On the status of a member it must be plain that it is the hub which does not answer. */
function ofCredentials({ operation, code, retry, safeMessage }: PortError, subject: string): PortError {
  return new PortError({
    port: 'credentials',
    operation,
    subject,
    code,
    retry,
    safeMessage: `in the hub: ${safeMessage}`,
  });
}

function bad(subject: string, safeMessage: string): PortError {
  return new PortError({
    port: 'credentials',
    operation: 'read',
    subject,
    code: 'BAD_CREDENTIALS',
    retry: true,
    safeMessage,
  });
}
