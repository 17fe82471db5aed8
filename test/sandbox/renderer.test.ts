/** The child that renders revision after revision: real processes on real repositories. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RenderedFleet } from '../../src/model/render.ts';
import { createRenderer, RENDER_LIMITS, type Renderer, renderRevision } from '../../src/sandbox/render-revision.ts';
import { eventually } from '../support/eventually.ts';
import { failsWith } from '../support/fails-with.ts';
import { appOf, clusterOf, SMALL_FLEET } from '../support/fleet-files.ts';
import { createGitRepository, type GitRepository } from '../support/git-repository.ts';
import { descendantsOf, stillRunning } from '../support/processes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOREVER = new AbortController().signal;

/** None: no fleet here needs any. */
const PROGRAMS = { path: '', cacheFolder: '' };

const PATCH = 'apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\n';
const OVERLAY = 'apps/web/overlays/eu/service.yaml';

test('one child renders revision after revision, and what did not change is the very object that it was', async () => {
  await using world = await openWorld();
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  const before = await render(renderer, world.repository, {});
  const [child] = children();
  const after = await render(renderer, world.repository, { [OVERLAY]: PATCH });

  assert.deepEqual(children(), [child]);
  assert.equal(clusterOf(after, 'us'), clusterOf(before, 'us'));
  assert.equal(appOf(after, 'eu', 'other'), appOf(before, 'eu', 'other'));
  assert.notEqual(clusterOf(after, 'eu').digest, clusterOf(before, 'eu').digest);
});

test('what a child renders after other revisions is what a new one renders', async () => {
  await using world = await openWorld();
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  for (const file of [PATCH, null, 'kind: [unfinished\n', PATCH, null]) {
    const warm = await render(renderer, world.repository, { [OVERLAY]: file });
    const request = { gitdir: world.repository.path, revision: warm.revision, path: '' };
    assert.deepEqual(await renderRevision(request, RENDER_LIMITS, PROGRAMS, FOREVER), {
      state: 'rendered',
      fleet: warm,
    });
  }
});

test('a child that was killed while nobody asked is replaced', async () => {
  await using world = await openWorld();
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  const before = await render(renderer, world.repository, {});
  const [child = 0] = children();
  process.kill(child, 'SIGKILL');
  await eventually(() => assert.deepEqual(stillRunning([child]), []));
  const after = await render(renderer, world.repository, {});

  assert.deepEqual(after.clusters, before.clusters);
});

test('a child that dies of what it remembered is replaced by one that remembers nothing', async () => {
  await using world = await openWorld();
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  await render(renderer, world.repository, {});
  const [child = 0] = children();
  const revision = await world.repository.commit({ files: { [OVERLAY]: PATCH } });
  process.kill(child, 'SIGSTOP'); // So that it is asked, and does not answer.
  const rendering = renderer.render({ gitdir: world.repository.path, revision, path: '' }, FOREVER);
  process.kill(child, 'SIGKILL');

  assert.equal((await rendering).state, 'rendered');
  assert.equal(children().length, 1);
  assert.notDeepEqual(children(), [child]);
});

test('a rendering that is stopped leaves no process behind', async () => {
  await using world = await openWorld();
  const revision = await world.repository.git('rev-parse', 'main');
  const stop = new AbortController();
  const request = { gitdir: world.repository.path, revision, path: '' };
  const rendering = renderRevision(request, RENDER_LIMITS, PROGRAMS, stop.signal);
  stop.abort();

  await assert.rejects(rendering, failsWith('CRASHED', /it was stopped/));
  await noChildren();
});

test('a revision that is not there is an error, and the child goes on with the next', async () => {
  await using world = await openWorld();
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  await render(renderer, world.repository, {});
  const [child] = children();
  const request = { gitdir: world.repository.path, revision: '0'.repeat(40), path: '' };

  await assert.rejects(renderer.render(request, FOREVER), failsWith('NOT_FOUND', /the clone has no such commit/));
  await render(renderer, world.repository, { [OVERLAY]: PATCH });
  assert.deepEqual(children(), [child]);
});

test('another repository is read by another child, because what one may read is settled when it starts', async () => {
  await using one = await openWorld();
  await using other = await openWorld();
  await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
  await render(renderer, one.repository, {});
  const [child = 0] = children();
  await render(renderer, other.repository, {});

  assert.notDeepEqual(children(), [child]);
  await eventually(() => assert.deepEqual(stillRunning([child]), []));
});

test('a renderer that is given up ends its child', async () => {
  await using world = await openWorld();
  {
    await using renderer = createRenderer(RENDER_LIMITS, PROGRAMS);
    await render(renderer, world.repository, {});
    assert.equal(children().length, 1);
  }
  assert.deepEqual(children(), [], 'gone by then, not only asked to go');
});

interface World extends AsyncDisposable {
  readonly repository: GitRepository;
}

async function openWorld(): Promise<World> {
  const folder = await temporaryFolder();
  const repository = await createGitRepository(join(folder.path, 'fleet.git'), 'main');
  await repository.commit({ files: SMALL_FLEET });
  return { repository, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function render(
  renderer: Renderer,
  repository: GitRepository,
  files: Readonly<Record<string, string | null>>,
): Promise<RenderedFleet> {
  const revision = await repository.commit({ files });
  const result = await renderer.render({ gitdir: repository.path, revision, path: '' }, FOREVER);
  assert.equal(result.state, 'rendered');
  return result.fleet;
}

function children(): readonly number[] {
  return descendantsOf(process.pid).filter((pid) => stillRunning([pid]).length > 0);
}

async function noChildren(): Promise<void> {
  await eventually(() => assert.deepEqual(stillRunning(descendantsOf(process.pid)), []));
}
