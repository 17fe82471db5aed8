import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { at, parseJson, printJson, textAt } from '../../../src/object/json.ts';
import type { ApiClient } from '../../support/api-client.ts';
import { createAuthority } from '../../support/certificates.ts';

/** Makes every real write of a ConfigMap in one namespace wait, as in a busy cluster: disposing ends that. */
export interface SlowAdmission extends AsyncDisposable {
  /** Names of the ConfigMaps whose writes began, dry-runs left out. */
  readonly begun: readonly string[];
}

/** A validating webhook that allows everything, late: `wait` is told which write it is, counted from 1. */
export async function slowDown(
  api: ApiClient,
  namespace: string,
  wait: (count: number) => Promise<unknown>,
): Promise<SlowAdmission> {
  const authority = createAuthority('slow-admission');
  const { certificate, key } = authority.issueServer({ commonName: 'slow-admission' });
  const begun: string[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const answer = async (): Promise<void> => {
      const review = parseJson((await buffer(request)).toString());
      const uid = textAt(review, 'request', 'uid') ?? '';
      if (at(review, 'request', 'dryRun') !== true) {
        begun.push(textAt(review, 'request', 'name') ?? '');
        await wait(begun.length);
      }
      const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      response.setHeader('content-type', 'application/json').end(printJson(body));
    };
    answer().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  // oxlint-disable-next-line no-unsafe-type-assertion -- a server that listens on TCP has an AddressInfo
  const { port } = server.address() as AddressInfo;
  const name = `slow-${namespace}`;
  await api.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'slow.example.com',
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(authority.certificate).toString('base64') },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 30,
      },
    ],
  });
  return {
    begun,
    [Symbol.asyncDispose]: async () => {
      await api.delete('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', '', name);
      server.closeAllConnections();
      server.close();
    },
  };
}
