/** What a chart may not do, each with its place and message. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { appOf, fleetWith, marked, type TestFiles } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BOTH, checkWith, helm, kustomize, PINNED_FLEET, renderedWith, scriptProgram } from './support.ts';

const BASE = 'apps/web/base';
const CHART = `${BASE}/Chart.yaml`;
const TEMPLATE = `${BASE}/templates/one.yaml`;

function chartWith(files: TestFiles, more: TestFiles = {}): TestFiles {
  return fleetWith({
    'fleet.yaml': PINNED_FLEET,
    [`${BASE}/deployment.yaml`]: undefined,
    [`${BASE}/service.yaml`]: undefined,
    [CHART]: 'apiVersion: v2\nname: website\nversion: 1.0.0\n',
    ...Object.fromEntries(Object.entries(files).map(([name, file]) => [`${BASE}/${name}`, file])),
    ...more,
  });
}

/** A chart with one template: a ConfigMap with this value. */
function valued(value: string): TestFiles {
  return chartWith({
    'templates/one.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata:\n  a: ${value}\n`,
  });
}

function hooked(hook: string): TestFiles {
  return chartWith({
    'templates/one.yaml': `apiVersion: batch/v1
kind: Job
metadata: {name: one, annotations: {"helm.sh/hook": "${hook}"}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}
`,
    'templates/two.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n',
  });
}

const WAVE = (wave: string, when: string): string =>
  `Write the annotation muster.dev/wave: "${wave}" instead of helm.sh/hook: it is then applied ${when} the others. Or switch it off in the values.`;

const HOOKS: readonly (readonly [hook: string, listed: string, help: string])[] = [
  ['pre-install,pre-upgrade', 'pre-install, pre-upgrade', WAVE('-1', 'before')],
  ['post-install', 'post-install', WAVE('1', 'after')],
  ['post-upgrade, test', 'post-upgrade', WAVE('1', 'after')],
  [
    'pre-delete',
    'pre-delete',
    'Take it out of the chart: objects are deleted without it. Or switch it off in the values.',
  ],
];

test('tests of a chart are left out', async () => {
  for (const hook of ['test', 'test-success', 'test, test-failure']) {
    const fleet = await renderedWith(hooked(hook));
    assert.deepEqual(fleet.diagnostics, []);
    assert.deepEqual(
      appOf(fleet, 'eu', 'web').manifests.map(({ id }) => id.name),
      ['two'],
    );
  }
});

test('other hooks are refused at their template, with the way to write them', async () => {
  for (const [hook, listed, help] of HOOKS) {
    assert.deepEqual(await checkWith(hooked(hook)), [
      `${TEMPLATE}:1:1: NOT_SUPPORTED: Job "one" is a hook of Helm (${listed}), and there is no such step. ${help}`,
    ]);
  }
});

test('a definition as Helm 2 had it is warned of: Helm 3 leaves it out without a word', async () => {
  assert.deepEqual(await checkWith(hooked('crd-install')), [
    `warning: ${TEMPLATE}:1:1: NOT_SUPPORTED: Helm 3 leaves out what the hook crd-install marks. Move the definition to the folder crds/ of the chart.`,
  ]);
});

test('an object that Helm would keep is applied, with a warning', async () => {
  const files = chartWith({
    'templates/one.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, annotations: {helm.sh/resource-policy: keep}}\n',
  });
  assert.deepEqual(await checkWith(files), [
    `warning: ${TEMPLATE}:1:1: NOT_SUPPORTED: ConfigMap "one" asks Helm to keep it (helm.sh/resource-policy), which means nothing here. Set prune: false for the app, if its objects are to stay when they leave the chart.`,
  ]);
});

const NOT_REPRODUCIBLE =
  'NOT_REPRODUCIBLE: the chart renders differently each time: it uses chance or the clock (randAlphaNum, genCA, now, keys …). Give the value yourself, as charts allow with a setting such as existingSecret, or take the function out.';

