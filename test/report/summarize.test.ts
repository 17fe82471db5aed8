import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { FleetState, HealedDrift } from '../../src/model/fleet-state.ts';
import type { AppPlan } from '../../src/model/apply.ts';
import type { ObjectId } from '../../src/model/manifest.ts';
import type { DoneTick, Tick } from '../../src/model/tick.ts';
import { assessCluster, isInSync } from '../../src/report/assess-cluster.ts';
import { clipDescription } from '../../src/report/clip-description.ts';
import { formatDiagnostic, formatField, summarize } from '../../src/report/summarize.ts';
import {
  doneTick,
  driftOf,
  failedTick,
  failure,
  fieldOf,
  idOf,
  renderedFleet,
  REVISION,
  stateOf,
  type TickChanges,
} from '../support/ticks.ts';

/** `context state description` of every status of the live revision. */
function statuses(state: FleetState): readonly string[] {
  return summarize(state).flatMap((report) =>
    report.statuses.map(({ context, state: own, description }) => `${context} ${own} ${description}`),
  );
}

function say(tick: Tick | undefined): string {
  const { state, text } = assessCluster(tick);
  return `${state} ${text}`;
}

const SETTINGS = 'ConfigMap shop/settings';
const WEB = 'Deployment shop/web';

/** What a person reads about one cluster, by what came of its tick. */
const VERDICTS: readonly (readonly [changes: TickChanges, expected: string])[] = [
  [{}, 'success in sync: 2 objects of 1 app'],
  [{ results: [[WEB, 'configured', '']] }, 'success in sync: 2 objects of 1 app'],
  [{ skipped: [[WEB, 'skipped', 'muster.dev/apply: ignore']] }, 'success in sync: 2 objects of 1 app'],
  [{ kept: [[WEB, 'the app has prune: false', 'released']] }, 'success in sync: 2 objects of 1 app'],
  [
    { kept: [[WEB, 'it is protected', 'protected']] },
    `success in sync: 2 objects of 1 app; 1 left the repository and stays: ${WEB} (it is protected)`,
  ],
  // Drift that is only reported has a status of its own: the commit itself did arrive, also where the object is not Current.
  [
    {
      skipped: [[WEB, 'drifted', 'drift is reported, not healed']],
      health: [[WEB, 'InProgress', '3/4 replicas ready']],
      drift: [driftOf(WEB)],
    },
    'success in sync: 2 objects of 1 app',
  ],
  // Drift that is healed later is not in sync: the object may not even be there.
  [
    {
      skipped: [[WEB, 'drifted', 'healing waits', 2000]],
      health: [[WEB, 'NotFound', 'not there yet']],
      drift: [driftOf(WEB)],
    },
    'pending Deployment shop/web: healing waits',
  ],
  [{ health: [[WEB, 'InProgress', '3/4 replicas ready']] }, 'pending Deployment shop/web 3/4 replicas ready'],
  [{ health: [[WEB, 'NotFound', '']] }, 'pending Deployment shop/web NotFound'],
  [{ health: [[WEB, 'Failed', 'CrashLoopBackOff']] }, 'failure Deployment shop/web CrashLoopBackOff'],
  [{ health: [[WEB, 'Terminating', 'held by finalizer x']] }, 'pending Deployment shop/web held by finalizer x'],
  [
    {
      health: [
        [SETTINGS, 'InProgress', 'a'],
        [WEB, 'Unknown', 'b'],
      ],
    },
    'pending Deployment shop/web b, +1',
  ],
  [{ results: [[WEB, 'failed', 'spec.x: is required']] }, 'failure Deployment shop/web: spec.x: is required'],
  [
    { aborted: 'the inventory: somebody else wrote first' },
    'pending app web: the inventory: somebody else wrote first',
  ],
  [{ skipped: [[WEB, 'waiting', 'waiting for kind Widget']] }, 'pending Deployment shop/web: waiting for kind Widget'],
  [{ skipped: [[WEB, 'unknown', 'the server answered 503']] }, 'error Deployment shop/web: the server answered 503'],
  [{ skipped: [[WEB, 'refused', 'spec.x: is required']] }, 'failure Deployment shop/web: spec.x: is required'],
  [
    { kept: [[SETTINGS, 'its deletion is under way', 'waiting']] },
    'pending ConfigMap shop/settings is not deleted: its deletion is under way',
  ],
  [
    {
      approval: { digest: 'sha256:0f', reason: '9 of 9 objects would be deleted, and 5 may be without approval' },
      kept: [[SETTINGS, 'waits for approval of sha256:0f', 'waiting']],
    },
    'pending app web: muster approve sha256:0f (9 of 9 objects would be deleted, and 5 may be without approval)',
  ],
  [
    { block: { kind: 'held', reason: 'a.yaml:1:1: BAD_VALUE: wrong' } },
    'failure app web: a.yaml:1:1: BAD_VALUE: wrong',
  ],
  [{ block: { kind: 'refused', reason: 'Deployment shop/web: no' } }, 'failure app web: Deployment shop/web: no'],
  [{ block: { kind: 'waiting', reason: 'waiting for app "base"' } }, 'pending app web: waiting for app "base"'],
  [{ block: { kind: 'suspended', reason: 'the fleet is suspended' } }, 'pending app web: the fleet is suspended'],
  [{ block: { kind: 'unsafe', reason: 'this is another cluster' } }, 'error app web: this is another cluster'],
  // Worst first: could not try, then failed, then not there yet.
  [
    {
      skipped: [
        [SETTINGS, 'waiting', 'w'],
        [WEB, 'refused', 'r'],
      ],
      health: [[WEB, 'InProgress', 'p']],
    },
    'failure Deployment shop/web: r',
  ],
  [
    {
      skipped: [
        [SETTINGS, 'unknown', 'u'],
        [WEB, 'refused', 'r'],
      ],
    },
    'error ConfigMap shop/settings: u',
  ],
];

