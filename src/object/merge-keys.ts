import type { JsonObject, JsonValue } from '../model/json.ts';
import { BUILTIN_MERGE_KEYS } from './builtin-merge-keys.ts';
import { apiVersionOf, groupOf } from './id.ts';
import { at, isObject, listAt, mapAt, own, textAt } from './json.ts';

/**
 * Which lists merge item by item, and by what. A graph of types: a field leads to the type of its value, or of the items of
 * its list. Only what is such a list, or leads to one, is in it: any other list is replaced whole.
 */
export interface MergeSchema {
  readonly types: Readonly<Record<string, MergeType>>;
  /** Names of types by `group/Kind`, or by `group/version/Kind` where versions can differ. */
  readonly kinds: Readonly<Record<string, string>>;
}

/** Fields by name; `*` stands for every key of a map. */
export type MergeType = Readonly<Record<string, MergeField>>;

export interface MergeField {
  /**
   * The field is a list, and items with the same values of these keys are the same item. Empty: the items are scalars, and
   * the list is a set of them. Absent: the field is no list, or one that is replaced.
   */
  readonly keys?: readonly string[];
  /** What a key is worth where an item leaves it out: an absent `protocol` is TCP. */
  readonly defaults?: JsonObject;
  /** Name of the type of the value or of the items; absent: nothing in it merges item by item. */
  readonly type?: string;
}

/** What is known about the kinds that Kubernetes defines. */
export const BUILTIN_MERGE_SCHEMA: MergeSchema = BUILTIN_MERGE_KEYS;

/** The type of an object, or `undefined` where nothing is known about its kind. */
export function mergeTypeOf(schema: MergeSchema, apiVersion: string, kind: string): MergeType | undefined {
  const exact = own(schema.kinds, `${apiVersion.includes('/') ? '' : '/'}${apiVersion}/${kind}`);
  const name = exact ?? own(schema.kinds, `${groupOf(apiVersion)}/${kind}`);
  return name === undefined ? undefined : ownType(schema, name);
}

/** The field of a type, or `undefined` where nothing below it merges item by item. */
export function mergeFieldOf(type: MergeType | undefined, name: string): MergeField | undefined {
  if (type === undefined) return undefined;
  return Object.hasOwn(type, name) ? type[name] : Object.hasOwn(type, '*') ? type['*'] : undefined;
}

/** The type that a field leads to, if any. */
export function targetTypeOf(schema: MergeSchema, field: MergeField | undefined): MergeType | undefined {
  return field?.type === undefined ? undefined : ownType(schema, field.type);
}

/**
 * The built-in kinds and the kinds that CustomResourceDefinitions define. Their lists merge where the CRD says
 * `x-kubernetes-list-type: map` (by `x-kubernetes-list-map-keys`) or `set`; a CRD that is not as it should be adds nothing.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#custom-resources-and-server-side-apply
 */
export function withCustomResources(definitions: readonly JsonObject[]): MergeSchema {
  const types: Record<string, MergeType> = { ...BUILTIN_MERGE_SCHEMA.types };
  const kinds: Record<string, string> = { ...BUILTIN_MERGE_SCHEMA.kinds };
  for (const definition of definitions) {
    const group = textAt(definition, 'spec', 'group');
    const kind = textAt(definition, 'spec', 'names', 'kind');
    if (group === undefined || kind === undefined) continue;
    for (const version of listAt(definition, 'spec', 'versions')) {
      const name = `${apiVersionOf(group, textAt(version, 'name') ?? '')}/${kind}`;
      const root = addType(types, name, mapAt(version, 'schema', 'openAPIV3Schema'));
      // Also where no list merges: that the kind is known tells a slip in a patch from a field that nobody described.
      types[name] = root ?? {};
      kinds[name] = name;
    }
  }
  return { types, kinds };
}

/** Adds the type of a schema under `name`, and those below it; `undefined`, and nothing added, if no list in it merges. */
function addType(types: Record<string, MergeType>, name: string, schema: JsonObject): MergeType | undefined {
  const fields: [string, MergeField][] = [];
  const add = (field: string, value: JsonValue | undefined): void => {
    const read = isObject(value) ? readField(types, `${name}/${field}`, value) : undefined;
    if (read !== undefined) fields.push([field, read]);
  };
  for (const [field, value] of Object.entries(mapAt(schema, 'properties'))) add(field, value);
  add('*', at(schema, 'additionalProperties'));
  if (fields.length === 0) return undefined;
  const type = Object.fromEntries(fields);
  types[name] = type;
  return type;
}

function readField(types: Record<string, MergeType>, name: string, schema: JsonObject): MergeField | undefined {
  const items = mapAt(schema, 'items');
  switch (textAt(schema, 'x-kubernetes-list-type')) {
    case 'map': {
      const keys = listAt(schema, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string');
      if (keys.length === 0) return undefined;
      const defaults = Object.fromEntries(keys.flatMap((key) => defaultOf(items, key)));
      const type = addType(types, name, items) === undefined ? undefined : name;
      return { keys, defaults, ...(type !== undefined && { type }) };
    }
    case 'set':
      return { keys: [] };
    default: // A list that is replaced whole: what lies inside is never merged.
      if (textAt(schema, 'type') === 'array') return undefined;
      return addType(types, name, schema) === undefined ? undefined : { type: name };
  }
}

function defaultOf(items: JsonObject, key: string): readonly (readonly [string, JsonValue])[] {
  const value = at(items, 'properties', key, 'default');
  return value === undefined ? [] : [[key, value]];
}

function ownType(schema: MergeSchema, name: string): MergeType | undefined {
  return Object.hasOwn(schema.types, name) ? schema.types[name] : undefined;
}
