/** The built Action, spawned as a runner does it, on real Git repositories and a forge that knows GitHub's OpenAPI. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BASE, deployment, type Files, openPullRequest, placement } from './support.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('a new app on all clusters is one change, named with its clusters', async () => {
  await using pull = await openPullRequest(BASE, {
    'apps/api/placement.yaml': placement('api', '{all: true}'),
    'apps/api/base/api.yaml': deployment('api', 1),
  });
  const run = await pull.run();
  assert.equal(run.code, 0, run.stdout);
  assert.match(run.summary, /^### Muster: 3 of 3 clusters change · 3 objects · 1 distinct change$/m);
  assert.match(run.summary, /➕ <b>Deployment shop\/api<\/b> on ap, eu, us/);
  assert.match(run.summary, /`apps\/api\/base\/api\.yaml:1`/);
  assert.deepEqual({ ...run.outputs, report: '' }, { changed: 'true', clusters: 'ap,eu,us', errors: '0', report: '' });
  assert.equal(readFileSync(run.outputs['report'] ?? '', 'utf8'), run.summary);
  assert.ok(run.comment?.startsWith('<!-- muster-report'), run.comment);
});

test('an image bump shows the same hunk once for all clusters', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/web.yaml': deployment('web', 2, 'nginx:1.28') });
  const { summary } = await pull.run();
  assert.match(summary, /3 of 3 clusters change · 3 objects · 1 distinct change/);
  assert.equal(summary.match(/\+ {10}image: nginx:1\.28/g)?.length, 1);
});

test('an overlay for one cluster changes one cluster, and names the others that have the object', async () => {
  await using pull = await openPullRequest(BASE, {
    'apps/web/overlays/eu/web.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {minReadySeconds: 5}\n',
  });
  const { summary, outputs } = await pull.run();
  assert.match(summary, /1 of 3 clusters changes · 1 object · 1 distinct change/);
  assert.equal(outputs['clusters'], 'eu');
  assert.match(summary, /`apps\/web\/overlays\/eu\/web\.yaml:1`/);
});

test('a placement that moves shows replicas before and after, and what stays behind', async () => {
  await using pull = await openPullRequest(BASE, {
    'apps/web/placement.yaml': placement(
      'web',
      '{names: [ap, eu]}',
      '  replicas: {mode: divided, total: 6, weights: [{clusters: {names: [eu]}, weight: 2}, {clusters: {names: [ap]}, weight: 1}]}\n',
    ),
  });
  const { summary } = await pull.run();
  assert.match(summary, /\| eu \| 2 \| 4 \|/);
  assert.match(summary, /\| us \| 2 \| – \|/);
  assert.match(summary, /\| \*\*all\*\* \| \*\*6\*\* \| \*\*6\*\* \|/);
  assert.match(summary, /no longer managed[\s\S]*`Deployment shop\/web` on us: .*orphan/);
});

test('a deletion is named, with its clusters', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/service.yaml': null });
  const { summary, code } = await pull.run();
  assert.equal(code, 0);
  assert.match(summary, /3 deletions/);
  assert.match(summary, /#### Deletions\n\n- `Service shop\/web` on ap, eu, us/);
});

test('broken YAML is an annotation on its line, an error in the report, and a failed step', async () => {
  await using pull = await openPullRequest(BASE, {
    'apps/web/base/web.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: [web\n',
  });
  const { stdout, summary, code, outputs } = await pull.run();
  assert.equal(code, 1);
  assert.match(stdout, /^::error title=YAML_SYNTAX,file=apps\/web\/base\/web\.yaml,line=\d+,col=\d+::/m);
  assert.match(
    summary,
    /#### Errors\n\n- `apps\/web\/base\/web\.yaml:\d+:\d+` YAML\\?_SYNTAX|#### Errors\n\n- `apps\/web\/base\/web\.yaml:\d+:\d+` YAML_SYNTAX/,
  );
  assert.match(summary, /Not compared.*\n\n- app `web` on/);
  assert.notEqual(outputs['errors'], '0');
  assert.doesNotMatch(summary, /#### Deletions/, 'what cannot be read is not taken for removed');
});

test('fail-on decides when the step fails', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/secret.yaml': secret('hunter2') });
  assert.equal((await pull.run({ 'fail-on': 'error' })).code, 0, 'a plain Secret is a warning');
  assert.equal((await pull.run({ 'fail-on': 'warning' })).code, 1);
  await pull.change({ 'fleet.yaml': 'kind: Nonsense\n' });
  assert.equal((await pull.run({ 'fail-on': 'error' })).code, 1);
  assert.equal((await pull.run({ 'fail-on': 'sometimes' })).code, 1, 'an input that nobody knows');
});

test('a plain-text Secret is warned of, and its values are nowhere', async () => {
  const before = { ...BASE, 'apps/web/base/secret.yaml': secret('canary-old-7291') };
  await using pull = await openPullRequest(before, { 'apps/web/base/secret.yaml': secret('canary-new-4458') });
  const run = await pull.run();
  assert.match(run.stdout, /::warning title=PLAIN_SECRET,file=apps\/web\/base\/secret\.yaml/);
  assert.match(run.summary, /\*\*\* \(before\)[\s\S]*\*\*\* \(after\)/);
  assert.match(run.summary, /unchanged: '?"?\*\*\*/, 'that a key did not change may be seen');
  const everything = [
    run.stdout,
    run.summary,
    run.comment ?? '',
    JSON.stringify(pull.forge.requests()),
    JSON.stringify(run.outputs),
  ].join('\n');
  for (const value of ['canary-old-7291', 'canary-new-4458', 'canary-same-1']) {
    assert.ok(
      !everything.includes(value) && !everything.includes(Buffer.from(value).toString('base64')),
      `${value} leaked`,
    );
  }
});

