import type { Cluster, ClusterSelector } from '../model/fleet.ts';
import type { Locate } from '../model/locate.ts';

/** What the steps around a program ask of the rest: placement's rule for selectors, and places of fields. */
export interface ExpandContext {
  readonly matches: (selector: ClusterSelector, cluster: Cluster) => boolean;
  readonly locate: Locate;
}
