import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { isNamespaced } from '../../src/object/kinds.ts';
import {
  BUILTIN_MERGE_SCHEMA,
  mergeFieldOf,
  mergeTypeOf,
  targetTypeOf,
  withCustomResources,
} from '../../src/object/merge-keys.ts';
import type { MergeField, MergeSchema } from '../../src/object/merge-keys.ts';

test('the lists of built-in kinds are found by walking from the kind', () => {
  const container = ['spec', 'template', 'spec', 'containers'];
  const table: readonly (readonly [string, string, readonly string[], MergeField | undefined])[] = [
    ['apps/v1', 'Deployment', container, { keys: ['name'], type: 'Container' }],
    ['apps/v1beta1', 'Deployment', container, { keys: ['name'], type: 'Container' }],
    ['extensions/v1beta1', 'Deployment', container, { keys: ['name'], type: 'Container' }],
    ['v1', 'Pod', ['spec', 'containers', 'env'], { keys: ['name'] }],
    ['v1', 'Pod', ['spec', 'containers', 'args'], undefined],
    ['v1', 'Pod', ['spec', 'tolerations'], undefined],
    ['v1', 'Service', ['spec', 'ports'], { keys: ['port', 'protocol'], defaults: { protocol: 'TCP' } }],
    ['v1', 'ConfigMap', ['metadata', 'finalizers'], { keys: [] }],
    [
      'batch/v1',
      'CronJob',
      ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'volumes'],
      { keys: ['name'], type: 'Volume' },
    ],
    ['networking.k8s.io/v1', 'Ingress', ['spec', 'rules'], undefined],
    ['example.com/v1', 'Deployment', container, undefined],
    ['v1', 'constructor', ['name'], undefined],
    ['v1', 'Pod', ['toString'], undefined],
  ];
  for (const [apiVersion, kind, path, expected] of table) {
    const found = fieldAt(BUILTIN_MERGE_SCHEMA, apiVersion, kind, path);
    assert.deepEqual(found, expected, `${apiVersion} ${kind} ${path.join('.')}`);
  }
});

test('every kind with a type has a scope, and every type that is named exists', () => {
  for (const [key, type] of Object.entries(BUILTIN_MERGE_SCHEMA.kinds)) {
    const [group = '', kind = ''] = key.split('/');
    assert.notEqual(isNamespaced({ group, kind }), undefined, key);
    assert.ok(Object.hasOwn(BUILTIN_MERGE_SCHEMA.types, type), `${key} has the type ${type}`);
  }
  for (const [name, fields] of Object.entries(BUILTIN_MERGE_SCHEMA.types)) {
    for (const [field, { type }] of Object.entries(fields)) {
      assert.ok(
        type === undefined || Object.hasOwn(BUILTIN_MERGE_SCHEMA.types, type),
        `${name}.${field} leads to ${type}`,
      );
    }
  }
});

const WIDGET: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  listeners: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['port', 'protocol'],
                    items: {
                      type: 'object',
                      properties: {
                        port: { type: 'integer' },
                        protocol: { type: 'string', default: 'HTTP' },
                        hosts: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                      },
                    },
                  },
                  routes: { type: 'array', items: { type: 'object' } },
                  zones: {
                    type: 'object',
                    additionalProperties: {
                      type: 'object',
                      properties: {
                        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
      { name: 'v2', schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
    ],
  },
};

test('lists of a custom resource merge where its CRD says map or set', () => {
  const schema = withCustomResources([WIDGET]);
  const keys = (version: string, ...path: readonly string[]): unknown => {
    const field = fieldAt(schema, `example.com/${version}`, 'Widget', path);
    return field === undefined ? undefined : { keys: field.keys, defaults: field.defaults };
  };
  assert.deepEqual(keys('v1', 'spec', 'listeners'), { keys: ['port', 'protocol'], defaults: { protocol: 'HTTP' } });
  assert.deepEqual(keys('v1', 'spec', 'listeners', 'hosts'), { keys: [], defaults: undefined });
  assert.deepEqual(keys('v1', 'spec', 'zones', 'any', 'tags'), { keys: [], defaults: undefined });
  assert.deepEqual(keys('v1', 'spec', 'routes'), undefined);
  assert.deepEqual(keys('v2', 'spec', 'listeners'), undefined);
  assert.deepEqual(mergeTypeOf(schema, 'example.com/v2', 'Widget'), {});
  assert.deepEqual(mergeTypeOf(schema, 'example.com/v3', 'Widget'), undefined);
  assert.deepEqual(
    fieldAt(schema, 'v1', 'Service', ['spec', 'ports']),
    fieldAt(BUILTIN_MERGE_SCHEMA, 'v1', 'Service', ['spec', 'ports']),
  );
});

test('a definition that is not as it should be adds nothing', () => {
  for (const broken of [{}, { spec: null }, { spec: { group: 'a', names: { kind: 'B' }, versions: 'v1' } }]) {
    assert.deepEqual(withCustomResources([broken]), BUILTIN_MERGE_SCHEMA);
  }
});

function fieldAt(
  schema: MergeSchema,
  apiVersion: string,
  kind: string,
  path: readonly string[],
): MergeField | undefined {
  let type = mergeTypeOf(schema, apiVersion, kind);
  let field: MergeField | undefined;
  for (const name of path) {
    field = mergeFieldOf(type, name);
    type = targetTypeOf(schema, field);
  }
  return field;
}
