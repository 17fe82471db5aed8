/** Random objects, and random patches that fit a given object: all within what kustomize handles without a fault. */
// oxlint-disable no-map-spread -- these `map` calls are of arbitraries, not of arrays
import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isList, isObject, textAt } from '../../src/object/json.ts';
import { BUILTIN_MERGE_SCHEMA, mergeFieldOf, mergeTypeOf, targetTypeOf } from '../../src/object/merge-keys.ts';
import type { MergeField, MergeType } from '../../src/object/merge-keys.ts';

const text = fc.constantFrom('x', 'some text', '', 'a: b', '#', 'ünïcode');
const integer = fc.integer({ min: -5, max: 70_000 });
const scalar: fc.Arbitrary<JsonValue> = fc.oneof(text, integer, fc.boolean());
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const labels = fc.dictionary(name, fc.constantFrom('x', 'y'), { maxKeys: 3 });

/** Some of the fields, each at times. */
function some(fields: Readonly<Record<string, fc.Arbitrary<JsonValue>>>): fc.Arbitrary<JsonObject> {
  return fc.record(fields, { requiredKeys: [] }).map(dropAbsent);
}

/** fast-check leaves a field out, but its type says that it may be undefined. */
function dropAbsent(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** A list whose items differ in `key`. */
function keyed(key: string, value: fc.Arbitrary<JsonValue>, rest: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonValue> {
  const item = fc.tuple(value, rest).map(([id, fields]): JsonObject => ({ [key]: id, ...fields }));
  return fc.uniqueArray(item, { selector: (each) => each[key], maxLength: 4 });
}

/** Ports of which all say a protocol, or none does: kustomize loses patches where only some do. */
function ports(key: string): fc.Arbitrary<JsonValue> {
  const port = fc.constantFrom(53, 80, 443);
  const both = fc.uniqueArray(
    fc.record({ [key]: port, protocol: fc.constantFrom('TCP', 'UDP') }, { requiredKeys: [key, 'protocol'] }),
    { selector: (each) => JSON.stringify(each), maxLength: 4 },
  );
  return fc.oneof(both, keyed(key, port, some({ name })));
}

const container = some({
  image: scalar,
  args: fc.array(scalar, { maxLength: 3 }),
  env: keyed('name', name, some({ value: scalar, valueFrom: some({ fieldRef: some({ fieldPath: scalar }) }) })),
  ports: ports('containerPort'),
  resources: some({ limits: labels, requests: labels }),
  volumeMounts: keyed('mountPath', fc.constantFrom('/a', '/b', '/c'), some({ name, readOnly: fc.boolean() })),
  stdin: fc.constant(null),
});

const podSpec = some({
  containers: keyed('name', name, container),
  initContainers: keyed('name', name, container),
  volumes: keyed(
    'name',
    name,
    some({ emptyDir: some({ medium: scalar }), configMap: some({ items: fc.array(labels) }) }),
  ),
  tolerations: fc.array(some({ key: name, operator: scalar }), { maxLength: 3 }),
  nodeSelector: labels,
  securityContext: some({ runAsUser: scalar, seLinuxOptions: labels, supplementalGroups: fc.array(fc.nat(9)) }),
  hostAliases: keyed(
    'ip',
    fc.constantFrom('1.1.1.1', '2.2.2.2'),
    some({ hostnames: fc.array(name, { maxLength: 2 }) }),
  ),
  imagePullSecrets: keyed('name', name, fc.constant({})),
  priority: scalar,
});

const metadata = fc.record(
  {
    name: fc.constant('web'),
    labels,
    annotations: labels,
    finalizers: fc.uniqueArray(fc.constantFrom('a/a', 'b/b', 'c/c'), { maxLength: 3 }),
    ownerReferences: keyed('uid', fc.constantFrom('1', '2'), some({ name, controller: fc.boolean() })),
  },
  { requiredKeys: ['name'] },
);
const template = some({ metadata: some({ labels, annotations: labels }), spec: podSpec });

function kind(apiVersion: string, kind: string, spec: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  return fc.record(
    { apiVersion: fc.constant(apiVersion), kind: fc.constant(kind), metadata, spec },
    { requiredKeys: ['apiVersion', 'kind', 'metadata'] },
  );
}

/** Objects of kinds with many merged lists, with few, and of a kind that nobody described. */
export const anyObject: fc.Arbitrary<JsonObject> = fc.oneof(
  kind('apps/v1', 'Deployment', some({ replicas: scalar, strategy: labels, template })),
  kind(
    'apps/v1',
    'StatefulSet',
    some({ template, volumeClaimTemplates: fc.array(some({ spec: labels }), { minLength: 1 }) }),
  ),
  kind('batch/v1', 'CronJob', some({ schedule: scalar, jobTemplate: some({ spec: some({ template }) }) })),
  kind(
    'v1',
    'Service',
    some({ ports: ports('port'), selector: labels, externalIPs: fc.array(name, { maxLength: 2 }) }),
  ),
  kind('v1', 'Pod', podSpec),
  kind('networking.k8s.io/v1', 'NetworkPolicy', some({ policyTypes: fc.array(name), podSelector: labels })),
  kind('example.com/v1', 'Widget', some({ containers: keyed('name', name, container), size: scalar, map: labels })),
);

/** A patch that changes some of what the object has, and adds some. Never empty of meaning by its form: it fits. */
export function patchFor(base: JsonObject): fc.Arbitrary<JsonObject> {
  const type = typeOf(base);
  const { apiVersion: _, kind: __, metadata, ...rest } = base;
  return fc
    .tuple(mapPatch(rest, type, true), isObject(metadata) ? metadataPatch(metadata, type) : fc.constant({}))
    .map(([fields, meta]) => ({ ...fields, metadata: meta }));
}

/**
 * True where kustomize itself would change the object without any patch: two items with one key, or ports of which only
 * some say their protocol.
 */
export function confusesKustomize(base: JsonObject): boolean {
  return confuses(base, typeOf(base));
}

function typeOf(object: JsonObject): MergeType | undefined {
  return mergeTypeOf(BUILTIN_MERGE_SCHEMA, textAt(object, 'apiVersion') ?? '', textAt(object, 'kind') ?? '');
}

function confuses(map: JsonObject, type: MergeType | undefined): boolean {
  return Object.entries(map).some(([key, value]) => {
    const field = mergeFieldOf(type, key);
    const inner = targetTypeOf(BUILTIN_MERGE_SCHEMA, field);
    if (isObject(value)) return confuses(value, inner);
    if (!isList(value) || field?.keys === undefined) return false;
    return !isClear(value, field) || value.some((item) => isObject(item) && confuses(item, inner));
  });
}

/** Every item says the same keys, and no two items are the same. */
function isClear(list: readonly JsonValue[], field: MergeField): boolean {
  const keys = field.keys ?? [];
  if (keys.length === 0) return new Set(list).size === list.length;
  const said = list.map((item) => (isObject(item) ? keys.filter((key) => Object.hasOwn(item, key)) : []));
  const ids = list.map((item) => (isObject(item) ? JSON.stringify(keys.map((key) => item[key])) : ''));
  return new Set(ids).size === ids.length && said.every((each) => each.length > 0 && each.join() === said[0]?.join());
}

/** Labels and annotations get texts only: kustomize turns all else into text, which has nothing to do with merging. */
function metadataPatch(metadata: JsonObject, type: MergeType | undefined): fc.Arbitrary<JsonObject> {
  const { name: _, namespace: __, labels: ___, annotations: ____, ...rest } = metadata;
  const texts = fc.dictionary(name, fc.oneof(text, fc.constant(null)), { maxKeys: 3 });
  const fields = mapPatch(rest, targetTypeOf(BUILTIN_MERGE_SCHEMA, mergeFieldOf(type, 'metadata')), true);
  return fc
    .tuple(fields, some({ labels: texts, annotations: texts }))
    .map(([merged, both]): JsonObject => ({ ...merged, ...both }));
}

/** `plain`: without a directive about the map itself. */
function mapPatch(base: JsonObject, type: MergeType | undefined, plain: boolean): fc.Arbitrary<JsonObject> {
  const fields = Object.fromEntries(
    Object.entries(base).map(([key, value]) => {
      const change = valuePatch(value, mergeFieldOf(type, key));
      return [key, fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 9, arbitrary: change })];
    }),
  );
  const added = some({
    added: fc.oneof(scalar, fc.constant({ deep: { gone: null, x: 1 }, none: null }), fc.constant([1])),
  });
  const changes = fc.tuple(some(fields), added).map(([some, more]): JsonObject => ({ ...some, ...more }));
  if (plain) return changes;
  const directive = fc.constantFrom('replace', 'delete', 'merge');
  return fc.oneof(
    { weight: 9, arbitrary: changes },
    { weight: 1, arbitrary: fc.tuple(labels, directive).map(([map, $patch]) => ({ ...map, $patch })) },
  );
}

