import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { ChangeSet, FleetDiff, Removal, ReplicaRow } from '../model/fleet-diff.ts';
import { formatId } from '../object/id.ts';
import { codeBlock, codeSpan, escapeMarkdown, visible } from './escape-markdown.ts';
import { nameClusters, verdict } from './verdict.ts';

/** How much is said, most first. Each level is the one before with less. */
const LEVELS = [
  { sets: 400, lines: 400 },
  { sets: 200, lines: 60 },
  { sets: 100, lines: 15 },
  { sets: 60, lines: 0 },
  { sets: 0, lines: 0 },
] as const;

type Level = (typeof LEVELS)[number];

/** The report as Markdown of at most `maxLength` characters: the first level that fits. */
export function printMarkdown(diff: FleetDiff, maxLength: number): string {
  for (const level of LEVELS) {
    const text = printLevel(diff, level);
    if (text.length <= maxLength) return text;
  }
  return `${printLevel(diff, { sets: 0, lines: 0 }).slice(0, maxLength - 40)}\n\n… cut: it is longer than fits here.\n`;
}

function printLevel(diff: FleetDiff, level: Level): string {
  const parts = [
    `### Muster: ${verdict(diff)}\n`,
    section('Errors', diff.diagnostics.filter((each) => each.severity === 'error').map(printDiagnostic)),
    section(
      'Look twice',
      diff.risks.map((risk) => `- ⚠️ ${escapeMarkdown(risk)}`),
    ),
    section(
      'Deletions',
      diff.removals.filter((each) => each.fate === 'deleted').map((each) => printRemoval(each, diff)),
    ),
    section(
      'Objects that stay behind, no longer managed',
      diff.removals.filter((each) => each.fate === 'orphaned').map((each) => printRemoval(each, diff)),
    ),
    section(
      'Not compared, because a side does not render',
      diff.notCompared.map(
        ({ app, clusters }) => `- app ${codeSpan(app)} on ${nameClusters(clusters, diff.clusters.length)}`,
      ),
    ),
    printReplicas(diff.replicas),
    printSets(diff, level),
    fold(
      'Warnings',
      diff.diagnostics
        .filter((each) => each.severity === 'warning')
        .map(printDiagnostic)
        .join('\n'),
    ),
    fold('Digests', printDigests(diff)),
    `<sub>${reproduce(diff)}</sub>\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function section(title: string, lines: readonly string[]): string {
  const shown = lines.slice(0, 50);
  const more = lines.length - shown.length;
  return lines.length === 0 ? '' : `#### ${title}\n\n${shown.join('\n')}\n${more > 0 ? `- … and ${more} more\n` : ''}`;
}

function printDiagnostic({ code, message, help, origin, cluster }: Diagnostic): string {
  const where = `${codeSpan(`${origin.file}:${origin.line}:${origin.column}`)} ${code}`;
  return `- ${where}: ${cluster === undefined ? '' : `on ${escapeMarkdown(cluster)}: `}${escapeMarkdown(message)}.${help === undefined ? '' : ` ${escapeMarkdown(help)}`}`;
}

function printRemoval({ id, clusters, reason }: Removal, diff: FleetDiff): string {
  return `- ${codeSpan(formatId(id))} on ${nameClusters(clusters, diff.clusters.length)}${reason === '' ? '' : `: ${escapeMarkdown(reason)}`}`;
}

/** One table for each object: clusters as rows read well for three and for three hundred. */
function printReplicas(rows: readonly ReplicaRow[]): string {
  if (rows.length === 0) return '';
  const tables = rows.slice(0, 20).map(({ id, counts }) => {
    const changed = counts.filter((count) => count.before !== count.after);
    const lines = changed
      .slice(0, 30)
      .map(({ cluster, before, after }) => `| ${escapeMarkdown(cluster)} | ${before ?? '–'} | ${after ?? '–'} |`);
    const more = changed.length > 30 ? `| … and ${changed.length - 30} more | | |\n` : '';
    const [sumBefore, sumAfter] = [
      counts.reduce((sum, each) => sum + (each.before ?? 0), 0),
      counts.reduce((sum, each) => sum + (each.after ?? 0), 0),
    ];
    return `${codeSpan(formatId(id))}\n\n| cluster | before | after |\n| --- | ---: | ---: |\n${lines.join('\n')}\n${more}| **all** | **${sumBefore}** | **${sumAfter}** |\n`;
  });
  return `#### Replicas\n\n${tables.join('\n')}`;
}

function printSets(diff: FleetDiff, level: Level): string {
  if (diff.changeSets.length === 0) return '';
  const shown = diff.changeSets.slice(0, level.sets).map((set) => printSet(set, diff, level));
  const more = diff.changeSets.length - shown.length;
  const rest =
    more === 0
      ? ''
      : `\n${more} ${shown.length === 0 ? 'changes are' : 'more changes are'} not shown here; the job summary and the command below have all.\n`;
  return `#### Changes\n\n${shown.join('\n')}${rest}`;
}

function printSet(set: ChangeSet, diff: FleetDiff, { lines }: Level): string {
  const odd =
    set.others.length === 0 || set.others.length > 3 || set.clusters.length <= set.others.length
      ? ''
      : `, not on ${set.others.map(escapeMarkdown).join(', ')}`;
  const title = `${MARKS[set.kind]} <b>${html(visible(formatId(set.id)))}</b> on ${html(nameClusters(set.clusters, diff.clusters.length))}${html(odd)}`;
  const source = [set.origin, ...set.overlays].map(({ file, line }: Origin) => codeSpan(`${file}:${line}`)).join(', ');
  const text = set.diff.split('\n');
  if (lines === 0)
    return `- ${MARKS[set.kind]} ${codeSpan(formatId(set.id))} on ${nameClusters(set.clusters, diff.clusters.length)}`;
  const cut = text.length > lines ? [...text.slice(0, lines), `# … ${text.length - lines} more lines`] : text;
  return `<details><summary>${title}</summary>\n\n${source}\n\n${codeBlock(cut.join('\n'), 'diff')}\n</details>`;
}

const MARKS: Readonly<Record<ChangeSet['kind'], string>> = { added: '➕', removed: '➖', changed: '✏️' };

function printDigests({ clusters }: FleetDiff): string {
  if (clusters.length === 0) return '';
  const short = (digest: string): string => (digest === '' ? '–' : codeSpan(digest.slice(0, 19)));
  const rows = clusters
    .slice(0, 200)
    .map(
      ({ name, before, after }) =>
        `| ${escapeMarkdown(name)} | ${short(before)} | ${before === after ? 'the same' : short(after)} |`,
    );
  return `| cluster | before | after |\n| --- | --- | --- |\n${rows.join('\n')}`;
}

function fold(title: string, text: string): string {
  return text === '' ? '' : `<details><summary>${title}</summary>\n\n${text}\n\n</details>\n`;
}

function reproduce({ base, head }: FleetDiff): string {
  const command = `muster diff --base ${base.revision}${head.revision === 'worktree' ? '' : ` --head ${head.revision}`}`;
  return `${base.revision.slice(0, 12)} → ${head.revision.slice(0, 12)}. The same on the command line: ${codeSpan(command)}`;
}

/** Within HTML, where Markdown is not read. */
function html(text: string): string {
  return text.replace(/[&<>"@]/g, (mark) => `&#${mark.codePointAt(0) ?? 0};`);
}
