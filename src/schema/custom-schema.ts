import type { JsonObject, JsonValue } from '../model/json.ts';
import { at, isList, isObject, listAt, mapAt, numberAt, textAt } from '../object/json.ts';
import { ANY, type MapSchema, type ScalarSchema, type ScalarType, type Schema } from './schema.ts';

/**
 * What a version of a CustomResourceDefinition allows, as API servers check it when fields are validated strictly: structure,
 * required fields, enumerations and plain limits. Rules in CEL, patterns, formats and `anyOf` are left to the server.
 * `version` is an item of `spec.versions`; without a schema everything is allowed.
 *
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function customSchema(version: JsonValue): Schema {
  const schema = at(version, 'schema', 'openAPIV3Schema');
  if (!isObject(schema)) return ANY;
  const root = readMap(schema);
  const fields = new Map([...root.fields, ...RESOURCE_FIELDS, ['status', ANY] as const]);
  return {
    ...root,
    fields,
    required: root.required.filter((field) => !RESOURCE_FIELDS.has(field) && field !== 'status'),
  };
}

/** What every object has, whatever its definition says of them. */
const RESOURCE_FIELDS: ReadonlyMap<string, Schema> = new Map([
  ['apiVersion', { kind: 'scalar', type: 'text' }],
  ['kind', { kind: 'scalar', type: 'text' }],
  ['metadata', { kind: 'type', name: 'ObjectMeta' }],
]);

function readSchema(schema: JsonValue): Schema {
  if (!isObject(schema)) return ANY;
  if (schema['x-kubernetes-int-or-string'] === true) return withLimits('integer-or-text', schema);
  switch (schema['type']) {
    case 'object':
      return readMap(schema);
    case 'array':
      return {
        kind: 'list',
        items: readSchema(schema['items'] ?? null),
        ...nullable(schema),
        ...limit(schema, 'minItems'),
        ...limit(schema, 'maxItems'),
      };
    case 'string':
      return withLimits('text', schema);
    case 'integer':
    case 'number':
    case 'boolean':
      return withLimits(schema['type'], schema);
    default:
      return ANY;
  }
}

function readMap(schema: JsonObject): MapSchema {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const properties = Object.entries(mapAt(schema, 'properties'));
  const fields = new Map([
    ...properties.map(([name, each]) => [name, readSchema(each)] as const),
    ...(embedded ? RESOURCE_FIELDS : []),
  ]);
  // The server fills in defaults before it looks for what is missing.
  const required = listAt(schema, 'required')
    .filter((name) => typeof name === 'string')
    .filter((name) => at(schema, 'properties', name, 'default') === undefined);
  const rest = readRest(schema);
  return { kind: 'map', fields, required, ...(rest === undefined ? {} : { rest }), ...nullable(schema) };
}

function readRest(schema: JsonObject): Schema | undefined {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return ANY;
  const values = schema['additionalProperties'];
  if (values === undefined || values === false) return undefined;
  return values === true ? ANY : readSchema(values);
}

function withLimits(type: ScalarType, schema: JsonObject): ScalarSchema {
  const values = schema['enum'];
  return {
    kind: 'scalar',
    type,
    ...(isList(values) ? { values } : {}),
    ...(schema['exclusiveMinimum'] === true ? {} : limit(schema, 'minimum')),
    ...(schema['exclusiveMaximum'] === true ? {} : limit(schema, 'maximum')),
    ...limit(schema, 'minLength'),
    ...limit(schema, 'maxLength'),
    ...nullable(schema),
  };
}

function limit<Name extends string>(schema: JsonObject, name: Name): { readonly [Key in Name]?: number } {
  const found = numberAt(schema, name);
  // oxlint-disable-next-line no-unsafe-type-assertion -- a computed key is not of the type of its name
  return (found === undefined ? {} : { [name]: found }) as { readonly [Key in Name]?: number };
}

function nullable(schema: JsonObject): { readonly nullable?: boolean } {
  return schema['nullable'] === true ? { nullable: true } : {};
}

/** Versions that a definition serves: name, and what it allows. */
export function servedVersions(definition: JsonObject): ReadonlyMap<string, JsonValue> {
  const served = listAt(definition, 'spec', 'versions').filter((version) => at(version, 'served') === true);
  return new Map(served.map((version) => [textAt(version, 'name') ?? '', version]));
}
