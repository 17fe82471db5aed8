import type { Origin } from '../model/diagnostic.ts';
import type { Manifest } from '../model/manifest.ts';
import type { RenderedCluster } from '../model/render.ts';
import { compareText, formatId, idKey } from '../object/id.ts';
import { numberAt } from '../object/json.ts';
import { replicaField } from '../object/replicas.ts';
import { hasErrors, printDiagnostics, toOutput } from './diagnostics.ts';
import { loadFleet } from './load-fleet.ts';
import { printDocument } from './print-document.ts';
import { selectTargets } from './select-targets.ts';
import { printTable } from './table.ts';
import type { Verb } from './verb.ts';

export const placeVerb: Verb = {
  name: 'place',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'show which object goes where, how many replicas, and by which rule',
  description:
    'One line for each object and cluster: the replicas that it gets there, and the file and line that say so.\nIt asks no cluster.',
  options: ['revision', 'cluster', 'app', 'output', 'noHeaders', 'cache', 'renderMemory', 'renderTimeout', 'help'],
  formats: ['table', 'json'],
  exits: { 0: 'everything was placed', 1: 'the repository has errors', 2: 'it could not be read' },
  examples: [['muster place -a hello', 'how app hello is shared out']],
  run: async ({ operands, settings, format, io }) => {
    const result = await loadFleet(operands[0] ?? '.', settings.text('revision'), settings);
    const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
    io.err(printDiagnostics(diagnostics));
    const placed = result.state === 'rendered' ? collect(selectTargets(result.fleet, settings)) : [];
    if (format === 'json')
      io.out(printDocument('Placements', { objects: placed.map(printObject), diagnostics: diagnostics.map(toOutput) }));
    else
      io.out(
        printTable(
          settings.flag('noHeaders') ? undefined : ['APP', 'OBJECT', 'CLUSTER', 'REPLICAS', 'BY'],
          placed.flatMap(rowsOf),
        ),
      );
    return hasErrors(diagnostics) ? 1 : 0;
  },
};

interface PlacedObject {
  readonly app: string;
  readonly manifest: Manifest;
  readonly clusters: readonly { readonly name: string; readonly replicas: number | undefined; readonly by: Origin }[];
}

/** The same object on several clusters is one entry. */
function collect(targets: readonly RenderedCluster[]): readonly PlacedObject[] {
  const all = targets.flatMap(({ cluster, apps }) =>
    apps.flatMap((app) => app.manifests.map((manifest) => ({ app: app.name, cluster: cluster.name, manifest }))),
  );
  return [...Map.groupBy(all, ({ app, manifest }) => `${app} ${idKey(manifest.id)}`)]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      const clusters = group.map(({ cluster, manifest }) => ({
        name: cluster,
        replicas: replicasOf(manifest),
        by: manifest.by,
      }));
      return [{ app: first.app, manifest: first.manifest, clusters }];
    });
}

function replicasOf({ body }: Manifest): number | undefined {
  const field = replicaField(body);
  return field === undefined ? undefined : (numberAt(body, 'spec', field) ?? 1);
}

function rowsOf({ app, manifest, clusters }: PlacedObject): readonly (readonly string[])[] {
  return clusters.map(({ name, replicas, by }) => [
    app,
    formatId(manifest.id),
    name,
    replicas === undefined ? '-' : String(replicas),
    place(by),
  ]);
}

function printObject({ app, manifest, clusters }: PlacedObject): object {
  const { kind, namespace, name } = manifest.id;
  const entries = clusters.map(
    (each) =>
      [each.name, { ...(each.replicas === undefined ? {} : { replicas: each.replicas }), by: place(each.by) }] as const,
  );
  return {
    app,
    apiVersion: manifest.apiVersion,
    kind,
    ...(namespace === '' ? {} : { namespace }),
    name,
    clusters: Object.fromEntries(entries),
  };
}

function place({ file, line }: Origin): string {
  return `${file}:${line}`;
}
