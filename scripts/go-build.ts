import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { PLATFORM } from './platform.ts';
import type { Progress } from './progress.ts';
import { exited, killGroup, spawnGuarded } from './spawn-guarded.ts';

/** Fetched by an older or newer `go` command. Kubernetes 1.36 is built and tested with Go 1.26. */
const TOOLCHAIN = 'go1.26.8';

/** A Go that can be used: its version (`go1.26.8`), and what it needs in its environment besides ours. */
export interface SelectedGo {
  readonly version: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** What {@link goBuildTools} builds. */
export interface GoModule {
  /** Folder of a `go.mod` with a `tool` block, and a `go.sum` that pins every byte. */
  readonly folder: string;
  /** For `-ldflags`. */
  readonly linkerFlags: string;
}

/**
 * A Go 1.26: the one on PATH, or one that it fetches for itself. A newer one is not used although it would compile:
 * from Go 1.27 on, a 1.36 server publishes a broken OpenAPI document, and no test would say why.
 */
export async function selectGo(environment: NodeJS.ProcessEnv): Promise<SelectedGo> {
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

/**
 * Builds the tools of a module into the folder, each named for its package. An interrupted build leaves nothing that runs on,
 * and what it had compiled stays in Go's cache for the next. Throws an Error with go's last words.
 */
export async function goBuildTools(
  module: GoModule,
  directory: string,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const scratch = join(directory, 'tmp'); // In our folder, so that what kill -9 leaves behind is removed with it.
  await mkdir(scratch);
  await goBuild(module, directory, { ...environment, GOTMPDIR: scratch }, progress);
  await rm(scratch, { recursive: true });
}

async function goBuild(
  { folder, linkerFlags }: GoModule,
  directory: string,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const flags = ['-v', '-mod=readonly', '-trimpath', `-ldflags=-s -w ${linkerFlags}`];
  const child = spawnGuarded('go', ['build', '-C', folder, ...flags, '-o', directory, 'tool'], {
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
