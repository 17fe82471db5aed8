import { execFile } from 'node:child_process';
import { access, constants, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readPin } from './read-pin.ts';

/** Where the three servers of a control plane are, and which Kubernetes they say they are (`1.36.3`). */
export interface ControlPlaneBinaries {
  readonly directory: string;
  readonly etcd: string;
  readonly apiserver: string;
  readonly controllerManager: string;
  readonly version: string;
}

/** Folder of the Go module that pins the versions and builds the servers where nothing prebuilt can be had. */
export const GO_MODULE = join(import.meta.dirname, '../tools/control-plane');

/** The versions that tests run on. They stand in one place, the `go.mod`, so that both ways to obtain them agree. */
export const PINNED = readPins();

/**
 * Looks at a folder of somebody: the three programs must be there, be executable and say a version. Throws an Error
 * with the first thing that is wrong.
 */
export async function checkBinaries(
  directory: string,
): Promise<ControlPlaneBinaries & { readonly etcdVersion: string }> {
  const [etcdVersion, version, controllerManagerVersion] = await Promise.all([
    askVersion(join(directory, 'etcd'), /^etcd Version: (\S+)/),
    askVersion(join(directory, 'kube-apiserver'), /^Kubernetes v(\S+)/),
    askVersion(join(directory, 'kube-controller-manager'), /^Kubernetes v(\S+)/),
  ]);
  if (version !== controllerManagerVersion) {
    throw new Error(`kube-apiserver is ${version}, but kube-controller-manager is ${controllerManagerVersion}`);
  }
  return { ...binariesIn(directory, version), etcdVersion };
}

/** Checks what stands in the folder and writes the marker that {@link readComplete} looks for. Throws as checkBinaries. */
export async function markComplete(directory: string): Promise<void> {
  const { version, etcdVersion } = await checkBinaries(directory);
  if (version !== PINNED.kubernetes || etcdVersion !== PINNED.etcd) {
    throw new Error(
      `got Kubernetes ${version} and etcd ${etcdVersion}, wanted ${PINNED.kubernetes} and ${PINNED.etcd}`,
    );
  }
  const marker: Marker = { ...PINNED, bytes: await sizes(directory) };
  await writeFile(join(directory, MARKER), `${JSON.stringify(marker)}\n`);
}

/**
 * The set in the folder if it is whole: its marker is there, written last, and every program still has the size that
 * the marker says. `undefined` otherwise, also for a set of other versions.
 */
export async function readComplete(directory: string): Promise<ControlPlaneBinaries | undefined> {
  try {
    const marker: Marker = JSON.parse(await readFile(join(directory, MARKER), 'utf8'));
    const expected: Marker = { ...PINNED, bytes: await sizes(directory) };
    return JSON.stringify(marker) === JSON.stringify(expected) ? binariesIn(directory, PINNED.kubernetes) : undefined;
  } catch {
    return undefined;
  }
}

const MARKER = 'complete.json';

interface Marker {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly bytes: readonly number[];
}

function binariesIn(directory: string, version: string): ControlPlaneBinaries {
  return {
    directory,
    etcd: join(directory, 'etcd'),
    apiserver: join(directory, 'kube-apiserver'),
    controllerManager: join(directory, 'kube-controller-manager'),
    version,
  };
}

async function sizes(directory: string): Promise<readonly number[]> {
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager'];
  return Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
}

async function askVersion(program: string, pattern: RegExp): Promise<string> {
  await access(program, constants.F_OK).catch(() => Promise.reject(new Error(`${program} is not there`)));
  await access(program, constants.X_OK).catch(() => Promise.reject(new Error(`${program} is not executable`)));
  // A broken program may also hang; `timeout` kills it. 30 s: a first run reads 100 MB from a cold disk.
  const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 30_000 }).catch(() => {
    throw new Error(`${program} does not run: "${program} --version" failed`);
  });
  const version = pattern.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${program} --version says "${stdout.split('\n', 1)[0]}", not a version`);
  return version;
}

function readPins(): { readonly kubernetes: string; readonly etcd: string } {
  const pin = (name: string): string => readPin(GO_MODULE, name);
  return { kubernetes: pin('k8s.io/kubernetes'), etcd: pin('go.etcd.io/etcd/server/v3') };
}
