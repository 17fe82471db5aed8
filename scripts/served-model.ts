import type { JsonValue } from '../src/model/json.ts';
import { at, isObject, listAt, mapAt, textAt } from '../src/object/json.ts';
import type { ApiClient } from '../test/support/api-client.ts';

/** A definition of OpenAPI, reduced to structure. */
export type Shape =
  | { readonly kind: 'any' }
  | { readonly kind: 'scalar'; readonly mark: string; readonly values: readonly string[] }
  | { readonly kind: 'list' | 'map'; readonly of: Shape }
  | { readonly kind: 'type'; readonly name: string };

export interface TypeShape {
  readonly fields: ReadonlyMap<string, Shape>;
  /** By OpenAPI. */
  readonly required: readonly string[];
}

/** A kind that objects can be created of. */
export interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Name of its type. */
  readonly type: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** What one API server serves. */
export interface Model {
  readonly types: ReadonlyMap<string, TypeShape>;
  readonly kinds: readonly ServedKind[];
}

/** Reads everything that an API server says about the kinds it serves. */
export async function readModel(client: ApiClient): Promise<Model> {
  const paths = Object.keys(mapAt(await client.request('GET', '/openapi/v3'), 'paths')).sort();
  const definitions = new Map<string, JsonValue>();
  const served: { readonly id: readonly [string, string]; readonly plural: string; readonly namespaced: boolean }[] =
    [];
  for (const path of paths.filter((each) => /^(api|apis\/[^/]+)\/v[^/]+$/.test(each))) {
    const document = await client.request('GET', `/openapi/v3/${path}`);
    for (const [name, each] of Object.entries(mapAt(document, 'components', 'schemas'))) definitions.set(name, each);
    for (const each of listAt(await client.request('GET', `/${path}`), 'resources')) {
      const plural = textAt(each, 'name') ?? '';
      if (plural.includes('/') || !listAt(each, 'verbs').includes('create')) continue;
      const apiVersion = path.replace(/^apis?\//, '');
      served.push({
        id: [apiVersion, textAt(each, 'kind') ?? ''],
        plural,
        namespaced: at(each, 'namespaced') === true,
      });
    }
  }
  const nameOf = naming([...definitions.keys()]);
  const types = new Map<string, TypeShape>();
  const plain = new Map<string, Shape>();
  for (const [name, each] of definitions) {
    if (Object.keys(mapAt(each, 'properties')).length === 0) plain.set(name, readPlain(name, each));
  }
  for (const [name, each] of definitions) if (!plain.has(name)) types.set(nameOf(name), readType(each, plain, nameOf));
  const kinds = served.map(({ id: [apiVersion, kind], ...rest }): ServedKind => {
    const definition = [...definitions].find(([, each]) => isKind(each, apiVersion, kind));
    if (definition === undefined) throw new Error(`nothing is said about ${apiVersion} ${kind}`);
    return { apiVersion, kind, type: nameOf(definition[0]), ...rest };
  });
  return { types, kinds };
}

function isKind(definition: JsonValue, apiVersion: string, kind: string): boolean {
  return listAt(definition, 'x-kubernetes-group-version-kind').some((id) => {
    const group = textAt(id, 'group') ?? '';
    const version = textAt(id, 'version') ?? '';
    return (group === '' ? version : `${group}/${version}`) === apiVersion && textAt(id, 'kind') === kind;
  });
}

/** The last part of a definition's name; with group and version where several end alike. */
function naming(names: readonly string[]): (name: string) => string {
  const counts = Map.groupBy(names, (name) => name.split('.').at(-1) ?? name);
  return (name) => {
    const parts = name.split('.');
    const last = parts.at(-1) ?? name;
    return (counts.get(last)?.length ?? 0) > 1 ? parts.slice(-3).join('.') : last;
  };
}

function readType(
  definition: JsonValue,
  plain: ReadonlyMap<string, Shape>,
  nameOf: (name: string) => string,
): TypeShape {
  const isObjectKind = at(definition, 'x-kubernetes-group-version-kind') !== undefined;
  const fields = Object.entries(mapAt(definition, 'properties')).map(([field, each]): [string, Shape] => [
    field,
    isObjectKind && field === 'status' ? OPEN : readShape(each, plain, nameOf), // Nobody applies a status.
  ]);
  return { fields: new Map(fields), required: listAt(definition, 'required').map(String) };
}

const ANY: Shape = { kind: 'any' };

/** A map of anything. */
const OPEN: Shape = { kind: 'map', of: ANY };

function readPlain(name: string, definition: JsonValue): Shape {
  const known = PLAIN[name.split('.').at(-1) ?? ''];
  if (known !== undefined) return { kind: 'scalar', mark: known, values: [] };
  if (textAt(definition, 'type') === 'object') return OPEN;
  return textAt(definition, 'type') === 'string' ? { kind: 'scalar', mark: 's', values: [] } : ANY;
}

/** Definitions without fields that are more than text. */
const PLAIN: Readonly<Record<string, string>> = { Quantity: 'q', IntOrString: 'x' };

const SCALARS: Readonly<Record<string, string>> = { string: 's', integer: 'i', number: 'n', boolean: 'b' };

function readShape(schema: JsonValue, plain: ReadonlyMap<string, Shape>, nameOf: (name: string) => string): Shape {
  const reference = textAt(schema, '$ref') ?? textAt(listAt(schema, 'allOf')[0], '$ref');
  if (reference !== undefined) {
    const name = reference.replace('#/components/schemas/', '');
    return plain.get(name) ?? { kind: 'type', name: nameOf(name) };
  }
  const type = textAt(schema, 'type') ?? '';
  if (type === 'array') return { kind: 'list', of: readShape(at(schema, 'items') ?? {}, plain, nameOf) };
  const values = at(schema, 'additionalProperties');
  if (isObject(values)) return { kind: 'map', of: readShape(values, plain, nameOf) };
  if (type === 'object' && at(schema, 'properties') === undefined) return OPEN;
  const mark = SCALARS[type];
  if (mark === undefined) throw new Error(`a schema that this script does not know: ${JSON.stringify(schema)}`);
  const enumerated = listAt(schema, 'enum').map(String).sort();
  return { kind: 'scalar', mark: textAt(schema, 'format') === 'byte' ? 'y' : mark, values: enumerated };
}
