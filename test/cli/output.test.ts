/** What the verbs print about the example, for people and for scripts, and how they end. */
import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listAt, parseJson } from '../../src/object/json.ts';
import { type CommandOutput, runCommand } from '../support/command-line.ts';
import { readDocument } from '../support/json-documents.ts';
import { createWorktree, type Worktree } from '../support/git-worktree.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'fleet-repo');

describe('muster render', () => {
  it('prints each cluster with its digest, and says nothing else', async () => {
    const { code, out, err } = await runCommand(['render', EXAMPLE, '-C', 'a*', '-C', 'eu', '-a', 'hello']);

    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(
      out.match(/^# cluster .*$/gm)?.map((line) => line.replace(/[0-9a-f]{64}$/, '…')),
      ['# cluster ap · sha256:…', '# cluster eu · sha256:…'],
    );
    assert.match(out, /image: ghcr.io\/stefanprodan\/podinfo/);
    assert.doesNotMatch(out, /kind: Widget/);
  });

  it('-o name prints one line for each object of each cluster', async () => {
    const { out } = await runCommand(['render', EXAMPLE, '-C', 'ap', '-a', 'widgets', '-o', 'name']);

    assert.equal(
      out,
      `ap v1 Namespace widgets
ap apiextensions.k8s.io/v1 CustomResourceDefinition widgets.example.com
ap example.com/v1 Widget widgets/first
`,
    );
  });

  it('-o dir writes a file for each app, whose names go to standard error', async () => {
    await using folder = await temporaryFolder();

    const { code, out, err } = await runCommand(['render', EXAMPLE, '-C', 'ap', '-o', 'dir', '--out', folder.path]);

    assert.deepEqual([code, out], [0, '']);
    assert.equal(err, ['hello', 'node-agent', 'widgets'].map((app) => `${folder.path}/ap/${app}.yaml\n`).join(''));
    const written = await Promise.all(
      err
        .trim()
        .split('\n')
        .map((path) => readFile(path, 'utf8')),
    );
    const { out: all } = await runCommand(['render', EXAMPLE, '-C', 'ap']);
    assert.equal(written.join(''), all.replace(/^# cluster .*\n/, ''));
  });

  it('-o json is what is documented', async () => {
    const { code, out } = await runCommand(['render', EXAMPLE, '-o', 'json']);

    assert.equal(code, 0);
    const { clusters } = readDocument('Render', out);
    assert.deepEqual(Object.keys(Object(clusters)), ['ap', 'eu', 'us']);
  });

  it('leaves out what an error concerns, prints the rest, and ends with 1', async () => {
    await using broken = await exampleWith({ 'apps/hello/placement.yaml': undefined });

    const { code, out, err } = await runCommand(['render', broken.path, '-o', 'json']);

    assert.equal(code, 1);
    assert.match(err, /^apps\/hello\/base\/.*: NO_PLACEMENT: /);
    const { diagnostics } = readDocument('Render', out);
    assert.notDeepEqual(diagnostics, []);
    assert.doesNotMatch(out, /"name": "hello-scripts"/);
    assert.match(out, /"kind": "Widget"/);
  });
});

describe('muster check', () => {
  it('counts what it found, and ends with 0 without errors', async () => {
    assert.deepEqual(await runCommand(['check', EXAMPLE]), {
      code: 0,
      out: '',
      err: '3 clusters, 5 apps: 0 errors, 0 warnings\n',
    });
  });

  it('says the same in every format', async () => {
    const place = 'apps/hello/base/service.yaml';
    await using broken = await exampleWith({ [place]: 'apiVersion: v1\nkind: Servce\nmetadata: {name: a}\n' });
    const say = (format: string): Promise<CommandOutput> => runCommand(['check', broken.path, '-o', format]);

    const [asText, asJson, asGitHub, asSarif] = await Promise.all(['text', 'json', 'github', 'sarif'].map(say));

    const message = 'nobody says whether Servce of "v1" is namespaced';
    for (const each of [asText, asJson, asGitHub, asSarif]) assert.equal(each?.code, 1);
    assert.match(
      asText?.out ?? '',
      new RegExp(`^${place}:2:7: UNKNOWN_SCOPE: ${message}\\. Did you mean Service of apiVersion v1\\?\\n`),
    );
    const { diagnostics } = readDocument('Check', asJson?.out ?? '');
    assert.deepEqual(Object(diagnostics)[0], {
      code: 'UNKNOWN_SCOPE',
      severity: 'error',
      message,
      file: place,
      line: 2,
      column: 7,
      help: 'Did you mean Service of apiVersion v1?',
      app: 'hello',
    });
    assert.equal(
      asGitHub?.out.split('\n')[0],
      `::error file=${place},line=2,col=7::UNKNOWN_SCOPE: ${message}. Did you mean Service of apiVersion v1?`,
    );
    const [run] = listAt(parseJson(asSarif?.out ?? ''), 'runs');
    assert.deepEqual(listAt(run, 'results')[0], {
      ruleId: 'UNKNOWN_SCOPE',
      level: 'error',
      message: { text: `${message}. Did you mean Service of apiVersion v1?` },
      locations: [{ physicalLocation: { artifactLocation: { uri: place }, region: { startLine: 2, startColumn: 7 } } }],
    });
  });

  it('lets no file name give commands to a workflow', async () => {
    await using broken = await exampleWith({ 'apps/hello/base/a,line=1::b%0A.yaml': 'x\n' });

    const { out } = await runCommand(['check', broken.path, '-o', 'github']);

    assert.match(
      out,
      /^::error file=apps\/hello\/base\/a%2Cline=1%3A%3Ab%250A\.yaml,line=1,col=1::NOT_A_MANIFEST: [^\n]*\n$/,
    );
  });

  it('reads the commit that is asked for, not the files as they lie', async () => {
    await using work = await exampleWorktree();
    await rm(join(work.path, 'fleet.yaml'));

    assert.equal((await runCommand(['check', work.path])).code, 1);
    assert.equal((await runCommand(['check', work.path, '--revision', 'HEAD'])).code, 0);
  });
});

describe('muster place', () => {
  it('prints a line for each object and cluster, with the rule', async () => {
    const { code, out, err } = await runCommand(['place', EXAMPLE, '-a', 'hello', '-C', 'eu', '-C', 'us']);

    assert.deepEqual([code, err], [0, '']);
    assert.equal(
      out,
      `APP     OBJECT                          CLUSTER   REPLICAS   BY
hello   ConfigMap hello/hello-scripts   eu        -          apps/hello/placement.yaml:7
hello   ConfigMap hello/hello-scripts   us        -          apps/hello/placement.yaml:7
hello   Namespace hello                 eu        -          apps/hello/placement.yaml:7
hello   Namespace hello                 us        -          apps/hello/placement.yaml:7
hello   Service hello/hello             eu        -          apps/hello/placement.yaml:7
hello   Service hello/hello             us        -          apps/hello/placement.yaml:7
hello   Deployment hello/hello          eu        2          apps/hello/placement.yaml:10
hello   Deployment hello/hello          us        2          apps/hello/placement.yaml:10
`,
    );
    const bare = await runCommand(['place', EXAMPLE, '-a', 'hello', '-C', 'eu', '-C', 'us', '--no-headers']);
    assert.equal(bare.out.split('\n').length, out.split('\n').length - 1);
  });

  it('-o json is what is documented', async () => {
    const { out } = await runCommand(['place', EXAMPLE, '-a', 'hello', '-o', 'json']);

    const { objects } = readDocument('Placements', out);
    assert.deepEqual(Object(objects)[3], {
      app: 'hello',
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'hello',
      name: 'hello',
      clusters: {
        ap: { replicas: 1, by: 'apps/hello/placement.yaml:10' },
        eu: { replicas: 2, by: 'apps/hello/placement.yaml:10' },
        us: { replicas: 2, by: 'apps/hello/placement.yaml:10' },
      },
    });
  });
});

describe('muster diff', () => {
  it('says that nothing changes, and ends with 0', async () => {
    await using work = await exampleWorktree();

    const { code, out } = await runCommand(['diff', work.path, '--base', 'HEAD']);

    assert.deepEqual([code, out], [0, 'no cluster changes\n']);
  });

  it('shows the same change once, counts before and after, and what becomes of objects that leave; ends with 1', async () => {
    await using work = await exampleWorktree();
    await edit(work, 'apps/hello/base/deployment.yaml', 'replicas: 5', 'replicas: 12');
    await edit(work, 'apps/hello/base/deployment.yaml', '10m', '20m');
    await rm(join(work.path, 'apps/widgets/base/widget.yaml'));

    const { code, out, err } = await runCommand(['diff', work.path, '--base', 'HEAD']);

    assert.deepEqual([code, err], [1, '']);
    const [facts, ...changes] = out.split('\n\n');
    assert.equal(
      facts,
      `3 of 3 clusters change · 9 objects · 5 distinct changes · 3 deletions
  deleted: Widget widgets/first on ap, eu, us
  stays, no longer managed: Namespace widgets on ap, eu, us (Namespace is protected)
  replicas of Deployment hello/hello: ap 1 → 2, eu 2 → 5, us 2 → 5`,
    );
    assert.equal(
      changes.at(-1),
      `changed Deployment hello/hello on ap, eu, us (apps/hello/base/deployment.yaml:1)
  @@ -35,7 +35,7 @@
                 port: http
             resources:
               requests:
  -              cpu: 10m
  +              cpu: 20m
                 memory: 32Mi
             volumeMounts:
               - name: scripts
`,
    );
  });

  it('-o json is what is documented, whatever changes', async () => {
    await using work = await exampleWorktree();
    await edit(work, 'apps/hello/base/deployment.yaml', 'replicas: 5', 'replicas: 12');
    await edit(work, 'apps/hello/base/deployment.yaml', '10m', '20m');
    await rm(join(work.path, 'apps/widgets/base/widget.yaml'));

    const { code, out } = await runCommand(['diff', work.path, '--base', 'HEAD', '-o', 'json']);

    assert.equal(code, 1);
    const { verdict } = readDocument('Diff', out);
    assert.equal(verdict, '3 of 3 clusters change · 9 objects · 5 distinct changes · 3 deletions');
  });

  it('prints integers of 64 bits as they are, also as JSON', async () => {
    await using work = await exampleWorktree();
    const [before, after] = ['9007199254740993', '9007199254740995'];
    const add = (line: string): Promise<void> =>
      edit(
        work,
        'apps/hello/base/deployment.yaml',
        /  replicas: .*(\n  minReady.*)?/,
        `  replicas: 5\n  minReadySeconds: ${line}`,
      );
    await add(before);
    await work.commit('a large number');
    await add(after);

    const { code, out } = await runCommand(['diff', work.path, '--base', 'HEAD', '-o', 'json']);

    assert.equal(code, 1);
    readDocument('Diff', out);
    assert.match(out, new RegExp(`"before": ${before},\\s+"after": ${after}\\n`));
  });

  it('ends with 2 where the head has errors, and still compares the rest', async () => {
    await using work = await exampleWorktree();
    await rm(join(work.path, 'apps/hello/placement.yaml'));
    await edit(work, 'apps/shop/base/web.yaml', 'cpu: ', 'cpu:  1');

    const { code, out, err } = await runCommand(['diff', work.path, '--base', 'HEAD', '-o', 'json']);

    assert.equal(code, 2);
    assert.match(err, /NO_PLACEMENT/);
    const { notCompared, changes } = readDocument('Diff', out);
    assert.deepEqual(notCompared, [{ app: 'hello', clusters: ['ap', 'eu', 'us'] }]);
    assert.equal(Object(changes).length, 1);
  });

  it('ends with 2 where the base cannot be rendered: that is no change', async () => {
    await using work = await exampleWorktree();
    await edit(work, 'fleet.yaml', 'kind: Fleet', 'kind: Fleeet');
    await work.commit('broken');
    await edit(work, 'fleet.yaml', 'kind: Fleeet', 'kind: Fleet');

    const { code, out } = await runCommand(['diff', work.path, '--base', 'HEAD', '-o', 'json']);

    assert.equal(code, 2);
    assert.match(String(readDocument('Diff', out)['verdict']), /^the base cannot be rendered/);
  });
});

describe('muster approve', () => {
  const digest = `sha256:${'4f1c0a92'.repeat(8)}`;

  it('adds the digest to the file, and leaves everything else as it is', async () => {
    await using work = await exampleWith({});
    const before = await readFile(join(work.path, 'fleet.yaml'), 'utf8');

    const { code, out, err } = await runCommand(['approve', digest, work.path]);

    assert.deepEqual([code, out], [0, '']);
    assert.equal(err, `${work.path}/fleet.yaml: ${digest} is approved. Commit and push it.\n`);
    const after = await readFile(join(work.path, 'fleet.yaml'), 'utf8');
    const added = after.split('\n').filter((line) => !before.split('\n').includes(line));
    assert.deepEqual(added, ['  approvals:', `    - ${digest}`]);
    assert.equal((await runCommand(['check', work.path])).code, 0);
  });
});

describe('muster trace', () => {
  it('names the layers of an object on every cluster, and the lines that set a field', async () => {
    const layers = await runCommand(['trace', 'Deployment', 'hello/hello', EXAMPLE, '--no-headers', '-C', 'ap']);
    assert.deepEqual([layers.code, layers.err], [0, '']);
    assert.deepEqual(layers.out.split('\n')[0]?.split(/ {2,}/), [
      'ap',
      'Deployment hello/hello',
      'base',
      'apps/hello/base/deployment.yaml:1',
    ]);
    const field = await runCommand([
      'trace',
      'deployment',
      'hello',
      EXAMPLE,
      '--field',
      '/spec/replicas',
      '-o',
      'json',
    ]);
    const { origins } = readDocument('Trace', field.out);
    assert.equal(Object(origins).length, 6);
  });

  it('ends with 2 for an object or field that is not there, and names the nearest', async () => {
    const object = await runCommand(['trace', 'Deployment', 'hello/helo', EXAMPLE]);
    assert.deepEqual([object.code, object.out], [2, '']);
    assert.match(object.err, /Did you mean "Deployment hello\/hello"\?/);
    const field = await runCommand(['trace', 'Deployment', 'hello', EXAMPLE, '--field', '/spec/replica']);
    assert.deepEqual([field.code, field.out], [2, '']);
    assert.match(field.err, /Did you mean "\/spec\/replicas"\?/);
  });

  it('prints no value of a Secret', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: planted-value}\n';
    await using fleet = await exampleWith({ 'apps/hello/base/secret.yaml': secret });
    const { code, out } = await runCommand([
      'trace',
      'Secret',
      'token',
      fleet.path,
      '--field',
      '/data/token',
      '-C',
      'eu',
    ]);
    assert.equal(code, 0);
    assert.match(out, /\*\*\*/);
    assert.ok(!out.includes('planted') && !out.includes(Buffer.from('planted-value').toString('base64')));
  });
});

describe('The verbs that ask clusters, where no cluster answers', () => {
  it('end with 1, say which and why, and print what is documented', async () => {
    await using work = await exampleWorktree();
    const kubeconfig = join(work.path, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigOfNobody(['ap', 'eu', 'us']));

    const status = await runCommand(['status', work.path, '--kubeconfig', kubeconfig, '-o', 'json']);
    const table = await runCommand(['status', work.path, '--kubeconfig', kubeconfig, '-C', 'eu']);
    const sync = await runCommand(['sync', work.path, '--kubeconfig', kubeconfig, '--once', '-o', 'json']);

    assert.deepEqual([status.code, table.code, sync.code], [1, 1, 1]);
    readDocument('Status', status.out);
    readDocument('Sync', sync.out);
    assert.match(
      table.out,
      /^CLUSTER +APP +STATE +OBJECTS +DETAILS\neu +- +error +- +https:\/\/127\.0\.0\.1:1: the connection was refused/,
    );
  });

  it('end with 2 where the cluster that is asked for does not exist', async () => {
    await using work = await exampleWorktree();

    const { code, out, err } = await runCommand(['status', work.path, '-C', 'eux']);

    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^muster: --cluster "eux": no cluster is called so\. Did you mean "eu"\?$/m);
  });
});

/** A copy of the example in a Git repository, committed. */
function exampleWorktree(): Promise<Worktree> {
  return createWorktree((path) => cp(EXAMPLE, path, { recursive: true }));
}

/** A copy of the example with some files written, or taken out. */
async function exampleWith(
  files: Readonly<Record<string, string | undefined>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder();
  await cp(EXAMPLE, folder.path, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    if (content === undefined) await rm(join(folder.path, path));
    else await writeFile(join(folder.path, path), content);
  }
  return folder;
}

async function edit({ path }: Worktree, file: string, from: string | RegExp, to: string): Promise<void> {
  const before = await readFile(join(path, file), 'utf8');
  const after = before.replace(from, to);
  assert.notEqual(after, before, `${file} has no ${String(from)}`);
  await writeFile(join(path, file), after);
}

/** Port 1 of this machine, where nobody listens. */
function kubeconfigOfNobody(names: readonly string[]): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: names.map((name) => ({ name, cluster: { server: 'https://127.0.0.1:1' } })),
    users: names.map((name) => ({ name, user: { token: 'nobody' } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  });
}
