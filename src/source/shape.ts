/**
 * The one place that knows zod: shapes are written with `z`, and what does not fit is said in our words.
 */
import { z } from 'zod';
import type { JsonObject } from '../model/json.ts';

export { z };

/** A text with something in it. */
export const Text = z.string().min(1, 'must not be empty');

/** Labels and annotations. */
export const Texts = z.record(z.string(), z.string());

/** A map of which nothing else is known. */
export const AnyMap = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be a map',
);

/** What is wrong at one place of a document. `expected` is the end of a sentence that begins with the field's name. */
export interface SchemaIssue {
  readonly kind: 'unknown' | 'missing' | 'wrong';
  readonly path: readonly (string | number)[];
  readonly expected: string;
  /** Names that would have been right there, for `unknown` and for values from a list. */
  readonly known: readonly string[];
}

/** A value that fits, or everything that does not. */
export type ShapeResult<Value> =
  | { readonly state: 'fits'; readonly document: Value }
  | { readonly state: 'wrong'; readonly issues: readonly SchemaIssue[] };

/** Checks a value against a shape. */
export function checkShape<Schema extends z.ZodType>(schema: Schema, value: unknown): ShapeResult<z.infer<Schema>> {
  const result = schema.safeParse(value);
  if (result.success) return { state: 'fits', document: result.data };
  return { state: 'wrong', issues: result.error.issues.flatMap((issue) => describeIssue(issue, schema, value)) };
}

function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): readonly SchemaIssue[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({ kind: 'unknown', path: [...path, key], expected: '', known }));
  }
  const found = lookUp(value, path);
  const kind = found === undefined ? 'missing' : 'wrong';
  const known = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  // An integer that a double cannot hold is a bigint here: that it "must be a number" would puzzle who wrote one.
  const expected = typeof found === 'bigint' ? 'must be a smaller number' : expectation(issue);
  return [{ kind, path, expected, known }];
}

/** Our own words where the schema gives some, else the ones for this kind of issue. */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('must ')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((each) => (typeof each === 'string' ? `"${each}"` : String(each))).join(' or ')}`;
    case 'invalid_union':
      return 'must be text, a number, true or false';
    case 'too_small':
      return issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return 'has a wrong value';
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

function lookUp(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    // oxlint-disable-next-line no-unsafe-type-assertion -- own properties only, checked above
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): readonly string[] {
  let current: unknown = schema;
  for (const step of [...path, undefined]) {
    while (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap();
    if (step === undefined) break;
    if (current instanceof z.ZodObject) current = current.shape[step];
    else if (current instanceof z.ZodArray) current = current.element;
    else return [];
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}
