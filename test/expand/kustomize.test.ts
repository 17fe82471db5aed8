/** Kustomizations, rendered by the real kustomize. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';
import { at, mapAt } from '../../src/object/json.ts';
import { bodyOf, clusterOf, fleetWith, manifestOf, type TestFiles } from '../support/fleet-files.ts';
import { sharedFolder } from '../support/shared.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { checkWith, kustomize, linkedPrograms, PINNED_FLEET, renderedWith, traceWith } from './support.ts';

const BASE = 'apps/web/base';

/** `web` becomes a kustomization with one Deployment; `more` are further files of its folder. */
function kustomizedWith(kustomization: string, more: TestFiles = {}): TestFiles {
  return fleetWith({
    'fleet.yaml': PINNED_FLEET,
    [`${BASE}/kustomization.yaml`]: kustomization,
    ...Object.fromEntries(Object.entries(more).map(([name, file]) => [`${BASE}/${name}`, file])),
  });
}

const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: "1"}\n';

test('what kustomize prints is placed, patched and substituted as plain files are', async () => {
  const fleet = await renderedWith({
    ...kustomizedWith('namePrefix: my-\nresources: [deployment.yaml, service.yaml, one.yaml]\n', {
      'one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {region: "${cluster.region}"}\n',
    }),
    'apps/web/placement.yaml': `apiVersion: muster.dev/v1alpha1
kind: Placement
metadata: {name: web}
spec: {clusters: {all: true}, replicas: {mode: divided, total: 6}}
`,
    'apps/web/overlays/eu/service.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: my-web}\nspec: {type: NodePort}\n',
  });
  assert.deepEqual(fleet.diagnostics, []);
  assert.equal(at(bodyOf(fleet, 'eu', 'Service web/my-web'), 'spec', 'type'), 'NodePort');
  assert.equal(at(bodyOf(fleet, 'us', 'Service web/my-web'), 'spec', 'type'), undefined);
  assert.equal(at(bodyOf(fleet, 'us', 'ConfigMap web/my-one'), 'data', 'region'), 'america');
  assert.equal(at(bodyOf(fleet, 'us', 'Deployment web/my-web'), 'spec', 'replicas'), 2);
});

test('an object from a kustomization comes from its file', async () => {
  const fleet = await renderedWith(kustomizedWith('resources: [one.yaml]\n', { 'one.yaml': CONFIG_MAP }));
  assert.deepEqual(manifestOf(fleet, 'eu', 'ConfigMap web/one').origin, {
    file: `${BASE}/kustomization.yaml`,
    line: 1,
    column: 1,
  });
});

test('the layers of each object of a kustomization are its own, though all begin at one place', async () => {
  const files = kustomizedWith('resources: [one.yaml, two.yaml]\n', {
    'one.yaml': CONFIG_MAP,
    'two.yaml': CONFIG_MAP.replace('one', 'two').replace('"1"', '"2"'),
  });
  const { result, trace } = await traceWith(files);
  assert.ok(result.state === 'rendered');
  for (const [name, value] of [
    ['one', '1'],
    ['two', '2'],
  ] as const) {
    const manifest = manifestOf(result.fleet, 'eu', `ConfigMap web/${name}`);
    assert.deepEqual(trace('eu', 'web', manifest)?.field('/data/a'), {
      state: 'found',
      pointer: '/data/a',
      origins: [{ kind: 'base', origin: manifest.origin, value }],
    });
  }
});

test('a kustomization may use folders beside it and the base of another app, and these folders need no other reader', async () => {
  const fleet = await renderedWith({
    ...kustomizedWith('resources: [../shared/one, ../../other/base]\ncomponents: [../shared/part]\n'),
    'apps/web/shared/one/kustomization.yaml': 'resources: [one.yaml]\n',
    'apps/web/shared/one/one.yaml': CONFIG_MAP,
    'apps/web/shared/part/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {part: "yes"}\n',
    'apps/other/base/kustomization.yaml': 'namespace: web\nresources: [two.yaml]\n',
    'apps/other/base/two.yaml': CONFIG_MAP.replace('one', 'two'),
    'apps/other/base/settings.yaml': undefined,
    'apps/other/placement.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: other}\nspec: {clusters: {names: [eu]}}\n',
    'apps/other/app.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: other}\nspec: {suspend: true}\n',
    'apps/web/placement.yaml':
      'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: web}\nspec: {clusters: {names: [us]}}\n',
  });
  assert.deepEqual(fleet.diagnostics, []);
  assert.equal(at(bodyOf(fleet, 'us', 'ConfigMap web/one'), 'metadata', 'annotations', 'part'), 'yes');
  assert.equal(at(bodyOf(fleet, 'us', 'ConfigMap web/two'), 'metadata', 'annotations', 'part'), 'yes');
  assert.equal(clusterOf(fleet, 'eu').apps[0]?.name, 'other');
});

