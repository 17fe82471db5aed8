import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { GO_MODULE, PINNED, PLATFORM } from './control-plane-binaries.ts';
import type { Progress } from './progress.ts';
import { exited, killGroup, spawnGuarded } from './spawn-guarded.ts';

/** Fetched by an older or newer `go` command. Kubernetes 1.36 is built and tested with Go 1.26. */
const TOOLCHAIN = 'go1.26.8';

/**
 * Builds the three programs into the folder from `tools/control-plane/go.mod`. An interrupted build leaves nothing that
 * runs on, and what it had compiled stays in Go's cache for the next. Throws an Error: no usable Go, or go's last words.
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
  const scratch = join(directory, 'tmp'); // In our folder, so that what kill -9 leaves behind is removed with it.
  await mkdir(scratch);
  await goBuild(directory, { ...environment, ...go.environment, GOTMPDIR: scratch }, progress);
  await rename(join(directory, 'server'), join(directory, 'etcd')); // Go names it for its package.
  await rm(scratch, { recursive: true });
}

/**
 * A Go 1.26: the one on PATH, or one that it fetches for itself. A newer one is not used although it would compile:
 * from Go 1.27 on, a 1.36 server publishes a broken OpenAPI document, and no test would say why.
 */
async function selectGo(
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly version: string; readonly environment: NodeJS.ProcessEnv }> {
  const own = await goVersion(environment);
  if (own === undefined) throw new Error('there is no "go" on PATH');
  if (own.startsWith('go1.26')) return { version: own, environment: {} };
  const fetched = await goVersion({ ...environment, GOTOOLCHAIN: TOOLCHAIN });
  if (fetched === TOOLCHAIN) return { version: fetched, environment: { GOTOOLCHAIN: TOOLCHAIN } };
  throw new Error(`"go" is ${own}, Go 1.26 is needed, and GOTOOLCHAIN=${TOOLCHAIN} could not be fetched`);
}

/** `go1.26.8`, or undefined where there is no go that answers. */
async function goVersion(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    // Away from our go.mod: its `go` line would make an older go fetch 1.26.0 before it answers.
    const { stdout } = await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: tmpdir(), env: environment });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

async function goBuild(directory: string, environment: NodeJS.ProcessEnv, progress: Progress): Promise<void> {
  const child = spawnGuarded('go', ['build', '-C', GO_MODULE, ...BUILD_FLAGS, '-o', directory, 'tool'], {
    environment: { ...environment, CGO_ENABLED: '0', GOWORK: 'off', GOOS: PLATFORM.os, GOARCH: PLATFORM.arch },
    stderr: 'pipe',
  });
  const last: string[] = [];
  try {
    const counts = { downloaded: 0, compiled: 0 };
    if (child.stderr !== null) {
      for await (const line of createInterface(child.stderr)) {
        if (line.startsWith('go: downloading ')) counts.downloaded++;
        else if (/^[\w.-]+(\/\S+)?$/.test(line)) counts.compiled++;
        else last.push(line);
        progress.note(`Building: ${counts.downloaded} modules fetched, ${counts.compiled} packages compiled`);
      }
    }
    await exited(child);
  } finally {
    await killGroup(child);
  }
  if (child.exitCode !== 0) {
    throw new Error(`go build failed: ${last.slice(-3).join(' / ') || `exit code ${child.exitCode}`}`);
  }
}

/** The versions are stamped in as Kubernetes' own build does it: without, servers and clients call themselves v0.0.0. */
const BUILD_FLAGS = [
  '-v',
  '-mod=readonly',
  '-trimpath',
  `-ldflags=-s -w ${['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .map((name) => `-X ${name}.gitVersion=v${PINNED.kubernetes}`)
    .join(' ')}`,
];
