import type { JsonValue } from '../model/json.ts';
import { isList, isObject } from '../object/json.ts';
import { UNSAFE_KEYS } from '../object/unsafe-keys.ts';
import { convertAlias } from './convert-alias.ts';
import { checkCollectionTag, convertScalar } from './convert-scalar.ts';
import { type DocumentState, fail, failAt, type FileState, warnAt, weightOf } from './document-state.ts';
import { quoteName } from '../object/hidden.ts';
import { errorAt } from './finding.ts';
import { group, tooDeep } from './limits.ts';
import { isMerge, type AliasNode, type MapEntry, type MapNode, type ScalarNode, type YamlNode } from './node.ts';
import { resolvePlain } from './resolve-scalar.ts';
import { templateAt } from './syntax-messages.ts';

/** The value that kubectl gives for a document; undefined, and reported, where it has none. */
export function convertDocument(file: FileState, root: YamlNode): JsonValue | undefined {
  const state: DocumentState = { file, anchors: new Map(), weight: 0, failed: false };
  const value = convert(state, root, 0);
  return state.failed ? undefined : value;
}

/** YAML 1.1, and with it kubectl, ends the name at any other sign; YAML 1.2 goes on. */
const ANCHOR_NAME = /^[\w-]+$/;

/** `key`: that of the map whose value this is, where there is one. */
function convert(state: DocumentState, node: YamlNode, depth: number, key?: string): JsonValue {
  if (node.kind === 'alias') return convertAlias(state, node, depth);
  if (node.anchor === undefined) return convertUnnamed(state, node, depth, key);
  if (!ANCHOR_NAME.test(node.anchor)) {
    const help = 'Use letters, digits, - and _, or quote the value if the & belongs to it.';
    return failAt(state, node, 'the name of an anchor holds a sign that kubectl does not allow there', help);
  }
  const before = state.weight;
  state.anchors.set(node.anchor, { value: undefined, weight: 0 });
  const value = convertUnnamed(state, node, depth, key);
  state.anchors.set(node.anchor, { value, weight: state.weight - before });
  return value;
}

function convertUnnamed(
  state: DocumentState,
  node: Exclude<YamlNode, AliasNode>,
  depth: number,
  key?: string,
): JsonValue {
  if (node.kind === 'scalar') return convertScalar(state, node, key);
  state.weight += 1;
  checkCollectionTag(state, node);
  const { maxDepth } = state.file.limits;
  if (depth >= maxDepth) return fail(state, tooDeep(node.start, maxDepth));
  if (node.kind === 'map') return convertMap(state, node, depth + 1);
  if (node.flow) for (const item of node.items) checkFlowText(state, item);
  return node.items.map((item) => convert(state, item, depth + 1));
}

/** Stands for `<<`, because a quoted "<<" is a key like any other. */
const MERGE = Symbol('<<');

function convertMap(state: DocumentState, node: MapNode, depth: number): JsonValue {
  const { maxKeys } = state.file.limits;
  if (node.entries.length > maxKeys) {
    const message = `this map has ${group(node.entries.length)} keys; the limit is ${group(maxKeys)}`;
    return fail(state, errorAt(node.start, 'TOO_LARGE', message));
  }
  const result: Record<string, JsonValue> = {};
  /** Where each key stands, without merged ones. */
  const written = new Map<string | typeof MERGE, number>();
  for (const entry of node.entries) {
    if (node.flow) checkFlowEntry(state, entry);
    const key = isMerge(entry) ? MERGE : convertKey(state, node, entry.key);
    if (key === undefined) continue;
    const first = written.get(key);
    if (first !== undefined) reportDuplicate(state, entry, key, first);
    written.set(key, entry.key.start);
    const name = key === MERGE ? undefined : key;
    const value = entry.value === undefined ? null : convert(state, entry.value, depth, name);
    if (key === MERGE) mergeInto(state, result, entry, value, written);
    else result[key] = value;
  }
  return result;
}

