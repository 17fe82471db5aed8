import type { JsonValue } from '../model/json.ts';
import { AnyMap, checkShape, type ShapeResult, Text, Texts, z } from './shape.ts';

/** Version of all kinds of ours. */
export const API_VERSION = 'muster.dev/v1alpha1';

/** A name of Kubernetes that also fits into a label value and a file name (RFC 1123 label). */
const Name = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'must be lower-case letters, digits and "-", with a letter or digit at both ends',
  )
  .max(63, 'must have at most 63 characters');

/** The names of fleet and app make the name of a ConfigMap and values of labels. */
const ShortName = Name.max(50, 'must have at most 50 characters');

const Count = z.int().min(0);
const Metadata = z.strictObject({ name: Name, labels: Texts.optional(), annotations: Texts.optional() });
const Mode = z.enum(['heal', 'report']);
const OnUnplace = z.enum(['orphan', 'prune']);
const Duration = z.string().regex(/^\d+(ms|s|m|h)$/, 'must be a number with a unit, such as 30s, 5m or 1h');

const Version = z.string().regex(/^v?\d+\.\d+\.\d+(-[\w.]+)?$/, 'must be a whole version such as 5.8.1');

const Expression = z.strictObject({
  key: Text,
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).optional(),
});

const FieldExpression = z.strictObject({
  key: z.enum(['provider', 'region', 'zone']),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()).optional(),
});

const TaintEffect = z.enum(['NoSchedule', 'NoExecute', 'PreferNoSchedule']);

const SelectorParts = {
  all: z.literal(true).optional(),
  names: z.array(Text).min(1).optional(),
  matchLabels: Texts.optional(),
  matchExpressions: z.array(Expression).min(1).optional(),
  matchFields: z.array(FieldExpression).min(1).optional(),
};
const Selector = z.strictObject({ ...SelectorParts, exclude: z.strictObject(SelectorParts).optional() });

const FleetSpec = z.strictObject({
  defaults: z
    .strictObject({
      namespace: Name.optional(),
      drift: Mode.optional(),
      prune: z.boolean().optional(),
      onUnplace: OnUnplace.optional(),
    })
    .optional(),
  suspend: z.boolean().optional(),
  guards: z
    .strictObject({
      maxDelete: Count.optional(),
      maxDeletePercent: Count.max(100).optional(),
      maxLeaveClusters: Count.optional(),
      protect: z.array(Text).optional(),
    })
    .optional(),
  approvals: z
    .array(z.string().regex(/^sha256:[0-9a-f]{32,64}$/, 'must be a digest such as "sha256:…", as the status prints it'))
    .optional(),
  kinds: z.array(z.strictObject({ apiVersion: Text, kind: Text, namespaced: z.boolean() })).optional(),
  tools: z.strictObject({ kustomize: Version.optional(), helm: Version.optional() }).optional(),
  rollout: z.unknown().optional(),
  dns: z.unknown().optional(),
});

const ClusterSpec = z.strictObject({
  connection: z.strictObject({
    secretRef: z.strictObject({ name: Text }).optional(),
    context: Text.optional(),
    inCluster: z.literal(true).optional(),
  }),
  endpoints: z
    .array(z.string().regex(/^https?:\/\/[^\s/]+(\/\S*)?$/, 'must be an address such as https://host:6443'))
    .optional(),
  provider: Text.optional(),
  region: Text.optional(),
  zones: z.array(Text).optional(),
  taints: z.array(z.strictObject({ key: Text, value: z.string().optional(), effect: TaintEffect })).optional(),
  uid: Text.optional(),
  kubernetesVersion: z
    .string()
    .regex(/^v?1\.\d+(\.\d+)?$/, 'must be a version such as "1.36"')
    .optional(),
  variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  suspend: z.boolean().optional(),
});

