/** What a kustomization may not do, each with its place and message; and that the real program could not do it either. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ExpansionRequest } from '../../src/model/expansion.ts';
import { runExpansions } from '../../src/sandbox/run-expansions.ts';
import { eventually } from '../support/eventually.ts';
import { check, fleetWith, marked, type TestFiles } from '../support/fleet-files.ts';
import { stillRunning } from '../support/processes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { checkWith, kustomize, PINNED_FLEET, scriptProgram } from './support.ts';

const BASE = 'apps/web/base';
const MAIN = `${BASE}/kustomization.yaml`;

function kustomizedWith(kustomization: string, more: TestFiles = {}): TestFiles {
  return fleetWith({
    'fleet.yaml': PINNED_FLEET,
    [MAIN]: kustomization,
    ...Object.fromEntries(Object.entries(more).map(([name, file]) => [`${BASE}/${name}`, file])),
  });
}

const CHARTS = 'Make the chart an app of its own: its files in base/, and values in apps/NAME/values.yaml.';

/** A kustomization with the place marked, and what is said of it. */
const REFUSED: readonly (readonly [kustomization: string, message: string])[] = [
  [
    'resources: [‸https://example.com/base.yaml]\n',
    'REMOTE_BASE: "https://example.com/base.yaml" is fetched from elsewhere. Commit a copy, and name its folder here.',
  ],
  [
    'resources: [‸"https://user:secret@example.com/x//base?ref=v1"]\n',
    'REMOTE_BASE: "https://example.com/x//base?ref=v1" is fetched from elsewhere. Commit a copy, and name its folder here.',
  ],
  [
    'resources: [deployment.yaml, ‸github.com/stefanprodan/podinfo//kustomize?ref=6.9.4]\n',
    'REMOTE_BASE: "github.com/stefanprodan/podinfo//kustomize?ref=6.9.4" is fetched from elsewhere. Commit a copy, and name its folder here.',
  ],
  [
    'components: [‸"git@github.com:acme/fleet.git"]\n',
    'REMOTE_BASE: "github.com:acme/fleet.git" is fetched from elsewhere. Commit a copy, and name its folder here.',
  ],
  [
    'patches:\n  - path: ‸https://example.com/patch.yaml\n',
    'REMOTE_BASE: "https://example.com/patch.yaml" is fetched from elsewhere. Commit a copy, and name its folder here.',
  ],
  [
    'configMapGenerator: [{name: a, files: [‸passwd=/etc/passwd]}]\n',
    'REMOTE_BASE: "/etc/passwd" leads out of the fleet. Move what it leads to into the base, or beside it below apps/.',
  ],
  [
    'resources: [‸../../../../outside]\n',
    'REMOTE_BASE: "../../../../outside" leads out of the fleet. Move what it leads to into the base, or beside it below apps/.',
  ],
  [
    'resources: [‸deploymnet.yaml]\n',
    'UNKNOWN_NAME: there is no file or folder "apps/web/base/deploymnet.yaml". Did you mean "apps/web/base/deployment.yaml"?',
  ],
  ['helmCharts: ‸[{name: redis}]\n', `NOT_SUPPORTED: helmCharts starts Helm inside of kustomize. ${CHARTS}`],
  [
    'helmChartInflationGenerator: ‸[{chartName: redis}]\n',
    `NOT_SUPPORTED: helmChartInflationGenerator starts Helm inside of kustomize. ${CHARTS}`,
  ],
  [
    'transformers:\n  - ‸|\n    apiVersion: builtin\n    kind: PatchTransformer\n    metadata: {name: p}\n    path: http://127.0.0.1/p.yaml\n',
    'REMOTE_BASE: a generator in this text leads elsewhere. Commit a copy of what it leads to, and name that.',
  ],
];

test('what a kustomization cannot have is refused at its line, before anything runs', async () => {
  for (const [kustomization, message] of REFUSED) {
    const { text, place } = marked(kustomization);
    assert.deepEqual(await checkWith(kustomizedWith(text), { path: '' }), [`${MAIN}:${place}: ${message}`], text);
  }
});

