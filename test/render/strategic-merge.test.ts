import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';
import { listAt, mapAt } from '../../src/object/json.ts';
import { BUILTIN_MERGE_SCHEMA, withCustomResources } from '../../src/object/merge-keys.ts';
import { strategicMerge } from '../../src/render/strategic-merge.ts';
import type { MergeResult } from '../../src/render/strategic-merge.ts';
import { anyObject, patchFor } from './arbitrary-patch.ts';
import {
  AGREED,
  BEYOND,
  configMap,
  container,
  deployment,
  DIFFERENT,
  REFUSED,
  service,
  widget,
} from './merge-cases.ts';

test('merging gives what kustomize gives', () => {
  for (const { name, base, patch, merged } of AGREED) assert.deepEqual(outcome(base, patch), merged, name);
});

test('directives that kustomize does not know do what kubectl does', () => {
  for (const { name, base, patch, merged } of BEYOND) assert.deepEqual(outcome(base, patch), merged, name);
});

test('where kustomize drops or spoils something in silence, we do not', () => {
  for (const { name, base, patch, ours, reason } of DIFFERENT) {
    const found = outcome(base, patch);
    const start = typeof ours === 'string' && typeof found === 'string' ? found.slice(0, ours.length) : found;
    assert.deepEqual(start, ours, `${name} (${reason})`);
  }
});

test('what does not fit the shape of the base is refused', () => {
  for (const { name, base, patch, ours } of REFUSED) assert.deepEqual(outcome(base, patch), ours, name);
});

test('a problem says where in the patch it is, what is wrong, and what to do', () => {
  const table: readonly (readonly [string, JsonObject, JsonObject, readonly [string, string, string | undefined][]])[] =
    [
      [
        'an item without its key',
        container('image: a'),
        container('env: [{value: x}, {name: B}, {name: ""}]'),
        [
          [
            '/spec/template/spec/containers/0/env/0',
            '"/spec/template/spec/containers/0/env/0" has no "name", by which the items of this list are matched',
            'Add "name".',
          ],
          [
            '/spec/template/spec/containers/0/env/2',
            '"/spec/template/spec/containers/0/env/2" has no "name", by which the items of this list are matched',
            'Add "name".',
          ],
        ],
      ],
      [
        'an item that is no map',
        service('[]'),
        service('[80]'),
        [
          [
            '/spec/ports/0',
            '"/spec/ports/0" has no "port" and "protocol", by which the items of this list are matched',
            'Add "port" and "protocol".',
          ],
        ],
      ],
      [
        'a port without number',
        service('[{port: 80, name: http}]'),
        service('[{name: http, targetPort: 1}]'),
        [
          [
            '/spec/ports/0',
            '"/spec/ports/0" has no "port", by which the items of this list are matched',
            'Add "port".',
          ],
        ],
      ],
      [
        'a misspelt word',
        deployment('securityContext: {fsGroup: 1}'),
        deployment('securityContext: {$patch: delte}'),
        [
          [
            '/spec/template/spec/securityContext/$patch',
            '"/spec/template/spec/securityContext/$patch" does not say what to do',
            'Did you mean "delete"?',
          ],
        ],
      ],
      [
        'a misspelt directive about a list',
        deployment('containers: []'),
        deployment('$setElementOrders/containers: []'),
        [
          [
            '/spec/template/spec/$setElementOrders~1containers',
            '"/spec/template/spec/$setElementOrders~1containers" is not a directive',
            'Did you mean "$setElementOrder/containers"?',
          ],
        ],
      ],
      [
        'two minds about a list',
        deployment('containers: [{name: a}]'),
        deployment('containers: [{$patch: replace}, {name: b}, {$patch: merge}]'),
        [
          [
            '/spec/template/spec/containers/2',
            '"/spec/template/spec/containers/2" says "merge" about a list of which an item before says "replace"',
            undefined,
          ],
        ],
      ],
      [
        'null in a set',
        configMap('{finalizers: [a/a]}'),
        configMap('{finalizers: [null]}'),
        [
          [
            '/metadata/finalizers/0',
            '"/metadata/finalizers/0" is null, which no list of plain values can hold',
            undefined,
          ],
        ],
      ],
      [
        '$retainKeys that forgets a field',
        deployment('securityContext: {fsGroup: 1}'),
        deployment('securityContext: {$retainKeys: [fsGroup], runAsUser: 2}'),
        [
          [
            '/spec/template/spec/securityContext/runAsUser',
            '"/spec/template/spec/securityContext/runAsUser" is set, but "$retainKeys" beside it does not list it',
            'Add "runAsUser" to the list.',
          ],
        ],
      ],
      [
        '$setElementOrder that forgets an item',
        deployment('containers: [{name: a}]'),
        deployment('{$setElementOrder/containers: [{name: a}], containers: [{name: b}]}'),
        [
          [
            '/spec/template/spec/containers/0',
            '"/spec/template/spec/containers/0" has no place in the order that "$setElementOrder/containers" gives',
            'Add it there.',
          ],
        ],
      ],
      [
        '$setElementOrder of a list that is replaced',
        deployment('tolerations: [{key: a}]'),
        deployment('$setElementOrder/tolerations: [{key: a}]'),
        [
          [
            '/spec/template/spec/$setElementOrder~1tolerations',
            '"/spec/template/spec/$setElementOrder~1tolerations" does nothing here: nothing tells the items of this list apart',
            'List them in the order wanted.',
          ],
        ],
      ],
      [
        '$deleteFromPrimitiveList of maps',
        deployment('containers: [{name: a}]'),
        deployment('$deleteFromPrimitiveList/containers: [{name: a}]'),
        [
          [
            '/spec/template/spec/$deleteFromPrimitiveList~1containers',
            '"/spec/template/spec/$deleteFromPrimitiveList~1containers" is not a list of plain values',
            undefined,
          ],
        ],
      ],
    ];
  for (const [name, base, patch, expected] of table) {
    const result = strategicMerge(base, patch, BUILTIN_MERGE_SCHEMA);
    assert.equal(result.state, 'failed', name);
    const found = result.state === 'failed' ? result.problems : [];
    assert.deepEqual(
      found.map(({ pointer, message, help }) => [pointer, message, help]),
      expected,
      name,
    );
    assert.ok(found.every(({ code, severity }) => code === 'PATCH_FAILED' && severity === 'error'));
  }
});

