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
  return [...groups.values()].flatMap((group) => mergeGroup(group, targets).map(showAll)).sort(compareDiagnostics);
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

function mergeGroup(group: readonly Diagnostic[], targets: readonly ClusterTarget[]): readonly Diagnostic[] {
  const [first] = group;
  if (first === undefined) return [];
  const { cluster: _cluster, ...general } = first;
  const clusters = new Set(group.map((each) => each.cluster));
  const placed = targets.filter((target) => target.apps.some((app) => app.app === first.app));
  if (clusters.has(undefined) || (clusters.size > 1 && placed.length === clusters.size)) return [general];
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
