import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { FollowedRepository, PolledHead } from '../follow.ts';
import { PortError } from '../model/errors.ts';
import { type Settings, UsageError } from '../settings.ts';
import { readLastGood, writeLastGood } from '../source/git/last-good.ts';
import { findRepository, readHead, resolveRevision } from '../source/git/local.ts';
import { openRemote, type Poll } from '../source/git/remote.ts';
import { parseRemoteUrl } from '../source/git/remote-url.ts';
import { noRepository } from './load-fleet.ts';

/** A repository to follow, and where the fleet lies in it. */
export interface OpenRepository {
  readonly repository: FollowedRepository;
  /** The fleet's folder in the repository; `''`: its root. */
  readonly path: string;
  /** For people: the address without credentials, or the folder. */
  readonly name: string;
  close(): Promise<void>;
}

/** Opens what `--repo` names: an address, or a folder on this machine. Throws UsageError and PortError. */
export async function openRepository(settings: Settings): Promise<OpenRepository> {
  const repo = settings.text('repo');
  if (repo === undefined) throw new UsageError('there is no repository. Name it with --repo or MUSTER_REPO.');
  return /^[a-z+]+:\/\/|^[^/.]+@[^/]+:/.test(repo) ? openUrl(repo, settings) : openFolder(repo, settings);
}

/** The folder that a verb was given (default: here), or what `--repo` or `MUSTER_REPO` names. Throws UsageError for both. */
export async function openSource(
  verb: string,
  directory: string | undefined,
  settings: Settings,
): Promise<OpenRepository> {
  if (settings.text('repo') === undefined) return openFolder(directory ?? '.', settings);
  if (directory !== undefined) throw new UsageError(`${verb} takes a folder or --repo, not both.`);
  return openRepository(settings);
}

/** A folder that is a Git repository, or lies in one: its HEAD is followed. Uncommitted changes do not count. */
export async function openFolder(directory: string, settings: Settings): Promise<OpenRepository> {
  const local = await findRepository(directory);
  if (local === undefined) throw noRepository(directory);
  const { gitdir } = local;
  const branch = settings.text('branch');
  const poll = async (): Promise<PolledHead> => {
    if (branch !== undefined) return { revision: await resolveRevision(local, branch), gitdir, regressed: false };
    const { revision } = await readHead(local);
    if (revision === undefined) throw noCommit(directory);
    return { revision, gitdir, regressed: false };
  };
  const path = [local.prefix, settings.text('path') ?? ''].filter((part) => part !== '').join('/');
  // A folder keeps its own history: what was live before a restart is in it, and HEAD is at hand.
  const repository = {
    poll,
    rebuild: poll,
    lastGood: () => Promise.resolve(undefined),
    promote: () => Promise.resolve(),
  };
  return { repository, path, name: directory, close: () => Promise.resolve() };
}

async function openUrl(url: string, settings: Settings): Promise<OpenRepository> {
  const root = settings.text('cache') ?? join(settingsHome(), 'muster', 'git');
  const branch = settings.text('branch');
  const key = createHash('sha256')
    .update(`${url}\n${branch ?? ''}`)
    .digest('hex')
    .slice(0, 16);
  const storeDirectory = join(root, key);
  const caFile = settings.text('gitCaFile');
  const name = parseRemoteUrl(url);
  // Where no branch is named, the server says which one it is.
  let polled = branch;
  const remember = (poll: Poll): Poll => {
    polled = poll.branch;
    return poll;
  };
  const remote = openRemote({
    url,
    ...(branch === undefined ? {} : { branch }),
    storeDirectory,
    credentials: () => gitCredentials(settings),
    ...(caFile === undefined ? {} : { ca: await readText(caFile, '--git-ca-file') }),
  });
  return {
    repository: {
      poll: async (signal) => remember(await remote.poll(signal)),
      rebuild: async (signal) => remember(await remote.rebuild(signal)),
      lastGood: async () => {
        const record = await readLastGood(storeDirectory);
        return record?.url === name && record.branch === (polled ?? record.branch) ? record : undefined;
      },
      promote: ({ revision, gitdir }) =>
        writeLastGood(storeDirectory, { url: name, branch: polled ?? '', revision, gitdir, at: Date.now() }),
    },
    path: settings.text('path') ?? '',
    name,
    close: async () => remote[Symbol.asyncDispose](),
  };
}

/** The token, read for each use: a file may be replaced while we run. */
async function gitCredentials(settings: Settings): Promise<{ username: string; password: string } | undefined> {
  const file = settings.text('gitTokenFile');
  const token =
    file === undefined ? settings.token('MUSTER_GIT_TOKEN') : (await readText(file, '--git-token-file')).trim();
  return token === undefined || token === ''
    ? undefined
    : { username: settings.text('gitUser') ?? '', password: token };
}

async function readText(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new PortError({
      port: 'credentials',
      operation: 'read',
      subject: file,
      code: 'BAD_CREDENTIALS',
      retry: true,
      safeMessage: `the file that ${flag} names cannot be read (${code})`,
    });
  }
}

function settingsHome(): string {
  return process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
}

function noCommit(directory: string): PortError {
  return new PortError({
    port: 'git',
    operation: 'read',
    subject: directory,
    code: 'NOT_FOUND',
    retry: true,
    safeMessage: 'the repository has no commit yet. Commit the fleet first',
  });
}