test('one cluster is said in one line, the worst first, with how many more are as bad', () => {
  for (const [changes, expected] of VERDICTS) {
    const tick = doneTick('eu', changes);
    assert.equal(say(tick), expected);
    assert.equal(isInSync(tick), expected.startsWith('success'));
  }
});

test('what was decided and not done is pending: who only looks does not say that a commit arrived', () => {
  const tick = doneTick('eu');
  const [plan] = tick.plan.apps;
  assert.ok(plan !== undefined);
  const at = (name: string): ObjectId => idOf(`ConfigMap shop/${name}`);
  const served = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
  const steps = [[{ request: { served, id: at('a'), body: {}, force: false }, desiredHash: 'h', lost: [] }]];
  const deletes = [{ served, id: at('b'), uid: 'u', resourceVersion: '1' }];
  const planned = (changes: Partial<AppPlan>): DoneTick => ({ ...tick, plan: { apps: [{ ...plan, ...changes }] } });

  assert.equal(say(planned({ steps })), 'pending ConfigMap shop/a is not applied yet');
  assert.equal(say(planned({ deletes })), 'pending ConfigMap shop/b is not deleted yet');
  assert.equal(say(planned({ steps, deletes })), 'pending ConfigMap shop/a is not applied yet, +1');
  const { result } = doneTick('eu', { results: [['ConfigMap shop/b', 'deleted', '']] });
  assert.equal(say({ ...planned({ deletes }), result }), 'success in sync: 2 objects of 1 app');
  const { health } = doneTick('eu', { health: [['ConfigMap shop/a', 'NotFound', 'not there yet']] });
  assert.equal(say({ ...planned({ steps }), health }), 'pending ConfigMap shop/a not there yet');
});

test('a cluster that could not be asked is an error, one that was not looked at yet is pending', () => {
  assert.equal(
    say(failedTick('eu', 'UNREACHABLE', 'no connection to https://eu:6443')),
    'error the cluster: no connection to https://eu:6443',
  );
  assert.equal(say(undefined), 'pending not looked at yet');
  assert.ok(!isInSync(undefined));
});

test('a fleet in sync: the fleet, each cluster, and no drift', () => {
  assert.deepEqual(statuses(stateOf([doneTick('ap'), doneTick('eu')])), [
    'muster/fleet success 2/2 clusters in sync',
    'muster/ap success in sync: 2 objects of 1 app',
    'muster/eu success in sync: 2 objects of 1 app',
    'muster/drift success no drift',
  ]);
  assert.deepEqual(
    summarize(stateOf([doneTick('eu')])).map(({ revision }) => revision),
    [REVISION],
  );
});

