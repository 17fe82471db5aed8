/**
 * A real API server is the reference: what we refuse it refuses too, and what it refuses for structure we refuse. Every object is
 * sent as a dry run of a server-side apply with strict field validation, as Muster would send it.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { mapLimited } from '../../src/concurrency.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { definedKind } from '../../src/object/defined-kind.ts';
import { hashJson, isObject, listAt, mapAt, textAt } from '../../src/object/json.ts';
import { isNamespaced } from '../../src/object/kinds.ts';
import { groupOf } from '../../src/object/id.ts';
import { createObjectCheck } from '../../src/schema/check-object.ts';
import { parseYaml } from '../../src/yaml.ts';
import { type ApiClient, ApiError, createApiClient } from '../support/api-client.ts';
import { type ControlPlanes, startControlPlanes } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { sharedFolder } from '../support/shared.ts';
import { oneMistake } from './arbitrary-mistake.ts';
import { SAMPLES, WIDGETS } from './samples.ts';

/** Printed with every failure; the same on every machine. */
const SEED = Number(process.env['MUSTER_SEED'] ?? 20261121);
const MISTAKES = Number(process.env['MUSTER_MISTAKES'] ?? 1_000);

const corpora = sharedFolder('corpora');
const noCorpora = corpora === undefined && 'there is no folder of real manifests (shared/corpora) on this machine';

let planes: ControlPlanes<'reference'>;
let client: ApiClient;

before(async () => {
  planes = await startControlPlanes(['reference']);
  client = createApiClient(planes.clusters.reference.kubeconfig);
});
after(() => planes?.[Symbol.asyncDispose]());

test('objects that a real API server takes have no problem, and those with one mistake are judged as it does', async () => {
  await compare([...read(SAMPLES), ...read(WIDGETS)], read(WIDGETS).filter(isDefinition), MISTAKES);
});

test(
  'real manifests have no problem, and those with one mistake are judged as a real API server does',
  { skip: noCorpora },
  async () => {
    const objects = globSync('**/*.{yaml,yml}', { cwd: corpora })
      .sort()
      .filter((path) => !path.includes('patch'))
      .flatMap((path) => read(readFileSync(join(corpora ?? '', path), 'utf8')));
    const distinct = [...new Map(objects.map((object) => [hashJson(object), object])).values()];
    const definitions = distinct.filter(isDefinition);
    await compare(distinct, definitions, MISTAKES);
  },
);

async function compare(
  objects: readonly JsonObject[],
  definitions: readonly JsonObject[],
  mistakes: number,
): Promise<void> {
  for (const definition of definitions) await client.apply(definition);
  for (const definition of definitions) await untilServed(definition);
  const check = createObjectCheck(definitions);
  const kinds = new Set(definitions.map((each) => definedKind(each)?.kind));
  const known = objects.filter((each) => isNamespaced(kindOf(each)) !== undefined || kinds.has(textAt(each, 'kind')));
  assert.ok(known.length > 25, `there are objects to compare: ${known.length}`);
  // Definitions are large and alike: few of their thousand places would be anything else.
  const small = known.filter((each) => JSON.stringify(each).length < 20_000);
  const made = fc.sample(oneMistake(small), { numRuns: mistakes, seed: SEED });
  const cases = [...known.map((object) => ({ object, what: 'as it is' })), ...made];
  const answers = await mapLimited(cases, 16, ({ object }) => send(object));
  const refused = answers.filter((answer) => answer !== undefined && answer.structural).length;
  assert.ok(refused > mistakes / 10, `mistakes of structure are among those made: ${refused}`);
  const differences = cases.flatMap(({ object, what }, index) => {
    const own = check(object, undefined).filter(({ severity }) => severity === 'error');
    const answer = answers[index];
    const stricter = own.length > 0 && answer === undefined;
    const laxer = own.length === 0 && answer?.structural === true && !isNestedSchema(object, what);
    if (!stricter && !laxer) return [];
    const id = `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'name')}, ${what}`;
    return [
      stricter
        ? `${id}: only we refuse: ${own.map((each) => each.message).join('; ')}`
        : `${id}: only the server refuses: ${answer?.message}`,
    ];
  });
  assert.deepEqual(differences, [], `seed ${SEED}`);
}

/** OpenAPI says of `items` and `additionalProperties` in a definition only that they can be several things. */
function isNestedSchema(object: JsonObject, what: string): boolean {
  return isDefinition(object) && /\.(items|additionalProperties)\./.test(what);
}

interface Refusal {
  readonly message: string;
  /** For what we check, not for a rule about values. */
  readonly structural: boolean;
}

/** `undefined`: the server would take it. */
async function send(object: JsonObject): Promise<Refusal | undefined> {
  const namespaced = isNamespaced(kindOf(object)) ?? true;
  const metadata = { ...mapAt(object, 'metadata'), ...(namespaced ? { namespace: 'default' } : {}) };
  try {
    await client.apply({ ...object, metadata }, { dryRun: true, force: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const structural =
      /field not declared in schema|expected .*, got |omits key field|strict decoding error|cannot unmarshal|illegal base64|quantities must match/.test(
        error.message,
      );
    return { message: error.message.replace(/^PATCH \S+ /, ''), structural };
  }
}

function untilServed(definition: JsonObject): Promise<void> {
  const { group = '', versions = [], kind } = definedKind(definition) ?? {};
  return eventually(async () => {
    for (const version of versions) {
      const resources = listAt(await client.request('GET', `/apis/${group}/${version}`), 'resources');
      assert.ok(
        resources.some((each) => textAt(each, 'kind') === kind),
        `${kind} is served`,
      );
    }
  });
}

function kindOf(object: JsonObject): { readonly group: string; readonly kind: string } {
  return { group: groupOf(textAt(object, 'apiVersion') ?? ''), kind: textAt(object, 'kind') ?? '' };
}

function isDefinition(object: JsonObject): boolean {
  return object['kind'] === 'CustomResourceDefinition';
}

/** The objects of a file; lists are unfolded. */
function read(text: string): readonly JsonObject[] {
  const values = parseYaml(new TextEncoder().encode(text), { format: 'yaml' }).documents.map(({ value }) => value);
  const unfolded = values.flatMap((value): readonly JsonValue[] =>
    (textAt(value, 'kind') ?? '').endsWith('List') ? listAt(value, 'items') : [value],
  );
  return unfolded.filter((value) => isObject(value)).filter((value) => textAt(value, 'metadata', 'name') !== undefined);
}
