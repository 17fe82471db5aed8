import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Hub } from '../cluster/hub.ts';
import { createElection, type Election, electionLimits, type ElectionPorts } from '../election.ts';
import type { Log } from '../log.ts';
import { type Settings, UsageError } from '../settings.ts';
import { realClock } from './real-clock.ts';

const LEASE = 'muster';

/**
 * Who this process is, for the lease and for audit logs: the name, and something that no other process has. A Pod keeps its
 * name when its container is started again, and two processes of one name would both take the lease for theirs.
 */
export function processIdentity(settings: Settings): string {
  return `${settings.text('identity') ?? hostname()}_${randomUUID().slice(0, 8)}`;
}

/** The election that `--leader-elect` asks for. Throws UsageError where there is no hub. */
export function openElection(
  settings: Settings,
  hub: Hub | undefined,
  identity: string,
  log: Log,
): Election | undefined {
  if (!settings.flag('leaderElect')) return undefined;
  if (hub === undefined)
    throw new UsageError(
      '--leader-elect needs a hub that holds the lease: run in a cluster, or name one with --hub-context.',
    );
  const ports: ElectionPorts = {
    leases: hub.leases,
    clock: realClock,
    onHolder: (holder) => {
      if (holder === '') log.info('the lease was given back');
      else log.info('the lease has a holder', { holder, self: holder === identity });
    },
    onTrouble: (failure) => {
      if (failure === undefined) log.info('the lease can be used again');
      else log.warn('the lease cannot be used', { code: failure.code, reason: failure.safeMessage });
    },
  };
  return createElection(LEASE, identity, ports, electionLimits(settings.duration('lease')));
}