function valuePatch(value: JsonValue, field: MergeField | undefined): fc.Arbitrary<JsonValue> {
  if (isObject(value)) return mapPatch(value, targetTypeOf(BUILTIN_MERGE_SCHEMA, field), false);
  if (!isList(value)) return sameKind(value);
  if (field?.keys === undefined) {
    // Of the shape that it has: kustomize looks into some lists for names of other objects, and fails on what it finds.
    const shuffled = fc.shuffledSubarray([...value]);
    return value.some(isObject) ? shuffled : fc.oneof(shuffled, fc.array(scalar, { maxLength: 2 }));
  }
  // Directives about lists that nobody has are among the known differences.
  const directives: readonly JsonObject[] = [{ $patch: 'replace' }, { $patch: 'merge' }];
  const items = field.keys.length === 0 ? setPatch(value) : itemsPatch(value, field, field.keys);
  return fc.oneof(
    { weight: 8, arbitrary: items },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...directives), items).map(([first, rest]) => [first, ...rest]) },
    { weight: 1, arbitrary: fc.constant([{ $patch: 'delete' }]) },
  );
}

/** A text for a text: kustomize keeps the quotes of the base, so that a number in the place of a text becomes a text. */
function sameKind(value: JsonValue): fc.Arbitrary<JsonValue> {
  return typeof value === 'string' ? text : typeof value === 'boolean' ? fc.boolean() : integer;
}

