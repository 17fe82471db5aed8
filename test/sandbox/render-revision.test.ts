/** The process that renders: what reaches it, and every way in which it can end. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { exited, spawnGuarded } from '../../scripts/spawn-guarded.ts';
import { RENDER_LIMITS, type RenderLimits, renderRevision } from '../../src/sandbox/render-revision.ts';
import { eventually } from '../support/eventually.ts';
import { failsWith } from '../support/fails-with.ts';
import { SMALL_FLEET } from '../support/fleet-files.ts';
import { createGitRepository } from '../support/git-repository.ts';
import { descendantsOf, stillRunning } from '../support/processes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MUSTER = join(import.meta.dirname, '..', '..', 'bin', 'muster.js');

const NEVER = new AbortController().signal;

/** None: no fleet here needs any. */
const PROGRAMS = { path: '', cacheFolder: '' };

describe('The process that renders', () => {
  it('answers with the fleet, and ends', async () => {
    await using repository = await fleetRepository();

    const result = await renderRevision(repository.request, RENDER_LIMITS, PROGRAMS, NEVER);

    assert.ok(result.state === 'rendered');
    assert.deepEqual(
      result.fleet.clusters.map(({ cluster }) => cluster.name),
      ['ap', 'eu', 'us'],
    );
    await eventually(() => assert.deepEqual(children(), []));
  });

  it('says what is wrong with the revision as a failure of Git, not as a crash', async () => {
    await using repository = await fleetRepository();
    const request = { ...repository.request, revision: '0123456789abcdef0123456789abcdef01234567' };

    await assert.rejects(
      renderRevision(request, RENDER_LIMITS, PROGRAMS, NEVER),
      failsWith('NOT_FOUND', /^the clone has no such commit/),
    );
  });

  it('gets no variable, no argument and no open file of ours: nothing of what we know', async () => {
    await using repository = await stuckRepository();
    process.env['MUSTER_GIT_TOKEN'] = 'canary-of-the-environment';
    const stop = new AbortController();
    try {
      const rendering = renderRevision(repository.request, RENDER_LIMITS, PROGRAMS, stop.signal);
      const [pid] = await startedChildren();

      assert.equal(readFileSync(`/proc/${pid}/environ`, 'utf8'), '');
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      assert.ok(words.includes('--permission'));
      assert.deepEqual(
        words.filter((word) => /^--allow-(?!fs-read=)/.test(word)),
        [],
        'it may read, and neither write nor start anything',
      );
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      const foreign = open.filter((target) => target.startsWith('/') && !/^\/(dev|proc)\//.test(target));
      assert.deepEqual(foreign, []);

      stop.abort();
      await assert.rejects(rendering, failsWith('CRASHED', /it was stopped$/));
    } finally {
      delete process.env['MUSTER_GIT_TOKEN'];
    }
  });

  it('is killed when its time is over', async () => {
    await using repository = await stuckRepository();

    await assertCrash(repository, { timeoutMs: 1500 }, 'it took longer than 1.5 s');
  });

  it('that runs out of memory is said to', async () => {
    await using repository = await fleetRepository();

    await assertCrash(repository, { memoryMiB: 10 }, 'it ran out of memory (10 MiB; --render-memory sets the limit)');
  });

  it('that gets too little memory to start is said to lack it', async () => {
    await using repository = await fleetRepository();

    await assertCrash(
      repository,
      { memoryMiB: 1 },
      /^it was killed by SIG\w+, most likely for lack of memory \(1 MiB; --render-memory sets the limit\)$/,
    );
  });

  it('that answers more than we can hold is not heard to the end', async () => {
    await using repository = await fleetRepository();

    await assertCrash(repository, { maxBytes: 100 }, 'its answer was larger than 100 bytes');
  });

  it('that is killed by somebody else is a crash of it and none of ours', async () => {
    await using repository = await stuckRepository();
    const crash = assertCrash(repository, {}, 'it was killed by SIGKILL, as a system does whose memory is short');

    const [pid] = await startedChildren();
    process.kill(Number(pid), 'SIGKILL');

    await crash;
  });

  it('ends with the program that started it, when that is asked to end', async () => {
    await using repository = await stuckRepository();
    const { gitdir, revision } = repository.request;
    await writeFile(join(gitdir, 'refs', 'heads', 'main'), `${revision}\n`);
    const muster = spawnGuarded(process.execPath, [MUSTER, 'status', dirname(gitdir)], {
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const child = await startedChildren();

    muster.kill('SIGTERM');
    const [said] = await Promise.all([text(muster.stderr ?? assert.fail('no output')), exited(muster)]);

    assert.equal(
      said,
      `muster: render revision ${revision.slice(0, 12)}: CRASHED: the process that renders gave no result: it was stopped\n`,
    );
    assert.equal(muster.exitCode, 2);
    assert.deepEqual(stillRunning(child), []);
  });

  it('is not started at all, or ends at once, when we were already asked to end', async () => {
    await using repository = await stuckRepository();

    await assert.rejects(
      renderRevision(repository.request, RENDER_LIMITS, PROGRAMS, AbortSignal.abort()),
      failsWith('CRASHED', /it was stopped$/),
    );
    assert.deepEqual(children(), []);
  });
});

interface TestRepository extends AsyncDisposable {
  readonly request: Parameters<typeof renderRevision>[0];
}

/** A commit of the small fleet. */
async function fleetRepository(): Promise<TestRepository> {
  const folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, '.git'), 'main');
  const revision = await repository.commit({ files: SMALL_FLEET });
  return {
    request: { gitdir: repository.path, revision, path: '' },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A commit that is a pipe which nobody writes to: who reads it waits, for ever and without a busy loop. */
async function stuckRepository(): Promise<TestRepository> {
  const folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, '.git'), 'main');
  const revision = '0123456789abcdef0123456789abcdef01234567';
  const object = join(repository.path, 'objects', revision.slice(0, 2), revision.slice(2));
  await mkdir(dirname(object), { recursive: true });
  execFileSync('mkfifo', [object]);
  return {
    request: { gitdir: repository.path, revision, path: '' },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Rendering ends with CRASHED for this reason, and leaves no process. */
async function assertCrash(
  { request }: TestRepository,
  limits: Partial<RenderLimits>,
  reason: string | RegExp,
): Promise<void> {
  const start = 'the process that renders gave no result: ';
  await assert.rejects(renderRevision(request, { ...RENDER_LIMITS, ...limits }, PROGRAMS, NEVER), (error: unknown) => {
    failsWith('CRASHED', new RegExp(`^${start}`))(error);
    const said = error instanceof Error ? (error.message.split(start)[1] ?? '') : '';
    if (typeof reason === 'string') assert.equal(said, reason);
    else assert.match(said, reason);
    return true;
  });
  assert.deepEqual(children(), []);
}

/** Processes of ours that still run. */
function children(): readonly string[] {
  return stillRunning(descendantsOf(process.pid));
}

/** The child, as soon as it is the program that was asked for and reads its input. */
async function startedChildren(): Promise<readonly number[]> {
  return eventually(() => {
    const found = descendantsOf(process.pid).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('render-child'),
    );
    assert.notEqual(found.length, 0);
    return found;
  });
}
