/**
 * Everything that reads what strangers wrote, with inputs that nobody would write. A property holds when nothing is thrown, no
 * argument is changed, and what comes back keeps its promises. `scripts/fuzz.ts` runs them for minutes, the test for a moment.
 */
// oxlint-disable no-map-spread -- these `map` calls are of arbitraries, not of arrays
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as fc from 'fast-check';
import { parseGlob } from '../../src/glob.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isList, isObject, printJson, sameJson } from '../../src/object/json.ts';
import { BUILTIN_MERGE_SCHEMA } from '../../src/object/merge-keys.ts';
import { formatPointer, parsePointer } from '../../src/object/pointer.ts';
import { renderFleet } from '../../src/reconcile.ts';
import { applyJsonPatch } from '../../src/render/json-patch.ts';
import { strategicMerge } from '../../src/render/strategic-merge.ts';
import { substitute } from '../../src/render/substitute.ts';
import { MAX_PROBLEMS, parseYaml } from '../../src/yaml.ts';
import { createLocator } from '../../src/yaml/locate.ts';
import { printYamlDocuments } from '../../src/yaml/print.ts';
import { snapshotOf } from '../support/fleet-files.ts';

/** What one surface is fed with, and what must hold. */
export type Surface = fc.IProperty<readonly unknown[]>;

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'fleet-repo');
const EXAMPLE_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(EXAMPLE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [relative(EXAMPLE, path), readFileSync(path, 'utf8')]),
);
const paths = fc.constantFrom(...Object.keys(EXAMPLE_FILES));

/** Signs that mean something to YAML, and what stands between them. */
const TOKENS = [
  ['a', 'b: ', ': ', ':', '- ', '-', '? ', '\n', '\n  ', '\n    ', '\n\n', ' ', '\t', '\r\n', '\u2028', '\ufeff'],
  ['{', '}', '[', ']', ', ', '"', "'", '|', '>', '|2', '>-', '&a ', '*a', '*b', '!!str ', '!x ', '# c', '%YAML 1.2'],
  ['---', '...', '<<: ', '~', 'null', '0644', '1e999', '.nan', '9007199254740993', '2026-01-01', '__proto__: ', '\0'],
  [
    '${vars.a}',
    '${',
    '$${',
    '{{ .Values.x }}',
    '<<<<<<< HEAD\n',
    'apiVersion: v1\n',
    'kind: List\n',
    'items:\n',
    '\\u{',
  ],
].flat();
const token = fc.constantFrom(...TOKENS);
const tokens = fc.array(token, { maxLength: 60 }).map((parts) => parts.join(''));

/** A text of the example with some of it cut out, doubled or replaced. */
const mutated = fc
  .tuple(
    paths,
    fc.array(fc.tuple(fc.nat(), fc.nat(40), fc.oneof(token, tokens, fc.string())), { minLength: 1, maxLength: 4 }),
  )
  .map(([path, edits]) => {
    const text = edits.reduce((current, [at, length, insert]) => {
      const place = at % (current.length + 1);
      return current.slice(0, place) + insert + current.slice(place + length);
    }, EXAMPLE_FILES[path] ?? '');
    return { path, text };
  });

const key = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'name',
    'spec',
    'metadata',
    'containers',
    'replicas',
    'kind',
    'apiVersion',
    '',
    '~',
    '/',
    '0',
    '-',
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '$patch',
    '$retainKeys',
    '$deleteFromPrimitiveList/a',
  ),
);
const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, 'delete', 'replace', 'merge', 'x', 0, -1, 1.5, 9_007_199_254_740_993n),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;
const object: fc.Arbitrary<JsonObject> = fc
  .tuple(fc.constantFrom('Deployment', 'ConfigMap', 'Widget'), fc.array(fc.tuple(key, json), { maxLength: 5 }))
  .map(([kind, entries]) => ({
    apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
    kind,
    ...Object.fromEntries(entries.filter(([name]) => name !== 'kind' && name !== 'apiVersion')),
  }));
const pointer = fc.oneof(fc.array(key, { maxLength: 4 }).map(formatPointer), fc.string());
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
    path: pointer,
    from: pointer,
    value: json,
  },
  { requiredKeys: ['op', 'path'] },
);

/** As Kubernetes has them: a letter first. `.` and `..` are no names. */
const names = fc
  .tuple(fc.constantFrom('a', 'b'), fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 260 }))
  .map((parts) => parts.join(''));

