import type { Diagnostic, Origin } from './diagnostic.ts';
import type { BaseManifest, Cluster, DriftMode, Fleet, Overlay } from './fleet.ts';
import type { Manifest } from './manifest.ts';

/** What one cluster is to get, before anything is merged: the result of placement. */
export interface ClusterTarget {
  readonly cluster: Cluster;
  /** Sorted by app name. */
  readonly apps: readonly AppTarget[];
}

/** One app on one cluster, before anything is merged. */
export interface AppTarget {
  readonly app: string;
  readonly objects: readonly PlacedObject[];
  /** Those that select this cluster, in the order in which they are applied. */
  readonly overlays: readonly Overlay[];
}

/** A base object that goes to a cluster. */
export interface PlacedObject {
  readonly base: BaseManifest;
  /** Only where a placement divides: this cluster's share. */
  readonly replicas?: number;
  /** The placement that decided. */
  readonly by: Origin;
}

/** One revision, rendered for every cluster: the value that crosses from the render process to the controller. */
export interface RenderedFleet {
  readonly revision: string;
  readonly fleet: Fleet;
  /** Names of all apps in the repository, also of those that could not be rendered: an app not here was removed. */
  readonly apps: readonly string[];
  /** Names of all clusters in the repository, also where `clusters` was narrowed down to some. */
  readonly clusterNames: readonly string[];
  /** Sorted by name; every cluster of the fleet, also those that get nothing. */
  readonly clusters: readonly RenderedCluster[];
  /** All of them, also the clusters' own. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The final manifests of one cluster. */
export interface RenderedCluster {
  readonly cluster: Cluster;
  /** `sha256:…` over the ids and hashes of all manifests: the same in controller, command line and Action. */
  readonly digest: string;
  /** Sorted by name. */
  readonly apps: readonly RenderedApp[];
}

/**
 * One app on one cluster. `held` means that an error concerns it here: nothing of it is applied or deleted, and what
 * runs goes on running.
 */
export interface RenderedApp {
  readonly name: string;
  readonly state: 'rendered' | 'held';
  readonly drift: DriftMode;
  readonly prune: boolean;
  readonly onUnplace: 'orphan' | 'prune';
  readonly suspend: boolean;
  readonly timeoutMs: number;
  readonly unprotect: readonly string[];
  /** Apps that must be Current on the same cluster first. */
  readonly dependsOn: readonly string[];
  /** In the order of printing: wave, group, kind, namespace, name. Empty while `held`. */
  readonly manifests: readonly Manifest[];
  /** The errors that hold it. */
  readonly diagnostics: readonly Diagnostic[];
}