test('hostile file names and values give no commands, no mentions and no end of a code block', async () => {
  const name = 'apps/web/base/x%0A::set-output name=a::b.yaml';
  const hostile =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hostile, namespace: shop}\ndata:\n  text: |\n    ```\n    ::error::owned\n    @octocat </details> <img src=x> \u202etxt\n';
  const broken = 'apps/web/base/@octocat,file=y::error::z.yaml';
  await using pull = await openPullRequest(BASE, {
    [name]: hostile,
    'apps/api/placement.yaml': placement('api', '{all: true}'),
    [broken.replace('web', 'api')]: 'nonsense: [\n',
  });
  const { stdout, summary } = await pull.run();
  const commands = stdout.split('\n').filter((line) => line.includes('::'));
  assert.ok(commands.length > 0);
  for (const line of commands) {
    assert.match(line, /^::(error|warning)(::Muster: | title=[A-Z_]+,file=[^:,]+,line=\d+,col=\d+::)/);
  }
  assert.doesNotMatch(summary, /\u202e/);
  const blocks = [...summary.matchAll(/^(`{3,})diff\n([\s\S]*?)\n\1$/gm)].map((match) => match[2] ?? '');
  assert.ok(
    blocks.some((block) => block.includes('@octocat </details>')),
    'the value is shown',
  );
  const outside = blocks.reduce((text, block) => text.replace(block, ''), summary).replace(/(`+)[^\n]*?\1/g, '');
  assert.doesNotMatch(outside, /@octocat|<img|::error::owned/, 'values stand in code only');
});

test('a file name with a line break makes the repository suspicious, and is shown without it', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/y\n::error::z.yaml': 'a: b\n' });
  const { stdout, code } = await pull.run();
  assert.equal(code, 1);
  assert.equal(stdout.split('\n').filter((line) => line.startsWith('::')).length, 1, stdout);
  assert.match(stdout, /control characters in its name/);
});

test('the comment is updated in place, and not touched when nothing changed', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/web.yaml': deployment('web', 3) });
  await pull.run();
  await pull.run();
  const writes = () =>
    pull.forge
      .requests()
      .filter((request) => request.method !== 'GET')
      .map((request) => request.method);
  assert.deepEqual(writes(), ['POST'], 'an equal report writes nothing');
  await pull.change({ 'apps/web/base/web.yaml': deployment('web', 4) });
  const { comment } = await pull.run();
  assert.deepEqual(writes(), ['POST', 'PATCH']);
  assert.equal(pull.forge.comments(7).length, 1);
  assert.match(comment ?? '', /\| ap \| 2 \| 4 \|/);
});

test('a comment of somebody else is not taken for the report, whatever it says', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/web.yaml': deployment('web', 3) });
  const marker = '<!-- muster-report  -->';
  pull.forge.addComment(7, 'mallory', `${marker}\n### Muster: no cluster changes`);
  await pull.run();
  const [first, report] = pull.forge.comments(7);
  assert.equal(first, `${marker}\n### Muster: no cluster changes`);
  assert.ok(report?.startsWith(marker));
  await pull.run();
  assert.equal(pull.forge.comments(7).length, 2, 'its own is found again');
});