test('the configuration of a built-in plugin may not lead elsewhere, in whichever file it stands', async () => {
  const plugin = marked(
    'apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: ‸http://127.0.0.1:1/p.yaml\n',
  );
  assert.deepEqual(
    await checkWith(
      kustomizedWith('resources: [service.yaml]\ntransformers: [plugins]\n', {
        'plugins/kustomization.yaml': 'resources: [patch.yaml]\n',
        'plugins/patch.yaml': plugin.text,
      }),
    ),
    [
      `${BASE}/plugins/patch.yaml:${plugin.place}: REMOTE_BASE: "http://127.0.0.1:1/p.yaml" is fetched from elsewhere. Commit a copy, and name that.`,
    ],
  );
});

test('a kustomization that is not YAML is refused where it is broken', async () => {
  assert.deepEqual(await checkWith(kustomizedWith('resources: [a\n')), [
    `${MAIN}:1:12: YAML_SYNTAX: the [ that opens here is never closed. Add the ], on a line that is indented deeper than the key.`,
  ]);
});

test('a kustomization further down only, and one beside a chart, are refused', async () => {
  assert.deepEqual(await checkWith(fleetWith({ [`${BASE}/deep/kustomization.yaml`]: 'resources: []\n' })), [
    `${BASE}/deep/kustomization.yaml:1:1: MISPLACED_FILE: a kustomization lies below the folder that is rendered, and apps/web/base/ itself has none. Add one to apps/web/base/, or move the files up.`,
  ]);
  assert.deepEqual(await checkWith(kustomizedWith('resources: []\n', { 'Chart.yaml': 'name: web\n' })), [
    `${MAIN}:1:1: MISPLACED_FILE: the folder holds a chart and a kustomization, and only one of them can be its base. Make two apps of it, or remove one of the files.`,
  ]);
});

const FUNCTION = (what: string): string =>
  `apiVersion: example.com/v1\nkind: Maker\nmetadata:\n  name: maker\n  annotations: {config.kubernetes.io/function: "${what}"}\n`;

test('a plugin that is a program is refused by kustomize, and the message says what to do', async () => {
  const cases = [
    FUNCTION('{exec: {path: ./make.sh}}'),
    FUNCTION('{container: {image: make}}'),
    'apiVersion: example.com/v1\nkind: Maker\nmetadata: {name: maker}\n',
  ];
  for (const generator of cases) {
    const [line = '', ...more] = await checkWith(
      kustomizedWith('generators: [make.yaml]\n', { 'make.yaml': generator, 'make.sh': '#!/bin/sh\necho\n' }),
    );
    assert.match(
      line,
      /^apps\/web\/base\/kustomization\.yaml:1:1: NOT_SUPPORTED: the kustomization starts another program, which is not done: /,
    );
    assert.match(line, /Run it by hand, and commit what it prints\.$/);
    assert.doesNotMatch(line, /\/tmp|\/dev\/shm|muster-/);
    assert.deepEqual(more, []);
  }
});

test('what kustomize refuses is told in its words, with paths of the fleet', async () => {
  const [line = ''] = await checkWith(
    kustomizedWith('resources: [deployment.yaml]\npatches: [{path: patch.yaml}]\n', {
      'patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n',
    }),
  );
  assert.match(
    line,
    /^apps\/web\/base\/kustomization\.yaml:1:1: RENDER_FAILED: kustomize says: .*no matches for Id.*other/,
  );
  assert.match(line, /Run "kustomize build apps\/web\/base" to see the same\.$/);
  assert.doesNotMatch(line, /\/tmp|muster-expand/);
});

test('a file outside of the folder of its kustomization is refused, as by kustomize itself', async () => {
  const [line = ''] = await checkWith({
    ...kustomizedWith('resources: [../shared/one.yaml]\n'),
    'apps/web/shared/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n',
  });
  assert.match(
    line,
    /RENDER_FAILED: kustomize says: .*security; file '.*apps\/web\/shared\/one\.yaml' is not in or below/,
  );
});

test('a kustomization in an overlay folder is refused by name', async () => {
  const text = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../base]\n';
  assert.deepEqual(await checkWith(fleetWith({ 'apps/web/overlays/eu/kustomization.yaml': text })), [
    'apps/web/overlays/eu/kustomization.yaml:2:7: NOT_SUPPORTED: an overlay folder holds patches, and a kustomization in it is not read. Put what it patches into files here, each a partial object.',
  ]);
});

