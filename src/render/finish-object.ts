import type { JsonObject, JsonValue } from '../model/json.ts';
import type { ObjectId, ObjectPolicy } from '../model/manifest.ts';
import { APPLYSET_ID_LABEL, PART_OF_LABEL } from '../object/applyset.ts';
import { groupOf } from '../object/id.ts';
import { at, isObject, mapAt, textAt } from '../object/json.ts';
import { parsePolicy } from './parse-policy.ts';
import type { Problem } from './problem.ts';

/** A merged object, ready to be applied, or what keeps it from that. Pointers are into the object that was passed. */
export interface FinishedObject {
  /** Absent: one of the problems is an error. */
  readonly object?: {
    readonly id: ObjectId;
    readonly apiVersion: string;
    readonly body: JsonObject;
    readonly policy: ObjectPolicy;
  };
  readonly problems: readonly Problem[];
}

/** What finishing needs to know about the fleet. */
export interface FinishContext {
  /** Whether a kind is namespaced; `undefined`: nobody says. */
  readonly isNamespaced: (group: string, kind: string) => boolean | undefined;
  /** For namespaced objects that name none. */
  readonly defaultNamespace: string | undefined;
}

/**
 * Fills in the namespace, removes what only the API server sets, and checks what every cluster would refuse or, worse,
 * take in another sense.
 */
export function finishObject(body: JsonObject, context: FinishContext): FinishedObject {
  const problems: Problem[] = [];
  const report: Report = (code, pointer, message, help) =>
    void problems.push({ code, severity: 'error', message, pointer, ...(help === undefined ? {} : { help }) });
  const warn: Report = (code, pointer, message, help) =>
    void problems.push({ code, severity: 'warning', message, pointer, ...(help === undefined ? {} : { help }) });

  const namespace = resolveNamespace(body, context, report);
  checkMetadata(mapAt(body, 'metadata'), report);
  const policy = parsePolicy(body, problems);
  const clean = withoutServerFields(plainSecret(body, report, warn), warn);
  if (problems.some((problem) => problem.severity === 'error')) return { problems };
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  const kind = textAt(body, 'kind') ?? '';
  const name = textAt(body, 'metadata', 'name') ?? '';
  const id = { group: groupOf(apiVersion), kind, namespace: namespace ?? '', name };
  return { object: { id, apiVersion, body: withNamespace(clean, namespace), policy }, problems };
}

type Report = (code: Problem['code'], pointer: string, message: string, help?: string) => void;

function resolveNamespace(body: JsonObject, context: FinishContext, report: Report): string | undefined {
  const kind = textAt(body, 'kind') ?? '';
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  const own = textAt(body, 'metadata', 'namespace');
  const namespaced = context.isNamespaced(groupOf(apiVersion), kind);
  if (namespaced === undefined) {
    const help = `Add its CustomResourceDefinition to the repository, or add {apiVersion: ${apiVersion}, kind: ${kind}, namespaced: true} or false to spec.kinds of fleet.yaml.`;
    report('UNKNOWN_SCOPE', '/kind', `nobody says whether ${kind} of "${apiVersion}" is namespaced`, help);
    return own;
  }
  if (!namespaced) {
    if (own !== undefined) {
      report(
        'NAMESPACE_ON_CLUSTER_SCOPED',
        '/metadata/namespace',
        `${kind} is cluster-scoped, and this one names namespace "${own}"`,
        'Remove metadata.namespace.',
      );
    }
    return undefined;
  }
  const namespace = own ?? context.defaultNamespace;
  if (namespace === undefined) {
    report(
      'NO_NAMESPACE',
      '/metadata',
      `${kind} "${textAt(body, 'metadata', 'name') ?? ''}" names no namespace`,
      'Set metadata.namespace, spec.namespace of the app, or spec.defaults.namespace of the fleet.',
    );
  } else if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    report(
      'BAD_NAME',
      '/metadata/namespace',
      `"${namespace}" is no name of a namespace`,
      'Use at most 63 lower-case letters, digits and "-".',
    );
  }
  return namespace;
}

