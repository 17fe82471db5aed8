import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, fleetWith, marked, type TestFiles } from '../support/fleet-files.ts';

const FILE = 'apps/web/base/widget.yaml';

/** A definition; `spec` is the schema of the field `spec`, in flow style. */
function definition(spec: string): string {
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: ${spec}}}}
    - name: v1alpha1
      served: false
      storage: false
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
}

/** What is said of a Widget with this `spec`, in flow style, where the definition has that schema. */
function says(schema: string, spec: string, more: TestFiles = {}): readonly string[] {
  const { text, place } = marked(`apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: ${spec}\n`);
  const files = { 'apps/other/base/definition.yaml': definition(schema), [FILE]: text, ...more };
  return check(fleetWith(files)).map((line) => line.replace(`${FILE}:${place}: `, ''));
}

const CASES = [
  [
    'an unknown field',
    '{type: object, properties: {size: {type: integer}}}',
    '{‸sise: 1}',
    'UNKNOWN_FIELD: spec has no field "sise" in example.com/v1 Widget. Did you mean "size"?',
  ],
  [
    'any field in a map without fields',
    '{type: object}',
    '{‸a: 1}',
    'UNKNOWN_FIELD: spec has no field "a" in example.com/v1 Widget. It has no fields at all: remove this one.',
  ],
  [
    'a wrong type',
    '{type: object, properties: {size: {type: integer}}}',
    '{size: ‸many}',
    'BAD_VALUE: spec.size is text, and must be a whole number in example.com/v1 Widget.',
  ],
  [
    'a value that is not listed',
    '{type: object, properties: {mode: {type: string, enum: [fast, slow]}}}',
    '{mode: ‸fest}',
    'BAD_VALUE: spec.mode is "fest", and must be one of fast, slow. Did you mean "fast"?',
  ],
  [
    'a number that is too small',
    '{type: object, properties: {size: {type: integer, minimum: 3}}}',
    '{size: ‸2}',
    'BAD_VALUE: spec.size is 2, and must be at least 3.',
  ],
  [
    'a text that is too long',
    '{type: object, properties: {name: {type: string, maxLength: 2}}}',
    '{name: ‸abc}',
    'BAD_VALUE: spec.name has 3 characters, and must have at most 2.',
  ],
  [
    'a list that is too long',
    '{type: object, properties: {names: {type: array, maxItems: 1, items: {type: string}}}}',
    '{names: ‸[a, b]}',
    'BAD_VALUE: spec.names has 2 items, and must have at most 1.',
  ],
  [
    'a value of a map with any keys',
    '{type: object, additionalProperties: {type: string}}',
    '{a: b, c: ‸1}',
    'BAD_VALUE: spec.c is a number, and must be text in example.com/v1 Widget. Put it in quotes.',
  ],
  [
    'a known field of a map that keeps unknown ones',
    '{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {size: {type: integer}}}',
    '{other: 1, size: ‸many}',
    'BAD_VALUE: spec.size is text, and must be a whole number in example.com/v1 Widget.',
  ],
  [
    'neither a number nor text',
    '{type: object, properties: {port: {x-kubernetes-int-or-string: true}}}',
    '{port: ‸true}',
    'BAD_VALUE: spec.port is true or false, and must be a whole number or text in example.com/v1 Widget.',
  ],
  [
    'the metadata of an embedded object',
    '{type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}',
    '{apiVersion: v1, kind: Pod, metadata: {‸label: {}}, spec: {any: thing}}',
    'UNKNOWN_FIELD: spec.metadata has no field "label" in example.com/v1 Widget. Did you mean "labels"?',
  ],
] as const;

for (const [what, schema, spec, expected] of CASES) {
  test(`a custom resource: ${what}`, () => assert.deepEqual(says(schema, spec), [expected]));
}

test('a custom resource: a missing field is reported where its map begins', () => {
  const lines = says('{type: object, required: [size], properties: {size: {type: integer}}}', '‸{}');
  assert.deepEqual(lines, [
    `${FILE}:4:1: MISSING_FIELD: spec has no "size", which example.com/v1 Widget requires. Set "size".`,
  ]);
});

test('what API servers take of a custom resource is no problem', () => {
  const schema =
    '{type: object, required: [preset, maybe], properties: {preset: {type: string, default: a}, maybe: {type: string, nullable: true}, size: {type: integer}, port: {x-kubernetes-int-or-string: true}, any: {x-kubernetes-preserve-unknown-fields: true}}}';
  assert.deepEqual(says(schema, '‸{maybe: null, size: null, port: http, any: [1, {a: b}]}'), []);
});

test('a version that the definition does not serve is an error that says which it does', () => {
  const files = fleetWith({
    'apps/other/base/definition.yaml': definition('{type: object}'),
    [FILE]: 'apiVersion: example.com/v1alpha1\nkind: Widget\nmetadata: {name: a}\n',
  });
  assert.deepEqual(check(files), [
    `${FILE}:1:13: API_NOT_SERVED: example.com/v1alpha1 Widget is not served: the CustomResourceDefinition in this repository serves example.com/v1. Use example.com/v1.`,
  ]);
});

test('a kind that nobody in the repository defines is not judged', () => {
  const fleet =
    'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\nspec: {kinds: [{apiVersion: example.com/v1, kind: Gadget, namespaced: true}]}\n';
  const gadget = 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a}\nanything: 1\n';
  assert.deepEqual(check(fleetWith({ 'fleet.yaml': fleet, 'apps/web/base/gadget.yaml': gadget })), []);
});

test('a definition that overlays change is not judged by, one that they only label is', () => {
  const patch = (content: string): string =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com${content}\n`;
  const changed = { 'apps/other/overlays/eu/definition.yaml': patch('}\nspec: {scope: Namespaced}') };
  assert.deepEqual(says('{type: object}', '{‸a: 1}', changed), []);
  const labelled = { 'apps/other/overlays/eu/definition.yaml': patch(', labels: {a: b}}') };
  assert.equal(says('{type: object}', '{‸a: 1}', labelled).length, 1);
});

test('a kind that two files define in two ways is not judged; in one way, it is', () => {
  const again = (schema: string): TestFiles => ({
    'apps/web/overlays/eu/resources/definition.yaml': definition(schema),
  });
  const unknown = (lines: readonly string[]): readonly string[] =>
    lines.filter((line) => line.includes('UNKNOWN_FIELD'));
  assert.deepEqual(
    unknown(says('{type: object}', '{‸a: 1}', again('{type: object, properties: {b: {type: string}}}'))),
    [],
  );
  assert.equal(unknown(says('{type: object}', '{‸a: 1}', again('{type: object}'))).length, 1);
});

test('a definition is itself judged by its kind', () => {
  const files = fleetWith({
    'apps/other/base/definition.yaml': definition('{type: object}').replace(
      '  scope: Namespaced',
      '  skope: Namespaced',
    ),
  });
  assert.deepEqual(
    check(files).filter((line) => line.includes('_FIELD')),
    [
      'apps/other/base/definition.yaml:7:3: UNKNOWN_FIELD: spec has no field "skope" in apiextensions.k8s.io/v1 CustomResourceDefinition. Did you mean "scope"?',
    ],
  );
});
