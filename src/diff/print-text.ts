import type { ChangeSet, FleetDiff } from '../model/fleet-diff.ts';
import { formatId } from '../object/id.ts';
import { visible } from './escape-markdown.ts';
import { nameClusters, verdict } from './verdict.ts';

/** The report for a terminal. `colour`: the lines of diffs are red and green. Errors are the caller's to print. */
export function printText(diff: FleetDiff, colour: boolean): string {
  const all = diff.clusters.length;
  const removals = diff.removals.map(
    ({ id, clusters, fate, reason }) =>
      `  ${fate === 'deleted' ? 'deleted' : 'stays, no longer managed'}: ${formatId(id)} on ${nameClusters(clusters, all)}${reason === '' ? '' : ` (${reason})`}`,
  );
  const replicas = diff.replicas.map(({ id, counts }) => {
    const cells = counts
      .filter((each) => each.before !== each.after)
      .map(({ cluster, before, after }) => `${cluster} ${before ?? '–'} → ${after ?? '–'}`);
    return `  replicas of ${formatId(id)}: ${cells.join(', ')}`;
  });
  const held = diff.notCompared.map(
    ({ app, clusters }) => `  not compared: app ${app} on ${nameClusters(clusters, all)}`,
  );
  const risks = diff.risks.map((risk) => `  look twice: ${risk}`);
  const sets = diff.changeSets.map((set) => printSet(set, all, colour));
  const facts = [verdict(diff), ...risks, ...removals, ...replicas, ...held].map(visible);
  return [...facts, ...sets].map((line) => `${line}\n`).join('');
}

function printSet(set: ChangeSet, all: number, colour: boolean): string {
  const { kind, id, clusters, origin, diff } = set;
  const title = `\n${visible(`${kind} ${formatId(id)} on ${nameClusters(clusters, all)} (${origin.file}:${origin.line})`)}`;
  const lines = diff
    .trimEnd()
    .split('\n')
    .map((line) => paint(visible(line), colour));
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

function paint(line: string, colour: boolean): string {
  const code = line.startsWith('+') ? 32 : line.startsWith('-') ? 31 : line.startsWith('@@') ? 36 : 0;
  return colour && code !== 0 ? `\u001b[${code}m${line}\u001b[0m` : line;
}
