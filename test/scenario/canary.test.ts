/**
 * Secrets never appear in a log, message, diff, status, metric or crash: each way by which one can get to Muster carries a
 * value of its own, every verb runs on real servers, also on what is refused, drifted, broken or crashed, and none of the
 * values is in anything that comes out.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';
import { printJson, textAt } from '../../src/object/json.ts';
import { runCommand } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { readDocument } from '../support/json-documents.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { appFile, clusterFile } from './support/fleet-files.ts';
import { runMuster, startMuster } from './support/muster.ts';
import { type Stage, startStage } from './support/stage.ts';
import { startWorld, type World } from './support/world.ts';

/** No two begin alike: the first eight characters tell which one leaked. */
const CANARIES = {
  text: 'Xq7wPz2kLm-stringData',
  data: 'Bv9rTn4cHd-data',
  annotation: 'Jf3sYu8eQa-annotation',
  overlay: 'Mk5xDw1gZo-overlay',
  patch: 'Nh2bVi6jRt-json-patch',
  report: 'Zd1mLs4yFe-report-only',
  next: 'Cr8pGy3vKe-next-commit',
  nested: 'Wt6nAj9hSu-of-wrong-type',
  whole: 'Qe4zRf7mXb-in-place-of-a-map',
  docker: 'Lp1cUk5dYo-no-json',
  live: 'Gs9iHv2tNw-live',
  liveReport: 'Ua7qEb3xJm-live-report-only',
  tested: 'Oy6kWd8rCl-tested',
  listed: 'Fz2vIp5gTh-in-a-list',
  number: '8172635445361',
  kubeToken: 'Ej5uMx9bQs-kubeconfig',
  garbledToken: 'Vn3oKt7aRi-garbled',
  gitToken: 'Hc8lZe4wPy-git-variable',
  gitWrong: 'Sb1fQo6mUd-git-file',
  gitUrl: 'Ix9gLr2kVt-git-url',
  forge: 'Ty5hCn8jBw-forge',
  forgeWrong: 'Ro4dXs1pGz-forge-refused',
  crash: 'Kw7yNm3vEf-crash',
} as const;

