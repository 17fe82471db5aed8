import type { Diagnostic } from '../model/diagnostic.ts';
import type { Difference, FieldDifference } from '../model/drift.ts';
import type { FleetState, HeadTrouble, HealedDrift } from '../model/fleet-state.ts';
import type { JsonValue } from '../model/json.ts';
import type { CommitStatus, StatusReport } from '../model/status.ts';
import type { Tick } from '../model/tick.ts';
import { showOnOneLine } from '../object/hidden.ts';
import { compareText, formatId } from '../object/id.ts';
import { printJson } from '../object/json.ts';
import { assessCluster, type ClusterVerdict, isInSync } from './assess-cluster.ts';
import { formatFailure } from './format-failure.ts';

/** In larger fleets only clusters that are not in sync get a status of their own. */
const ALL_CLUSTERS_UP_TO = 20;

/**
 * Words every status of the fleet. A head that cannot be used has a report of its own; the clusters stay with the live
 * revision, and so do their statuses.
 */
export function summarize(state: FleetState): readonly StatusReport[] {
  const { head, live, trouble } = state;
  const statuses = live === undefined ? [] : liveStatuses(state);
  const corrections = quietClusters(state).map((name): CommitStatus => {
    return { context: `muster/${name}`, state: 'success', description: 'in sync' };
  });
  if (trouble === undefined || head === '')
    return live === undefined ? [] : [{ revision: live.revision, statuses, corrections }];
  const own = troubleStatus(trouble);
  if (live === undefined) return [{ revision: head, statuses: [own] }];
  if (live.revision === head)
    return [
      { revision: head, statuses: [own, ...statuses.filter((each) => each.context !== own.context)], corrections },
    ];
  return [
    { revision: head, statuses: [own] },
    { revision: live.revision, statuses, corrections },
  ];
}

/** A diagnostic as one line: where, code, what, what to do. */
export function formatDiagnostic({ origin, code, message, help, cluster }: Diagnostic): string {
  const place = `${showOnOneLine(origin.file)}:${origin.line}:${origin.column}`;
  return `${place}: ${code}: ${cluster === undefined ? '' : `on ${cluster}: `}${message}.${help === undefined ? '' : ` ${help}`}`.replace(
    /([.?!])\.( |$)/,
    '$1$2',
  );
}

/** A difference as people read it: `/spec/replicas 4 → 7 by kubectl-edit at 14:03:22Z`. Live comes second: it is newer. */
export function formatField({ path, desired, live, manager, time }: FieldDifference): string {
  const change = `${path} ${short(desired)} → ${short(live)}`;
  const who = manager === undefined ? '' : ` by ${manager}`;
  return `${change}${who}${time === undefined ? '' : ` at ${time.slice(11)}`}`;
}

function troubleStatus(trouble: HeadTrouble): CommitStatus {
  const context = 'muster/fleet';
  if (trouble.kind === 'wrong') return { context, state: 'failure', description: errorLine(trouble.diagnostics) };
  return { context, state: 'error', description: formatFailure(trouble.failure) };
}

function errorLine(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((each) => each.severity === 'error');
  const [first] = errors;
  if (first === undefined) return 'it cannot be used';
  return `${formatDiagnostic(first)}${errors.length === 1 ? '' : ` (+${errors.length - 1} errors)`}`;
}

function liveStatuses(state: FleetState): readonly CommitStatus[] {
  const clusters = state.live?.clusters.map(({ cluster }) => cluster.name) ?? [];
  const verdicts = clusters.map((name) => ({ name, verdict: assessCluster(state.ticks.get(name)) }));
  const quiet = new Set(quietClusters(state));
  const isOpen = (name: string): boolean => !state.ticks.has(name);
  const own = verdicts
    .filter(({ name }) => !quiet.has(name))
    .map(({ name, verdict: { state, text } }): CommitStatus => {
      return { context: `muster/${name}`, state, description: text, ...(isOpen(name) ? { tentative: true } : {}) };
    });
  const drift = driftStatus(
    state,
    verdicts.every(({ verdict }) => verdict.state === 'success'),
  );
  const fleet = fleetStatus(state, verdicts);
  const tentative = fleet.state === 'pending' && clusters.some(isOpen);
  return [tentative ? { ...fleet, tentative } : fleet, ...own, ...(drift === undefined ? [] : [drift])];
}

