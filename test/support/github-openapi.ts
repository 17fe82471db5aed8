/**
 * GitHub's published OpenAPI as a judge of requests and answers, so that the local forge cannot drift away from what
 * GitHub says of itself. Needs the development dependencies `@octokit/openapi`, `ajv` and `ajv-formats`.
 *
 * It reads the document with references (13 MB, 0.2 s) and follows those of an operation when the operation is first
 * used: the dereferenced one has 73 MB and costs every test process a second and 300 MB.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { at, isList, isObject, listAt, mapAt, textAt } from '../../src/object/json.ts';

/** An operation as the document names it: `POST`, `/repos/{owner}/{repo}/statuses/{sha}`. */
export interface Operation {
  readonly method: string;
  readonly template: string;
}

/** What GitHub says of itself, to be asked of each request and answer. */
export interface GitHubContract {
  /** What is wrong with a request, a sentence each; empty: nothing. */
  checkRequest(operation: Operation, request: ContractRequest): readonly string[];
  /** What is wrong with an answer. An error that the document does not list must be a "Basic Error". */
  checkAnswer(operation: Operation, answer: { readonly status: number; readonly body: unknown }): readonly string[];
}

/** A request, taken apart by its operation's template. */
export interface ContractRequest {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** `undefined`: no body. */
  readonly body: unknown;
}

let contract: Promise<GitHubContract> | undefined;

/** One contract for the process: the document is read once. */
export async function loadGitHubContract(): Promise<GitHubContract> {
  contract ??= readContract();
  return contract;
}

async function readContract(): Promise<GitHubContract> {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  // oxlint-disable-next-line no-unsafe-type-assertion -- JSON.parse gives JSON
  const document = JSON.parse(await readFile(file, 'utf8')) as JsonObject;
  const values = new Ajv({ strict: false, allErrors: true });
  const texts = new Ajv({ strict: false, allErrors: true, coerceTypes: true });
  formats.default(values);
  formats.default(texts);

  const compiled = new Map<string, ValidateFunction>();
  const validator = (ajv: Ajv, key: string, schema: () => JsonValue): ValidateFunction => {
    const found = compiled.get(key) ?? ajv.compile(plain(schema()));
    compiled.set(key, found);
    return found;
  };
  const check = (validate: ValidateFunction, what: string, value: unknown): readonly string[] =>
    validate(value) ? [] : (validate.errors ?? []).map((error) => sentence(what, error));
  const operationOf = ({ method, template }: Operation): JsonObject => {
    const found = at(document, 'paths', template, method.toLowerCase());
    if (!isObject(found)) throw new Error(`GitHub's OpenAPI has no ${method} ${template}`);
    return found;
  };
  const parametersOf = (operation: Operation, place: string): JsonValue => {
    const all = listAt(operationOf(operation), 'parameters').map((each) => resolve(document, each));
    return objectSchema(all.filter((each) => textAt(each, 'in') === place));
  };

  return {
    checkRequest: (operation, { path, query, body }) => {
      const name = `${operation.method} ${operation.template}`;
      const places = { path, query };
      const found = Object.entries(places).flatMap(([place, given]) =>
        check(
          validator(texts, `${name} ${place}`, () => parametersOf(operation, place)),
          `${name}: ${place}`,
          { ...given },
        ),
      );
      const schema = at(operationOf(operation), 'requestBody', 'content', 'application/json', 'schema');
      if (schema === undefined) return body === undefined ? found : [...found, `${name}: takes no body`];
      const validate = validator(values, `${name} body`, () => closed(resolve(document, schema)));
      return [...found, ...check(validate, `${name}: body`, body)];
    },
    checkAnswer: (operation, { status, body }) => {
      const name = `${operation.method} ${operation.template} ${status}`;
      const listed = resolve(document, at(operationOf(operation), 'responses', String(status)) ?? null);
      if (!isObject(listed) && status < 400) return [`${name}: GitHub does not answer so`];
      const validate = validator(values, name, () => {
        const schema = at(listed, 'content', 'application/json', 'schema');
        return resolve(document, schema ?? { $ref: '#/components/schemas/basic-error' });
      });
      return check(validate, name, body);
    },
  };
}

/** Follows every `$ref`. The document has no cycle, or it could not be published dereferenced as well. */
function resolve(document: JsonObject, node: JsonValue): JsonValue {
  if (isList(node)) return node.map((each) => resolve(document, each));
  if (!isObject(node)) return node;
  const reference = node['$ref'];
  if (typeof reference === 'string') {
    const path = reference.slice('#/'.length).split('/');
    return resolve(
      document,
      at(document, ...path.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))) ?? null,
    );
  }
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]) =>
      key === 'example' || key === 'examples' ? [] : [[key, resolve(document, value)]],
    ),
  );
}

function objectSchema(parameters: readonly JsonValue[]): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map((each) => [textAt(each, 'name') ?? '', at(each, 'schema') ?? {}])),
    required: parameters.filter((each) => at(each, 'required') === true).map((each) => textAt(each, 'name') ?? ''),
    additionalProperties: false,
  };
}

/** GitHub ignores what it does not know in a body; here it is a mistake of ours. */
function closed(schema: JsonValue): JsonObject {
  return { ...mapAt(schema), additionalProperties: false };
}

/** Ajv takes mutable types. */
function plain(schema: JsonValue): object {
  return isObject(schema) ? { ...schema } : {};
}

function sentence(what: string, error: ErrorObject): string {
  return `${what}${error.instancePath} ${error.message ?? 'is wrong'} ${JSON.stringify(error.params)}`;
}