test('rendered by somebody who runs no programs, the app is held', () => {
  assert.deepEqual(check(kustomizedWith('resources: [deployment.yaml]\n')), [
    `${MAIN}:1:1: RENDERER_UNAVAILABLE: the program that renders this folder was not run.`,
  ]);
});

test('without the program the app is held, and one line says what to install', async () => {
  const files = kustomizedWith('resources: [deployment.yaml]\n');
  assert.deepEqual(await checkWith(files, { path: '/nonexistent' }), [
    `${MAIN}:1:1: RENDERER_UNAVAILABLE: this folder is rendered by kustomize, and there is no kustomize or kubectl on the PATH. Install kustomize ${kustomize.version} on the machine that runs Muster.`,
  ]);
});

test('another version than the pinned one is refused, and without a pin the version is told', async () => {
  const files = kustomizedWith('resources: [deployment.yaml]\n');
  const pinned = { ...files, 'fleet.yaml': PINNED_FLEET.replace(kustomize.version, 'v5.0.0') };
  assert.deepEqual(await checkWith(pinned), [
    `${MAIN}:1:1: TOOL_VERSION: the fleet asks for kustomize 5.0.0, and ${kustomize.file} is ${kustomize.version}. Install kustomize 5.0.0, or change spec.tools in fleet.yaml.`,
  ]);
  const free = { ...files, 'fleet.yaml': 'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: test}\n' };
  assert.deepEqual(await checkWith(free), [
    `warning: fleet.yaml:1:1: TOOL_VERSION: the fleet does not say which kustomize renders it, and another version may render otherwise. Set spec.tools: {kustomize: ${kustomize.version}} for the one used here.`,
  ]);
});

test('a program that does not answer is said to be none', async () => {
  await using folder = await temporaryFolder();
  const path = scriptProgram(folder.path, 'kustomize', 'exit 3');
  const [line = ''] = await checkWith(kustomizedWith('resources: [deployment.yaml]\n'), { path });
  assert.match(
    line,
    /TOOL_VERSION: the fleet asks for kustomize 5\.8\.1, and \S+\/kustomize does not say its version\. /,
  );
});

/** What the program itself does when our own look at the files is passed by. */
function bare(kustomization: string, more: Readonly<Record<string, string>> = {}): ExpansionRequest {
  const files = Object.entries({ 'apps/web/base/kustomization.yaml': kustomization, ...more });
  return {
    key: 'bare',
    tool: 'kustomize',
    root: 'apps/web/base',
    files: files.map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
  };
}

async function runBare(request: ExpansionRequest, path = kustomize.directory): Promise<string> {
  await using folder = await temporaryFolder();
  const settings = { path, cacheFolder: folder.path, timeoutMs: 30_000, memoryMiB: 512 };
  const answer = (await runExpansions([request], settings, new AbortController().signal)).get('bare');
  return answer?.state === 'rendered' ? answer.text : (answer?.message ?? '');
}

test('the program itself reads nothing outside of its folder and asks no server, not even one on this machine', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  try {
    assert.match(
      await runBare(bare('configMapGenerator: [{name: a, files: [/etc/passwd]}]\n')),
      /security; file '\/etc\/passwd' is not in or below/,
    );
    assert.match(await runBare(bare('resources: [../../../../../../../../etc]\n')), /kustomize says: /);
    assert.match(
      await runBare(bare('resources: ["git@github.com:acme/fleet.git"]\n')),
      /kustomize says: .*(no 'git' program on path|git)/,
    );
    assert.match(await runBare(bare('resources: ["http://example.invalid/x.yaml"]\n')), /kustomize says: /);
    const local = await runBare(bare(`resources: ["http://127.0.0.1:${port}/x.yaml"]\n`));
    // Where the system allows no network of its own, our look at the files is what stops it: the tests above.
    if (asked.length === 0) assert.match(local, /kustomize says: /);
    const message = await checkWith(kustomizedWith(`resources: ["http://127.0.0.1:${port}/seen.yaml"]\n`));
    assert.match(message.join('\n'), /REMOTE_BASE/);
    assert.ok(!asked.includes('/seen.yaml'));
  } finally {
    server.close();
  }
});

