import type { DocumentSource } from '../../model/fleet.ts';
import type { JsonValue } from '../../model/json.ts';
import type { Change } from '../federations/imported.ts';
import { parseResources, policyFormats } from '../federations/karmada-policies.ts';
import { ClusterAffinity, parseAffinity, Resource } from '../federations/karmada-selectors.ts';
import { type ParseContext, reportAt } from '../read-kind.ts';
import { Text, Texts, z } from '../shape.ts';

const Action = z.enum(['add', 'remove', 'replace']);
const ListAction = z.enum(['add', 'remove']);
const Value = z.custom<JsonValue>().optional();
const Inner = z.array(z.strictObject({ subPath: Text, operator: Action, value: Value })).optional();

const ContainerList = z
  .array(z.strictObject({ containerName: Text, operator: ListAction, value: z.array(z.string()).optional() }))
  .optional();
const MetadataMap = z.array(z.strictObject({ operator: Action, value: Texts.optional() })).optional();

const Overriders = z.strictObject({
  plaintext: z.array(z.strictObject({ path: Text, operator: Action, value: Value })).optional(),
  imageOverrider: z
    .array(
      z.strictObject({
        predicate: z.strictObject({ path: Text }).optional(),
        component: z.enum(['Registry', 'Repository', 'Tag']),
        operator: Action,
        value: z.string().optional(),
      }),
    )
    .optional(),
  commandOverrider: ContainerList,
  argsOverrider: ContainerList,
  labelsOverrider: MetadataMap,
  annotationsOverrider: MetadataMap,
  fieldOverrider: z.array(z.strictObject({ fieldPath: Text, json: Inner, yaml: Inner })).optional(),
});
type OverridersInput = z.infer<typeof Overriders>;

const Spec = z.strictObject({
  resourceSelectors: z.array(Resource).optional(),
  overrideRules: z
    .array(z.strictObject({ targetCluster: ClusterAffinity.optional(), overriders: Overriders }))
    .optional(),
  targetCluster: ClusterAffinity.optional(),
  overriders: Overriders.optional(),
});

/** Karmada: what is different on which clusters. */
export const overridePolicies = policyFormats('OverridePolicy', Spec, (spec, policy, context) => {
  const { source } = policy;
  const rules = spec.overrideRules ?? [];
  const old = spec.overriders !== undefined || spec.targetCluster !== undefined;
  if (old && rules.length > 0) {
    const message = 'overrideRules and the older targetCluster and overriders exclude each other';
    const help = 'Move them into overrideRules.';
    reportAt(source, '/spec/overrideRules', { code: 'BAD_VALUE', message, help }, context);
  }
  const all = [
    ...rules.map((rule, index) => ({ ...rule, pointer: `/spec/overrideRules/${index}` })),
    ...(old ? [{ targetCluster: spec.targetCluster, overriders: spec.overriders ?? {}, pointer: '/spec' }] : []),
  ];
  const selectors = parseResources(spec.resourceSelectors ?? [], policy, context);
  return {
    kind: 'override',
    ...policy,
    ...(selectors.length === 0 ? {} : { selectors }),
    changes: all.flatMap(({ targetCluster, overriders, pointer }) => {
      const clusters = parseAffinity(targetCluster, source, `${pointer}/targetCluster`, context);
      return parseOverriders(overriders, `${pointer}/overriders`, source, context).map((change) => ({
        ...change,
        clusters,
      }));
    }),
  };
});

/** Karmada's order: image, command, arguments, labels, annotations, fields, plain text. The later wins. */
function parseOverriders(
  input: OverridersInput,
  place: string,
  source: DocumentSource,
  context: ParseContext,
): readonly Omit<Change, 'clusters'>[] {
  const list = (name: keyof OverridersInput, ops: readonly JsonValue[]): readonly Omit<Change, 'clusters'>[] =>
    ops.length === 0 ? [] : [{ ops, pointer: `${place}/${name}` }];
  const images = input.imageOverrider ?? [];
  return [
    ...list('imageOverrider', images.map(imageOperation)).map((change) =>
      images.some(({ predicate }) => predicate === undefined) ? { ...change, widens: true } : change,
    ),
    ...list('commandOverrider', (input.commandOverrider ?? []).map(containerOperation('command'))),
    ...list('argsOverrider', (input.argsOverrider ?? []).map(containerOperation('args'))),
    ...list('labelsOverrider', (input.labelsOverrider ?? []).map(mapOperation('labels'))),
    ...list('annotationsOverrider', (input.annotationsOverrider ?? []).map(mapOperation('annotations'))),
    ...list(
      'fieldOverrider',
      (input.fieldOverrider ?? []).map((each, index) => {
        const both = each.json !== undefined && each.yaml !== undefined;
        if (both || (each.json === undefined && each.yaml === undefined)) {
          const message = 'a fieldOverrider has either json or yaml';
          reportAt(source, `${place}/fieldOverrider/${index}`, { code: 'BAD_VALUE', message }, context);
        }
        return fieldOperation(each);
      }),
    ),
    ...list('plaintext', (input.plaintext ?? []).map(plainOperation)),
  ];
}

type Item<Name extends keyof OverridersInput> = NonNullable<OverridersInput[Name]>[number];

function imageOperation({ component, operator, value, predicate }: Item<'imageOverrider'>): JsonValue {
  return {
    op: 'image',
    component: component.toLowerCase(),
    action: operator,
    ...(value === undefined ? {} : { value }),
    ...(predicate === undefined ? {} : { path: predicate.path }),
  };
}

function containerOperation(op: 'args' | 'command'): (item: Item<'argsOverrider'>) => JsonValue {
  return ({ containerName, operator, value = [] }) => ({ op, container: containerName, action: operator, value });
}

function mapOperation(op: 'labels' | 'annotations'): (item: Item<'labelsOverrider'>) => JsonValue {
  return ({ operator, value = {} }) => ({ op, action: operator, value });
}

function fieldOperation({ fieldPath, json, yaml }: Item<'fieldOverrider'>): JsonValue {
  const ops = (json ?? yaml ?? []).map(({ subPath, operator, value }) =>
    plainOperation({ path: subPath, operator, value }),
  );
  return { op: 'text', path: fieldPath, format: json === undefined ? 'yaml' : 'json', ops };
}

function plainOperation({ path, operator, value }: Item<'plaintext'>): JsonValue {
  return { op: operator, path, ...(value === undefined ? {} : { value }) };
}
