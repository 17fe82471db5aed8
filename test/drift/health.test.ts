/**
 * Health of one object. The vectors in `health/vectors/<group or core>/<Kind>/<state>/<what-it-is>.yaml` are live objects,
 * trimmed to what matters; the path says what each must be, the first line what is said about it. Many were taken from
 * a Kubernetes 1.36 API server with its controllers.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { assessHealth, HEALTH_RULES } from '../../src/drift/health/table.ts';
import { HEALTH_STATES, type Health, type HealthState } from '../../src/model/health.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { groupKindKey, groupOf } from '../../src/object/id.ts';
import { at, isList, isObject, parseJson, textAt } from '../../src/object/json.ts';

const FOLDER = join(import.meta.dirname, 'health', 'vectors');

const STATE_FOLDERS: ReadonlyMap<string, HealthState> = new Map([
  ['current', 'Current'],
  ['in-progress', 'InProgress'],
  ['failed', 'Failed'],
  ['terminating', 'Terminating'],
]);

/** Kinds that have no such vector, and why. */
const NEVER_IN_PROGRESS: ReadonlyMap<string, string> = new Map([
  ['batch/CronJob', 'its schedule is in force from the start'],
]);

/** The value that some vectors hold where none may be shown, as it is and in base64. */
const SECRET = /hunter2|aHVudGVyMg/;

interface Vector {
  readonly path: string;
  /** Key of the group and kind that the path names. */
  readonly kind: string;
  readonly state: HealthState | undefined;
  /** What the first line says; `undefined` where it says nothing. */
  readonly message: string | undefined;
  readonly object: JsonObject;
}

const vectors = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => readVector(relative(FOLDER, join(entry.parentPath, entry.name))))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

for (const { path, kind, state, message, object } of vectors) {
  test(`health of ${path}`, () => {
    assert.equal(kindOf(object), kind, 'the path names another kind than the file');
    const health = assessHealth(object);
    assert.equal(health.state, state, health.message);
    if (message !== undefined) assert.equal(health.message, message);
  });
}

test('every kind of the table has at least three vectors, and current and in-progress ones', () => {
  for (const kind of HEALTH_RULES.keys()) {
    const own = vectors.filter((vector) => vector.kind === kind);
    assert.ok(own.length >= 3, `${kind} has ${own.length} vectors`);
    const states = new Set(own.map((vector) => vector.state));
    assert.ok(states.has('Current'), `${kind} has no vector that is current`);
    assert.notEqual(states.has('InProgress'), NEVER_IN_PROGRESS.has(kind), `${kind}: in-progress vectors`);
  }
});

test('an object that is being deleted is Terminating, whatever its status says', () => {
  for (const { path, object } of vectors) {
    const deleted = patch(object, 'metadata', { deletionTimestamp: '2026-11-21T15:00:00Z' });
    assert.equal(assessHealth(deleted).state, 'Terminating', path);
  }
});

test('an object whose controller has seen another generation is InProgress, whatever its status says', () => {
  for (const { path, state, object } of vectors.filter((vector) => vector.state !== 'Terminating')) {
    for (const observedGeneration of [-1, 0, 4, 6, 2n ** 60n]) {
      const changed = patch(patch(object, 'metadata', { generation: 5 }), 'status', { observedGeneration });
      const message = `${path} (${state ?? ''}) at observed generation ${observedGeneration}`;
      assert.deepEqual(assessHealth(changed), { state: 'InProgress', message: 'waiting for controller' }, message);
    }
  }
});

test('a workload without a status is not Current: nobody has looked yet', () => {
  const immediate = ['/Service', 'batch/CronJob'];
  for (const kind of [...HEALTH_RULES.keys()].filter((each) => !immediate.includes(each))) {
    for (const status of [undefined, null, {}, [], 'Running', { phase: 7, conditions: 'Ready' }]) {
      const object = objectOf(kind, { metadata: { name: 'a', generation: 1 }, spec: {}, status: status ?? null });
      const { state } = assessHealth(object);
      assert.equal(state, 'InProgress', `${kind} with status ${JSON.stringify(status)}`);
    }
  }
});

test('a kind of another group that has the name of a built-in one is judged by its conditions', () => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  const health = assessHealth({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    spec: { type: 'LoadBalancer' },
    status,
  });
  assert.deepEqual(health, { state: 'Current', message: '' });
});

