import type { FleetState } from '../model/fleet-state.ts';
import type { Tick } from '../model/tick.ts';
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
  const apps = tick.target.apps.map(({ name, state, manifests }) => {
    const plan = tick.plan.apps.find((each) => each.app === name);
    const refused = plan?.skipped.filter((each) => each.outcome === 'refused') ?? [];
    const behind = tick.health.objects.filter((each) => each.app === name && each.health.state !== 'Current');
    return [
      name,
      {
        state: plan?.blocked?.kind ?? state,
        objects: manifests.length,
        ...(plan?.blocked === undefined ? {} : { reason: plan.blocked.reason }),
        ...(refused.length === 0
          ? {}
          : { refused: refused.map(({ id, reason }) => ({ object: formatId(id), reason })) }),
        ...(behind.length === 0
          ? {}
          : { notCurrent: behind.map(({ id, health }) => ({ object: formatId(id), ...health })) }),
        ...(plan?.approval === undefined
          ? {}
          : { approval: plan.approval.digest, deletions: plan.approval.objects.map(formatId) }),
      },
    ] as const;
  });
  const drift = tick.drift.objects
    .filter((each) => each.cause === 'drift')
    .map(({ app, id, state, fields }) => ({ app, object: formatId(id), state, fields }));
  return { observedAt: tick.observation.observedAt, apps: Object.fromEntries(apps), drift, lost: listLost(tick) };
}
