import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { GO_MODULE, PINNED } from './control-plane-binaries.ts';
import { goBuildTools, selectGo } from './go-build.ts';
import type { Progress } from './progress.ts';

/**
 * Builds the three programs into the folder from `tools/control-plane/go.mod`. Throws an Error: no usable Go, or go's last
 * words.
 */
export async function buildControlPlane(
  directory: string,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const go = await selectGo(environment);
  progress.say(
    `Building Kubernetes ${PINNED.kubernetes} and etcd ${PINNED.etcd} with ${go.version}, once on this machine. ` +
      'It takes about four minutes on two cores, 2 GB of memory, and 4 GB of disk, most of it in caches of Go.',
  );
  const module = { folder: GO_MODULE, linkerFlags: LINKER_FLAGS };
  await goBuildTools(module, directory, { ...environment, ...go.environment }, progress);
  await rename(join(directory, 'server'), join(directory, 'etcd')); // Go names it for its package.
}

/** The versions are stamped in as Kubernetes' own build does it: without, servers and clients call themselves v0.0.0. */
const LINKER_FLAGS = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  .map((name) => `-X ${name}.gitVersion=v${PINNED.kubernetes}`)
  .join(' ');