test('names that every JavaScript object has are not kinds', () => {
  for (const kind of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '']) {
    assert.deepEqual(assessHealth({ apiVersion: 'v1', kind }), { state: 'Current', message: '' });
  }
  assert.deepEqual(assessHealth({}), { state: 'Current', message: '' });
});

test('no message holds a value of the environment, of a log, or of a Secret', () => {
  const marked = vectors.filter(({ path }) => SECRET.test(readFileSync(join(FOLDER, path), 'utf8')));
  assert.ok(marked.length > 0, 'no vector holds a value that could leak');
  for (const { path, object } of marked) {
    assert.doesNotMatch(assessHealth(object).message, SECRET, path);
  }
});

test('any JSON under any kind gets a state and a message that fits, and never an exception', () => {
  const kind = fc.constantFrom(...HEALTH_RULES.keys(), 'example.com/Widget');
  const part = fc.json({ maxDepth: 4 }).map(parseJson);
  fc.assert(
    fc.property(kind, part, part, part, (key, metadata, spec, status) => {
      check(assessHealth(objectOf(key, { metadata, spec, status })));
    }),
    { seed: 20_261_121, numRuns: 2_000 },
  );
});

test('a live object with any field replaced or removed gets a state and a message that fits, and never an exception', () => {
  const vector = fc.constantFrom(...vectors);
  const hostile: fc.Arbitrary<JsonValue> = fc.oneof(
    fc.constantFrom<JsonValue>(null, true, -1, 0.5, 1e308, 2n ** 70n, '', 'True', 'x'.repeat(5_000), [], [null], {}, [
      {},
    ]),
    fc.json({ maxDepth: 2 }).map(parseJson),
  );
  fc.assert(
    fc.property(vector, fc.nat(), hostile, fc.boolean(), ({ object }, index, value, remove) => {
      const paths = pathsIn(object);
      const path = paths[index % paths.length] ?? [];
      const changed = replace(object, path, remove ? undefined : value);
      assert.ok(isObject(changed));
      check(assessHealth(changed));
    }),
    { seed: 20_261_121, numRuns: 5_000 },
  );
});

function check(health: Health): void {
  assert.ok(HEALTH_STATES.includes(health.state));
  assert.ok(health.message.length <= 120);
  assert.doesNotMatch(health.message, /[\p{Cc}\p{Cf}]/u);
}

function readVector(path: string): Vector {
  const [group = '', kind = '', state = ''] = path.split('/');
  const text = readFileSync(join(FOLDER, path), 'utf8');
  const object: JsonValue = parse(text);
  assert.ok(isObject(object), `${path} is not an object`);
  return {
    path,
    kind: groupKindKey({ group: group === 'core' ? '' : group, kind }),
    state: STATE_FOLDERS.get(state),
    message: /^# message:(.*)\n/.exec(text)?.[1]?.trim(),
    object,
  };
}

function kindOf(object: JsonObject): string {
  return groupKindKey({ group: groupOf(textAt(object, 'apiVersion') ?? ''), kind: textAt(object, 'kind') ?? '' });
}

/** An object of the kind with a key like `apps/Deployment` or `/Pod`. */
function objectOf(key: string, rest: JsonObject): JsonObject {
  const slash = key.lastIndexOf('/');
  const group = key.slice(0, slash);
  return { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind: key.slice(slash + 1), ...rest };
}

function patch(object: JsonObject, key: string, fields: JsonObject): JsonObject {
  const old = at(object, key);
  return { ...object, [key]: { ...(isObject(old) ? old : {}), ...fields } };
}

/** The paths of all values below a value. */
function pathsIn(value: JsonValue, start: readonly string[] = []): readonly (readonly string[])[] {
  if (!isObject(value) && !isList(value)) return start.length === 0 ? [] : [start];
  const below = Object.entries(value).flatMap(([key, child]) => pathsIn(child, start.concat(key)));
  return start.length === 0 ? below : [start].concat(below);
}

/** A copy with another value at a path, or without it. */
function replace(value: JsonValue, path: readonly string[], other: JsonValue | undefined): JsonValue | undefined {
  const [key, ...rest] = path;
  if (key === undefined || (!isObject(value) && !isList(value))) return other;
  const entries = Object.entries(value).flatMap(([name, child]): readonly (readonly [string, JsonValue])[] => {
    const next = name === key ? replace(child, rest, other) : child;
    return next === undefined ? [] : [[name, next]];
  });
  return isList(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}