test('a patch that changes what the object is called is refused', () => {
  const base = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } };
  const table: readonly (readonly [JsonObject, string])[] = [
    [{ apiVersion: 'apps/v1beta1' }, '/apiVersion'],
    [{ kind: 'StatefulSet' }, '/kind'],
    [{ kind: null }, '/kind'],
    [{ metadata: { name: 'web-eu' } }, '/metadata/name'],
    [{ metadata: { namespace: 'other' } }, '/metadata/namespace'],
    [{ metadata: { namespace: null } }, '/metadata/namespace'],
    [{ metadata: { name: 'other' }, $patch: 'delete' }, '/metadata/name'],
  ];
  for (const [patch, pointer] of table) {
    const result = strategicMerge(base, patch, BUILTIN_MERGE_SCHEMA);
    const problems = result.state === 'failed' ? result.problems : [];
    assert.deepEqual(
      problems.map((each) => [each.code, each.pointer]),
      [['IDENTITY_CHANGED', pointer]],
    );
  }
  assert.deepEqual(
    outcome(base, { metadata: { name: 'web-eu' } }),
    '"/metadata/name" is "web" and would become "web-eu": a patch cannot change which object it is',
  );
});

test('an object without a namespace gets none from a patch', () => {
  const base = configMap('{}');
  assert.deepEqual(
    outcome(base, { metadata: { name: 'c', namespace: 'shop', labels: { a: 'b' } } }),
    configMap('labels: {a: b}'),
  );
});

