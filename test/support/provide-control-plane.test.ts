/** How the servers are found, fetched or built. Programs, `go` and release servers here are small stand-ins. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { provideControlPlane } from '../../scripts/control-plane.ts';
import { type ControlPlaneBinaries, PINNED } from '../../scripts/control-plane-binaries.ts';
import { PLATFORM } from '../../scripts/platform.ts';
import type { ReleaseOrigin } from '../../scripts/download-control-plane.ts';
import { eventually } from './eventually.ts';
import { descendantsOf, stillRunning } from './processes.ts';

const COMMAND = join(import.meta.dirname, '../../scripts/control-plane');

const PROGRAMS: Readonly<Record<string, string>> = {
  etcd: `#!/bin/sh\necho 'etcd Version: ${PINNED.etcd}'\n`,
  'kube-apiserver': `#!/bin/sh\necho 'Kubernetes v${PINNED.kubernetes}'\n`,
  'kube-controller-manager': `#!/bin/sh\necho 'Kubernetes v${PINNED.kubernetes}'\n`,
};

/** Nobody listens there: the port is below the range that systems give away, and of no known service. */
const UNREACHABLE: ReleaseOrigin = { kubernetes: 'http://127.0.0.1:2/release', etcd: 'http://127.0.0.1:2/etcd' };

let home: string;
let cached: string;
let progress: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'muster-provide-'));
  cached = join(home, 'cache/muster/control-plane', `${PINNED.kubernetes}-${PLATFORM.os}-${PLATFORM.arch}`);
  progress = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

interface Breakage {
  readonly what: string;
  readonly says: RegExp;
  readonly spoil: (folder: string) => Promise<void>;
}

describe('KUBEBUILDER_ASSETS', () => {
  it('is used when all three programs are there and run', async () => {
    await writePrograms(join(home, 'assets'));
    const binaries = await provide({ KUBEBUILDER_ASSETS: join(home, 'assets') });
    assert.equal(binaries.directory, join(home, 'assets'));
    assert.equal(binaries.apiserver, join(home, 'assets/kube-apiserver'));
    assert.equal(binaries.version, PINNED.kubernetes);
    assert.deepEqual(progress, []);
  });

  it('may be another version, and that is said', async () => {
    const old = "#!/bin/sh\necho 'Kubernetes v1.30.0'\n";
    await writePrograms(join(home, 'assets'), { 'kube-apiserver': old, 'kube-controller-manager': old });
    assert.equal((await provide({ KUBEBUILDER_ASSETS: join(home, 'assets') })).version, '1.30.0');
    assert.match(progress.join('\n'), /KUBEBUILDER_ASSETS is Kubernetes 1\.30\.0; the tests are written for 1\.36/);
  });

  const broken: readonly Breakage[] = [
    {
      what: 'a program is missing, as in an envtest archive',
      says: /^Error: KUBEBUILDER_ASSETS: \S+\/kube-controller-manager is not there\. .*Unset it/,
      spoil: (folder) => rm(join(folder, 'kube-controller-manager')),
    },
    {
      what: 'a program is not executable',
      says: /^Error: KUBEBUILDER_ASSETS: \S+\/etcd is not executable\. /,
      spoil: (folder) => chmod(join(folder, 'etcd'), 0o644),
    },
    {
      what: 'a program is for another machine',
      says: /^Error: KUBEBUILDER_ASSETS: \S+\/etcd does not run: "\S+ --version" failed\. /,
      spoil: (folder) => writeFile(join(folder, 'etcd'), '\u007fELF'),
    },
    {
      what: 'a program is something else',
      says: /^Error: KUBEBUILDER_ASSETS: \S+\/etcd --version says "hello", not a version\. /,
      spoil: (folder) => writeFile(join(folder, 'etcd'), '#!/bin/sh\necho hello\n'),
    },
    {
      what: 'the servers do not belong together',
      says: /^Error: KUBEBUILDER_ASSETS: kube-apiserver is 1\.30\.0, but kube-controller-manager is 1\.36/,
      spoil: (folder) => writeFile(join(folder, 'kube-apiserver'), "#!/bin/sh\necho 'Kubernetes v1.30.0'\n"),
    },
  ];
  for (const { what, says, spoil } of broken) {
    it(`is refused in one line when ${what}; nothing else is tried`, async () => {
      await writePrograms(join(home, 'assets'));
      await spoil(join(home, 'assets'));
      await assert.rejects(provide({ KUBEBUILDER_ASSETS: join(home, 'assets') }), isOneLine(says));
      assert.ok(!existsSync(join(home, 'cache')));
    });
  }
});