function checkMetadata(metadata: JsonObject, report: Report): void {
  if (metadata['generateName'] !== undefined) {
    report(
      'NOT_DECLARATIVE',
      '/metadata/generateName',
      'generateName makes another object with each apply',
      'Give the object a name.',
    );
  }
  if (metadata['deletionTimestamp'] !== undefined) {
    report(
      'NOT_DECLARATIVE',
      '/metadata/deletionTimestamp',
      'an object cannot be applied as one that is being deleted',
      'Remove it, or remove the object.',
    );
  }
  if (metadata['ownerReferences'] !== undefined) {
    report(
      'NOT_DECLARATIVE',
      '/metadata/ownerReferences',
      'ownerReferences name UIDs, which differ in every cluster',
      'Remove them.',
    );
  }
  checkName(metadata, report);
  for (const field of ['labels', 'annotations'] as const) checkTexts(metadata, field, report);
  for (const label of [PART_OF_LABEL, APPLYSET_ID_LABEL]) {
    if (at(metadata, 'labels', label) === undefined) continue;
    report(
      'RESERVED_LABEL',
      `/metadata/labels/${escape(label)}`,
      `label "${label}" says who owns an object, and Muster sets it itself`,
      'Remove it.',
    );
  }
}

/** What every kind has in common; most kinds ask for more, and the API server says so. */
function checkName(metadata: JsonObject, report: Report): void {
  const name = metadata['name'];
  if (
    typeof name !== 'string' ||
    name === '' ||
    name.length > 253 ||
    /[/%\s]/.test(name) ||
    name === '.' ||
    name === '..'
  ) {
    const what =
      typeof name === 'string' ? `"${name.slice(0, 80)}" is no name of an object` : 'metadata.name is not text';
    report('BAD_NAME', '/metadata/name', what, 'Use lower-case letters, digits, "-" and ".".');
  }
}

