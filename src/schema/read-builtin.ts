import { BUILTIN_ROOTS, BUILTIN_TYPES } from './builtin-schema.ts';
import { ANY, type MapSchema, type ScalarType, type Schema } from './schema.ts';

/**
 * The structure of a kind of Kubernetes in one version (`apps/v1`), or `undefined` where Kubernetes has no such kind.
 *
 * The text of all types is split at the first question, and a type is read at the first question about it: a fleet uses
 * thirty of a thousand.
 */
export function builtinSchema(apiVersion: string, kind: string): Schema | undefined {
  const name = rootTypes().get(`${apiVersion}/${kind}`);
  return name === undefined ? undefined : { kind: 'type', name };
}

/** The versions of a kind of one group that Kubernetes has: `['autoscaling/v1', 'autoscaling/v2']`, in the order of the alphabet. */
export function builtinVersions(group: string, kind: string): readonly string[] {
  const start = group === '' ? '' : `${group}/`;
  return [...rootTypes().keys()].flatMap((key) => {
    const [version, found] = key.slice(start.length).split('/');
    return key.startsWith(start) && found === kind ? [`${start}${version ?? ''}`] : [];
  });
}

/** A type by its name. */
export function builtinType(name: string): MapSchema {
  const known = READ.get(name);
  if (known !== undefined) return known;
  const type = readType(typeLines().get(name) ?? '');
  READ.set(name, type);
  return type;
}

const READ = new Map<string, MapSchema>();

const rootTypes = once(() => splitLines(BUILTIN_ROOTS));
const typeLines = once(() => splitLines(BUILTIN_TYPES));

function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

/** `NAME REST` by line. */
function splitLines(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

/** `name!:s;ports:[ContainerPort`: fields, `!` where required. */
function readType(line: string): MapSchema {
  const fields = new Map<string, Schema>();
  const required: string[] = [];
  for (const part of line.split(';').filter((each) => each !== '')) {
    const colon = part.indexOf(':');
    const isRequired = part[colon - 1] === '!';
    const name = part.slice(0, isRequired ? colon - 1 : colon);
    fields.set(name, readShape(part.slice(colon + 1)));
    if (isRequired) required.push(name);
  }
  return { kind: 'map', fields, required };
}

/** `*`, `[items`, `{values`, `s=A|B` or the name of a type; as `scripts/generate-schema.ts` prints it. */
function readShape(text: string): Schema {
  if (text === '*') return ANY;
  if (text.startsWith('[')) return { kind: 'list', items: readShape(text.slice(1)) };
  if (text.startsWith('{')) return { kind: 'map', fields: NO_FIELDS, required: [], rest: readShape(text.slice(1)) };
  const [mark = '', values] = text.split('=');
  const type = SCALARS[mark];
  if (type === undefined) return { kind: 'type', name: text };
  // Go has it as `int32` and refuses what is larger as a wrong type.
  const range = type === 'integer-or-text' ? { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 } : {};
  return { kind: 'scalar', type, ...range, ...(values === undefined ? {} : { values: values.split('|') }) };
}

const NO_FIELDS: ReadonlyMap<string, Schema> = new Map();

const SCALARS: Readonly<Record<string, ScalarType>> = {
  s: 'text',
  i: 'integer',
  n: 'number',
  b: 'boolean',
  y: 'bytes',
  q: 'quantity',
  x: 'integer-or-text',
};