test('a program sees nothing of our environment, no PATH with programs, and a folder with the files alone', async () => {
  await using folder = await temporaryFolder();
  const script =
    'case "$1" in version) echo v5.8.1;; *) echo "environment:"; export -p; echo "files:"; cd "$2" && echo *; cd .. && echo *; cd .. && echo * ; cd .. && echo *;; esac';
  process.env['MUSTER_TEST_TOKEN'] = 'canary';
  try {
    const seen = await runBare(
      bare('resources: []\n', { 'apps/web/base/a.yaml': 'a: 1\n' }),
      scriptProgram(folder.path, 'kustomize', script),
    );
    const [environment = '', files = ''] = seen.split('files:\n');
    assert.doesNotMatch(environment, /canary|TOKEN|GIT|KUBE/);
    const names = [...environment.matchAll(/^export (\w+)=/gm)].map((match) => String(match[1])).sort();
    const expected = [
      'GOMEMLIMIT',
      'HOME',
      'HTTPS_PROXY',
      'HTTP_PROXY',
      'KUSTOMIZE_PLUGIN_HOME',
      'NODE_OPTIONS',
      'NO_PROXY',
      'PATH',
      'PWD',
      'TMPDIR',
      'XDG_CONFIG_HOME',
      'http_proxy',
      'https_proxy',
      'no_proxy',
    ];
    assert.deepEqual(
      names.filter((name) => name !== 'OLDPWD'),
      expected,
    );
    assert.equal(files, 'a.yaml kustomization.yaml\nbase\nweb\napps\n');
    assert.match(environment, /^export PATH='\S+\/bin'$/m);
  } finally {
    delete process.env['MUSTER_TEST_TOKEN'];
  }
});

test('a program that never ends is stopped, with all that it started', async () => {
  await using folder = await temporaryFolder();
  const pid = `${folder.path}/pid`;
  const script = `case "$1" in version) echo v5.8.1;; *) /bin/sleep 3600 & echo $! >${pid}; wait;; esac`;
  const path = scriptProgram(folder.path, 'kustomize', script);
  const files = kustomizedWith('resources: [deployment.yaml]\n');
  assert.deepEqual(await checkWith(files, { path, timeoutMs: 1500 }), [
    `${MAIN}:1:1: RENDER_FAILED: kustomize was stopped after 1.5 s. Look for something that never ends, or give it more with --render-timeout.`,
  ]);
  assert.deepEqual(stillRunning([Number(readFileSync(pid, 'utf8'))]), []);
});

test('a program that prints without end is stopped', async () => {
  await using folder = await temporaryFolder();
  const script =
    'case "$1" in version) echo v5.8.1;; *) while :; do echo "$0 $0 $0 $0 $0 $0 $0 $0 $0 $0 $0 $0 $0 $0 $0 $0"; done;; esac';
  const path = scriptProgram(folder.path, 'kustomize', script);
  assert.deepEqual(await checkWith(kustomizedWith('resources: [deployment.yaml]\n'), { path }), [
    `${MAIN}:1:1: RENDER_FAILED: kustomize printed more than 67108864 bytes. Print less.`,
  ]);
});

test('whoever stops waiting takes the programs along', async () => {
  await using folder = await temporaryFolder();
  const pid = `${folder.path}/pid`;
  const script = `case "$1" in version) echo v5.8.1;; *) echo $$ >${pid}; /bin/sleep 3600;; esac`;
  const path = scriptProgram(folder.path, 'kustomize', script);
  const stop = new AbortController();
  const settings = { path, cacheFolder: folder.path, timeoutMs: 60_000, memoryMiB: 512 };
  const running = runExpansions([bare('resources: []\n')], settings, stop.signal);
  const started = await eventually(() => {
    const text = readFileSync(pid, 'utf8');
    assert.match(text, /^\d+\n$/);
    return Number(text);
  });
  stop.abort();
  await assert.rejects(running, { code: 'CRASHED' });
  await eventually(() => assert.deepEqual(stillRunning([started]), []));
});
