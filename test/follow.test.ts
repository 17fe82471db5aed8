/** The loop around a repository that answers as the tests say, and what it hands on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROLLER_LIMITS, type ControllerPorts, createController } from '../src/controller.ts';
import { createHeadCheck } from '../src/head-check.ts';
import { type FollowPorts, followRepository, type PolledHead, type RepositoryHead } from '../src/follow.ts';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)] as const;

test('servers that lag in turn never bring an older revision back', async () => {
  const { taken } = await follow([at(B), back(A), at(B), back(A), at(B), back(A), at(B)]);
  assert.deepEqual(taken, [B]);
});

test('a branch that was turned back counts when two polls in a row say so', async () => {
  const { taken } = await follow([at(B), back(A), back(A)]);
  assert.deepEqual(taken, [B, A]);
});

test('what was live before a restart is told as older than the first head', async () => {
  const { superseded } = await follow([at(B)], { revision: A, gitdir: '' });
  assert.deepEqual(superseded, [[A, B]]);
  assert.deepEqual((await follow([at(B)], { revision: B, gitdir: '' })).superseded, []);
});

function at(revision: string): PolledHead {
  return { revision, gitdir: '', regressed: false };
}

function back(revision: string): PolledHead {
  return { revision, gitdir: '', regressed: true };
}

/** Polls until there are no answers left. Every revision renders to an empty fleet. */
async function follow(
  polls: readonly PolledHead[],
  lastGood?: RepositoryHead,
): Promise<{ readonly taken: readonly string[]; readonly superseded: readonly (readonly [string, string])[] }> {
  const [taken, superseded]: [string[], [string, string][]] = [[], []];
  const over = new AbortController();
  const rest = [...polls];
  const controller = createController(NO_CLUSTERS, CONTROLLER_LIMITS);
  const poll = (): Promise<PolledHead> => {
    const next = rest.shift();
    if (next === undefined) over.abort();
    return Promise.resolve(next ?? polls.at(-1) ?? at(B));
  };
  const ports: FollowPorts = {
    repository: {
      poll,
      rebuild: poll,
      lastGood: () => Promise.resolve(lastGood),
      promote: () => Promise.resolve(),
    },
    render: ({ revision }) => {
      taken.push(revision);
      return Promise.resolve({ state: 'unusable', diagnostics: [] });
    },
    controller,
    onNewHead: (older, newer) => void superseded.push([older, newer]),
    onTurn: () => {},
    headCheck: createHeadCheck(),
    onPolled: () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  await followRepository(ports, 1, over.signal);
  await controller.close(0);
  return { taken, superseded };
}

/** The controller itself, of a fleet that never becomes live. */
const NO_CLUSTERS: ControllerPorts = {
  connect: () => assert.fail('there is no cluster'),
  clock: { now: () => 0, monotonicMs: () => 0 },
  mayWrite: () => false,
  isHuman: () => false,
  isInSync: () => false,
  onProgress: () => {},
  onState: () => {},
  onBug: (_cluster, error) => assert.fail(String(error)),
};
