import { PortError } from '../model/errors.ts';
import type { ExpansionAnswers } from '../model/expansion.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { createRenderCache, listExpansions, type RenderCache, type RenderResult, renderFleet } from '../reconcile.ts';
import { runExpansions } from '../sandbox/run-expansions.ts';
import type { Settings } from '../settings.ts';
import { findRepository, resolveRevision } from '../source/git/local.ts';
import { readSnapshot } from '../source/git/read-snapshot.ts';
import { readWorktree } from '../source/git/read-worktree.ts';
import { programs } from './programs.ts';
import { renderLimits } from './render-limits.ts';

/**
 * Reads and renders a folder as it lies there, or as it was at a revision. Only for commands that hold no credentials:
 * all but kustomize and Helm happens in this process.
 */
export async function loadFleet(
  directory: string,
  revision: string | undefined,
  settings: Settings,
  cache: RenderCache = createRenderCache(),
): Promise<RenderResult> {
  const snapshot = await loadSnapshot(directory, revision);
  return renderFleet(snapshot, cache, await runPrograms(snapshot, settings, cache));
}

/** What kustomize and Helm make of the folders that are theirs. */
export function runPrograms(snapshot: Snapshot, settings: Settings, cache: RenderCache): Promise<ExpansionAnswers> {
  const { memoryMiB, timeoutMs } = renderLimits(settings);
  const requests = listExpansions(snapshot, cache);
  return runExpansions(requests, { memoryMiB, timeoutMs, ...programs(settings) }, NEVER);
}

/** A program ends by its own deadline. */
const NEVER = new AbortController().signal;

/** The files of a folder, or of a revision of the repository that it is in. Throws PortError. */
export async function loadSnapshot(directory: string, revision: string | undefined): Promise<Snapshot> {
  if (revision === undefined) return readWorktree(directory);
  const repository = await findRepository(directory);
  if (repository === undefined) throw noRepository(directory);
  return readSnapshot(repository, await resolveRevision(repository, revision), { path: repository.prefix });
}

/** The folder belongs to no Git repository. */
export function noRepository(directory: string): PortError {
  return new PortError({
    port: 'git',
    operation: 'open',
    subject: directory,
    code: 'NOT_FOUND',
    retry: false,
    safeMessage: 'the folder is in no Git repository. Make one with "git init" and commit, or name another folder',
  });
}