function reportDuplicate(
  state: DocumentState,
  { key: node }: MapEntry,
  key: string | typeof MERGE,
  first: number,
): void {
  const [name, help] =
    key === MERGE ? ['<<', 'Merge several maps with one list: <<: [*a, *b].'] : [quoteName(key), 'Remove one of them.'];
  const message = `the key ${name} stands twice in one map, first at ${state.file.place(first)}`;
  fail(state, errorAt(node.start, 'DUPLICATE_KEY', message, help));
}

/** In braces and brackets kubectl, with YAML 1.1, takes some signs for something else than text. */
function checkFlowEntry(state: DocumentState, { key, value }: MapEntry): void {
  checkFlowText(state, key);
  if (value !== undefined) checkFlowText(state, value);
  const { text } = state.file;
  if (key.kind !== 'scalar' || !key.plain || text[key.end] !== ':') return;
  if (!/[,[\]{}]/.test(text.charAt(key.end + 1))) return;
  const message = 'a colon without a space behind it belongs to the text before it';
  failAt(state, key, message, 'Add a space, or quote the text.');
}

function checkFlowText(state: DocumentState, node: YamlNode): void {
  if (node.kind !== 'scalar' || !node.plain || !/^[?:]/.test(node.text)) return;
  failAt(state, node, `text in braces or brackets cannot begin with ${node.text.charAt(0)}`, 'Quote it.');
}

/** Undefined, and reported, where there is none. */
function convertKey(state: DocumentState, map: MapNode, node: YamlNode): string | undefined {
  if (node.kind === 'map' || node.kind === 'list') return refuseKey(state, map, node);
  const plain = node.kind === 'scalar' && node.plain && node.tag === undefined && node.anchor === undefined;
  const key = plain ? convertPlainKey(state, node) : convert(state, node, 0);
  if (typeof key === 'string' && !UNSAFE_KEYS.has(key)) return key;
  if (typeof key === 'string') {
    failAt(state, node, `the key ${quoteName(key)} is refused: it can change the programs that read it`, 'Rename it.');
  } else if (!state.failed) {
    failAt(state, node, 'a key is not text', 'Quote it where it is first written.');
  }
  return undefined;
}

function refuseKey(state: DocumentState, map: MapNode, node: YamlNode): undefined {
  const template = [map.start, node.start].find((start) => state.file.text.startsWith('{{', start));
  if (template !== undefined) fail(state, templateAt(template));
  else failAt(state, node, 'a key is a map or a list; keys must be text', 'Quote it if you mean text.');
}

/** Apart from values, because what surprises people there is an error here. */
function convertPlainKey(state: DocumentState, node: ScalarNode): string | undefined {
  const { text } = node;
  state.weight += weightOf(text);
  const resolved = resolvePlain(text);
  if (resolved.state === 'exact' && typeof resolved.value === 'string') return resolved.value;
  const [message, help] =
    text === ''
      ? ['a colon has no key before it', 'Quote the value if the colon belongs to it.']
      : [`the key ${quoteName(text)} is a number, a boolean or null; keys must be text`, `Quote it: "${text}".`];
  failAt(state, node, message, help);
  return undefined;
}

/** Written keys win over merged ones, and earlier maps over later ones, as YAML says. */
function mergeInto(
  state: DocumentState,
  result: Record<string, JsonValue>,
  { key, value: node }: MapEntry,
  value: JsonValue,
  written: ReadonlyMap<string | typeof MERGE, number>,
): void {
  const maps = node?.kind === 'list' && isList(value) ? value : [value];
  if (!maps.every(isObject)) {
    if (!state.failed) failAt(state, key, '<< merges maps, and this is something else', 'Quote it if you mean a key.');
    return;
  }
  const late = maps.flatMap(Object.keys).find((name) => written.has(name));
  if (late !== undefined) {
    const message = `the key ${quoteName(late)} stands before << and stays; kubectl would take the merged one`;
    warnAt(state, key, 'YAML_VALUE', message, 'Put << first.');
  }
  for (const [name, item] of maps.flatMap((map) => Object.entries(map))) {
    if (!Object.hasOwn(result, name)) result[name] = item;
  }
}
