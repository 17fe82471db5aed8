import { mapLimited } from '../concurrency.ts';
import { PortError } from '../model/errors.ts';
import type {
  Discovery,
  Inventory,
  InventoryEntry,
  KindState,
  LiveObject,
  Observation,
  ServedKind,
} from '../model/observation.ts';
import type { ClusterReader } from '../model/ports.ts';
import type { RenderedCluster } from '../model/render.ts';
import { applySetId } from '../object/applyset.ts';
import { findServed, servedVersions, type WantedKind } from '../object/discovery.ts';
import { groupKindKey, groupOf, idKey, versionOf } from '../object/id.ts';
import { isOfPart } from './is-of-part.ts';

/** Requests under way at once: 4–16 saturate an API server on two cores (design 6). */
const PARALLEL = 8;

/**
 * Reads one cluster: what it serves, what we own there, and the state of every kind that is wanted or owned. With a
 * watching reader this sends nothing.
 *
 * `missing`: owned objects that were asked for by name a moment ago and did not exist, by {@link idKey}.
 *
 * A kind that cannot be listed is `unknown` and the others go on; a cluster that cannot be asked at all throws.
 */
export async function observe(
  target: RenderedCluster,
  fleet: string,
  observedAt: string,
  missing: ReadonlyMap<string, number>,
  reader: ClusterReader,
  signal: AbortSignal,
): Promise<Observation> {
  const clusterUid = await reader.clusterUid(signal);
  const inventories = new Map((await reader.inventories(fleet, signal)).map((each) => [each.app, each]));
  const wanted = wantedKinds(target, inventories);
  const discovery = await discover(wanted, reader, signal);
  const applySets = [...new Set([...target.apps.map((app) => app.name), ...inventories.keys()])]
    .sort()
    .map((app) => applySetId(fleet, app));

  const objects = new Map<string, LiveObject>();
  const kinds = new Map<string, KindState>();
  const notServed: SoughtKind[] = [];
  const read = (from: Discovery) => async (kind: SoughtKind) => {
    const state = await readKind(kind, from, applySets, objects, reader, signal);
    if (state === 'not-served') notServed.push(kind);
    kinds.set(groupKindKey(kind), state === 'not-served' ? NOT_SERVED : state);
  };
  await mapLimited(wanted, PARALLEL, read(discovery));
  if (notServed.length > 0) {
    // What is known of what is served is older than the end of a definition.
    const fresh = await reader.discover({ fresh: true }, signal);
    await mapLimited(notServed.splice(0), PARALLEL, read(fresh));
  }
  const unread = await confirmMissing(inventories, kinds, objects, missing, reader, signal);
  return { observedAt, clusterUid, kinds, objects, unread, inventories };
}

interface SoughtKind extends WantedKind {
  /** Of all its objects that are wanted or owned. */
  readonly namespaces: ReadonlySet<string>;
}

/** Every kind of the render in its version, and every kind that is owned. The render's version wins. */
function wantedKinds(target: RenderedCluster, inventories: ReadonlyMap<string, Inventory>): readonly SoughtKind[] {
  const wanted = new Map<string, SoughtKind & { readonly namespaces: Set<string> }>();
  const owned = [...inventories.values()].map((inventory) => inventory.entries);
  const manifests = target.apps.map((app) => app.manifests);
  let last: (SoughtKind & { readonly namespaces: Set<string> }) | undefined;
  for (const { id, apiVersion } of [...owned, ...manifests].flat()) {
    // Objects of a kind mostly come together.
    if (last?.apiVersion !== apiVersion || last.kind !== id.kind) {
      const namespaces = wanted.get(groupKindKey(id))?.namespaces ?? new Set();
      last = { group: groupOf(apiVersion), kind: id.kind, apiVersion, namespaces };
      wanted.set(groupKindKey(id), last);
    }
    last.namespaces.add(id.namespace);
  }
  return [...wanted.values()];
}

/** Asks again when a kind is not known in its version: its definition may be minutes old, and the cache older. */
async function discover(wanted: readonly WantedKind[], reader: ClusterReader, signal: AbortSignal): Promise<Discovery> {
  const cached = await reader.discover({ fresh: false }, signal);
  const complete = wanted.every((kind) => findServed(cached, kind)?.version === versionOf(kind.apiVersion));
  return complete ? cached : reader.discover({ fresh: true }, signal);
}

async function readKind(
  kind: SoughtKind,
  discovery: Discovery,
  applySets: readonly string[],
  objects: Map<string, LiveObject>,
  reader: ClusterReader,
  signal: AbortSignal,
): Promise<KindState | 'not-served'> {
  const served = findServed(discovery, kind);
  if (served === undefined) {
    const reason = discovery.unknownGroups.get(kind.group);
    return reason === undefined ? { state: 'absent' } : { state: 'unknown', reason };
  }
  const listIn = async (namespace: string): Promise<void> => {
    for (const object of await reader.list(served, namespace, applySets, signal)) objects.set(idKey(object.id), object);
  };
  const listed = { state: 'listed', served, versions: servedVersions(discovery, kind) } as const;
  try {
    await listIn('');
    return listed;
  } catch (error) {
    if (!isForbidden(error) || !served.namespaced) return unlisted(error);
  }
  try {
    // Who may not list them everywhere may do so where they are wanted and owned: no other namespace is our concern.
    const namespaces = [...kind.namespaces].sort();
    for (const namespace of namespaces) await listIn(namespace);
    return { ...listed, namespaces };
  } catch (error) {
    return unlisted(error);
  }
}

/** Discovery names it and the list does not find it: that may be a moment, or a server in front that is not in order. */
const NOT_SERVED: KindState = { state: 'unknown', reason: 'the API server does not serve this' };

function unlisted(error: unknown): KindState | 'not-served' {
  if (error instanceof PortError && error.code === 'NOT_FOUND') return 'not-served';
  if (isOfPart(error)) return { state: 'unknown', reason: error.safeMessage };
  throw error;
}

function isForbidden(error: unknown): boolean {
  return error instanceof PortError && error.code === 'FORBIDDEN';
}

/** What we own and did not find may only have lost its label: ask for it by name before calling it gone. Returns what could not be asked for. */
async function confirmMissing(
  inventories: ReadonlyMap<string, Inventory>,
  kinds: ReadonlyMap<string, KindState>,
  objects: Map<string, LiveObject>,
  known: ReadonlyMap<string, number>,
  reader: ClusterReader,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const unread = new Map<string, string>();
  const missing = [...inventories.values()]
    .flatMap((inventory) => inventory.entries)
    .filter((entry) => entry.uid !== '' && !objects.has(idKey(entry.id)) && !known.has(idKey(entry.id)));
  await mapLimited(missing, PARALLEL, async (entry) => {
    const served = servedKind(entry, kinds);
    if (served === undefined) return;
    try {
      const object = await reader.get(served, entry.id.namespace, entry.id.name, signal);
      if (object !== undefined) objects.set(idKey(entry.id), object);
    } catch (error) {
      if (!isOfPart(error)) throw error;
      unread.set(idKey(entry.id), error.safeMessage);
    }
  });
  return unread;
}

function servedKind(entry: InventoryEntry, kinds: ReadonlyMap<string, KindState>): ServedKind | undefined {
  const state = kinds.get(groupKindKey(entry.id));
  return state?.state === 'listed' ? state.served : undefined;
}
