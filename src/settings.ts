/**
 * Every flag and environment variable, once. `--help` and the tables in the documentation are made from it; a test
 * compares.
 */
export interface Option {
  /** Without the dashes. */
  readonly flag: string;
  readonly short?: string;
  /** Read where the flag is not given. */
  readonly env?: string;
  /** What stands for the value in help; absent: the flag is a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  /** Used where neither flag nor variable is given. */
  readonly fallback?: string;
  /** Of a time: what is shorter would keep the machine or the other side busy with nothing else. */
  readonly atLeastMs?: number;
  readonly doc: string;
}

export const OPTIONS = {
  help: { flag: 'help', short: 'h', doc: 'Print this help.' },
  revision: {
    flag: 'revision',
    value: 'REV',
    doc: 'Read this commit, branch or tag instead of the files as they lie there.',
  },
  base: { flag: 'base', value: 'REV', doc: 'The revision to compare with.' },
  head: { flag: 'head', value: 'REV', doc: 'The revision that is compared; default: the files as they lie there.' },
  cluster: { flag: 'cluster', short: 'C', value: 'GLOB', multiple: true, doc: 'Only clusters whose name matches.' },
  app: { flag: 'app', short: 'a', value: 'APP', multiple: true, doc: 'Only this app.' },
  output: { flag: 'output', short: 'o', value: 'FORMAT', doc: 'How to print.' },
  out: { flag: 'out', value: 'DIR', doc: 'Where "-o dir" writes.' },
  noHeaders: { flag: 'no-headers', doc: 'Print tables without their first line.' },
  repo: {
    flag: 'repo',
    env: 'MUSTER_REPO',
    value: 'URL',
    doc: 'The fleet repository: http(s), or a folder on this machine.',
  },
  branch: {
    flag: 'branch',
    env: 'MUSTER_BRANCH',
    value: 'NAME',
    doc: "The branch to follow; default: the repository's own.",
  },
  path: { flag: 'path', env: 'MUSTER_PATH', value: 'DIR', doc: 'The folder of the fleet within the repository.' },
  gitUser: {
    flag: 'git-user',
    env: 'MUSTER_GIT_USER',
    value: 'NAME',
    fallback: 'x-access-token',
    doc: 'User name that goes with the token.',
  },
  gitTokenFile: {
    flag: 'git-token-file',
    env: 'MUSTER_GIT_TOKEN_FILE',
    value: 'FILE',
    doc: 'Holds the token for the repository; read again for each use. MUSTER_GIT_TOKEN holds it itself.',
  },
  gitCaFile: {
    flag: 'git-ca-file',
    env: 'MUSTER_GIT_CA_FILE',
    value: 'FILE',
    doc: 'Certificates (PEM) to trust for the repository, besides those of the system.',
  },
  poll: {
    flag: 'poll',
    env: 'MUSTER_POLL',
    value: 'TIME',
    fallback: '15s',
    atLeastMs: 10,
    doc: 'How often to ask the repository for its head.',
  },
  cache: {
    flag: 'cache',
    env: 'MUSTER_CACHE',
    value: 'DIR',
    doc: 'Where Git objects are kept, and what kustomize and Helm printed; losing it costs a clone. Default: a folder of the user.',
  },
  kubeconfig: {
    flag: 'kubeconfig',
    env: 'KUBECONFIG',
    value: 'FILE',
    doc: 'Credentials of clusters with connection.context. Default: ~/.kube/config.',
  },
  hubContext: {
    flag: 'hub-context',
    env: 'MUSTER_HUB_CONTEXT',
    value: 'NAME',
    doc: 'Context of the kubeconfig for the hub, which holds the Secrets of connection.secretRef. Default: the cluster that Muster runs in.',
  },
  field: {
    flag: 'field',
    value: 'POINTER',
    doc: 'The field, as a JSON pointer: /spec/replicas. An item of a list by its position or its name.',
  },
  namespace: {
    flag: 'namespace',
    short: 'n',
    env: 'MUSTER_NAMESPACE',
    value: 'NAME',
    doc: 'Namespace of these Secrets and of the lease in the hub. Default: that of the Pod, else muster-system.',
  },
  serviceAccount: {
    flag: 'service-account',
    env: 'MUSTER_SERVICE_ACCOUNT',
    value: 'DIR',
    fallback: '/var/run/secrets/kubernetes.io/serviceaccount',
    doc: 'Where the token of the Pod is mounted.',
  },
  leaderElect: {
    flag: 'leader-elect',
    env: 'MUSTER_LEADER_ELECT',
    doc: 'Work only while holding the lease in the hub: of several replicas one works.',
  },
  lease: {
    flag: 'lease',
    env: 'MUSTER_LEASE',
    value: 'TIME',
    fallback: '15s',
    atLeastMs: 1000,
    doc: 'How long a lease holds that is not renewed: after that another replica takes over.',
  },
  identity: {
    flag: 'identity',
    env: 'MUSTER_IDENTITY',
    value: 'NAME',
    doc: 'Who holds the lease, in it and in audit logs, with something random behind. Default: the name of the machine or Pod.',
  },
  forge: {
    flag: 'forge',
    env: 'MUSTER_FORGE',
    value: 'KIND',
    doc: 'Where commit statuses go: github (Gitea and Forgejo too) or console. Default: github where there is a token.',
  },
  forgeUrl: {
    flag: 'forge-url',
    env: 'MUSTER_FORGE_URL',
    value: 'URL',
    doc: 'Address of the API. Default: made from the address of the repository.',
  },
  forgeTokenFile: {
    flag: 'forge-token-file',
    env: 'MUSTER_FORGE_TOKEN_FILE',
    value: 'FILE',
    doc: 'Holds the token for statuses; read again for each use. MUSTER_FORGE_TOKEN holds it itself. Default: that of the repository.',
  },
  listen: {
    flag: 'listen',
    env: 'MUSTER_LISTEN',
    value: 'HOST:PORT',
    fallback: '127.0.0.1:8080',
    doc: 'Where /healthz, /readyz, /metrics and /api/v1/status are served; "off" for nowhere.',
  },
  logFormat: {
    flag: 'log-format',
    env: 'MUSTER_LOG_FORMAT',
    value: 'FORMAT',
    doc: 'json or text. Default: text on a terminal, else json.',
  },
  humans: {
    flag: 'human-managers',
    env: 'MUSTER_HUMAN_MANAGERS',
    value: 'LIST',
    fallback: 'kubectl*,k9s*,lens*,Lens*,OpenLens*,freelens*,headlamp*,dashboard*,Mozilla*,curl*,before-first-apply',
    doc: 'Field managers that are people at a keyboard: what they change is taken back. Patterns, separated by commas.',
  },
  resync: {
    flag: 'resync',
    env: 'MUSTER_RESYNC',
    value: 'TIME',
    fallback: '60s',
    atLeastMs: 100,
    doc: 'A cluster where nothing happens is looked at again after this long.',
  },
  renderMemory: {
    flag: 'render-memory',
    env: 'MUSTER_RENDER_MEMORY',
    value: 'MIB',
    fallback: '1024',
    doc: 'Memory that rendering may use.',
  },
  renderTimeout: {
    flag: 'render-timeout',
    env: 'MUSTER_RENDER_TIMEOUT',
    value: 'TIME',
    fallback: '60s',
    atLeastMs: 100,
    doc: 'Time that rendering one revision may take.',
  },
  grace: {
    flag: 'grace',
    env: 'MUSTER_GRACE',
    value: 'TIME',
    fallback: '20s',
    doc: 'At the end, how long a write phase may still take.',
  },
  once: { flag: 'once', doc: 'One look at each cluster, then stop.' },
  timeout: { flag: 'timeout', value: 'TIME', fallback: '5m', doc: 'Stop when this time is over.' },
} as const satisfies Record<string, Option>;

