import { structuredPatch } from 'diff';
import type { JsonObject } from '../model/json.ts';
import { printYaml } from '../yaml/print.ts';

/** Beyond so many differing lines a diff helps nobody, and takes the square of them in time. */
const MAX_EDITS = 500;

const CONTEXT_LINES = 3;

/** Unified diff of two objects as YAML; one side absent: all of the other. Without file headers, ends with a line end. */
export function diffText(before: JsonObject | undefined, after: JsonObject | undefined): string {
  const [old, now] = [before === undefined ? '' : printYaml(before), after === undefined ? '' : printYaml(after)];
  if (before === undefined) return prefixLines(now, '+');
  if (after === undefined) return prefixLines(old, '-');
  const patch = structuredPatch('', '', old, now, '', '', { context: CONTEXT_LINES, maxEditLength: MAX_EDITS });
  if (patch === undefined)
    return `# ${countLines(old)} lines become ${countLines(now)}, and more than ${MAX_EDITS} of them differ\n`;
  const hunks = patch.hunks.map(
    (hunk) => `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@\n${hunk.lines.join('\n')}\n`,
  );
  return hunks.join('');
}

function prefixLines(text: string, mark: string): string {
  return text.trimEnd().replace(/^/gm, mark).concat('\n');
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
