import type {
  ClusterSelector,
  DocumentSource,
  ReplicaRule,
  SpreadRule,
  Toleration,
  Weight,
} from '../../model/fleet.ts';
import { refusePatterns } from '../federations/exact-names.ts';
import type { Change } from '../federations/imported.ts';
import { parseResources, policyFormats } from '../federations/karmada-policies.ts';
import { AffinityParts, ClusterAffinity, parseAffinity, Resource } from '../federations/karmada-selectors.ts';
import { refuseField, warnDifferent } from '../federations/read-document.ts';
import { parseTolerations, type TolerationInput } from '../parse-tolerations.ts';
import { type ParseContext, reportAt } from '../read-kind.ts';
import { Text, z } from '../shape.ts';

const Groups = z.int().min(0).max(100_000);

const Placement = z.strictObject({
  clusterAffinity: ClusterAffinity.optional(),
  clusterAffinities: z.array(z.strictObject({ affinityName: Text, ...AffinityParts })).optional(),
  clusterTolerations: z
    .array(
      z.strictObject({
        key: z.string().optional(),
        operator: z.enum(['Exists', 'Equal']).optional(),
        value: z.string().optional(),
        effect: z.enum(['NoSchedule', 'NoExecute', 'PreferNoSchedule']).optional(),
        tolerationSeconds: z.int().optional(),
      }),
    )
    .optional(),
  spreadConstraints: z
    .array(
      z.strictObject({
        spreadByField: z.enum(['cluster', 'provider', 'region', 'zone']).optional(),
        spreadByLabel: z.string().optional(),
        maxGroups: Groups.optional(),
        minGroups: Groups.optional(),
      }),
    )
    .optional(),
  replicaScheduling: z
    .strictObject({
      replicaSchedulingType: z.enum(['Duplicated', 'Divided']).optional(),
      replicaDivisionPreference: z.enum(['Weighted', 'Aggregated']).optional(),
      weightPreference: z
        .strictObject({
          staticWeightList: z
            .array(z.strictObject({ targetCluster: ClusterAffinity, weight: z.int().min(1).max(1_000_000) }))
            .optional(),
          dynamicWeight: Text.optional(),
        })
        .optional(),
    })
    .optional(),
  workloadAffinity: z.unknown().optional(),
});

const Spec = z.strictObject({
  resourceSelectors: z.array(Resource).min(1),
  placement: Placement.default({}),
  association: z.boolean().optional(),
  propagateDeps: z.boolean().optional(),
  priority: z.int().optional(),
  preemption: z.enum(['Always', 'Never']).optional(),
  dependentOverrides: z.array(Text).optional(),
  schedulerName: z.string().optional(),
  failover: z.unknown().optional(),
  conflictResolution: z.enum(['Abort', 'Overwrite']).optional(),
  activationPreference: z.enum(['Lazy']).optional(),
  suspension: z
    .strictObject({
      dispatching: z.boolean().optional(),
      dispatchingOnClusters: z.strictObject({ clusterNames: z.array(Text).optional() }).optional(),
      scheduling: z.boolean().optional(),
    })
    .optional(),
  preserveResourcesOnDeletion: z.boolean().optional(),
  schedulePriority: z.unknown().optional(),
});

type Spec = z.infer<typeof Spec>;

/** Karmada: which clusters get which objects, and how many replicas each. */
export const propagationPolicies = policyFormats('PropagationPolicy', Spec, (spec, policy, context) => {
  const { source } = policy;
  refuseFields(spec, source, context);
  const replicas = parseReplicas(spec.placement.replicaScheduling, source, context);
  return {
    kind: 'propagation',
    ...policy,
    selectors: parseResources(spec.resourceSelectors, policy, context),
    priority: spec.priority ?? 0,
    preempts: spec.preemption === 'Always',
    clusters: parseClusters(spec.placement, source, context),
    tolerations: parseBearings(spec.placement.clusterTolerations ?? [], source, context),
    spread: parseSpread(spec.placement, replicas, source, context),
    ...(replicas === undefined ? {} : { replicas }),
    changes: parseWishes(spec, source, context),
    needs: (spec.dependentOverrides ?? []).map((name, index) => ({
      name,
      pointer: `/spec/dependentOverrides/${index}`,
    })),
  };
});

