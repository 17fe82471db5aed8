import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inventory, LiveObject, ServedKind } from '../src/model/observation.ts';
import type { Manifest } from '../src/model/manifest.ts';
import type { ClusterReader, ClusterWriter } from '../src/model/ports.ts';
import type { RenderedCluster, RenderedFleet } from '../src/model/render.ts';
import type { Tick, TickMemory } from '../src/model/tick.ts';
import { applySetId } from '../src/object/applyset.ts';
import { versionOf } from '../src/object/id.ts';
import { EMPTY_MEMORY, reconcileCluster, renderFleet } from '../src/reconcile.ts';
import { summarize } from '../src/report/summarize.ts';

test('a tick that finds nothing to do, and its status, look at no manifest but at its facts', async () => {
  const { fleet, looks } = counted(render());

  const first = await tick(fleet, EMPTY_MEMORY);
  const definitions = looks.splice(0);
  const second = await tick(fleet, first.memory);
  const [report] = summarize({
    head: fleet.revision,
    live: fleet,
    ticks: new Map([['eu', second.tick]]),
    healed: new Map(),
  });

  assert.equal(report?.statuses.find((each) => each.context === 'muster/eu')?.state, 'success');
  assert.deepEqual(new Set(definitions), new Set(['body of widgets.acme.example']));
  assert.deepEqual(looks, [], 'which kind a definition defines is known by now');
});

test('a tick that finds an object changed looks at its manifest', async () => {
  const { fleet, looks } = counted(render());
  const { memory } = await tick(fleet, EMPTY_MEMORY);
  looks.splice(0);

  const { tick: found } = await tick(fleet, memory, (object) =>
    object.id.name === 'web' ? { ...object, ownedHash: 'somebody changed a field of ours' } : object,
  );

  assert.ok(found.state === 'done');
  assert.deepEqual([...found.previews.keys()], ['/ConfigMap/web/web']);
  assert.ok(looks.includes('body of web'));
  assert.ok(!looks.includes('body of other'));
});

/** The same fleet, which writes down who looks at more of its manifests than a tick needs that finds nothing to do. */
function counted(fleet: RenderedFleet): { readonly fleet: RenderedFleet; readonly looks: string[] } {
  const looks: string[] = [];
  const watched = (manifest: Manifest): Manifest => {
    const { id, apiVersion, hash, policy, adopt, ...rest } = manifest;
    const facts = { id, apiVersion, hash, policy, adopt };
    const properties = Object.entries(rest).map(([name, value]) => {
      const get = (): unknown => {
        looks.push(`${name} of ${id.name}`);
        return value;
      };
      return [name, { enumerable: true, get }] as const;
    });
    // oxlint-disable-next-line no-unsafe-type-assertion -- the properties are all that is missing
    return Object.defineProperties(facts, Object.fromEntries(properties)) as Manifest;
  };
  const clusters = fleet.clusters.map((cluster) => ({
    ...cluster,
    apps: cluster.apps.map((app) => ({ ...app, manifests: app.manifests.map(watched) })),
  }));
  return { fleet: { ...fleet, clusters }, looks };
}

/** A tick of cluster eu, which has everything as the last clean pass left it, as far as `change` does not say otherwise. */
async function tick(
  rendered: RenderedFleet,
  memory: TickMemory,
  change: (object: LiveObject) => LiveObject = (object) => object,
): Promise<{ readonly tick: Tick; readonly memory: TickMemory }> {
  const [target] = rendered.clusters;
  assert.ok(target !== undefined);
  return reconcileCluster(
    { rendered, target, memory, leaving: new Map(), deadlineMs: Number.POSITIVE_INFINITY, readOnly: false },
    {
      reader: clusterOf(rendered, target, change),
      writer: NOTHING_IS_WRITTEN,
      clock: { now: () => 0, monotonicMs: () => 0 },
      mayWrite: () => true,
      isHuman: () => false,
      onProgress: () => {},
    },
    AbortSignal.timeout(60_000),
  );
}

const KINDS: readonly ServedKind[] = [
  { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
];

function clusterOf(
  { fleet, revision }: RenderedFleet,
  target: RenderedCluster,
  change: (object: LiveObject) => LiveObject,
): ClusterReader {
  const inventories = target.apps.map(({ name, manifests }): Inventory => ({
    app: name,
    revision,
    clusterUid: 'uid of eu',
    clusterName: 'eu',
    prune: true,
    onUnplace: 'orphan',
    resourceVersion: '7',
    entries: manifests.map(({ id, apiVersion, hash }) => ({
      id,
      apiVersion,
      uid: `uid of ${id.name}`,
      desiredHash: hash,
      ownedHash: 'as we left it',
    })),
  }));
  const objects = target.apps.flatMap(({ name, manifests }) =>
    manifests.map(({ id, apiVersion }): LiveObject => ({
      id,
      apiVersion,
      uid: `uid of ${id.name}`,
      resourceVersion: '8',
      ownedHash: 'as we left it',
      partOf: applySetId(fleet.name, name),
      terminating: false,
      owners: [],
      health: { state: 'Current', message: '' },
      prunePolicy: { keep: false, confirm: false },
      body: { metadata: { name: id.name } },
    })),
  );
  return {
    clusterUid: async () => 'uid of eu',
    inventories: async () => inventories,
    discover: async () => ({ kinds: KINDS, unknownGroups: new Map() }),
    list: async ({ kind, version }) =>
      objects.filter(({ id, apiVersion }) => id.kind === kind && versionOf(apiVersion) === version).map(change),
    get: async () => undefined,
    dryRun: async () => ({
      state: 'refused',
      refusal: { kind: 'invalid', message: 'no', fields: [], immutable: false },
    }),
  };
}

const fail = async (): Promise<never> => assert.fail('there is nothing to write');
const NOTHING_IS_WRITTEN: ClusterWriter = { apply: fail, transfer: fail, delete: fail, putInventory: fail };

/** An app with two ConfigMaps and the definition of a kind, on cluster eu. */
function render(): RenderedFleet {
  const own = 'apiVersion: muster.dev/v1alpha1\n';
  const definition = {
    group: 'acme.example',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  };
  const files = {
    'fleet.yaml': `${own}kind: Fleet\nmetadata: {name: acme}\n`,
    'clusters/eu.yaml': `${own}kind: Cluster\nmetadata: {name: eu}\nspec: {connection: {context: eu}}\n`,
    'apps/web/app.yaml': `${own}kind: App\nmetadata: {name: web}\nspec: {namespace: web}\n`,
    'apps/web/placement.yaml': `${own}kind: Placement\nmetadata: {name: web}\nspec: {clusters: {all: true}}\n`,
    'apps/web/base/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {text: hello}\n',
    'apps/web/base/other.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {text: bye}\n',
    'apps/web/base/widgets.yaml': `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.acme.example}\nspec: ${JSON.stringify(definition)}\n`,
  };
  const result = renderFleet({
    revision: '0123456789abcdef0123456789abcdef01234567',
    files: Object.entries(files).map(([path, text]) => ({
      kind: 'file',
      path,
      oid: `${path} ${text}`,
      bytes: Buffer.from(text),
    })),
  });
  assert.ok(result.state === 'rendered', JSON.stringify(result));
  assert.deepEqual(result.fleet.diagnostics, []);
  return result.fleet;
}
