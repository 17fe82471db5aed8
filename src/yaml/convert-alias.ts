import type { JsonValue } from '../model/json.ts';
import { isList } from '../object/json.ts';
import { type DocumentState, fail, failAt } from './document-state.ts';
import { nearestName } from '../object/nearest.ts';
import { quoteName } from '../object/hidden.ts';
import { errorAt } from './finding.ts';
import { group, tooDeep } from './limits.ts';
import type { AliasNode } from './node.ts';

/** A copy of what the anchor names; null, and reported, where there is none or where it would be too much. */
export function convertAlias(state: DocumentState, node: AliasNode, depth: number): JsonValue {
  const { file, anchors } = state;
  const anchor = anchors.get(node.name);
  if (anchor === undefined) {
    // It may be no alias but a value that begins with an asterisk, perhaps a password: it is not repeated.
    const meant = nearestName(node.name, [...anchors.keys()]);
    const help =
      meant === undefined ? 'Quote the value if the * belongs to it.' : `Did you mean ${quoteName(`*${meant}`)}?`;
    return failAt(state, node, 'no anchor of this name stands before this alias', help);
  }
  if (anchor.value === undefined) {
    return failAt(state, node, `the anchor ${quoteName(node.name)} holds itself, and so would have no end`);
  }
  if (file.refused) return skip(state);
  file.aliases += 1;
  file.expansion += anchor.weight;
  state.weight += anchor.weight;
  const { maxAliases, maxExpansion } = file.limits;
  if (file.aliases > maxAliases) {
    const message = `the file uses anchors more than ${group(maxAliases)} times, which is the limit`;
    return refuse(state, node, message);
  }
  if (file.expansion > maxExpansion) {
    const message = `the anchors of the file stand for more than ${group(maxExpansion)} values, which is the limit`;
    return refuse(state, node, message);
  }
  return copy(state, node, anchor.value, depth);
}

/** Said once: what comes after the first too many is too many as well. */
function refuse(state: DocumentState, node: AliasNode, message: string): null {
  state.file.refused = true;
  return fail(state, errorAt(node.start, 'TOO_LARGE', message));
}

function skip(state: DocumentState): null {
  state.failed = true;
  return null;
}

/** One for each use: who changes one of them later must not change the others. */
function copy(state: DocumentState, node: AliasNode, value: JsonValue, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  const { maxDepth } = state.file.limits;
  if (depth >= maxDepth) return fail(state, tooDeep(node.start, maxDepth));
  if (isList(value)) return value.map((item) => copy(state, node, item, depth + 1));
  const result: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) result[key] = copy(state, node, item, depth + 1);
  return result;
}
