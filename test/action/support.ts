import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGitRepository, runGit } from '../support/git-repository.ts';
import { type LocalForge, startLocalForge } from '../support/forge.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DIST = join(ROOT, 'action', 'dist', 'index.js');

export type Files = Readonly<Record<string, string | null>>;

/** A fleet of three clusters with one app, as the base of pull requests. */
export const BASE: Files = {
  'fleet.yaml': fleet(),
  ...Object.fromEntries(['ap', 'eu', 'us'].map((name) => [`clusters/${name}.yaml`, cluster(name)])),
  'apps/web/placement.yaml': placement('web', '{all: true}'),
  'apps/web/base/web.yaml': deployment('web', 2),
  'apps/web/base/service.yaml': `apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n`,
};

export function fleet(): string {
  return 'apiVersion: muster.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\n';
}

export function cluster(name: string): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: {connection: {context: ${name}}}\n`;
}

export function placement(name: string, clusters: string, rest = ''): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: Placement\nmetadata: {name: ${name}}\nspec:\n  clusters: ${clusters}\n${rest}`;
}

export function deployment(name: string, replicas: number, image = 'nginx:1.27'): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: shop
spec:
  replicas: ${replicas}
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: ${name}
          image: ${image}
`;
}

/** What one run of the built Action left behind. */
export interface ActionRun {
  readonly code: number;
  readonly stdout: string;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** The comment on the pull request, if there is one. */
  readonly comment: string | undefined;
}

/** A repository with a pull request, checked out as GitHub does it, and a forge to comment on. */
export interface PullRequest extends AsyncDisposable {
  readonly forge: LocalForge;
  readonly workspace: string;
  /** Runs the built Action as a runner would. `inputs` by their names; `env` besides those of a runner. */
  run(inputs?: Readonly<Record<string, string>>, env?: Readonly<Record<string, string>>): Promise<ActionRun>;
  /** Puts another change on the branch and checks the new merge out. */
  change(files: Files): Promise<void>;
}

export async function openPullRequest(
  base: Files,
  change: Files,
  options: { readonly depth?: number } = {},
): Promise<PullRequest> {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(await temporaryFolder());
  const forge = resources.use(await startLocalForge({ knowsCommit: () => true }));
  forge.addIssue(7);
  const origin = await createGitRepository(join(folder.path, 'origin.git'), 'main');
  const baseRevision = await origin.commit({ files: base });
  const workspace = join(folder.path, 'workspace');
  let branch = baseRevision;
  const checkOut = async (files: Files): Promise<void> => {
    branch = await origin.commit({ files, branch: 'topic', onto: branch });
    const tree = await origin.git('rev-parse', `${branch}^{tree}`);
    const merge = await origin.git('commit-tree', tree, '-p', baseRevision, '-p', branch, '-m', 'Merge');
    await origin.git('update-ref', 'refs/pull/7/merge', merge);
    await mkdir(workspace, { recursive: true });
    await runGit(['init', '--quiet', workspace]);
    const depth = `--depth=${options.depth ?? 2}`;
    await runGit([
      '-C',
      workspace,
      'fetch',
      '--quiet',
      '--no-tags',
      depth,
      `file://${origin.path}`,
      '+refs/pull/7/merge:refs/remotes/pull/7/merge',
    ]);
    await runGit(['-C', workspace, 'checkout', '--quiet', '--force', 'refs/remotes/pull/7/merge']);
  };
  await checkOut(change);
  const kept = resources.move();
  return {
    forge,
    workspace,
    change: checkOut,
    run: async (inputs = {}, env = {}) => runAction(folder.path, workspace, forge, baseRevision, inputs, env),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function runAction(
  folder: string,
  workspace: string,
  forge: LocalForge,
  baseRevision: string,
  inputs: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>>,
): Promise<ActionRun> {
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  const event = { pull_request: { number: 7, base: { sha: baseRevision } } };
  const given = { path: '.', comment: 'true', 'fail-on': 'error', token: forge.token, ...inputs };
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    GITHUB_WORKSPACE: workspace,
    GITHUB_REPOSITORY: `${forge.owner}/${forge.repo}`,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_API_URL: forge.url,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: await file('event.json', JSON.stringify(event)),
    GITHUB_OUTPUT: await file('output', ''),
    GITHUB_STEP_SUMMARY: await file('summary.md', ''),
    RUNNER_TEMP: folder,
    ...extra,
  };
  // A copy, so that nothing around it can help: a runner has the Action's own files and no more.
  const dist = join(folder, 'action');
  await cp(join(ROOT, 'action', 'dist'), dist, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  const { code, stdout } = await spawnNode(join(dist, 'index.js'), workspace, env);
  return {
    code,
    stdout,
    summary: await readFile(env.GITHUB_STEP_SUMMARY, 'utf8'),
    outputs: parseOutputs(await readFile(env.GITHUB_OUTPUT, 'utf8')),
    comment: forge.comments(7).at(-1),
  };
}

async function spawnNode(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], {
      cwd,
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, stdout: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error) || !('stdout' in error) || !('code' in error) || !('stderr' in error)) throw error;
    return { code: Number(error.code), stdout: String(error.stdout) + String(error.stderr) };
  }
}

/** `name<<DELIMITER\nvalue\nDELIMITER`, as the runner reads it. */
function parseOutputs(text: string): Record<string, string> {
  const matches = text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...matches].map(([, name = '', , value = '']) => [name, value]));
}

export { DIST };
