import { errorAt, type Finding } from './finding.ts';
import { group } from './limits.ts';

/** One document of a file: from its `---`, or from the start of the file, to the next `---`. */
export interface DocumentText {
  readonly start: number;
  readonly text: string;
}

/** What stands before the first `---` counts as a document only if it holds more than comments. */
export interface SplitText {
  readonly documents: readonly DocumentText[];
  /** Too many documents (then there are none), or lines that begin with `---` and do not end there. */
  readonly findings: readonly Finding[];
}

/**
 * Cuts a file where its lines begin with `---`. No valid document has such a line inside, whatever quote or block is
 * open, so a mistake in one document cannot hide the next. kubectl does the same, and takes nothing behind the marker
 * but a comment.
 */
export function splitDocuments(text: string, maxDocuments: number): SplitText {
  const starts = markersOf(text);
  if (starts.length === 0 || hasContent(text.slice(0, starts[0]))) starts.unshift(0);
  if (starts.length > maxDocuments) {
    return { documents: [], findings: [tooMany(starts[maxDocuments] ?? 0, starts.length, maxDocuments)] };
  }
  return {
    documents: starts.map((start, index) => ({ start, text: text.slice(start, starts[index + 1]) })),
    findings: starts.filter((start) => !standsAlone(text, start)).map(notAlone),
  };
}

function markersOf(text: string): number[] {
  const starts = text.startsWith('---') ? [0] : [];
  for (let end = text.indexOf('\n---'); end >= 0; end = text.indexOf('\n---', end + 1)) starts.push(end + 1);
  return starts;
}

/** Whether a line holds anything but a comment. */
function hasContent(text: string): boolean {
  return /^[ \t]*[^ \t\r\n#]/m.test(text);
}

/** Also true of a document that begins without a marker. */
function standsAlone(text: string, start: number): boolean {
  if (!text.startsWith('---', start)) return true;
  const end = text.indexOf('\n', start);
  return /^---\s*(?:\s#[^\n]*)?$/.test(text.slice(start, end < 0 ? text.length : end));
}

function notAlone(start: number): Finding {
  const message = 'text behind --- on its line, where kubectl takes nothing but a comment';
  return errorAt(start, 'YAML_SYNTAX', message, 'Put it on the next line.');
}

function tooMany(start: number, count: number, limit: number): Finding {
  const message = `the file has ${group(count)} documents; the limit is ${group(limit)}`;
  return errorAt(start, 'TOO_LARGE', message, 'Split it into several files.');
}
