import type { Fleet } from '../model/fleet.ts';
import { CONTAINER_KINDS } from '../object/container-kinds.ts';
import { groupOf } from '../object/id.ts';
import { type OwnDocument, type ParseContext, refuseUnsupported } from './read-kind.ts';

/** What holds where `fleet.yaml` says nothing (design 2, "Kinds"). */
export const DEFAULTS = { drift: 'heal', prune: true, onUnplace: 'orphan' } as const;
const GUARDS = {
  maxDelete: 5,
  maxDeletePercent: 30,
  maxLeaveClusters: 1,
  protect: CONTAINER_KINDS,
} as const;

/** The settings of the whole fleet. */
export function parseSettings({ document, source }: OwnDocument<'Fleet'>, context: ParseContext): Fleet {
  const { metadata, spec } = document;
  refuseUnsupported(spec, ['rollout', 'dns'], source, context);
  const { namespace, ...defaults } = spec.defaults ?? {};
  return {
    name: metadata.name,
    defaults: {
      ...(namespace === undefined ? {} : { namespace }),
      drift: defaults.drift ?? DEFAULTS.drift,
      prune: defaults.prune ?? DEFAULTS.prune,
      onUnplace: defaults.onUnplace ?? DEFAULTS.onUnplace,
    },
    suspend: spec.suspend ?? false,
    guards: {
      maxDelete: spec.guards?.maxDelete ?? GUARDS.maxDelete,
      maxDeletePercent: spec.guards?.maxDeletePercent ?? GUARDS.maxDeletePercent,
      maxLeaveClusters: spec.guards?.maxLeaveClusters ?? GUARDS.maxLeaveClusters,
      protect: spec.guards?.protect ?? GUARDS.protect,
    },
    approvals: spec.approvals ?? [],
    kinds: (spec.kinds ?? []).map(({ apiVersion, kind, namespaced }) => ({
      group: groupOf(apiVersion),
      kind,
      namespaced,
    })),
    ...(spec.tools === undefined ? {} : { tools: parseTools(spec.tools) }),
    origin: source,
  };
}

/** `v5.8.1` and `5.8.1` are the same. */
function parseTools({
  kustomize,
  helm,
}: {
  kustomize?: string | undefined;
  helm?: string | undefined;
}): NonNullable<Fleet['tools']> {
  return {
    ...(kustomize === undefined ? {} : { kustomize: kustomize.replace(/^v/, '') }),
    ...(helm === undefined ? {} : { helm: helm.replace(/^v/, '') }),
  };
}
