import type { Hub } from '../cluster/hub.ts';
import { type Controller, createController } from '../controller.ts';
import type { Election } from '../election.ts';
import { type FollowPorts, followRepository } from '../follow.ts';
import { createHeadCheck, type HeadCheck } from '../head-check.ts';
import { type HttpServer, startHttpServer } from '../http-server.ts';
import type { Log } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import type { ObjectResult } from '../model/apply.ts';
import { PortError } from '../model/errors.ts';
import type { FleetState } from '../model/fleet-state.ts';
import type { Tick } from '../model/tick.ts';
import { formatId } from '../object/id.ts';
import { isInSync } from '../report/assess-cluster.ts';
import { fencedForge } from '../report/fenced-forge.ts';
import { createPublisher, type Publisher } from '../report/publish.ts';
import { formatFailure } from '../report/format-failure.ts';
import { summarize } from '../report/summarize.ts';
import { createRenderer, longestRenderMs } from '../sandbox/render-revision.ts';
import type { Settings } from '../settings.ts';
import { VERSION } from '../version.ts';
import { type Caller, connect, humanManagers, openHub } from './connections.ts';
import { controllerLimits } from './controller-limits.ts';
import { describeBug } from './describe-bug.ts';
import { createFailureLog } from './log-failures.ts';
import { createLostLog } from './log-lost.ts';
import { logStatus } from './log-status.ts';
import { openElection, processIdentity } from './open-election.ts';
import { openForge } from './open-forge.ts';
import { openLog } from './open-log.ts';
import { type OpenRepository, openRepository } from './open-repository.ts';
import { createReadiness } from './readiness.ts';
import { realClock } from './real-clock.ts';
import { programs } from './programs.ts';
import { renderLimits } from './render-limits.ts';
import { saveMemory } from './save-memory.ts';
import { statusDocument } from './status-document.ts';
import type { Verb, VerbCall } from './verb.ts';

export const runVerb: Verb = {
  name: 'run',
  operands: '',
  maxOperands: 0,
  summary: 'the controller: follow the repository and keep the clusters as it says',
  description:
    'Polls the repository, brings every cluster to the newest revision that can be rendered, watches for drift, and writes\nhow far it is onto the commit. Runs until SIGTERM or Ctrl-C; a write phase under way is ended properly. With\n--leader-elect several replicas wait for one lease, and one works.',
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
    'hubContext',
    'namespace',
    'serviceAccount',
    'leaderElect',
    'lease',
    'identity',
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
  exits: { 0: 'it was asked to end', 1: 'it lost the lease, and should be started again', 2: 'it could not begin' },
  examples: [
    ['muster run --repo https://github.com/acme/fleet', 'with the token in MUSTER_GIT_TOKEN'],
    ['muster run --repo . --forge console', 'try it on the repository in this folder'],
  ],
  run: async (call) => {
    const { settings, io, signal } = call;
    saveMemory();
    await using open = new AsyncDisposableStack();
    const log = openLog(settings, io);
    const metrics = createMetrics();
    const source = await openRepository(settings);
    open.defer(() => source.close());
    const identity = processIdentity(settings);
    const hub = await openHub(settings, io.env, metrics.answer, identity);
    if (hub !== undefined) open.defer(() => hub.close());
    const election = openElection(settings, hub, identity, log);
    const caller: Caller = { identity, mayWrite: () => election?.isLeader() ?? true };
    const publisher = createPublisher({
      forge: fencedForge(openForge(settings, log), caller.mayWrite),
      clock: realClock,
      onEvent: (event) => logStatus(event, log),
    });
    const headCheck = createHeadCheck();
    const controller = openController(call, hub, caller, headCheck, { publisher, metrics, log });
    const pulse: Pulse = { atMs: realClock.monotonicMs() };
    const server = await openServer(settings, controller, { identity, election }, metrics, pulse);
    if (server !== undefined) open.defer(() => server.close());
    log.info('muster runs', {
      version: VERSION,
      identity,
      repository: source.name,
      ...(await hubFacts(hub, election, log)),
      ...(server === undefined ? {} : { listen: server.url }),
    });
    return await lead(call, { source, controller, election, pulse, headCheck, publisher, metrics, log }, signal);
  },
};

interface Parts extends Listeners {
  readonly source: OpenRepository;
  readonly controller: Controller;
  readonly election: Election | undefined;
  readonly pulse: Pulse;
  readonly headCheck: HeadCheck;
}

/** When the loop around the repository last came round; it does at each poll, whatever that poll brought. */
interface Pulse {
  atMs: number;
}

/** Besides the time that a revision may take: polls end by deadlines of their own long before. */
const STILL_MS = 10 * 60_000;

