import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FleetState } from './model/fleet-state.ts';
import type { Tick } from './model/tick.ts';

/** Numbers for Prometheus, named as its conventions ask. Labels hold names of clusters and apps, never values. */
export interface Metrics {
  /** After each tick. */
  readonly tick: (tick: Tick, seconds: number) => void;
  /** After each answer of an API server. */
  readonly answer: (cluster: string, method: string, status: number) => void;
  /** After each tick, and when a revision becomes live or turns out to be unusable. */
  readonly state: (state: FleetState, isInSync: (tick: Tick) => boolean) => void;
  readonly polled: (atSeconds: number) => void;
  /** Whether this replica is the one that works. */
  readonly leads: (leads: boolean) => void;
  /** The text format of Prometheus, and its content type. */
  print(): Promise<{ readonly text: string; readonly type: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const base = { registers: [registry] };
  const duration = new Histogram({
    ...base,
    name: 'muster_tick_duration_seconds',
    help: 'Time of one pass over one cluster.',
    labelNames: ['cluster', 'result'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300],
  });
  const applies = new Counter({
    ...base,
    name: 'muster_apply_total',
    help: 'Objects written, by what came of it.',
    labelNames: ['cluster', 'action'],
  });
  const drift = new Gauge({
    ...base,
    name: 'muster_drift_objects',
    help: 'Objects that differ from the applied revision.',
    labelNames: ['cluster', 'app'],
  });
  const up = new Gauge({
    ...base,
    name: 'muster_cluster_up',
    help: '1 when the last look at the cluster succeeded.',
    labelNames: ['cluster'],
  });
  const synced = new Gauge({
    ...base,
    name: 'muster_cluster_in_sync',
    help: '1 when the cluster is as the live revision says.',
    labelNames: ['cluster'],
  });
  const lastSync = new Gauge({
    ...base,
    name: 'muster_last_sync_timestamp_seconds',
    help: 'When the cluster was last seen in sync.',
    labelNames: ['cluster'],
  });
  const requests = new Counter({
    ...base,
    name: 'muster_api_requests_total',
    help: 'Answers of API servers.',
    labelNames: ['cluster', 'verb', 'code'],
  });
  const lastPoll = new Gauge({
    ...base,
    name: 'muster_git_last_poll_timestamp_seconds',
    help: 'When the head of the repository was last read.',
  });
  let polledAt: number | undefined;
  let shown: FleetState['live'];
  const age: Gauge = new Gauge({
    ...base,
    name: 'muster_git_head_age_seconds',
    help: 'Time since the head of the repository was last read.',
    collect: () => {
      if (polledAt !== undefined) age.set(Date.now() / 1000 - polledAt);
    },
  });
  const leader = new Gauge({
    ...base,
    name: 'muster_leader',
    help: '1 while this replica is the one that works.',
  });
  const usable = new Gauge({
    ...base,
    name: 'muster_git_head_usable',
    help: '1 when the head of the repository can be read and rendered.',
  });

  return {
    tick: (tick, seconds) => {
      const cluster = tick.target.cluster.name;
      duration.observe({ cluster, result: tick.state }, seconds);
      up.set({ cluster }, tick.state === 'done' ? 1 : 0);
      for (const { objects } of tick.result?.apps ?? []) {
        for (const { outcome } of objects) applies.inc({ cluster, action: outcome });
      }
      if (tick.state !== 'done') return;
      for (const { name } of tick.target.apps) {
        const drifted = tick.drift.objects.filter((each) => each.app === name && each.cause === 'drift');
        drift.set({ cluster, app: name }, drifted.length);
      }
    },
    answer: (cluster, method, status) => requests.inc({ cluster, verb: method, code: status }),
    state: ({ ticks, trouble, live }, isInSync) => {
      usable.set(trouble === undefined && live !== undefined ? 1 : 0);
      if (live !== shown) {
        // Clusters and apps that left the fleet would stay as they were for ever; those of a new revision are not known yet.
        for (const gauge of [up, synced, drift]) gauge.reset();
        shown = live;
      }
      for (const [cluster, tick] of ticks) {
        const good = isInSync(tick);
        synced.set({ cluster }, good ? 1 : 0);
        if (good && tick.state === 'done') lastSync.set({ cluster }, Date.parse(tick.observation.observedAt) / 1000);
      }
    },
    polled: (atSeconds) => {
      polledAt = atSeconds;
      lastPoll.set(atSeconds);
    },
    leads: (leads) => leader.set(leads ? 1 : 0),
    print: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  };
}
