import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../src/model/json.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { mapAt, numberAt, textAt } from '../../src/object/json.ts';
import { type ApiClient, createApiClient } from '../../test/support/api-client.ts';
import type { ControlPlanes } from '../../test/support/control-plane.ts';
import { eventually } from '../../test/support/eventually.ts';
import { commitFleet, fleetOf, type Load, markOf, printDocuments, type Site } from './workload.ts';

/** What a tool can be measured at, in this order. `restart`: a new process, when all is as it should be. */
export const PHASES = ['create', '1 % changed', 'no-op', 'restart'] as const;
export type Phase = (typeof PHASES)[number];

/** The objects of a scenario, in their first revision and in the one where every hundredth is another. */
export type MakeLoads = (revision: 0 | 1, site: Pick<Site, 'namespace'>) => readonly Load[];

/** Where one tool does its work, in one round: a namespace that nobody used before, on each of the clusters. */
export interface Place extends Site {
  readonly clusters: readonly string[];
  /** Holds all that is below. */
  readonly folder: string;
  /** With a context for each cluster. */
  readonly kubeconfig: string;
  /** One for each cluster, for who knows no contexts. */
  readonly kubeconfigs: readonly string[];
  /** The repository that Muster reads. */
  readonly repository: string;
  /** YAML files, one for each app. */
  readonly manifests: string;
  /** Lines of `bare-loop.ts`: all objects, and those that the second revision changes. */
  readonly requests: { readonly all: string; readonly changed: string };
  /** How many objects each cluster has, and how many of them the second revision changes. */
  readonly objects: number;
  readonly changed: number;
}

const KINDS = [
  ['v1', 'ServiceAccount', 'serviceaccounts'],
  ['v1', 'ConfigMap', 'configmaps'],
  ['apps/v1', 'Deployment', 'deployments'],
  ['v1', 'Service', 'services'],
] as const;

/** Makes the namespace on each cluster, by another user than the tools' so that it is not counted. */
export async function openPlace(
  planes: ControlPlanes<string>,
  folder: string,
  namespace: string,
  loads: MakeLoads,
): Promise<Place> {
  const clusters = Object.keys(planes.clusters);
  await mkdir(folder, { recursive: true });
  const kubeconfigs = await Promise.all(
    Object.values(planes.clusters).map(async ({ name, kubeconfig }) => {
      const file = join(folder, `${name}.kubeconfig`);
      await writeFile(file, kubeconfig, { mode: 0o600 });
      return file;
    }),
  );
  await Promise.all(
    supportClients(planes).map((client) =>
      client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
    ),
  );
  const first = new Set(requestsOf(loads(0, { namespace }), { fleet: namespace, namespace }));
  const second = requestsOf(loads(1, { namespace }), { fleet: namespace, namespace });
  return {
    fleet: namespace,
    namespace,
    clusters,
    folder,
    kubeconfig: planes.kubeconfig,
    kubeconfigs,
    repository: join(folder, 'repository'),
    manifests: join(folder, 'manifests'),
    requests: { all: join(folder, 'all.jsonl'), changed: join(folder, 'changed.jsonl') },
    objects: second.length,
    changed: second.filter((request) => !first.has(request)).length,
  };
}

/** Writes what is to be applied: as files, as requests, and as a commit. */
export async function writeRevision(place: Place, loads: MakeLoads, revision: 0 | 1): Promise<void> {
  const now = loads(revision, place);
  await mkdir(place.manifests, { recursive: true });
  for (const { app, objects } of now) await writeFile(join(place.manifests, `${app}.yaml`), printDocuments(objects));
  const requests = requestsOf(now, place);
  const old = new Set(requestsOf(loads(0, place), place));
  await writeFile(place.requests.all, requests.join(''));
  await writeFile(place.requests.changed, requests.filter((request) => !old.has(request)).join(''));
  await commitFleet(place.repository, fleetOf(now, place.clusters, place));
}

