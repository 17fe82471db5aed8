import type { ChangeSet, FieldChange, Removal } from '../model/fleet-diff.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Manifest, ObjectId } from '../model/manifest.ts';
import type { RenderedCluster } from '../model/render.ts';
import { compareIds, compareText, idKey } from '../object/id.ts';
import { hashJson, isList, isObject, mapAt, sameJson } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';
import { replicaField } from '../object/replicas.ts';
import { diffText } from './diff-text.ts';
import { ownershipNotes } from './ownership-notes.ts';
import { maskSecret } from './mask-secret.ts';

/** What happens to one object on one cluster. */
export type ObjectChange = ChangeBase &
  (
    | { readonly kind: 'added'; readonly before?: undefined; readonly after: Manifest }
    | { readonly kind: 'changed'; readonly before: Manifest; readonly after: Manifest }
    | ({ readonly kind: 'removed'; readonly before: Manifest; readonly after?: undefined } & Pick<
        Removal,
        'fate' | 'reason'
      >)
  );

interface ChangeBase {
  readonly cluster: string;
  readonly app: string;
  readonly id: ObjectId;
}

/** Both sides of a cluster; see `ComparedCluster`. */
interface Sides {
  readonly name: string;
  readonly before: RenderedCluster | undefined;
  readonly after: RenderedCluster | undefined;
}

/**
 * Puts together what is the same change: the same fields of the same object go from the same values to the same values,
 * whatever else differs between the clusters. The values of Secrets count too, though nobody sees them.
 */
export function groupChanges(changes: readonly ObjectChange[], clusters: readonly Sides[]): readonly ChangeSet[] {
  const groups = Map.groupBy(
    changes,
    (change) => `${change.kind} ${change.app} ${idKey(change.id)} ${fingerprint(change)}`,
  );
  const homes = objectHomes(clusters);
  return [...groups.values()].flatMap((group) => toChangeSet(group, homes)).sort(compareSets);
}

function toChangeSet(
  group: readonly ObjectChange[],
  homes: ReadonlyMap<string, readonly string[]>,
): readonly ChangeSet[] {
  const [first] = group;
  if (first === undefined) return [];
  const { kind, app, id } = first;
  const clusters = group.map((change) => change.cluster);
  const [before, after] = withoutCounts(maskSecret(id.kind, first.before?.body, first.after?.body));
  const { origin, overlays } = first.after ?? first.before;
  const others = (homes.get(idKey(id)) ?? []).filter((cluster) => !clusters.includes(cluster));
  const fields = before === undefined || after === undefined ? [] : compareValues(before, after, []);
  const notes = notesOf(first);
  const text = diffText(before, after);
  // A table of its own has the counts.
  const diff = notes + text === '' ? '# only the replica count changes\n' : notes + text;
  return [{ kind, app, id, clusters, others, fields, diff, origin, overlays }];
}

/**
 * Both sides without their replica counts, which a table of their own shows: divided counts differ from cluster to cluster,
 * and would make as many changes of one. Whole objects stay whole.
 */
function withoutCounts([before, after]: readonly [JsonObject | undefined, JsonObject | undefined]): readonly [
  JsonObject | undefined,
  JsonObject | undefined,
] {
  return before === undefined || after === undefined ? [before, after] : [withoutCount(before), withoutCount(after)];
}

function withoutCount(body: JsonObject): JsonObject {
  const field = replicaField(body);
  if (field === undefined) return body;
  const { [field]: _count, ...spec } = mapAt(body, 'spec');
  return { ...body, spec };
}

/** Clusters that have an object, on either side. */
function objectHomes(clusters: readonly Sides[]): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, Set<string>>();
  for (const { name, before, after } of clusters) {
    for (const app of [...(before?.apps ?? []), ...(after?.apps ?? [])]) {
      for (const { id } of app.manifests) {
        const own = homes.get(idKey(id)) ?? new Set<string>();
        homes.set(idKey(id), own.add(name));
      }
    }
  }
  return new Map([...homes].map(([key, names]) => [key, [...names].sort(compareText)]));
}

function fingerprint(change: ObjectChange): string {
  if (change.kind !== 'changed') return (change.after ?? change.before).hash;
  const fields = compareValues(withoutCount(change.before.body), withoutCount(change.after.body), []);
  return hashJson([
    notesOf(change),
    ...fields.map(({ path, before, after }) => [
      path,
      before === undefined ? [] : [before],
      after === undefined ? [] : [after],
    ]),
  ]);
}

function notesOf(change: ObjectChange): string {
  return change.kind === 'changed' ? ownershipNotes(change.before, change.after) : '';
}

/** The leaves that differ. Lists of another length differ as a whole: which item went is a guess. */
function compareValues(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: readonly string[],
): readonly FieldChange[] {
  if (sameJson(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => compareValues(before[key], after[key], [...path, key]));
  }
  if (isList(before) && isList(after) && before.length === after.length) {
    return before.flatMap((item, index) => compareValues(item, after[index], [...path, String(index)]));
  }
  return [
    {
      path: formatPointer(path),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ];
}

const ORDER: readonly ChangeSet['kind'][] = ['removed', 'changed', 'added'];

function compareSets(a: ChangeSet, b: ChangeSet): number {
  return (
    ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
    compareText(a.app, b.app) ||
    compareIds(a.id, b.id) ||
    compareText(a.clusters.join(), b.clusters.join())
  );
}