test('a report is found again by the user whose token wrote it', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/web.yaml': deployment('web', 3) });
  pull.forge.grant('of-anna', { statuses: 'write', issues: 'write', user: 'anna' });
  await pull.run({ token: 'of-anna' });
  await pull.change({ 'apps/web/base/web.yaml': deployment('web', 4) });
  await pull.run({ token: 'of-anna' });
  assert.equal(pull.forge.comments(7).length, 1);
});

test('a read-only token ends in the job summary, not in an error', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/web.yaml': deployment('web', 3) });
  pull.forge.grant('read-only', { statuses: 'read', issues: 'read' });
  const { code, summary, stdout, comment } = await pull.run({ token: 'read-only' });
  assert.equal(code, 0, stdout);
  assert.equal(comment, undefined);
  assert.match(stdout, /may not write comments/);
  assert.match(summary, /3 of 3 clusters change/);
});

test('a change that no cluster sees says so', async () => {
  await using pull = await openPullRequest(BASE, { 'README.md': 'hello\n' });
  const { summary, outputs, code } = await pull.run();
  assert.equal(code, 0);
  assert.match(summary, /### Muster: no cluster changes/);
  assert.equal(outputs['changed'], 'false');
});

test('a fleet in a folder of the repository is found, and annotations name the file as GitHub knows it', async () => {
  const inFolder = (files: Files): Files =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`ops/fleet/${path}`, text]));
  await using pull = await openPullRequest(
    inFolder(BASE),
    inFolder({ 'apps/web/placement.yaml': placement('web', '{names: [ue]}') }),
  );
  const { stdout, code } = await pull.run({ path: 'ops/fleet' });
  assert.equal(code, 1);
  assert.match(stdout, /::error title=UNKNOWN_NAME,file=ops\/fleet\/apps\/web\/placement\.yaml,line=5,/);
});

test('a checkout without the parent is told what to do', async () => {
  await using pull = await openPullRequest(BASE, { 'README.md': 'x\n' }, { depth: 1 });
  const { code, stdout } = await pull.run();
  assert.equal(code, 1);
  assert.match(stdout, /fetch-depth: 2/);
});

test('what renders gets no token and no other environment', async () => {
  await using pull = await openPullRequest(BASE, { 'apps/web/base/web.yaml': deployment('web', 3) });
  await using folder = await temporaryFolder();
  // Every Node.js process that inherits this variable writes its name down.
  const [spy, log] = [join(folder.path, 'spy.cjs'), join(folder.path, 'log')];
  writeFileSync(spy, `require('node:fs').appendFileSync(${JSON.stringify(log)}, process.argv[1] + '\\n');`);
  const { code, stdout } = await pull.run({}, { NODE_OPTIONS: `--require=${spy}` });
  assert.equal(code, 0, stdout);
  const seen = readFileSync(log, 'utf8').trim().split('\n');
  assert.deepEqual(
    seen.map((path) => path.split('/').at(-1)),
    ['index.js'],
    'the process that renders inherited nothing',
  );
});

test('dist is what the sources build, is small, and has no client of Kubernetes in it', async () => {
  await using folder = await temporaryFolder();
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--action', '--out', folder.path], { stdio: 'pipe' });
  const committed = join(ROOT, 'action', 'dist');
  const names = readdirSync(folder.path).sort();
  assert.deepEqual(readdirSync(committed).sort(), names);
  let size = 0;
  for (const name of names) {
    const built = readFileSync(join(folder.path, name));
    assert.ok(
      built.equals(readFileSync(join(committed, name))),
      `action/dist/${name} is old: run "npm run build" and commit it`,
    );
    assert.ok(!built.includes('KubeConfig'), `${name} holds @kubernetes/client-node`);
    size += statSync(join(folder.path, name)).size;
  }
  assert.ok(size < 2_000_000, `${size} bytes`);
});

function secret(value: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: shop}\nstringData:\n  password: ${value}\n  unchanged: canary-same-1\n`;
}