/** What Muster has no counterpart for. Each is named with the reason, and with the way to write it where there is one. */
function refuseFields(spec: Spec, source: DocumentSource, context: ParseContext): void {
  const refuse = (pointer: string, wrong: boolean, reason: string, help: string): void => {
    if (wrong) refuseField(source, pointer, reason, help, context);
  };
  const names = 'Name these objects in resourceSelectors, and remove it.';
  refuse('/spec/propagateDeps', spec.propagateDeps === true, 'what a workload refers to is not looked for', names);
  refuse('/spec/association', spec.association === true, 'what a workload refers to is not looked for', names);
  const runtime = 'it reacts to what happens in the clusters, and a render knows only files';
  refuse('/spec/failover', spec.failover !== undefined, runtime, 'Remove it.');
  refuse('/spec/activationPreference', spec.activationPreference !== undefined, runtime, 'Remove it.');
  refuse('/spec/suspension/scheduling', spec.suspension?.scheduling === true, runtime, 'Remove it.');
  refuse('/spec/placement/workloadAffinity', spec.placement.workloadAffinity !== undefined, runtime, 'Remove it.');
  refuse('/spec/schedulePriority', spec.schedulePriority !== undefined, 'nothing waits in a queue here', 'Remove it.');
  const scheduler = spec.schedulerName ?? '';
  refuse(
    '/spec/schedulerName',
    scheduler !== '' && scheduler !== 'default-scheduler',
    `there is no scheduler "${scheduler}"`,
    'Remove it.',
  );
  refuse(
    '/spec/conflictResolution',
    spec.conflictResolution === 'Overwrite',
    'fields that another controller holds are left to it',
    'Put the annotation muster.dev/force: "true" on the object where they must be taken, and remove it.',
  );
}

function parseClusters(
  { clusterAffinity, clusterAffinities }: Spec['placement'],
  source: DocumentSource,
  context: ParseContext,
): ClusterSelector {
  const [first, second] = clusterAffinities ?? [];
  if (first === undefined) return parseAffinity(clusterAffinity, source, '/spec/placement/clusterAffinity', context);
  if (clusterAffinity !== undefined) {
    const message = 'clusterAffinity and clusterAffinities exclude each other';
    reportAt(source, '/spec/placement/clusterAffinities', { code: 'BAD_VALUE', message }, context);
  }
  if (second !== undefined) {
    const message = `only the first group, "${first.affinityName}", is used: Karmada goes on to "${second.affinityName}" when the first has no room, and free capacity is not known here`;
    warnDifferent(source, '/spec/placement/clusterAffinities', message, context);
  }
  const { affinityName: _name, ...affinity } = first;
  return parseAffinity(affinity, source, '/spec/placement/clusterAffinities/0', context);
}

/** Karmada adds these to every policy with a time; the taints are set by it alone, so they are never in a repository. */
const SET_BY_KARMADA = ['cluster.karmada.io/not-ready', 'cluster.karmada.io/unreachable'];

function parseBearings(
  inputs: readonly (TolerationInput & { readonly tolerationSeconds?: number | undefined })[],
  source: DocumentSource,
  context: ParseContext,
): readonly Toleration[] {
  const pointer = '/spec/placement/clusterTolerations';
  for (const [index, { key, tolerationSeconds }] of inputs.entries()) {
    if (tolerationSeconds === undefined || SET_BY_KARMADA.includes(key ?? '')) continue;
    const reason = 'it is a matter of time, and a render has no clock';
    refuseField(source, `${pointer}/${index}/tolerationSeconds`, reason, 'Remove it.', context);
  }
  return parseTolerations(inputs, source, pointer, context);
}

