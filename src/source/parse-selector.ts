import type { Origin } from '../model/diagnostic.ts';
import type { ClusterSelector, DocumentSource, LabelExpression } from '../model/fleet.ts';
import { type ParseContext, reportAt } from './read-kind.ts';
import type { SelectorInput } from './schema.ts';

/**
 * Which clusters somebody means. A selector without any part would mean all or none, depending on who reads it: it is an
 * error. `pointer`: where it stands in its document.
 */
export function parseSelector(
  input: SelectorInput,
  source: DocumentSource,
  pointer: string,
  context: ParseContext,
): ClusterSelector {
  const { exclude, ...parts } = input;
  const selects =
    parts.all !== undefined ||
    parts.names !== undefined ||
    parts.matchExpressions !== undefined ||
    parts.matchFields !== undefined ||
    Object.keys(parts.matchLabels ?? {}).length > 0;
  if (!selects) {
    const message = 'the selector has no part that selects clusters';
    const help = 'Write names, matchLabels or matchExpressions, or "all: true" for every cluster.';
    reportAt(source, pointer, { code: 'NO_CLUSTER_MATCHES', message, help }, context);
  }
  for (const [index, expression] of (parts.matchExpressions ?? []).entries()) {
    checkExpression(expression, source, `${pointer}/matchExpressions/${index}`, context);
  }
  for (const [index, expression] of (parts.matchFields ?? []).entries()) {
    checkExpression(expression, source, `${pointer}/matchFields/${index}`, context);
  }
  const originsOf = (names: readonly string[]): readonly Origin[] =>
    names.map((_name, index) => context.locate(source, `${pointer}/names/${index}`, 'value'));
  return {
    all: parts.all ?? false,
    ...(parts.names === undefined ? {} : { names: parts.names, nameOrigins: originsOf(parts.names) }),
    matchLabels: parts.matchLabels ?? {},
    matchExpressions: (parts.matchExpressions ?? []).map(({ key, operator, values }) => ({
      key,
      operator,
      values: values ?? [],
    })),
    ...(parts.matchFields === undefined
      ? {}
      : { matchFields: parts.matchFields.map(({ key, operator, values = [] }) => ({ key, operator, values })) }),
    ...(exclude === undefined ? {} : { exclude: parseSelector(exclude, source, `${pointer}/exclude`, context) }),
    origin: context.locate(source, pointer, 'key'),
  };
}

/** As Kubernetes: `In` and `NotIn` need values, `Exists` and `DoesNotExist` take none, `Gt` and `Lt` one whole number. */
export function checkExpression(
  {
    operator,
    values = [],
  }: { readonly operator: LabelExpression['operator']; readonly values?: readonly string[] | undefined },
  source: DocumentSource,
  pointer: string,
  context: ParseContext,
): void {
  const compares = operator === 'Gt' || operator === 'Lt';
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (compares ? values.length === 1 && /^-?\d{1,15}$/.test(values[0] ?? '') : takesValues === values.length > 0)
    return;
  const message = compares
    ? `operator ${operator} needs one value, a whole number in quotes`
    : takesValues
      ? `operator ${operator} needs values`
      : `operator ${operator} takes no values`;
  reportAt(source, `${pointer}/operator`, { code: 'BAD_VALUE', message }, context);
}
