import { textAt } from '../../object/json.ts';
import type { ParseContext, RawDocument } from '../read-kind.ts';
import type { z } from '../shape.ts';
import type { Format, Imported, ImportedBase, ResourceSelector } from './imported.ts';
import { parseResource, type Resource } from './karmada-selectors.ts';
import { documentShape, readDocument } from './read-document.ts';

const GROUP = 'policy.karmada.io';
const VERSION = 'v1alpha1';

/** Reads what one policy says: `spec`, and what is the same in all of them. */
export type ParsePolicy<Spec> = (spec: Spec, policy: ImportedBase, context: ParseContext) => Imported;

/** The two kinds that each policy of Karmada has: for objects of its namespace, and for those of all namespaces and of none. */
export function policyFormats<Spec>(kind: string, spec: z.ZodType<Spec>, parse: ParsePolicy<Spec>): readonly Format[] {
  const shape = documentShape(`${GROUP}/${VERSION}`, spec);
  const format = (own: string, namespaced: boolean): Format => ({
    group: GROUP,
    version: VERSION,
    kind: own,
    owns: (other) => other === own,
    parse(raw, context) {
      const document = readDocument(own, `${GROUP}/${VERSION}`, shape, raw, context);
      return document && parse(document.spec, describePolicy(raw, namespaced), context);
    },
  });
  return [format(kind, true), format(`Cluster${kind}`, false)];
}

function describePolicy({ value, source }: RawDocument, namespaced: boolean): ImportedBase {
  const name = textAt(value, 'metadata', 'name') ?? '';
  const namespace = namespaced ? (textAt(value, 'metadata', 'namespace') ?? 'default') : undefined;
  const kind = textAt(value, 'kind') ?? '';
  return {
    from: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    source,
  };
}

/** `spec.resourceSelectors`: which objects a policy is about. */
export function parseResources(
  selectors: readonly z.infer<typeof Resource>[],
  { namespace, source }: ImportedBase,
  context: ParseContext,
): readonly ResourceSelector[] {
  return selectors.map((each, index) =>
    parseResource(each, namespace, source, `/spec/resourceSelectors/${index}`, context),
  );
}