test('the fleet names the worst cluster of each state, and how many more', () => {
  const ticks = [
    doneTick('ap'),
    doneTick('eu-1', { health: [[WEB, 'Failed', '3/4 replicas ready']] }),
    doneTick('eu-2', { results: [[WEB, 'failed', 'no']] }),
    failedTick('us-1', 'UNREACHABLE', 'no connection'),
    doneTick('us-2', { health: [[WEB, 'InProgress', 'starting']] }),
  ];
  assert.equal(
    statuses(stateOf(ticks))[0],
    'muster/fleet failure 1/5 clusters in sync · not reached: us-1 (the cluster: no connection) · failed: eu-1 (Deployment shop/web 3/4 replicas ready), +1 · pending: us-2 (Deployment shop/web starting)',
  );
});

test('the state of the fleet: failed before not reached before pending', () => {
  const failed = doneTick('a', { results: [[WEB, 'failed', 'no']] });
  const lost = failedTick('b', 'TLS', 'no');
  const pending = doneTick('c', { health: [[WEB, 'InProgress', '']] });
  const fine = doneTick('d');
  const state = (...ticks: readonly Tick[]): string | undefined => summarize(stateOf(ticks))[0]?.statuses[0]?.state;
  assert.deepEqual(
    [state(fine, pending, lost, failed), state(fine, pending, lost), state(fine, pending), state(fine)],
    ['failure', 'error', 'pending', 'success'],
  );
});

test('clusters that were not looked at yet are pending, and so is drift: nothing is said before all were there once', () => {
  const state = stateOf([doneTick('ap')], { live: renderedFleet(['ap', 'eu']) });
  assert.deepEqual(statuses(state), [
    'muster/fleet pending 1/2 clusters in sync · pending: eu (not looked at yet)',
    'muster/ap success in sync: 2 objects of 1 app',
    'muster/eu pending not looked at yet',
  ]);
});

test('beyond 20 clusters only those that are not in sync have a status of their own', () => {
  const names = Array.from({ length: 21 }, (_, index) => `c${String(index).padStart(2, '0')}`);
  const ticks = names.map((name) => doneTick(name, name === 'c07' ? { health: [[WEB, 'InProgress', '1/2']] } : {}));
  assert.deepEqual(statuses(stateOf(ticks)), [
    'muster/fleet pending 20/21 clusters in sync · pending: c07 (Deployment shop/web 1/2)',
    'muster/c07 pending Deployment shop/web 1/2',
  ]);
  const [large] = summarize(stateOf(ticks));
  assert.equal(large?.corrections?.length, 20, 'what stood there of the others is put right');
  assert.deepEqual(large.corrections[0], { context: 'muster/c00', state: 'success', description: 'in sync' });
  assert.equal(statuses(stateOf(ticks.slice(0, 20))).length, 21);
});

test('drift is reported with object, field, values, manager and time', () => {
  const [one, two] = [driftOf(WEB), driftOf(SETTINGS)];
  assert.deepEqual(
    statuses(stateOf([doneTick('eu', { drift: [one] })])).at(-1),
    'muster/drift failure 1 object drifted on eu: Deployment shop/web /spec/replicas 4 → 7 by kubectl-edit at 14:03:22Z',
  );
  const both = stateOf([doneTick('eu', { drift: [one, two] }), doneTick('us', { drift: [two] })]);
  assert.match(
    statuses(both).at(-1) ?? '',
    /^muster\/drift failure 3 objects drifted on eu, us: Deployment shop\/web /,
  );
});

test('several fields of one object are counted, a deleted one is said to be deleted', () => {
  const drift = (more: Parameters<typeof driftOf>[1]): string | undefined =>
    statuses(stateOf([doneTick('eu', { drift: [driftOf(WEB, more)] })])).at(-1);
  assert.match(drift({ fields: [fieldOf(), fieldOf(), fieldOf()] }) ?? '', /14:03:22Z \(\+2 fields\)$/);
  assert.match(drift({ state: 'missing', fields: [] }) ?? '', /: Deployment shop\/web was deleted$/);
  assert.match(drift({ fields: [] }) ?? '', /: Deployment shop\/web differs$/);
});

test('what a new revision brings is no drift', () => {
  const state = stateOf([doneTick('eu', { drift: [driftOf(WEB, { cause: 'new-revision' })] })]);
  assert.equal(statuses(state).at(-1), 'muster/drift success no drift');
});

