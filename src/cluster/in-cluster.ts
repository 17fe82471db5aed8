import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../model/errors.ts';
import type { CredentialSource } from './credentials.ts';

/**
 * The credentials of the Pod that we run in. Token and CA are read for each use, because Kubernetes replaces them while
 * we run. `env`: holds KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
 */
export function inClusterCredentials(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): CredentialSource {
  return async () => {
    const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT'] ?? '443'];
    if (host === undefined || host === '') {
      throw failure(
        'the environment',
        'KUBERNETES_SERVICE_HOST is not set, so this is no Pod. Outside of a cluster name a context with --hub-context',
      );
    }
    const [token, ca] = await Promise.all([read(join(folder, 'token')), read(join(folder, 'ca.crt'))]);
    const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
    return { server, tls: { ca }, headers: { Authorization: `Bearer ${token.trim()}` } };
  };
}

/** The namespace that we run in; `undefined`: we do not run in a Pod. */
export async function inClusterNamespace(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, 'namespace'), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw failure(file, `the file cannot be read (${code}). Does the Pod mount the token of its service account?`);
  }
}

function failure(subject: string, safeMessage: string): PortError {
  return new PortError({
    port: 'credentials',
    operation: 'read',
    subject,
    code: 'BAD_CREDENTIALS',
    retry: true,
    safeMessage,
  });
}
