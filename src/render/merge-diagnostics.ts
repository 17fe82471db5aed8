import type { Diagnostic } from '../model/diagnostic.ts';
import type { ClusterTarget } from '../model/render.ts';
import { showOnOneLine } from '../object/hidden.ts';
import { compareText } from '../object/id.ts';

/**
 * One diagnostic for what is wrong on every cluster that has the app, instead of one for each. The same thing said twice is
 * said once. Worst first: errors that stop everything, errors that stop an app, warnings; then in the order of files and
 * lines.
 */
export function mergeDiagnostics(
  diagnostics: readonly Diagnostic[],
  targets: readonly ClusterTarget[],
): readonly Diagnostic[] {
  const groups = Map.groupBy(diagnostics, keyOf);
  const countClusters = clusterCounter(targets);
  return [...groups.values()]
    .flatMap((group) => mergeGroup(group, countClusters).map(showAll))
    .sort(compareDiagnostics);
}

/** Messages name what stands in files, and a name can hold anything. Said here, it holds for every output. */
function showAll(diagnostic: Diagnostic): Diagnostic {
  const { message, help } = diagnostic;
  return {
    ...diagnostic,
    message: showOnOneLine(message),
    ...(help === undefined ? {} : { help: showOnOneLine(help) }),
  };
}

type CountClusters = (app: string | undefined) => number;

/** How many clusters have an app. Counted for all apps together, and only where somebody asks. */
function clusterCounter(targets: readonly ClusterTarget[]): CountClusters {
  let counts: Map<string, number> | undefined;
  return (app) => {
    if (counts === undefined) {
      counts = new Map();
      for (const name of targets.flatMap(({ apps }) => [...new Set(apps.map((each) => each.app))])) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return app === undefined ? 0 : (counts.get(app) ?? 0);
  };
}

function mergeGroup(group: readonly Diagnostic[], countClusters: CountClusters): readonly Diagnostic[] {
  const [first] = group;
  if (first === undefined) return [];
  const { cluster: _cluster, ...general } = first;
  const clusters = new Set(group.map((each) => each.cluster));
  if (clusters.has(undefined) || (clusters.size > 1 && countClusters(first.app) === clusters.size)) return [general];
  return [...new Map(group.map((each) => [each.cluster, each])).values()];
}

function keyOf({ code, severity, message, origin, app }: Diagnostic): string {
  return JSON.stringify([code, severity, message, origin.file, origin.line, origin.column, app]);
}

function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    rank(a) - rank(b) ||
    compareText(a.origin.file, b.origin.file) ||
    a.origin.line - b.origin.line ||
    a.origin.column - b.origin.column ||
    compareText(a.cluster ?? '', b.cluster ?? '')
  );
}

function rank({ severity, app }: Diagnostic): number {
  return severity === 'warning' ? 2 : app === undefined ? 0 : 1;
}