test('drift that was healed turns the status green and stays in it', () => {
  const healed = new Map([['eu', [healedAt('2026-01-02T14:04:00Z', WEB)]]]);
  assert.equal(
    statuses(stateOf([doneTick('eu')], { healed })).at(-1),
    'muster/drift success no drift · healed on eu: Deployment shop/web /spec/replicas 4 → 7 by kubectl-edit at 14:03:22Z',
  );
  const again = stateOf([doneTick('eu', { drift: [driftOf(WEB)] })], { healed });
  assert.match(statuses(again).at(-1) ?? '', /^muster\/drift failure /);
});

test('of all that was healed the latest is told', () => {
  const [early, late] = [healedAt('2026-01-02T14:04:00Z', SETTINGS), healedAt('2026-01-02T14:05:00Z', WEB)];
  const state = stateOf([doneTick('eu'), doneTick('us')], {
    healed: new Map([
      ['eu', [late]],
      ['us', [early]],
    ]),
  });
  assert.match(statuses(state).at(-1) ?? '', /^muster\/drift success no drift · healed on eu: Deployment shop\/web /);
});

test('nobody says that there is no drift while a cluster cannot be read, say the one that drifted', () => {
  const healed = new Map([['eu', [healedAt('2026-01-02T14:04:00Z', WEB)]]]);
  const away = stateOf([doneTick('eu'), failedTick('us', 'UNREACHABLE', 'gone')], { healed });
  assert.match(
    statuses(away).at(-1) ?? '',
    /^muster\/drift pending not known of us · healed on eu: Deployment shop\/web /,
  );
  const never = stateOf([doneTick('eu'), failedTick('us', 'UNREACHABLE', 'gone')]);
  assert.ok(!statuses(never).some((each) => each.startsWith('muster/drift')), 'what stands there stays');
});

function healedAt(time: string, object: string): HealedDrift {
  return { time, id: idOf(object), state: 'differs', fields: [fieldOf()] };
}

test('a difference is worded by what is known of it', () => {
  const cases: readonly (readonly [Parameters<typeof fieldOf>[0], string])[] = [
    [{}, '/spec/replicas 4 → 7 by kubectl-edit at 14:03:22Z'],
    [{ desired: 'a', live: 'b' }, '/spec/replicas a → b by kubectl-edit at 14:03:22Z'],
    [{ desired: { a: [1] } }, '/spec/replicas {"a":[1]} → 7 by kubectl-edit at 14:03:22Z'],
    [{ desired: 'x'.repeat(50) }, `/spec/replicas ${'x'.repeat(39)}… → 7 by kubectl-edit at 14:03:22Z`],
    [{ desired: 9007199254740993n }, '/spec/replicas 9007199254740993 → 7 by kubectl-edit at 14:03:22Z'],
  ];
  for (const [more, expected] of cases) assert.equal(formatField(fieldOf(more)), expected);
  assert.equal(formatField({ path: '/a', desired: 1 }), '/a 1 → nothing');
  assert.equal(formatField({ path: '/a', live: 1, manager: 'x' }), '/a nothing → 1 by x');
});

test('a diagnostic is one line: where, code, on which cluster, what, and what to do', () => {
  const base: Diagnostic = {
    code: 'NO_TARGET',
    severity: 'error',
    message: 'the patch matches nothing',
    origin: { file: 'a.yaml', line: 3, column: 5 },
  };
  const cases: readonly (readonly [Partial<Diagnostic>, string])[] = [
    [{}, 'a.yaml:3:5: NO_TARGET: the patch matches nothing.'],
    [{ help: 'Remove it.' }, 'a.yaml:3:5: NO_TARGET: the patch matches nothing. Remove it.'],
    [{ cluster: 'eu' }, 'a.yaml:3:5: NO_TARGET: on eu: the patch matches nothing.'],
    [{ message: 'is it this?' }, 'a.yaml:3:5: NO_TARGET: is it this?'],
    [{ message: 'it ends.' }, 'a.yaml:3:5: NO_TARGET: it ends.'],
    [{ message: 'it ends!', help: 'Do it.' }, 'a.yaml:3:5: NO_TARGET: it ends! Do it.'],
  ];
  for (const [more, expected] of cases) assert.equal(formatDiagnostic({ ...base, ...more }), expected);
});

