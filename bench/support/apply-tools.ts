import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phase, Place } from './apply-place.ts';
import { commitFleet, fleetOf, nothingYet } from './workload.ts';
import { type RunningController, startController, until } from './running-controller.ts';
import { runMeasured, type Usage } from './run-measured.ts';

/** What one phase took. */
export interface Run extends Usage {
  /** Of a controller: CPU for each tick that found nothing to do, in milliseconds. */
  readonly tickMs?: number;
  /** Of a controller: from the commit until it was rendered, in milliseconds, as part of `wallMs`. */
  readonly renderMs?: number;
}

/** A tool at work in one place. Disposing ends what still runs. */
export interface Session extends AsyncDisposable {
  /** What has to be there when the phase begins, and is no part of it: a controller that has looked at everything. */
  readonly prepare?: (phase: Phase) => Promise<void>;
  /**
   * Does the phase. `change` makes the commit that it is about, and is part of what is measured only where a process waits
   * for it. `undefined`: the tool has no such phase.
   */
  readonly run: (phase: Phase, change: () => Promise<void>) => Promise<Run | undefined>;
}

export interface Tool {
  readonly name: string;
  /** What is measured of it, for whom several clusters or minutes for each round are no question. */
  readonly scope: { readonly manyClusters: boolean; readonly rounds: number };
  readonly open: (place: Place) => Promise<Session>;
}

/** The programs that the tools are made of. */
export interface Programs {
  readonly muster: string;
  readonly kubectl: string;
  readonly fluxSsa: string;
  /** Wait until objects are Current. */
  readonly health: boolean;
}

export const TOOL_NAMES = {
  once: 'muster sync --once',
  sync: 'muster sync',
  controller: 'muster run',
  bare: 'bare loop',
  careful: 'bare loop, dry-run first',
  kubectl: 'kubectl apply --server-side',
  lax: 'kubectl … --validate=false',
  flux: 'fluxcd/pkg/ssa',
} as const;

type Command = readonly [string, ...(readonly string[])];
const EVERYWHERE = { manyClusters: true, rounds: Number.POSITIVE_INFINITY };

/** All tools, in the order of the tables. */
export function listTools(programs: Programs): readonly Tool[] {
  const { once, sync, controller, bare, careful, flux } = TOOL_NAMES;
  const { health } = programs;
  return [
    // Where a controller makes objects Current, it waits for that.
    health
      ? byCommand(sync, musterCommand(programs, []), [0])
      : byCommand(once, musterCommand(programs, ['--once']), [0, 1]),
    { name: controller, scope: EVERYWHERE, open: (place) => openController(place, programs) },
    byCommand(bare, loopCommand([]), [0]),
    byCommand(careful, exceptNoOp(loopCommand(['--dry-run-first'])), [0]),
    byCommand(flux, fluxCommand(programs), [0]),
    ...(health ? [] : kubectlTools(programs)),
  ];
}

function kubectlTools(programs: Programs): readonly Tool[] {
  const { lax, kubectl } = TOOL_NAMES;
  return [
    {
      ...byCommand(lax, kubectlCommand(programs, ['--validate=false']), [0]),
      scope: { ...EVERYWHERE, manyClusters: false },
    },
    // A minute each time, and always the same: more rounds would say no more.
    { ...byCommand(kubectl, kubectlCommand(programs, []), [0]), scope: { manyClusters: false, rounds: 1 } },
  ];
}

/** Dry-runs of everything, and then everything once more, stand for nothing that anybody does when nothing changed. */
function exceptNoOp(command: MakeCommand): MakeCommand {
  return (phase, place) => (phase === 'no-op' ? undefined : command(phase, place));
}

type MakeCommand = (phase: Phase, place: Place) => Command | undefined;