test('whatever a patch does to the metadata, the object keeps its name', () => {
  const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop', labels: { a: 'b' } } };
  const bare = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } };
  assert.deepEqual(outcome(base, { metadata: null }), bare);
  assert.deepEqual(outcome(base, { metadata: { $patch: 'delete' } }), bare);
  assert.deepEqual(outcome(base, { metadata: { $patch: 'replace' } }), bare);
  assert.deepEqual(outcome(base, { $patch: 'replace' }), bare);
  assert.deepEqual(outcome(base, { $retainKeys: ['data'], data: { x: 'y' } }), { ...bare, data: { x: 'y' } });
});

test('what does nothing although somebody wanted something is a warning', () => {
  const table: readonly (readonly [JsonObject, JsonObject, string, string | undefined])[] = [
    [
      deployment('containers: [{name: sidecar}]'),
      deployment('containers: [{name: sidecarr, $patch: delete}]'),
      '"/spec/template/spec/containers/0" removes nothing: the base has no item with name "sidecarr"',
      'Did you mean "sidecar"?',
    ],
    [
      container('resources: {limits: {cpu: 1}}'),
      container('resorces: null'),
      '"/spec/template/spec/containers/0/resorces" removes nothing: the base has no such field',
      'Did you mean "resources"?',
    ],
    [
      configMap('{finalizers: [a/abc]}'),
      configMap('{$deleteFromPrimitiveList/finalizers: [a/abd]}'),
      '"/metadata/$deleteFromPrimitiveList~1finalizers/0" removes nothing: the list has no such item',
      'Did you mean "a/abc"?',
    ],
    [
      widget('{items: [{name: a}]}'),
      widget('{items: [{name: a, $patch: delete}]}'),
      '"/spec/items/0/$patch" does nothing here: nothing tells the items of this list apart, so the patch replaces it whole',
      'List the items that are to be there.',
    ],
  ];
  for (const [base, patch, message, help] of table) {
    const result = strategicMerge(base, patch, BUILTIN_MERGE_SCHEMA);
    const warnings = result.state === 'merged' ? result.warnings : [];
    assert.deepEqual(
      warnings.map((each) => [each.severity, each.message, each.help]),
      [['warning', message, help]],
    );
  }
});

test('to remove what one of several objects does not have is no mistake', () => {
  const result = strategicMerge(container('image: a'), container('livenessProbe: null'), BUILTIN_MERGE_SCHEMA);
  assert.deepEqual(result, { state: 'merged', object: container('image: a'), warnings: [] });
});

test('lists of a custom resource merge as its CRD in the repository says', () => {
  const crd: JsonObject = parse(`
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    spec:
      group: example.com
      names: {kind: Widget}
      versions:
        - name: v1
          schema:
            openAPIV3Schema:
              properties:
                spec:
                  properties:
                    listeners:
                      type: array
                      x-kubernetes-list-type: map
                      x-kubernetes-list-map-keys: [port, protocol]
                      items: {properties: {protocol: {type: string, default: HTTP}}}
                    tags: {type: array, x-kubernetes-list-type: set}
                    routes: {type: array, x-kubernetes-list-type: atomic}
                    plain: {type: array}
  `);
  const base = widget(
    '{listeners: [{port: 1, protocol: HTTP, host: a}, {port: 2}], tags: [a, b], routes: [a], plain: [a]}',
  );
  const patch = widget('{listeners: [{port: 1, host: b}], tags: [b, c], routes: [b], plain: [b]}');
  assert.deepEqual(
    outcome(base, patch, [crd]),
    widget('{listeners: [{port: 1, protocol: HTTP, host: b}, {port: 2}], tags: [b, c, a], routes: [b], plain: [b]}'),
  );
  assert.deepEqual(
    outcome(base, widget('{plain: [{$patch: delete}]}'), [crd]),
    '"/spec/plain/0/$patch" does nothing here: nothing tells the items of this list apart, so the patch replaces it whole',
  );
  assert.deepEqual(
    outcome(base, patch),
    widget('{listeners: [{port: 1, host: b}], tags: [b, c], routes: [b], plain: [b]}'),
  );
});

