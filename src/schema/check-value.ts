import type { DiagnosticCode } from '../model/diagnostic.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, printJson, sameJson } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';
import { builtinType } from './read-builtin.ts';
import type { MapSchema, ScalarSchema, ScalarType, Schema } from './schema.ts';

/** What is wrong with an object, with the place of it as a JSON pointer. No message holds a value, but for those of enumerations. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help?: string;
  readonly pointer: string;
  /** The key is what is wrong, not its value. */
  readonly part?: 'key';
}

/** More would only repeat one mistake. */
const MAX_FINDINGS = 20;

/**
 * Compares an object with the structure of its kind, as API servers do with `fieldValidation=Strict`. `of` names the kind in
 * messages: `apps/v1 Deployment`.
 */
export function checkValue(object: JsonObject, schema: Schema, of: string): readonly Finding[] {
  const findings: Finding[] = [];
  checkAt(object, schema, { of, path: [], above: [], findings });
  return findings;
}

/** Where the check stands. `path` and `above` grow and shrink with it: most objects have nothing to report. */
interface Walk {
  readonly of: string;
  readonly path: string[];
  /** The maps around this place, outermost first, each with the length of its path. */
  readonly above: { readonly schema: MapSchema; readonly depth: number }[];
  readonly findings: Finding[];
}

function checkAt(value: JsonValue, schema: Schema, walk: Walk): void {
  if (value === null || walk.findings.length >= MAX_FINDINGS) return;
  switch (schema.kind) {
    case 'any':
      return;
    case 'type':
      checkMap(value, builtinType(schema.name), walk);
      return;
    case 'map':
      checkMap(value, schema, walk);
      return;
    case 'list':
      if (!isList(value)) {
        wrongType(value, 'a list', walk);
        return;
      }
      for (let index = 0; index < value.length; index += 1) stepInto(String(index), value[index], schema.items, walk);
      checkLimit(value.length, 'items', schema.minItems, schema.maxItems, walk);
      return;
    case 'scalar':
      checkScalar(value, schema, walk);
  }
}

function stepInto(step: string, value: JsonValue | undefined, schema: Schema, walk: Walk): void {
  walk.path.push(step);
  checkAt(value ?? null, schema, walk);
  walk.path.pop();
}

function checkMap(value: JsonValue, schema: MapSchema, walk: Walk): void {
  if (!isObject(value)) {
    wrongType(value, 'a map', walk);
    return;
  }
  walk.above.push({ schema, depth: walk.path.length });
  for (const key of Object.keys(value)) {
    const field = schema.fields.get(key) ?? schema.rest;
    if (field === undefined) unknownField(key, schema, walk);
    else stepInto(key, value[key], field, walk);
  }
  walk.above.pop();
  for (const field of schema.required) if (isMissing(value, field, schema)) missingField(value, field, schema, walk);
}

function isMissing(value: JsonObject, field: string, schema: MapSchema): boolean {
  const found = Object.hasOwn(value, field) ? value[field] : undefined;
  if (found !== null) return found === undefined;
  const own = schema.fields.get(field);
  return own === undefined || !('nullable' in own && own.nullable);
}

function unknownField(key: string, schema: MapSchema, walk: Walk): void {
  const near = nearestName(key, schema.fields.keys());
  const elsewhere = near === undefined ? placeOf(key, schema, walk) : undefined;
  report(walk, {
    code: 'UNKNOWN_FIELD',
    message: `${placeText(walk)} has no field ${printJson(key.slice(0, 80))} in ${walk.of}`,
    help:
      near !== undefined
        ? `Did you mean "${near}"?`
        : elsewhere !== undefined
          ? `It is a field of ${elsewhere}: look at the indentation.`
          : knownFields(schema),
    pointer: formatPointer([...walk.path, key]),
    part: 'key',
  });
}

/** A field that stands too deep belongs to one of the maps around; one that does not stand deep enough to one of those inside. */
function placeOf(key: string, schema: MapSchema, { above, path }: Walk): string | undefined {
  const outer = above.slice(0, -1).findLast((each) => each.schema.fields.has(key));
  if (outer !== undefined) return outer.depth === 0 ? 'the object itself' : `"${pathText(path.slice(0, outer.depth))}"`;
  const [first, ...others] = [...schema.fields].filter(([, each]) => fieldsOf(each)?.has(key));
  return first === undefined || others.length > 0 ? undefined : `"${pathText([...path, first[0]])}"`;
}

function fieldsOf(schema: Schema): ReadonlyMap<string, Schema> | undefined {
  if (schema.kind === 'type') return builtinType(schema.name).fields;
  return schema.kind === 'map' ? schema.fields : undefined;
}

function knownFields({ fields }: MapSchema): string {
  const names = [...fields.keys()].sort();
  if (names.length === 0) return 'It has no fields at all: remove this one.';
  return names.length > 12 ? 'Remove it.' : `It has: ${names.join(', ')}.`;
}

