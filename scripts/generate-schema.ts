/**
 * Writes `src/schema/builtin-schema.ts`: the structure of every kind that the pinned Kubernetes serves, as `src/schema` reads
 * it. Source: `/openapi/v3` and discovery of two real API servers, one that serves every version there is, one with the
 * defaults of a cluster.
 *
 *     node scripts/generate-schema.ts [--print]
 *
 * OpenAPI calls fields required and values enumerated that the server does not insist on (`rules` of a Role). What it does
 * insist on is found out by asking: see `probe-schema.ts`. Two runs write the same bytes; `--print` writes to standard
 * output instead.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { JsonValue } from '../src/model/json.ts';
import { at, isObject, listAt, mapAt, textAt } from '../src/object/json.ts';
import { type ApiClient, createApiClient } from '../test/support/api-client.ts';
import { startControlPlanes } from '../test/support/control-plane.ts';
import { type Demands, probeDemands } from './probe-schema.ts';

const ROOT = join(import.meta.dirname, '..');
const EVERYTHING = { 'runtime-config': 'api/all=true', 'feature-gates': 'AllAlpha=true,AllBeta=true' };

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

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { print: { type: 'boolean' } } });
  const text = await generate();
  const path = join(ROOT, 'src', 'schema', 'builtin-schema.ts');
  if (values.print === true) {
    process.stdout.write(text);
    return;
  }
  writeFileSync(path, text);
  const { status } = spawnSync(join(ROOT, 'node_modules', '.bin', 'oxfmt'), ['--write', path], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`oxfmt could not format ${path}`);
}

async function generate(): Promise<string> {
  await using whole = await startControlPlanes(['whole'], { apiServerFlags: EVERYTHING });
  const client = createApiClient(whole.clusters.whole.kubeconfig);
  const version = textAt(await client.request('GET', '/version'), 'gitVersion') ?? '';
  const model = await readModel(client);
  await using plain = await startControlPlanes(['plain']);
  const demands = await probeDemands(createApiClient(plain.clusters.plain.kubeconfig));
  return printFile(model, demands, version);
}

/* From OpenAPI to shapes */

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
    isObjectKind && field === 'status' ? ANY : readShape(each, plain, nameOf), // Nobody applies a status.
  ]);
  return { fields: new Map(fields), required: listAt(definition, 'required').map(String) };
}

const ANY: Shape = { kind: 'any' };

function readPlain(name: string, definition: JsonValue): Shape {
  const known = PLAIN[name.split('.').at(-1) ?? ''];
  if (known !== undefined) return { kind: 'scalar', mark: known, values: [] };
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
  if (type === 'object' && at(schema, 'properties') === undefined) return ANY;
  const mark = SCALARS[type];
  if (mark === undefined) throw new Error(`a schema that this script does not know: ${JSON.stringify(schema)}`);
  const enumerated = listAt(schema, 'enum').map(String).sort();
  return { kind: 'scalar', mark: textAt(schema, 'format') === 'byte' ? 'y' : mark, values: enumerated };
}

/* To the file */

function printFile({ types, kinds }: Model, demands: Demands, version: string): string {
  const reached = reach(types, kinds);
  const lines = reached.map((name) => printType(name, types, demands));
  const roots = kinds.map(({ apiVersion, kind, type }) => `${apiVersion}/${kind} ${type}`).sort();
  const printed = (text: readonly string[]): string => `\`\n${text.join('\n')}\n\``;
  return `/**
 * Generated by \`node scripts/generate-schema.ts\` from kube-apiserver ${version}: do not edit. How it is read: \`read-builtin.ts\`.
 */

/** The version of Kubernetes that this is the structure of. */
export const BUILTIN_VERSION = '${version.replace(/^v(\d+\.\d+).*$/, '$1')}';

/** Every kind that objects can be created of, in all its versions: \`apiVersion/kind\`, and its type. */
export const BUILTIN_ROOTS = ${printed(roots)};

/** Every type that one of the kinds leads to. */
export const BUILTIN_TYPES = ${printed(lines)};
`;
}

function reach(types: ReadonlyMap<string, TypeShape>, kinds: readonly ServedKind[]): readonly string[] {
  const reached = new Set(kinds.map((each) => each.type));
  for (const name of reached) for (const shape of types.get(name)?.fields.values() ?? []) collect(shape, reached);
  return [...reached].sort();
}

function collect(shape: Shape, into: Set<string>): void {
  if (shape.kind === 'type') into.add(shape.name);
  else if (shape.kind === 'list' || shape.kind === 'map') collect(shape.of, into);
}

function printType(name: string, types: ReadonlyMap<string, TypeShape>, demands: Demands): string {
  const fields = [...(types.get(name)?.fields ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const printed = fields.map(([field, shape]) => {
    const key = `${name}.${field}`;
    return `${field}${demands.required.has(key) ? '!' : ''}:${printShape(shape, demands.enumerated.has(key))}`;
  });
  return `${name} ${printed.join(';')}`;
}

/** \`*\` any, \`[\` list of, \`{\` map of; scalars are one small letter, with \`=A|B\` where the values are known. */
function printShape(shape: Shape, enumerated: boolean): string {
  switch (shape.kind) {
    case 'any':
      return '*';
    case 'list':
      return `[${printShape(shape.of, enumerated)}`;
    case 'map':
      return `{${printShape(shape.of, enumerated)}`;
    case 'type':
      return shape.name;
    case 'scalar':
      return `${shape.mark}${enumerated && shape.values.length > 0 ? `=${shape.values.join('|')}` : ''}`;
  }
}

if (import.meta.main) await main();