describe('The cache', () => {
  it('is used without a look at anything else', async () => {
    await provide({ PATH: await fakeGo() });
    const binaries = await provide({ PATH: '' });
    assert.equal(binaries.directory, cached);
    assert.equal(binaries.etcd, join(cached, 'etcd'));
    assert.equal(binaries.controllerManager, join(cached, 'kube-controller-manager'));
  });

  it('is not used when its marker is missing or a program in it was cut short: it is filled again', async () => {
    const path = await fakeGo();
    await provide({ PATH: path });
    await rm(join(cached, 'complete.json'));
    await provide({ PATH: path });
    await truncate(join(cached, 'kube-apiserver'), 3);
    await provide({ PATH: path });
    assert.equal(await buildCount(), 3);
    assert.equal(await readFile(join(cached, 'kube-apiserver'), 'utf8'), PROGRAMS['kube-apiserver']);
  });

  it('is in HOME where XDG_CACHE_HOME is not set or empty', async () => {
    const { directory } = await provide({ PATH: await fakeGo(), XDG_CACHE_HOME: '', HOME: home });
    assert.ok(directory.startsWith(join(home, '.cache/muster/control-plane/')));
  });
});

describe('The published programs', () => {
  it('are fetched and checked, and then cached', async () => {
    await using release = await serveRelease();
    const binaries = await provide({ PATH: systemPath() }, release.origin);
    assert.equal(binaries.directory, cached);
    assert.equal(await readFile(binaries.etcd, 'utf8'), PROGRAMS['etcd']);
    assert.deepEqual((await readdir(cached)).sort(), ['complete.json', ...Object.keys(PROGRAMS)]);
    assert.deepEqual(await readdir(dirname(cached)), [PLATFORM_FOLDER]);
  });

  const failures: readonly { readonly what: string; readonly says: RegExp; readonly faults: Faults }[] = [
    {
      what: 'have another checksum than published',
      says: /kube-controller-manager: its SHA-256 is [\da-f]{64}, but [\da-f]{64} is published/,
      faults: { 'kube-controller-manager': (response) => response.end('something else') },
    },
    {
      what: 'have no checksum in the list',
      says: /etcd-v\S+\.tar\.gz: its SHA-256 is [\da-f]{64}, but none is published/,
      faults: { SHA256SUMS: (response) => response.end('0000  another-file.tar.gz\n') },
    },
    {
      what: 'end in the middle',
      says: /kube-apiserver: (terminated|other side closed)/,
      faults: {
        'kube-apiserver': (response) => {
          response.writeHead(200, { 'content-length': '1000000' });
          response.write('#!/bin/sh\n', () => response.destroy());
        },
      },
    },
    {
      what: 'are not there',
      says: /kube-apiserver\.sha256: HTTP status 404/,
      faults: { 'kube-apiserver.sha256': (response) => response.writeHead(404).end() },
    },
    {
      what: 'do not answer',
      says: /kube-apiserver\.sha256: no answer in 5 s/,
      faults: { 'kube-apiserver.sha256': () => {} },
    },
    {
      what: 'say another version than asked for',
      says: /got Kubernetes 1\.2\.3 and etcd/,
      faults: Object.fromEntries(
        ['kube-apiserver', 'kube-controller-manager'].flatMap((name) => {
          const other = "#!/bin/sh\necho 'Kubernetes v1.2.3'\n";
          return [
            [name, (response: ServerResponse) => response.end(other)],
            [`${name}.sha256`, (response: ServerResponse) => response.end(sha256(Buffer.from(other)))],
          ];
        }),
      ),
    },
  ];
  for (const { what, says, faults } of failures) {
    it(`are built instead when those offered ${what}`, async () => {
      await using release = await serveRelease(faults);
      await provide({ PATH: await fakeGo() }, release.origin);
      assert.match(progress.join('\n'), says);
      assert.equal(await buildCount(), 1);
      assert.deepEqual(await readdir(dirname(cached)), [PLATFORM_FOLDER]);
    });
  }

  it('are built instead when they cannot be reached', async () => {
    await provide({ PATH: await fakeGo() });
    assert.match(progress[0] ?? '', /No Kubernetes by download: http:\/\/127\.0\.0\.1:2\/\S+: .*ECONNREFUSED/);
    assert.match(progress[1] ?? '', /Building Kubernetes 1\.36.* It takes about four minutes/);
  });
});