function missingField(value: JsonObject, field: string, schema: MapSchema, walk: Walk): void {
  // A misspelt name is both unknown and missing: that is one mistake, and the unknown name is reported.
  const misspelt = Object.keys(value).some(
    (key) => !schema.fields.has(key) && nearestName(key, schema.fields.keys()) === field,
  );
  if (misspelt && schema.rest === undefined) return;
  report(walk, {
    code: 'MISSING_FIELD',
    message: `${placeText(walk)} has no "${field}", which ${walk.of} requires`,
    help: `Set "${field}".`,
    pointer: formatPointer([...walk.path, field]),
    part: 'key',
  });
}

const TYPE_TEXTS: Readonly<Record<ScalarType, string>> = {
  text: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  bytes: 'text',
  quantity: 'a quantity',
  'integer-or-text': 'a whole number or text',
};

function checkScalar(value: JsonValue, schema: ScalarSchema, walk: Walk): void {
  if (!isOfType(value, schema.type)) {
    wrongType(value, TYPE_TEXTS[schema.type], walk);
  } else if (schema.type === 'bytes' && typeof value === 'string' && !isBase64(value)) {
    const help = 'Encode the value; a Secret takes it as it is under "stringData".';
    badValue(`${placeText(walk)} is no base64`, help, walk);
  } else if (schema.type === 'quantity' && !isQuantity(value)) {
    badValue(
      `${placeText(walk)} is no quantity`,
      'Write a number with a unit of Kubernetes or none: 500m, 0.5, 512Mi, 2G.',
      walk,
    );
  } else if (schema.values !== undefined && value !== '' && !schema.values.some((each) => sameJson(each, value))) {
    unlisted(value, schema.values, walk);
  } else if (typeof value === 'number') {
    checkLimit(value, '', schema.minimum, schema.maximum, walk);
  } else if (typeof value === 'string') {
    checkLimit(Array.from(value).length, 'characters', schema.minLength, schema.maxLength, walk);
  }
}

function isOfType(value: JsonValue, type: ScalarType): boolean {
  const isInteger = typeof value === 'bigint' || Number.isInteger(value);
  switch (type) {
    case 'text':
    case 'bytes':
      return typeof value === 'string';
    case 'integer':
      return isInteger;
    case 'number':
      return isInteger || typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'quantity':
      return isInteger || typeof value === 'number' || typeof value === 'string';
    case 'integer-or-text':
      return isInteger || typeof value === 'string';
  }
}

/** As Go reads it: padded, and line breaks anywhere. */
function isBase64(text: string): boolean {
  const bare = text.replaceAll(/[\r\n]/g, '');
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
function isQuantity(value: JsonValue): boolean {
  if (typeof value !== 'string') return true;
  return /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/.test(value.trim());
}

function unlisted(value: JsonValue, values: readonly JsonValue[], walk: Walk): void {
  const texts = values.map(String).filter((each) => each !== '');
  const near = typeof value === 'string' ? nearestName(value, texts) : undefined;
  const shown = texts.length > 12 ? `${texts.slice(0, 12).join(', ')}, …` : texts.join(', ');
  const message = `${placeText(walk)} is ${printJson(value).slice(0, 80)}, and must be one of ${shown}`;
  badValue(message, near === undefined ? undefined : `Did you mean "${near}"?`, walk);
}

function checkLimit(
  size: number,
  unit: string,
  minimum: number | undefined,
  maximum: number | undefined,
  walk: Walk,
): void {
  const shown = unit === '' ? `is ${size}, and must be` : `has ${size} ${unit}, and must have`;
  const wrong =
    minimum !== undefined && size < minimum
      ? `at least ${minimum}`
      : maximum !== undefined && size > maximum
        ? `at most ${maximum}`
        : undefined;
  if (wrong !== undefined) badValue(`${placeText(walk)} ${shown} ${wrong}`, undefined, walk);
}

function wrongType(value: JsonValue, wanted: string, walk: Walk): void {
  const found = typeText(value);
  badValue(`${placeText(walk)} is ${found}, and must be ${wanted} in ${walk.of}`, helpOfType(value, wanted), walk);
}

function typeText(value: JsonValue): string {
  if (isList(value)) return 'a list';
  if (isObject(value)) return 'a map';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'number' && !Number.isInteger(value) ? 'a fraction' : 'a number';
}

function helpOfType(value: JsonValue, wanted: string): string | undefined {
  if (wanted === 'text' && (typeof value === 'number' || typeof value === 'boolean')) return 'Put it in quotes.';
  if (
    typeof value === 'string' &&
    /^(true|false|[+-]?\d+(\.\d+)?)$/.test(value) &&
    wanted !== 'a list' &&
    wanted !== 'a map'
  ) {
    return 'Write it without quotes.';
  }
  return wanted === 'a list' && isObject(value) ? 'Begin each item with "- ".' : undefined;
}

function badValue(message: string, help: string | undefined, walk: Walk): void {
  const optional = help === undefined ? {} : { help };
  report(walk, { code: 'BAD_VALUE', message, ...optional, pointer: formatPointer(walk.path) });
}

function report({ findings }: Walk, finding: Finding): void {
  if (findings.length < MAX_FINDINGS) findings.push(finding);
}

/** `the object` for the root. */
function placeText({ path }: Walk): string {
  return path.length === 0 ? 'the object' : pathText(path);
}

/** `spec.template.spec.containers[0]`. */
function pathText(path: readonly string[]): string {
  return path.map((step, index) => (/^\d+$/.test(step) ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`)).join('');
}
