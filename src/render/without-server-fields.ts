import type { JsonObject } from '../model/json.ts';
import { at, isObject, mapAt, omit } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';
import type { ReportProblem } from './problem.ts';

/** Fields under `metadata` that the API server sets. */
const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'generation',
  'selfLink',
  'managedFields',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What `kubectl get -o yaml` prints and nobody means to set. Generators write `creationTimestamp: null` and an empty
 * status everywhere, so these go without a word.
 */
export function withoutServerFields(body: JsonObject, warn: ReportProblem): JsonObject {
  const metadata = mapAt(body, 'metadata');
  const set = SERVER_FIELDS.filter((field) => metadata[field] !== undefined && metadata[field] !== null);
  for (const field of set)
    warn(
      'SERVER_FIELD',
      `/metadata/${field}`,
      `metadata.${field} is set by the API server only and is left out`,
      'Remove it.',
      'key',
    );
  const status = body['status'];
  if (isObject(status) && Object.keys(status).length > 0) {
    warn('SERVER_FIELD', '/status', 'status is set by controllers only and is left out', 'Remove it.', 'key');
  }
  const annotations = mapAt(metadata, 'annotations');
  if (annotations[LAST_APPLIED] !== undefined) {
    warn(
      'SERVER_FIELD',
      formatPointer(['metadata', 'annotations', LAST_APPLIED]),
      `annotation "${LAST_APPLIED}" is a copy that kubectl made and is left out`,
      'Remove it: it may hold secrets.',
      'key',
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
