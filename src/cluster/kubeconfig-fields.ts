import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { isObject, listAt, mapAt, textAt } from '../object/json.ts';
import { parseYaml } from '../yaml.ts';
import type { Credentials } from './credentials.ts';

/** A kubeconfig that came over the network, as credentials, or why it is refused: the end of a sentence, no values. */
export type ParsedKubeconfig =
  | { readonly state: 'parsed'; readonly credentials: Credentials }
  | { readonly state: 'refused'; readonly reason: string };

/** Fields that are used. A kubeconfig is code: every other field is refused by name, because it may run or read something. */
const CLUSTER_FIELDS = ['server', 'certificate-authority-data', 'tls-server-name'];
const USER_FIELDS = ['token', 'client-certificate-data', 'client-key-data'];

/** Fields that do nothing here, and that tools write into every file: notes of their own, and how answers are packed. */
const WITHOUT_EFFECT = ['extensions', 'disable-compression'];

/** Why others are refused (client-go, `tools/clientcmd/api/v1`: all that `Cluster` and `AuthInfo` may have). */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['exec', 'would run a program'],
  ['auth-provider', 'would run a plugin'],
  ['tokenFile', 'would read a file of the controller'],
  ['client-certificate', 'would read a file of the controller'],
  ['client-key', 'would read a file of the controller'],
  ['certificate-authority', 'would read a file of the controller'],
  ['insecure-skip-tls-verify', 'would believe any server'],
  ['proxy-url', 'would send credentials through a proxy'],
  ['username', 'is not accepted by API servers any more'],
  ['password', 'is not accepted by API servers any more'],
  ['as', 'would act as another user, which is not supported'],
  ['as-uid', 'would act as another user, which is not supported'],
  ['as-groups', 'would act as another user, which is not supported'],
  ['as-user-extra', 'would act as another user, which is not supported'],
]);

/** Reads the current context of a kubeconfig, by an allow-list of fields. */
export function parseKubeconfig(text: string): ParsedKubeconfig {
  const [document] = parseYaml(text).documents;
  const config = document?.value;
  if (!isObject(config)) return refuse('it is no kubeconfig');
  const context = mapAt(find(config, 'contexts', textAt(config, 'current-context') ?? ''), 'context');
  if (Object.keys(context).length === 0) return refuse('its current-context names no context that is in it');
  const cluster = mapAt(find(config, 'clusters', textAt(context, 'cluster') ?? ''), 'cluster');
  const user = mapAt(find(config, 'users', textAt(context, 'user') ?? ''), 'user');
  const foreign = foreignField(cluster, CLUSTER_FIELDS) ?? foreignField(user, USER_FIELDS);
  if (foreign !== undefined) return refuse(foreign);
  const server = textAt(cluster, 'server') ?? '';
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    return refuse('its current context names no server of the form https://host:port');
  const token = textAt(user, 'token')?.trim();
  const [ca, servername] = [decode(cluster['certificate-authority-data']), textAt(cluster, 'tls-server-name')];
  const [cert, key] = [decode(user['client-certificate-data']), decode(user['client-key-data'])];
  if (token === undefined && (cert === undefined || key === undefined))
    return refuse('it has neither a token nor a client certificate with its key');
  const broken = brokenToken(token) ?? brokenTls(ca, cert, key);
  if (broken !== undefined) return refuse(broken);
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  };
  return {
    state: 'parsed',
    credentials: {
      server: new URL(server),
      tls,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    },
  };
}

function find(config: JsonObject, list: string, name: string): JsonValue | undefined {
  return listAt(config, list).find((item) => textAt(item, 'name') === name);
}

/** The first field that is not known to be harmless. One that is switched off or empty does nothing. */
function foreignField(map: JsonObject, known: readonly string[]): string | undefined {
  const fine = [...known, ...WITHOUT_EFFECT];
  const foreign = Object.keys(map).find((field) => !fine.includes(field) && !isUnset(map[field]));
  if (foreign === undefined) return undefined;
  const reason = REASONS.get(foreign);
  if (reason !== undefined) return `its field "${foreign}" ${reason}`;
  // A name that is none may be a value that slipped out of its line.
  const named = /^[a-z]+(?:-[a-z]+)*$/i.test(foreign) && foreign.length <= 40 ? ` "${foreign}"` : '';
  return `it has a field${named} that is not among those that are used`;
}

function isUnset(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === false || value === '';
}

/** What no header can carry fails each request with an error that says nothing. */
function brokenToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  return /^[\u0021-\u007e]+$/.test(token) ? undefined : 'its token is empty, or holds a space or a special character';
}

/** OpenSSL takes what it cannot read for nothing at all, and then says that the server is to blame. */
function brokenTls(ca: string | undefined, cert: string | undefined, key: string | undefined): string | undefined {
  if (ca !== undefined && readCertificate(ca) === undefined)
    return 'its "certificate-authority-data" is no certificate in PEM';
  if (cert === undefined || key === undefined) return undefined;
  const certificate = readCertificate(cert);
  if (certificate === undefined) return 'its "client-certificate-data" is no certificate in PEM';
  const privateKey = readKey(key);
  if (privateKey === undefined) return 'its "client-key-data" is no private key in PEM, or needs a password';
  if (certificate.checkPrivateKey(privateKey)) return undefined;
  return 'its "client-key-data" does not belong to its "client-certificate-data"';
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined; // The message of the error may quote what it read.
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function decode(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

function refuse(reason: string): ParsedKubeconfig {
  return { state: 'refused', reason };
}
