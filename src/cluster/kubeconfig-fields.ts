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

/** Why the best known of the others are refused. */
const REASONS: Readonly<Record<string, string>> = {
  exec: 'would run a program',
  'auth-provider': 'would run a plugin',
  tokenFile: 'would read a file of the controller',
  'client-certificate': 'would read a file of the controller',
  'client-key': 'would read a file of the controller',
  'certificate-authority': 'would read a file of the controller',
  'insecure-skip-tls-verify': 'would believe any server',
  'proxy-url': 'would send credentials through a proxy',
  username: 'is not accepted by API servers any more',
  password: 'is not accepted by API servers any more',
};

/** Reads the current context of a kubeconfig, by an allow-list of fields. */
export function parseKubeconfig(text: string): ParsedKubeconfig {
  const [document] = parseYaml(text).documents;
  const config = document?.value;
  if (!isObject(config)) return refuse('it is no kubeconfig');
  const context = mapAt(find(config, 'contexts', textAt(config, 'current-context') ?? ''), 'context');
  const cluster = mapAt(find(config, 'clusters', textAt(context, 'cluster') ?? ''), 'cluster');
  const user = mapAt(find(config, 'users', textAt(context, 'user') ?? ''), 'user');
  const foreign = [...foreignFields(cluster, CLUSTER_FIELDS), ...foreignFields(user, USER_FIELDS)][0];
  if (foreign !== undefined)
    return refuse(`its field "${foreign}" ${REASONS[foreign] ?? 'is not among those that are used'}`);
  const server = textAt(cluster, 'server') ?? '';
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    return refuse('its current context names no server of the form https://host:port');
  const token = textAt(user, 'token');
  const [cert, key] = [decode(user['client-certificate-data']), decode(user['client-key-data'])];
  if (token === undefined && (cert === undefined || key === undefined))
    return refuse('it has neither a token nor a client certificate with its key');
  const [ca, servername] = [decode(cluster['certificate-authority-data']), textAt(cluster, 'tls-server-name')];
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

function foreignFields(map: JsonObject, known: readonly string[]): readonly string[] {
  return Object.keys(map).filter((field) => !known.includes(field));
}

function decode(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

function refuse(reason: string): ParsedKubeconfig {
  return { state: 'refused', reason };
}
