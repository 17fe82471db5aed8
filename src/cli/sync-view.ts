import type { ObjectResult } from '../model/apply.ts';
import type { Phase, Tick } from '../model/tick.ts';
import { showOnOneLine } from '../object/hidden.ts';
import { formatId } from '../object/id.ts';
import { assessCluster } from '../report/assess-cluster.ts';
import { listLost } from '../report/list-lost.ts';
import type { Io } from './verb.ts';

/** What people see of a sync while it goes on. */
export interface SyncView {
  readonly phase: (cluster: string, phase: Phase) => void;
  readonly object: (cluster: string, result: ObjectResult) => void;
  readonly tick: (tick: Tick) => void;
  /** Leaves the last state on the screen; what is told later is not shown. */
  readonly close: () => void;
}

/** More are not read. Those that are in sync go first. */
const LINES = 20;

/** A terminal is not drawn more often; a log hears of a phase that lasts this long. Milliseconds. */
const REDRAW_MS = 100;
const SAY_MS = 10_000;

const UNSEEN = 'waiting to be looked at';

/** A line for each cluster that changes in its place; where standard error is no terminal, a line for each change. */
export function createSyncView(clusters: readonly string[], io: Io, now: () => number): SyncView {
  const lines = new Map(clusters.map((name) => [name, UNSEEN]));
  const applied = new Map<string, { readonly what: string; readonly total: number; done: number }>();
  const screen = io.errIsTerminal ? createScreen(io, now) : createLog(io, now);
  const said = new Set<string>();
  let closed = false;
  const show = (cluster: string, line: string, lasting: boolean): void => {
    if (closed || lines.get(cluster) === line) return;
    lines.set(cluster, line);
    screen.show(lines, cluster, lasting);
  };
  return {
    phase: (cluster, phase) => {
      switch (phase.kind) {
        case 'reading':
          // Later looks that find nothing new have nothing to say.
          if (lines.get(cluster) === UNSEEN) show(cluster, 'reading', false);
          return;
        case 'validating':
          show(cluster, `validating ${phase.done}/${phase.total}`, false);
          return;
        case 'applying': {
          const what = phase.wave === undefined ? 'applying' : `applying wave ${phase.wave}:`;
          applied.set(cluster, { what, total: phase.total, done: 0 });
        }
      }
    },
    object: (cluster) => {
      const progress = applied.get(cluster);
      if (progress === undefined) return;
      progress.done += 1;
      show(cluster, `${progress.what} ${progress.done}/${progress.total}`, false);
    },
    tick: (tick) => {
      const cluster = tick.target.cluster.name;
      for (const { object, path, manager } of listLost(tick)) {
        const left = `${showOnOneLine(`${cluster}: ${object}: ${path} is left to "${manager}", which holds it`)}\n`;
        if (!closed && !said.has(left)) screen.print(left);
        said.add(left);
      }
      show(cluster, showOnOneLine(describe(tick)), true);
    },
    close: () => {
      closed = true;
      screen.close(lines);
    },
  };
}

/** What came of a look, in the words of the status, but for what only takes its time: that says what it waits for. */
function describe(tick: Tick): string {
  const { state, text } = assessCluster(tick);
  if (state === 'success') return text;
  const awaited = state === 'pending' ? awaitedObject(tick) : undefined;
  return awaited === undefined ? `${state}: ${text}` : `waiting for ${awaited}`;
}

const WAITING = { kind: 'waiting' } as const;

/** `Deployment shop/web 3/4 replicas ready, +2`; `undefined` where time alone does not help. */
function awaitedObject(tick: Tick): string | undefined {
  if (tick.state === 'failed') return undefined;
  const isAsked = tick.plan.apps.some(
    ({ approval, blocked, kept }) =>
      approval !== undefined ||
      (blocked ?? WAITING).kind !== 'waiting' ||
      kept.some(({ state }) => state === 'waiting'),
  );
  const [first, ...more] = tick.health.objects.filter(({ health }) => health.state === 'InProgress');
  if (isAsked || first === undefined) return undefined;
  const { id, health } = first;
  return `${formatId(id)} ${health.message}${more.length === 0 ? '' : `, +${more.length}`}`;
}

interface Screen {
  /** `lasting`: what came of a look, not where it is. */
  readonly show: (lines: ReadonlyMap<string, string>, changed: string, lasting: boolean) => void;
  readonly print: (text: string) => void;
  readonly close: (lines: ReadonlyMap<string, string>) => void;
}

function createLog(io: Io, now: () => number): Screen {
  const beganMs = now();
  const said = new Map<string, { readonly line: string; readonly atMs: number }>();
  return {
    show: (lines, changed, lasting) => {
      const line = lines.get(changed) ?? '';
      const last = said.get(changed);
      if (last?.line === line || (!lasting && now() - (last?.atMs ?? beganMs) < SAY_MS)) return;
      said.set(changed, { line, atMs: now() });
      io.err(`${changed}: ${line}\n`);
    },
    print: io.err,
    close: () => {},
  };
}

function createScreen(io: Io, now: () => number): Screen {
  let drawn: readonly string[] = [];
  let drawnMs = -Infinity;
  // Asked each time: windows change their size. What was drawn may take more rows by now than it has lines.
  const size = (): { readonly columns: number; readonly rows: number } => {
    const { columns = 0, rows = 0 } = io.size?.() ?? {};
    return { columns: columns || 80, rows: rows || LINES + 1 };
  };
  const home = (columns: number): string =>
    up(drawn.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / columns)), 0));
  const draw = (lines: ReadonlyMap<string, string>): void => {
    const { columns, rows } = size();
    // One row is left for the cursor: a screen that scrolls has no first line to go back to.
    const texts = pickLines(lines, Math.max(1, Math.min(LINES, rows - 1))).map((text) => clip(text, columns));
    // Up to the first line of the last drawing, each line anew, and away with what is left of it below.
    io.err(`${home(columns)}${texts.map((text) => `\u001B[2K${text}\n`).join('')}\u001B[J`);
    [drawn, drawnMs] = [texts, now()];
  };
  return {
    show: (lines, _changed, lasting) => {
      if (lasting || now() - drawnMs >= REDRAW_MS) draw(lines);
    },
    print: (text) => {
      io.err(`${home(size().columns)}\u001B[J${text}`);
      drawn = [];
    },
    close: draw,
  };
}

function up(rows: number): string {
  return rows === 0 ? '' : `\u001B[${rows}A`;
}

/** The last column stays free: some terminals go to the next line when it is written. */
function clip(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2)).trimEnd()}…`;
}

function pickLines(lines: ReadonlyMap<string, string>, most: number): readonly string[] {
  const width = Math.max(...[...lines.keys()].map((name) => name.length));
  const all = [...lines].map(([name, line]) => ({ line, text: `${name.padEnd(width)}  ${line}` }));
  if (all.length <= most) return all.map(({ text }) => text);
  const open = all.filter(({ line }) => !line.startsWith('in sync')).slice(0, most - 1);
  return [...open.map(({ text }) => text), `… and ${all.length - open.length} more`];
}
