import type { AppPlan } from '../model/apply.ts';
import type { Manifest, ObjectId } from '../model/manifest.ts';
import { kindDefinedBy } from '../object/defined-kind.ts';
import { compareIds, groupKindKey } from '../object/id.ts';

/**
 * In which order kinds are applied: what others refer to comes first. It only saves errors and retries, it waits for
 * nothing: a Deployment may mount a Secret that a custom resource makes (design 4, 3).
 */
const RANKS: readonly (readonly string[])[] = [
  ['CustomResourceDefinition', 'Namespace'],
  [
    'ClusterRole',
    'StorageClass',
    'PriorityClass',
    'IngressClass',
    'RuntimeClass',
    'GatewayClass',
    'VolumeAttributesClass',
    'DeviceClass',
  ],
  ['ServiceAccount'],
  ['ClusterRoleBinding', 'Role', 'RoleBinding'],
  ['ConfigMap', 'Secret', 'ResourceQuota', 'LimitRange'],
];
const OTHERS = RANKS.length;
const CUSTOM_RESOURCES = OTHERS + 1;
/** A webhook that is registered before its backend runs refuses everything that comes after it. */
const WEBHOOKS = OTHERS + 2;

/** Position of a kind among the steps, from 0. `custom`: kinds whose definitions are in the same render. */
export function kindRank(id: ObjectId, custom: ReadonlySet<string>): number {
  if (id.kind.endsWith('WebhookConfiguration')) return WEBHOOKS;
  if (custom.has(groupKindKey(id))) return CUSTOM_RESOURCES;
  const rank = RANKS.findIndex((kinds) => kinds.includes(id.kind));
  return rank < 0 ? OTHERS : rank;
}

/** Kinds that the CustomResourceDefinitions among the manifests define, as {@link groupKindKey}. */
export function definedKinds(manifests: readonly Manifest[]): ReadonlySet<string> {
  return new Set(
    manifests.flatMap((manifest) => {
      const kind = kindDefinedBy(manifest);
      return kind === undefined ? [] : [groupKindKey(kind)];
    }),
  );
}

/** Groups items into steps: same rank together, ranks ascending, ids in order. */
export function inSteps<Item>(
  items: readonly Item[],
  idOf: (item: Item) => ObjectId,
  custom: ReadonlySet<string>,
): readonly (readonly Item[])[] {
  const byRank = Map.groupBy(items, (item) => kindRank(idOf(item), custom));
  return [...byRank.keys()]
    .sort((a, b) => a - b)
    .map((rank) => (byRank.get(rank) ?? []).toSorted((a, b) => compareIds(idOf(a), idOf(b))));
}

/**
 * Groups the apps of a plan into turns: those of one turn may be carried out at the same time, and turns follow one another in
 * the order of the plan.
 *
 * Side by side go apps that only apply, and only objects in namespaces. What others may refer to (namespaces, definitions,
 * roles, webhooks) and what gives something back (deletions, transfers) keeps its place between the others.
 */
export function inTurns(apps: readonly AppPlan[]): readonly (readonly AppPlan[])[] {
  const turns: AppPlan[][] = [];
  let isOpen = false;
  for (const app of apps) {
    const joins = isOpen && concernsItself(app);
    if (joins) turns.at(-1)?.push(app);
    else turns.push([app]);
    isOpen = concernsItself(app);
  }
  return turns;
}

function concernsItself({ transfers, steps, recreations, deletes }: AppPlan): boolean {
  if (transfers.length + recreations.length + deletes.length > 0) return false;
  return steps.every((step) => step.every(({ request }) => request.id.namespace !== ''));
}