function parseSpread(
  { spreadConstraints = [] }: Spec['placement'],
  replicas: ReplicaRule | undefined,
  source: DocumentSource,
  context: ParseContext,
): readonly SpreadRule[] {
  const pointer = '/spec/placement/spreadConstraints';
  if (replicas !== undefined && spreadConstraints.length > 0) {
    const origin = context.locate(source, pointer, 'key');
    const message = 'spreadConstraints have no effect with static weights, as in Karmada';
    context.report({ code: 'BAD_VALUE', severity: 'warning', message, help: 'Remove one of the two.', origin });
    return [];
  }
  return spreadConstraints.map(({ spreadByField, spreadByLabel = '', maxGroups = 0, minGroups = 0 }, index) => {
    if (spreadByLabel !== '') {
      const help = 'Write spreadByField: region, zone, provider or cluster.';
      refuseField(source, `${pointer}/${index}/spreadByLabel`, 'Karmada does not follow it either', help, context);
    }
    return {
      by: spreadByField ?? 'cluster',
      min: Math.max(1, minGroups),
      max: maxGroups === 0 ? Number.POSITIVE_INFINITY : maxGroups,
      origin: context.locate(source, `${pointer}/${index}`, 'value'),
    };
  });
}

/** Without a preference Karmada divides by weights, and without weights evenly. */
function parseReplicas(
  input: Spec['placement']['replicaScheduling'],
  source: DocumentSource,
  context: ParseContext,
): ReplicaRule | undefined {
  const pointer = '/spec/placement/replicaScheduling';
  if (input === undefined) return undefined;
  const { replicaSchedulingType = 'Divided', replicaDivisionPreference, weightPreference } = input;
  const origin = context.locate(source, pointer, 'key');
  if (replicaSchedulingType === 'Duplicated') {
    if (replicaDivisionPreference === undefined && weightPreference === undefined) return undefined;
    const message = 'with replicaSchedulingType: Duplicated nothing is divided, so the preference has no effect';
    context.report({ code: 'BAD_VALUE', severity: 'warning', message, origin });
    return undefined;
  }
  const capacity = 'it needs the free capacity of the clusters, and a render asks no cluster';
  const help = 'Write replicaDivisionPreference: Weighted with a staticWeightList.';
  if (replicaDivisionPreference === 'Aggregated') {
    refuseField(source, `${pointer}/replicaDivisionPreference`, `"Aggregated": ${capacity}`, help, context);
  }
  if (weightPreference?.dynamicWeight !== undefined) {
    refuseField(source, `${pointer}/weightPreference/dynamicWeight`, capacity, help, context);
  }
  const list = (weightPreference?.staticWeightList ?? []).map(({ targetCluster, weight }, index): Weight => {
    const place = `${pointer}/weightPreference/staticWeightList/${index}/targetCluster`;
    return { clusters: parseAffinity(targetCluster, source, place, context), weight };
  });
  // Of several rules that match a cluster, Karmada takes the largest weight; ours takes the first.
  const weights = list.toSorted((a, b) => b.weight - a.weight);
  return { mode: 'divided', ...(weights.length === 0 ? {} : { weights, otherwiseEven: true }), bounds: [], origin };
}

/** What Muster knows as annotations of the object. */
function parseWishes(spec: Spec, source: DocumentSource, context: ParseContext): readonly Change[] {
  const change = (pointer: string, names: readonly string[] | undefined, key: string, value: string): Change => ({
    clusters: {
      all: names === undefined,
      ...(names === undefined ? {} : { names }),
      matchLabels: {},
      matchExpressions: [],
      origin: context.locate(source, pointer, 'key'),
    },
    ops: [{ op: 'annotations', action: 'add', value: { [key]: value } }],
    pointer,
  });
  const suspended = spec.suspension?.dispatchingOnClusters?.clusterNames ?? [];
  const here = '/spec/suspension';
  refusePatterns(suspended, source, (index) => `${here}/dispatchingOnClusters/clusterNames/${index}`, context);
  return [
    ...(spec.preserveResourcesOnDeletion === true
      ? [change('/spec/preserveResourcesOnDeletion', undefined, 'muster.dev/prune', 'false')]
      : []),
    ...(spec.suspension?.dispatching === true
      ? [change(`${here}/dispatching`, undefined, 'muster.dev/apply', 'ignore')]
      : []),
    ...(suspended.length === 0
      ? []
      : [change(`${here}/dispatchingOnClusters`, suspended, 'muster.dev/apply', 'ignore')]),
  ];
}
