import type { Bound, ClusterSelector, Weight } from '../../model/fleet.ts';
import { formatPointer } from '../../object/pointer.ts';
import { refusePatterns } from '../federations/exact-names.ts';
import type { Format, ReplicaPreference } from '../federations/imported.ts';
import { documentShape, readDocument, warnDifferent } from '../federations/read-document.ts';
import { type ParseContext, type RawDocument, reportAt } from '../read-kind.ts';
import { z } from '../shape.ts';

const VERSION = 'scheduling.kubefed.io/v1alpha1';
const KIND = 'ReplicaSchedulingPreference';

const Count = z.int().min(0).max(100_000);

const Shape = documentShape(
  VERSION,
  z.strictObject({
    targetKind: z.enum(['FederatedDeployment', 'FederatedReplicaSet', 'FederatedReplicaset']),
    totalReplicas: Count,
    rebalance: z.boolean().optional(),
    intersectWithClusterSelector: z.boolean().optional(),
    clusters: z
      .record(
        z.string(),
        z.strictObject({
          minReplicas: Count.optional(),
          maxReplicas: Count.optional(),
          weight: z.int().min(0).max(1_000_000).optional(),
        }),
      )
      .optional(),
  }),
);

/** KubeFed: how the replicas of the federated object of the same name are shared out. */
export const replicaSchedulingPreference: Format = {
  group: 'scheduling.kubefed.io',
  version: 'v1alpha1',
  kind: KIND,
  owns: (kind) => kind === KIND,
  parse: parsePreference,
};

function parsePreference(raw: RawDocument, context: ParseContext): ReplicaPreference | undefined {
  const { source } = raw;
  const document = readDocument(KIND, VERSION, Shape, raw, context);
  if (document === undefined) return undefined;
  const { metadata, spec } = document;
  const namespace = metadata.namespace ?? 'default';
  if (spec.rebalance !== true) {
    const message =
      'replicas are shared out anew at every render: KubeFed, with rebalance: false, leaves those that run where they are';
    const field = spec.rebalance === undefined ? '/spec' : '/spec/rebalance';
    warnDifferent(source, field, message, context);
  }
  const listed: readonly (readonly [string, Preference])[] = Object.entries(spec.clusters ?? {});
  // As in KubeFed, no list means that all weigh the same.
  const entries = listed.length === 0 ? [['*', { weight: 1 }] as const] : listed;
  // A cluster that is named is not meant by "*": the names come first, because the first match counts.
  const ordered = [...entries.filter(([name]) => name !== '*'), ...entries.filter(([name]) => name === '*')];
  const weights: Weight[] = [];
  const bounds: Bound[] = [];
  for (const [name, preference] of ordered) {
    const { weight = 0, minReplicas: min = 0, maxReplicas: max = Number.POSITIVE_INFINITY } = preference;
    const pointer = listed.length === 0 ? '/spec' : `/spec/clusters${formatPointer([name])}`;
    if (min > max) {
      const message = `minReplicas ${min} is more than maxReplicas ${max}`;
      reportAt(source, pointer, { code: 'BAD_VALUE', message }, context);
    }
    if (name !== '*') refusePatterns([name], source, () => pointer, context);
    const clusters = selectorOf(name, context.locate(source, pointer, 'key'));
    weights.push({ clusters, weight });
    bounds.push({ clusters, min, max });
  }
  return {
    kind: 'replicas',
    from: `${KIND} ${namespace}/${metadata.name}`,
    name: metadata.name,
    namespace,
    source,
    target: spec.targetKind === 'FederatedDeployment' ? 'Deployment' : 'ReplicaSet',
    rule: {
      mode: 'divided',
      method: 'kubefed',
      total: spec.totalReplicas,
      weights,
      bounds,
      origin: context.locate(source, '/spec/totalReplicas', 'key'),
    },
    intersects: spec.intersectWithClusterSelector === true,
  };
}

interface Preference {
  readonly weight?: number | undefined;
  readonly minReplicas?: number | undefined;
  readonly maxReplicas?: number | undefined;
}

function selectorOf(name: string, origin: ClusterSelector['origin']): ClusterSelector {
  const none = { matchLabels: {}, matchExpressions: [], origin };
  return name === '*' ? { ...none, all: true } : { ...none, all: false, names: [name] };
}
