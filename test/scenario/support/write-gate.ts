import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { mapAt, parseJson, textAt } from '../../../src/object/json.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { createAuthority } from '../../support/certificates.ts';
import { MUSTER_USER } from './requests.ts';
import type { WorldCluster } from './world.ts';

/**
 * Stands before everything that Muster writes to some namespaces of a cluster: an admission webhook. A write that it holds
 * is neither done nor refused, for as long as the test wants; dry-runs pass.
 */
export interface WriteGate extends AsyncDisposable {
  /** So many writes pass from now on; resolves when the next one is held. All after it are held too. */
  holdAfter(passing: number): Promise<void>;
  /** What is held is done or refused, and everything after it passes. */
  open(answer: 'done' | 'refused'): void;
}

/** Puts up a gate before ConfigMaps and Services. It holds nothing yet. */
export async function putUpGate(
  { api }: WorldCluster,
  name: string,
  namespaces: readonly string[],
): Promise<WriteGate> {
  const authority = createAuthority('muster-test-gate');
  const { certificate, key } = authority.issueServer({ commonName: '127.0.0.1' });
  let passing = Number.POSITIVE_INFINITY;
  let isHeld = (): void => {};
  const held: ((allowed: boolean) => void)[] = [];

  const server = createServer({ cert: certificate, key }, (request, response) => {
    void text(request).then(async (body) => {
      const allowed = await decide();
      const uid = textAt(mapAt(parseJson(body), 'request'), 'uid');
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    });
  });
  const decide = (): boolean | Promise<boolean> => {
    passing -= 1;
    if (passing >= 0) return true;
    const answer = new Promise<boolean>((resolve) => void held.push(resolve));
    isHeld();
    return answer;
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const { port } = server.address() as AddressInfo;
  await api.create(webhook(name, port, authority.certificate, namespaces));

  return {
    holdAfter: (count) => {
      passing = count;
      return new Promise((resolve) => {
        isHeld = resolve;
      });
    },
    open: (answer) => {
      passing = Number.POSITIVE_INFINITY;
      for (const tell of held.splice(0)) tell(answer === 'done');
    },
    [Symbol.asyncDispose]: async () => {
      await api.delete('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', '', name);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function webhook(name: string, port: number, ca: string, namespaces: readonly string[]): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(ca).toString('base64') },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE', 'DELETE'],
            resources: ['configmaps', 'services'],
          },
        ],
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }],
        },
        matchConditions: [
          { name: 'muster', expression: `request.userInfo.username == '${MUSTER_USER}' && request.dryRun != true` },
        ],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 30,
        failurePolicy: 'Fail',
      },
    ],
  };
}
