import { readFile } from 'node:fs/promises';
import type { Log } from '../log.ts';
import { PortError } from '../model/errors.ts';
import type { Forge } from '../model/ports.ts';
import { FORGES } from '../report/forges/table.ts';
import { parseRepositoryUrl } from '../report/repository-url.ts';
import { type Settings, UsageError } from '../settings.ts';

/** Where statuses go, as the settings say. Without a token they go to the log only, which has them anyway. */
export function openForge(settings: Settings, log: Log): Forge {
  const token = tokenReader(settings);
  const kind = settings.text('forge') ?? (token === undefined ? 'console' : 'github');
  if (kind === 'console') {
    log.info('statuses go to the log only', token === undefined ? { reason: 'there is no token for a forge' } : {});
    return FORGES.console({ writeLine: () => {} });
  }
  if (kind !== 'github')
    throw new UsageError(`--forge: "${kind}" is no forge. There are: ${Object.keys(FORGES).join(', ')}.`);
  const repository = parseRepositoryUrl(settings.text('repo') ?? '');
  if (repository === undefined) {
    throw new UsageError('--forge github needs --repo as an address of the form https://HOST/OWNER/REPOSITORY.');
  }
  if (token === undefined) {
    throw new UsageError(
      '--forge github needs a token: --forge-token-file, MUSTER_FORGE_TOKEN, or the one for the repository.',
    );
  }
  const apiUrl = settings.text('forgeUrl');
  return FORGES.github({ repository, token, ...(apiUrl === undefined ? {} : { apiUrl }) });
}

/** The token of the forge, else that of the repository; files are read for each use. */
function tokenReader(settings: Settings): (() => Promise<string>) | undefined {
  const file = settings.text('forgeTokenFile') ?? settings.text('gitTokenFile');
  if (file !== undefined) return () => readToken(file);
  const token = settings.token('MUSTER_FORGE_TOKEN') ?? settings.token('MUSTER_GIT_TOKEN');
  return token === undefined ? undefined : () => Promise.resolve(token);
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new PortError({
      port: 'credentials',
      operation: 'read',
      subject: file,
      code: 'BAD_CREDENTIALS',
      retry: true,
      safeMessage: `the file with the token cannot be read (${code})`,
    });
  }
}
