import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSyncView } from '../../src/cli/sync-view.ts';
import type { Io } from '../../src/cli/verb.ts';
import { doneTick } from '../support/ticks.ts';

interface Watched {
  readonly view: ReturnType<typeof createSyncView>;
  readonly wait: (ms: number) => void;
  /** What was written since it was last asked. */
  readonly take: () => string;
}

function watch(clusters: readonly string[], terminal: Partial<Io>): Watched {
  let nowMs = 0;
  let written = '';
  const io: Io = {
    out: assert.fail,
    err: (text) => void (written += text),
    env: {},
    errIsTerminal: false,
    colour: false,
    ...terminal,
  };
  const take = (): string => {
    const text = written;
    written = '';
    return text;
  };
  return { view: createSyncView(clusters, io, () => nowMs), wait: (ms) => void (nowMs += ms), take };
}

/** The screen after what was written, drawn as a terminal would. */
function screenOf(text: string): readonly string[] {
  const lines: string[] = [];
  let row = 0;
  for (const part of text.split(/(\u001B\[\d*[AJK])/)) {
    const [, count = '', code = ''] = /^\u001B\[(\d*)([AJK])$/.exec(part) ?? [];
    if (code === 'A') row -= Number(count);
    else if (code === 'J') lines.length = row;
    else if (code === '') {
      for (const line of part.split('\n').slice(0, -1)) lines[row++] = line;
    }
  }
  return lines;
}

test('on a terminal each cluster has a line that changes in its place', () => {
  const { view, wait, take } = watch(['eu', 'us-1'], { errIsTerminal: true, columns: 40 });
  let all = '';
  const screen = (): readonly string[] => screenOf((all += take()));
  view.phase('eu', { kind: 'validating', done: 3, total: 5 });
  assert.deepEqual(screen(), ['eu    validating 3/5', 'us-1  waiting to be looked at']);
  wait(1000);
  view.phase('us-1', { kind: 'applying', total: 2 });
  view.object('us-1', {
    app: 'web',
    id: { group: '', kind: 'Pod', namespace: 'a', name: 'a' },
    outcome: 'created',
    reason: '',
  });
  assert.deepEqual(screen(), ['eu    validating 3/5', 'us-1  applying 1/2']);
  view.tick(doneTick('eu', { health: [['Deployment shop/web', 'InProgress', '3/4 replicas ready, and more to say']] }));
  assert.deepEqual(screen(), ['eu    pending: Deployment shop/web 3/4…', 'us-1  applying 1/2']);
  view.tick(doneTick('eu'));
  view.close();
  assert.deepEqual(screen(), ['eu    in sync: 2 objects of 1 app', 'us-1  applying 1/2']);
});

test('a fleet that is larger than a screen shows those that are not there yet', () => {
  const names = Array.from({ length: 50 }, (_, index) => `c${String(index).padStart(2, '0')}`);
  const { view, take } = watch(names, { errIsTerminal: true });
  view.tick(doneTick('c00'));
  view.close();
  const lines = screenOf(take());
  assert.deepEqual([lines.length, lines[0], lines.at(-1)], [20, 'c01  waiting to be looked at', '… and 31 more']);
});

test('without a terminal a line says what came of a look, and a phase only when it lasts', () => {
  const { view, wait, take } = watch(['eu'], {});
  view.tick(doneTick('eu', { health: [['Deployment shop/web', 'InProgress', '3/4 replicas ready']] }));
  view.phase('eu', { kind: 'validating', done: 1, total: 5000 });
  view.phase('eu', { kind: 'validating', done: 2, total: 5000 });
  assert.equal(take(), 'eu: pending: Deployment shop/web 3/4 replicas ready\n');
  wait(10_000);
  view.phase('eu', { kind: 'validating', done: 900, total: 5000 });
  view.phase('eu', { kind: 'validating', done: 901, total: 5000 });
  assert.equal(take(), 'eu: validating 900/5000\n');
  view.tick(doneTick('eu'));
  view.tick(doneTick('eu'));
  view.close();
  assert.equal(take(), 'eu: in sync: 2 objects of 1 app\n');
});
