import { type ComparedSide, compareFleets } from '../diff/compare-fleets.ts';
import { printMarkdown } from '../diff/print-markdown.ts';
import { printText } from '../diff/print-text.ts';
import { countErrors, verdict } from '../diff/verdict.ts';
import type { FleetDiff } from '../model/fleet-diff.ts';
import { createRenderCache, type RenderResult } from '../reconcile.ts';
import { formatId } from '../object/id.ts';
import { UsageError } from '../settings.ts';
import { printDiagnostics, toOutput } from './diagnostics.ts';
import { loadFleet } from './load-fleet.ts';
import { printDocument } from './print-document.ts';
import type { Verb } from './verb.ts';

/** For a file or a job summary; a comment takes less, and the Action cuts it. */
const MARKDOWN_LENGTH = 1_000_000;

export const diffVerb: Verb = {
  name: 'diff',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'show what a change does to every cluster, before it is merged',
  description:
    'Renders two revisions for every cluster and compares. The same change on many clusters is shown once, with its\nclusters. The head is the files as they lie in DIR (default: here), or --head. It asks no cluster.',
  options: ['base', 'head', 'output', 'cache', 'renderMemory', 'renderTimeout', 'help'],
  formats: ['text', 'markdown', 'json'],
  exits: { 0: 'nothing changes', 1: 'something changes', 2: 'there are errors, or it could not be compared' },
  examples: [
    ['muster diff --base origin/main', 'what the files here would change'],
    ['muster diff --base HEAD^ --head HEAD -o markdown', 'the report of a commit'],
  ],
  run: async ({ operands, settings, format, io }) => {
    const directory = operands[0] ?? '.';
    const [base, head] = [settings.text('base'), settings.text('head')];
    if (base === undefined) throw new UsageError('diff needs --base REV: what to compare with, such as origin/main.');
    const cache = createRenderCache();
    const before = toSide(base, await loadFleet(directory, base, settings, cache));
    const after = toSide(head ?? 'worktree', await loadFleet(directory, head, settings, cache));
    const diff = compareFleets(before, after);
    io.err(printDiagnostics(diff.diagnostics));
    if (format === 'markdown') io.out(printMarkdown(diff, MARKDOWN_LENGTH));
    else if (format === 'json') io.out(printDocument('Diff', toDocument(diff)));
    else io.out(printText(diff, io.colour));
    if (countErrors(diff) > 0 || !diff.base.usable) return 2;
    return diff.changeSets.length === 0 ? 0 : 1;
  },
};

/** One rendered revision as a side of a comparison. */
export function toSide(name: string, result: RenderResult): ComparedSide {
  if (result.state === 'unusable') return { revision: name, diagnostics: result.diagnostics };
  const { fleet } = result;
  return { revision: fleet.revision, fleet, diagnostics: fleet.diagnostics };
}

/** Documented in docs/pull-requests.md. */
function toDocument(diff: FleetDiff): object {
  const { diagnostics, changeSets, replicas, removals, ...rest } = diff;
  return {
    verdict: verdict(diff),
    ...rest,
    changes: changeSets.map(({ id, ...set }) => ({ object: formatId(id), ...set })),
    replicas: replicas.map(({ id, ...row }) => ({ object: formatId(id), ...row })),
    removals: removals.map(({ id, ...row }) => ({ object: formatId(id), ...row })),
    diagnostics: diagnostics.map(toOutput),
  };
}
