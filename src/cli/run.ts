import { createController } from '../controller.ts';
import { followRepository } from '../follow.ts';
import { startHttpServer } from '../http-server.ts';
import type { Log } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import type { ObjectResult } from '../model/apply.ts';
import type { FleetState } from '../model/fleet-state.ts';
import type { Tick } from '../model/tick.ts';
import { formatId } from '../object/id.ts';
import { isInSync } from '../report/assess-cluster.ts';
import { createPublisher, type Publisher } from '../report/publish.ts';
import { summarize } from '../report/summarize.ts';
import { renderRevision } from '../sandbox/render-revision.ts';
import { connect, humanManagers } from './connections.ts';
import { controllerLimits } from './controller-limits.ts';
import { openForge } from './open-forge.ts';
import { openLog } from './open-log.ts';
import { openRepository } from './open-repository.ts';
import { realClock } from './real-clock.ts';
import { renderLimits } from './render-limits.ts';
import { createLostLog } from './log-lost.ts';
import { logStatus } from './log-status.ts';
import { statusDocument } from './status-document.ts';
import type { Verb } from './verb.ts';

export const runVerb: Verb = {
  name: 'run',
  operands: '',
  maxOperands: 0,
  summary: 'the controller: follow the repository and keep the clusters as it says',
  description:
    'Polls the repository, brings every cluster to the newest revision that can be rendered, watches for drift, and writes\nhow far it is onto the commit. Runs until SIGTERM or Ctrl-C; a write phase under way is ended properly.',
  options: [
    'repo',
    'branch',
    'path',
    'poll',
    'gitUser',
    'gitTokenFile',
    'gitCaFile',
    'cache',
    'kubeconfig',
    'forge',
    'forgeUrl',
    'forgeTokenFile',
    'listen',
    'logFormat',
    'humans',
    'resync',
    'renderMemory',
    'renderTimeout',
    'grace',
    'help',
  ],
  formats: [],
  exits: { 0: 'it was asked to end', 2: 'it could not begin' },
  examples: [
    ['muster run --repo https://github.com/acme/fleet', 'with the token in MUSTER_GIT_TOKEN'],
    ['muster run --repo . --forge console', 'try it on the repository in this folder'],
  ],
  run: async ({ settings, io, signal }) => {
    const log = openLog(settings, io);
    const metrics = createMetrics();
    const isHuman = humanManagers(settings);
    const source = await openRepository(settings);
    const forge = openForge(settings, log);
    const publisher = createPublisher({ forge, clock: realClock, onEvent: (event) => logStatus(event, log) });
    const bugs = new Map<string, number>();
    const logLost = createLostLog(log);
    const controller = createController(
      {
        connect: (cluster, onChange) => connect(cluster, settings, metrics.answer, onChange),
        clock: realClock,
        isHuman,
        isInSync,
        onProgress: (cluster, result) => logObject(cluster, result, log),
        onState: (state, tick, seconds) => tell(state, tick, seconds, { publisher, metrics, logLost }),
        onBug: (cluster, error) => {
          bugs.set(cluster, (bugs.get(cluster) ?? 0) + 1);
          // The stack names our own code only; messages of libraries may hold anything.
          log.error('this is a bug in Muster', { cluster, stack: stackOf(error) });
        },
      },
      controllerLimits(settings),
    );
    const listen = settings.text('listen') ?? 'off';
    const server =
      listen === 'off'
        ? undefined
        : await startHttpServer(listen, {
            isAlive: () => true,
            notReady: () => notReady(controller.state()),
            metrics,
            status: () => statusDocument(controller.state()),
          });
    log.info('muster runs', { repository: source.name, ...(server === undefined ? {} : { listen: server.url }) });
    try {
      const ports = {
        repository: source.repository,
        render: (head: { revision: string; gitdir: string }, stop: AbortSignal) =>
          renderRevision({ ...head, path: source.path }, renderLimits(settings), stop),
        controller,
        onNewHead: (older: string, newer: string) => publisher.supersede(older, newer),
        onPolled: () => metrics.polled(Date.now() / 1000),
        log,
      };
      await followRepository(ports, settings.duration('poll'), signal);
    } finally {
      log.info('muster ends');
      await controller.close(settings.duration('grace'));
      await publisher.close(AbortSignal.timeout(CLOSE_MS));
      await server?.close();
      await source.close();
    }
    return 0;
  },
};

/** What is still to be written when the process ends gets this long. */
const CLOSE_MS = 5000;

interface Listeners {
  readonly publisher: Publisher;
  readonly metrics: Metrics;
  readonly logLost: (tick: Tick) => void;
}

function tell(state: FleetState, tick: Tick | undefined, seconds: number, listeners: Listeners): void {
  const { publisher, metrics, logLost } = listeners;
  if (tick !== undefined) {
    metrics.tick(tick, seconds);
    logLost(tick);
  }
  metrics.state(state, isInSync);
  for (const report of summarize(state)) publisher.publish(report);
}

/** One line for each object that was written: who wants to know what happened at 3 a.m. finds it. */
function logObject(cluster: string, { app, id, outcome, reason }: ObjectResult, log: Log): void {
  const facts = { cluster, app, object: formatId(id), ...(reason === '' ? {} : { reason }) };
  if (outcome === 'failed') log.warn(outcome, facts);
  else log.info(outcome, facts);
}

function notReady({ live, ticks }: FleetState): string | undefined {
  if (live === undefined) return 'the repository was not read yet';
  return [...ticks.values()].some((tick) => tick.state === 'done') ? undefined : 'no cluster was read yet';
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return `${error.name}: ${(error.stack ?? '')
    .split('\n')
    .slice(1, 8)
    .map((line) => line.trim())
    .join(' ')}`;
}
