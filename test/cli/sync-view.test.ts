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
  const { view, wait, take } = watch(['eu', 'us-1'], { errIsTerminal: true, size: () => ({ columns: 40 }) });
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
  assert.deepEqual(screen(), ['eu    waiting for Deployment shop/web…', 'us-1  applying 1/2']);
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
  assert.equal(take(), 'eu: waiting for Deployment shop/web 3/4 replicas ready\n');
  wait(10_000);
  view.phase('eu', { kind: 'validating', done: 900, total: 5000 });
  view.phase('eu', { kind: 'validating', done: 901, total: 5000 });
  assert.equal(take(), 'eu: validating 900/5000\n');
  view.tick(doneTick('eu'));
  view.tick(doneTick('eu'));
  view.close();
  assert.equal(take(), 'eu: in sync: 2 objects of 1 app\n');
});

test('what is applied names its wave, and what takes its time is waited for', () => {
  const { view, take } = watch(['eu'], { errIsTerminal: true });
  let all = '';
  const screen = (): readonly string[] => screenOf((all += take()));
  view.phase('eu', { kind: 'reading' });
  assert.deepEqual(screen(), ['eu  reading']);
  view.phase('eu', { kind: 'applying', total: 3, wave: 2 });
  view.object('eu', {
    app: 'web',
    id: { group: '', kind: 'Pod', namespace: 'a', name: 'a' },
    outcome: 'created',
    reason: '',
  });
  view.tick(doneTick('eu', { health: [['Deployment shop/web', 'InProgress', '3/4 replicas ready']] }));
  assert.deepEqual(screen(), ['eu  waiting for Deployment shop/web 3/4 replicas ready']);
  view.phase('eu', { kind: 'reading' });
  assert.equal(take(), '');
  view.close();
  take();
  view.tick(doneTick('eu'));
  assert.equal(take(), '');
});

test('a window that is small, or becomes smaller, is not scrolled', () => {
  const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
  let size = { columns: 30, rows: 5 };
  const { view, take } = watch(names, { errIsTerminal: true, size: () => size });
  view.tick(doneTick('c0'));
  const first = take();
  assert.deepEqual(screenOf(first), [
    'c1   waiting to be looked at',
    'c2   waiting to be looked at',
    'c3   waiting to be looked at',
    '… and 17 more',
  ]);
  size = { columns: 20, rows: 3 };
  view.tick(doneTick('c1'));
  // Three of the four lines take two rows each by now.
  assert.equal(take().slice(0, 4), '\u001B[7A');
});

test('20 clusters of 5,000 objects do not flood a terminal, and say nothing to a log before something lasts', () => {
  const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
  const id = { group: '', kind: 'Pod', namespace: 'a', name: 'a' };
  const lengths = [true, false].map((errIsTerminal) => {
    const { view, wait, take } = watch(names, { errIsTerminal, size: () => ({ columns: 80, rows: 24 }) });
    for (const name of names) view.phase(name, { kind: 'applying', total: 5000 });
    for (let object = 0; object < 5000; object += 1) {
      for (const name of names) view.object(name, { app: 'web', id, outcome: 'created', reason: '' });
      if (object % 1000 === 0) wait(100);
    }
    return take().split('\u001B[J').length - 1;
  });
  assert.deepEqual(lengths, [6, 0]);
});