describe('The build', () => {
  it('uses a Go 1.26 that a newer go fetches', async () => {
    await provide({ PATH: await fakeGo({ version: 'go1.27.1', canFetch: true }) });
    assert.match(progress.join('\n'), /with go1\.26\.8, once on this machine/);
  });

  it('is refused to a newer go that cannot fetch 1.26, with one line on what to do', async () => {
    await assert.rejects(
      provide({ PATH: await fakeGo({ version: 'go1.27.1' }) }),
      isOneLine(/build: "go" is go1\.27\.1, Go 1\.26 is needed.* Install Go 1\.26, or .* or set KUBEBUILDER_ASSETS/),
    );
    assert.equal(await buildCount(), 0);
    assert.deepEqual(await readdir(dirname(cached)), []);
  });

  it('that fails leaves nothing, and its last words are in the one error', async () => {
    await assert.rejects(
      provide({ PATH: await fakeGo({ build: 'echo "go: example.com/x@v1: dial tcp: no route" >&2; exit 1' }) }),
      isOneLine(/^Error: There is no Kubernetes \S+ to run tests on: download: .*; build: go build failed: .*no route/),
    );
    assert.deepEqual(await readdir(dirname(cached)), []);
  });

  it('is not possible without go: one error says all that was tried', async () => {
    await assert.rejects(
      provide({ PATH: join(home, 'nothing') }),
      isOneLine(/download: .*ECONNREFUSED.*; build: there is no "go" on PATH\. Install Go 1\.26/),
    );
  });

  it('happens once when two ask at once; the other waits and says so', async () => {
    const path = await fakeGo({ build: 'sleep 1' });
    const both = [provideInChild({ PATH: path }), provideInChild({ PATH: path })];
    const results = await Promise.all(both.map(resultOf));
    assert.deepEqual(
      results.map((each) => [each.code, each.stdout]),
      [
        [0, `${cached}\n`],
        [0, `${cached}\n`],
      ],
    );
    assert.equal(await buildCount(), 1);
    assert.match(results.map((each) => each.stderr).join(''), /Waiting for process \d+ on /);
  });

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`that ends by ${signal} leaves no process, and nothing that looks whole; the next one begins at once`, async () => {
      const child = provideInChild({ PATH: await fakeGo({ build: 'sleep 1000' }) });
      const started = await eventually(async () => {
        assert.equal(await buildCount(), 1);
        const found = descendantsOf(Number(child.pid));
        assert.ok(stillRunning(found).some((line) => line.endsWith(' sleep')));
        return found;
      });
      child.kill(signal);
      await once(child, 'exit');
      await eventually(() => assert.deepEqual(stillRunning(started), []));
      assert.ok(!existsSync(cached));

      await provide({ PATH: await fakeGo() });
      assert.deepEqual(await readdir(dirname(cached)), [PLATFORM_FOLDER]);
      assert.ok(!progress.join('\n').includes('Waiting'));
    });
  }

  it('waits for a holder of the lock on another host, and not for one whose heart has stopped', async () => {
    const path = await fakeGo();
    await mkdir(dirname(cached), { recursive: true });
    const lock = `${cached}.lock`;
    await writeFile(lock, '{"host":"elsewhere","pid":1}');
    const provided = provide({ PATH: path });
    await eventually(() => assert.match(progress.join('\n'), /Waiting for process 1 on elsewhere/));
    assert.equal(await buildCount(), 0);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    await provided;
    assert.equal(await buildCount(), 1);
    assert.ok(!existsSync(lock));
  });
});

describe('scripts/control-plane', () => {
  it('prints the folder, and only that, on stdout', async () => {
    await writePrograms(join(home, 'assets'));
    const result = await resultOf(runCommand({ PATH: systemPath(), KUBEBUILDER_ASSETS: join(home, 'assets') }));
    assert.deepEqual(result, { code: 0, stdout: `${join(home, 'assets')}\n`, stderr: '' });
  });

  it('prints one line on stderr and exits with 1 when there is none', async () => {
    const result = await resultOf(runCommand({ PATH: systemPath(), KUBEBUILDER_ASSETS: join(home, 'assets') }));
    assert.equal(result.code, 1);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^KUBEBUILDER_ASSETS: .* is not there\..*\n$/);
  });

  it('has help, and refuses what it does not know', async () => {
    const help = await resultOf(runCommand({ PATH: systemPath() }, '--help'));
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: scripts\/control-plane/);
    const unknown = await resultOf(runCommand({ PATH: systemPath() }, '--hlep'));
    assert.equal(unknown.code, 2);
    assert.equal(unknown.stderr, 'scripts/control-plane takes no "--hlep". See scripts/control-plane --help.\n');
  });
});

