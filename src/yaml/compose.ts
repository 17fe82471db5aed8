/** The only file that knows the npm package `yaml`: text in, {@link YamlNode} out. */
import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Document,
  Lexer,
  type ParsedNode,
  Parser,
} from 'yaml';
import { errorAt, type Finding } from './finding.ts';
import { tooDeep } from './limits.ts';
import type { YamlNode } from './node.ts';
import type { DocumentText } from './split-documents.ts';
import { explainSyntax } from './syntax-messages.ts';

/** `broken` carries the first mistake: what the library says after it follows from it. */
export type Composed =
  | { readonly state: 'composed'; readonly root: YamlNode }
  | { readonly state: 'broken'; readonly finding: Finding };

/**
 * Scalars stay text here, so that all their rules stand in `resolve-scalar.ts`. The library's own check for duplicate
 * keys compares each with all before it: `convert.ts` does it in one pass.
 */
const OPTIONS = {
  schema: 'failsafe',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
  resolveKnownTags: false,
} as const;

/** What the parser's stack holds besides the open collections: the document and a scalar. */
const STACK_EXTRA = 2;

/**
 * Parses one document. Offsets count in the whole file. Never throws; what nests deeper than `maxDepth` is refused while
 * it is read, because the library recurses.
 */
export function composeDocument(document: DocumentText, maxDepth: number): Composed {
  const { stackTraceLimit } = Error;
  // The library makes an Error for each mistake, up to one for each character: their stack traces cost seconds and gigabytes.
  Error.stackTraceLimit = 0;
  try {
    return compose(document, maxDepth);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    return broken(errorAt(document.start, 'YAML_SYNTAX', `the YAML library gave up on this document (${name})`));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function compose({ start, text }: DocumentText, maxDepth: number): Composed {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > maxDepth + STACK_EXTRA) return broken(tooDeep(start + parser.offset, maxDepth));
    if (tokens.at(-1)?.type === 'error') break; // Nothing is open here, and one mistake is enough.
  }
  for (const token of parser.end()) tokens.push(token);
  const directive = tokens.find((token) => token.type === 'directive');
  if (directive !== undefined) return broken(refuseDirective(start + directive.offset));
  const [first, second] = new Composer(OPTIONS).compose(tokens, true, text.length);
  if (first === undefined) return broken(errorAt(start, 'YAML_SYNTAX', 'the YAML library found no document'));
  const mistake = firstMistake(first, tokens, text);
  if (mistake !== undefined) return broken(explainSyntax(mistake.what, mistake.offset, { start, text }));
  if (second !== undefined) return broken(afterEnd(start + second.range[0]));
  const misread = findMisread(tokens, text);
  if (misread !== undefined) return broken({ ...misread, offset: start + misread.offset });
  return { state: 'composed', root: toNode(first.contents, start) };
}

function broken(finding: Finding): Composed {
  return { state: 'broken', finding };
}

function refuseDirective(offset: number): Finding {
  const message = 'a line that begins with % is a directive, and kubectl takes none';
  return errorAt(offset, 'YAML_SYNTAX', message, 'Remove it: every file is read by the same rules.');
}

function afterEnd(offset: number): Finding {
  const message = 'text stands behind the end of the document (...), where kubectl does not read it';
  return errorAt(offset, 'YAML_SYNTAX', message, 'Write --- in place of the three dots.');
}

function toNode(node: ParsedNode | null, base: number): YamlNode {
  const start = base + (node?.range[0] ?? 0);
  const end = base + (node?.range[1] ?? 0);
  if (isAlias(node)) return { kind: 'alias', name: node.source, start, end };
  const tag = node?.tag;
  const anchor = node?.anchor;
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => ({
      key: toNode(key, base),
      value: value === null ? undefined : toNode(value, base),
    }));
    return { kind: 'map', entries, flow: node.flow === true, tag, anchor, start, end };
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => toNode(item, base));
    return { kind: 'list', items, flow: node.flow === true, tag, anchor, start, end };
  }
  const plain = !isScalar(node) || node.type === 'PLAIN';
  return { kind: 'scalar', text: node?.source ?? '', plain, tag, anchor, start, end };
}

interface Mistake {
  /** The library's words, or the quote or bracket that stays open. */
  readonly what: string;
  readonly offset: number;
}

