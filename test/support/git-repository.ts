/** Bare repositories for tests, written with the Git that people use, so that what we read is what Git writes. */
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';

export interface GitRepository {
  /** The bare repository's folder. */
  readonly path: string;
  /** The branch that `commit` moves when none is named. */
  readonly branch: string;
  /** Adds a commit on top of `branch` (or of `onto`, which makes it a force-push), and returns it. */
  commit(change: CommitChange): Promise<string>;
  /** Points a branch at any revision, forward or back. */
  setBranch(branch: string, revision: string): Promise<void>;
  deleteBranch(branch: string): Promise<void>;
  blob(content: string | Uint8Array): Promise<string>;
  /** Writes a tree exactly as given: Git's own checks for modes and names are off. */
  tree(entries: readonly TreeEntry[]): Promise<string>;
  /** Puts a commit with this tree on the branch. */
  commitTree(tree: string, branch?: string): Promise<string>;
  /** Any git command in this repository; returns what it prints, trimmed. */
  git(...args: readonly string[]): Promise<string>;
}

export interface CommitChange {
  /** `null` deletes. A path that ends in `/` deletes the folder. */
  readonly files: Readonly<Record<string, string | Uint8Array | CommitFile | null>>;
  readonly message?: string;
  readonly branch?: string;
  /** The parent, where it is not the tip of the branch; `null`: a commit without parents. */
  readonly onto?: string | null;
}

/** `content` of a symlink is its target, of a submodule its commit. */
export interface CommitFile {
  readonly mode: 'executable' | 'symlink' | 'submodule';
  readonly content: string;
}

export interface TreeEntry {
  /** Octal, as Git writes it: `100644`, `40000`, `120000`, `160000`. */
  readonly mode: string;
  readonly name: string | Uint8Array;
  readonly oid: string;
}

/** Makes an empty bare repository whose HEAD names `branch`. */
export async function createGitRepository(path: string, branch: string): Promise<GitRepository> {
  await runGit(['init', '--quiet', '--bare', `--initial-branch=${branch}`, path]);
  return open(path, branch);
}

function open(path: string, branch: string): GitRepository {
  const run = (args: readonly string[], input?: Uint8Array): Promise<Buffer> =>
    runGit(['-C', path, ...args], input === undefined ? {} : { input });
  const git = async (...args: readonly string[]): Promise<string> => (await run(args)).toString().trim();
  const write = async (type: string, content: Uint8Array): Promise<string> =>
    (await run(['hash-object', '-w', '-t', type, '--literally', '--stdin'], content)).toString().trim();
  return {
    path,
    branch,
    git,
    async commit(change) {
      const target = change.branch ?? branch;
      await run(['fast-import', '--quiet', '--force'], importStream(change, target, await tipOf(git, target, change)));
      return git('rev-parse', `refs/heads/${target}`);
    },
    async setBranch(name, revision) {
      await git('update-ref', `refs/heads/${name}`, revision);
    },
    async deleteBranch(name) {
      await git('update-ref', '-d', `refs/heads/${name}`);
    },
    blob: (content) => write('blob', Buffer.from(content)),
    tree: (entries) =>
      write(
        'tree',
        Buffer.concat(
          entries.flatMap((entry) => [
            Buffer.from(`${entry.mode} `),
            Buffer.from(entry.name),
            Buffer.from([0]),
            Buffer.from(entry.oid, 'hex'),
          ]),
        ),
      ),
    async commitTree(tree, name = branch) {
      const revision = await git('commit-tree', tree, '-m', 'a tree');
      await git('update-ref', `refs/heads/${name}`, revision);
      return revision;
    },
  };
}

async function tipOf(
  git: (...args: readonly string[]) => Promise<string>,
  branch: string,
  change: CommitChange,
): Promise<string | undefined> {
  if (change.onto !== undefined) return change.onto ?? undefined;
  const tip = await git('for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`);
  return tip === '' ? undefined : tip;
}

/** One process for a commit of any size: `git fast-import` reads files and commit as one stream. */
function importStream(change: CommitChange, branch: string, parent: string | undefined): Buffer {
  const parts: (string | Uint8Array)[] = [];
  const data = (content: string | Uint8Array): void => {
    const bytes = Buffer.from(content);
    parts.push(`data ${bytes.length}\n`, bytes, '\n');
  };
  // A branch that starts elsewhere must not inherit the old tip.
  parts.push(`reset refs/heads/${branch}\n`, parent === undefined ? '' : `from ${parent}\n`);
  parts.push(`commit refs/heads/${branch}\nmark :1\ncommitter Test <test@example.com> ${nextSecond()} +0000\n`);
  data(change.message ?? 'a change');
  if (parent !== undefined) parts.push(`from ${parent}\n`);
  for (const [path, file] of Object.entries(change.files)) {
    const name = JSON.stringify(path.replace(/\/$/, ''));
    if (file === null) parts.push(`D ${name}\n`);
    else if (typeof file === 'string' || file instanceof Uint8Array) {
      parts.push(`M 100644 inline ${name}\n`);
      data(file);
    } else if (file.mode === 'submodule') parts.push(`M 160000 ${file.content} ${name}\n`);
    else {
      parts.push(`M ${file.mode === 'symlink' ? '120000' : '100755'} inline ${name}\n`);
      data(file.content);
    }
  }
  parts.push('done\n');
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

let second = 1_700_000_000;

/** Commits are told apart by their time, and tests must not depend on the clock. */
function nextSecond(): number {
  second += 1;
  return second;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Take the output even if the command fails: a server sends what it has. */
  readonly anyStatus?: boolean;
}

const IDENTITY = { NAME: 'Test', EMAIL: 'test@example.com', DATE: '1700000000 +0000' };

/** Runs git without the machine's own configuration. Resolves to its standard output, rejects with what it complained about. */
export async function runGit(args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const child = spawn('git', args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((who) =>
          Object.entries(IDENTITY).map(([what, value]) => [`GIT_${who}_${what}`, value]),
        ),
      ),
      ...options.env,
    },
  });
  child.stdin.on('error', () => undefined); // A server that has seen enough closes its input.
  child.stdin.end(options.input ?? '');
  const [output, complaint, status] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }),
  ]);
  if (status !== 0 && options.anyStatus !== true)
    throw new Error(`git ${args.join(' ')} ended with ${status}: ${complaint.toString()}`);
  return output;
}