test('kubectl renders it where there is no kustomize, or where it alone has the version that is pinned', async (context) => {
  const found = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (found.status !== 0) return context.skip('there is no kubectl on this machine');
  const version = String(JSON.parse(found.stdout).kustomizeVersion).replace('v', '');
  const kubectl = execFileSync('/bin/sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
  await using folder = await temporaryFolder();
  const files = {
    ...kustomizedWith('resources: [one.yaml]\n', { 'one.yaml': CONFIG_MAP }),
    'fleet.yaml': PINNED_FLEET.replace(kustomize.version, version),
  };
  for (const programs of [{ kubectl }, { kubectl, kustomize: kustomize.file }]) {
    const path = linkedPrograms(join(folder.path, String(Object.keys(programs).length)), programs);
    assert.deepEqual(await checkWith(files, { path }), []);
  }
});

describe('the same objects as kustomize build', () => {
  test('of a kustomization with everything in it', async () => {
    await compare({
      'base/kustomization.yaml': `namespace: shop
nameSuffix: -v1
commonLabels: {team: web}
labels: [{pairs: {tier: front}, includeSelectors: true}]
resources: [deployment.yaml, parts/]
images: [{name: nginx, newTag: "1.28"}]
replicas: [{name: web, count: 4}]
configMapGenerator:
  - {name: files, files: [conf/app.conf, named.conf=conf/app.conf]}
  - {name: env, envs: [conf/some.env]}
secretGenerator: [{name: token, literals: [token=public]}]
generatorOptions: {annotations: {generated: "true"}}
patches:
  - path: patch.yaml
  - {target: {kind: Service}, patch: "- {op: add, path: /spec/type, value: NodePort}"}
replacements:
  - source: {kind: Service, name: web, fieldPath: metadata.name}
    targets: [{select: {kind: Deployment}, fieldPaths: ["spec.template.spec.containers.[name=web].env.[name=SERVICE].value"]}]
transformers: [transform.yaml]
`,
      'base/transform.yaml':
        'apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {docs: "https://example.com/docs"}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n',
      'base/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: nginx
          env: [{name: SERVICE, value: unset}, {name: ON, value: "on"}]
          envFrom: [{configMapRef: {name: env}}, {secretRef: {name: token}}]
`,
      'base/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {minReadySeconds: 5}\n',
      'base/conf/app.conf': 'a = 1\n# Source: not/a/template.yaml\n---\n',
      'base/conf/some.env': 'ONE=1\nTWO=zwei\n',
      'base/parts/kustomization.yaml': 'resources: [service.yaml]\n',
      'base/parts/service.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n',
    });
  });

  const corpora = sharedFolder('corpora');
  const skip = corpora === undefined && 'there is no folder of real manifests (shared/corpora) on this machine';

  test('of podinfo', { skip }, () => compare(readFolder(join(corpora ?? '', 'podinfo'), 'kustomize', 'base')));

  for (const part of corpora === undefined ? ['network-policies'] : componentsOf(corpora)) {
    test(`of online-boutique with ${part}`, { skip }, async () => {
      const all = readFolder(join(corpora ?? '', 'online-boutique'), 'kustomize', 'online');
      await compare({
        ...all,
        'base/kustomization.yaml': `resources: [../online/base]\ncomponents: [../online/components/${part}]\n`,
      });
    });
  }
});

/** Those that kustomize itself takes. */
function componentsOf(corpora: string): readonly string[] {
  return globSync('*/kustomization.yaml', { cwd: join(corpora, 'online-boutique/kustomize/components') })
    .map((path) => dirname(path))
    .sort();
}

function readFolder(root: string, folder: string, name: string): Record<string, string> {
  const paths = globSync('**/*', { cwd: join(root, folder), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [path.replace(join(root, folder), name), readFileSync(path, 'utf8')]));
}

/** Renders the files below `apps/web/` as a fleet, and by kustomize itself in a folder, and compares object by object. */
async function compare(files: Readonly<Record<string, string>>): Promise<void> {
  await using folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  }
  const printed = execFileSync(kustomize.file, ['build', join(folder.path, 'base')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const expected = parseAllDocuments(printed).map((document): JsonObject => document.toJS());
  const inFleet = Object.entries(files).map(([path, text]) => [`apps/web/${path}`, text] as const);
  const fleet = await renderedWith({
    ...fleetWith({
      'fleet.yaml': PINNED_FLEET,
      'apps/web/base/deployment.yaml': undefined,
      'apps/web/base/service.yaml': undefined,
      'apps/web/app.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\n',
    }),
    'fleet.yaml': `${PINNED_FLEET}  defaults: {namespace: default-of-test}\n${ISTIO}`,
    ...Object.fromEntries(inFleet),
  });
  const errors = fleet.diagnostics.filter((each) => each.severity === 'error');
  assert.deepEqual(errors, []);
  const apps = clusterOf(fleet, 'eu').apps.filter((app) => app.name === 'web');
  const bodies = apps.flatMap((app) => app.manifests.map((manifest) => manifest.body));
  assert.deepEqual(bodies.map(comparable).sort(byId), expected.map(comparable).sort(byId));
}

/** Kinds of online-boutique whose definitions are not in it. */
const ISTIO = `  kinds:
    - {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, namespaced: true}
    - {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, namespaced: true}
    - {apiVersion: networking.istio.io/v1, kind: ServiceEntry, namespaced: true}
    - {apiVersion: networking.istio.io/v1, kind: VirtualService, namespaced: true}
`;

/** Muster fills in the namespace; kustomize leaves it to kubectl. */
function comparable(body: JsonObject): JsonObject {
  const text = JSON.stringify(body).replaceAll('"namespace":"default-of-test"', '"namespace":null');
  const copy: JsonObject = JSON.parse(text);
  const metadata: Record<string, unknown> = { ...mapAt(copy, 'metadata') };
  if (metadata['namespace'] === null) delete metadata['namespace'];
  if (metadata['creationTimestamp'] === null) delete metadata['creationTimestamp'];
  return JSON.parse(JSON.stringify({ ...copy, metadata }));
}

function byId(a: JsonObject, b: JsonObject): number {
  const id = (body: JsonObject): string =>
    JSON.stringify([body['kind'], at(body, 'metadata', 'name'), body['apiVersion']]);
  return id(a) < id(b) ? -1 : 1;
}