/**
 * The library reports an open quote or bracket where it stopped looking for the end, far below: what opens it is the
 * mistake. It overlooks a quote that is escaped as the very last character.
 */
function firstMistake({ errors }: Document.Parsed, tokens: readonly CST.Token[], text: string): Mistake | undefined {
  if (errors.length === 0 && !/["']$/.test(text)) return undefined;
  const open = tokens.flatMap((token) => [...tokensIn(token)]).find(isOpen);
  const mistakes: readonly Mistake[] = [
    ...(open === undefined ? [] : [causeOf(open)].map(({ offset }) => ({ what: text.charAt(offset), offset }))),
    ...errors.map(({ message, pos }) => ({ what: message, offset: pos[0] })),
  ];
  let first = mistakes[0];
  for (const each of mistakes) if (first === undefined || each.offset < first.offset) first = each;
  return first;
}

/** An open quote takes in every bracket behind it, and so does a [ that meets a }: what is open around them follows. */
function causeOf(open: CST.Token): CST.Token {
  const inner = [...tokensIn(open)].filter(isOpen);
  return inner.find((token) => token.type !== 'flow-collection' || token.end[0] !== undefined) ?? open;
}

function* tokensIn(token: CST.Token): Generator<CST.Token, void> {
  yield token;
  if (token.type === 'document' && token.value !== undefined) yield* tokensIn(token.value);
  if (!('items' in token)) return;
  for (const { key, value } of token.items) {
    if (key != null) yield* tokensIn(key);
    if (value !== undefined) yield* tokensIn(value);
  }
}

function isOpen(token: CST.Token): boolean {
  switch (token.type) {
    case 'flow-collection':
      return token.end[0]?.source !== (token.start.source === '{' ? '}' : ']');
    case 'single-quoted-scalar':
      return trailing(token.source.slice(1), "'") % 2 === 0; // Two in a row stand for one.
    case 'double-quoted-scalar':
      return (
        token.source.length < 2 || !token.source.endsWith('"') || trailing(token.source.slice(0, -1), '\\') % 2 === 1
      );
    default:
      return false;
  }
}

/** How many times `sign` stands at the end of `text`. */
function trailing(text: string, sign: string): number {
  let count = 0;
  while (count < text.length && text[text.length - 1 - count] === sign) count += 1;
  return count;
}

/** What can only be misread where it stands in the text: nearly always nowhere. */
const SUSPICIOUS = /[|>][-+]?[1-9]|\\\r?\n[ \t]*\r?\n/;

/**
 * Two rare forms that this library reads differently from kubectl, found by comparing them on random texts. A wrong value
 * would pass unseen, so they are refused.
 */
function findMisread(tokens: readonly CST.Token[], text: string): Finding | undefined {
  if (!SUSPICIOUS.test(text)) return undefined;
  for (const token of tokens.flatMap((each) => [...tokensIn(each)])) {
    if (token.type === 'double-quoted-scalar' && /(?<!\\)(?:\\\\)*\\\r?\n[ \t]*\r?\n/.test(token.source)) {
      const message = 'an empty line follows a line that ends with a backslash, which YAML libraries read differently';
      return errorAt(token.offset, 'YAML_SYNTAX', message, 'Write \\n for the line end.');
    }
    if (token.type === 'block-scalar' && endsInSpaces(token, text)) {
      const message =
        'a block with an indentation indicator ends in lines of spaces, which YAML libraries read differently';
      return errorAt(token.offset, 'YAML_SYNTAX', message, 'Remove these spaces, or use double quotes.');
    }
  }
  return undefined;
}

function endsInSpaces(token: CST.BlockScalar, text: string): boolean {
  const header = token.props.map((prop) => ('source' in prop ? prop.source : '')).join('');
  const indicator = /\d/.exec(header.replace(/#.*/, ''))?.[0];
  if (indicator === undefined) return false;
  const after = /^[ \r\n]*/.exec(text.slice(token.offset + header.length + token.source.length))?.[0] ?? '';
  const lines = (token.source + after).split('\n').slice(0, -1);
  const blank = lines.slice(lines.findLastIndex((line) => line.trim() !== '') + 1);
  return blank.some((line) => line.replace('\r', '').length > token.indent + Number(indicator));
}
