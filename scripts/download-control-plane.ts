import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { PINNED } from './control-plane-binaries.ts';
import { PLATFORM } from './platform.ts';
import type { Progress } from './progress.ts';

/** Base URLs of the published programs; another pair serves tests and mirrors. */
export interface ReleaseOrigin {
  readonly kubernetes: string;
  readonly etcd: string;
}

/**
 * The release files of the two projects: all three programs, every version. The "envtest" archives of controller-tools
 * hold no kube-controller-manager, and not every patch version has one.
 */
export const PUBLISHED: ReleaseOrigin = {
  kubernetes: 'https://dl.k8s.io/release',
  etcd: 'https://github.com/etcd-io/etcd/releases/download',
};

/** No answer within this time: there is no way out of this network, and building is the faster way. */
const ANSWER_MS = 5_000;
/** No byte within this time: the download is dead. */
const IDLE_MS = 30_000;

/**
 * Puts the three programs into the folder, each checked against the SHA-256 that is published beside it. Throws an
 * Error that names the URL: no answer in 5 s, a status other than 200, a body that ends early, a wrong checksum.
 */
export async function downloadControlPlane(
  directory: string,
  origin: ReleaseOrigin,
  progress: Progress,
): Promise<void> {
  const { os, arch } = PLATFORM;
  if (os !== 'linux') throw new Error('Kubernetes publishes its servers for Linux only');
  for (const name of ['kube-apiserver', 'kube-controller-manager']) {
    const url = `${origin.kubernetes}/v${PINNED.kubernetes}/bin/${os}/${arch}/${name}`;
    const sum = await fetchText(`${url}.sha256`);
    await fetchFile(url, sum.trim(), join(directory, name), progress);
    await chmod(join(directory, name), 0o755);
  }
  await downloadEtcd(directory, `${origin.etcd}/v${PINNED.etcd}`, `etcd-v${PINNED.etcd}-${os}-${arch}`, progress);
}

async function downloadEtcd(directory: string, base: string, stem: string, progress: Progress): Promise<void> {
  const sums = await fetchText(`${base}/SHA256SUMS`);
  const sum = sums.split('\n').find((line) => line.endsWith(` ${stem}.tar.gz`)) ?? '';
  const archive = join(directory, 'etcd.tar.gz');
  await fetchFile(`${base}/${stem}.tar.gz`, sum.split(' ', 1)[0] ?? '', archive, progress);
  await promisify(execFile)('tar', ['-xzf', archive, '-C', directory, '--strip-components=1', `${stem}/etcd`]);
  await rm(archive);
}

async function fetchText(url: string): Promise<string> {
  return withResponse(url, (response) => response.text());
}

async function fetchFile(url: string, sum: string, target: string, progress: Progress): Promise<void> {
  progress.say(`Downloading ${url}`);
  const hash = createHash('sha256');
  let bytes = 0;
  await withResponse(url, async (response, alive) => {
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const watch = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        alive();
        bytes += chunk.length;
        hash.update(chunk);
        progress.note(`Downloading ${url}: ${megabytes(bytes)}${length > 0 ? ` of ${megabytes(length)}` : ''}`);
        yield chunk;
      }
    };
    if (response.body !== null) await pipeline(watch(response.body), createWriteStream(target));
  });
  const actual = hash.digest('hex');
  if (actual !== sum) throw new Error(`${url}: its SHA-256 is ${actual}, but ${sum || 'none'} is published`);
}

/** Gives up when the answer takes {@link ANSWER_MS}, or when `alive` is not called for {@link IDLE_MS} after that. */
async function withResponse<T>(url: string, read: (response: Response, alive: () => void) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error(`no answer in ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error(`no data for ${IDLE_MS / 1000} s`)), IDLE_MS);
  };
  try {
    const response = await fetch(url, { signal: abort.signal });
    alive();
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return await read(response, alive);
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` says "fetch failed" and hides the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
