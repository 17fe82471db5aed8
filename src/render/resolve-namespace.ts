import type { JsonObject } from '../model/json.ts';
import { groupOf } from '../object/id.ts';
import { at, textAt } from '../object/json.ts';
import { nearestKind } from '../object/kinds.ts';
import { describeValue } from './describe-value.ts';
import type { ReportProblem } from './problem.ts';

/** What is known about scopes and namespaces. */
export interface NamespaceContext {
  /** Whether a kind is namespaced; `undefined`: nobody says. */
  readonly isNamespaced: (group: string, kind: string) => boolean | undefined;
  /** For namespaced objects that name none. */
  readonly defaultNamespace: string | undefined;
}

/** The namespace of an object; `undefined` where it has none, and where that is wrong and reported. */
export function resolveNamespace(
  body: JsonObject,
  context: NamespaceContext,
  report: ReportProblem,
): string | undefined {
  const kind = textAt(body, 'kind') ?? '';
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  const written = at(body, 'metadata', 'namespace');
  const own = typeof written === 'string' ? written : undefined;
  if (written !== undefined && written !== null && own === undefined) {
    report(
      'BAD_VALUE',
      NAMESPACE,
      `metadata.namespace is ${describeValue(written, body)}, and must be text`,
      'Put it in quotes.',
    );
    return undefined;
  }
  const namespaced = context.isNamespaced(groupOf(apiVersion), kind);
  if (namespaced === undefined) {
    report(
      'UNKNOWN_SCOPE',
      '/kind',
      `nobody says whether ${kind} of "${apiVersion}" is namespaced`,
      scopeHelp(apiVersion, kind),
    );
    return own;
  }
  if (!namespaced) {
    if (own !== undefined) {
      const message = `${kind} is cluster-scoped, and this one names namespace "${own}"`;
      report('NAMESPACE_ON_CLUSTER_SCOPED', NAMESPACE, message, 'Remove metadata.namespace.');
    }
    return undefined;
  }
  const namespace = own ?? context.defaultNamespace;
  if (namespace === undefined) {
    const message = `${kind} "${textAt(body, 'metadata', 'name') ?? ''}" names no namespace`;
    const help = 'Set metadata.namespace, spec.namespace of the app, or spec.defaults.namespace of the fleet.';
    report('NO_NAMESPACE', NAMESPACE, message, help);
  } else if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    const message = `"${namespace}" is no name of a namespace`;
    report('BAD_NAME', NAMESPACE, message, 'Use at most 63 lower-case letters, digits and "-".');
  }
  return namespace;
}

const NAMESPACE = '/metadata/namespace';

function scopeHelp(apiVersion: string, kind: string): string {
  const nearest = nearestKind({ group: groupOf(apiVersion), kind });
  if (nearest !== undefined) {
    return `Did you mean ${nearest.kind} of ${nearest.group === '' ? 'apiVersion v1' : `group "${nearest.group}"`}?`;
  }
  return `Add its CustomResourceDefinition to the repository, or add {apiVersion: ${apiVersion}, kind: ${kind}, namespaced: true} or false to spec.kinds of fleet.yaml.`;
}
