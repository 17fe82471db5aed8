import { KubeConfig } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname } from 'node:path';
import { PortError } from '../model/errors.ts';
import { nearestName } from '../object/nearest.ts';

/** How to reach one API server, and as whom. */
export interface Credentials {
  readonly server: URL;
  readonly tls: TlsOptions;
  /** Sent with each request: `Authorization` where there is a token. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What TLS needs, as Node.js takes it. */
export interface TlsOptions {
  readonly ca?: RequestOptions['ca'];
  readonly cert?: RequestOptions['cert'];
  readonly key?: RequestOptions['key'];
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Reads the credentials anew: files rotate, and plugins renew tokens. Throws PortError of port `credentials`. */
export type CredentialSource = () => Promise<Credentials>;

/**
 * Credentials of a context of a person's kubeconfig. Only for the command line: such a file may name programs to run
 * (`exec`), which is what its owner wants there and nobody wants of a file that came over the network.
 */
export function kubeconfigContext(file: string, context: string): CredentialSource {
  return async () => {
    const config = load(file);
    const known = config.getContexts().map((each) => each.name);
    if (!known.includes(context)) throw unknownContext(file, context, known);
    config.setCurrentContext(context);
    return credentialsOf(config, `context "${context}" of ${file}`);
  };
}

async function credentialsOf(config: KubeConfig, subject: string): Promise<Credentials> {
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) {
    throw bad(
      subject,
      'it names no cluster with a "server" address',
      'Give the cluster entry a server such as https://host:6443.',
    );
  }
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch {
    // The error of a credential plugin holds its output, which may hold a token.
    throw bad(
      subject,
      'its credentials could not be obtained',
      'Try "kubectl get namespaces" with the same kubeconfig.',
    );
  }
  return { server: new URL(cluster.server), tls: tlsOf(options), headers: headersOf(options) };
}

function tlsOf(options: RequestOptions): TlsOptions {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name] = String(value);
  }
  if (options.auth != null) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

/** A config of its own for each caller, who chooses the context in it. Its parts are shared: they are the same text. */
function load(file: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromOptions(parseOnce(file, readFileSync(file, 'utf8')));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw bad(
      `kubeconfig ${file}`,
      missing ? 'the file does not exist' : 'the file is not a kubeconfig that can be read',
      missing ? 'Name it with --kubeconfig or KUBECONFIG.' : 'Try "kubectl config view" with it.',
    );
  }
  return config;
}

/** The kubeconfig that was parsed last. A fleet of a hundred clusters is a hundred contexts of one file. */
let last: { readonly file: string; readonly text: string; readonly config: KubeConfig } | undefined;

function parseOnce(file: string, text: string): KubeConfig {
  if (last?.file === file && last.text === text) return last.config;
  const config = new KubeConfig();
  config.loadFromString(text);
  config.makePathsAbsolute(dirname(file));
  last = { file, text, config };
  return config;
}

function unknownContext(file: string, context: string, known: readonly string[]): PortError {
  const nearest = nearestName(context, known);
  const hint = nearest === undefined ? `It has: ${known.join(', ') || 'none'}.` : `Did you mean "${nearest}"?`;
  return bad(`kubeconfig ${file}`, `it has no context "${context}"`, hint);
}

function bad(subject: string, what: string, help: string): PortError {
  return new PortError({
    port: 'credentials',
    operation: 'read',
    subject,
    code: 'BAD_CREDENTIALS',
    retry: false,
    safeMessage: `${what}. ${help}`,
  });
}
