import { join } from 'node:path';
import { type LocalForge, startLocalForge } from '../../support/forge.ts';
import type { GitRepository } from '../../support/git-repository.ts';
import { type GitServer, startGitServer } from '../../support/git-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { changeFiles, type FileChanges, type Files } from './fleet-files.ts';
import { type MusterProcess, startMuster } from './muster.ts';
import type { World } from './world.ts';

/** What the real program needs around the clusters: a Git server with the fleet, a forge, and its settings. */
export interface Stage extends AsyncDisposable {
  readonly git: GitServer;
  readonly repository: GitRepository;
  readonly forge: LocalForge;
  /** Flags and environment of every verb for this fleet. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Changes files, as `TestFleet.commit` does, and pushes. Returns the revision. */
  commit(changes: FileChanges): Promise<string>;
  /** Starts `muster run` for it. One beside another needs a `cache` of its own: any name. */
  run(cache?: string): Promise<MusterProcess>;
  /** The newest status of each context of a commit: `{ 'muster/eu': 'success: in sync: …' }`. */
  statuses(revision: string): Readonly<Record<string, string>>;
}

/** Starts one for a fleet whose namespace it makes on the given clusters, or on all. */
export async function startStage<Name extends string>(
  fleet: string,
  world: World<Name>,
  names: readonly Name[],
): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  for (const name of names) {
    await world.clusters[name].api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: fleet } });
  }
  const git = resources.use(await startGitServer());
  const repository = await git.createRepository('acme/fleet');
  const forge = resources.use(await startLocalForge({ validate: false, knowsCommit: () => true, limits: false }));
  const folder = resources.use(await temporaryFolder());
  const flagsWith = (cache: string): readonly string[] =>
    [
      ['--repo', git.urlOf(repository)],
      ['--branch', 'main'],
      ['--cache', join(folder.path, cache)],
      ['--kubeconfig', world.kubeconfig],
    ].flat();
  const flags = flagsWith('cache');
  const environment = { MUSTER_FORGE_TOKEN: forge.token };
  let files: Files = {};
  const kept = resources.move();
  return {
    git,
    repository,
    forge,
    flags,
    environment,
    commit: async (changes) => {
      const next = changeFiles(files, changes, fleet, names);
      const removed = Object.keys(files).filter((path) => !(path in next));
      files = next;
      return repository.commit({ files: { ...next, ...Object.fromEntries(removed.map((path) => [path, null])) } });
    },
    run: (cache = 'cache') =>
      startMuster([...flagsWith(cache), '--forge', 'github', '--forge-url', forge.url, '--poll', '200ms'], environment),
    statuses: (revision) =>
      Object.fromEntries(
        forge.statuses(revision).map(({ context, state, description }) => [context, `${state}: ${description}`]),
      ),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
