import type { ObjectResult } from '../model/apply.ts';
import type { Phase, Tick } from '../model/tick.ts';
import { showOnOneLine } from '../object/hidden.ts';
import { assessCluster } from '../report/assess-cluster.ts';
import { listLost } from '../report/list-lost.ts';
import type { Io } from './verb.ts';

/** What people see of a sync while it goes on. */
export interface SyncView {
  readonly phase: (cluster: string, phase: Phase) => void;
  readonly object: (cluster: string, result: ObjectResult) => void;
  readonly tick: (tick: Tick) => void;
  /** Leaves the last state on the screen. */
  readonly close: () => void;
}

/** More do not fit on a screen. Those that are in sync go first. */
const LINES = 20;

/** A terminal is not drawn more often; a log hears of a phase that lasts this long. Milliseconds. */
const REDRAW_MS = 100;
const SAY_MS = 10_000;

/** A line for each cluster that changes in its place; where standard error is no terminal, a line for each change. */
export function createSyncView(clusters: readonly string[], io: Io, now: () => number): SyncView {
  const lines = new Map(clusters.map((name) => [name, 'waiting to be looked at']));
  const applied = new Map<string, { readonly total: number; done: number }>();
  const screen = io.errIsTerminal ? createScreen(io, now) : createLog(io, now);
  const said = new Set<string>();
  const show = (cluster: string, line: string, lasting: boolean): void => {
    if (lines.get(cluster) === line) return;
    lines.set(cluster, line);
    screen.show(lines, cluster, lasting);
  };
  return {
    phase: (cluster, phase) => {
      if (phase.kind === 'applying') applied.set(cluster, { total: phase.total, done: 0 });
      // A look that finds nothing new has nothing to say.
      if (phase.kind === 'validating') show(cluster, `validating ${phase.done}/${phase.total}`, false);
    },
    object: (cluster) => {
      const progress = applied.get(cluster);
      if (progress === undefined) return;
      progress.done += 1;
      show(cluster, `applying ${progress.done}/${progress.total}`, false);
    },
    tick: (tick) => {
      const cluster = tick.target.cluster.name;
      for (const { object, path, manager } of listLost(tick)) {
        const left = `${showOnOneLine(`${cluster}: ${object}: ${path} is left to "${manager}", which holds it`)}\n`;
        if (!said.has(left)) screen.print(left);
        said.add(left);
      }
      const { state, text } = assessCluster(tick);
      show(cluster, showOnOneLine(state === 'success' ? text : `${state}: ${text}`), true);
    },
    close: () => screen.close(lines),
  };
}

interface Screen {
  /** `lasting`: what came of a look, not where it is. */
  readonly show: (lines: ReadonlyMap<string, string>, changed: string, lasting: boolean) => void;
  readonly print: (text: string) => void;
  readonly close: (lines: ReadonlyMap<string, string>) => void;
}

function createLog(io: Io, now: () => number): Screen {
  const said = new Map<string, { readonly line: string; readonly atMs: number }>();
  return {
    show: (lines, changed, lasting) => {
      const line = lines.get(changed) ?? '';
      const last = said.get(changed);
      if (last?.line === line || (!lasting && now() - (last?.atMs ?? -Infinity) < SAY_MS)) return;
      said.set(changed, { line, atMs: now() });
      io.err(`${changed}: ${line}\n`);
    },
    print: io.err,
    close: () => {},
  };
}

function createScreen(io: Io, now: () => number): Screen {
  const columns = io.columns ?? 80;
  let drawn = 0;
  let drawnMs = -Infinity;
  const draw = (lines: ReadonlyMap<string, string>): void => {
    const texts = pickLines(lines).map((text) => (text.length < columns ? text : `${text.slice(0, columns - 2)}…`));
    // Up to the first line of the last drawing, each line anew, and away with what is left of it below.
    io.err(`${up(drawn)}${texts.map((text) => `\u001B[2K${text}\n`).join('')}\u001B[J`);
    [drawn, drawnMs] = [texts.length, now()];
  };
  return {
    show: (lines, _changed, lasting) => {
      if (lasting || now() - drawnMs >= REDRAW_MS) draw(lines);
    },
    print: (text) => {
      io.err(`${up(drawn)}\u001B[J${text}`);
      drawn = 0;
    },
    close: draw,
  };
}

function up(lines: number): string {
  return lines === 0 ? '' : `\u001B[${lines}A`;
}

function pickLines(lines: ReadonlyMap<string, string>): readonly string[] {
  const width = Math.max(...[...lines.keys()].map((name) => name.length));
  const all = [...lines].map(([name, line]) => `${name.padEnd(width)}  ${line}`);
  if (all.length <= LINES) return all;
  const open = all.filter((_text, index) => ![...lines.values()][index]?.startsWith('in sync'));
  return [...open.slice(0, LINES - 1), `… and ${all.length - Math.min(open.length, LINES - 1)} more`];
}
