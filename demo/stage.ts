import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { provideControlPlane } from '../scripts/control-plane.ts';
import { PART_OF_LABEL } from '../src/object/applyset.ts';
import { numberAt, textAt } from '../src/object/json.ts';
import { type ApiClient, createApiClient } from '../test/support/api-client.ts';
import { startControlPlanes } from '../test/support/control-plane.ts';
import { type LocalForge, startLocalForge } from '../test/support/forge.ts';
import { startGitServer } from '../test/support/git-server.ts';
import { startHollowNode } from '../test/support/hollow-node.ts';

/** Three clusters, a Git server with the example, a forge, and a controller, all on this machine. */
export interface Stage extends AsyncDisposable {
  readonly clients: Readonly<Record<'eu' | 'ap' | 'us', ApiClient>>;
  readonly forge: LocalForge;
  /** Commits files (`null` removes one) and returns the revision. */
  commit(message: string, files: Readonly<Record<string, string | null>>): Promise<string>;
  head(): string;
  commits(): readonly { readonly revision: string; readonly message: string }[];
  /** Waits until the forge says that every cluster is in sync with the revision, and shows progress until then. */
  inSync(revision: string): Promise<void>;
  /** UID and generation of all objects of ours, by `CLUSTER KIND NAMESPACE/NAME`: what a write to them changes. */
  objects(): Promise<Record<string, string>>;
  status(): Promise<StatusDocument>;
}

/** The parts of `/api/v1/status` that the demo shows. */
export interface StatusDocument {
  readonly clusters: Readonly<
    Record<string, { readonly apps: Readonly<Record<string, { readonly objects: number }>> }>
  >;
}

type Say = (text: string) => void;

const MUSTER = join(import.meta.dirname, '..', 'bin', 'muster.js');

/** What the example is made of; the API versions are those in which the objects are listed. */
const KINDS = [
  ['v1', 'Namespace'],
  ['v1', 'Service'],
  ['v1', 'ConfigMap'],
  ['v1', 'ServiceAccount'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'DaemonSet'],
  ['scheduling.k8s.io/v1', 'PriorityClass'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['example.com/v1', 'Widget'],
] as const;

export async function startStage(
  names: readonly ['eu', 'ap', 'us'],
  example: string,
  say: Say,
  signal: AbortSignal,
): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  await provideControlPlane({ onProgress: say });
  say('Starting three clusters (eu, ap, us), a Git server and a forge …');
  const planes = resources.use(await startControlPlanes(names, { controllerManager: true }));
  signal.throwIfAborted();
  for (const name of names) resources.use(await startHollowNode(planes.clusters[name]));
  const git = resources.use(await startGitServer());
  const repository = await git.createRepository('acme/fleet');
  const forge = resources.use(await startLocalForge({ validate: false, knowsCommit: () => true, limits: false }));
  const folder = await mkdtemp(join(tmpdir(), 'muster-demo-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));

  const commits: { revision: string; message: string }[] = [];
  const commit = async (message: string, files: Readonly<Record<string, string | null>>): Promise<string> => {
    const revision = await repository.commit({ files, message });
    commits.push({ revision, message });
    return revision;
  };
  await commit('the example fleet', readFolder(example));
  const controller = await startController(
    [
      '--repo',
      git.urlOf(repository),
      '--kubeconfig',
      planes.kubeconfig,
      '--forge',
      'github',
      '--forge-url',
      forge.url,
      '--cache',
      join(folder, 'cache'),
    ],
    forge.token,
    join(folder, 'controller.log'),
  );
  resources.defer(controller.stop);
  say(`Everything runs. The controller serves ${controller.url}`);

  const clients = { eu: clientOf('eu'), ap: clientOf('ap'), us: clientOf('us') };
  function clientOf(name: 'eu' | 'ap' | 'us'): ApiClient {
    return createApiClient(planes.clusters[name].kubeconfig);
  }
  const kept = resources.move();
  return {
    clients,
    forge,
    commit,
    head: () => commits.at(-1)?.revision ?? '',
    commits: () => commits,
    inSync: (revision) => waitForSync(forge, revision, controller.log, say, signal),
    objects: () => listObjects(clients),
    status: async () => {
      const { body } = await request(`${controller.url}/api/v1/status`);
      // oxlint-disable-next-line no-unsafe-type-assertion -- documented in docs/status.md
      return (await body.json()) as StatusDocument;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Until it no longer throws. A demo that would wait for ever shows nothing: after half a minute the last error counts. */
export async function eventually<Result>(signal: AbortSignal, call: () => Result | Promise<Result>): Promise<Result> {
  const endMs = performance.now() + 30_000;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await sleep(100);
  }
}

interface RunningController {
  readonly url: string;
  /** Path of its log. */
  readonly log: string;
  readonly stop: () => Promise<void>;
}

/** `muster run`, as anybody would start it; quick polls, because somebody is watching. */
async function startController(flags: readonly string[], token: string, log: string): Promise<RunningController> {
  const env = { ...process.env, MUSTER_FORGE_TOKEN: token };
  const child = spawn(
    process.execPath,
    [MUSTER, 'run', ...flags, '--poll', '500ms', '--listen', '127.0.0.1:0', '--log-format', 'json'],
    {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const file = createWriteStream(log);
  let text = '';
  child.stderr.on('data', (part: Buffer) => {
    file.write(part);
    text += part.toString();
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    file.end();
  };
  try {
    const url = await eventually(AbortSignal.timeout(30_000), () => {
      assert.equal(child.exitCode, null, `the controller ended: ${text}`);
      const found = /"listen":"([^"]+)"/.exec(text)?.[1];
      assert.ok(found !== undefined, 'the controller says where it listens');
      return found;
    });
    return { url, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function waitForSync(
  forge: LocalForge,
  revision: string,
  log: string,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  let shown = '';
  try {
    await eventually(signal, () => {
      const status = forge.statuses(revision).find((each) => each.context === 'muster/fleet');
      const line = status === undefined ? 'waiting for the controller to see the commit' : status.description;
      if (line !== shown) say(`  ${line}`);
      shown = line;
      assert.equal(
        status?.state,
        'success',
        `the clusters come into sync with ${revision.slice(0, 10)}; the last status was: ${line}`,
      );
    });
  } catch (error) {
    if (!signal.aborted)
      say(`\nThe end of the controller's log:\n${(await readFile(log, 'utf8')).split('\n').slice(-20).join('\n')}`);
    throw error;
  }
}

async function listObjects(clients: Stage['clients']): Promise<Record<string, string>> {
  const found = await Promise.all(
    Object.entries(clients).flatMap(([cluster, client]) =>
      KINDS.map(async ([apiVersion, kind]) => {
        const items = await client.list(apiVersion, kind, '', PART_OF_LABEL).catch(() => []);
        return items.map((item) => {
          const namespace = textAt(item, 'metadata', 'namespace');
          const name = `${namespace === undefined ? '' : `${namespace}/`}${textAt(item, 'metadata', 'name') ?? ''}`;
          const state = `${textAt(item, 'metadata', 'uid') ?? ''} ${numberAt(item, 'metadata', 'generation') ?? ''}`;
          return [`${cluster} ${kind} ${name}`, state] as const;
        });
      }),
    ),
  );
  return Object.fromEntries(found.flat());
}

function readFolder(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, 'utf8')] as const;
    }),
  );
}