test('a chart that renders differently each time is refused, and what it made up is not printed', async () => {
  for (const value of [
    '{{ randAlphaNum 20 }}',
    '{{ uuidv4 }}',
    '{{ (genCA "ca" 365).Cert | b64enc }}',
    '{{ htpasswd "user" "password" | quote }}',
    '{{ now | unixEpoch | quote }}',
    '{{ now | date "2006-01-02" | quote }}',
    '{{ tpl "{{ randNumeric 12 }}" . | quote }}',
  ]) {
    assert.deepEqual(await checkWith(valued(value)), [`${TEMPLATE}:1:1: ${NOT_REPRODUCIBLE}`], value);
  }
});

test('a chart with such a function that is not used, or whose result is thrown away, is rendered', async () => {
  for (const value of [
    '{{ .Values.password | default "given" }}{{ if .Values.make }}{{ randAlphaNum 20 }}{{ end }}',
    '{{ len (randAlphaNum 20) | quote }}',
    '{{ keys (dict "a" 1) | first }} # now',
  ]) {
    assert.deepEqual(await checkWith(valued(value)), [], value);
  }
});

test('a chart that is needed and not in charts/ is refused where it is asked for', async () => {
  const { text, place } = marked(
    'apiVersion: v2\nname: website\nversion: 1.0.0\ndependencies:\n  - ‸name: redis\n    version: 17.x.x\n    repository: oci://registry-1.docker.io/bitnamicharts\n',
  );
  assert.deepEqual(await checkWith(chartWith({ 'Chart.yaml': text })), [
    `${CHART}:${place}: REMOTE_BASE: the chart needs the chart "redis", which is not in ${BASE}/charts/. Run "helm dependency update ${BASE}" and commit ${BASE}/charts/.`,
  ]);
});