/** Clusters that need no status of their own, unless one from before says something else. */
function quietClusters({ live, ticks }: FleetState): readonly string[] {
  const names = live?.clusters.map(({ cluster }) => cluster.name) ?? [];
  return names.length <= ALL_CLUSTERS_UP_TO ? [] : names.filter((name) => isInSync(ticks.get(name)));
}

interface NamedVerdict {
  readonly name: string;
  readonly verdict: ClusterVerdict;
}

function fleetStatus({ live }: FleetState, verdicts: readonly NamedVerdict[]): CommitStatus {
  const context = 'muster/fleet';
  const errors = live?.diagnostics.filter((each) => each.severity === 'error') ?? [];
  const done = verdicts.filter(({ verdict }) => verdict.state === 'success').length;
  const count = `${done}/${verdicts.length} clusters in sync`;
  if (errors.length > 0) return { context, state: 'failure', description: `${errorLine(errors)} · ${count}` };
  const groups = (['error', 'failure', 'pending'] as const).flatMap((each) => groupLine(each, verdicts));
  const state = WORST.find((each) => verdicts.some(({ verdict }) => verdict.state === each)) ?? 'success';
  return { context, state, description: [count, ...groups].join(' · ') };
}

const WORST = ['failure', 'error', 'pending'] as const;
const TITLES = { error: 'not reached', failure: 'failed', pending: 'pending' } as const;

function groupLine(state: keyof typeof TITLES, verdicts: readonly NamedVerdict[]): readonly string[] {
  const [first, ...more] = verdicts.filter(({ verdict }) => verdict.state === state);
  if (first === undefined) return [];
  return [`${TITLES[state]}: ${first.name} (${first.verdict.text})${more.length === 0 ? '' : `, +${more.length}`}`];
}

/** Nothing is said before the revision was everywhere once: what is on its way is no drift. */
function driftStatus(state: FleetState, settled: boolean): CommitStatus | undefined {
  const context = 'muster/drift';
  const drifted = [...state.ticks].flatMap(([name, tick]) => driftOf(tick).map((each) => ({ name, each })));
  const [first] = drifted;
  if (first !== undefined) {
    const clusters = [...new Set(drifted.map(({ name }) => name))];
    const description = `${count(drifted.length, 'object')} drifted on ${clusters.join(', ')}: ${describe(first.each)}`;
    return { context, state: 'failure', description };
  }
  const healed = [...state.healed].flatMap(([name, list]) => list.map((each) => ({ name, each })));
  const last = healed.toSorted((a, b) => compareText(a.each.time, b.each.time)).at(-1);
  if (last === undefined) return settled ? { context, state: 'success', description: 'no drift' } : undefined;
  const what = `healed on ${last.name}: ${describe(last.each)}`;
  const clusters = state.live?.clusters.map(({ cluster }) => cluster.name) ?? [];
  const unread = clusters.filter((name) => state.ticks.get(name)?.state !== 'done');
  if (unread.length === 0) return { context, state: 'success', description: `no drift · ${what}` };
  const more = unread.length === 1 ? '' : `, +${unread.length - 1}`;
  return { context, state: 'pending', description: `not known of ${unread[0]}${more} · ${what}` };
}

function driftOf(tick: Tick): readonly Difference[] {
  return tick.state === 'done' ? tick.drift.objects.filter((each) => each.cause === 'drift') : [];
}

function describe({ id, state, fields }: Difference | HealedDrift): string {
  const [first, ...more] = fields;
  if (first === undefined) return `${formatId(id)} ${state === 'missing' ? 'was deleted' : 'differs'}`;
  return `${formatId(id)} ${formatField(first)}${more.length === 0 ? '' : ` (+${more.length} fields)`}`;
}

function short(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : printJson(value);
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
