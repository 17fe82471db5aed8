import type { ClusterSelector, DocumentSource, LabelExpression } from '../../model/fleet.ts';
import { checkExpression } from '../parse-selector.ts';
import type { ParseContext } from '../read-kind.ts';
import { Text, Texts, z } from '../shape.ts';

/** As Kubernetes has them for labels; `Gt` and `Lt` are for nodes alone. */
export const Operator = z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** The label selector of Kubernetes, which Karmada and KubeFed take as it is. */
export const LabelSelector = z.strictObject({
  matchLabels: Texts.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: Text, operator: Operator, values: z.array(z.string()).nullish() }))
    .optional(),
});

/** What it says in our terms, its expressions checked. */
export function parseLabels(
  input: z.infer<typeof LabelSelector> | undefined,
  source: DocumentSource,
  pointer: string,
  context: ParseContext,
): Pick<ClusterSelector, 'matchLabels' | 'matchExpressions'> {
  const matchExpressions = (input?.matchExpressions ?? []).map(({ key, operator, values }, index): LabelExpression => {
    const expression = { key, operator, values: values ?? [] };
    checkExpression(expression, source, `${pointer}/matchExpressions/${index}`, context);
    return expression;
  });
  return { matchLabels: input?.matchLabels ?? {}, matchExpressions };
}
