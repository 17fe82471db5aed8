import { groupOf } from '../object/id.ts';
import { isNamespaced } from '../object/kinds.ts';
import { type ApiLife, livesOf, SUCCESSORS } from './api-versions.ts';
import { BUILTIN_VERSION } from './builtin-schema.ts';
import type { Finding } from './check-value.ts';
import { builtinSchema, builtinVersions } from './read-builtin.ts';

/** The minor version of Kubernetes that this Muster knows best: what a cluster runs that does not say. */
export const KNOWN_MINOR = minorOf(BUILTIN_VERSION);

/** `1.36`, `v1.36.3` → 36. */
export function minorOf(version: string): number {
  return Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
}

/**
 * Whether Kubernetes 1.`minor` serves a version of one of its own kinds; `undefined`: it does, or the kind is none of its own.
 * Alpha and beta versions that a cluster can switch on count as served.
 */
export function checkApi(apiVersion: string, kind: string, minor: number): Finding | undefined {
  const lives = livesOf(apiVersion, kind);
  const own = lives.find((life) => life.apiVersion === apiVersion);
  if (own !== undefined) return isServed(own, minor) ? undefined : unserved(own, kind, lives, minor);
  if (builtinSchema(apiVersion, kind) !== undefined || minor > KNOWN_MINOR) return undefined;
  const group = groupOf(apiVersion);
  if (isNamespaced({ group, kind }) === undefined) return undefined;
  const versions = builtinVersions(group, kind);
  // Of kinds that are gone and not in the table nobody knows any more which versions they had.
  if (versions.length === 0) return undefined;
  return finding(`Kubernetes has no ${apiVersion} ${kind}`, useOf(stablest(versions)));
}

function isServed({ since, until }: ApiLife, minor: number): boolean {
  return since <= minor && (until === undefined || minor < until);
}

function unserved(own: ApiLife, kind: string, lives: readonly ApiLife[], minor: number): Finding {
  const served = lives.filter((life) => isServed(life, minor)).map((life) => life.apiVersion);
  const help = served.length > 0 ? useOf(stablest(served)) : SUCCESSORS[kind];
  const what = `${own.apiVersion} ${kind}`;
  if (own.since > minor) {
    const since = `${what} exists since Kubernetes 1.${own.since}, and the cluster runs 1.${minor}`;
    return finding(since, help ?? 'Place it on newer clusters only.');
  }
  return finding(`${what} is gone since Kubernetes 1.${own.until ?? minor}`, help);
}

/** The last that is neither alpha nor beta; else the last. */
function stablest(versions: readonly string[]): string | undefined {
  return versions.findLast((version) => !/(alpha|beta)\d+$/.test(version)) ?? versions.at(-1);
}

function useOf(apiVersion: string | undefined): string | undefined {
  return apiVersion === undefined ? undefined : `Use ${apiVersion}.`;
}

function finding(message: string, help: string | undefined): Finding {
  return { code: 'API_NOT_SERVED', message, ...(help === undefined ? {} : { help }), pointer: '/apiVersion' };
}
