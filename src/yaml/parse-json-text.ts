import { errorAt, type Finding } from './finding.ts';
import { tooDeep } from './limits.ts';
import type { MapEntry, YamlNode } from './node.ts';
import { templateAt } from './syntax-messages.ts';

export type ParsedJson =
  | { readonly state: 'parsed'; readonly root: YamlNode }
  | { readonly state: 'broken'; readonly finding: Finding };

/**
 * Reads strict JSON (RFC 8259) into the same nodes as YAML. `JSON.parse` is not used because its messages quote the
 * text, which may hold a Secret, and because it keeps silent about duplicate keys.
 */
export function parseJsonText(text: string, maxDepth: number): ParsedJson {
  const reader: Reader = { text, offset: 0, maxDepth };
  try {
    const root = readValue(reader, 0);
    skipSpace(reader);
    if (reader.offset < text.length)
      throw new JsonMistake(mistakeAt(reader, 'text stands behind the end of the value'));
    return { state: 'parsed', root };
  } catch (error) {
    if (error instanceof JsonMistake) return { state: 'broken', finding: error.finding };
    throw error;
  }
}

interface Reader {
  readonly text: string;
  readonly maxDepth: number;
  offset: number;
}

/** Leaves the recursion; never leaves this file. */
class JsonMistake extends Error {
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.message);
    this.finding = finding;
  }
}

function readValue(reader: Reader, depth: number): YamlNode {
  skipSpace(reader);
  const { text, offset, maxDepth } = reader;
  const sign = text[offset];
  if ((sign === '{' || sign === '[') && depth >= maxDepth) throw new JsonMistake(tooDeep(offset, maxDepth));
  if (sign === '{') return readMap(reader, depth + 1);
  if (sign === '[') return readList(reader, depth + 1);
  if (sign === '"') return readString(reader);
  return readWord(reader);
}

function readMap(reader: Reader, depth: number): YamlNode {
  const start = reader.offset;
  const entries: MapEntry[] = [];
  readItems(reader, '}', () => {
    if (reader.text[reader.offset] !== '"')
      throw new JsonMistake(mistakeAt(reader, 'a key in double quotes is expected'));
    const key = readString(reader);
    expect(reader, ':');
    entries.push({ key, value: readValue(reader, depth) });
  });
  return { kind: 'map', entries, flow: true, tag: undefined, anchor: undefined, start, end: reader.offset };
}

function readList(reader: Reader, depth: number): YamlNode {
  const start = reader.offset;
  const items: YamlNode[] = [];
  readItems(reader, ']', () => void items.push(readValue(reader, depth)));
  return { kind: 'list', items, flow: true, tag: undefined, anchor: undefined, start, end: reader.offset };
}

function readItems(reader: Reader, close: '}' | ']', readItem: () => void): void {
  reader.offset += 1;
  skipSpace(reader);
  if (take(reader, close)) return;
  do {
    skipSpace(reader);
    if (reader.text[reader.offset] === close) throw new JsonMistake(mistakeAt(reader, 'a comma stands before the end'));
    readItem();
    skipSpace(reader);
  } while (take(reader, ','));
  expect(reader, close);
}

function readString(reader: Reader): YamlNode {
  const { text, offset: start } = reader;
  reader.offset += 1;
  while (text[reader.offset] !== '"') readCharacter(reader, start);
  reader.offset += 1;
  const end = reader.offset;
  const value: unknown = JSON.parse(text.slice(start, end)); // Cannot throw: every character was checked.
  return { kind: 'scalar', text: String(value), plain: false, tag: undefined, anchor: undefined, start, end };
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

function readCharacter(reader: Reader, start: number): void {
  const { text, offset } = reader;
  if (offset >= text.length) throw new JsonMistake(mistake(start, 'the " that opens here is never closed'));
  if (text.charCodeAt(offset) < 0x20) throw new JsonMistake(mistake(offset, 'a string holds a line end or a tab'));
  if (text[offset] !== '\\') reader.offset += 1;
  else if (!match(reader, ESCAPE))
    throw new JsonMistake(mistake(offset, 'a string holds an escape that JSON does not know'));
}

const WORD = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.+-])/y;

/** A number, a boolean or null. */
function readWord(reader: Reader): YamlNode {
  const start = reader.offset;
  if (!match(reader, WORD)) throw new JsonMistake(mistakeAt(reader, 'a value is expected'));
  const text = reader.text.slice(start, reader.offset);
  // To YAML it would be text.
  if (Number(text) === Infinity || Number(text) === -Infinity) {
    throw new JsonMistake(
      errorAt(start, 'YAML_VALUE', 'a number is larger than a double can hold', 'Quote it if you mean text.'),
    );
  }
  return { kind: 'scalar', text, plain: true, tag: undefined, anchor: undefined, start, end: reader.offset };
}

const SPACE = /[ \t\r\n]*/y;

function skipSpace(reader: Reader): void {
  match(reader, SPACE);
}

function expect(reader: Reader, sign: ':' | '}' | ']'): void {
  skipSpace(reader);
  if (take(reader, sign)) return;
  const what = sign === ':' ? 'a colon' : `a comma or ${sign}`;
  throw new JsonMistake(mistakeAt(reader, `${what} is expected`));
}

function take(reader: Reader, sign: string): boolean {
  if (reader.text[reader.offset] !== sign) return false;
  reader.offset += 1;
  return true;
}

/** Moves behind what `pattern`, a sticky one, finds at the offset. */
function match(reader: Reader, pattern: RegExp): boolean {
  pattern.lastIndex = reader.offset;
  if (!pattern.test(reader.text)) return false;
  reader.offset = pattern.lastIndex;
  return true;
}

/** Says why people write what stands there instead, where we know. */
function mistakeAt({ text, offset }: Reader, message: string): Finding {
  if (text.startsWith('{{', offset)) return templateAt(offset);
  if (text.startsWith('{{', offset - 1)) return templateAt(offset - 1);
  if (/^(?:\/[/*]|#)/.test(text.slice(offset, offset + 2))) return mistake(offset, 'JSON has no comments');
  return mistake(offset, offset < text.length ? message : `${message}, and the file ends`);
}

function mistake(offset: number, message: string): Finding {
  return errorAt(offset, 'YAML_SYNTAX', message, 'Mend it, or call the file .yaml if it is YAML.');
}
