import { type PortCode, PortError } from '../../model/errors.ts';
import { isDiskError } from './disk-error.ts';

/** Used for one operation: a user's name, and a password or token. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Reads the credentials of one operation. */
export type ReadCredentials = () => Promise<Credentials | undefined>;

/**
 * The headers that carry the credentials, and every form of them that must not appear in a message. Throws PortError
 * BAD_CREDENTIALS when they cannot be read or sent.
 */
export async function authorize(
  url: string,
  read: ReadCredentials | undefined,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly secrets: readonly string[] }> {
  const credentials = await readCredentials(url, read);
  if (credentials === undefined) return { headers: {}, secrets: [] };
  const { username, password } = credentials;
  if (username.includes(':') || /[\x00-\x1f\x7f]/.test(username + password)) {
    throw failure(
      url,
      'BAD_CREDENTIALS',
      'the credentials hold a control character, or a colon in the name. Write them again, without a line break.',
    );
  }
  const encoded = Buffer.from(`${username}:${password}`).toString('base64');
  // Some forges take a token as the name of the user.
  const secrets = [encoded, password, ...(username.length > 15 ? [username] : [])];
  return { headers: { Authorization: `Basic ${encoded}` }, secrets };
}

async function readCredentials(url: string, read: ReadCredentials | undefined): Promise<Credentials | undefined> {
  try {
    return await read?.();
  } catch (error) {
    if (error instanceof PortError) throw error;
    const code = isDiskError(error) ? ` (${error.code})` : ''; // What else it says may quote what it read.
    throw failure(url, 'BAD_CREDENTIALS', `the credentials for ${url} could not be read${code}.`);
  }
}

function failure(url: string, code: PortCode, safeMessage: string): PortError {
  return new PortError({ port: 'credentials', operation: 'read', subject: url, code, retry: false, safeMessage });
}