test('an item that leaves out keys which all have a default is the item with the defaults', () => {
  const crd: JsonObject = parse(`
    spec:
      group: example.com
      names: {kind: Widget}
      versions:
        - name: v1
          schema:
            openAPIV3Schema:
              properties:
                spec:
                  properties:
                    ends:
                      type: array
                      x-kubernetes-list-type: map
                      x-kubernetes-list-map-keys: [zone, protocol]
                      items: {properties: {zone: {default: any}, protocol: {default: TCP}}}
  `);
  const base = widget('{ends: [{zone: any, protocol: TCP, host: a}, {protocol: UDP}]}');
  assert.deepEqual(
    outcome(widget('{ends: [{protocol: UDP}]}'), widget('{ends: [{zone: any, host: c}]}'), [crd]),
    '"/spec/ends/0" leaves out "protocol", and the base has it as zone "any" and protocol "UDP"',
  );
  assert.deepEqual(
    outcome(base, widget('{ends: [{host: b}]}'), [crd]),
    widget('{ends: [{zone: any, protocol: TCP, host: b}, {protocol: UDP}]}'),
  );
});

test('what the patch leaves alone is shared with the base', () => {
  const base = deployment('{containers: [{name: a, env: [{name: A}]}, {name: b}], tolerations: [{key: a}]}');
  const merged = outcome(base, deployment('containers: [{name: b, image: x}]'));
  const podOf = (object: JsonObject | string): JsonObject =>
    typeof object === 'string' ? assert.fail(object) : mapAt(object, 'spec', 'template', 'spec');
  assert.equal(podOf(merged)['tolerations'], podOf(base)['tolerations']);
  assert.equal(listAt(podOf(merged), 'containers')[1], listAt(podOf(base), 'containers')[0]);
});

test('a patch that changes nothing gives the base itself', () => {
  const base = deployment('{containers: [{name: a, args: [x]}, {name: b, ports: [{containerPort: 80}]}]}');
  const same = deployment('{containers: [{name: a}, {name: b, ports: [{containerPort: 80}]}], hostNetwork: null}');
  assert.equal(outcome(base, same), base);
});

test('neither base nor patch is ever changed, and a patch that was merged changes nothing more', () => {
  const pairs = anyObject.chain((base) => patchFor(base).map((patch) => ({ base, patch })));
  fc.assert(
    fc.property(pairs, ({ base, patch }) => {
      const before = JSON.stringify({ base, patch });
      const result = strategicMerge(base, patch, BUILTIN_MERGE_SCHEMA);
      assert.equal(JSON.stringify({ base, patch }), before);
      if (result.state !== 'merged') return;
      const again = strategicMerge(result.object, patch, BUILTIN_MERGE_SCHEMA);
      assert.deepEqual(again.state === 'merged' ? again.object : again, result.object);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

test('keys that JavaScript gives a meaning are plain keys', () => {
  const base: JsonObject = JSON.parse(
    '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}',
  );
  const patch: JsonObject = JSON.parse(
    '{"data": {"__proto__": "x", "constructor": "y", "toString": "z"}, "__proto__": {"polluted": "yes"}}',
  );
  assert.equal(
    JSON.stringify(outcome(base, patch)),
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"1","__proto__":"x","constructor":"y","toString":"z"},"__proto__":{"polluted":"yes"}}',
  );
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  assert.deepEqual(outcome(base, { data: { toString: null, valueOf: null } }), base);
});

test('big integers stay exact', () => {
  const base = widget('{a: 1}');
  assert.deepEqual(outcome(base, { spec: { big: 2n ** 63n } }), { ...base, spec: { a: 1, big: 2n ** 63n } });
});

/** The object, `deleted`, or the first message. */
function outcome(base: JsonObject, patch: JsonObject, definitions: readonly JsonObject[] = []): JsonObject | string {
  const result: MergeResult = strategicMerge(base, patch, withCustomResources(definitions));
  if (result.state === 'failed') return result.problems[0]?.message ?? 'no problem';
  return result.state === 'merged' ? result.object : 'deleted';
}