/** By name. A new one is an entry here. */
export const SURFACES: Readonly<Record<string, Surface>> = {
  yaml: property(
    fc.oneof(
      tokens,
      mutated.map(({ text }) => text),
      fc.string({ unit: 'binary' }),
    ),
    (text) => checkYaml(text, 'yaml'),
  ),
  bytes: property(fc.uint8Array({ maxLength: 200 }), (bytes) => checkYaml(bytes, 'yaml')),
  json: property(fc.oneof(tokens, fc.json(), fc.string()), (text) => checkYaml(text, 'json')),
  'json-patch': property(fc.tuple(object, fc.oneof(fc.array(operation, { maxLength: 6 }), json)), ([body, ops]) => {
    unchanged([body, ops], () => {
      const result = applyJsonPatch(body, ops, { secret: false });
      if (result.state === 'patched') assert.ok(isObject(result.object));
      else assert.ok(result.problems.length > 0);
    });
  }),
  'strategic-merge': property(fc.tuple(object, object), ([base, patch]) => {
    unchanged([base, patch], () => {
      const result = strategicMerge(
        base,
        { ...patch, kind: base['kind'] ?? null, apiVersion: base['apiVersion'] ?? null },
        BUILTIN_MERGE_SCHEMA,
      );
      if (result.state === 'failed') assert.ok(result.problems.length > 0);
    });
  }),
  variables: property(
    fc.tuple(
      fc.oneof(tokens, fc.string(), json),
      fc.dictionary(key, fc.oneof(fc.string(), fc.integer(), fc.boolean())),
    ),
    ([value, variables]) => {
      unchanged([value], () => {
        const source = { name: 'eu', labels: {}, variables };
        const { value: replaced, problems } = substitute(value, source);
        if (problems.length === 0 && !printJson(value).includes('$')) assert.ok(sameJson(value, replaced));
      });
    },
  ),
  glob: property(
    fc.tuple(fc.string({ unit: fc.constantFrom(...Array.from('ab*?-.[{(!\\/é')), maxLength: 300 }), names),
    ([pattern, name]) => {
      const glob = parseGlob(pattern);
      if (glob.state === 'refused') return;
      assert.equal(glob.match(name), name.length <= 253 && matchesSimply(pattern, name), `${pattern} ${name}`);
    },
  ),
  pointer: property(fc.oneof(pointer, fc.string()), (text) => {
    const segments = parsePointer(text);
    if (segments !== undefined) assert.equal(formatPointer(segments), text);
  }),
  fleet: property(fc.array(mutated, { minLength: 1, maxLength: 3 }), (changes) => {
    const files = { ...EXAMPLE_FILES, ...Object.fromEntries(changes.map(({ path, text }) => [path, text])) };
    const result = renderFleet(snapshotOf(files));
    const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
    for (const { origin } of diagnostics) {
      assert.ok(origin.line >= 1 && origin.column >= 1, JSON.stringify(origin));
      assert.ok(origin.file in files || Object.keys(files).some((path) => path.startsWith(origin.file)), origin.file);
    }
    if (result.state === 'unusable') assert.ok(diagnostics.some((each) => each.severity === 'error'));
  }),
};

/** A property that also sees whether a prototype was touched. */
function property<Input>(input: fc.Arbitrary<Input>, check: (value: Input) => void): Surface {
  return fc.property(input, (value) => {
    check(value);
    assert.deepEqual(Reflect.ownKeys(Object.prototype), OBJECT_KEYS);
    assert.deepEqual(Reflect.ownKeys(Array.prototype), ARRAY_KEYS);
  });
}

const OBJECT_KEYS = Reflect.ownKeys(Object.prototype);
const ARRAY_KEYS = Reflect.ownKeys(Array.prototype);

function checkYaml(content: string | Uint8Array, format: 'yaml' | 'json'): void {
  const parsed = parseYaml(content, { format });
  assert.ok(parsed.problems.length <= MAX_PROBLEMS + 1);
  for (const { line, column } of parsed.problems) assert.ok(line >= 1 && column >= 1);
  if (parsed.broken) return;
  const locate = createLocator(content, format);
  for (const { index, value } of parsed.documents) {
    for (const path of somePaths(value)) {
      const { line, column } = locate(index, path, 'value');
      assert.ok(line >= 1 && column >= 1);
    }
  }
  const objects = parsed.documents.map(({ value }) => value).filter(isObject);
  const again = parseYaml(printYamlDocuments(objects));
  assert.ok(
    sameJson(
      again.documents.map(({ value }) => value),
      objects,
    ),
    'what is printed is read again as it was',
  );
}

/** Ways to a few of the values. */
function somePaths(value: JsonValue, path: readonly string[] = []): readonly (readonly string[])[] {
  const children = isList(value) ? value.entries() : isObject(value) ? Object.entries(value) : [];
  const below = [...children].slice(0, 3).flatMap(([name, item]) => somePaths(item, [...path, String(name)]));
  return [path, ...below].slice(0, 20);
}

/** Arguments are deeply frozen while the call runs: to change them is an error in every module. */
function unchanged(values: readonly JsonValue[], call: () => void): void {
  for (const value of values) freeze(value);
  call();
}

function freeze(value: JsonValue): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const item of Object.values(value)) freeze(item);
}

/** What a pattern means, by the oldest algorithm that there is. */
function matchesSimply(pattern: string, name: string): boolean {
  let reached = new Set([0]);
  const skip = (places: Set<number>): Set<number> => {
    for (const place of places) if (pattern[place] === '*') places.add(place + 1);
    return places;
  };
  reached = skip(reached);
  for (const character of name) {
    const next = new Set<number>();
    for (const place of reached) {
      if (pattern[place] === '*') next.add(place);
      else if (pattern[place] === '?' || pattern[place] === character) next.add(place + 1);
    }
    reached = skip(next);
  }
  return reached.has(pattern.length);
}
