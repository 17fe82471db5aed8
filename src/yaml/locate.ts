import { composeDocument } from './compose.ts';
import { type Position, positionsOf } from './finding.ts';
import { YAML_LIMITS } from './limits.ts';
import { type AliasNode, isMerge, type MapEntry, type MapNode, type YamlNode } from './node.ts';
import { parseJsonText } from './parse-json-text.ts';
import { readText } from './read-text.ts';
import { splitDocuments } from './split-documents.ts';

/** A path in a value, from the document's root: keys of maps, positions in lists (`0` or `'0'`). */
export type Pointer = readonly (string | number)[];

/** Finds a key or a value in the document with that index. */
export type Locator = (document: number, pointer: Pointer, part: 'key' | 'value') => Position;

/**
 * Where keys and values stand in a file that {@link parseYaml} has read. A document is parsed again when something in it is
 * asked for, so that one about which nobody asks, as about nearly all manifests, costs nothing. What an alias or `<<` brings
 * stands where the anchor is. A path that leads nowhere gives the key of the nearest thing that is there, for a field that is
 * missing.
 */
export function createLocator(content: string | Uint8Array, format: 'yaml' | 'json' = 'yaml'): Locator {
  const read = once(() => readText(content, { ...YAML_LIMITS, maxBytes: Infinity, maxGeneratedBytes: Infinity }));
  const roots = new Map<number, Root | undefined>();
  const positions = once(() => {
    const text = read();
    return text.state === 'refused' ? undefined : positionsOf(text.text);
  });
  const rootOf = (text: string, document: number): Root | undefined => {
    if (!roots.has(document))
      roots.set(document, withTargets(format === 'json' ? jsonRoot(text) : yamlRoot(text, document)));
    return roots.get(document);
  };
  return (document, pointer, part) => {
    const text = read();
    if (text.state === 'refused') return { line: 1, column: 1 };
    const root = rootOf(text.text, document);
    const offset = root === undefined ? 0 : findOffset(root, pointer, part);
    return positions()?.(offset) ?? { line: 1, column: 1 };
  };
}

/** A document, and what its aliases stand for. */
interface Root {
  readonly node: YamlNode;
  readonly targets: AliasTargets;
}

function withTargets(node: YamlNode | undefined): Root | undefined {
  return node === undefined ? undefined : { node, targets: aliasTargets(node) };
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

function jsonRoot(text: string): YamlNode | undefined {
  const parsed = parseJsonText(text, DEEP_ENOUGH);
  return parsed.state === 'parsed' ? parsed.root : undefined;
}

function yamlRoot(text: string, index: number): YamlNode | undefined {
  const document = splitDocuments(text, Infinity).documents[index];
  const composed = document === undefined ? undefined : composeDocument(document, DEEP_ENOUGH);
  return composed?.state === 'composed' ? composed.root : undefined;
}

/** The file was read with the limits of the settings, which are not known here; the readers recurse. */
const DEEP_ENOUGH = 1_000;

function findOffset({ node, targets }: Root, pointer: Pointer, part: 'key' | 'value'): number {
  let place = { key: node, value: node };
  for (const step of pointer) {
    const next = stepInto(followAlias(place.value, targets), step, targets);
    if (next === undefined) return place.key.start;
    place = next;
  }
  return part === 'key' ? place.key.start : followAlias(place.value, targets).start;
}

interface Place {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

type AliasTargets = ReadonlyMap<AliasNode, YamlNode>;

function stepInto(node: YamlNode, step: string | number, targets: AliasTargets): Place | undefined {
  if (node.kind === 'list') {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (node.kind !== 'map') return undefined;
  const entry = findEntry(node, String(step), targets, new Set());
  return entry === undefined ? undefined : { key: entry.key, value: entry.value ?? entry.key };
}

/** `seen` ends the search where maps merge one another in a circle. */
function findEntry(map: MapNode, name: string, targets: AliasTargets, seen: Set<MapNode>): MapEntry | undefined {
  seen.add(map);
  const written = map.entries.find((entry) => !isMerge(entry) && keyText(entry.key, targets) === name);
  if (written !== undefined) return written;
  for (const { value } of map.entries.filter(isMerge)) {
    for (const source of value?.kind === 'list' ? value.items : [value]) {
      const merged = source === undefined ? undefined : followAlias(source, targets);
      if (merged?.kind !== 'map' || seen.has(merged)) continue;
      const found = findEntry(merged, name, targets, seen);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function keyText(key: YamlNode, targets: AliasTargets): string | undefined {
  const node = followAlias(key, targets);
  return node.kind === 'scalar' ? node.text : undefined;
}

/** An alias cannot have an anchor, so one step is enough. */
function followAlias(node: YamlNode, targets: AliasTargets): YamlNode {
  return node.kind === 'alias' ? (targets.get(node) ?? node) : node;
}

/** For each alias the last node before it that carries its anchor. */
function aliasTargets(root: YamlNode): AliasTargets {
  const anchors = new Map<string, YamlNode>();
  const targets = new Map<AliasNode, YamlNode>();
  const visit = (node: YamlNode): void => {
    if (node.kind === 'alias') {
      const target = anchors.get(node.name);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (node.kind === 'list') node.items.forEach(visit);
    if (node.kind === 'map') for (const { key, value } of node.entries) [key, ...(value ? [value] : [])].forEach(visit);
  };
  visit(root);
  return targets;
}
