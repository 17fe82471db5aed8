import { parseGlob } from '../glob.ts';
import type { RenderedCluster, RenderedFleet } from '../model/render.ts';
import { nearestName } from '../object/nearest.ts';
import { UsageError, type Settings } from '../settings.ts';

/** The clusters and apps that `-C` and `-a` ask for; all where they are not given. A name that nothing has is an error. */
export function selectTargets(fleet: RenderedFleet, settings: Settings): readonly RenderedCluster[] {
  const apps = settings.list('app');
  for (const app of apps) {
    if (!fleet.apps.includes(app)) throw unknown('app', app, fleet.apps);
  }
  const clusters = selectClusters(fleet, settings.list('cluster'));
  if (apps.length === 0) return clusters;
  return clusters.map((cluster) => ({ ...cluster, apps: cluster.apps.filter((app) => apps.includes(app.name)) }));
}

function selectClusters({ clusters }: RenderedFleet, patterns: readonly string[]): readonly RenderedCluster[] {
  if (patterns.length === 0) return clusters;
  const names = clusters.map(({ cluster }) => cluster.name);
  const globs = patterns.map((pattern) => {
    const glob = parseGlob(pattern);
    if (glob.state === 'refused') throw new UsageError(`--cluster: ${glob.error}.`);
    if (!names.some((name) => glob.match(name))) throw unknown('cluster', pattern, names);
    return glob;
  });
  return clusters.filter(({ cluster }) => globs.some((glob) => glob.match(cluster.name)));
}

function unknown(what: 'app' | 'cluster', name: string, known: readonly string[]): UsageError {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `There are: ${known.join(', ') || 'none'}.` : `Did you mean "${nearest}"?`;
  return new UsageError(`--${what} "${name}": no ${what} is called so. ${hint}`);
}