describe('No secret comes out', () => {
  let world: World<'eu'>;
  let stage: Stage;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let kubeconfig = '';
  let first = '';
  let second = '';

  before(async () => {
    world = await startWorld(['eu']);
    folder = await temporaryFolder();
    stage = await startStage('canary', world, ['eu']);
    stage.git.auth = { username: 'x-access-token', password: CANARIES.gitToken };
    stage.forge.grant(CANARIES.forge, { statuses: 'write', issues: 'write' });
    kubeconfig = join(folder.path, 'kubeconfig');
    await writeFile(kubeconfig, withStrangers(await readFile(world.kubeconfig, 'utf8')));
    first = await stage.commit(FLEET);
    second = await stage.commit({ 'apps/shop/base/login.yaml': login(CANARIES.next) });
  });
  after(async () => {
    await stage?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const gitToken = { MUSTER_GIT_TOKEN: CANARIES.gitToken };
  const withKubeconfig = (): readonly string[] => [...stage.flags, '--kubeconfig', kubeconfig];

  it('of the verbs that read the repository only', async () => {
    const work = join(folder.path, 'work');
    await stage.repository.git('clone', '--quiet', stage.repository.path, work);
    const revisions = ['--base', first, '--head', second];
    const commands = [
      ...['text', 'json', 'github', 'sarif'].map((format) => ['check', work, '-o', format]),
      ...['text', 'markdown', 'json'].map((format) => ['diff', work, ...revisions, '-o', format]),
      ...['table', 'json'].map((format) => ['place', work, '-o', format]),
      ['render', work, '-o', 'name'],
      ['render', work, '-o', 'dir', '--out', join(folder.path, 'out')],
    ];
    for (const command of commands) {
      const { code, out, err } = await runCommand(command);
      assert.equal(code, command[0] === 'diff' ? 1 : 0, err);
      assertNoCanary(command.join(' '), out + err);
    }

    const rendered = await runMuster(['render', work]);
    assert.match(
      rendered.out,
      new RegExp(base64(CANARIES.next)),
      'the manifests themselves are what render is asked for',
    );
    assertNoCanary('render, standard error', rendered.err);
  });

  it('of a repository that has errors where the secrets are', async () => {
    const work = join(folder.path, 'broken');
    await stage.repository.git('clone', '--quiet', stage.repository.path, work);
    for (const [path, text] of Object.entries(BROKEN)) {
      await mkdir(join(work, path, '..'), { recursive: true });
      await writeFile(join(work, path), text);
    }
    for (const command of [
      ...['text', 'json', 'github', 'sarif'].map((format) => ['check', work, '-o', format]),
      ...['text', 'markdown', 'json'].map((format) => ['diff', work, '--base', second, '-o', format]),
      ['place', work],
      ['render', work, '-o', 'name'],
    ]) {
      const { code, out, err } = await runCommand(command);
      assert.equal(code, command[0] === 'diff' ? 2 : 1, err);
      assertNoCanary(command.join(' '), out + err);
    }
    const { out } = await runCommand(['check', work]);
    for (const path of Object.keys(BROKEN)) assert.match(out, new RegExp(`^${path}:`, 'm'), 'each of them is an error');
  });

  it('of the verbs that ask clusters, one of which refuses Secrets, and others the credentials', async () => {
    const once = ['--once', '--timeout', '60s'];
    for (const format of ['text', 'json']) {
      const { code, out, err } = await runMuster(['sync', ...withKubeconfig(), ...once, '-o', format], gitToken);
      assert.equal(code, 1, err);
      assert.match(out + err, /values are not shown/);
      assert.match(out + err, /its token holds a line break, or another character that no request can carry/);
      if (format === 'json') readDocument('Sync', out);
      assertNoCanary(`sync -o ${format}`, out + err);
    }
    assert.equal(await liveValue('login', 'password'), base64(CANARIES.next), 'what is looked for was really there');

    await drift('login', CANARIES.live);
    await drift('watched', CANARIES.liveReport);
    for (const format of ['table', 'json']) {
      const { code, out, err } = await runMuster(['status', ...withKubeconfig(), '-o', format], gitToken);
      assert.equal(code, 1, err);
      assert.match(out, /drifted|\*\*\* \(before\)/);
      if (format === 'json') readDocument('Status', out);
      assertNoCanary(`status -o ${format}`, out + err);
    }
  });

  it('of a Git server that refuses what is in a variable, a file or a URL', async () => {
    const file = join(folder.path, 'token');
    await writeFile(file, CANARIES.gitWrong);
    const url = stage.git.urlOf(stage.repository).replace('://', `://user:${CANARIES.gitUrl}@`);
    for (const [flags, environment] of [
      [['--git-token-file', file], {}],
      [[], { MUSTER_GIT_TOKEN: CANARIES.gitWrong }],
      [['--repo', url], {}],
      [[], { MUSTER_GIT_TOKEN: `${CANARIES.gitWrong}\nwith two lines` }],
    ] as const) {
      const { code, out, err } = await runMuster(
        ['status', ...withKubeconfig(), '--cache', join(folder.path, 'other-cache'), ...flags],
        environment,
      );
      assert.equal(code, 2, out);
      assert.match(err, /^muster: /);
      assertNoCanary(`status ${flags.join(' ')}`, out + err);
    }
  });

  it('of the controller: logs, statuses, metrics, its own status and what it keeps on disk and in the cluster', async () => {
    const flags = [...withKubeconfig(), '--forge', 'github', '--forge-url', stage.forge.url, '--poll', '200ms'];
    const environment = { ...gitToken, MUSTER_FORGE_TOKEN: CANARIES.forge };
    await using muster = await startMuster(flags, environment);
    await eventually(() => assert.match(stage.statuses(second)['muster/fleet'] ?? '', /^(error|failure): /));
    await eventually(async () => assert.equal(await liveValue('login', 'password'), base64(CANARIES.next)));
    await drift('login', CANARIES.live);
    await eventually(async () => assert.equal(await liveValue('login', 'password'), base64(CANARIES.next)));
    await eventually(() => assert.match(stage.statuses(second)['muster/drift'] ?? '', /Secret canary\/watched/));

    for (const path of ['/metrics', '/api/v1/status', '/readyz', '/healthz']) {
      const answer = await (await fetch(`${muster.url}${path}`)).text();
      if (path === '/api/v1/status') readDocument('Status', answer);
      assertNoCanary(path, answer);
    }
    await muster.end('SIGTERM');
    assert.match(muster.output(), /Secret canary\/login/);
    assertNoCanary('run --log-format json', muster.output());
    assertNoCanary(
      'statuses',
      JSON.stringify(stage.forge.requests().map(({ path, query, body }) => [path, query, body])),
    );
    const records = await world.clusters.eu.api.list('v1', 'ConfigMap', 'muster-system');
    assert.notEqual(records.length, 0);
    assertNoCanary('records in the cluster', JSON.stringify(records));
    assertNoCanary(
      'the cache',
      readTexts(stage.flags[stage.flags.indexOf('--cache') + 1] ?? '', /\.(json|lock|config)$|\/config$/),
    );

    const stop = new AbortController();
    const asText = runMuster(
      ['run', ...flags, '--listen', 'off', '--log-format', 'text'],
      { ...environment, MUSTER_FORGE_TOKEN: CANARIES.forgeWrong },
      stop.signal,
    );
    await drift('login', CANARIES.live);
    await eventually(async () => assert.equal(await liveValue('login', 'password'), base64(CANARIES.next)));
    await eventually(() => assert.ok(stage.forge.requests().some(({ token }) => token === CANARIES.forgeWrong)));
    stop.abort();
    const { out, err } = await asText;
    assert.match(err, /configured .*Secret canary\/login/);
    assertNoCanary('run --log-format text', out + err);
  });

  it('of a crash: of the process that renders, or of Muster itself', async () => {
    const starved = await runMuster(['sync', ...withKubeconfig(), '--once', '--render-memory', '10'], gitToken);
    assert.equal(starved.code, 2);
    assert.match(starved.err, /CRASHED: the process that renders gave no result: it ran out of memory \(10 MiB/);
    assertNoCanary('a starved render', starved.out + starved.err);

    const bug = join(folder.path, 'bug.mjs');
    await writeFile(
      bug,
      `const print = JSON.stringify;
      JSON.stringify = (value, ...rest) => {
        if (value?.kind === 'Check') throw new TypeError('${CANARIES.crash} is no JSON');
        return print(value, ...rest);
      };`,
    );
    const { code, out, err } = await runMuster(['check', join(folder.path, 'work'), '-o', 'json'], {
      ...gitToken,
      NODE_OPTIONS: `--import=${bug}`,
    });
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^muster: this is a bug in Muster: TypeError: at /);
    assertNoCanary('a bug', err);

    const reports = join(folder.path, 'reports');
    await mkdir(reports);
    for (let file = 0; file < 6; file++) {
      await writeFile(join(folder.path, 'work', 'apps', 'shop', 'base', `large-${file}.yaml`), manyObjects(`m${file}`));
    }
    const dead = await runMuster(['check', join(folder.path, 'work')], {
      ...gitToken,
      NODE_OPTIONS: `--max-old-space-size=40 --report-on-fatalerror --report-directory=${reports}`,
    });
    assert.equal(dead.code, null, 'it was killed by a signal');
    const report = readTexts(reports, /json$/);
    assert.match(report, /"trigger": "OOMError"/);
    assertNoCanary('a report of Node.js', dead.out + dead.err + report);
  });

  function liveSecret(name: string): Promise<JsonObject | undefined> {
    return world.clusters.eu.api.get('v1', 'Secret', 'canary', name);
  }

  async function liveValue(name: string, key: string): Promise<string | undefined> {
    return textAt(await liveSecret(name), 'data', key);
  }

  async function drift(name: string, value: string): Promise<void> {
    const target = { apiVersion: 'v1', kind: 'Secret', namespace: 'canary', name };
    await world.clusters.eu.api.patch(target, { data: { password: base64(value) } }, { manager: 'kubectl-edit' });
  }
});

/** Secrets by every layer; some that every API server refuses; and two clusters whose credentials are refused. */
const FLEET = {
  'clusters/stranger.yaml': clusterFile('stranger'),
  'clusters/garbled.yaml': clusterFile('garbled'),
  'apps/shop/base/login.yaml': login(CANARIES.text),
  'apps/shop/overlays/eu/login.yaml': `apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {overlay: ${CANARIES.overlay}}
`,
  'apps/shop/overlays/patched.yaml': printJson({
    apiVersion: 'muster.dev/v1alpha1',
    kind: 'Overlay',
    metadata: { name: 'patched' },
    spec: {
      clusters: { all: true },
      patches: [
        {
          target: { kind: 'Secret', name: 'login' },
          ops: [{ op: 'add', path: '/stringData/patched', value: CANARIES.patch }],
        },
      ],
    },
  }),
  'apps/watched/app.yaml': appFile('watched', { drift: 'report' }),
  'apps/watched/base/watched.yaml': secret('watched', { stringData: { password: CANARIES.report } }),
  'apps/refused/base/docker.yaml': secret('docker', {
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': CANARIES.docker },
  }),
};

/** Each an error of its own, in the middle of a Secret. */
const BROKEN = {
  'apps/shop/overlays/tests.yaml': printJson({
    apiVersion: 'muster.dev/v1alpha1',
    kind: 'Overlay',
    metadata: { name: 'tests' },
    spec: {
      clusters: { all: true },
      patches: [
        {
          target: { kind: 'Secret', name: 'login' },
          ops: [{ op: 'test', path: '/stringData/password', value: CANARIES.tested }],
        },
      ],
    },
  }),
  'apps/broken-g/base/nested.yaml': secret('nested', { data: { password: { nested: CANARIES.nested } } }),
  'apps/broken-f/base/whole.yaml': secret('whole', { data: CANARIES.whole }),
  'apps/broken-a/base/list.yaml': secret('list', { stringData: { password: [CANARIES.listed] } }),
  'apps/broken-b/base/number.yaml': `apiVersion: v1
kind: Secret
metadata: {name: number}
stringData:
  pin: ${CANARIES.number}
  leading: 0${CANARIES.number}
  short: ${CANARIES.number.replace(/(?=\d{3}$)/, '_')}
`,
  'apps/broken-c/base/quote.yaml': `apiVersion: v1
kind: Secret
metadata: {name: quote}
stringData: {password: "${CANARIES.text}, other: ${CANARIES.data}}
`,
  'apps/broken-d/base/twice.yaml': `apiVersion: v1
kind: Secret
metadata: {name: twice}
stringData:
  password: ${CANARIES.text}
  password: ${CANARIES.data}
`,
  'apps/broken-e/base/alias.yaml': `apiVersion: v1
kind: Secret
metadata: {name: alias}
stringData:
  password: *${CANARIES.text}
`,
};

function login(password: string): string {
  return `apiVersion: v1
kind: Secret
metadata:
  name: login
  annotations: {note: ${CANARIES.annotation}}
stringData:
  password: ${password}
data:
  key: ${base64(CANARIES.data)}
`;
}

function secret(name: string, rest: JsonObject): string {
  return printJson({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...rest });
}

/** As much as a file may hold: 900 ConfigMaps. */
function manyObjects(name: string): string {
  const data = Array.from({ length: 60 }, (_, at) => `k${at}: v`).join(', ');
  const one = (at: number): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}-${at}}\ndata: {${data}}\n`;
  return Array.from({ length: 900 }, (_, at) => one(at)).join('---\n');
}

/** The kubeconfig with two contexts more, to the same cluster, whose tokens it does not take. */
function withStrangers(text: string): string {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the shape that printKubeconfig writes
  const config = parse(text) as {
    readonly clusters: readonly { readonly cluster: object }[];
    users: object[];
    contexts: object[];
  };
  const [{ cluster } = { cluster: {} }] = config.clusters;
  const tokens = { stranger: CANARIES.kubeToken, garbled: `${CANARIES.garbledToken}\n\u0001` };
  const names = Object.entries(tokens);
  return stringify({
    ...config,
    clusters: [...config.clusters, ...names.map(([name]) => ({ name, cluster }))],
    users: [...config.users, ...names.map(([name, token]) => ({ name, user: { token } }))],
    contexts: [...config.contexts, ...names.map(([name]) => ({ name, context: { cluster: name, user: name } }))],
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Fails with the name of the canary, and where it is. As it was written, in base64, and the beginning of either. */
function assertNoCanary(where: string, text: string): void {
  for (const [name, value] of Object.entries(CANARIES)) {
    for (const form of [value.slice(0, 8), base64(value).slice(0, 10)]) {
      const at = text.indexOf(form);
      assert.equal(at, -1, `${where}: "${name}" is in it: …${text.slice(Math.max(0, at - 200), at + 40)}…`);
    }
  }
}

/** All files below a folder whose path matches, as one text. */
function readTexts(root: string, pattern: RegExp): string {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => (entry.isFile() ? join(entry.parentPath, entry.name) : ''))
    .filter((path) => pattern.test(path))
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}
