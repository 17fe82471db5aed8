import type { JsonObject } from '../model/json.ts';
import { APPLYSET_ID_LABEL, PART_OF_LABEL } from '../object/applyset.ts';
import { HIDDEN } from '../object/hidden.ts';
import { groupOf } from '../object/id.ts';
import { at, isObject, mapAt, textAt } from '../object/json.ts';
import { isNamespaced } from '../object/kinds.ts';
import { formatPointer } from '../object/pointer.ts';
import { describeValue } from './describe-value.ts';
import { isOwnAnnotation } from './parse-policy.ts';
import type { ReportProblem } from './problem.ts';

/** Names, labels and annotations by the rules of Kubernetes, and what no manifest may say of itself. */
export function checkMetadata(body: JsonObject, report: ReportProblem): void {
  const metadata = mapAt(body, 'metadata');
  for (const { field, why, help } of NOT_DECLARATIVE) {
    const found = metadata[field];
    if (found !== undefined && found !== null) report('NOT_DECLARATIVE', `/metadata/${field}`, why, help, 'key');
  }
  checkName(body, report);
  for (const field of ['labels', 'annotations'] as const) checkTexts(metadata, field, '/metadata', body, report);
  const template = templatePath(body);
  if (template !== undefined) {
    const inner = mapAt(body, ...template);
    for (const field of ['labels', 'annotations'] as const)
      checkTexts(inner, field, formatPointer(template), body, report);
  }
  for (const label of [PART_OF_LABEL, APPLYSET_ID_LABEL]) {
    if (at(metadata, 'labels', label) === undefined) continue;
    const message = `label "${label}" says who owns an object, and Muster sets it itself`;
    report('RESERVED_LABEL', formatPointer(['metadata', 'labels', label]), message, 'Remove it.', 'key');
  }
}

/** What would mean something else with each apply, or on each cluster. */
const NOT_DECLARATIVE = [
  {
    field: 'generateName',
    why: 'generateName makes another object with each apply',
    help: 'Give the object a name.',
  },
  {
    field: 'deletionTimestamp',
    why: 'an object cannot be applied as one that is being deleted',
    help: 'Remove it, or remove the object.',
  },
  {
    field: 'ownerReferences',
    why: 'ownerReferences name UIDs, which differ in every cluster',
    help: 'Remove them.',
  },
] as const;

/** The metadata of the Pods that a built-in workload makes: their labels are the ones that people mistype. */
function templatePath(body: JsonObject): readonly string[] | undefined {
  const group = groupOf(textAt(body, 'apiVersion') ?? '');
  if (body['kind'] === 'CronJob' && group === 'batch') return ['spec', 'jobTemplate', 'spec', 'template', 'metadata'];
  return group === 'apps' || group === 'batch' ? ['spec', 'template', 'metadata'] : undefined;
}

/**
 * Names of objects are subdomains of DNS (Kubernetes documentation, "Object Names and IDs"); what kinds ask for beyond that,
 * the API server says. Who is no built-in kind has an API server that may take more, and some built-in ones take any text
 * that fits a path.
 */
function checkName(body: JsonObject, report: ReportProblem): void {
  const name = at(body, 'metadata', 'name');
  if (name === undefined && at(body, 'metadata', 'generateName') !== undefined) return; // That is refused by itself.
  const group = groupOf(textAt(body, 'apiVersion') ?? '');
  const strict = isNamespaced({ group, kind: textAt(body, 'kind') ?? '' }) !== undefined && !FREE_NAMES.includes(group);
  const fits =
    typeof name === 'string' &&
    name.length <= 253 &&
    (strict ? SUBDOMAIN.test(name) : !/^\.{0,2}$|[/%\s]/.test(name) && !HIDDEN.test(name));
  if (fits) return;
  const what =
    typeof name === 'string' ? `"${name.slice(0, 80)}" is no name of an object` : 'metadata.name is not text';
  report('BAD_NAME', '/metadata/name', what, 'Use at most 253 lower-case letters, digits, "-" and ".".');
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** `system:node`; names of signers; addresses as names of IPAddress. */
const FREE_NAMES = ['rbac.authorization.k8s.io', 'certificates.k8s.io', 'networking.k8s.io'];

/** `above`: pointer of the map that holds the field. */
function checkTexts(
  metadata: JsonObject,
  field: 'labels' | 'annotations',
  above: string,
  body: JsonObject,
  report: ReportProblem,
): void {
  const map = metadata[field];
  if (map === undefined || map === null) return;
  const pointer = `${above}/${field}`;
  if (!isObject(map)) return report('BAD_VALUE', pointer, `metadata.${field} must be a map`);
  for (const [key, value] of Object.entries(map)) {
    const place = `${pointer}${formatPointer([key])}`;
    if (!isQualifiedName(key)) {
      const message = `"${key.slice(0, 80)}" is no key of ${field === 'labels' ? 'a label' : 'an annotation'}`;
      const help = 'Write name or prefix/name; the name has at most 63 letters, digits, "-", "_" and ".".';
      report('BAD_NAME', place, message, help, 'key');
    } else if (typeof value !== 'string') {
      if (pointer === '/metadata/annotations' && isOwnAnnotation(key)) continue; // Reported with the values that it may have, by `parse-policy.ts`.
      report(
        'BAD_VALUE',
        place,
        `the value of "${key}" is ${describeValue(value, body)}, and must be text`,
        'Put it in quotes.',
      );
    } else if (field === 'labels' && !/^(|[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/.test(value)) {
      const help = 'Use at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends.';
      report('BAD_VALUE', place, `"${value.slice(0, 80)}" is no value of a label`, help);
    }
  }
}

/** `name` or `prefix/name` (Kubernetes documentation, "Labels and Selectors", syntax). */
function isQualifiedName(key: string): boolean {
  const [, prefix, name] = /^(?:([^/]*)\/)?([^/]*)$/.exec(key) ?? [];
  const named = name !== undefined && /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name);
  return named && (prefix === undefined || (prefix.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(prefix)));
}