test('a schema that refers to an address or a file of this machine is refused, and no server is asked', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/schema.json`;
  try {
    for (const [reference, text] of [
      [url, `{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "${url}"}}}`],
      ['file:///etc/passwd', '{"properties": {"a": {"\\u0024ref": "file:///etc/passwd"}}}'],
      [url, `{"$schema": "${url}"}`],
      // Deeper than we read, and not than Helm does.
      ['(nested too deeply to be read)', `{"a": ${'['.repeat(9000)}${']'.repeat(9000)}, "$ref": "${url}"}`],
    ] as const) {
      assert.deepEqual(await checkWith(chartWith({ 'values.schema.json': text, 'values.yaml': 'a: 1\n' })), [
        `${BASE}/values.schema.json:1:1: REMOTE_BASE: the schema refers to "${reference}", which Helm would have to fetch. Copy what it refers to into the same file.`,
      ]);
    }
    const archive = tgz({ 'sub/Chart.yaml': 'name: sub\n', 'sub/values.schema.json': `{"$ref": "${url}"}` });
    assert.deepEqual(await checkWith(chartWith({ 'charts/sub-1.0.0.tgz': archive })), [
      `${BASE}/charts/sub-1.0.0.tgz:1:1: REMOTE_BASE: a schema in the archive refers to "${url}", which Helm would have to fetch. Commit the chart unpacked, and copy what the schema refers to into it.`,
    ]);
    assert.deepEqual(asked, []);
  } finally {
    server.close();
  }
});

test('an archive that cannot be unpacked is refused by its name', async () => {
  assert.deepEqual(await checkWith(chartWith({ 'charts/sub-1.0.0.tgz': 'no archive' })), [
    `${BASE}/charts/sub-1.0.0.tgz:1:1: RENDER_FAILED: the archive cannot be unpacked, or is too large. Run "helm dependency update" again, or commit the chart unpacked.`,
  ]);
});

test('values that do not fit the schema of the chart, and a template that fails, are told in the words of Helm, at their place', async () => {
  const schema = '{"type": "object", "properties": {"replicas": {"type": "integer"}}}';
  const [wrong = ''] = await checkWith(chartWith({ 'values.schema.json': schema, 'values.yaml': 'replicas: many\n' }));
  assert.match(wrong, /^apps\/web\/base\/Chart\.yaml:1:1: RENDER_FAILED: helm says: .*replicas.*want integer/);
  const { text, place } = marked(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: {{ ‸required "name a" .Values.a | quote }}}\n',
  );
  const files = chartWith({ 'templates/one.yaml': text }, { 'apps/web/overlays/eu/values.yaml': 'a: "1"\n' });
  const lines = await checkWith(files);
  for (const [index, cluster] of ['ap', 'us'].entries()) {
    assert.match(
      lines[index] ?? '',
      new RegExp(
        `^${TEMPLATE}:${place}: RENDER_FAILED: on ${cluster}: helm says: .*name a.* Run "helm template web apps/web/base" to see the same\\.$`,
      ),
    );
    assert.doesNotMatch(lines[index] ?? '', /muster-expand|\/files\//);
  }
  const fleet = await renderedWith(files);
  assert.equal(appOf(fleet, 'us', 'web').state, 'held');
  assert.equal(appOf(fleet, 'eu', 'web').state, 'rendered');
});

test('where replicas are divided, a chart that fails on one cluster is held on all: the others would take over its share', async () => {
  const fleet = await renderedWith(
    chartWith(
      {
        'templates/one.yaml':
          'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: {{ required "a" .Values.a }}}\n',
      },
      {
        'apps/web/overlays/env=prod/values.yaml': 'a: "1"\n',
        'apps/web/placement.yaml':
          'apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: web}\nspec: {clusters: {all: true}, replicas: {mode: divided}}\n',
      },
    ),
  );
  for (const cluster of ['ap', 'eu', 'us']) assert.equal(appOf(fleet, cluster, 'web').state, 'held', cluster);
});

test('a chart that never ends or grows without end is stopped', async () => {
  const endless = valued('{{ range $a := until 100000 }}{{ range $b := until 100000 }}{{ end }}{{ end }}');
  assert.deepEqual(await checkWith(endless, { timeoutMs: 2000 }), [
    `${CHART}:1:1: RENDER_FAILED: helm was stopped after 2 s. Look for something that never ends, or give it more with --render-timeout.`,
  ]);
  const growing = valued('{{ $a := "xxxxxxxx" }}{{ range until 64 }}{{ $a = printf "%s%s" $a $a }}{{ end }}');
  assert.deepEqual(await checkWith(growing, { memoryMiB: 128 }), [
    `${CHART}:1:1: RENDER_FAILED: helm ran out of memory (128 MiB). Look for something that grows without end, or give it more with --render-memory.`,
  ]);
});

test('a template sees no file outside of the chart, no environment, and no cluster', async () => {
  const [line] = await checkWith(
    valued(
      '"{{ .Files.Get "../../../../../../etc/hostname" }}{{ (lookup "v1" "Namespace" "" "default") | toJson }}{{ getHostByName "localhost" }}"',
    ),
  );
  assert.equal(line, undefined);
  const [env = ''] = await checkWith(valued('{{ env "HOME" }}'));
  assert.match(env, /function "env" not defined/);
});

test('without the program, or with another version, one line says what to do', async () => {
  const files = valued('"1"');
  assert.deepEqual(await checkWith(files, { path: kustomize.directory }), [
    `${CHART}:1:1: RENDERER_UNAVAILABLE: this folder is rendered by helm, and there is no helm on the PATH. Install helm ${helm.version} on the machine that runs Muster.`,
  ]);
  const pinned = { ...files, 'fleet.yaml': PINNED_FLEET.replace(helm.version, '3.1.2') };
  assert.deepEqual(await checkWith(pinned, { path: BOTH }), [
    `${CHART}:1:1: TOOL_VERSION: the fleet asks for helm 3.1.2, and ${helm.file} is ${helm.version}. Install helm 3.1.2, or change spec.tools in fleet.yaml.`,
  ]);
  const short = { ...files, 'fleet.yaml': PINNED_FLEET.replace(helm.version, '"3.22"') };
  assert.match(
    (await checkWith(short)).join('\n'),
    /^fleet\.yaml:\d+:\d+: BAD_VALUE: "spec\.tools\.helm" must be a whole version such as 5\.8\.1\.$/,
  );
});

test('a program of another kind under this name is refused', async () => {
  await using folder = await temporaryFolder();
  const path = scriptProgram(folder.path, 'helm', 'echo "no version here"');
  const [line = ''] = await checkWith(valued('"1"'), { path });
  assert.match(line, /TOOL_VERSION: the fleet asks for helm \S+, and \S+\/helm does not say its version\./);
});

/** A gzipped tar (ustar) of small files. */
function tgz(files: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}
