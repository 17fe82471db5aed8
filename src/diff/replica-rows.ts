import type { ReplicaRow } from '../model/fleet-diff.ts';
import type { Manifest } from '../model/manifest.ts';
import type { RenderedCluster } from '../model/render.ts';
import { compareText, idKey } from '../object/id.ts';
import { numberAt } from '../object/json.ts';
import { replicaField } from '../object/replicas.ts';

/** Replica counts before and after, of objects where one differs or that come to or leave a cluster. */
export function replicaRows(
  clusters: readonly {
    readonly name: string;
    readonly before: RenderedCluster | undefined;
    readonly after: RenderedCluster | undefined;
    readonly held: ReadonlySet<string>;
  }[],
): readonly ReplicaRow[] {
  const cells = clusters.flatMap(({ name, before, after, held }) => {
    const [old, now] = [counts(before, held), counts(after, held)];
    return [...new Map([...old, ...now]).values()].map(({ app, manifest }) => {
      const key = idKey(manifest.id);
      const [was, is] = [old.get(key)?.count, now.get(key)?.count];
      return {
        app,
        id: manifest.id,
        cluster: name,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      };
    });
  });
  return [...Map.groupBy(cells, ({ app, id }) => `${app} ${idKey(id)}`)]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined || group.every((cell) => cell.before === cell.after)) return [];
      return [{ app: first.app, id: first.id, counts: group.map(({ app: _app, id: _id, ...count }) => count) }];
    });
}

interface Count {
  readonly app: string;
  readonly manifest: Manifest;
  readonly count: number;
}

function counts(cluster: RenderedCluster | undefined, held: ReadonlySet<string>): ReadonlyMap<string, Count> {
  const apps = (cluster?.apps ?? []).filter((app) => !held.has(app.name));
  return new Map(
    apps.flatMap((app) =>
      app.manifests.flatMap((manifest) => {
        const field = replicaField(manifest.body);
        if (field === undefined) return [];
        const count = numberAt(manifest.body, 'spec', field) ?? 1;
        return [[idKey(manifest.id), { app: app.name, manifest, count }] as const];
      }),
    ),
  );
}