/** Variables that hold a token themselves. They are no options: a token on a command line is seen by everybody. */
export const TOKEN_VARIABLES = ['MUSTER_GIT_TOKEN', 'MUSTER_FORGE_TOKEN'] as const;

export type TokenVariable = (typeof TOKEN_VARIABLES)[number];

export type OptionName = keyof typeof OPTIONS;

/** What was given, by option. Empty text counts as not given. */
export interface Settings {
  text(name: OptionName): string | undefined;
  list(name: OptionName): readonly string[];
  flag(name: OptionName): boolean;
  /** Milliseconds of `30s`, `5m`, `1h`. Throws {@link UsageError}. */
  duration(name: OptionName): number;
  /** A whole number from 1. Throws {@link UsageError}. */
  count(name: OptionName): number;
  /** The token that a variable holds. */
  token(name: TokenVariable): string | undefined;
}

/** The command line cannot be understood. The message says what to do; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Flags win over variables, variables over fallbacks. */
export function readSettings(
  given: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const raw = (name: OptionName): string | undefined => {
    const option: Option = OPTIONS[name];
    const flag = given[option.flag];
    if (typeof flag === 'string' && flag !== '') return flag;
    const variable = option.env === undefined ? undefined : env[option.env];
    return variable === undefined || variable === '' ? option.fallback : variable;
  };
  return {
    text: raw,
    list: (name) => [given[OPTIONS[name].flag] ?? []].flat().filter((each) => typeof each === 'string'),
    flag: (name) => {
      const option: Option = OPTIONS[name];
      const variable = option.env === undefined ? undefined : env[option.env];
      return given[option.flag] === true || parseSwitch(option.env ?? '', variable ?? '');
    },
    duration: (name) => parseDuration(name, raw(name) ?? ''),
    count: (name) => parseCount(name, raw(name) ?? ''),
    token: (name) => (env[name] === '' ? undefined : env[name]),
  };
}

function parseSwitch(variable: string, text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false' || text === '') return false;
  // Taken for "no", it would mean the opposite of what its author meant.
  throw new UsageError(`${variable}: "${text}" is neither "true" nor "false".`);
}

function parseDuration(name: OptionName, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined || unit === undefined) {
    throw new UsageError(
      `--${OPTIONS[name].flag}: "${text}" is no time. Write a number with a unit, such as 30s, 5m or 1h.`,
    );
  }
  const milliseconds = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1);
  const option: Option = OPTIONS[name];
  if (milliseconds < (option.atLeastMs ?? 0)) {
    throw new UsageError(`--${option.flag}: "${text}" is too short. Write at least ${option.atLeastMs}ms.`);
  }
  if (milliseconds > LONGEST_MS) {
    throw new UsageError(`--${OPTIONS[name].flag}: "${text}" is too long. Write at most 500h.`);
  }
  return milliseconds;
}

/** Timers take 31 bits of milliseconds, which is 596 hours; a longer one would fire at once. */
const LONGEST_MS = 500 * 3_600_000;

function parseCount(name: OptionName, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`--${OPTIONS[name].flag}: "${text}" is no whole number from 1.`);
  return Number(text);
}
