import type { ClusterSelector, DocumentSource, LabelExpression } from '../../model/fleet.ts';
import { groupOf } from '../../object/id.ts';
import { checkExpression } from '../parse-selector.ts';
import { type ParseContext, reportAt } from '../read-kind.ts';
import { Text, z } from '../shape.ts';
import { refusePatterns } from './exact-names.ts';
import type { ResourceSelector } from './imported.ts';
import { LabelSelector, Operator, parseLabels } from './label-selector.ts';

/** `ClusterAffinity` of Karmada. */
export const AffinityParts = {
  labelSelector: LabelSelector.optional(),
  fieldSelector: z
    .strictObject({
      matchExpressions: z
        .array(
          z.strictObject({
            key: z.enum(['provider', 'region', 'zone']),
            operator: Operator,
            values: z.array(z.string()).nullish(),
          }),
        )
        .optional(),
    })
    .optional(),
  clusterNames: z.array(Text).optional(),
  exclude: z.array(Text).optional(),
};
export const ClusterAffinity = z.strictObject(AffinityParts);

/** `ResourceSelector` of Karmada. */
export const Resource = z.strictObject({
  apiVersion: Text,
  kind: Text,
  namespace: z.string().optional(),
  name: z.string().optional(),
  labelSelector: LabelSelector.optional(),
});

/** All parts are ANDed; without any it is every cluster. `pointer`: where it stands in its document. */
export function parseAffinity(
  input: z.infer<typeof ClusterAffinity> | undefined,
  source: DocumentSource,
  pointer: string,
  context: ParseContext,
): ClusterSelector {
  const origin = context.locate(source, pointer, 'key');
  const { labelSelector, fieldSelector, clusterNames = [], exclude = [] } = input ?? {};
  refusePatterns(clusterNames, source, (index) => `${pointer}/clusterNames/${index}`, context);
  refusePatterns(exclude, source, (index) => `${pointer}/exclude/${index}`, context);
  const { matchExpressions } = parseLabels(labelSelector, source, `${pointer}/labelSelector`, context);
  const matchFields = (fieldSelector?.matchExpressions ?? []).map(({ key, operator, values }, index) => {
    const expression = { key, operator, values: values ?? [] };
    checkExpression(expression, source, `${pointer}/fieldSelector/matchExpressions/${index}`, context);
    return expression;
  });
  const parts = clusterNames.length + matchExpressions.length + matchFields.length;
  const plain = Object.keys(labelSelector?.matchLabels ?? {}).length;
  const none = { all: false, matchLabels: {}, matchExpressions: [] };
  return {
    all: parts + plain === 0,
    ...(clusterNames.length === 0 ? {} : { names: clusterNames }),
    matchLabels: labelSelector?.matchLabels ?? {},
    matchExpressions,
    ...(matchFields.length === 0 ? {} : { matchFields }),
    ...(exclude.length === 0
      ? {}
      : { exclude: { ...none, names: exclude, origin: context.locate(source, `${pointer}/exclude`, 'key') } }),
    origin,
  };
}

/** Which objects a policy is about. A namespaced policy selects within its namespace only. */
export function parseResource(
  { apiVersion, kind, name = '', namespace = '', labelSelector }: z.infer<typeof Resource>,
  own: string | undefined,
  source: DocumentSource,
  pointer: string,
  context: ParseContext,
): ResourceSelector {
  if (own !== undefined && namespace !== '' && namespace !== own) {
    const message = `a policy in namespace "${own}" selects objects of that namespace only, not of "${namespace}"`;
    const help = 'Put the policy into the namespace of the object, or write its cluster-wide kind.';
    reportAt(source, `${pointer}/namespace`, { code: 'BAD_VALUE', message, help }, context);
  }
  const { matchLabels, matchExpressions } = parseLabels(labelSelector, source, `${pointer}/labelSelector`, context);
  const labels = [
    ...Object.entries(matchLabels).map(([key, value]): LabelExpression => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions,
  ];
  return {
    group: groupOf(apiVersion),
    kind,
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labels }),
    pointer,
  };
}
