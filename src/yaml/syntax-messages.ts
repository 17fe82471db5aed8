import { errorAt, type Finding } from './finding.ts';
import type { DocumentText } from './split-documents.ts';

/** How a message of the YAML library begins, what we say instead, and what to do. The first that fits counts. */
const EXPLANATIONS: readonly (readonly [start: RegExp, message: string, help?: string])[] = [
  [/^"$/, 'the " that opens here is never closed', 'Add the closing quote; indent further lines deeper than the key.'],
  [/^'$/, "the ' that opens here is never closed", "Add the closing quote; inside single quotes a ' is written ''."],
  [/^\[$/, 'the [ that opens here is never closed', 'Add the ], on a line that is indented deeper than the key.'],
  [/^\{$/, 'the { that opens here is never closed', 'Add the }, on a line that is indented deeper than the key.'],
  [/^A line$/, 'this line belongs to nothing above it', 'Mend its indentation, or begin a new document with ---.'],
  [/^Tabs/, 'a tab indents this line, and YAML indents with spaces only', 'Replace the tab with spaces.'],
  [
    /^Nested mappings/,
    'a second "key: value" begins where a value stands',
    'Quote the value, or mend the indentation.',
  ],
  [/^All (?:mapping|sequence) items/, 'this line does not line up with those it belongs to', 'Mend the indentation.'],
  [/^A block sequence/, 'a list begins where a key is expected', 'Mend the indentation.'],
  [/^Unexpected block-seq-ind/, 'a list begins on the line of its key', 'Begin it on the next line.'],
  [/^Implicit (?:map )?keys/, 'this line is neither "key: value" nor "- item"', 'A colon needs a space behind it.'],
  [/^Sequence item without/, 'this line does not begin with "- " as the others of its list', 'Mend the indentation.'],
  [/^The : indicator/, 'a key is longer than 1,024 characters'],
  [
    /^Plain value cannot start with (?:a |flow |directive |block |reserved )?[a-z ]*(.)$/,
    'a value cannot begin with $1',
    'Quote it.',
  ],
  [
    /^Invalid escape/,
    'double quotes hold an escape that YAML does not know',
    'Write \\\\ for a backslash, or use single quotes.',
  ],
  [/^Block scalar header|^Not a YAML token/, 'text stands behind | or > on its line', 'Begin it on the next line.'],
  [/^Block scalar/, 'the lines of this block are not indented alike', 'Indent them all as its first line.'],
  [
    /^Unexpected (?:scalar|alias|\S+-quoted-scalar) at node end/,
    'text goes on behind the end of a value',
    "Quote it as a whole; in single quotes a ' is written '', in double quotes a \" is \\\".",
  ],
  [/^Unexpected flow-(?:map|seq)-end/, 'this bracket closes nothing', 'Remove it, or quote the value.'],
  [/^Unexpected (?:,|empty item)/, 'a comma follows nothing', 'Remove it.'],
  [/^Missing ,|^Block collections are not allowed/, 'a comma is missing between [ ] or { }'],
  [/^Missing space after :/, 'a colon needs a space behind it'],
  [/^Comments must be/, 'a # needs a space before it to begin a comment', 'Add the space, or quote the value.'],
  [/^(?:Alias|Anchor) cannot be/, 'a * or & is followed by no name', 'Quote the value if the sign belongs to it.'],
  [/^A node can have/, 'one value has two anchors or two tags', 'Remove one.'],
  [/^An alias node/, 'an alias has an anchor or a tag of its own', 'Remove it.'],
  [/tag/i, 'this tag cannot be read', 'Remove it, or quote the value if the ! belongs to it.'],
];

/**
 * Words for what the YAML library says; its own words quote the file, which may hold a Secret. `what` is its message, or
 * a sign that stays open; `offset` counts within the document. A line with template syntax is reported as such.
 */
export function explainSyntax(what: string, offset: number, { start, text }: DocumentText): Finding {
  const line = lineAt(text, offset);
  const template = findTemplate(text, line);
  if (template !== undefined) return templateAt(start + template);
  const tab = /^["'[{]$/.test(what) ? /^[^\n]*\n *(?=\t)/.exec(text.slice(offset))?.[0].length : undefined;
  if (tab !== undefined) return explain('Tabs', start + offset + tab);
  const begins = text.slice(line.start, offset).trim() === '';
  return explain(begins && /at node end$|in YAML stream/.test(what) ? STRAY_LINE : what, start + offset);
}

const STRAY_LINE = 'A line';

function explain(what: string, offset: number): Finding {
  for (const [pattern, message, help] of EXPLANATIONS) {
    const found = pattern.exec(what);
    if (found !== null) return errorAt(offset, 'YAML_SYNTAX', message.replace('$1', found[1] ?? ''), help);
  }
  return errorAt(offset, 'YAML_SYNTAX', 'the text is not YAML from here on');
}

interface Line {
  readonly start: number;
  readonly text: string;
}

/** On the line of the mistake outside quotes and comments, or at the start of a line above, where no text can stand. */
function findTemplate(text: string, line: Line): number | undefined {
  const above = /^\{\{/m.exec(text.slice(0, line.start));
  if (above !== null) return above.index;
  const here = /^[^"'#]*?(?=\{\{)/.exec(line.text);
  return here === null ? undefined : line.start + here[0].length;
}

function lineAt(text: string, offset: number): Line {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return { start, text: text.slice(start, end < 0 ? text.length : end) };
}

/** `{{ … }}` of Helm or Go templates where YAML reads it as two maps. */
export function templateAt(offset: number): Finding {
  const message = 'this file is a template ({{ … }}), and files here are plain YAML';
  const help =
    'Render it first, put it into a Helm chart, or use ${vars.NAME}; quote the value if the braces belong to it.';
  return errorAt(offset, 'TEMPLATE_IN_PLAIN_FILE', message, help);
}