const PLATFORM_FOLDER = `${PINNED.kubernetes}-${PLATFORM.os}-${PLATFORM.arch}`;

function provide(environment: NodeJS.ProcessEnv, origin = UNREACHABLE): Promise<ControlPlaneBinaries> {
  return provideControlPlane({
    onProgress: (line) => progress.push(line),
    environment: { XDG_CACHE_HOME: join(home, 'cache'), ...environment },
    origin,
  });
}

async function writePrograms(folder: string, other: Readonly<Record<string, string>> = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries({ ...PROGRAMS, ...other })) {
    await writeFile(join(folder, name), text, { mode: 0o755 });
  }
}

/** Where sh, tar and sleep are, without this machine's go. */
function systemPath(): string {
  return '/usr/bin:/bin';
}

interface FakeGo {
  /** What it is, default `go1.26.8`. */
  readonly version?: string;
  /** Whether GOTOOLCHAIN works, default false. */
  readonly canFetch?: boolean;
  /** Shell commands that run before the programs are "built". */
  readonly build?: string;
}

/** A PATH with a program `go` that answers as the real one, counts its builds, and makes small programs. */
async function fakeGo({ version = 'go1.26.8', canFetch = false, build = ':' }: FakeGo = {}): Promise<string> {
  const folder = await mkdtemp(join(home, 'go-'));
  await writePrograms(join(folder, 'built'));
  const script = `#!/bin/sh
if [ "$1" = env ]; then
  if [ -z "$GOTOOLCHAIN" ]; then echo ${version}; else ${canFetch ? 'echo "$GOTOOLCHAIN"' : 'exit 1'}; fi
  exit
fi
echo build >> '${join(home, 'builds')}'
echo 'go: downloading k8s.io/api v0.36.3' >&2
while [ "$1" != -o ]; do shift; done
${build}
cp '${folder}/built/'* "$2"
mv "$2/etcd" "$2/server"
`;
  await writeFile(join(folder, 'go'), script, { mode: 0o755 });
  return `${folder}:${systemPath()}`;
}

async function buildCount(): Promise<number> {
  const log = await readFile(join(home, 'builds'), 'utf8').catch(() => '');
  return log.split('\n').length - 1;
}

type Faults = Readonly<Record<string, (response: ServerResponse) => void>>;

/** Serves the release files of both projects, by the last part of their path. */
async function serveRelease(faults: Faults = {}): Promise<AsyncDisposable & { readonly origin: ReleaseOrigin }> {
  const stem = `etcd-v${PINNED.etcd}-${PLATFORM.os}-${PLATFORM.arch}`;
  await writePrograms(join(home, stem));
  const archive = execFileSync('tar', ['-czf', '-', '-C', home, stem]);
  const files = new Map<string, Buffer>([
    [`/etcd/v${PINNED.etcd}/${stem}.tar.gz`, archive],
    [`/etcd/v${PINNED.etcd}/SHA256SUMS`, Buffer.from(`${sha256(archive)}  ${stem}.tar.gz\n`)],
  ]);
  for (const name of ['kube-apiserver', 'kube-controller-manager']) {
    const path = `/release/v${PINNED.kubernetes}/bin/${PLATFORM.os}/${PLATFORM.arch}/${name}`;
    const content = Buffer.from(PROGRAMS[name] ?? '');
    files.set(path, content).set(`${path}.sha256`, Buffer.from(sha256(content)));
  }
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const fault = faults[path.split('/').at(-1) ?? ''];
    const file = files.get(path);
    if (fault !== undefined) fault(response);
    else if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const base = `http://127.0.0.1:${address.port}`;
  return {
    origin: { kubernetes: `${base}/release`, etcd: `${base}/etcd` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The command in an environment of nothing but what is given. Only with KUBEBUILDER_ASSETS: else it goes to the network. */
function runCommand(environment: NodeJS.ProcessEnv, ...parameters: readonly string[]): ChildProcess {
  return spawn(COMMAND, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What the command does, but without a network. */
function provideInChild(environment: NodeJS.ProcessEnv): ChildProcess {
  const program = `import { provideControlPlane } from ${JSON.stringify(`${COMMAND}.ts`)};
    const options = { onProgress: console.error, origin: ${JSON.stringify(UNREACHABLE)} };
    console.log((await provideControlPlane(options)).directory);`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { XDG_CACHE_HOME: join(home, 'cache'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function resultOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (text.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (text.stderr += String(chunk)));
  await once(child, 'close');
  return { code: child.exitCode, ...text };
}

function isOneLine(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.match(String(error), pattern);
    assert.ok(!String(error).includes('\n'));
    return true;
  };
}
