import type { FleetState } from '../model/fleet-state.ts';
import type { AppPlan } from '../model/apply.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { RenderedApp } from '../model/render.ts';
import type { DoneTick, Tick } from '../model/tick.ts';
import { formatId } from '../object/id.ts';
import { assessCluster } from '../report/assess-cluster.ts';
import { listLost } from '../report/list-lost.ts';
import { formatDiagnostic, summarize } from '../report/summarize.ts';
import { printDocument } from './print-document.ts';

/** Which of several replicas answers. Who does not lead knows nothing of the clusters. */
export interface Replica {
  readonly identity: string;
  readonly leads: boolean;
  /** Who holds the lease; absent: there is no election. */
  readonly holder?: string;
}

/** The whole state as JSON: `/api/v1/status` and `muster status -o json`. Documented in docs/status.md. */
export function statusDocument(state: FleetState, replica?: Replica): string {
  const { head, live, trouble, ticks } = state;
  const clusters = (live?.clusters ?? []).map(({ cluster, digest }) => {
    const tick = ticks.get(cluster.name);
    return [cluster.name, { ...assessCluster(tick), digest, ...(tick === undefined ? {} : details(tick)) }] as const;
  });
  return printDocument('Status', {
    ...(replica === undefined ? {} : { replica }),
    head,
    live: live?.revision ?? '',
    ...(trouble?.kind === 'unreadable' ? { trouble: trouble.failure.safeMessage } : {}),
    ...(trouble?.kind === 'wrong' ? { trouble: trouble.diagnostics.map(formatDiagnostic) } : {}),
    errors: (live?.diagnostics ?? []).filter((each) => each.severity === 'error').map(formatDiagnostic),
    clusters: Object.fromEntries(clusters),
    statuses: summarize(state).map(({ revision, statuses }) => ({
      revision,
      statuses: statuses.map(({ context, state, description }) => ({ context, state, description })),
    })),
  });
}

function details(tick: Tick): object {
  if (tick.state === 'failed') return { failure: { code: tick.failure.code, message: tick.failure.safeMessage } };
  const { target, plan } = tick;
  const leaving = plan.apps.filter(({ app }) => target.apps.every(({ name }) => name !== app));
  const apps = [
    ...target.apps.map((app) => [app.name, wantedApp(app, tick)] as const),
    ...leaving.map((app) => [app.app, { ...planned(app, 'leaving'), objects: 0 }] as const),
  ];
  const drift = tick.drift.objects
    .filter((each) => each.cause === 'drift')
    .map(({ app, id, state, fields }) => ({ app, object: formatId(id), state, fields }));
  const { observedAt } = tick.observation;
  return { observedAt, apps: Object.fromEntries(apps), drift, lost: listLost(tick), ...listedOnlyIn(tick) };
}

/** A member that is there only where the credentials allow no more. */
function listedOnlyIn({ observation }: DoneTick): object {
  const kinds = [...observation.kinds.values()].flatMap((kind) =>
    kind.state === 'listed' && kind.namespaces !== undefined ? [[kind.served.kind, kind.namespaces] as const] : [],
  );
  return kinds.length === 0 ? {} : { listedOnlyIn: Object.fromEntries(kinds) };
}

function wantedApp({ name, state, manifests }: RenderedApp, { plan, health }: DoneTick): object {
  const behind = health.objects.filter((each) => each.app === name && each.health.state !== 'Current');
  return {
    ...planned(
      plan.apps.find((each) => each.app === name),
      state,
    ),
    objects: manifests.length,
    ...list(
      'notCurrent',
      behind.map(({ id, health }) => ({ object: formatId(id), ...health })),
    ),
  };
}

function planned(plan: AppPlan | undefined, state: string): object {
  if (plan === undefined) return { state };
  const { blocked, approval, skipped, kept } = plan;
  const refused = skipped.filter((each) => each.outcome === 'refused');
  return {
    state: blocked?.kind ?? state,
    ...(blocked === undefined ? {} : { reason: blocked.reason }),
    ...list('refused', refused.map(withReason)),
    ...list('kept', kept.map(withReason)),
    ...(approval === undefined ? {} : { approval: approval.digest, deletions: approval.objects.map(formatId) }),
  };
}

function withReason({ id, reason }: { readonly id: ObjectId; readonly reason: string }): object {
  return { object: formatId(id), reason };
}

/** A member that is there only where it has something to say. */
function list(name: string, items: readonly object[]): object {
  return items.length === 0 ? {} : { [name]: items };
}
