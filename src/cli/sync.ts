import { CONTROLLER_LIMITS, createController } from '../controller.ts';
import type { RenderedFleet } from '../model/render.ts';
import { isInSync } from '../report/assess-cluster.ts';
import { renderRevision } from '../sandbox/render-revision.ts';
import type { Settings } from '../settings.ts';
import { compareSnapshots } from '../source/git/compare-snapshots.ts';
import { connect, humanManagers, openHub } from './connections.ts';
import { hasErrors, printDiagnostics } from './diagnostics.ts';
import { loadSnapshot } from './load-fleet.ts';
import { openSource } from './open-repository.ts';
import { programs } from './programs.ts';
import { renderLimits } from './render-limits.ts';
import { selectTargets } from './select-targets.ts';
import { realClock } from './real-clock.ts';
import { createSyncHistory, type Look, printJsonReport, printReport, type SyncHistory } from './sync-report.ts';
import { createSyncView } from './sync-view.ts';
import type { Io, Verb } from './verb.ts';

export const syncVerb: Verb = {
  name: 'sync',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'bring the clusters to what the commit says, and wait until they are there',
  description:
    'Works on the commit at HEAD of DIR (default: here), or of --repo. Uncommitted changes are not applied. Clusters with\nconnection.context come from the kubeconfig. Ends when every cluster is in sync, or when the time is over.',
  options: [
    'repo',
    'branch',
    'path',
    'cluster',
    'once',
    'timeout',
    'kubeconfig',
    'hubContext',
    'namespace',
    'output',
    'humans',
    'gitUser',
    'gitTokenFile',
    'gitCaFile',
    'cache',
    'renderMemory',
    'renderTimeout',
    'help',
  ],
  formats: ['text', 'json'],
  exits: { 0: 'all clusters are in sync', 1: 'not all are, or the repository has errors', 2: 'it could not begin' },
  examples: [
    ['muster sync', 'apply the fleet in this folder, and wait'],
    ['muster sync --once -C eu', 'one look at cluster eu'],
  ],
  run: async ({ operands, settings, format, io, signal }) => {
    const source = await openSource('sync', operands[0], settings);
    const history = createSyncHistory();
    try {
      const head = await source.repository.poll(signal);
      const rendering = renderRevision(
        { ...head, path: source.path },
        renderLimits(settings),
        programs(settings),
        signal,
      );
      const warning = settings.text('repo') === undefined ? warnOfChanges(operands[0] ?? '.', io) : undefined;
      const [result] = await Promise.all([rendering, warning]);
      const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
      io.err(printDiagnostics(diagnostics));
      if (result.state === 'unusable') {
        if (format === 'json') io.out(printJsonReport('', [], history, diagnostics));
        return 1;
      }
      const fleet = { ...result.fleet, clusters: selectTargets(result.fleet, settings) };
      const looks = await syncFleet(fleet, settings, history, io, signal);
      io.out(
        format === 'json' ? printJsonReport(head.revision, looks, history, diagnostics) : printReport(looks, history),
      );
      return looks.every(({ tick }) => isInSync(tick)) && !hasErrors(diagnostics) ? 0 : 1;
    } finally {
      await source.close();
    }
  },
};

/** What lies in the folder and is not committed is not applied; who forgot to commit wants to know. */
async function warnOfChanges(directory: string, io: Io): Promise<void> {
  const [worktree, head] = await Promise.all([loadSnapshot(directory, undefined), loadSnapshot(directory, 'HEAD')]);
  const changed = compareSnapshots(worktree, head);
  if (changed.length === 0) return;
  io.err(
    `warning: ${changed.length} files have changes that are not committed, and so are not applied: ${changed.slice(0, 3).join(', ')}${changed.length > 3 ? ', …' : ''}\n`,
  );
}

/** Ticks until every cluster is in sync, or the time is over. The last look at each cluster. */
async function syncFleet(
  fleet: RenderedFleet,
  settings: Settings,
  history: SyncHistory,
  io: Io,
  signal: AbortSignal,
): Promise<readonly Look[]> {
  const once = settings.flag('once');
  const isHuman = humanManagers(settings);
  const hub = await openHub(settings, io.env, () => {});
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(settings.duration('timeout'))]);
  const names = fleet.clusters.map(({ cluster }) => cluster.name);
  const view = createSyncView(names, io, () => realClock.monotonicMs());
  return new Promise((resolve, reject) => {
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      view.close();
      // Only then: what is under way may come to its end, and a cluster of which nothing came has no tick.
      const looks = (): readonly Look[] => {
        const { ticks } = controller.state();
        return fleet.clusters.map((target) => ({ target, tick: ticks.get(target.cluster.name) }));
      };
      controller
        .close(settings.duration('grace'))
        .then(() => hub?.close())
        .then(() => resolve(looks()), reject);
    };
    const controller = createController(
      {
        connect: (cluster) => connect(cluster, settings, hub, () => {}, undefined),
        clock: realClock,
        mayWrite: () => true,
        isHuman,
        isInSync,
        onProgress: (cluster, result) => {
          history.add(cluster, result);
          view.object(cluster, result);
        },
        onPhase: view.phase,
        onBug: (_cluster, error) => reject(error instanceof Error ? error : new Error(String(error))),
        onState: (state, tick) => {
          if (tick === undefined) return;
          view.tick(tick);
          const done = fleet.clusters.every(({ cluster }) => {
            const last = state.ticks.get(cluster.name);
            return last !== undefined && (once || isInSync(last));
          });
          if (done) end();
        },
      },
      // Nobody watches here: what is on its way is asked for again and again.
      { ...CONTROLLER_LIMITS, lookAgainMs: [500, 2000], retryMs: [1000, 5000] },
    );
    timeout.addEventListener('abort', end, { once: true });
    controller.setFleet(fleet);
  });
}