const AppSpec = z.strictObject({
  namespace: Name.optional(),
  dependsOn: z.array(Name).optional(),
  drift: Mode.optional(),
  prune: z.boolean().optional(),
  onUnplace: OnUnplace.optional(),
  suspend: z.boolean().optional(),
  unprotect: z.array(Text).optional(),
  timeout: Duration.optional(),
  ignore: z
    .array(
      z.strictObject({
        group: z.string().optional(),
        kind: Text,
        name: Text.optional(),
        namespace: Text.optional(),
        fields: z.array(z.string()).min(1).optional(),
        managers: z.array(Text).min(1).optional(),
      }),
    )
    .optional(),
  adopt: z.array(Text).optional(),
  health: z.unknown().optional(),
});

const Replicas = Count.max(100_000);

const PlacementSpec = z.strictObject({
  objects: z
    .array(z.strictObject({ apiVersion: Text, kind: Text, name: Text.optional(), namespace: Text.optional() }))
    .min(1)
    .optional(),
  clusters: Selector,
  tolerations: z
    .array(
      z.strictObject({
        key: z.string().optional(),
        operator: z.enum(['Exists', 'Equal']).optional(),
        value: z.string().optional(),
        effect: TaintEffect.optional(),
      }),
    )
    .optional(),
  spread: z
    .array(
      z.strictObject({
        by: z.enum(['cluster', 'provider', 'region', 'zone']),
        min: Count.optional(),
        max: Count.min(1).optional(),
      }),
    )
    .optional(),
  replicas: z
    .strictObject({
      mode: z.enum(['duplicated', 'divided']),
      method: z.enum(['webster', 'kubefed']).optional(),
      total: Replicas.optional(),
      weights: z
        .array(z.strictObject({ clusters: Selector, weight: Count.max(1_000_000) }))
        .min(1)
        .optional(),
      otherwiseEven: z.boolean().optional(),
      bounds: z
        .array(z.strictObject({ clusters: Selector, min: Replicas.optional(), max: Replicas.optional() }))
        .optional(),
    })
    .optional(),
});

const Target = z.strictObject({
  group: z.string().optional(),
  version: Text.optional(),
  kind: Text.optional(),
  name: Text.optional(),
  namespace: Text.optional(),
  labelSelector: z.string().optional(),
  optional: z.boolean().optional(),
});

const OverlaySpec = z.strictObject({
  clusters: Selector,
  afterReplicas: z.boolean().optional(),
  patches: z
    .array(
      z.strictObject({
        target: Target,
        ops: z.array(z.custom<JsonValue>()).optional(),
        merge: AnyMap.optional(),
      }),
    )
    .min(1)
    .optional(),
  values: AnyMap.optional(),
});

function document<Spec extends z.ZodType>(kind: string, name: z.ZodType<string>, spec: Spec) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: Metadata.extend({ name }),
    spec,
  });
}

/** The shape of each kind. Fields that are not here are errors; meaning is checked where it is parsed. */
const SCHEMAS = {
  Fleet: document('Fleet', ShortName, FleetSpec.default({})),
  Cluster: document('Cluster', Name, ClusterSpec),
  App: document('App', ShortName, AppSpec.default({})),
  Placement: document('Placement', Name, PlacementSpec),
  Overlay: document('Overlay', Name, OverlaySpec),
};

export type Kind = keyof typeof SCHEMAS;

/** All kinds of ours. */
export const KINDS: readonly string[] = Object.keys(SCHEMAS);

/** A document of ours, with its fields typed as the schema says. */
export type Parsed<K extends Kind> = z.infer<(typeof SCHEMAS)[K]>;

export type SelectorInput = z.infer<typeof Selector>;

/** Checks a value against the schema of its kind. */
export function checkKind<K extends Kind>(kind: K, value: unknown): ShapeResult<Parsed<K>> {
  const schema: z.ZodType = SCHEMAS[kind];
  // oxlint-disable-next-line no-unsafe-type-assertion -- TypeScript does not follow an indexed schema to its type
  return checkShape(schema, value) as ShapeResult<Parsed<K>>;
}