function setPatch(base: readonly JsonValue[]): fc.Arbitrary<readonly JsonValue[]> {
  return fc.tuple(fc.subarray([...base]), fc.subarray(['x/x', 'y/y'])).map(([old, fresh]) => [...fresh, ...old]);
}

function itemsPatch(
  base: readonly JsonValue[],
  field: MergeField,
  keys: readonly string[],
): fc.Arbitrary<readonly JsonValue[]> {
  const type = targetTypeOf(BUILTIN_MERGE_SCHEMA, field);
  const objects = base.filter(isObject);
  const changes = objects.map((item): fc.Arbitrary<JsonObject> => {
    const said = Object.fromEntries(Object.entries(item).filter(([key]) => keys.includes(key)));
    const rest = Object.fromEntries(Object.entries(item).filter(([key]) => !keys.includes(key)));
    return fc.oneof(
      { weight: 4, arbitrary: mapPatch(rest, type, true).map((patch) => ({ ...said, ...patch })) },
      { weight: 1, arbitrary: fc.constant({ ...said, $patch: 'delete' }) },
    );
  });
  const [first] = objects;
  const saidKeys = first === undefined ? keys : keys.filter((key) => Object.hasOwn(first, key));
  const fresh = some({ added: scalar, none: fc.constant(null) }).map((rest): JsonObject => ({
    ...Object.fromEntries(saidKeys.map((key) => [key, `new-${key}`])),
    ...rest,
  }));
  return fc
    .tuple(fc.tuple(...changes), fc.option(fresh, { nil: undefined, freq: 2 }))
    .chain(([all, added]) => fc.shuffledSubarray(added === undefined ? all : [...all, added]));
}
