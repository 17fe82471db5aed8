import { parse, stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

/** One cluster and one user who knocks at it. */
export interface Access {
  /** Name of the context, the cluster and the user. */
  readonly name: string;
  readonly url: string;
  /** Certificate authority that the client trusts, PEM. */
  readonly ca: string;
  readonly user: KeyPair;
}

/** A kubeconfig with one context for each access, the first one current. YAML text. */
export function printKubeconfig(accesses: readonly Access[]): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': accesses[0]?.name ?? '',
    clusters: accesses.map(({ name, url, ca }) => ({
      name,
      cluster: { server: url, 'certificate-authority-data': base64(ca) },
    })),
    users: accesses.map(({ name, user }) => ({
      name,
      user: { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) },
    })),
    contexts: accesses.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  });
}

/** The access that the first context of a kubeconfig of {@link printKubeconfig} gives. Reads no other kubeconfigs. */
export function readKubeconfig(text: string): Access {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the shape that printKubeconfig writes
  const { clusters, users } = parse(text) as {
    clusters: [{ name: string; cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
  };
  const [{ name, cluster }] = clusters;
  const [{ user }] = users;
  return {
    name,
    url: cluster['server'] ?? '',
    ca: unbase64(cluster['certificate-authority-data']),
    user: { certificate: unbase64(user['client-certificate-data']), key: unbase64(user['client-key-data']) },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function unbase64(text = ''): string {
  return Buffer.from(text, 'base64').toString();
}