/** The body that Muster sends. */
function requestsOf(loads: readonly Load[], site: Site): readonly string[] {
  return loads.flatMap(({ app, objects }) => objects.map((object) => requestOf(object, app, site)));
}

function requestOf(object: JsonObject, app: string, { fleet, namespace }: Site): string {
  const [apiVersion = '', , plural] = KINDS.find((each) => each[1] === object['kind']) ?? [];
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const metadata = mapAt(object, 'metadata');
  const labels = { ...mapAt(metadata, 'labels'), [PART_OF_LABEL]: applySetId(fleet, app) };
  const body = JSON.stringify({ ...object, metadata: { ...metadata, labels } });
  return `${JSON.stringify({ path: `${base}/namespaces/${namespace}/${plural}/${textAt(metadata, 'name')}`, body })}\n`;
}

function supportClients(planes: ControlPlanes<string>): readonly ApiClient[] {
  return Object.values(planes.clusters).map((plane) =>
    createApiClient(plane.kubeconfigFor('bench', ['system:masters'])),
  );
}

/** Controllers, where there are any, have done with what came before: what they still do would count against the next phase. */
export async function quiet(planes: ControlPlanes<string>, { namespace }: Site): Promise<void> {
  await Promise.all(
    supportClients(planes).map((client) =>
      eventually(async () => {
        const deployments = await client.list('apps/v1', 'Deployment', namespace);
        const behind = deployments.filter(
          (each) => numberAt(each, 'status', 'observedGeneration') !== numberAt(each, 'metadata', 'generation'),
        );
        assert.equal(behind.length, 0, 'every Deployment was looked at by its controller');
      }),
    ),
  );
}

interface Listed {
  readonly mark: string | undefined;
  /** Changes with each write of what the object should be: status is not it. */
  readonly state: string;
}

/** By cluster, kind and name. */
export type Listing = ReadonlyMap<string, Listed>;

/** What stands in the namespace, on all clusters. */
export async function listAll(planes: ControlPlanes<string>, { namespace }: Site): Promise<Listing> {
  const lists = supportClients(planes).flatMap((client, cluster) =>
    KINDS.map(async ([apiVersion, kind]) => {
      const items = await client.list(apiVersion, kind, namespace, 'app.kubernetes.io/part-of');
      return items.map((item): readonly [string, Listed] => {
        const generation = numberAt(item, 'metadata', 'generation');
        const state = generation === undefined ? textAt(item, 'metadata', 'resourceVersion') : String(generation);
        const uid = textAt(item, 'metadata', 'uid') ?? '';
        const name = textAt(item, 'metadata', 'name') ?? '';
        return [`${cluster} ${kind} ${name}`, { mark: markOf(item), state: `${uid} ${state}` }];
      });
    }),
  );
  return new Map((await Promise.all(lists)).flat());
}

/** The phase did what it is measured for, to exactly the objects that it concerns. Throws where it did not. */
export function verify(what: string, phase: Phase, place: Place, before: Listing, after: Listing): void {
  const all = place.objects * place.clusters.length;
  const changed = place.changed * place.clusters.length;
  assert.equal(after.size, all, `${what}: so many objects are there`);
  const written = [...after].filter(([key, { state }]) => before.get(key)?.state !== state).length;
  assert.equal(
    written,
    { create: all, 'no-op': 0, '1 % changed': changed, restart: 0 }[phase],
    `${what}: so many were written`,
  );
  const marks = Map.groupBy(after.values(), ({ mark }) => mark);
  const second = marks.get('changed')?.length ?? 0;
  assert.ok(second === 0 || second === changed, `${what}: ${second} objects are of the second revision`);
  assert.equal((marks.get('first')?.length ?? 0) + second, all, `${what}: nothing else is there`);
  if (phase === '1 % changed') assert.equal(second, changed, `${what}: the second revision is there`);
}
