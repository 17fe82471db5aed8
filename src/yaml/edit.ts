import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, sameJson } from '../object/json.ts';
import { type ParsedFile, parseYaml } from '../yaml.ts';
import { composeDocument } from './compose.ts';
import { YAML_LIMITS } from './limits.ts';
import type { MapEntry, MapNode, YamlNode } from './node.ts';
import { printFlow, printYaml } from './print.ts';
import { splitDocuments } from './split-documents.ts';

type Scalar = string | number | boolean;

/**
 * `append` adds to a list, which is made where there is none; `set` writes one scalar over another, or a new one. Text over
 * text is in quotes unless it is `plain`: then it has them only where it must, which can be refused within `[]` and `{}`.
 */
export type YamlChange =
  | { readonly kind: 'append'; readonly value: Scalar }
  | { readonly kind: 'set'; readonly value: Scalar; readonly plain?: boolean };

export type EditedYaml =
  | { readonly state: 'edited'; readonly text: string }
  /** `reason` is for people: the file has to be edited by hand. */
  | { readonly state: 'refused'; readonly reason: string };

/**
 * Changes one place of a file and leaves every other character as it is, comments included. `path` names keys of maps
 * from the root of the document with index `document`. The result is read again before it is given: it has exactly this
 * change, or there is none.
 */
export function editYaml(text: string, path: readonly string[], change: YamlChange, document = 0): EditedYaml {
  const before = parseYaml(text);
  const target = before.documents.find(({ index }) => index === document);
  if (before.broken || target === undefined) return refuse('the file has errors, or no such document');
  const wanted = changeValue(target.value, path, change);
  const part = splitDocuments(text, Infinity).documents[document];
  const composed = part && composeDocument(part, YAML_LIMITS.maxDepth);
  const edited = composed?.state === 'composed' ? spliceAt(text, composed.root, path, change) : undefined;
  if (wanted === undefined || edited === undefined)
    return refuse(`${path.join('.')} holds something else, or comes from an anchor`);
  if (!hasOnlyThisChange(before, parseYaml(edited), document, wanted)) {
    return refuse('the file is written in a way that this edit would break');
  }
  return { state: 'edited', text: edited };
}

function refuse(reason: string): EditedYaml {
  return { state: 'refused', reason };
}

/** Undefined where the path leads through something that is no map, or ends in something of another kind. */
function changeValue(value: JsonValue | undefined, path: readonly string[], change: YamlChange): JsonValue | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return changeEnd(value ?? null, change);
  const map: JsonObject | undefined = value == null ? {} : isObject(value) ? value : undefined;
  const inner = map && changeValue(Object.hasOwn(map, key) ? map[key] : undefined, rest, change);
  return inner === undefined ? undefined : { ...map, [key]: inner };
}

function changeEnd(value: JsonValue, change: YamlChange): JsonValue | undefined {
  if (change.kind === 'set') return typeof value === 'object' && value !== null ? undefined : change.value;
  if (value === null) return [change.value];
  return isList(value) ? [...value, change.value] : undefined;
}

function hasOnlyThisChange(before: ParsedFile, after: ParsedFile, document: number, wanted: JsonValue): boolean {
  if (after.broken || after.documents.length !== before.documents.length) return false;
  return after.documents.every(({ index, value }, at) =>
    sameJson(value, index === document ? wanted : before.documents[at]?.value),
  );
}

/** Undefined where the path meets an alias, or something of another kind. */
function spliceAt(text: string, node: YamlNode, path: readonly string[], change: YamlChange): string | undefined {
  const [key, ...rest] = path;
  if (key === undefined)
    return change.kind === 'append'
      ? addItem(text, node, change.value)
      : setScalar(text, node, change.value, change.plain === true);
  if (node.kind !== 'map') return undefined;
  const entry = node.entries.find((each) => each.key.kind === 'scalar' && each.key.text === key);
  if (entry === undefined) return addEntry(text, node, key, nest(rest, change));
  if (entry.value === undefined || isEmpty(entry.value)) return fillEntry(text, entry, nest(rest, change));
  return spliceAt(text, entry.value, rest, change);
}

/** What a path that leads nowhere yet leads to. */
function nest(path: readonly string[], change: YamlChange): JsonValue {
  const end = change.kind === 'set' ? change.value : [change.value];
  return path.reduceRight<JsonValue>((value, key) => ({ [key]: value }), end);
}

/** `a:`, `a: ~` and `a: null`. */
function isEmpty(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:|~|null|Null|NULL)$/.test(node.text);
}

function setScalar(text: string, node: YamlNode, value: Scalar, plain: boolean): string | undefined {
  const printed = plain && !String(value).includes('\n') ? printYaml(value).trimEnd() : printFlow(value);
  return node.kind === 'scalar' ? replace(text, node.start, contentEnd(text, node), printed) : undefined;
}

function addItem(text: string, node: YamlNode, value: Scalar): string | undefined {
  if (node.kind !== 'list') return undefined;
  const last = node.items.at(-1);
  if (!node.flow && last !== undefined) return addLines(text, lastEnd(last), node.start, [`- ${printFlow(value)}`]);
  return addToFlow(text, node.start, last, printFlow(value));
}

function addEntry(text: string, map: MapNode, key: string, value: JsonValue): string {
  const last = map.entries.at(-1);
  const end = last?.value ?? last?.key;
  if (!map.flow && end !== undefined) {
    return addLines(
      text,
      lastEnd(end),
      map.start,
      printYaml({ [key]: value })
        .trimEnd()
        .split('\n'),
    );
  }
  return addToFlow(text, map.start, end, `${printFlow(key)}: ${printFlow(value)}`);
}

/** Behind the colon, where a comment may follow. */
function fillEntry(text: string, { key, value: node }: MapEntry, value: JsonValue): string {
  if (node !== undefined && node.end > node.start) return replace(text, node.start, node.end, printFlow(value));
  const colon = text.indexOf(':', key.end) + 1;
  return replace(text, colon, colon, ` ${printFlow(value)}`);
}

function addToFlow(text: string, start: number, last: YamlNode | undefined, printed: string): string {
  const at = last?.end ?? start + 1;
  return replace(text, at, at, last === undefined ? printed : `, ${printed}`);
}

/** Whole lines behind the one that `end` is on, indented as what stands at `sibling`. */
function addLines(text: string, end: number, sibling: number, lines: readonly string[]): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = ' '.repeat(sibling - (text.lastIndexOf('\n', sibling - 1) + 1));
  const added = lines.map((line) => `${indent}${line}${newline}`).join('');
  const lineEnd = text.indexOf('\n', end - 1) + 1;
  return lineEnd === 0 ? `${text}${newline}${added}` : replace(text, lineEnd, lineEnd, added);
}

/** A block collection reaches over the comments behind it; its last line is that of the last thing in it. */
function lastEnd(node: YamlNode): number {
  if (node.kind === 'list' && !node.flow)
    return node.items.length === 0 ? node.end : lastEnd(node.items.at(-1) ?? node);
  if (node.kind !== 'map' || node.flow) return node.end;
  const last = node.entries.at(-1);
  return last === undefined ? node.end : lastEnd(last.value ?? last.key);
}

/** Without the line end that a block scalar has. */
function contentEnd(text: string, node: YamlNode): number {
  return text[node.end - 1] === '\n' ? node.end - 1 : node.end;
}

function replace(text: string, start: number, end: number, inserted: string): string {
  return text.slice(0, start) + inserted + text.slice(end);
}
