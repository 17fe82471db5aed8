import { invariant } from '../model/errors.ts';
import type { JsonValue } from '../model/json.ts';
import { HIDDEN } from '../object/hidden.ts';
import { isList } from '../object/json.ts';
import { resolvePlain } from './resolve-scalar.ts';

/**
 * A value as people would write it: block style, two spaces, keys in their order, text of several lines as a block.
 * Text is quoted where any reader of YAML 1.1 or 1.2 would take it for something else. The same value always gives the
 * same text; {@link parseYaml} and kubectl read the value back from it, but for integers outside 64 bits, which they
 * round. Text must be well-formed Unicode. Ends with a line end.
 */
export function printYaml(value: JsonValue): string {
  return `${(printBlock(value, '') ?? printInline(value, '  ')).join('\n')}\n`;
}

/** Several documents, each begun by `---`. */
export function printYamlDocuments(values: readonly JsonValue[]): string {
  return values.map((value) => `---\n${printYaml(value)}`).join('');
}

/** A list or map with something in it: whole lines. Undefined for everything else. */
function printBlock(value: JsonValue, indent: string): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isList(value)) return value.length === 0 ? undefined : value.flatMap((item) => printItem(item, indent));
  const entries = Object.entries(value);
  return entries.length === 0 ? undefined : entries.flatMap(([key, item]) => printEntry(key, item, indent));
}

function printItem(item: JsonValue, indent: string): readonly string[] {
  const deeper = `${indent}  `;
  const [first = '', ...rest] = printBlock(item, deeper) ?? printInline(item, deeper);
  return [`${indent}- ${first.startsWith(deeper) ? first.slice(deeper.length) : first}`, ...rest];
}

function printEntry(key: string, item: JsonValue, indent: string): readonly string[] {
  const deeper = `${indent}  `;
  const name = isPlain(key) ? key : printQuoted(key);
  // Readers give up on a key whose colon does not come within 1,024 characters, unless a question mark announces it.
  const start = name.length > 1_000 ? [`${indent}? ${name}`, `${indent}:`] : [`${indent}${name}:`];
  const block = printBlock(item, deeper);
  if (block !== undefined) return [...start, ...block];
  const [first = '', ...rest] = printInline(item, deeper);
  return [...start.slice(0, -1), `${start.at(-1)} ${first}`, ...rest];
}

/** What follows `key:` or `-` on its line, and whole lines after it. */
function printInline(value: JsonValue, indent: string): readonly string[] {
  if (typeof value !== 'string') return [printFlow(value)];
  if (isPlain(value)) return [value];
  return isBlockText(value) ? printBlockText(value, indent) : [printQuoted(value)];
}

/** Anything on one line, with all text in double quotes. */
export function printFlow(value: JsonValue): string {
  if (typeof value === 'string') return printQuoted(value);
  if (typeof value === 'number') return printNumber(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isList(value)) return `[${value.map(printFlow).join(', ')}]`;
  const entries = Object.entries(value).map(([key, item]) => `${printQuoted(key)}: ${printFlow(item)}`);
  return `{${entries.join(', ')}}`;
}

function printNumber(value: number): string {
  invariant(Number.isFinite(value), `${value} in a JSON value`);
  // Readers of YAML 1.1 want a point in a number with an exponent.
  return String(value).replace(/^(-?\d+)e/, '$1.0e');
}

/** What YAML forbids and what nobody sees in an editor is written as an escape. */
function printQuoted(text: string): string {
  const quoted = JSON.stringify(text);
  if (!HIDDEN.test(text)) return quoted;
  return quoted.replace(new RegExp(HIDDEN, 'gv'), (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}

/** A first character that means nothing to YAML; a minus may begin a word (`--flag`) but no list and no document. */
const HARMLESS_START = /^(?:[A-Za-z\d_./$(^+\\]|[^\0-\x7F]|-(?![\s-]|$)|--(?!-))/u;
const MEANINGFUL = /[\t\n]|: |:$| #| $/;

/** Numbers of all readers, base 60 and dates among them; versions and addresses, of two points or more, are none. */
const NUMERIC = /^[-+.]?\d[\da-fA-FxXoO_.:+-]*$|^\d{4}-\d\d?-\d\d?[Tt ]/;
const DOTTED = /^\d+(?:\.\d+){2,}$/;

const WORD = /^(?:y|n|yes|no|on|off|true|false|null|[-+]?\.?(?:inf|nan))$/i;

function isPlain(text: string): boolean {
  if (!HARMLESS_START.test(text) || MEANINGFUL.test(text) || HIDDEN.test(text)) return false;
  if (text.startsWith('...') || WORD.test(text) || (NUMERIC.test(text) && !DOTTED.test(text))) return false;
  const resolved = resolvePlain(text);
  return resolved.state === 'exact' && resolved.value === text;
}

/** Several lines, of which none is made of spaces alone and the first is not indented: there readers disagree. */
function isBlockText(text: string): boolean {
  return /^\S/.test(text) && text.includes('\n') && !/^[ \t]+$/m.test(text) && !HIDDEN.test(text);
}

function printBlockText(text: string, indent: string): readonly string[] {
  const content = text.split('\n');
  const ends = content.length - 1 - content.findLastIndex((line) => line !== '');
  if (ends > 0) content.pop();
  const chomping = ends === 0 ? '-' : ends === 1 ? '' : '+';
  return [`|${chomping}`, ...content.map((line) => (line === '' ? '' : indent + line))];
}
