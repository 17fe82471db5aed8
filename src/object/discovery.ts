import type { GroupKind } from '../model/manifest.ts';
import type { Discovery, ServedKind } from '../model/observation.ts';
import { versionOf } from './id.ts';

/** A kind and the version in which somebody wants it. */
export interface WantedKind extends GroupKind {
  readonly apiVersion: string;
}

/** How the kind is served: in the wanted version where there is one, else in the server's preferred; `undefined`: not. */
export function findServed(discovery: Discovery, wanted: WantedKind): ServedKind | undefined {
  const versions = discovery.kinds.filter((each) => each.group === wanted.group && each.kind === wanted.kind);
  return versions.find((each) => each.version === versionOf(wanted.apiVersion)) ?? versions[0];
}

/** All versions in which the kind is served. */
export function servedVersions(discovery: Discovery, { group, kind }: GroupKind): readonly string[] {
  return discovery.kinds.filter((each) => each.group === group && each.kind === kind).map(({ version }) => version);
}