/** `muster sync` says by 1 that Deployments are not Current, which nothing makes them where no controllers run. */
function byCommand(name: string, command: MakeCommand, statuses: readonly number[]): Tool {
  return {
    name,
    scope: EVERYWHERE,
    open: async (place) => ({
      run: async (phase, change) => {
        await change();
        const parts = command(phase, place);
        if (parts === undefined) return undefined;
        const done = await runMeasured(parts);
        assert.ok(
          statuses.includes(done.status),
          `${name}, ${phase}: ended with ${done.status}\n${done.stdout}${done.stderr}`,
        );
        return done;
      },
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}

/** Each command is a new process: what others do when nothing changed, it does as a restart. */
function musterCommand({ muster }: Programs, flags: readonly string[]): MakeCommand {
  return (phase, { repository, kubeconfig }) =>
    phase === 'no-op'
      ? undefined
      : [process.execPath, muster, 'sync', repository, `--kubeconfig=${kubeconfig}`, ...flags];
}

function loopCommand(flags: readonly string[]): MakeCommand {
  const program = join(import.meta.dirname, 'bare-loop.ts');
  return (phase, { requests, kubeconfigs }) =>
    phase === 'restart'
      ? undefined
      : [
          process.execPath,
          program,
          phase === '1 % changed' ? requests.changed : requests.all,
          ...flags,
          ...kubeconfigs,
        ];
}

function kubectlCommand({ kubectl }: Programs, flags: readonly string[]): MakeCommand {
  return (phase, { kubeconfig, manifests }) =>
    phase === 'restart'
      ? undefined
      : [kubectl, `--kubeconfig=${kubeconfig}`, 'apply', '--server-side', ...flags, `--filename=${manifests}`];
}

function fluxCommand({ fluxSsa, health }: Programs): MakeCommand {
  return (phase, { kubeconfig, clusters, manifests }) => {
    if (phase === 'restart') return undefined;
    const files = readdirSync(manifests, { recursive: false }).map((file) => join(manifests, String(file)));
    const flags = [`--kubeconfig=${kubeconfig}`, `--contexts=${clusters.join(',')}`, ...(health ? ['--wait'] : [])];
    return [fluxSsa, ...flags, ...files.toSorted()];
  };
}

/** How often a controller asks its repository where a commit is waited for: half of it is in each figure, on average. */
const EAGER = { poll: '50ms', resync: '60s' };
/** By default it asks every 15 s, and looks at each cluster every 60 s: here so often that some seconds show what a tick costs. */
const IDLE = { poll: '15s', resync: '1s' };
const IDLE_MS = 10_000;

/** Begins with a repository that has nothing for any cluster. One process lives through the changes, and one each is there for the rest. */
async function openController(place: Place, { muster, health }: Programs): Promise<Session> {
  const { repository, kubeconfig, clusters } = place;
  let controller: RunningController | undefined;
  const end = async (): Promise<void> => {
    await controller?.[Symbol.asyncDispose]();
    controller = undefined;
  };
  const start = async (pace: typeof EAGER, ticks: number): Promise<RunningController> => {
    controller ??= await startController({ muster, repository, kubeconfig, ...pace });
    await lookedAt(controller, clusters.length * ticks);
    return controller;
  };
  await commitFleet(repository, fleetOf(nothingYet(place), clusters, place));
  return {
    prepare: async (phase) => {
      if (phase === 'create' || phase === '1 % changed') await start(EAGER, 1);
      else await end();
      // The first ticks of a process look at more, and pay for what the compiler has not seen yet.
      if (phase === 'no-op') await start(IDLE, 3);
    },
    run: async (phase, change) => {
      switch (phase) {
        case 'create':
        case '1 % changed':
          return followChange(await start(EAGER, 1), place, phase, change, health);
        case 'no-op':
          return idle(await start(IDLE, 3), health);
        case 'restart': {
          const began = performance.now();
          const running = await start(EAGER, 1);
          return { wallMs: performance.now() - began, cpuMs: running.cpuMs(), peakMiB: running.peakMiB() };
        }
      }
    },
    [Symbol.asyncDispose]: end,
  };
}

/** From the commit to the last object, or until all are Current. */
async function followChange(
  controller: RunningController,
  { objects, changed, clusters }: Place,
  phase: Phase,
  change: () => Promise<void>,
  health: boolean,
): Promise<Run> {
  const before = { written: controller.written(), cpuMs: controller.cpuMs() };
  const all = before.written + (phase === 'create' ? objects : changed) * clusters.length;
  await change();
  const beganMs = Date.now();
  await until(() => controller.written() >= all, 'every object is written');
  if (health) await until(async () => (await controller.inSync()) === clusters.length, 'every cluster is in sync');
  const endedMs = health ? Date.now() : controller.writtenAtMs();
  const cpuMs = controller.cpuMs() - before.cpuMs;
  await sleep(SETTLE_MS);
  const times = { wallMs: endedMs - beganMs, renderMs: controller.revisionAtMs() - beganMs };
  return { ...times, cpuMs, peakMiB: controller.peakMiB() };
}

/** It records what it did and looks at it once more. Its requests count, and its time does not: nobody waits for it. */
const SETTLE_MS = 3000;

async function lookedAt(controller: RunningController, ticks: number): Promise<void> {
  await until(async () => (await controller.ticks()) >= ticks, 'every cluster was looked at');
}

/** Without controllers nothing is ever Current, and a controller looks again when it wants: then there are only requests to count. */
async function idle(controller: RunningController, health: boolean): Promise<Run> {
  const before = { ticks: await controller.ticks(), cpuMs: controller.cpuMs() };
  await sleep(IDLE_MS);
  const ticks = (await controller.ticks()) - before.ticks;
  assert.ok(ticks > 0 || !health, 'there were ticks');
  const cpuMs = controller.cpuMs() - before.cpuMs;
  return { wallMs: IDLE_MS, cpuMs, ...(health ? { tickMs: cpuMs / ticks } : {}), peakMiB: controller.peakMiB() };
}
