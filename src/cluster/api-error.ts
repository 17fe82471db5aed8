import type { JsonObject } from '../model/json.ts';
import { PortError } from '../model/errors.ts';
import type { Refusal } from '../model/ports.ts';
import { showOnOneLine } from '../object/hidden.ts';
import { isObject, listAt, textAt } from '../object/json.ts';
import type { Answer, ApiRequest } from './transport.ts';

/**
 * What an answer of 400 or more says about an object (Kubernetes API conventions, "Response Status Kind").
 * `undefined`: it says nothing about the object, see {@link outage}.
 */
export function refusalOf(answer: Answer, secret: boolean): Refusal | undefined {
  const status = isObject(answer.body) ? answer.body : {};
  const kind = kindOf(answer.status, status);
  if (kind === undefined) return undefined;
  const causes = listAt(status, 'details', 'causes').filter(isObject);
  const text = textAt(status, 'message') ?? `HTTP ${answer.status}`;
  return {
    kind,
    message: secret ? maskedMessage(status, causes, text) : oneLine(plainText(text)),
    fields: causes.flatMap((cause) => textAt(cause, 'field') ?? []),
    immutable: answer.status === 422 && causes.length > 0 && causes.every(isImmutable),
  };
}

/** The cluster, not the object, is the trouble. (Credentials that are not accepted end in the transport.) */
export function outage(answer: Answer, request: ApiRequest, cluster: string): PortError {
  const status = isObject(answer.body) ? answer.body : {};
  const base = {
    port: 'cluster',
    operation: request.operation,
    subject: `${request.subject} on cluster ${cluster}`,
    status: answer.status,
  } as const;
  const reason = textAt(status, 'reason') ?? `HTTP ${answer.status}`;
  switch (answer.status) {
    case 403:
      return new PortError({
        ...base,
        code: 'FORBIDDEN',
        retry: false,
        safeMessage: `${oneLine(textAt(status, 'message') ?? reason)}. Grant it with RBAC`,
      });
    case 404:
      return new PortError({
        ...base,
        code: 'NOT_FOUND',
        retry: true,
        safeMessage: 'the API server does not serve this',
      });
    case 409:
    case 410:
      return new PortError({ ...base, code: 'CONFLICT', retry: true, safeMessage: reason });
    case 429:
      return new PortError({
        ...base,
        code: 'THROTTLED',
        retry: true,
        safeMessage: 'the API server asks to slow down',
      });
    default:
      return new PortError({
        ...base,
        code: answer.status >= 500 ? 'UNAVAILABLE' : 'REJECTED',
        retry: answer.status >= 500,
        safeMessage: `the API server answered ${answer.status} (${reason})`,
      });
  }
}

/** An answer without what was asked for is no answer: an empty object or list is never made of it. */
export function corrupt(answer: Answer, request: ApiRequest, cluster: string, wanted: string): PortError {
  return new PortError({
    port: 'cluster',
    operation: request.operation,
    subject: `${request.subject} on cluster ${cluster}`,
    code: 'CORRUPT',
    retry: true,
    status: answer.status,
    safeMessage: `the API server answered ${answer.status} without ${wanted}`,
  });
}

function kindOf(code: number, status: JsonObject): Refusal['kind'] | undefined {
  if (code === 400 || code === 422) return 'invalid';
  if (code === 403) return namespaceEnds(status) ? 'namespace-ends' : 'forbidden';
  if (code === 409) return 'conflict';
  if (code === 413) return 'too-large';
  if (code === 404) return textAt(status, 'details', 'kind') === 'namespaces' ? 'no-namespace' : 'no-kind';
  if (code !== 500) return undefined;
  const message = textAt(status, 'message') ?? '';
  if (MISFITS.test(message)) return 'invalid';
  if (/request to convert CR (to|from) an invalid group\/version/.test(message)) return 'stale';
  if (/failed calling webhook/.test(message)) return 'webhook';
  return /request is too large/.test(message) ? 'too-large' : 'failed';
}

/** What admission says of each new object there (`plugin/pkg/admission/namespace/lifecycle`). It ends by itself. */
function namespaceEnds(status: JsonObject): boolean {
  return listAt(status, 'details', 'causes').some((cause) => textAt(cause, 'reason') === 'NamespaceTerminating');
}

/**
 * An apply of an object that does not fit the schema of its kind (a misspelt field, text for a number) is answered by 500
 * without a reason: `apimachinery/pkg/util/managedfields/internal/structuredmerge.go`.
 */
const MISFITS = /^failed to (create typed patch object|convert new object) \([^()]*\)( to proper version)?: /;

/** A status has 140 characters: what the server says about itself would cut off what it says about the object. */
function plainText(text: string): string {
  return text.replace(MISFITS, '').replace(/&value\.valueUnstructured\{Value:(.*)\}$/, '$1');
}

/**
 * Proven by the server's own cause, never by the status code alone: 422 has a hundred other reasons. A definition says it by a
 * rule over the old value, which there is not for a new object (Kubernetes documentation, "Transition rules").
 */
function isImmutable(cause: JsonObject): boolean {
  const message = textAt(cause, 'message') ?? '';
  return /immutable|(may not|cannot) (be changed|change)|updates to .* are forbidden|failed rule: .*\boldSelf\b/i.test(
    message,
  );
}

/** Field and reason of each cause; the server's own text quotes the rejected values. */
function maskedMessage(status: JsonObject, causes: readonly JsonObject[], text: string): string {
  const known = causes.map((cause) => `${textAt(cause, 'field') ?? '?'}: ${textAt(cause, 'reason') ?? 'invalid'}`);
  const fields = known.length === 0 ? OPEN_WORDS.flatMap((words) => words.exec(text)?.[0] ?? []) : known;
  return `${textAt(status, 'reason') ?? 'Refused'}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}; values are not shown`;
}

/** Parts of the server's texts that hold names of fields, and no values. */
const OPEN_WORDS = [
  /(?<=^failed to create typed patch object \([^()]*\): )\.[\w.-]+: (field not declared in schema|expected [a-z]+)/,
  /illegal base64 data at input byte \d+$/,
];

function oneLine(text: string): string {
  const flat = showOnOneLine(text.replace(/\s+/g, ' ').trim());
  return flat.length <= 600 ? flat : `${flat.slice(0, 599)}…`;
}