function checkTexts(metadata: JsonObject, field: 'labels' | 'annotations', report: Report): void {
  const map = metadata[field];
  if (map === undefined || map === null) return;
  const pointer = `/metadata/${field}`;
  if (!isObject(map)) return report('BAD_VALUE', pointer, `metadata.${field} must be a map`);
  for (const [key, value] of Object.entries(map)) {
    const place = `${pointer}/${escape(key)}`;
    if (!isQualifiedName(key)) {
      report(
        'BAD_NAME',
        place,
        `"${key.slice(0, 80)}" is no key of a ${field === 'labels' ? 'label' : 'annotation'}`,
        'Write name or prefix/name; the name has at most 63 letters, digits, "-", "_" and ".".',
      );
    } else if (typeof value !== 'string') {
      report('BAD_VALUE', place, `the value of "${key}" is ${typeName(value)}, and must be text`, 'Put it in quotes.');
    } else if (field === 'labels' && !/^(|[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/.test(value)) {
      report(
        'BAD_VALUE',
        place,
        `"${value.slice(0, 80)}" is no value of a label`,
        'Use at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends.',
      );
    }
  }
}

/** `name` or `prefix/name` (Kubernetes documentation, "Labels and Selectors", syntax). */
function isQualifiedName(key: string): boolean {
  const [, prefix, name] = /^(?:([^/]*)\/)?([^/]*)$/.exec(key) ?? [];
  const named = name !== undefined && /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name);
  return named && (prefix === undefined || (prefix.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(prefix)));
}

/** Fields under `metadata` that the API server sets. */
const SERVER_FIELDS = ['uid', 'resourceVersion', 'generation', 'selfLink', 'managedFields', 'creationTimestamp'];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What `kubectl get -o yaml` prints and nobody means to set. Generators write `creationTimestamp: null` and an empty
 * status everywhere, so these go without a word.
 */
function withoutServerFields(body: JsonObject, warn: Report): JsonObject {
  const metadata = mapAt(body, 'metadata');
  const set = SERVER_FIELDS.filter((field) => metadata[field] !== undefined && metadata[field] !== null);
  for (const field of set)
    warn(
      'SERVER_FIELD',
      `/metadata/${field}`,
      `metadata.${field} is set by the API server only and is left out`,
      'Remove it.',
    );
  const status = body['status'];
  if (isObject(status) && Object.keys(status).length > 0) {
    warn('SERVER_FIELD', '/status', 'status is set by controllers only and is left out', 'Remove it.');
  }
  const annotations = mapAt(metadata, 'annotations');
  if (annotations[LAST_APPLIED] !== undefined) {
    warn(
      'SERVER_FIELD',
      `/metadata/annotations/${escape(LAST_APPLIED)}`,
      `annotation "${LAST_APPLIED}" is a copy that kubectl made and is left out`,
      'Remove it: it may hold secrets.',
    );
  }
  const rest = omit(metadata, SERVER_FIELDS);
  const kept =
    annotations[LAST_APPLIED] === undefined ? rest : { ...rest, annotations: omit(annotations, [LAST_APPLIED]) };
  return withoutTemplateTimestamp({ ...omit(body, ['status']), metadata: kept });
}

function withoutTemplateTimestamp(body: JsonObject): JsonObject {
  if (at(body, 'spec', 'template', 'metadata', 'creationTimestamp') !== null) return body;
  const template = mapAt(body, 'spec', 'template');
  const metadata = omit(mapAt(template, 'metadata'), ['creationTimestamp']);
  return { ...body, spec: { ...mapAt(body, 'spec'), template: { ...template, metadata } } };
}

/**
 * `stringData` becomes `data`: the API server keeps only `data`, so that under server-side apply a key that leaves
 * `stringData` would stay for ever.
 */
function plainSecret(body: JsonObject, report: Report, warn: Report): JsonObject {
  if (body['kind'] !== 'Secret' || groupOf(textAt(body, 'apiVersion') ?? '') !== '') return body;
  const [data, stringData] = [mapAt(body, 'data'), mapAt(body, 'stringData')];
  if (Object.keys(data).length + Object.keys(stringData).length > 0) {
    warn(
      'PLAIN_SECRET',
      '/kind',
      `Secret "${textAt(body, 'metadata', 'name') ?? ''}" stands in the repository in clear text`,
      'Use a sealed or external secret, and change what was committed.',
    );
  }
  for (const [key, value] of Object.entries(stringData)) {
    if (typeof value === 'string') continue;
    report(
      'BAD_VALUE',
      `/stringData/${escape(key)}`,
      `the value of "${key}" is ${typeName(value)}, and must be text`,
      'Put it in quotes.',
    );
  }
  const both = Object.keys(stringData).find((key) => Object.hasOwn(data, key));
  if (both !== undefined) {
    warn(
      'BAD_VALUE',
      `/stringData/${escape(both)}`,
      `key "${both}" stands in data and in stringData; stringData wins`,
      'Remove one of them.',
    );
  }
  if (body['stringData'] === undefined) return body;
  const encoded = Object.entries(stringData).map(
    ([key, value]) => [key, toBase64(typeof value === 'string' ? value : '')] as const,
  );
  return { ...omit(body, ['stringData']), data: { ...data, ...Object.fromEntries(encoded) } };
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** Behind the name, where people look for it; where it stands already, it stays. */
function withNamespace(body: JsonObject, namespace: string | undefined): JsonObject {
  const metadata = mapAt(body, 'metadata');
  if (namespace === undefined || metadata['namespace'] !== undefined) return body;
  const entries = Object.entries(metadata).flatMap(([key, value]) =>
    key === 'name' ? [[key, value] as const, ['namespace', namespace] as const] : [[key, value] as const],
  );
  return { ...body, metadata: Object.fromEntries(entries) };
}

function omit(map: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

function typeName(value: JsonValue): string {
  if (value === null) return 'empty';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a map' : `the ${typeof value} ${String(value)}`;
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
