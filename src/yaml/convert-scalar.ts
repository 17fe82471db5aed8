import type { JsonValue } from '../model/json.ts';
import { type DocumentState, failAt, warnAt, weightOf } from './document-state.ts';
import type { AliasNode, ScalarNode, YamlNode } from './node.ts';
import { resolvePlain, type Resolved, resolveTagged, surpriseOf } from './resolve-scalar.ts';

const YAML_TAG = 'tag:yaml.org,2002:';

const SCALAR_TAGS: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'null', 'binary']);

/**
 * The value of a scalar; null, and reported, where it has none. Warns where the value is not what people see. `key`: that
 * of the map whose value it is.
 */
export function convertScalar(state: DocumentState, node: ScalarNode, key?: string): JsonValue {
  const { text, tag } = node;
  state.weight += weightOf(text);
  if (tag !== undefined) return convertTagged(state, node, tag);
  if (node.plain) return accept(state, node, resolvePlain(text), key);
  if (text.isWellFormed()) return text;
  const message = 'double quotes hold half of a surrogate pair, which is no character';
  return failAt(state, node, message, 'Write the character itself, or \\U and its eight digits.');
}

function convertTagged(state: DocumentState, node: ScalarNode, tag: string): JsonValue {
  if (tag === '!') return node.text; // It only says "not plain".
  const name = tag.startsWith(YAML_TAG) ? tag.slice(YAML_TAG.length) : '';
  return SCALAR_TAGS.has(name) ? accept(state, node, resolveTagged(name, node.text)) : refuseTag(state, node, tag);
}

function accept(state: DocumentState, node: ScalarNode, resolved: Resolved, key?: string): JsonValue {
  if (resolved.state === 'none') return failAt(state, node, resolved.reason, resolved.help);
  if (resolved.state === 'rounded') {
    const message = 'an integer outside 64 bits is rounded, as kubectl and API servers do';
    warnAt(state, node, 'YAML_VALUE', message, 'Quote it if you mean text.');
  }
  if (typeof resolved.value !== 'string' && node.tag === undefined) warnIfSurprising(state, node, resolved.value, key);
  return resolved.value;
}

/** Where Kubernetes has the mode of a file, `0755` is what everybody writes and means. */
const FILE_MODES: ReadonlySet<string> = new Set(['mode', 'defaultMode']);
const OCTAL = /^0[0-7]+$/;

function warnIfSurprising(state: DocumentState, node: ScalarNode, value: JsonValue, key?: string): void {
  const surprise = surpriseOf(node.text, value);
  if (surprise === undefined || (key !== undefined && FILE_MODES.has(key) && OCTAL.test(node.text))) return;
  const octal = surprise === 'leading zero';
  const message = octal
    ? 'a number with a leading zero is read as octal if its digits allow that, else as decimal' // It may be a PIN: do not name it.
    : `${node.text} without quotes is read as the boolean ${surprise}`;
  const help = `Write ${octal ? 'the number you mean' : surprise}, or quote it if you mean text.`;
  warnAt(state, node, 'AMBIGUOUS_SCALAR', message, help);
}

/** Refuses every tag of a collection but its own. */
export function checkCollectionTag(state: DocumentState, node: Exclude<YamlNode, AliasNode | ScalarNode>): void {
  const { tag } = node;
  const own = YAML_TAG + (node.kind === 'map' ? 'map' : 'seq');
  if (tag !== undefined && tag !== '!' && tag !== own) refuseTag(state, node, tag);
}

/** Of YAML's tag repository (yaml.org/type). */
const KNOWN_TAGS = new Set(
  'binary bool float int map merge null omap pairs seq set str timestamp value yaml'.split(' '),
);

function refuseTag(state: DocumentState, node: Exclude<YamlNode, AliasNode>, tag: string): null {
  // Any other may be no tag but the beginning of a value, perhaps of a password: it is not repeated.
  const known = tag.startsWith(YAML_TAG) && KNOWN_TAGS.has(tag.slice(YAML_TAG.length));
  const what = known ? `the tag !!${tag.slice(YAML_TAG.length)}` : 'this tag';
  const message = `${what} has no meaning here; kubectl would ignore it`;
  return failAt(state, node, message, 'Remove it, or quote the value if the ! belongs to it.');
}
