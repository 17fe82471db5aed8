/**
 * Provides etcd, kube-apiserver and kube-controller-manager of one pinned Kubernetes for tests, benchmarks and the demo.
 * As a command (`scripts/control-plane`) it prints the folder they are in; see `--help` there.
 */
import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildControlPlane } from './build-control-plane.ts';
import {
  checkBinaries,
  type ControlPlaneBinaries,
  markComplete,
  PINNED,
  readComplete,
} from './control-plane-binaries.ts';
import { downloadControlPlane, PUBLISHED, type ReleaseOrigin } from './download-control-plane.ts';
import { fillFolder, messageOf, removePartial, userCache } from './fill-folder.ts';
import { holdLock } from './hold-lock.ts';
import { PLATFORM } from './platform.ts';
import { type Progress, startProgress } from './progress.ts';

/** What {@link provideControlPlane} tells and asks. */
export interface ProvideOptions {
  /** Gets a line when something begins, and at least every 15 s while it goes on. */
  readonly onProgress: (line: string) => void;
  /** Default: the environment of this process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Default: where the projects publish. */
  readonly origin?: ReleaseOrigin;
}

/**
 * Finds or obtains the three servers: `KUBEBUILDER_ASSETS`, the user's cache, the published files, a build with Go, in
 * this order. Safe to call from many processes at once; one of them works, the others wait. Throws one Error that says
 * what was tried and what to do.
 */
export async function provideControlPlane({
  onProgress,
  environment = process.env,
  origin = PUBLISHED,
}: ProvideOptions): Promise<ControlPlaneBinaries> {
  const assets = environment['KUBEBUILDER_ASSETS'] ?? '';
  if (assets !== '') return useAssets(assets, onProgress);
  const directory = cacheFolder(environment);
  const found = await readComplete(directory);
  if (found !== undefined) return found;
  const progress = startProgress(onProgress);
  try {
    await mkdir(dirname(directory), { recursive: true });
    let told = '';
    const tell = (holder: string): void => {
      if (told !== holder) progress.say(`Waiting for ${holder}, which obtains Kubernetes ${PINNED.kubernetes}`);
      told = holder;
    };
    return await holdLock(`${directory}.lock`, tell, async () => {
      return (await readComplete(directory)) ?? (await obtain(directory, environment, origin, progress));
    });
  } finally {
    progress.stop();
  }
}

async function useAssets(directory: string, onProgress: (line: string) => void): Promise<ControlPlaneBinaries> {
  const binaries = await checkBinaries(directory).catch((error: unknown) => {
    throw new Error(
      `KUBEBUILDER_ASSETS: ${messageOf(error)}. It must hold etcd, kube-apiserver and kube-controller-manager ` +
        '(envtest archives have no kube-controller-manager). Unset it to have scripts/control-plane provide all three.',
    );
  });
  if (binaries.version !== PINNED.kubernetes) {
    onProgress(`KUBEBUILDER_ASSETS is Kubernetes ${binaries.version}; the tests are written for ${PINNED.kubernetes}`);
  }
  return binaries;
}

function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const name = `${PINNED.kubernetes}-${PLATFORM.os}-${PLATFORM.arch}`;
  return join(userCache(environment), 'muster/control-plane', name);
}

async function obtain(
  directory: string,
  environment: NodeJS.ProcessEnv,
  origin: ReleaseOrigin,
  progress: Progress,
): Promise<ControlPlaneBinaries> {
  await removePartial(directory);
  const failures: string[] = [];
  const ways = {
    download: (folder: string) => downloadControlPlane(folder, origin, progress),
    build: (folder: string) => buildControlPlane(folder, environment, progress),
  };
  for (const [way, work] of Object.entries(ways)) {
    try {
      await fillFolder(directory, async (folder) => {
        await work(folder);
        await markComplete(folder);
      });
      const binaries = await readComplete(directory);
      if (binaries === undefined) throw new Error(`somebody changes ${directory} at the same time`);
      return binaries;
    } catch (error) {
      failures.push(`${way}: ${messageOf(error)}`);
      progress.say(`No Kubernetes by ${way}: ${messageOf(error)}`);
    }
  }
  throw new Error(
    `There is no Kubernetes ${PINNED.kubernetes} to run tests on: ${failures.join('; ')}. Install Go 1.26, or allow ` +
      'access to dl.k8s.io and github.com, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager.',
  );
}

const HELP = `Usage: scripts/control-plane [--help]

Prints the folder that holds etcd, kube-apiserver and kube-controller-manager of Kubernetes ${PINNED.kubernetes}, for
tests, benchmarks and the demo. Progress and problems go to stderr. Looks, in this order, at

  1. KUBEBUILDER_ASSETS, if set: a folder with the three programs
  2. the cache: \${XDG_CACHE_HOME:-~/.cache}/muster/control-plane
  3. the published programs, checked by their SHA-256: dl.k8s.io, github.com/etcd-io (Linux)
  4. a build with Go 1.26 from tools/control-plane/go.mod: about four minutes on two cores

What 3 or 4 obtain stays in the cache. Exit code: 0 found, 1 nothing worked, 2 wrong use.`;

async function main(parameters: readonly string[]): Promise<void> {
  if (parameters.includes('--help') || parameters.includes('-h')) {
    console.log(HELP);
  } else if (parameters.length > 0) {
    console.error(`scripts/control-plane takes no "${parameters[0]}". See scripts/control-plane --help.`);
    process.exitCode = 2;
  } else {
    try {
      const { directory } = await provideControlPlane({ onProgress: console.error });
      console.log(directory);
    } catch (error) {
      console.error(messageOf(error));
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  await main(process.argv.slice(2));
}