const WRONG: Diagnostic = {
  code: 'UNKNOWN_FIELD',
  severity: 'error',
  message: 'App has no field "x"',
  app: 'web',
  origin: { file: 'apps/web/app.yaml', line: 4, column: 8 },
};
const WARNING: Diagnostic = { ...WRONG, severity: 'warning', code: 'EMPTY_APP', message: 'nothing' };

test('a commit with an error in one app is a failure with file, line and reason, however well its clusters are', () => {
  const live = renderedFleet(['eu'], [WRONG]);
  assert.equal(
    statuses(stateOf([doneTick('eu')], { live }))[0],
    'muster/fleet failure apps/web/app.yaml:4:8: UNKNOWN_FIELD: App has no field "x". · 1/1 clusters in sync',
  );
  const more = renderedFleet(['eu'], [WRONG, WRONG, WARNING]);
  assert.match(
    statuses(stateOf([doneTick('eu')], { live: more }))[0] ?? '',
    /App has no field "x"\. \(\+1 errors\) · 1\/1/,
  );
});

test('warnings are no failure', () => {
  assert.equal(
    statuses(stateOf([doneTick('eu')], { live: renderedFleet(['eu'], [WARNING]) }))[0],
    'muster/fleet success 1/1 clusters in sync',
  );
});

const BAD = 'b'.repeat(40);

test('a head that cannot be used says so on its own commit, and the clusters stay with theirs', () => {
  const state = stateOf([doneTick('eu')], { head: BAD, trouble: { kind: 'wrong', diagnostics: [WRONG, WARNING] } });
  assert.deepEqual(
    summarize(state).map(({ revision, statuses: all }) => [
      revision,
      all.map(({ context, state: own }) => `${context} ${own}`),
    ]),
    [
      [BAD, ['muster/fleet failure']],
      [REVISION, ['muster/fleet success', 'muster/eu success', 'muster/drift success']],
    ],
  );
  assert.equal(
    summarize(state)[0]?.statuses[0]?.description,
    'apps/web/app.yaml:4:8: UNKNOWN_FIELD: App has no field "x".',
  );
});

test('a first commit that cannot be used is all there is to say', () => {
  const { live: _live, ...state } = stateOf([], { head: BAD, trouble: { kind: 'wrong', diagnostics: [WARNING] } });
  assert.deepEqual(summarize(state), [
    { revision: BAD, statuses: [{ context: 'muster/fleet', state: 'failure', description: 'it cannot be used' }] },
  ]);
});

test('a repository that cannot be read is an error on the last commit that was seen, in the place of its fleet status', () => {
  const trouble = {
    kind: 'unreadable',
    failure: failure('UNREACHABLE', 'no connection', 'https://git.example.com/fleet'),
  } as const;
  assert.deepEqual(statuses(stateOf([doneTick('eu')], { trouble })), [
    'muster/fleet error https://git.example.com/fleet: no connection',
    'muster/eu success in sync: 2 objects of 1 app',
    'muster/drift success no drift',
  ]);
});

test('before anything was seen there is nothing to say, and no commit to say it on', () => {
  const trouble = { kind: 'unreadable', failure: failure('UNREACHABLE', 'no connection') } as const;
  assert.deepEqual(summarize({ head: '', trouble, ticks: new Map(), healed: new Map() }), []);
  assert.deepEqual(summarize({ head: '', ticks: new Map(), healed: new Map() }), []);
});

test('every status fits a forge: one line of at most 140 characters, worst first', () => {
  const long = 'x'.repeat(300);
  const ticks = Array.from({ length: 15 }, (_, index) =>
    doneTick(`c${index}`, { results: [[WEB, 'failed', `line one\nline two ${long}`]] }),
  );
  for (const { statuses: all } of summarize(stateOf(ticks))) {
    for (const { description } of all) {
      const clipped = clipDescription(description);
      assert.ok(Array.from(clipped).length <= 140 && !/[\n\r]/.test(clipped), clipped);
    }
  }
  assert.match(
    clipDescription(summarize(stateOf(ticks))[0]?.statuses[0]?.description ?? ''),
    /^0\/15 clusters in sync · failed: c0 \(Deployment shop\/web: line one/,
  );
});