interface Listeners {
  readonly publisher: Publisher;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What is still to be written to the forge when the process ends gets this long. */
const CLOSE_MS = 5000;

/** Waits for the lease, works until it is lost or we are asked to end, and ends in the order that hurts nobody. */
async function lead({ settings }: VerbCall, parts: Parts, signal: AbortSignal): Promise<number> {
  const { source, controller, election, pulse, headCheck, publisher, metrics, log } = parts;
  if (election !== undefined && !(await election.wait(signal))) return 0;
  metrics.leads(true);
  const lost = new AbortController();
  const giveBack = new AbortController();
  const holding = election?.hold(giveBack.signal).then(() => lost.abort());
  await using renderer = createRenderer(renderLimits(settings), programs(settings));
  const ports: FollowPorts = {
    repository: source.repository,
    render: (head, stop) => renderer.render({ gitdir: head.gitdir, revision: head.revision, path: source.path }, stop),
    controller,
    onNewHead: (older, newer) => publisher.supersede(older, newer),
    onTurn: () => {
      pulse.atMs = realClock.monotonicMs();
    },
    headCheck,
    onPolled: () => metrics.polled(Date.now() / 1000),
    log,
  };
  try {
    await followRepository(ports, settings.duration('poll'), AbortSignal.any([signal, lost.signal]));
  } finally {
    const holder = election?.holder() ?? '';
    if (lost.signal.aborted) log.error('the lease was lost: nothing is written any more', { holder });
    else log.info('muster ends');
    await controller.close(lost.signal.aborted ? 0 : settings.duration('grace'));
    await publisher.close(lost.signal.aborted ? AbortSignal.abort() : AbortSignal.timeout(CLOSE_MS));
    metrics.leads(false);
    const wasLost = lost.signal.aborted;
    giveBack.abort();
    await holding;
    if (!wasLost) log.info('ended');
  }
  return signal.aborted ? 0 : 1;
}

/** What a person wants to know of the hub first. Without its credentials there is no election, so that ends it here. */
async function hubFacts(
  hub: Hub | undefined,
  election: Election | undefined,
  log: Log,
): Promise<{ readonly hub?: string; readonly namespace?: string; readonly leaderElect?: boolean }> {
  if (hub === undefined) return {};
  const facts = { namespace: hub.namespace, leaderElect: election !== undefined };
  try {
    return { hub: await hub.address(), ...facts };
  } catch (error) {
    if (!(error instanceof PortError) || election !== undefined) throw error;
    log.warn('the hub cannot be used', { code: error.code, reason: formatFailure(error) });
    return facts;
  }
}

function openController(
  { settings }: VerbCall,
  hub: Hub | undefined,
  caller: Caller,
  headCheck: HeadCheck,
  listeners: Listeners,
): Controller {
  const { metrics, log } = listeners;
  const tellers = [createFailureLog(log), createLostLog(log)];
  return createController(
    {
      connect: (cluster, onChange) => connect(cluster, settings, hub, metrics.answer, onChange, caller),
      clock: realClock,
      mayWrite: caller.mayWrite,
      confirmHead: headCheck.confirm,
      isHuman: humanManagers(settings),
      isInSync,
      onProgress: (cluster, result) => logObject(cluster, result, log),
      onState: (state, tick, seconds) => {
        if (tick !== undefined) for (const each of tellers) each(tick);
        tell(state, tick, seconds, listeners);
      },
      // The stack names our own code only; messages of libraries may hold anything.
      onBug: (cluster, error) => log.error('this is a bug in Muster', { cluster, stack: describeBug(error) }),
    },
    controllerLimits(settings),
  );
}

async function openServer(
  settings: Settings,
  controller: Controller,
  { identity, election }: { readonly identity: string; readonly election: Election | undefined },
  metrics: Metrics,
  pulse: Pulse,
): Promise<HttpServer | undefined> {
  const listen = settings.text('listen') ?? 'off';
  if (listen === 'off') return undefined;
  // A loop that stood still for longer hangs.
  const stillMs = STILL_MS + longestRenderMs(renderLimits(settings));
  return startHttpServer(listen, {
    // Who waits for the lease has no loop yet.
    isAlive: () => election?.isLeader() === false || realClock.monotonicMs() - pulse.atMs < stillMs,
    notReady: createReadiness(controller, election),
    metrics,
    status: () =>
      statusDocument(controller.state(), {
        identity,
        leads: election?.isLeader() ?? true,
        ...(election === undefined ? {} : { holder: election.holder() ?? '' }),
      }),
  });
}

function tell(state: FleetState, tick: Tick | undefined, seconds: number, { publisher, metrics }: Listeners): void {
  if (tick !== undefined) metrics.tick(tick, seconds);
  metrics.state(state, isInSync);
  for (const report of summarize(state)) publisher.publish(report);
}

/** One line for each object that was written: who wants to know what happened at 3 a.m. finds it. */
function logObject(cluster: string, { app, id, outcome, reason }: ObjectResult, log: Log): void {
  const facts = { cluster, app, object: formatId(id), ...(reason === '' ? {} : { reason }) };
  if (outcome === 'failed') log.warn(outcome, facts);
  else log.info(outcome, facts);
}
