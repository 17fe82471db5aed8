import type { Phase } from './apply-place.ts';
import { TOOL_NAMES } from './apply-tools.ts';
import { median, printMarkdown } from './figures.ts';

/** One figure of a scenario: medians over its rounds. `undefined`: it was not measured. */
export type Figure = (tool: string, phase: Phase) => Medians | undefined;

export interface Medians {
  readonly wallMs: number;
  readonly requests: number;
  /** Of a controller, for each tick without anything to do and 1,000 objects. */
  readonly tickMs: number | undefined;
}

/** What was measured, by number of clusters; `apps`: many small apps with health. */
export interface Figures {
  readonly one: Figure;
  readonly twenty: Figure;
  readonly apps: Figure;
}

interface Target {
  readonly what: string;
  /** What it must stay below or reach, as it is printed and as a number. */
  readonly limit: number;
  readonly unit: '×' | 'ms' | 'requests';
  readonly measured: (figures: Figures) => number | undefined;
}

const { once, sync, controller, bare, careful, kubectl, lax, flux } = TOOL_NAMES;

/** The targets of issue 6 for applying. Ratios are of wall times within one run, because a busy machine slows all of them. */
const TARGETS: readonly Target[] = [
  // 90 % of what the loop reaches is 1/0.9 of its time.
  ...[once, controller].map((name) =>
    ratio(`create, ${name} over the same requests`, 1 / 0.9, name, careful, 'create'),
  ),
  ...[once, controller].map((name) => ratio(`create, ${name} over kubectl`, 1 / 7, name, kubectl, 'create')),
  ...[once, controller].map((name) => ratio(`create, ${name} over kubectl --validate=false`, 1, name, lax, 'create')),
  ...[once, controller].map((name) => ratio(`create, ${name} over fluxcd/pkg/ssa`, 1 / 2, name, flux, 'create')),
  ...[once, controller].map((name) =>
    ratio(`1 % changed, ${name} over fluxcd/pkg/ssa`, 1 / 30, name, flux, '1 % changed'),
  ),
  ...[sync, controller].map((name) => ({
    ...ratio(`small apps created and Current, ${name} over a bare loop without dry-runs`, 5, name, bare, 'create'),
    measured: ({ apps }: Figures) => divide(apps(name, 'create')?.wallMs, apps(bare, 'create')?.wallMs),
  })),
  {
    what: 'no-op, muster run: requests',
    limit: 0,
    unit: 'requests',
    measured: ({ one }) => one(controller, 'no-op')?.requests,
  },
  {
    what: 'no-op, muster run: CPU of a tick for 1,000 objects',
    limit: 25,
    unit: 'ms',
    measured: ({ apps }) => apps(controller, 'no-op')?.tickMs,
  },
  ...[once, controller].map((name) => ({
    ...ratio(`20 clusters, create, ${name} over the same requests`, 1.5, name, careful, 'create'),
    measured: ({ twenty }: Figures) => divide(twenty(name, 'create')?.wallMs, twenty(careful, 'create')?.wallMs),
  })),
];

function ratio(what: string, limit: number, name: string, other: string, phase: Phase): Target {
  const measured = ({ one }: Figures): number | undefined =>
    divide(one(name, phase)?.wallMs, one(other, phase)?.wallMs);
  return { what, limit, unit: '×', measured };
}

function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

/** Each target beside what was measured, and whether it is met. What was not measured is left out. */
export function printTargets(figures: Figures): string {
  const rows = TARGETS.flatMap(({ what, limit, unit, measured }) => {
    const found = measured(figures);
    if (found === undefined) return [];
    return [[what, found <= limit ? 'met' : 'NOT met', print(found, unit), `≤ ${print(limit, unit)}`]];
  });
  return printMarkdown(['target of issue 6', 'is', 'measured', 'target'], rows, 2);
}

function print(value: number, unit: Target['unit']): string {
  if (unit === 'requests') return String(value);
  return unit === 'ms' ? `${value.toFixed(1)} ms` : `${value < 0.1 ? value.toFixed(3) : value.toFixed(2)} ×`;
}

/** The median of what was measured; `undefined` of nothing. */
export function medianOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : median(values);
}
